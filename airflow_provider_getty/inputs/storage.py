"""Locations of files: on a local disk, or in any store that ``ObjectStoragePath`` opens.

A published file appears under its name once it is complete, or not at all. Every error of a store is an ``OSError``
whose ``strerror`` holds the store's own words.
"""

# ruff: noqa: PLC0415 - object storage loads only when it is used: DAG files stay quick to parse

from __future__ import annotations

import os
import re
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from errno import EEXIST, EISDIR
from hashlib import sha256
from pathlib import Path
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, cast
from uuid import uuid4

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.storage_errors import StorageError, explaining, without_secrets

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

LocationLike: TypeAlias = "str | os.PathLike[str] | ObjectStoragePath"
"""A local path, a URI or an ``ObjectStoragePath``."""


class LocationError(InvalidRequestError):
    """A location that cannot be opened from here. Its ``problem`` begins with the quoted name of the location."""


@dataclass(frozen=True)
class Location(ABC):
    """The location of one file.

    :param shown: its name in messages, without the secrets of a URI.
    """

    shown: str

    def exists(self) -> bool:
        """Whether there is a file that is not empty: an interrupted upload may leave an empty one.

        :raises OSError: it is unknown, for example because an object store does not answer.
        """
        # S3 answers "forbidden" for a missing object if the caller may not list the bucket.
        missing = (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError)
        try:
            return self.length() != 0
        except missing:
            return False

    @abstractmethod
    def length(self) -> int | None:
        """The length in bytes; None if the store does not report it.

        :raises OSError: there is no file; a directory or a device is an ``IsADirectoryError``.
        """

    @abstractmethod
    def open(self) -> BinaryIO:
        """Open the file for reading.

        :raises OSError: it cannot be read.
        """

    @abstractmethod
    def publishing(self) -> AbstractContextManager[BinaryIO]:
        """Open a file to write to. It replaces the one at the location on exit, and vanishes on an exception.

        :raises OSError: the location cannot be written to. On a local disk, this is known on entry, unless the disk
            fills up.
        """

    @abstractmethod
    def remove(self) -> None:
        """Remove the file.

        :raises OSError: it could not be removed.
        """


@dataclass(frozen=True)
class LocalFile(Location):
    """A file on a local disk."""

    path: Path

    def length(self) -> int:
        """See :meth:`Location.length`."""
        status = self.path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise _not_a_file(self.shown)
        return status.st_size

    def open(self) -> BinaryIO:
        """See :meth:`Location.open`."""
        return self.path.open("rb")

    @contextmanager
    def publishing(self) -> Iterator[BinaryIO]:
        """Write a hidden file beside the location, and rename it."""
        path = Path(os.path.realpath(self.path))  # a link keeps leading to the file
        if not path.parent.is_dir():
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            raise _not_a_file(self.shown)
        part = path.with_name(f".{sha256(os.fsencode(path.name)).hexdigest()[:32]}.part")
        part.unlink(missing_ok=True)  # left by a process that was killed
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

    def remove(self) -> None:
        """See :meth:`Location.remove`."""
        self.path.unlink()


@dataclass(frozen=True)
class StoredObject(Location):
    """An object in a store, or a file on another machine.

    :param fs: the ``fsspec.AbstractFileSystem`` of the store.
    :param path: the path in it.
    :param conn_id: the Airflow connection that the URI names, if any.
    """

    fs: Any = field(repr=False)
    path: str = field(repr=False)
    conn_id: str | None = field(default=None, repr=False)

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Explain the store's errors; after a broken connection, drop the file system that fsspec and Airflow cache."""
        try:
            with explaining(self.shown):
                yield
        except (StorageError, ConnectionError, TimeoutError):
            type(self.fs).clear_instance_cache()
            if self.conn_id is not None:
                from airflow.sdk.io import attach

                with suppress(AttributeError, KeyError, ValueError):
                    del attach(self.shown.partition("://")[0], self.conn_id).fs
            raise

    def length(self) -> int | None:
        """See :meth:`Location.length`."""
        with self._reaching():
            found = self.fs.info(self.path)
        if found["type"] != "file":
            raise _not_a_file(self.shown)
        length: int | None = found.get("size")
        return length

    def open(self) -> BinaryIO:
        """See :meth:`Location.open`."""
        with self._reaching():
            return cast("BinaryIO", self.fs.open(self.path, "rb"))

    @contextmanager
    def publishing(self) -> Iterator[BinaryIO]:
        """Write a local file, and upload it."""
        with suppress(FileNotFoundError, PermissionError):
            self.length()  # refuses a folder, into which a rename would move the file
        # A file that an exception closes counts as complete for fsspec, so it is written here first.
        with tempfile.NamedTemporaryFile() as file:
            yield cast("BinaryIO", file)
            file.flush()
            with self._reaching():
                self._upload(file.name)

    def remove(self) -> None:
        """See :meth:`Location.remove`."""
        with self._reaching():
            self.fs.rm_file(self.path)

    def _upload(self, file: str) -> None:
        rename = _rename_of(self.fs)
        if rename is None:  # an object store, which shows only complete objects
            self.fs.put_file(file, self.path)
            return
        folder, slash, _ = self.path.rpartition("/")
        part = f"{folder}{slash}.{uuid4().hex}.part"
        try:
            self.fs.put_file(file, part)
            rename(part, self.path)
        except BaseException:
            with suppress(Exception):
                self.fs.rm_file(part)
            raise


