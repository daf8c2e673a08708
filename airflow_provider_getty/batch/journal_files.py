"""The file of a journal: one process at a time adds lines that survive a crash.

This module has the local file. Object stores cannot append; see :mod:`.stored_journal`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import Began, decode
from airflow_provider_getty.inputs.storage import LocalFile

_BLOCK = 64 * 1024
LONGEST_FIRST_LINE = 8 * 1024
_BEGINNING = b'{"at":"'


class JournalError(OSError):
    """The journal cannot be read or written now."""


class JournalBusyError(JournalError):
    """Another process is writing the journal."""


class JournalTakenError(JournalError):
    """Another process has taken the journal over: this one must neither write nor submit any more."""

    def __init__(self, shown: str) -> None:
        super().__init__(f"Another process has taken over the journal {shown}; this one submits nothing more")


class JournalFile(ABC):
    """The bytes of a journal. One process writes it at a time."""

    shown: str
    is_local = False
    """Whether other machines may not see the file."""

    @abstractmethod
    def open(self) -> None:
        """Take the journal over: another process that writes it is stopped, or this one is refused.

        :raises InvalidRequestError: the file is not a journal; it is left unchanged.
        :raises JournalBusyError: another process is writing it.
        :raises OSError: it cannot be written.
        """

    @abstractmethod
    def lines(self) -> Iterator[bytes]:
        """Read all complete lines, in the order in which they were added."""

    def peek(self) -> Iterator[bytes]:
        """Read all lines without taking the journal over; another process may be writing it."""
        return self.lines()

    @abstractmethod
    def append(self, lines: bytes) -> None:
        """Add complete lines; on return, they survive a crash.

        :raises JournalTakenError: another process has taken it over, and nothing was added.
        :raises OSError: they could not be added.
        """

    @abstractmethod
    def confirm(self) -> None:
        """Make sure that no other process has taken the journal over.

        :raises JournalTakenError: one has.
        """

    @abstractmethod
    def join(self) -> None:
        """Join the journal into one file, if it has parts. Afterwards, nothing more is added."""

    @abstractmethod
    def close(self) -> None:
        """Stop writing."""


def check_is_journal(first: bytes, shown: str) -> None:
    """Refuse a file that does not begin like a journal.

    :param first: its first line, up to :data:`LONGEST_FIRST_LINE` bytes; a crash may have truncated it.
    :raises InvalidRequestError: it is not the first line of a journal.
    """
    if first.endswith(b"\n"):
        with suppress(ValueError):
            if isinstance(decode(first)[0], Began):
                return
    elif len(first) < LONGEST_FIRST_LINE and first[: len(_BEGINNING)] == _BEGINNING[: len(first)]:
        return
    raise InvalidRequestError(
        f"{shown!r} is not the journal of a batch; it was left unchanged. Give the journal another path."
    )


class LocalJournal(JournalFile):
    """A local file, locked while it is written. On a disk without locks, its length reveals other writers."""

    is_local = True

    def __init__(self, location: LocalFile) -> None:
        self.shown = location.shown
        self._path = location.path
        self._file = -1
        self._end = 0

    def open(self) -> None:
        """Lock the file, check that it is a journal, and remove a line that a crash has truncated."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            _lock(self._file, self.shown)
            self._check_is_journal()
            self._end = _end_of_whole_lines(self._file)
            os.ftruncate(self._file, self._end)
            _sync_folder(self._path.parent)
        except BaseException:
            self._release()
            raise

    def _check_is_journal(self) -> None:
        head = os.pread(self._file, LONGEST_FIRST_LINE, 0)
        line, newline, _ = head.partition(b"\n")
        check_is_journal(line + newline, self.shown)

    def lines(self) -> Iterator[bytes]:
        """Read the file."""
        with self._path.open("rb") as file:
            yield from file

    def append(self, lines: bytes) -> None:
        """Append and sync."""
        self.confirm()
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

    def confirm(self) -> None:
        """Make sure that the file still exists, with the length at which this process left it."""
        status = os.fstat(self._file)
        try:
            is_here = os.path.samestat(status, self._path.stat())
        except FileNotFoundError:
            is_here = False
        if not is_here or status.st_size != self._end:
            raise JournalTakenError(self.shown)

    def join(self) -> None:
        """Do nothing: it is already one file."""

    def close(self) -> None:
        """Unlock the file; remove it if it is empty."""
        if self._file >= 0 and not os.fstat(self._file).st_size:
            with suppress(JournalTakenError, OSError):
                self.confirm()
                self._path.unlink()
        self._release()

    def _release(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _lock(file: int, shown: str) -> None:
    import fcntl  # noqa: PLC0415 - not on Windows, where Airflow does not run but documentation is built

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise JournalBusyError(f"Another process is writing the journal {shown}") from None
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
    """Make the file's directory entry durable as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
