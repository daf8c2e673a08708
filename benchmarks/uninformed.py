"""The best scheduler without foreknowledge under a request limit, as the reference for ours.

It knows what ours has to learn, the distribution of the latencies, and the limit itself, but not when any particular
generation will be finished. Choosing the next poll is a restless bandit problem. Dynamic programming finds the best
policy for a single generation at a given price of a poll; its Whittle index is the price up to which a poll at its
current age is worthwhile. At each turn that the limit allows, the generation with the highest index is polled. Two
simpler rules are tried as well: the probability that a generation is finished, and the expected lateness since its last
poll.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.workload import Workload

Table: TypeAlias = NDArray[np.float64]

_STEP = 0.1  # seconds
_PRICES = np.geomspace(0.002, 60.0, 90)  # seconds of lateness that are worth one poll


@dataclass(frozen=True)
class Outcome:
    """The result of a rule for a workload: the mean lateness in seconds and the number of requests."""

    lateness: float
    requests: int


class Uninformed:
    """Schedulers for one workload and one limit.

    :param per_second: the limit.
    """

    def __init__(self, workload: Workload, per_second: float) -> None:
        self._workload = workload
        self._per_second = per_second
        self._ages = np.arange(0.0, workload.longest + _STEP / 2, _STEP)
        self._below = np.array([workload.share_finished(float(age)) for age in self._ages])
        self._rules = (self._whittle(), self._chance(), self._expected())

    def best(self, requests: int | None = None) -> Outcome:
        """Return the outcome with the smallest lateness.

        :param requests: the largest number of requests; the least valuable polls are omitted. None: as many as the
            limit allows.
        """
        outcomes = [
            self._simulate(rule, 0.0) if requests is None else self._sparing(rule, requests)
            for rule in self._rules
        ]
        return min(outcomes, key=lambda outcome: outcome.lateness)

    def _sparing(self, rule: Table, requests: int) -> Outcome:
        thresholds = [0.0, *_PRICES]
        low, high = 0, len(thresholds) - 1
        while low < high:
            middle = (low + high) // 2
            if self._simulate(rule, thresholds[middle]).requests > requests:
                low = middle + 1
            else:
                high = middle
        return self._simulate(rule, thresholds[low])

    def _whittle(self) -> Table:
        """The index by the step of the last poll (row) and the step of the current age (column)."""
        steps = len(self._ages)
        area = np.concatenate([[0.0], np.cumsum((self._below[1:] + self._below[:-1]) / 2 * _STEP)])
        index = np.zeros((steps, steps))
        for price in _PRICES:
            worth = np.zeros(
                steps
            )  # the cost of all further polls, times the probability that they are needed
            for row in range(steps - 2, -1, -1):
                later = slice(row + 1, steps)
                late = area[later] - area[row] - self._below[row] * (self._ages[later] - self._ages[row])
                costs = price * (1 - self._below[row]) + late + worth[later]
                chosen = int(np.argmin(costs))
                worth[row] = costs[chosen]
                index[row, row + 1 + chosen :] = price
        return index

    def _chance(self) -> Table:
        pending = 1 - self._below[:, None]
        return np.where(pending > 0, (self._below[None, :] - self._below[:, None]) / (pending + 1e-12), 0.0)

    def _expected(self) -> Table:
        chance = np.clip(self._chance(), 0.0, 1.0)
        return np.asarray(np.cumsum(chance, axis=1) * _STEP)

    def _simulate(self, rule: Table, threshold: float) -> Outcome:
        """Simulate polling the generation with the highest index, if it is above the threshold."""
        submitted = np.array(self._workload.submitted)
        finished = np.array(self._workload.finished)
        last = np.zeros(len(submitted), dtype=np.intp)
        lateness = np.zeros(len(submitted))
        unknown = np.ones(len(submitted), dtype=bool)
        now, requests = 0.0, 0
        top = len(self._ages) - 1
        while unknown.any():
            now += 1 / self._per_second
            known = np.flatnonzero(unknown & (submitted < now))
            if not known.size:
                continue
            age = now - submitted[known]
            step = np.minimum((age / _STEP).astype(np.intp), top)
            # A generation that must be finished comes first; among several, the one that has waited longest.
            worth = np.where(age >= self._workload.longest, 1e6 + age, rule[last[known], step])
            place = int(np.argmax(worth))
            if worth[place] <= threshold:
                continue
            requests += 1
            chosen = known[place]
            if finished[chosen] <= now:
                lateness[chosen] = now - finished[chosen]
                unknown[chosen] = False
            else:
                last[chosen] = step[place]
        return Outcome(float(lateness.mean()), requests)
