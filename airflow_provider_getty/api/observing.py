"""Observers of the clients, for a system of metrics; :mod:`..hooks.metrics` is one."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Is told what the clients do, from any thread; what it does about it must be quick and must not raise."""

    def requested(self, operation: str, status: int | None) -> None:
        """A request was answered with this status, or not at all.

        :param operation: the class of the operation, such as ``GetGeneration``; ``Token`` and ``Image`` for those.
        """

    def polled(self, late: float) -> None:
        """A poll was sent so many seconds after it was due."""

    def waiting(self, generations: int, rate: float) -> None:
        """So many generations and downloads are waited for; so many requests per second may be sent.

        Told about once a second while something is waited for, and at the end.
        """


class Unobserved:
    """An observer that does nothing."""

    def requested(self, operation: str, status: int | None) -> None:
        """Do nothing."""

    def polled(self, late: float) -> None:
        """Do nothing."""

    def waiting(self, generations: int, rate: float) -> None:
        """Do nothing."""
