"""The fence: a task submits and writes only while the record in the store is its own.

A process may be frozen or cut off for longer than Airflow waits for it, and another one may have taken over when it
resumes. So before a process writes the record or sends the request, it reads the record back, unless it has just seen
it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from airflow_provider_getty.api.errors import SubmissionSupersededError
from airflow_provider_getty.generating.record import Record

TRUSTED_FOR = 2.0
"""Seconds for which a record that was written or read back counts as unchanged.

A process that takes over waits longer than that before it submits.
"""
_READS = 5


class Store(Protocol):
    """Holds the record."""

    def load(self) -> Record | None:
        """The record, if there is one."""

    def save(self, record: Record | None) -> None:
        """Store the record; None deletes it."""


@dataclass
class Claim:
    """One process's hold on a task's record.

    :param clock: returns the present (Unix time), which continues while the process is frozen.
    :param is_kept: whether the store keeps records; if not, nothing can be checked.
    """

    store: Store
    clock: Callable[[], float]
    is_kept: bool = True
    _seen: Record | None = field(default=None, init=False)
    _seen_at: float = field(default=0.0, init=False)

    def load(self) -> Record | None:
        """Read the record."""
        # A record that was only read does not count as seen: an earlier try may still be alive, and change it.
        self._seen_at, self._seen = 0.0, self.store.load()
        return self._seen

    def save(self, record: Record | None) -> None:
        """Store the record.

        :raises SubmissionSupersededError: another process has written it since.
        """
        self.check()
        began = self.clock()
        self.store.save(record)
        self._seen, self._seen_at = record, began

    def check(self) -> None:
        """Make sure that the record is as this process left it. Call this right before the request is sent.

        :raises SubmissionSupersededError: another process has written it since.
        :raises TimeoutError: the store answers too slowly to be sure.
        """
        if not self.is_kept:
            return
        for _ in range(_READS):
            # A negative age means that the clock was set back.
            if 0 <= self.clock() - self._seen_at <= TRUSTED_FOR:
                return
            # The time before the request: the record may change while its answer is under way.
            began = self.clock()
            if self.store.load() != self._seen:
                raise SubmissionSupersededError("Another try of this task has taken over.")
            self._seen_at = began
        raise TimeoutError(
            f"Airflow's task state store takes more than {TRUSTED_FOR:.0f} s to answer: "
            "nothing can be submitted safely."
        )
