"""The journal of a batch: what became of each item, written down before anything depends on it.

Many items share one addition to the file: while one is made durable, the lines of the next gather.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import Ended, Event, OfItem, Place, decode, encode
from airflow_provider_getty.batch.journal_files import JournalFile
from airflow_provider_getty.batch.progress import Progress


class Journal:
    """A journal that is open for writing, and the progress that it adds up to. Use it as a context manager.

    :param progress: of a batch of which nothing is known yet; it is told all lines, those of earlier tries first.
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

    def __enter__(self) -> Self:
        self.file.open()
        try:
            for number, line in enumerate(self.file.lines(), 1):
                try:
                    event, of = decode(line)
                except ValueError as error:
                    raise InvalidRequestError(
                        f"The journal {self.file.shown!r} cannot be read at line {number} ({error}): give the batch "
                        "another journal only if none of it was submitted, or it is paid for again."
                    ) from None
                self.progress.apply(event, of)
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

    async def write(self, event: OfItem, of: Place) -> None:
        """Write a line of an item; on return, it survives a crash."""
        self.note(event, of)
        await self.written()

    def note(self, event: OfItem, of: Place) -> None:
        """Write a line of an item soon: one that can be found out again."""
        self.progress.apply(event, of)
        self._gathered.append(encode(event, of, at=clock.now()))
        self._noted += 1

    async def written(self) -> None:
        """Wait until all lines so far survive a crash."""
        mine = self._noted
        while self._durable < mine:
            if self._writing is None:
                self._writing = asyncio.create_task(self._write())
            # Who is cancelled must not take the lines of the others along.
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        lines, self._gathered, noted = self._gathered, [], self._noted
        try:
            await clock.in_thread(self.file.append, b"".join(lines))
            self._durable = noted
        except OSError:
            self._gathered = lines + self._gathered
            raise
        finally:
            self._writing = None
