"""The journal of a batch: what became of each item, written down before anything depends on it.

Many items share one addition to the file: while one is made durable, the lines of the next gather.
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
"""Seconds for which a journal that was seen to be this process's is taken to be so."""
_CONFIRMATIONS = 5


def journal_file(where: LocationLike) -> JournalFile:
    """Find the journal at a path or URI.

    :raises InvalidRequestError: it cannot be one.
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
    """A journal that is open for writing, and the progress that it adds up to. Use it as a context manager.

    :param progress: of a batch of which nothing is known yet; all lines are applied to it, the oldest first.
    :raises InvalidRequestError: it is no journal, or it is damaged.
    :raises OSError: it cannot be read or written to.
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
                    event, item = decode(line)
                except ValueError as error:
                    raise InvalidRequestError(
                        f"The journal {self.file.shown!r} cannot be read at line {number} ({error}): give the batch "
                        "another journal only if none of it was submitted, or it is paid for again."
                    ) from None
                self.progress.apply(event, item)
        except BaseException:
            self.file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.file.close()

    def begin(self, event: Event) -> None:
        """Write a line of the whole batch, outside of an event loop."""
        line = encode(event, None, at=clock.now())
        self.progress.apply(event, None)
        self.file.append(line)

    def end(self, *, succeeded: bool) -> None:
        """Write the closing line, and make it all one file."""
        self.begin(Ended(succeeded, self.progress.counts()))
        self.file.join()

    async def write(self, event: ItemEvent, item: ItemRef) -> None:
        """Write a line of an item; on return, it survives a crash."""
        self.note(event, item)
        await self.written()

    def note(self, event: ItemEvent, item: ItemRef) -> None:
        """Write a line of an item soon: one that can be found out again."""
        self.progress.apply(event, item)
        self._gathered.append(encode(event, item, at=clock.now()))
        self._noted += 1

    async def written(self) -> None:
        """Wait until all lines so far survive a crash.

        :raises JournalTakenError: another process writes the journal now.
        """
        mine = self._noted
        while self._durable < mine:
            if self._writing is None:
                self._writing = asyncio.create_task(self._write())
            # An item that is canceled must not take the lines of the others along.
            await asyncio.shield(self._writing)

    async def confirm(self) -> None:
        """Make sure, right before a submission, that no other process has taken the journal over.

        What was seen less than :data:`CONFIRMED_FOR` seconds ago holds.

        :raises JournalTakenError: another process writes it now: nothing more may be sent.
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
        # A process that takes over from here on reads these lines; one that did so before is seen now.
        began = _now()
        self.file.confirm()
        return began


def _now() -> tuple[float, float]:
    """The time by both clocks: a machine that was suspended, or a clock that was set, moves only one of them."""
    return clock.monotonic(), clock.now()


def _within(since: tuple[float, float], now: tuple[float, float]) -> bool:
    return all(0 <= after - before < CONFIRMED_FOR for before, after in zip(since, now, strict=True))
