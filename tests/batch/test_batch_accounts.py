"""A batch whose connection names another account: what that cannot collect is made there, and counted once each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.downloading import Downloads
from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch, to_the_end
from tests.support.task_runs import Worker


@pytest.fixture
def other(getty: Emulator) -> Iterator[Emulator]:
    """Another account, elsewhere."""
    with Emulator(strict=True, api_key="another-key", api_secret="its-secret") as other:
        yield other


def name(account: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the connection name it."""
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(account.connection))


@pytest.mark.parametrize("is_deferred", [False, True])
def test_what_is_pending_in_another_account_is_submitted_in_this_one(
    getty: Emulator,
    other: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    is_deferred: bool,
) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    run = worker.run(a_batch(generates(3), tmp_path, deferrable=True))
    name(other, monkeypatch)
    if is_deferred:
        run, _ = to_the_end(worker, run)
    else:
        run = worker.run(a_batch(generates(3), tmp_path))

    assert (run.result["completed"], run.result["charged"], run.result["unknown"]) == (3, 6, 0)
    assert (getty.ledger()["total"], other.ledger()["total"]) == (3, 3)
    assert all(each["generation_request_id"] in caplog.text for each in getty.generations())
    assert "names another Getty account now" in caplog.text


@pytest.mark.usefixtures("grey")
def test_what_was_not_downloaded_is_generated_in_this_account_and_what_was_is_kept(
    getty: Emulator, other: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker, images = Worker(), str(tmp_path / "images")

    async def fail(downloads: Any, getty: Any, item: Any, *rest: Any, **named: Any) -> Any:
        if item.number == 2:
            raise OSError("the disk is full")
        return await really_fetch(downloads, getty, item, *rest, **named)

    really_fetch = Downloads.fetch
    with monkeypatch.context() as patch:
        patch.setattr(Downloads, "fetch", fail)
        assert worker.run(a_batch(generates(2), tmp_path, download_to=images)).state == "failed"
    name(other, monkeypatch)
    worker.clear("batch")

    run = worker.run(a_batch(generates(2), tmp_path, download_to=images))

    assert (run.result["completed"], run.result["charged"], run.result["unknown"]) == (2, 3, 0)
    assert other.ledger()["total"] == 1


def test_what_the_other_account_refuses_is_collected_when_the_first_one_is_back(
    getty: Emulator, other: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    worker.run(a_batch(generates(2), tmp_path, deferrable=True))
    other.fault("quota-exceeded", "generate", times=None)
    name(other, monkeypatch)
    refused = worker.run(a_batch(generates(2), tmp_path))
    assert "2 generations were charged." in refused.message
    name(getty, monkeypatch)
    getty.fault("finish-at-once", "get-generation", times=None)
    worker.clear("batch")

    run = worker.run(a_batch(generates(2), tmp_path))

    assert (run.result["completed"], run.result["charged"]) == (2, 2)
    assert getty.ledger()["total"] == 2
