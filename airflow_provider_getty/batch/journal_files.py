"""Where a journal lies: something to which lines can be added so that they are there after a crash.

A local file is appended to. Object stores cannot append, so there each addition is an object of its own below
``<journal>.parts/``; when a try ends, they are joined into the one journal.
"""

from __future__ import annotations

import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.storage import LocationLike, _LocalFile, _StoredObject, locate

_BLOCK = 64 * 1024
_MOST_PARTS = 64  # of this process; then they become one
_READERS = 16


class JournalBusyError(OSError):
    """Another process is writing the journal."""


class JournalFile(ABC):
    """The bytes of a journal. One process writes it at a time."""

    shown: str

    @abstractmethod
    def open(self) -> None:
        """Begin to write; a line that a crash has torn is cut.

        :raises OSError: it cannot be written to, or another process does.
        """

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """All whole lines, in the order in which they were added."""

    @abstractmethod
    def append(self, lines: bytes) -> None:
        """Add whole lines; on return, they survive a crash.

        :raises OSError: they could not be added, and none of them was.
        """

    @abstractmethod
    def join(self) -> None:
        """Make it one file, if it is not."""

    @abstractmethod
    def close(self) -> None:
        """End to write."""


def journal_file(where: LocationLike) -> JournalFile:
    """The journal at a path or URI.

    :raises InvalidRequestError: it cannot be one.
    """
    location = locate(where)
    if location.shown.endswith("/"):
        raise InvalidRequestError(
            f"The journal {location.shown!r} is a folder: name a file, such as batch.jsonl."
        )
    match location:
        case _LocalFile():
            return _LocalJournal(location)
        case _StoredObject():
            return _StoredJournal(location)
    raise TypeError(location)


class _LocalJournal(JournalFile):
    """A file on a disk, locked while it is written."""

    def __init__(self, location: _LocalFile) -> None:
        self.shown = location.shown
        self._path = location.path
        self._file = -1
        self._end = 0

    def open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _lock(self._file, self.shown)
            self._end = _end_of_whole_lines(self._file)
            os.ftruncate(self._file, self._end)
            _sync_folder(self._path.parent)
        except BaseException:
            self.close()
            raise

    def lines(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from file

    def append(self, lines: bytes) -> None:
        try:
            rest = memoryview(lines)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fsync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise
        self._end += len(lines)

    def join(self) -> None:
        pass

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


@dataclass(frozen=True, order=True)
class _Part:
    """An object with some of the lines.

    :param epoch: how often the journal had been opened when it was added.
    :param first: the number of its first addition in that epoch; ``last``, of its last, negative for the order:
        of two parts that begin together, the second is contained in the first.
    """

    epoch: int
    writer: str
    first: int
    minus_last: int

    @classmethod
    def named(cls, name: str) -> _Part | None:
        found = re.fullmatch(r"(\d+)-(\w+)-(\d+)-(\d+)\.jsonl", name)
        return found and cls(int(found[1]), found[2], int(found[3]), -int(found[4]))

    @property
    def name(self) -> str:
        return f"{self.epoch:06}-{self.writer}-{self.first:06}-{-self.minus_last:06}.jsonl"

    def has(self, other: _Part) -> bool:
        return (self.epoch, self.writer) == (
            other.epoch,
            other.writer,
        ) and self.minus_last <= other.minus_last


class _StoredJournal(JournalFile):
    """An object, and the parts of what was added since it was joined.

    The object's last line, ``{"joined": epoch}``, says which parts are in it, in case they could not be removed.
    """

    def __init__(self, location: _StoredObject) -> None:
        self.shown = location.shown
        self._whole = location
        self._folder = f"{location.path}.parts"
        self._fs: Any = location.fs
        self._writer = uuid4().hex[:8]
        self._epoch = 0
        self._joined = 0
        self._parts: list[_Part] = []
        self._own: list[bytes] = []  # since the last merge
        self._appended = 0

    def open(self) -> None:
        self._joined = 0
        for line in self._whole_lines():
            self._joined = _joined(line) or self._joined
        self._parts = self._list()
        self._epoch = max([self._joined, *(part.epoch for part in self._parts)]) + 1

    def lines(self) -> Iterator[bytes]:
        for line in self._whole_lines():
            if not _joined(line):
                yield line
        yield from self._lines_of_parts()

    def append(self, lines: bytes) -> None:
        self._appended += 1
        self._publish(_Part(self._epoch, self._writer, self._appended, -self._appended), [lines])
        self._own.append(lines)
        if len(self._own) >= _MOST_PARTS:
            self._merge()

    def join(self) -> None:
        parts = self._list()
        if not parts:
            return
        self._parts = parts
        with self._whole.publishing() as file:
            for line in self.lines():
                file.write(line)
            file.write(json.dumps({"joined": self._epoch}).encode() + b"\n")
        self._joined, self._parts, self._own = self._epoch, [], []
        self._epoch += 1
        self._remove(parts)

    def close(self) -> None:
        if len(self._own) > 1:
            self._merge()

    def _merge(self) -> None:
        last, count = self._appended, len(self._own)
        self._publish(_Part(self._epoch, self._writer, last - count + 1, -last), self._own)
        self._remove([_Part(self._epoch, self._writer, n, -n) for n in range(last - count + 1, last + 1)])
        self._own = []

    def _publish(self, part: _Part, lines: list[bytes]) -> None:
        with self._object(part).publishing() as file:
            file.writelines(lines)

    def _object(self, part: _Part) -> _StoredObject:
        return _StoredObject(f"{self.shown}.parts/{part.name}", self._fs, f"{self._folder}/{part.name}")

    def _list(self) -> list[_Part]:
        """The parts that are neither joined nor contained in others, in order."""
        self._fs.invalidate_cache()
        try:
            names = self._fs.ls(self._folder, detail=False)
        except FileNotFoundError:
            return []
        found = filter(None, (_Part.named(name.rpartition("/")[2]) for name in names))
        parts: list[_Part] = []
        for part in sorted(found):
            if part.epoch > self._joined and not (parts and parts[-1].has(part)):
                parts.append(part)
        return parts

    def _remove(self, parts: list[_Part]) -> None:
        for part in parts:
            with suppress(OSError):  # what is contained elsewhere does no harm
                self._fs.rm(f"{self._folder}/{part.name}")

    def _whole_lines(self) -> Iterator[bytes]:
        try:
            file = self._whole.open()
        except FileNotFoundError:
            return
        with closing(file):
            yield from file

    def _lines_of_parts(self) -> Iterator[bytes]:
        def read(part: _Part) -> bytes:
            with closing(self._object(part).open()) as file:
                return file.read()

        # One after the other would take a round trip each. They are small; a few are held at a time.
        with ThreadPoolExecutor(_READERS) as readers:
            for start in range(0, len(self._parts), _READERS):
                for lines in readers.map(read, self._parts[start : start + _READERS]):
                    # On a disk elsewhere, a part may have been cut off; what it ends with was never relied on.
                    yield from lines[: lines.rfind(b"\n") + 1].splitlines(keepends=True)


def _joined(line: bytes) -> int | None:
    return int(json.loads(line)["joined"]) if line.startswith(b'{"joined"') else None


def _lock(file: int, shown: str) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows, where Airflow does not run but documentation is built

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalBusyError(f"Another process is writing {shown}") from None
    except OSError:
        return  # a disk without locks


def _end_of_whole_lines(file: int) -> int:
    end = os.fstat(file).st_size
    while end:
        start = max(0, end - _BLOCK)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _sync_folder(folder: Path) -> None:
    """Make the file's name survive as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
