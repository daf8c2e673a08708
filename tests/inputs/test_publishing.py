"""A published file is there whole, or not at all."""

from __future__ import annotations

import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import ObjectStoragePath
from upath import UPath

from airflow_provider_getty.inputs.storage import Location, locate
from dev.processes import everybody_may_enter
from tests.support.object_stores import Bucket, Share

stores = pytest.mark.parametrize("store", [Bucket, Share])
pytestmark = pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented")


@pytest.fixture(autouse=True)
def _stores_are_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for store in (Bucket, Share):
        monkeypatch.setattr(store, "files", {})


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up what root may, where tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.fixture
def destination(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A place in folders that do not exist yet, as a user may write it."""
    path = f"{tmp_path}/new/folder/image.jpg"
    places = {
        "text": path,
        "path": Path(path),
        "file uri": f"file://{path}",
        "file object": ObjectStoragePath(f"file://{path}"),
        "memory": f"memory://{path}",
        "memory object": ObjectStoragePath(f"memory://{path}"),
        "other path object": UPath(f"memory://{path}"),
        "bucket": "bucket://b/new/folder/image.jpg",
        "share": "share://b/new/folder/image.jpg",
    }
    return places[request.param]


everywhere = pytest.mark.parametrize(
    "destination",
    [
        "text",
        "path",
        "file uri",
        "file object",
        "memory",
        "memory object",
        "other path object",
        "bucket",
        "share",
    ],
    indirect=True,
)
on_disk = pytest.mark.parametrize("destination", ["text", "path", "file uri", "file object"], indirect=True)


def publish(where: Any, *chunks: bytes) -> Location:
    location = locate(where)
    with location.publishing() as file:
        for chunk in chunks:
            file.write(chunk)
    return location


def publish_half(where: Any, error: BaseException) -> None:
    with locate(where).publishing() as file:
        file.write(b"half")
        raise error


def content(location: Location) -> bytes:
    with location.open() as file:
        return file.read()


def everything_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if not path.is_dir())


# Wherever it is


@everywhere
def test_what_is_published_is_there(destination: Any) -> None:
    location = locate(destination)
    assert not location.exists()
    publish(destination, b"whole ", b"image")
    assert location.exists()
    assert location.length() == 11
    assert content(location) == b"whole image"


@everywhere
def test_it_replaces_what_was_there(destination: Any) -> None:
    publish(destination, b"a long old file")
    assert content(publish(destination, b"new")) == b"new"


@everywhere
def test_it_appears_only_when_it_is_whole(destination: Any) -> None:
    location = locate(destination)
    with location.publishing() as file:
        file.write(b"half")
        file.flush()
        assert not location.exists()
    assert location.exists()


@everywhere
def test_what_is_half_written_can_be_begun_anew(destination: Any) -> None:
    """A download that breaks off is tried again into the same file."""
    location = locate(destination)
    with location.publishing() as file:
        file.write(b"broken off")
        file.seek(0)
        file.truncate()
        file.write(b"whole")
        file.seek(0)
        assert file.read() == b"whole"
    assert content(location) == b"whole"


@everywhere
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_exception_leaves_what_was_there(destination: Any, error: type[BaseException]) -> None:
    location = publish(destination, b"old")
    with pytest.raises(error):
        publish_half(destination, error())
    assert content(location) == b"old"


@on_disk
def test_an_exception_leaves_nothing_behind(destination: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"):
        publish_half(destination, ValueError("no"))
    assert everything_in(tmp_path) == []


@on_disk
def test_nothing_but_the_file_is_left(destination: Any, tmp_path: Path) -> None:
    publish(destination, b"whole")
    assert everything_in(tmp_path) == ["image.jpg"]


# On a disk


def test_a_name_may_be_as_long_as_the_disk_takes(tmp_path: Path) -> None:
    assert publish(tmp_path / ("x" * 255), b"whole").exists()


def test_a_link_goes_on_leading_to_the_file(tmp_path: Path) -> None:
    (link := tmp_path / "latest.jpg").symlink_to("image.jpg")
    publish(link, b"whole")
    assert link.is_symlink()
    assert (tmp_path / "image.jpg").read_bytes() == b"whole"


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
def test_the_mode_is_what_the_umask_leaves(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        publish(file := tmp_path / "image.jpg", b"whole")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.parametrize("size", [2000, 1_000_000], ids=["in the buffer", "beyond it"])
def test_a_full_disk_leaves_what_was_there(size: int, tmp_path: Path) -> None:
    location = publish(tmp_path / "image.jpg", b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            publish(tmp_path / "image.jpg", bytes(size))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert content(location) == b"old"
    assert everything_in(tmp_path) == ["image.jpg"]


def in_the_way(folder: Path, what: str) -> Path:
    match what:
        case "directory":
            (place := folder / "image.jpg").mkdir()
        case "device":
            place = Path("/dev/full")
        case "pipe":
            os.mkfifo(place := folder / "pipe")
        case "file as folder":
            (folder / "file").write_bytes(b"old")
            place = folder / "file" / "image.jpg"
    return place


@pytest.mark.parametrize("what", ["directory", "device", "pipe", "file as folder"])
def test_what_is_in_the_way_is_an_error_before_anything_is_written(what: str, tmp_path: Path) -> None:
    location = locate(in_the_way(tmp_path, what))
    before = everything_in(tmp_path)
    assert not location.exists()
    with pytest.raises(OSError), location.publishing():  # noqa: PT011 - of which kind is the system's matter
        pytest.fail("It was opened for writing.")
    assert everything_in(tmp_path) == before
    assert not Path("/dev/full").is_file()


@pytest.mark.skipif(
    not everybody_may_enter(Path(tempfile.gettempdir())), reason="The temporary folder is its owner's alone."
)
def test_a_missing_permission_is_an_error_before_anything_is_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder) / "image.jpg").write_bytes(b"old")
        Path(folder).chmod(0o555)
        with as_nobody():
            assert locate(file).exists()
            with pytest.raises(PermissionError), locate(file).publishing():
                pytest.fail("It was opened for writing.")
            with pytest.raises(PermissionError), locate(Path(folder) / "new" / "image.jpg").publishing():
                pytest.fail("It was opened for writing.")
        assert everything_in(Path(folder)) == ["image.jpg"]
        assert file.read_bytes() == b"old"


# In a store


@stores
@pytest.mark.parametrize("old", [{}, {"b/image.jpg": b"old"}], ids=["nothing", "an old one"])
def test_an_upload_that_breaks_off_leaves_what_was_there(
    store: type[Bucket], old: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.files.update(old)
    monkeypatch.setattr(store, "fails", PermissionError("no access"))
    with pytest.raises(PermissionError, match="no access"):
        publish(f"{store.protocol}://b/image.jpg", b"whole image")
    assert store.files == old


@stores
def test_an_upload_leaves_nothing_but_the_object(store: type[Bucket]) -> None:
    publish(f"{store.protocol}://b/folder/image.jpg", b"whole image")
    assert store.files == {"b/folder/image.jpg": b"whole image"}


def test_a_store_that_cannot_rename_is_asked_for_nothing_but_the_upload(mocker: Any) -> None:
    """To copy and to delete takes time, and permissions that an upload does not need."""
    copied = mocker.spy(Bucket, "copy")
    publish("bucket://b/image.jpg", b"whole image")
    copied.assert_not_called()


def test_a_store_that_renames_single_files_is_asked_for_that(mocker: Any) -> None:
    """As gcsfs, whose ``mv`` takes ``*`` and ``[`` in a name for patterns."""
    mocker.patch.object(Share, "mv_file", Share.mv, create=True)
    mocker.patch.object(Share, "mv", side_effect=AssertionError)
    publish("share://b/image [1].jpg", b"whole image")
    assert Share.files == {"b/image [1].jpg": b"whole image"}


def test_what_a_killed_process_left_behind_is_gone_after_the_next_try(tmp_path: Path) -> None:
    killed = locate(tmp_path / "image.jpg").publishing()
    killed.__enter__().write(b"half")
    [left] = tmp_path.iterdir()

    with locate(tmp_path / "image.jpg").publishing() as file:
        file.write(b"whole")

    assert [path.name for path in tmp_path.iterdir()] == ["image.jpg"]
    assert left.name != "image.jpg"


def test_two_that_write_the_same_file_do_not_mix(tmp_path: Path) -> None:
    first = locate(tmp_path / "image.jpg").publishing()
    first.__enter__().write(b"the first")
    with locate(tmp_path / "image.jpg").publishing() as second:
        second.write(b"the second")

        with pytest.raises(FileExistsError, match="Another process is writing the same file"):
            first.__exit__(None, None, None)

    assert (tmp_path / "image.jpg").read_bytes() == b"the second"
    assert [path.name for path in tmp_path.iterdir()] == ["image.jpg"]
