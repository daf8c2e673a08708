"""How a place is found and named, and what is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from upath import UPath

from airflow_provider_getty.inputs.storage import LocationError, locate
from airflow_provider_getty.inputs.storage_errors import without_password
from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.object_stores import Bucket

pytestmark = pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented")


@pytest.mark.parametrize(
    ("where", "opens_it"),
    [
        ("s3://my_conn@bucket/a.jsonl", "s3://my_conn@bucket/a.jsonl"),
        ("sftp://user:se/cr@et@host/a.jsonl", "sftp://host/a.jsonl"),
        ("https://host/a.jsonl?signature=secret", "https://host/a.jsonl"),
        ("/data/a:b@c?d.jsonl", "/data/a:b@c?d.jsonl"),
    ],
)
def test_what_opens_a_file_again_has_its_connection_and_no_password(where: str, opens_it: str) -> None:
    assert without_password(where) == opens_it


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    location = locate("image.jpg")
    monkeypatch.chdir("/")
    with location.publishing() as file:
        file.write(b"whole")
    assert location.shown == "image.jpg"
    assert (tmp_path / "image.jpg").read_bytes() == b"whole"


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with locate("~/images/image.jpg").publishing() as file:
        file.write(b"whole")
    assert (tmp_path / "images" / "image.jpg").read_bytes() == b"whole"


def test_an_object_is_not_taken_for_missing_when_its_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bucket, "fails", ConnectionResetError())
    with pytest.raises(ConnectionResetError):
        locate("bucket://b/image.jpg").exists()


def test_of_an_object_that_is_not_there_a_store_says_only_the_path() -> None:
    with pytest.raises(FileNotFoundError) as failed:
        locate("bucket://b/image.jpg").length()
    assert failed.value.strerror == "No such file or directory"
    assert failed.value.filename == "bucket://b/image.jpg"


def test_an_object_that_may_not_be_looked_at_is_taken_for_missing(mocker: Any) -> None:
    mocker.patch.object(Bucket, "info", side_effect=PermissionError)
    assert not locate("bucket://b/image.jpg").exists()


def test_a_folder_in_a_store_is_no_file() -> None:
    UPath("memory://storage/folder").mkdir(parents=True, exist_ok=True)
    location = locate("memory://storage/folder")
    assert not location.exists()
    with pytest.raises(IsADirectoryError):
        location.length()


# What cannot be opened


@pytest.mark.parametrize("scheme", ["nosuch", "https"])
@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("bucket/a@b.jpg?X-Signature=abc#d", "bucket/a@b.jpg"),
        ("user@bucket/a@b.jpg", "bucket/a@b.jpg"),
        ("user:pass@bucket/b.jpg", "bucket/b.jpg"),
        ("user:pa/ss@bucket/b.jpg", "bucket/b.jpg"),
    ],
)
def test_a_storage_that_is_unknown_here_is_an_error_without_secrets(
    scheme: str, uri: str, shown: str
) -> None:
    with pytest.raises(LocationError) as refused:
        locate(f"{scheme}://{uri}")
    assert str(refused.value).startswith(f"'{scheme}://{shown}' is in a storage that cannot be opened here: ")
    assert refused.value.__cause__ is None


def test_a_place_shows_no_secrets() -> None:
    location = locate("bucket://b/image.jpg?X-Signature=abc")
    assert location.shown == "bucket://b/image.jpg"
    assert repr(location) == "StoredObject(shown='bucket://b/image.jpg')"


def test_a_local_name_is_shown_as_it_is() -> None:
    assert locate("a@b?c#d.jpg").shown == "a@b?c#d.jpg"


@pytest.mark.parametrize("where", ["file://tmp/image.jpg", "file://localhost/tmp/image.jpg", "file://"])
def test_a_local_file_has_no_host(where: str) -> None:
    """Fsspec would write it below the folder that the worker happens to run in."""
    with pytest.raises(LocationError, match="names a host: a local file has three slashes, file:///path"):
        locate(where)


@pytest.mark.parametrize(
    "where",
    ["", " ", "a\0b", "\ud800.jpg", "memory://b/\ud800.jpg", "s3://[b/image.jpg", None, 5, b"image.jpg"],
    ids=ascii,
)
def test_what_is_no_place_is_an_error(where: Any) -> None:
    with pytest.raises(LocationError, match=r"is not a (valid )?path|cannot be opened here"):
        locate(where)


def test_a_download_to_such_a_place_fails_the_task_for_good() -> None:
    """Before the connection is looked up: there is none here."""
    operator = GettyDownloadOperator(task_id="d", generation_request_id="g", destination="nosuch://u:p@b/")
    with pytest.raises(AirflowFailException) as failed:
        operator.execute({})
    assert "'nosuch://b/g-0-1k.jpg' is in a storage" in str(failed.value)
    assert "Nothing was sent; correct the argument." in str(failed.value)


def test_a_local_file_needs_no_object_storage(tmp_path: Path) -> None:
    """Nor does importing it, or finding a file, load Airflow."""
    code = (
        "import sys\n"
        "from airflow_provider_getty.inputs.storage import locate\n"
        f"with locate({str(tmp_path / 'image.jpg')!r}).publishing() as file: file.write(b'whole')\n"
        "print({'airflow', 'fsspec', 'upath'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert run.stdout == "set()\n"
    assert (tmp_path / "image.jpg").read_bytes() == b"whole"
