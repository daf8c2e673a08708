"""The interface through which clients report metrics; :mod:`..hooks.metrics` implements it for Airflow."""

from __future__ import annotations

from typing import Protocol


class Observer(Protocol):
    """Receives events of the clients, from any thread. Its methods must be quick and must not raise."""

    def requested(self, operation: str, status: int | None) -> None:
        """A request was answered with this status, or not at all.

        :param operation: its name, such as ``get_generation``, ``token`` or ``image``.
        """

    def polled(self, late: float) -> None:
        """A poll was sent ``late`` seconds after it was due."""

    def waiting(self, generations: int, rate: float) -> None:
        """The number of generations and downloads that are waited for, and the budget's requests per second.

        Called about once a second while something is waited for, and at the end.
        """


class Unobserved:
    """An observer that does nothing."""

    def requested(self, operation: str, status: int | None) -> None:
        """Do nothing."""

    def polled(self, late: float) -> None:
        """Do nothing."""

    def waiting(self, generations: int, rate: float) -> None:
        """Do nothing."""
