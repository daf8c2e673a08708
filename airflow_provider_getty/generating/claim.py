"""The fence: a task submits and writes only as long as the record in the store is its own.

A process may be frozen, or cut off, for longer than Airflow waits for it. When it comes to, another one may have taken
over. Before it writes the record or sends the request, it reads the record back if it has not seen it for a moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_getty.api.errors import SubmissionSupersededError
from airflow_provider_getty.generating.record import Record

TRUSTED_FOR = 2.0
"""Seconds for which a record that was written, or read back, is taken to be unchanged.

Whoever takes over waits longer than that before it submits: until the history is certain.
"""
_READS = 5


class Store(Protocol):
    """Where the record is."""

    def load(self) -> Record | None:
        """The record, if there is one."""

    def save(self, record: Record | None) -> None:
        """Keep the record; None: forget it."""


@dataclass
class Claim:
    """One process's hold on a task's record.

    :param is_kept: whether the store keeps anything; if not, nothing can be known.
    :param clock: the present (Unix time), which continues while the process is frozen.
    """

    store: Store
    clock: Callable[[], float]
    is_kept: bool = True
    _seen: Record | None = field(default=None, init=False)
    _seen_at: float = field(default=0.0, init=False)

    def load(self) -> Record | None:
        """The record as it is now."""
        # What was only read is not trusted: an earlier try that is still alive may submit in the next moment.
        self._seen_at, self._seen = 0.0, self.store.load()
        return self._seen

    def save(self, record: Record | None) -> None:
        """Keep the record.

        :raises SubmissionSupersededError: another process has written since.
        """
        self.check()
        began = self.clock()
        self.store.save(record)
        self._seen, self._seen_at = record, began

    def check(self) -> None:
        """Make sure that the record is as this process has left it; to be called right before the request is sent.

        :raises SubmissionSupersededError: another process has written since.
        :raises TimeoutError: the store takes so long to answer that this cannot be known.
        """
        if not self.is_kept:
            return
        for _ in range(_READS):
            # A clock that was set back tells nothing.
            if 0 <= self.clock() - self._seen_at <= TRUSTED_FOR:
                return
            # The time before: the record may change while the answer is under way, or this process is frozen.
            began = self.clock()
            if self.store.load() != self._seen:
                raise SubmissionSupersededError("Another try of this task has taken over.")
            self._seen_at = began
        raise TimeoutError(
            f"Airflow's task state store takes more than {TRUSTED_FOR:.0f} s to answer: "
            "nothing can be submitted safely."
        )
