"""The emulator without sockets, threads or an event loop, for property tests with thousands of calls per second."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from getty_emulator.api import Api
from getty_emulator.control import Control
from getty_emulator.controls import Controls
from getty_emulator.faults.wire import arrives_whole
from getty_emulator.options import Options
from getty_emulator.service import Service

Result = TypeVar("Result")
START = 1_767_225_600.0
"""2026-01-01T00:00:00Z, the initial time of a clock without a source."""


class Response(NamedTuple):
    """An answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class NoAnswerError(Exception):
    """The connection was cut, or no reply arrived. The message is the name of the fault."""


@dataclass(kw_only=True, eq=False)
class Getty(Controls, Options):
    """A Getty to call directly. It takes the arguments of every emulator, but not those of a server.

    :param now: returns seconds since the epoch. Without it, the clock stands at :data:`START` until ``advance``.
        Where a server would wait (``hold``, ``slow``, ``drip``), the clock moves instead.
    :param seed: determines all random values.
    """

    now: Callable[[], float] | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        """Validate the options and create the state. Raises ValueError and StateFileError."""
        super().__post_init__()
        self.url = "https://api.gettyimages.com"
        self._service = Service(
            self,
            source=self.now or (lambda: START),
            sleep=self._sleep,
            in_thread=_at_once,
            random=Random(self.seed),  # noqa: S311 - no secrets
        )
        self._service.open()
        self._api = Api(self._service)

    @property
    def time(self) -> float:
        """Return the emulator's time in seconds since the epoch."""
        return self._service.clock.now()

    def handle(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """Answer a call as a server would.

        :param url: a path or a whole URL, with its query. The host does not matter.
        :raises NoAnswerError: if a fault prevents a complete answer.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else self.url
        lower = {name.lower(): value for name, value in (headers or {}).items()}
        reply = _run(self._api.answer(method.upper(), parts.path, parts.query, lower, origin, body))
        fault, answer = reply.fault, reply.answer
        if fault is not None and fault.kind.deliver:
            if not arrives_whole(fault.kind.name, fault.parameters):
                reply.completed(is_whole=False)
                raise NoAnswerError(fault.kind.name)
            self._service.clock.advance(fault.parameters.get("seconds", 0))
        reply.completed(is_whole=True)
        return Response(answer.status, {name.lower(): value for name, value in answer.headers}, answer.body)

    def close(self) -> None:
        """Close the state file, if there is one."""
        self._service.close()

    async def _sleep(self, seconds: float) -> None:
        self._service.clock.advance(seconds)

    def _do(self, action: Callable[[Control], Result]) -> Result:
        return action(Control(self._service))


def _run(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that never waits for anything external."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: Result = stop.value
        return result
    coroutine.close()
    raise RuntimeError("The emulator waited for something outside of this process.")


async def _at_once(function: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Result:
    return function(*args, **kwargs)
