"""Previews for messages: a fresh signed URL, or a small file."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import DownloadError, GenerationBlockedError
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.hooks.previews import preview_url, store_preview
from tests.support.download_tasks import size


@pytest.fixture
def hook(getty: Emulator) -> GettyHook:
    return GettyHook()


def test_the_url_is_signed_and_shows_the_image(getty: Emulator, hook: GettyHook) -> None:
    made = hook.generate(prompt="a lake")
    url = preview_url(hook, made.generation_request_id, 1)
    assert "signature" in url
    with urllib.request.urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
    assert getty.ledger()["total"] == 1


def test_the_file_is_small_and_whole(getty: Emulator, hook: GettyHook, tmp_path: Path) -> None:
    made = hook.generate(prompt="a lake")
    destination = tmp_path / "previews" / "lake.jpg"
    assert store_preview(hook, made.generation_request_id, destination) == str(destination)
    assert max(size(destination.read_bytes())) < 1024
    assert getty.ledger()["total"] == 1


def test_a_blocked_image_has_none(getty: Emulator, hook: GettyHook) -> None:
    getty.fault("block-images", "generate", which=[0])
    made = hook.generate(prompt="a lake")
    with pytest.raises(GenerationBlockedError, match="blocked it"):
        preview_url(hook, made.generation_request_id)


@pytest.mark.parametrize("index", [4, 99])
def test_an_image_that_is_not_there_has_none(hook: GettyHook, index: int) -> None:
    made = hook.generate(prompt="a lake")
    with pytest.raises(DownloadError, match="no such image"):
        preview_url(hook, made.generation_request_id, index)


def test_one_that_is_pending_has_none_and_leaves_no_file(
    getty: Emulator, hook: GettyHook, tmp_path: Path
) -> None:
    getty.fault("stay-pending", "generate")
    made = hook.generate(prompt="a lake")
    with pytest.raises(DownloadError, match="still pending"):
        store_preview(hook, made.generation_request_id, tmp_path / "lake.jpg")
    assert list(tmp_path.iterdir()) == []