def is_location(value: object) -> bool:
    """Whether it is a path, a URI or an ``ObjectStoragePath``."""
    return isinstance(value, (str, os.PathLike)) or in_store(value)


def in_store(value: object) -> bool:
    """Whether it is an ``ObjectStoragePath`` or the like; neither has to be imported to tell."""
    return hasattr(type(value), "fs")


def locate(where: LocationLike) -> Location:
    """Return the location of a path, a URI or an ``ObjectStoragePath``, whether or not there is a file.

    :raises LocationError: it is none of these, or it is in a store that cannot be opened here.
    :raises OSError: the store does not answer, or refuses the credentials.
    """
    if not is_location(where):
        raise LocationError(f"{shortened(where)} is not a path, a URI or an ObjectStoragePath.")
    text = os.fsdecode(where) if isinstance(where, (str, os.PathLike)) else str(where)
    shown = without_secrets(text)
    if not text.strip() or "\0" in text or not _is_encodable(text):
        raise LocationError(f"{shortened(shown)} is not a valid path.")
    if "://" not in text:
        return LocalFile(shown, absolute(text))
    if isinstance(where, str) and re.match("file://(?!/)", text):  # fsspec takes it for a relative path
        raise LocationError(f"{shown!r} names a host: a local file has three slashes, file:///path.")
    with explaining(shown):
        fs, path, conn_id = _open(where if in_store(where) else text, shown)
    from fsspec.implementations.local import LocalFileSystem

    return (
        LocalFile(shown, Path(path))
        if isinstance(fs, LocalFileSystem)
        else StoredObject(shown, fs, path, conn_id)
    )


def absolute(path: str) -> Path:
    """Return the absolute local path; ``~/`` is the home folder of this process."""
    home = Path.home() if path.startswith("~/") else Path()
    return (home / path.removeprefix("~/")).absolute()


def _open(where: Any, shown: str) -> tuple[Any, str, str | None]:
    """Return the fsspec file system of a URI or a path object, the path in it, and its Airflow connection."""
    from airflow.providers.common.compat.sdk import AirflowNotFoundException
    from airflow.sdk import ObjectStoragePath

    path = where
    try:
        path = ObjectStoragePath(where) if isinstance(where, str) else where
        return path.fs, path.path, getattr(path, "conn_id", None)
    except AirflowNotFoundException:
        raise LocationError(f"{shown!r} names an Airflow connection that does not exist.") from None
    except (ValueError, ImportError) as error:
        with suppress(ValueError, ImportError):
            return *_open_without_airflow(path, error), None
        raise LocationError(
            f"{shown!r} is in a storage that cannot be opened here: check the URI's scheme, and install the "
            "Airflow provider of that storage (s3:// needs apache-airflow-providers-amazon[s3fs])."
        ) from None


def _open_without_airflow(path: Any, error: Exception) -> tuple[Any, str]:
    """Airflow 3.3.2 opens only what its providers register; memory:// and the like are fsspec's own."""
    from upath import UPath

    # The errors of http:// would show the signature of a signed URL.
    if isinstance(path, str) or getattr(path, "conn_id", None) or path.protocol in ("http", "https"):
        raise error
    return UPath(str(path)).fs, path.path


def _rename_of(fs: Any) -> Callable[[str, str], object] | None:
    """The method with which a store renames a file atomically; None if it would copy and delete it.

    Asynchronous file systems of fsspec (sshfs) set their methods on the instance, so the class does not show them.
    """
    from fsspec import AbstractFileSystem
    from fsspec.implementations.dirfs import DirFileSystem

    innermost = fs
    while isinstance(innermost, DirFileSystem):
        innermost = innermost.fs
    if getattr(innermost.mv, "__func__", None) is AbstractFileSystem.mv:
        return None
    # A method for single files (gcsfs has one) takes "*" and "[" in a path literally.
    return cast("Callable[[str, str], object]", getattr(fs, "mv_file", fs.mv))


def _is_encodable(text: str) -> bool:
    """Whether it can name a file: half of a surrogate pair cannot."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the path still leads to the open file: another process may have replaced it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _not_a_file(shown: str) -> IsADirectoryError:
    return IsADirectoryError(EISDIR, "Is a directory or a device; write a folder with a / at its end", shown)
