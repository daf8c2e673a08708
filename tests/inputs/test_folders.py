"""Which names files may have, and whether a folder takes files at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from upath import UPath

from airflow_provider_getty.inputs.folders import check_name, join, probe, safe_name
from airflow_provider_getty.inputs.storage import LocationError
from tests.support.object_stores import Bucket

pytestmark = pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented")


@pytest.mark.parametrize("name", ["b\u00fcro.jpg", "x" * 255, "\u56fe" * 85, "..jpg", "a b.jpg"])
def test_a_name_that_every_store_takes(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 256, "has 256 bytes"),
        ("\u56fe" * 98, "has 294 bytes"),
        ("a/b.jpg", "slashes"),
        ("a\\b.jpg", "slashes"),
        ("a\0.jpg", "control characters"),
        ("a\n.jpg", "control characters"),
        ("\ud800.jpg", "surrogate pairs"),
        ("..", "cannot name a file"),
        ("", "cannot name a file"),
    ],
)
def test_a_name_that_some_store_would_not_take_is_refused(name: str, reason: str) -> None:
    with pytest.raises(LocationError, match=reason):
        join("folder", name)


@pytest.mark.parametrize("text", ["../../x", "..\\..\\x", "/etc/passwd", "a\0b", "a?b#c%2F"])
def test_what_a_server_says_never_leads_out_of_the_folder(text: str) -> None:
    assert Path(str(join("folder", f"{safe_name(text)}-0-1k.jpg"))).parent == Path("folder")


@pytest.mark.parametrize(
    ("folder", "joined"),
    [
        ("folder", "folder/a.jpg"),
        ("folder/", "folder/a.jpg"),
        ("/", "/a.jpg"),
        (Path("folder"), "folder/a.jpg"),
        ("s3://bucket/folder/", "s3://bucket/folder/a.jpg"),
        (ObjectStoragePath("file:///folder"), "file:///folder/a.jpg"),
        (UPath("memory://folder"), "memory://folder/a.jpg"),
    ],
)
def test_a_file_in_a_folder(folder: Any, joined: str) -> None:
    assert str(join(folder, "a.jpg")) == joined


@pytest.mark.parametrize("folder", ["", " ", "\n"])
def test_no_folder_is_not_the_root(folder: str) -> None:
    with pytest.raises(LocationError, match="The folder is empty"):
        join(folder, "a.jpg")


def test_the_whole_path_of_an_object_is_bounded() -> None:
    with pytest.raises(LocationError, match="1024 bytes"):
        join("s3://bucket/" + "x" * 1000, "0123456789.jpg")


@pytest.mark.parametrize("folder", ["/tmp/\ud800", "s3://bucket/\ud800"], ids=ascii)
def test_a_folder_with_half_a_character_is_refused(folder: str) -> None:
    with pytest.raises(LocationError, match="is not a valid path"):
        probe(folder)


def test_a_probe_makes_a_folder_and_leaves_no_file(tmp_path: Path) -> None:
    probe(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


def test_a_probe_says_why_there_can_be_no_files(tmp_path: Path, mocker: Any) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(NotADirectoryError):
        probe(tmp_path / "file" / "folder")
    mocker.patch.object(Bucket, "fails", ValueError("the store is read-only"))
    with pytest.raises(OSError, match="the store is read-only"):
        probe("bucket://b/folder")
    with pytest.raises(LocationError, match="cannot be opened here"):
        probe("nosuch://b/folder")


def test_a_probe_needs_no_right_to_remove(mocker: Any, caplog: pytest.LogCaptureFixture) -> None:
    mocker.patch.object(Bucket, "rm_file", side_effect=PermissionError)
    probe("bucket://b/folder")
    assert "cannot be removed" in caplog.text
