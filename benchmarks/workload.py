"""The generations of a benchmark, with their submission times and latencies, the same for every contender."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist


@dataclass(frozen=True, kw_only=True)
class Workload:
    """Generations with log-normal latencies, submitted in bursts as from a mapped task.

    Getty says that a generation is pending for up to 60 s. The longest latency here is shorter, so that a cell of the
    benchmark takes less than a minute: longer latencies are drawn again.

    :param burst: generations per burst.
    :param bursts: the number of bursts.
    :param apart: seconds from one burst to the next.
    :param ramp: seconds over which a burst is spread.
    :param median: the median latency in seconds.
    :param sigma: the standard deviation of the latency's logarithm.
    :param longest: the largest latency in seconds.
    """

    burst: int
    bursts: int = 1
    apart: float = 45.0
    ramp: float = 5.0
    median: float = 15.0
    sigma: float = 0.5
    longest: float = 40.0
    seed: int = 4

    @property
    def count(self) -> int:
        """The number of generations, which are numbered from 0 in the order of submission."""
        return self.burst * self.bursts

    @property
    def end(self) -> float:
        """Seconds from the start until all must be finished."""
        return (self.bursts - 1) * self.apart + self.ramp + self.longest

    @cached_property
    def submitted(self) -> list[float]:
        """Seconds from the start until each is submitted."""
        spacing = self.ramp / self.burst
        return [
            wave * self.apart + place * spacing for wave in range(self.bursts) for place in range(self.burst)
        ]

    @cached_property
    def finished(self) -> list[float]:
        """Seconds from the start until each is finished."""
        chance = random.Random(self.seed)  # noqa: S311
        return [start + self._latency(chance) for start in self.submitted]

    @cached_property
    def latencies(self) -> list[float]:
        """The latency of each in seconds."""
        return [end - start for start, end in zip(self.submitted, self.finished, strict=True)]

    def _latency(self, chance: random.Random) -> float:
        while True:
            latency = chance.lognormvariate(math.log(self.median), self.sigma)
            if latency <= self.longest:
                return latency

    def share_finished(self, age: float) -> float:
        """The share finished at this age, from 0 to 1, by the distribution, not the drawn latencies."""
        if age <= 0:
            return 0.0
        law = NormalDist(math.log(self.median), self.sigma)
        return min(1.0, law.cdf(math.log(age)) / law.cdf(math.log(self.longest)))


def identifier(number: int) -> str:
    """The id of a generation, with the length of Getty's."""
    return f"6a3b1c52-0d4e-4f7a-9c21-{number:012d}"


def numbered(id_: str) -> int:
    """The number in an id."""
    return int(id_[-12:])
