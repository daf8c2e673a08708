"""The emulator as one thing: its settings, clock, state, switches, journal and studio."""

from __future__ import annotations

from random import Random

from getty_emulator.clock import Clock
from getty_emulator.drawing.studio import Studio
from getty_emulator.faults import Faults
from getty_emulator.journal import Journal
from getty_emulator.operations import DRAW
from getty_emulator.settings import Settings
from getty_emulator.state import State
from getty_emulator.state_file import StateFile, Thing


class Service:
    """What the gateway, the switches and the start page share. It lives in one event loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.random = Random()  # noqa: S311 - latencies and seeds, no secrets
        self.faults = Faults()
        self.journal = Journal()
        self._file: StateFile | None = None
        self._start_anew()

    def open(self) -> None:
        """Go on where the state file was left, if there is to be one. Raises StateFileError."""
        if self.settings.state is None:
            return
        self._start_anew()
        file = StateFile.open(self.settings.state)
        try:
            file.load(self.state, self.clock)
        except BaseException:
            file.close()
            raise
        self._file = file
        self.save(self.state)

    def close(self) -> None:
        """Let go of the state file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def save(self, *things: Thing) -> None:
        """Write what was changed into the state file, if there is one: whoever changes something calls this."""
        if self._file is not None:
            self._file.save(*things)

    def reset(self) -> None:
        """Go back to the start: the clock, the state, the switches, the journal."""
        self._start_anew()
        if self._file is not None:
            self._file.clear()
        self.save(self.state)

    def _start_anew(self) -> None:
        self.clock = Clock()
        self.state = State.fresh(self.settings)
        self.studio = Studio(DRAW, lambda: self.state)
        self.faults.clear()
        self.journal.clear()
