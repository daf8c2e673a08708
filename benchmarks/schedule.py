"""When to poll: requests versus lateness, simulated without network or clock.

    python -m benchmarks.schedule

Generations are submitted steadily, many in flight at a time, with latencies drawn from a seed. Each schedule has one
parameter that trades requests for lateness (an interval, a longest delay, a share, a price). The program sweeps it, and
reads the curve at the mean lateness of the 5 s grid, and at its mean number of requests. The learning schedule starts
untaught and knows only the results of its own polls; the cost of learning is included.

A grid polls as soon as its trigger runs, at a random time within one interval. So no latency matches a grid by chance,
and its mean lateness is half the interval for all latencies. The last table shows how much depends on that, and on the
spread of the latencies, for the best possible schedule.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import NormalDist

from airflow_provider_getty.api.schedule import Observation, Plan, Schedule, best_plan

GENERATIONS = 4_000
PER_SECOND = 10.0
SEED = 20_261_122
# Getty says that a generation is pending for up to 60 s: here 3 in 1,000 take longer, with a sigma of 0.6 it is 10.
MEDIAN, SIGMA = 15.0, 0.5
INTERVAL = 5.0

# Finer than the schedule's own resolution, for those who know the distribution.
_FINE_AGES = (0.0, *(0.5 * 1.01**k for k in range(650)))
_PRICES = (0.0625, 0.125, 0.25, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 8.0, 16.0)


# Latencies


@dataclass(frozen=True)
class Latency:
    """The latencies of generations.

    :param draw: returns the seconds of one generation, given the elapsed share of the run, from 0 to 1.
    :param finished: returns the share that is finished at an age; the first argument is the same.
    :param stages: the number of parts into which the clairvoyant divides the run.
    """

    name: str
    draw: Callable[[float, random.Random], float]
    finished: Callable[[float, float], float]
    stages: int = 1

    def known(self, over: float, price: float) -> Plan:
        """The best plan for a known distribution."""
        finished = [self.finished(over, age) for age in _FINE_AGES]
        shares = [b - a for a, b in pairwise(finished)]
        return best_plan(shares, price, ages=_FINE_AGES, spread_cost=0.0)


def log_normal(name: str, median: Callable[[float], float], sigma: float = SIGMA, stages: int = 1) -> Latency:
    """Latencies whose median may change during the run."""
    return Latency(
        name,
        lambda over, chance: chance.lognormvariate(math.log(median(over)), sigma),
        lambda over, age: NormalDist(math.log(median(over)), sigma).cdf(math.log(age)) if age else 0.0,
        stages,
    )


LATENCIES = (
    log_normal("log-normal 15 s", lambda _: MEDIAN),
    Latency("constant 15 s", lambda _, __: 15.0, lambda _, age: float(age >= 15)),  # noqa: PLR2004
    Latency(
        "80 % 3 s, 20 % 50 s",
        lambda _, chance: 3.0 if chance.random() < 0.8 else 50.0,  # noqa: PLR2004
        lambda _, age: 0.8 * (age >= 3) + 0.2 * (age >= 50),  # noqa: PLR2004
    ),
    log_normal("drifting 8 to 30 s", lambda over: 8 * (30 / 8) ** over, stages=20),
    log_normal("15 s, sigma 0.6", lambda _: MEDIAN, sigma=0.6),
)


# Schedules


@dataclass(frozen=True)
class Contender:
    """A schedule.

    :param delay: returns the seconds until the next poll, given the age of a generation (0: no poll yet), the elapsed
        share of the run at its submission, and a source of random numbers.
    :param schedule: the schedule that learns from the polls, if any.
    """

    delay: Callable[[float, float, random.Random], float]
    schedule: Schedule | None = None


def grid(_: Latency, interval: float) -> Contender:
    """Polls at fixed intervals, starting when the trigger runs."""
    return Contender(lambda age, _, chance: interval if age else chance.uniform(0, interval))


def exponential(_: Latency, longest: float) -> Contender:
    """Delays of 1, 2, 4 … seconds up to the longest."""
    return Contender(lambda age, _, chance: min(age + 1.0, longest) * chance.uniform(0.9, 1.1))


def by_age(_: Latency, share: float) -> Contender:
    """Delays that are a share of the age, from 1 to 15 s."""
    return Contender(lambda age, _, chance: min(max(age * share, 1.0), 15.0) * chance.uniform(0.9, 1.1))


def untaught(_: Latency, price: float) -> Contender:
    """Ours, in its initial state."""
    schedule = Schedule(price)
    return Contender(lambda age, _, chance: schedule.delay(age, jitter=chance.random()))


def learning(_: Latency, price: float, *, not_before: float = 0.0) -> Contender:
    """Ours."""
    schedule = Schedule(price)

    def delay(age: float, _: float, chance: random.Random) -> float:
        return max(schedule.delay(age, jitter=chance.random()), 0.0 if age else not_before)

    return Contender(delay, schedule)


def learning_late(latency: Latency, price: float) -> Contender:
    """Ours, with the trigger's first poll no earlier than 5 s after the submission."""
    return learning(latency, price, not_before=5.0)


def clairvoyant(latency: Latency, price: float) -> Contender:
    """The best schedule for a known distribution of latencies."""
    plan = cache(lambda stage: latency.known((stage + 0.5) / latency.stages, price))
    return Contender(lambda age, over, _: plan(int(over * latency.stages)).next_look(age, spread=0.0) - age)


SCHEDULES: dict[str, tuple[Callable[[Latency, float], Contender], Sequence[float]]] = {
    "a grid": (grid, (1, 2, 3, 4, 5, 6, 8, 12)),
    "exponential": (exponential, (1, 2, 3, 4, 5, 6, 8, 12, 16, 60)),
    "by age": (by_age, (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0)),
    "ours, untaught": (untaught, _PRICES),
    "ours, learning": (learning, _PRICES),
    "ours, from 5 s on": (learning_late, _PRICES),
    "law known": (clairvoyant, _PRICES),
}


