"""Where images lie: on a local disk, or in any storage that ``ObjectStoragePath`` takes.

A published file appears under its name when it is whole, or not at all.
"""

# ruff: noqa: PLC0415 - object storage loads only when it is used: DAG files stay quick to parse

from __future__ import annotations

import os
import re
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from errno import EEXIST, EISDIR
from hashlib import sha256
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast
from uuid import uuid4

from airflow_provider_getty.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

Where: TypeAlias = "str | os.PathLike[str] | ObjectStoragePath"

# The user of a URI and what follows its path. A secret key may have a "/", so "user:" reaches to the last "@".
_SECRETS = re.compile(r"(?<=://)(?:[^/?#@]*:[^?#]*@|[^/?#]*@)|[?#].*", re.DOTALL)


class StorageError(InvalidRequestError):
    """A place that cannot be opened from here. Its ``problem`` begins with the quoted name of the place."""


@dataclass(frozen=True)
class Location(ABC):
    """A place for one file; ``shown`` is its name for people, without what a URI carries of secrets."""

    shown: str

    def exists(self) -> bool:
        """Whether there is a file.

        :raises OSError: this cannot be told now, as when an object store does not answer.
        """
        # S3 says "forbidden" of an object that is missing to whom it does not allow to list the bucket.
        missing = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
        try:
            self.length()
        except missing:
            return False
        return True

    @abstractmethod
    def length(self) -> int | None:
        """The length in bytes, if the storage tells it.

        :raises OSError: there is no file; a directory or a device is an ``IsADirectoryError``.
        """

    @abstractmethod
    def open(self) -> BinaryIO:
        """The file, to read from.

        :raises OSError: it cannot be read.
        """

    @abstractmethod
    def publishing(self) -> AbstractContextManager[BinaryIO]:
        """See :func:`publishing`."""


@dataclass(frozen=True)
class _LocalFile(Location):
    path: Path

    def length(self) -> int:
        status = self.path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _no_file(self.shown)
        return status.st_size

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    @contextmanager
    def publishing(self) -> Iterator[BinaryIO]:
        path = Path(os.path.realpath(self.path))  # a link goes on leading to the file
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise _no_file(self.shown)
        part = path.with_name(f".{sha256(os.fsencode(path.name)).hexdigest()[:32]}.part")
        part.unlink(missing_ok=True)  # it is of a process that was killed
        with part.open("x+b") as file:
            try:
                yield file
                file.flush()
                os.fsync(file.fileno())
                if not _is_at(file, part):
                    raise FileExistsError(EEXIST, "Another process is writing the same file", self.shown)
                part.replace(path)
            except BaseException:
                if _is_at(file, part):
                    part.unlink()
                raise


@dataclass(frozen=True)
class _StoredObject(Location):
    fs: Any = field(repr=False)  # an fsspec.AbstractFileSystem
    path: str = field(repr=False)

    def length(self) -> int | None:
        found = self.fs.info(self.path)
        if found["type"] != "file":
            raise _no_file(self.shown)
        length: int | None = found.get("size")
        return length

    def open(self) -> BinaryIO:
        return cast("BinaryIO", self.fs.open(self.path, "rb"))

    @contextmanager
    def publishing(self) -> Iterator[BinaryIO]:
        # What fsspec opens for writing and an exception closes counts as whole: so the file is written here first.
        with tempfile.NamedTemporaryFile() as file:
            yield cast("BinaryIO", file)
            file.flush()
            self._upload(file.name)

    def _upload(self, file: str) -> None:
        from fsspec import AbstractFileSystem

        if type(self.fs).mv is AbstractFileSystem.mv:
            # It cannot rename: an object store, which shows an object when it is whole.
            self.fs.put_file(file, self.path)
            return
        folder, slash, _ = self.path.rpartition("/")
        part = f"{folder}{slash}.{uuid4().hex}.part"
        try:
            self.fs.put_file(file, part)
            self.fs.mv(part, self.path)
        except BaseException:
            with suppress(Exception):
                self.fs.rm_file(part)
            raise


def is_place(value: object) -> bool:
    """Whether it is a path, a URI or an ``ObjectStoragePath``, which is known without importing it."""
    return isinstance(value, (str, os.PathLike)) or hasattr(type(value), "fs")


def without_secrets(text: str) -> str:
    """A path or URI as people may see it: without the user and what follows the path of a URI."""
    return _SECRETS.sub("", text) if "://" in text else text


def locate(where: Where) -> Location:
    """Find a local path, a URI or an ``ObjectStoragePath``; whether there is a file is not looked at.

    :raises StorageError: it is none of these, or in a storage that cannot be opened here.
    """
    if not is_place(where):
        raise StorageError(f"{shortened(where)} is not a path, a URI or an ObjectStoragePath.")
    text = os.fsdecode(where) if isinstance(where, (str, os.PathLike)) else str(where)
    shown = without_secrets(text)
    if not text.strip() or "\0" in text:
        raise StorageError(f"{shortened(shown)} is not a path: give that of an image file.")
    if "://" not in text:
        return _LocalFile(shown, Path(text).absolute())
    try:
        fs, path = _open(where if hasattr(type(where), "fs") else text)
    except (ValueError, ImportError):
        raise StorageError(
            f"{shown!r} is in a storage that cannot be opened here: check the URI's scheme, and install the "
            "Airflow provider of that storage (s3:// needs apache-airflow-providers-amazon[s3fs])."
        ) from None
    from fsspec.implementations.local import LocalFileSystem

    return (
        _LocalFile(shown, Path(path)) if isinstance(fs, LocalFileSystem) else _StoredObject(shown, fs, path)
    )


@contextmanager
def publishing(location: Location) -> Iterator[BinaryIO]:
    """A file to write to, which replaces what is at the location on leaving, or vanishes on an exception.

    :raises OSError: the location cannot be written to; on a local disk this is known before anything else,
        unless the disk fills up.
    """
    with location.publishing() as file:
        yield file


def _open(where: Any) -> tuple[Any, str]:
    """Open the file system (of fsspec) of a URI or a path object, and find the path in it."""
    from airflow.sdk import ObjectStoragePath
    from upath import UPath

    path = ObjectStoragePath(where) if isinstance(where, str) else where
    try:
        return path.fs, path.path
    except ValueError:
        # Airflow 3.3.2 opens only what its providers register; memory:// and the like are fsspec's own.
        # The errors of http:// would show the signature of a signed URL.
        if getattr(path, "conn_id", None) or path.protocol in ("http", "https"):
            raise
        return UPath(str(path)).fs, path.path


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file still has this name, which another process may have taken."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _no_file(shown: str) -> IsADirectoryError:
    return IsADirectoryError(EISDIR, "Is a directory or a device", shown)
