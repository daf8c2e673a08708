"""Opens files for the gallery, only below ``[getty] gallery_folders``.

Paths are not trusted. On a disk, links and ``..`` are resolved first, and only regular files are opened; in a store, an
address must begin with that of the folder, including the Airflow connection.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.storage import locate

_URI = re.compile(r"([a-z][a-z0-9+.-]*)://([^/]*)/?(.*)", re.DOTALL)
_LONGEST = 4096  # characters of a path
_HOW = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class NotShownError(Exception):
    """An image that the gallery does not show; the message says why, and names no path."""


@dataclass(frozen=True)
class Folders:
    """The folders whose files may be shown, as absolute paths and as URIs."""

    disks: tuple[Path, ...]
    stores: tuple[tuple[str, str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, folders: Iterable[str]) -> Folders:
        """Read the setting; the root folder and relative paths are ignored."""
        disks, stores = [], []
        for folder in folders:
            if (path := _local(folder)) is not None:
                real = Path(os.path.realpath(path))
                if path.startswith("/") and real != Path(real.anchor):
                    disks.append(real)
            elif found := _stored(folder.rstrip("/")):
                stores.append(found)
        return cls(tuple(disks), tuple(stores))

    def __bool__(self) -> bool:
        return bool(self.disks or self.stores)

    def resolve(self, where: object) -> str | None:
        """The real location of a file; None if it must not be shown."""
        if not isinstance(where, str) or not where or len(where) > _LONGEST or "\0" in where:
            return None
        if (path := _local(where)) is None:
            return where if self._has_stored(where) else None
        real = os.path.realpath(path) if path.startswith("/") else ""
        return real if real and self._has_local(real) else None

    def read(self, where: object, most: int) -> bytes:
        """Read a file.

        :param most: the most bytes.
        :raises NotShownError: the file must not be shown, does not exist, or is too long.
        """
        if (real := self.resolve(where)) is None:
            raise NotShownError("It is outside of the gallery's folders.")
        try:
            content = self._read_local(real, most) if real.startswith("/") else _read_stored(real, most)
        except (OSError, InvalidRequestError):
            raise NotShownError("There is no such file, or it cannot be read.") from None
        if len(content) > most:
            raise NotShownError(f"It has more than {most // 2**20} MB.")
        return content

    def _read_local(self, real: str, most: int) -> bytes:
        with open(os.open(real, _HOW), "rb") as file:  # noqa: PTH123 - opens a descriptor
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise NotShownError("It is not a regular file.")
            # A folder of the path may have become a link since.
            if os.path.realpath(real) != real or not self._has_local(real):
                raise NotShownError("It is outside of the gallery's folders.")
            return file.read(most + 1)

    def _has_local(self, real: str) -> bool:
        return any(Path(real).is_relative_to(disk) and Path(real) != disk for disk in self.disks)

    def _has_stored(self, where: str) -> bool:
        found = _stored(where)
        if found is None:
            return False
        scheme, authority, segments = found
        return any(
            (scheme, authority) == (of, at) and segments[: len(below)] == below and len(segments) > len(below)
            for of, at, below in self.stores
        )


def _read_stored(where: str, most: int) -> bytes:
    location = locate(where)
    if (location.length() or 0) > most:
        raise NotShownError(f"It has more than {most // 2**20} MB.")
    with closing(location.open()) as file:
        return file.read(most + 1)


def _local(where: str) -> str | None:
    """The path on the disk; None if the file is elsewhere."""
    if where.startswith("file://"):
        return where.removeprefix("file://")
    return None if "://" in where else where


def _stored(where: str) -> tuple[str, str, tuple[str, ...]] | None:
    """The scheme, the bucket or host with the connection, and the segments of the path; None if ambiguous."""
    if not (found := _URI.fullmatch(where)):
        return None
    scheme, authority, path = found.groups()
    segments = tuple(path.split("/")) if path else ()
    if not authority or any(segment in ("", ".", "..") or "\\" in segment for segment in segments):
        return None
    return scheme, authority, segments
