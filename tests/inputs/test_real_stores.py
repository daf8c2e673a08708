"""Publishing to a real SFTP server and a real S3 server, which fail in their own ways."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from fsspec import AbstractFileSystem
from fsspec.implementations.dirfs import DirFileSystem

from airflow_provider_getty.inputs.folders import probe
from airflow_provider_getty.inputs.storage import _rename_of, locate
from airflow_provider_getty.inputs.storage_errors import StorageError
from tests.support.real_stores import S3Bucket, SftpFolder, sftp_server

pytestmark = pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented")

IMAGE = bytes(range(256)) * 4000


@pytest.fixture
def sftp(tmp_path: Path) -> Iterator[SftpFolder]:
    """An SFTP server on an empty folder."""
    with sftp_server(tmp_path) as folder:
        yield folder


def publish(where: Any, data: bytes = IMAGE) -> None:
    with locate(where).publishing() as file:
        file.write(data)


# SFTP


def test_what_is_published_over_sftp_is_there(sftp: SftpFolder) -> None:
    publish(sftp.at("new/image.jpg"), b"old")
    publish(sftp.at("new/image.jpg"))
    assert sftp.files() == {"new/image.jpg": IMAGE}


@pytest.mark.parametrize("old", [{}, {"image.jpg": b"old"}], ids=["nothing", "an old one"])
def test_a_cut_upload_over_sftp_leaves_what_was_there(sftp: SftpFolder, old: dict[str, bytes]) -> None:
    for name, data in old.items():
        (sftp.root / name).write_bytes(data)
    sftp.cut_after = 300_000
    with pytest.raises(OSError) as failed:  # noqa: PT011 - how a connection is lost is asyncssh's matter
        publish(sftp.at("image.jpg"))
    assert failed.value.strerror
    assert {name: data for name, data in sftp.files().items() if not name.endswith(".part")} == old
    assert locate(sftp.at("image.jpg")).exists() == bool(old)


def test_a_folder_given_without_a_slash_is_refused_before_anything_is_written(sftp: SftpFolder) -> None:
    (sftp.root / "images").mkdir()
    with pytest.raises(IsADirectoryError), locate(sftp.at("images")).publishing():
        pytest.fail("It was opened for writing.")
    assert sftp.files() == {}


@pytest.mark.parametrize(
    ("refusal", "kind", "said"),
    [
        (
            asyncssh.SFTPPermissionDenied("quota of getty is used up"),
            StorageError,
            "quota of getty is used up",
        ),
        (asyncssh.SFTPFailure("No space left on device"), StorageError, "No space left on device"),
        (asyncssh.SFTPFailure("Failure"), StorageError, "Failure (SFTPFailure)"),
    ],
)
def test_an_error_of_a_server_says_what_the_server_said(
    sftp: SftpFolder, refusal: Exception, kind: type[OSError], said: str
) -> None:
    sftp.refuses = refusal
    with pytest.raises(OSError) as failed:  # noqa: PT011
        publish(sftp.at("image.jpg"))
    assert type(failed.value) is kind
    assert failed.value.strerror == said
    assert sftp.files() == {}


def test_a_server_that_is_away_is_an_os_error(sftp: SftpFolder) -> None:
    port, sftp.port = sftp.port, 1
    with pytest.raises(OSError) as failed:  # noqa: PT011
        locate(sftp.at("image.jpg"))
    sftp.port = port
    assert failed.value.errno == errno.ECONNREFUSED


def test_an_empty_file_was_not_downloaded(sftp: SftpFolder) -> None:
    (sftp.root / "image.jpg").write_bytes(b"")
    assert not locate(sftp.at("image.jpg")).exists()


# S3


def test_what_is_published_to_s3_is_there(s3: S3Bucket) -> None:
    publish(s3.at("new/image.jpg"), b"old")
    publish(s3.at("new/image.jpg"))
    assert s3.objects() == {"new/image.jpg": IMAGE}


def test_an_empty_object_was_not_downloaded(s3: S3Bucket) -> None:
    publish(s3.at("image.jpg"), b"")
    assert not locate(s3.at("image.jpg")).exists()


def test_a_prefix_given_without_a_slash_is_refused(s3: S3Bucket) -> None:
    publish(s3.at("images/a.jpg"))
    with pytest.raises(IsADirectoryError), locate(s3.at("images")).publishing():
        pytest.fail("It was opened for writing.")


def test_an_s3_server_that_is_away_is_a_storage_error_that_says_so(s3: S3Bucket) -> None:
    with pytest.raises(StorageError, match="Could not connect to the endpoint URL"):
        locate(s3.at("image.jpg", endpoint="http://127.0.0.1:1")).length()


def test_a_bucket_that_is_not_there_is_an_error_before_anything_is_paid(s3: S3Bucket) -> None:
    with pytest.raises(FileNotFoundError) as failed:
        probe(s3.at("folder", bucket="no-such-bucket"))
    assert failed.value.strerror == "The specified bucket does not exist"


def test_a_bucket_name_that_cannot_be_is_a_storage_error(s3: S3Bucket) -> None:
    with pytest.raises(StorageError, match="Invalid bucket name"):
        probe(s3.at("folder", bucket="No_Such!Bucket"))


# Both


def test_a_probe_leaves_nothing_behind(s3: S3Bucket, sftp: SftpFolder) -> None:
    probe(s3.at("folder"))
    probe(sftp.at("folder"))
    assert s3.objects() == {}
    assert sftp.files() == {}


def test_whether_a_store_can_rename_is_asked_of_the_instance(s3: S3Bucket, sftp: SftpFolder) -> None:
    fs = sftp.at("").fs
    assert _rename_of(fs) is fs.mv
    assert _rename_of(DirFileSystem("/", fs=sftp.at("").fs)) is not None
    assert _rename_of(s3.at("").fs) is None
    assert _rename_of(DirFileSystem("pictures", fs=s3.at("").fs)) is None
    assert _rename_of(AbstractFileSystem(skip_instance_cache=True)) is None
