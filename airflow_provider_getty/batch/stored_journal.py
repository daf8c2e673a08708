"""A journal in an object store or on a remote disk, which cannot append, through fsspec.

Each addition is its own object below ``<journal>.parts/``; when a try ends, the parts are joined into the journal.
A process that opens the journal takes it over: it first writes an empty part with a higher *epoch* than all others, and
then reads. A process that finds a part newer than its own has lost the journal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from airflow_provider_getty.api import clock
from airflow_provider_getty.batch.journal_files import (
    LONGEST_FIRST_LINE,
    JournalBusyError,
    JournalError,
    JournalFile,
    JournalTakenError,
    check_is_journal,
)
from airflow_provider_getty.inputs.storage import StoredObject
from airflow_provider_getty.inputs.storage_errors import explaining

_MAX_PARTS = 64  # of this process, before they are merged into one
_READERS = 16
_PAUSES = (0.5, 1.0, 2.0)  # seconds between the attempts to add a part


@dataclass(frozen=True, order=True)
class _Part:
    """An object with some of the lines.

    :param epoch: how many times the journal had been opened when the part was added.
    :param writer: a random name of the process that added it.
    :param first: the number of its first addition in that epoch; 0 for the claim, which is empty.
    :param minus_last: the number of its last addition, negated for the order: of two parts with the same first
        addition, the later one is contained in the earlier one.
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

    @property
    def owner(self) -> tuple[int, str]:
        """The process that added it; the highest one owns the journal."""
        return self.epoch, self.writer

    def contains(self, other: _Part) -> bool:
        return self.owner == other.owner and self.minus_last <= other.minus_last


class StoredJournal(JournalFile):
    """An object, and the parts that were added since it was last joined.

    The object's last line, ``{"joined": epoch}``, says which parts it includes, as their removal may have failed.
    """

    def __init__(self, location: StoredObject) -> None:
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
        """Claim the next epoch, then list the parts."""
        with _store(self.shown):
            self._joined = self._check_and_find_joined()
            epochs = [self._joined, *(part.epoch for part in self._all())]
            self._epoch = max(epochs) + 1
            self._publish(self._claim, [])
            found = self._all()
            if max(part.owner for part in found) != self._claim.owner:
                self._remove([self._claim])
                raise JournalBusyError(f"Another process is writing the journal {self.shown}")
            self._parts = self._unjoined(found)

    @property
    def _claim(self) -> _Part:
        return _Part(self._epoch, self._writer, 0, 0)

    def lines(self) -> Iterator[bytes]:
        """Read the whole object, then the parts that are not in it."""
        with _store(self.shown):
            joined = 0
            for line in self._whole_lines():
                if not (end := _joined(line)):
                    yield line
                joined = end or joined
            if joined != self._joined:
                raise JournalError(
                    f"The journal {self.shown} was changed by another process while it was read"
                )
            try:
                yield from self._lines_of_parts()
            except FileNotFoundError:
                raise JournalError(
                    f"The journal {self.shown} was changed by another process while it was read"
                ) from None

    def peek(self) -> Iterator[bytes]:
        """List the parts, and read them."""
        with _store(self.shown):
            self._joined = self._check_and_find_joined()
            self._parts = self._unjoined(self._all())
        yield from self.lines()

    def append(self, lines: bytes) -> None:
        """Write a part."""
        with _store(self.shown):
            self.confirm()
            number = self._appended + 1
            # Writing the same part again does no harm.
            self._persist(_Part(self._epoch, self._writer, number, -number), [lines])
            self._appended = number
            self._own.append(lines)
            if len(self._own) >= _MAX_PARTS:
                self._merge()

    def confirm(self) -> None:
        """Make sure that no part is newer than those of this process."""
        with _store(self.shown):
            if max((part.owner for part in self._all()), default=None) != self._claim.owner:
                raise JournalTakenError(self.shown)

    def join(self) -> None:
        """Replace the object with one that includes all parts, and remove them."""
        with _store(self.shown):
            self.confirm()
            found = self._all()
            self._parts = self._unjoined(found)
            with self._whole.publishing() as file:
                for line in self.lines():
                    file.write(line)
                file.write(json.dumps({"joined": self._epoch}).encode() + b"\n")
            self._joined, self._parts, self._own, self._appended = self._epoch, [], [], 0
            self._remove(found)

    def close(self) -> None:
        """Merge the parts of this process; remove an unused claim."""
        with suppress(OSError), _store(self.shown):
            if self._epoch > self._joined and not self._appended:
                self._remove([self._claim])
            elif len(self._own) > 1:
                self.confirm()  # a process that has taken over may be reading the parts
                self._merge()

    def _merge(self) -> None:
        last, count = self._appended, len(self._own)
        self._publish(_Part(self._epoch, self._writer, last - count + 1, -last), self._own)
        self._remove([_Part(self._epoch, self._writer, n, -n) for n in range(last - count + 1, last + 1)])
        self._own = []

    def _persist(self, part: _Part, lines: list[bytes]) -> None:
        for pause in _PAUSES:
            try:
                return self._publish(part, lines)
            except OSError:
                clock.sleep(pause)
        self._publish(part, lines)
        return None

    def _publish(self, part: _Part, lines: list[bytes]) -> None:
        with self._object(part).publishing() as file:
            file.writelines(lines)

    def _object(self, part: _Part) -> StoredObject:
        return StoredObject(f"{self.shown}.parts/{part.name}", self._fs, f"{self._folder}/{part.name}")

    def _all(self) -> list[_Part]:
        """All existing parts, in order."""
        self._fs.invalidate_cache()
        try:
            names = self._fs.ls(self._folder, detail=False)
        except FileNotFoundError:
            return []
        return sorted(filter(None, (_Part.named(name.rpartition("/")[2]) for name in names)))

    def _unjoined(self, found: list[_Part]) -> list[_Part]:
        """The parts that are neither joined nor contained in others."""
        parts: list[_Part] = []
        for part in found:
            if part.epoch > self._joined and not (parts and parts[-1].contains(part)):
                parts.append(part)
        return parts

    def _remove(self, parts: list[_Part]) -> None:
        for part in parts:
            with suppress(Exception):  # its lines are also elsewhere
                self._fs.rm_file(f"{self._folder}/{part.name}")

    def _check_and_find_joined(self) -> int:
        with suppress(FileNotFoundError), closing(self._whole.open()) as file:
            first, newline, _ = file.read(LONGEST_FIRST_LINE).partition(b"\n")
            check_is_journal(first + newline, self.shown)
        joined = 0
        for line in self._whole_lines():
            joined = _joined(line) or joined
        return joined

    def _whole_lines(self) -> Iterator[bytes]:
        self._fs.invalidate_cache()
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

        # In sequence, each would take a round trip. They are small, and only a few are in memory at a time.
        with ThreadPoolExecutor(_READERS) as readers:
            for start in range(0, len(self._parts), _READERS):
                for lines in readers.map(read, self._parts[start : start + _READERS]):
                    # On a remote disk, a part may be truncated; nothing relied on its last line.
                    yield from lines[: lines.rfind(b"\n") + 1].splitlines(keepends=True)


def _joined(line: bytes) -> int | None:
    return int(json.loads(line)["joined"]) if line.startswith(b'{"joined"') else None


@contextmanager
def _store(shown: str) -> Iterator[None]:
    """Explain the errors of the store, and leave those of the journal unchanged."""
    of_journal = None
    with explaining(shown):
        try:
            yield
        except JournalError as error:
            of_journal = error
    if of_journal is not None:
        raise of_journal