# The simulation


@dataclass(frozen=True)
class Cost:
    """Means per generation: polls, and seconds from its completion to the poll that finds it."""

    requests: float
    lateness: float


def simulate(latency: Latency, contender: Contender, *, generations: int = GENERATIONS) -> Cost:
    """Simulate all generations, with all polls in order of time."""
    chance = random.Random(SEED)  # noqa: S311
    latencies = [latency.draw(n / generations, chance) for n in range(generations)]
    requests, lateness = 0, 0.0
    observations: dict[int, Observation] = {}
    polls: list[tuple[float, int, float]] = []  # due, which, its age
    for n, took in enumerate([*latencies, math.inf]):
        submitted = n / PER_SECOND if n < generations else math.inf
        while polls and polls[0][0] <= submitted:
            now, which, age = heapq.heappop(polls)
            requests += 1
            if age >= latencies[which]:
                lateness += age - latencies[which]
                if contender.schedule and which in observations:
                    contender.schedule.learn(observations.pop(which), age)
                continue
            if which in observations:
                observations[which].pending_at = age
            delay = contender.delay(age, which / generations, chance)
            heapq.heappush(polls, (now + delay, which, age + delay))
        if took < math.inf:
            first = contender.delay(0.0, n / generations, chance)
            heapq.heappush(polls, (submitted + first, n, first))
            if contender.schedule and (observation := contender.schedule.follow()):
                observations[n] = observation
    return Cost(requests / generations, lateness / generations)


def sweep(latency: Latency, name: str, *, generations: int = GENERATIONS) -> list[Cost]:
    """The curve of a schedule."""
    contender, settings = SCHEDULES[name]
    return [simulate(latency, contender(latency, setting), generations=generations) for setting in settings]


def requests_at(lateness: float, curve: Iterable[Cost]) -> float:
    """The fewest requests at no more than this lateness, interpolated between settings."""
    return _read(lateness, [(cost.lateness, cost.requests) for cost in curve])


def lateness_at(requests: float, curve: Iterable[Cost]) -> float:
    """The smallest lateness with no more than this many requests, interpolated likewise."""
    return _read(requests, [(cost.requests, cost.lateness) for cost in curve])


def _read(bound: float, curve: Sequence[tuple[float, float]]) -> float:
    least = min((y for x, y in curve if x <= bound), default=math.inf)
    for (x0, y0), (x1, y1) in pairwise(curve):
        if min(x0, x1) <= bound <= max(x0, x1) and x0 != x1:
            least = min(least, y0 + (y1 - y0) * (bound - x0) / (x1 - x0))
    return least


# The tables


def _per_cent(ratio: float) -> str:
    return f"{ratio:6.0%}" if math.isfinite(ratio) else "     -"


def compare() -> None:
    """Print each schedule relative to the 5 s grid: requests at its lateness, lateness at its requests."""
    print(f"{'':20}" + "".join(f"{latency.name:>21}" for latency in LATENCIES))
    grids = [simulate(latency, grid(latency, INTERVAL)) for latency in LATENCIES]
    print(f"{'the 5 s grid':20}" + "".join(f"{c.requests:10.2f} {c.lateness:8.2f} s" for c in grids))
    for name in SCHEDULES:
        cells = ""
        for latency, base in zip(LATENCIES, grids, strict=True):
            curve = sweep(latency, name)
            fewer = requests_at(base.lateness, curve) / base.requests
            earlier = lateness_at(base.requests, curve) / base.lateness
            cells += f"{_per_cent(fewer):>11}{_per_cent(earlier):>10}"
        print(f"{name:20}{cells}", flush=True)
    print(
        f"{'oracle: one poll':20}"
        + "".join(f"{_per_cent(1 / c.requests):>11}{_per_cent(0):>10}" for c in grids)
    )
    cells = ""
    for latency in LATENCIES:
        cost = simulate(latency, learning(latency, 1.0))
        cells += f"{cost.requests:10.2f} {cost.lateness:8.2f} s"
    print(f"{'ours at price 1':20}{cells}")


# The time of a 5 s grid's first poll, and the number of polls that it adds to the mean latency in intervals.
_GRIDS = {"after 5 s": 0.5, "at random": 1.0, "at once": 1.5}


def bound() -> None:
    """Print what the best schedule for a known log-normal distribution saves, by sigma and first poll of the grid."""
    print(f"{'grid polls first':20}" + "".join(f"{name:>21}" for name in _GRIDS))
    for sigma in (0.3, 0.4, 0.5, 0.6, 0.8):
        latency = log_normal("", lambda _: MEDIAN, sigma)
        plans = [latency.known(0.0, 2 ** (k / 4)) for k in range(-14, 14)]
        curve = [Cost(plan.requests, plan.lateness) for plan in plans]
        mean = MEDIAN * math.exp(sigma**2 / 2)
        cells = ""
        for extra in _GRIDS.values():
            requests = mean / INTERVAL + extra
            fewer = requests_at(INTERVAL / 2, curve) / requests
            earlier = lateness_at(requests, curve) / (INTERVAL / 2)
            cells += f"{_per_cent(fewer):>11}{_per_cent(earlier):>10}"
        print(f"sigma {sigma:<14}{cells}")


def main() -> None:
    """Print the tables."""
    print("Requests at the mean lateness of the 5 s grid, and mean lateness at its number of requests:\n")
    compare()
    print("\nThe same for the best possible schedule with a known log-normal distribution (median 15 s):\n")
    bound()


if __name__ == "__main__":
    main()
