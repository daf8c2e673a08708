"""The journal of a batch: the state of each item, made durable before anything depends on it.

Many items share one write: while it becomes durable, the lines of the next one gather.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import Ended, Event, ItemEvent, ItemRef, decode, encode
from airflow_provider_getty.batch.journal_files import JournalError, JournalFile, LocalJournal
from airflow_provider_getty.batch.progress import Progress
from airflow_provider_getty.batch.stored_journal import StoredJournal
from airflow_provider_getty.inputs.storage import LocalFile, LocationLike, StoredObject, locate

CONFIRMED_FOR = 1.0
"""Seconds for which a confirmation that this process owns the journal stays valid."""
_CONFIRMATIONS = 5


def journal_file(where: LocationLike) -> JournalFile:
    """Return the file of the journal at a path or URI.

    :raises InvalidRequestError: it is a folder, or cannot be opened here.
    """
    location = locate(where)
    if location.shown.endswith("/"):
        raise InvalidRequestError(
            f"The journal {location.shown!r} is a folder: name a file, such as batch.jsonl."
        )
    match location:
        case LocalFile():
            return LocalJournal(location)
        case StoredObject():
            return StoredJournal(location)
    raise TypeError(location)


class Journal:
    """A journal that is open for writing, and the progress that its lines add up to. Use it as a context manager.

    :param file: the file of the journal.
    :param progress: a fresh progress, to which all lines are applied on entry, the oldest first.
    :raises InvalidRequestError: the file is not a journal, or it is damaged.
    :raises OSError: the file cannot be read or written.
    """

    def __init__(self, file: JournalFile, progress: Progress) -> None:
        self.file = file
        self.progress = progress
        self._gathered: list[bytes] = []
        self._noted = 0
        self._durable = 0
        self._writing: asyncio.Task[None] | None = None
        self._confirming: asyncio.Task[None] | None = None
        self._confirmed = (-1.0, -1.0)

    def __enter__(self) -> Self:
        self.file.open()
        try:
            for number, line in enumerate(self.file.lines(), 1):
                try:
                    self.progress.apply(*decode(line))
                except InvalidRequestError:
                    raise
                except (ValueError, TypeError) as error:
                    raise InvalidRequestError(
                        f"The journal {self.file.shown!r} cannot be read at line {number} ({error}): give the batch "
                        "another journal only if none of it was submitted, or it is paid for again."
                    ) from None
        except BaseException:
            self.file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.file.close()

    def begin(self, event: Event) -> None:
        """Write a line about the whole batch, outside of an event loop."""
        line = encode(event, None, at=clock.now())
        self.progress.apply(event, None)
        self.file.append(line)

    def end(self, *, succeeded: bool) -> None:
        """Write the last line, and join the journal into one file."""
        self.begin(Ended(succeeded, self.progress.counts()))
        self.file.join()

    async def write(self, event: ItemEvent, item: ItemRef) -> None:
        """Write a line about an item; on return, it survives a crash."""
        self.note(event, item)
        await self.written()

    def note(self, event: ItemEvent, item: ItemRef) -> None:
        """Queue a line about an item that need not survive a crash."""
        self.progress.apply(event, item)
        self._gathered.append(encode(event, item, at=clock.now()))
        self._noted += 1

    async def written(self) -> None:
        """Wait until all lines so far survive a crash.

        :raises JournalTakenError: another process has taken the journal over.
        """
        mine = self._noted
        while self._durable < mine:
            if self._writing is None:
                self._writing = asyncio.create_task(self._write())
            # An item that is canceled must not take the lines of the others along.
            await asyncio.shield(self._writing)

    async def confirm(self) -> None:
        """Make sure, right before a submission, that no other process has taken the journal over.

        A confirmation is valid for :data:`CONFIRMED_FOR` seconds.

        :raises JournalTakenError: another process has: nothing more may be sent.
        :raises JournalError: the file answers too slowly to be sure.
        """
        for _ in range(_CONFIRMATIONS):
            if _within(self._confirmed, _now()):
                return
            if self._confirming is None:
                self._confirming = asyncio.create_task(self._confirm())
            await asyncio.shield(self._confirming)
        raise JournalError(
            f"{self.file.shown} takes more than {CONFIRMED_FOR:.0f} s to answer: nothing can be submitted safely"
        )

    async def _confirm(self) -> None:
        began = _now()
        try:
            await clock.in_thread(self.file.confirm)
            self._confirmed = began
        finally:
            self._confirming = None

    async def _write(self) -> None:
        lines, self._gathered, noted = self._gathered, [], self._noted
        try:
            self._confirmed = await clock.in_thread(self._append, b"".join(lines))
            self._durable = noted
        except OSError:
            self._gathered = lines + self._gathered
            raise
        finally:
            self._writing = None

    def _append(self, lines: bytes) -> tuple[float, float]:
        self.file.append(lines)
        # A process that takes over later reads these lines; one that did so before is noticed here.
        began = _now()
        self.file.confirm()
        return began


def _now() -> tuple[float, float]:
    """The time by both clocks: a suspended machine, or setting the clock, moves only one of them."""
    return clock.monotonic(), clock.now()


def _within(since: tuple[float, float], now: tuple[float, float]) -> bool:
    return all(0 <= after - before < CONFIRMED_FOR for before, after in zip(since, now, strict=True))
