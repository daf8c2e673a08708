"""The emulator as a whole: its options, clock, state, faults, journal and studio."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ParamSpec, Protocol, TypeVar

from getty_emulator.clock import Clock
from getty_emulator.drawing.studio import Studio
from getty_emulator.faults.active import Aim, Faults, parse_fault
from getty_emulator.journal import Journal
from getty_emulator.latency import Latency
from getty_emulator.operations import DRAW
from getty_emulator.options import Dialect, Options
from getty_emulator.state import State
from getty_emulator.state_file import StateFile, Thing

# After this many turns, an event loop has accepted what clients sent before; about five suffice.
_TURNS = 10

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class InThread(Protocol):
    """Calls a slow function so that the event loop, if there is one, continues."""

    def __call__(
        self, function: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Awaitable[Result]:
        """Call it."""


class Service:
    """The parts that the gateway, the control API and the start page share. It belongs to one event loop.

    :param source: the clock's source; see :class:`Clock`.
    :param sleep: waits for real seconds.
    """

    def __init__(
        self,
        options: Options,
        *,
        source: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        in_thread: InThread = asyncio.to_thread,
        random: Random | None = None,
    ) -> None:
        self.options = options
        self.strict = options.strict
        self.dialect = Dialect(options.dialect)
        self.latency = Latency.parse(options.latency)
        self._sleep = sleep
        self._answering = 0
        self.in_thread = in_thread
        self.random = random or Random()  # noqa: S311 - latencies and seeds, no secrets
        self.faults = Faults()
        self.journal = Journal()
        self._source = source
        self._file: StateFile | None = None
        self._start_anew()

    def open(self) -> None:
        """Open the state file, if one is configured, and continue from it. Raises StateFileError."""
        if self.options.state is None:
            return
        self._start_anew()
        file = StateFile.open(self.options.state)
        try:
            file.load(self.state, self.clock)
        except BaseException:
            file.close()
            raise
        self._file = file
        self.save(self.state)

    def close(self) -> None:
        """Close the state file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def save(self, *things: Thing) -> None:
        """Write the changes that a call is about to make to the state file, if there is one.

        Raises StateFileError if it cannot be written. Call this before every change, so that nothing is answered or
        charged that a restart would forget.
        """
        if self._file is not None:
            self._file.save(*things)

    def reset(self) -> None:
        """Return the clock, state, faults and journal to their initial state. Raises StateFileError."""
        if self._file is not None:
            self._file.clear()
        self._start_anew()
        self.save(self.state)

    def add_fault(self, wanted: dict[str, Any]) -> Any:
        """Switch on a fault, given as ``fault``, the fields of an Aim, and its own parameters. Raises ValueError."""
        parameters = dict(wanted)
        name = parameters.pop("fault")
        aim = {key: parameters.pop(key) for key in Aim.__slots__ if key in parameters}
        return self.faults.add(name, Aim(**aim), parameters)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Count a request as one that :meth:`settled` waits for."""
        self._answering += 1
        try:
            yield
        finally:
            self._answering -= 1

    async def sleep(self, seconds: float) -> None:
        """Wait within a request, which :meth:`settled` ignores meanwhile."""
        self._answering -= 1
        try:
            await self._sleep(seconds)
        finally:
            self._answering += 1

    async def settled(self) -> None:
        """Wait until all earlier requests have been answered, including those of clients that have disconnected."""
        quiet = 0
        while quiet < _TURNS:
            quiet = 0 if self._answering else quiet + 1
            await asyncio.sleep(0.001 if self._answering else 0)

    def new_id(self) -> str:
        """Return a new GUID."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _start_anew(self) -> None:
        self.clock = Clock(self._source, self.options.clock_skew)
        self.state = State.fresh(self.options)
        self.studio = Studio(DRAW, lambda: self.state, self.in_thread)
        self.journal.clear()
        self.faults.clear()
        for text in self.options.faults:
            self.add_fault(parse_fault(text))
