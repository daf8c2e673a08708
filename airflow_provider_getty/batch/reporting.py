"""Reports how far a batch is: in a few lines of the log, and in Airflow's task state store."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping

from airflow_provider_getty.api import clock
from airflow_provider_getty.batch.events import ItemRef
from airflow_provider_getty.batch.journal import Journal

log = logging.getLogger(__name__)

_EVERY = 10.0
_STEPS = 10  # lines of the log that a batch takes as it advances; each that is late takes another


class Reporter:
    """Reports how far the batch is. Trouble with that never ends the batch.

    :param store: keeps the counts where people and later tries find them; called in a thread.
    """

    def __init__(self, store: Callable[[Mapping[str, int]], object] = lambda _: None) -> None:
        self._store = store
        self._has_complained = False
        self._warnings = Counter[str]()
        self._shown = 0
        self._line_after = _EVERY

    async def run(self, journal: Journal) -> None:
        """Report every few seconds, until canceled.

        :raises OSError: the journal cannot be written.
        """
        shown_at = clock.monotonic()
        self._shown = _over(journal.progress.counts())
        while True:
            await clock.pause(_EVERY)
            await journal.written()
            counts = journal.progress.counts()
            await clock.in_thread(self.keep, counts)
            since = clock.monotonic() - shown_at
            if _over(counts) - self._shown >= counts["total"] / _STEPS or since >= self._line_after:
                self._line_after *= 2 if since >= self._line_after else 1
                shown_at, self._shown = clock.monotonic(), _over(counts)
                log.info("%s.", counts_line(counts))

    def keep(self, counts: Mapping[str, int]) -> None:
        """Keep the counts. Airflow may refuse them; that is logged once."""
        try:
            self._store(counts)
        except Exception as error:  # noqa: BLE001 - the classes differ between Airflow's versions
            if not self._has_complained:
                self._has_complained = True
                log.warning("Airflow did not take a progress report (%s). The batch continues.", error)

    def failed(self, item: ItemRef, error: str) -> None:
        """Log that an item failed; after many only that there are more."""
        more = "More items have failed; the journal lists them all."
        self._warn("%s failed. %s", item, error, most=50, more=more)

    def warned(self, item: ItemRef, warning: str) -> None:
        """Log a warning about the mask of an item; after some only that there are more."""
        self._warn("%s: %s", item, warning, most=10, more="More items have suspicious masks.")

    def _warn(self, message: str, item: ItemRef, text: str, *, most: int, more: str) -> None:
        self._warnings[message] += 1
        if self._warnings[message] <= most:
            log.warning(message, item, text)
        elif self._warnings[message] == most + 1:
            log.warning(more)


def counts_line(counts: Mapping[str, int]) -> str:
    """Say how far the batch is, in a line."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _over(counts: Mapping[str, int]) -> int:
    return counts["completed"] + counts["blocked"] + counts["failed"]
