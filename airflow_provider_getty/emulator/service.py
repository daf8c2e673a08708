"""The emulator as one thing: its settings, clock, state, switches, journal and studio."""

from __future__ import annotations

from random import Random

from airflow_provider_getty.emulator.clock import Clock
from airflow_provider_getty.emulator.drawing.studio import Studio
from airflow_provider_getty.emulator.faults import Faults
from airflow_provider_getty.emulator.journal import Journal
from airflow_provider_getty.emulator.operations import DRAW
from airflow_provider_getty.emulator.settings import Settings
from airflow_provider_getty.emulator.state import State


class Service:
    """What the gateway, the switches and the start page share. It lives in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = Random()  # noqa: S311 - latencies and seeds, no secrets
        self.faults = Faults()
        self.journal = Journal()
        self.reset()

    def reset(self) -> None:
        """Go back to the start: the clock, the state, the switches, the journal."""
        self.clock = Clock()
        self.state = State.fresh(self.settings)
        self.studio = Studio(DRAW, lambda: self.state)
        self.faults.clear()
        self.journal.clear()
