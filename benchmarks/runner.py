"""The measured process: Airflow's own ``TriggerRunner``, with probes (``python -m benchmarks.runner``).

Its standard input is the socket over which a ``TriggerRunner`` communicates with its supervisor, here
:mod:`benchmarks.supervisor`. It writes its logs as JSON to a file descriptor, as a triggerer does, but they are
discarded. When all generations are known to be finished, or the time is over, it writes its figures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psutil
from airflow.jobs.triggerer_job_runner import TriggerEventEntry, TriggerRunner
from airflow.sdk.log import configure_logging, reset_logging

# Rarely, because waking an idle loop is expensive, and that cost would be subtracted from the CPU time of busy loops.
_LAG_EVERY = 0.1
TRIALS = 5
"""Generations to wait for before the measurement, so that all code is loaded. They have the first ids."""


@dataclass
class Measured:
    """The figures of one process.

    :param learned: the time when the end of each generation was known (``time.monotonic()``), by trigger id.
    :param failed: ids of triggers whose event reports an error, or that have died.
    :param cpu: seconds of user and system time.
    :param memory: the largest growth of the resident memory, in bytes.
    :param lags: seconds by which a sleep of the event loop came late, one for each 0.1 s.
    """

    learned: dict[int, float] = field(default_factory=dict)
    failed: list[int] = field(default_factory=list)
    cpu: float = 0.0
    elapsed: float = 0.0
    memory: int = 0
    lags: list[float] = field(default_factory=list)


class _Events(deque[TriggerEventEntry]):
    """A runner's queue of events, which records the time of each event."""

    def __init__(self) -> None:
        super().__init__()
        self.times: dict[int, float] = {}
        self.errors: list[int] = []

    def append(self, entry: TriggerEventEntry) -> None:
        self.times[entry.trigger_id] = time.monotonic()
        payload = entry.event.payload
        if isinstance(payload, dict) and payload.get("error"):
            self.errors.append(entry.trigger_id)
        super().append(entry)


class MeasuredRunner(TriggerRunner):
    """Runs triggers as Airflow does, until a number of them have fired or the time is over."""

    def __init__(self, *, count: int, window: float, report: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._events_seen = _Events()
        self.events = self._events_seen
        self._count = count
        self._window = window
        self._report = report
        self._measured = Measured()

    async def arun(self) -> None:
        """Measure while the runner runs; then end this process, even if triggers remain."""
        probing = asyncio.create_task(self._probe())
        running = asyncio.create_task(super().arun())  # type: ignore[no-untyped-call]
        await asyncio.wait([probing, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        probing.result()
        self._report.write_text(json.dumps(asdict(self._measured)))
        os._exit(0)

    async def _probe(self) -> None:
        while len(self._events_seen.times) < TRIALS:  # noqa: ASYNC110 - Airflow appends the events
            await asyncio.sleep(_LAG_EVERY)
        gc.collect()
        process = psutil.Process()
        memory, cpu, since = process.memory_info().rss, _cpu(), time.monotonic()
        most, now = memory, since
        measured = self._measured
        while len(self._events_seen.times) < TRIALS + self._count and now - since < self._window:
            before = time.monotonic()
            await asyncio.sleep(_LAG_EVERY)
            now = time.monotonic()
            measured.lags.append(now - before - _LAG_EVERY)
            most = max(most, process.memory_info().rss)
        measured.cpu, measured.elapsed, measured.memory = _cpu() - cpu, now - since, most - memory
        measured.learned = {id_: at for id_, at in self._events_seen.times.items() if id_ > TRIALS}
        measured.failed = [*self._events_seen.errors, *(id_ for id_, _ in self.failed_triggers)]


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _main(settings: dict[str, Any]) -> None:
    reset_logging()  # type: ignore[no-untyped-call]
    configure_logging(
        json_output=True,
        output=open(os.devnull, "wb", buffering=0),  # noqa: PTH123, SIM115 - the last word on it is this process
        sending_to_supervisor=True,
    )
    report = Path(settings.pop("report"))
    MeasuredRunner(**settings, report=report).run()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
