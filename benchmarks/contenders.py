"""The compared triggers: ours, those of other providers, and two lower bounds."""

from __future__ import annotations

import asyncio
import os
import random
import ssl
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import aiohttp
from airflow.triggers.base import BaseTrigger, TriggerEvent

from benchmarks.workload import identifier

ADDRESS = "GETTY_BENCHMARK_ADDRESS"  # environment variable with the server's address for the two lower bounds
_HEADERS = {"Api-Key": "benchmark", "Authorization": f"Bearer {'t' * 700}"}
_DEADLINE = 600.0


@dataclass(frozen=True, kw_only=True)
class Wait:
    """One wait for a generation, from which each contender's trigger gets its arguments.

    :param number: the generation's number.
    :param submitted: the time of its submission (``time.time()``).
    :param finished: the time of its end; only the idle trigger uses it.
    :param interval: seconds between polls, for all triggers except ours.
    :param is_trial: True for a finished generation that serves to load all code before the measurement.
    """

    number: int
    submitted: float
    finished: float
    interval: float
    is_trial: bool = False


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A trigger, and how to make it wait for a generation.

    :param connections: returns the Airflow connections that it needs, by id, for the server's address.
    :param package: the package that it requires.
    """

    name: str
    title: str
    classpath: str
    arguments: Callable[[Wait], dict[str, Any]]
    connections: Callable[[str], dict[str, dict[str, Any]]] = field(default=lambda _: {})
    package: str = "airflow"


class IdleTrigger(BaseTrigger):
    """Never polls, because it knows when the generation will be finished. Its cost is the cost of Airflow itself."""

    def __init__(self, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments."""
        return f"{__name__}.IdleTrigger", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, then fire."""
        await asyncio.sleep(max(0.0, self.until - time.time()))
        yield TriggerEvent({})  # type: ignore[no-untyped-call]


class PollingTrigger(BaseTrigger):
    """Polls on a fixed grid.

    A runner starts its triggers in batches. The grids within a batch are shifted, because polls in the same turn of the
    event loop cost far less than polls that are spread out, as in real use.
    """

    def __init__(self, number: int, interval: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.number = number
        self.interval = interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and its arguments."""
        return f"{__name__}.{type(self).__name__}", {"number": self.number, "interval": self.interval}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the generation is finished, then fire."""
        path = f"/v3/ai/image-generations/{identifier(self.number)}"
        await asyncio.sleep(self.interval * random.uniform(0.5, 1.5))  # noqa: S311
        while await self.poll(path) != 200:  # noqa: ASYNC110, PLR2004
            await asyncio.sleep(self.interval)
        yield TriggerEvent({})  # type: ignore[no-untyped-call]

    async def poll(self, path: str) -> int:
        """Return the status of the answer."""
        raise NotImplementedError


class AiohttpTrigger(PollingTrigger):
    """One shared ``aiohttp`` session with default settings."""

    async def poll(self, path: str) -> int:
        """Return the status of the answer."""
        loop = asyncio.get_running_loop()
        if (session := _sessions.get(loop)) is None:
            session = _sessions[loop] = aiohttp.ClientSession(os.environ[ADDRESS], headers=_HEADERS)
        async with session.get(path) as response:
            await response.read()
            return response.status


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()


class BareTrigger(PollingTrigger):
    """Minimal HTTP/1.1 over a few persistent ``asyncio`` streams: about the least that Python needs."""

    async def poll(self, path: str) -> int:
        """Return the status of the answer."""
        loop = asyncio.get_running_loop()
        if (streams := _streams.get(loop)) is None:
            streams = _streams[loop] = _Streams()
        async with streams.places:
            connection = streams.idle.pop() if streams.idle else await streams.open()
            reader, writer = connection
            writer.write(f"GET {path} HTTP/1.1\r\n{streams.headers}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, rest = head.partition(b"Content-Length: ")
            await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
            streams.idle.append(connection)
        return int(head[9:12])


class _Streams:
    def __init__(self) -> None:
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.places = asyncio.Semaphore(_MAX_STREAMS)
        self._address = urlsplit(os.environ[ADDRESS])
        self._context = ssl.create_default_context()
        headers = {"Host": self._address.netloc, **_HEADERS}
        self.headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._address.hostname, self._address.port, ssl=self._context)


_MAX_STREAMS = 64
_streams: WeakKeyDictionary[asyncio.AbstractEventLoop, _Streams] = WeakKeyDictionary()

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(
            name="idle",
            title="no polls at all",
            classpath=f"{__name__}.IdleTrigger",
            arguments=lambda wait: {"until": wait.finished},
        ),
        Contender(
            name="ours",
            title="GenerationTrigger",
            classpath="airflow_provider_getty.triggers.generation.GenerationTrigger",
            arguments=lambda wait: {
                "generation_request_id": identifier(wait.number),
                "submitted": wait.submitted,
                # A trial needs only one poll, which happens immediately.
                "deadline": wait.submitted + (0.5 if wait.is_trial else _DEADLINE),
            },
            connections=lambda address: {
                "getty_default": {
                    "conn_type": "getty",
                    "host": address,
                    "login": "benchmark",
                    "password": "benchmark",
                },
            },
        ),
        Contender(
            name="bare",
            title="bare asyncio loop",
            classpath=f"{__name__}.BareTrigger",
            arguments=lambda wait: {"number": wait.number, "interval": wait.interval},
        ),
        Contender(
            name="aiohttp",
            title="shared aiohttp session",
            classpath=f"{__name__}.AiohttpTrigger",
            arguments=lambda wait: {"number": wait.number, "interval": wait.interval},
        ),
        Contender(
            name="http_sensor",
            title="deferrable HttpSensor",
            classpath="airflow.providers.http.triggers.http.HttpSensorTrigger",
            arguments=lambda wait: {
                "endpoint": f"jobs/{identifier(wait.number)}",
                "poke_interval": wait.interval,
            },
            connections=lambda address: {
                "http_default": {"conn_type": "http", "host": address, "extra": _HEADERS},
            },
            package="airflow.providers.http",
        ),
        Contender(
            name="databricks",
            title="Databricks run trigger",
            classpath="airflow.providers.databricks.triggers.databricks.DatabricksExecutionTrigger",
            arguments=lambda wait: {
                "run_id": wait.number + 1,
                "databricks_conn_id": "databricks_default",
                "polling_period_seconds": wait.interval,
            },
            connections=lambda address: {
                "databricks_default": {
                    "conn_type": "databricks",
                    "host": urlsplit(address).hostname,
                    "port": urlsplit(address).port,
                    "password": "t" * 700,
                },
            },
            package="airflow.providers.databricks",
        ),
    )
}
