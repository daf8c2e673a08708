"""The schedule's promise: the simulated lateness of a triggerer that is never busy."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from heapq import heappop, heappush
from statistics import fmean

from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.results import StillPending
from airflow_provider_getty.api.schedule import Schedule
from airflow_provider_getty.triggers import WORKER_ENDS_IN
from benchmarks.workload import Workload

_STILL_PENDING = StillPending()


@dataclass(frozen=True)
class Promise:
    """The mean lateness in seconds, and the total number of polls."""

    lateness: float
    polls: int


def promise(workload: Workload, *, answer_after: float, seed: int = 1) -> Promise:
    """Simulate waiting for the workload with a new schedule that learns from its polls.

    A triggerer starts a trigger within a second after the submission.

    :param answer_after: seconds until a poll is answered.
    """
    chance = random.Random(seed)  # noqa: S311
    schedule = Schedule()
    lateness = []
    polls = 0
    due: list[tuple[float, int, Polling]] = []
    for number, submitted in enumerate(workload.submitted):
        started = submitted + chance.random()
        polling = Polling("", submitted=submitted, deadline=math.inf, schedule=schedule)
        first = started + polling.first(WORKER_ENDS_IN, now=started, jitter=chance.random())
        heappush(due, (first, number, polling))
    while due:
        at, number, polling = heappop(due)
        polls += 1
        if at >= workload.finished[number]:
            polling.finished(now=at)
            lateness.append(at + answer_after - workload.finished[number])
        else:
            now = at + answer_after
            delay = polling.after(_STILL_PENDING, now=now, jitter=chance.random())
            heappush(due, (now + delay, number, polling))
    return Promise(fmean(lateness), polls)
