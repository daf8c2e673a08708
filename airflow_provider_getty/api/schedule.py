"""Decides when to look at pending generations, and learns from the ages at which earlier ones were found finished.

Each look costs a request; each second between a completion and the next look is lateness. For a known distribution
of the ages at which generations finish there is a best plan of looks (Barlow and Proschan, "Mathematical Theory of
Reliability", 1965, on inspection policies), found by dynamic programming. The distribution is estimated from
the looks themselves: pending at one age and finished by a later one is an interval, not a point. Pending generations
count as well, as otherwise only the quick ones would be known at first (Turnbull, "The Empirical
Distribution Function with Arbitrarily Grouped, Censored and Truncated Data", 1976).

Nothing here does I/O, knows the time, or draws a random number.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from statistics import NormalDist
from weakref import WeakSet

SHORTEST_DELAY = 0.5
LONGEST_DELAY = 15.0

# Seconds of lateness that one request is worth at price 1; a 5 s grid pays about as much.
_WORTH = 0.6

# Ages are distinguished to 3 %, up to one that few generations reach.
_RESOLUTION = 1.03
_OLDEST = 300.0
_STEPS = math.ceil(math.log(_OLDEST / SHORTEST_DELAY, _RESOLUTION))
AGES = (0.0, *(SHORTEST_DELAY * _RESOLUTION**k for k in range(_STEPS + 1)))

# How many generations are followed at a time, and how many finished ones are remembered.
_FOLLOWED = 150
_MEMORY = 500
# After this number of further completions there is a new estimate.
_NEWS = 100
_ITERATIONS = 12
# Shares are smoothed over this number of steps to either side. Otherwise the estimate could put a peak among ages that
# no look distinguishes.
_SMOOTHING = 4
# The prior weighs as much as this number of completions, and has this share in the first guess.
_PRIOR_WEIGHT = 8.0
_PRIOR_IN_GUESS = 0.1

# Looks are spread over the ages that cost at most this share of a request more than the best one, within a tenth
# of the delay.
_SPREAD_COST = 0.04
_SPREAD = 0.1
# This share of the looks comes earlier, at any age before: nothing else reveals that the service has become faster.
_EXPLORING = 0.03


def _prior() -> list[float]:
    """Getty documents up to 60 s; most generations take far less. A fifth of the prior is spread evenly."""
    typical = NormalDist(math.log(12), 0.8)
    below = [0.0, *(0.8 * typical.cdf(math.log(age)) + 0.2 * k / _STEPS for k, age in enumerate(AGES[1:]))]
    return [b - a for a, b in pairwise(below)]


PRIOR = tuple(_prior())


def estimate(observed: Counter[tuple[int, int]], guess: Sequence[float]) -> Sequence[float]:
    """Shares of the completions between each of AGES and the next, by expectation-maximization with smoothing.

    Each completion counts for the ages between its two looks in proportion to their present shares, so that a few
    sparse looks do not wash out what many others have shown.

    :param observed: how many were pending at AGES[i] and finished by AGES[j], by (i, j); pending ones count as
        finished by the last of AGES.
    :param guess: the previous estimate.
    """
    total = observed.total() + _PRIOR_WEIGHT
    prior = [p * _PRIOR_WEIGHT / total for p in PRIOR]
    intervals = [(i, j, count / total) for (i, j), count in observed.items()]
    shares = [g + _PRIOR_IN_GUESS * (p - g) for g, p in zip(guess, PRIOR, strict=True)]
    for _ in range(_ITERATIONS):
        shares = _smooth(shares)
        below = [0.0, *accumulate(shares)]
        gains = [0.0] * len(below)  # by how much each factor differs from the one before it
        for i, j, count in intervals:
            factor = count / (below[j] - below[i])
            gains[i] += factor
            gains[j] -= factor
        shares = [p + s * factor for p, s, factor in zip(prior, shares, accumulate(gains[:-1]), strict=True)]
    return shares


def _smooth(shares: Sequence[float]) -> list[float]:
    width = 2 * _SMOOTHING + 1
    padded = [shares[0]] * _SMOOTHING + list(shares) + [shares[-1]] * _SMOOTHING
    below = [0.0, *accumulate(padded)]
    return [(b - a) / width for a, b in zip(below, below[width:], strict=False)]


@dataclass(frozen=True)
class Plan:
    """The best next look for each age.

    :param ages: the ages, in seconds.
    :param earliest: the age at the next look for each but the last of them, at the earliest; and
    :param latest: at the latest.
    :param longest: seconds between looks beyond the last age.
    :param requests: looks per generation that it expects; and
    :param lateness: seconds.
    """

    ages: Sequence[float]
    earliest: Sequence[float]
    latest: Sequence[float]
    longest: float
    requests: float
    lateness: float

    def next_look(self, age: float, *, spread: float) -> float:
        """The age at the next look.

        :param spread: from 0, the earliest, to 1, the latest.
        """
        after = bisect_right(self.ages, age)
        if after == len(self.ages):
            return age + self.longest * (1 - _SPREAD * spread)
        nearest = max(after - 1, 0)
        if nearest + 1 < len(self.earliest) and self.ages[after] - age < age - self.ages[nearest]:
            nearest += 1
        return self.earliest[nearest] + spread * (self.latest[nearest] - self.earliest[nearest])


def best_plan(
    shares: Sequence[float],
    price: float,
    *,
    ages: Sequence[float] = AGES,
    spread_cost: float = _SPREAD_COST,
) -> Plan:
    """Find the looks whose requests and lateness together cost least.

    :param shares: of the completions between each age and the next; the rest to 1 finishes after the last age.
    :param price: of a request; 1: :data:`_WORTH` seconds of lateness.
    :param ages: at which to look, from 0.
    :param spread_cost: the share of a request that a look may cost more than the best one, to spread looks; 0: none.
    """
    worth = price * _WORTH
    longest = LONGEST_DELAY * math.sqrt(max(1.0, price))  # rarer looks may be later, too
    last = len(ages) - 1
    below = [0.0, *accumulate(shares)]
    moment = [0.0, *accumulate(s * (a + b) / 2 for s, (a, b) in zip(shares, pairwise(ages), strict=True))]
    # The lateness of a look at ages[j] after one at ages[i], ages[j] * (below[j] - below[i]) - (moment[j] - moment[i]),
    # is split: ``onward[j]`` holds the part that depends on j alone, and the cost of all later looks.
    onward = [0.0] * last + [ages[last] * below[last] - moment[last]]
    requests = [0.0] * (last + 1)
    earliest, latest = [0.0] * last, [0.0] * last
    for i in reversed(range(last)):
        pending = max(0.0, 1.0 - below[i])
        first = min(bisect_left(ages, ages[i] + SHORTEST_DELAY, lo=i + 1), last)
        beyond = max(bisect_right(ages, ages[i] + longest, lo=first), first + 1)
        costs = [c - a * below[i] for c, a in zip(onward[first:beyond], ages[first:beyond], strict=True)]
        best = costs.index(min(costs))
        options = list(zip(ages[first:beyond], costs, strict=True))
        low, high = _nearly_as_good(options, best, ages[i], spread_cost * worth * pending)
        earliest[i], latest[i] = low, high
        requests[i] = pending + requests[first + best]
        onward[i] = costs[best] + worth * pending + ages[i] * below[i]
    return Plan(ages, earliest, latest, longest, requests[0], onward[0] - worth * requests[0])


def _nearly_as_good(
    options: Sequence[tuple[float, float]], best: int, age: float, extra: float
) -> tuple[float, float]:
    """The first and the last of the ages around the best one that cost little more.

    :param options: the ages and their costs.
    :param best: the index of the best one.
    :param age: the age from which the delay counts.
    :param extra: the additional cost that is allowed; 0: only the best age.
    """
    at, cost = options[best]
    reach = _SPREAD * (at - age)
    low = high = best
    while low > 0 and options[low - 1][1] <= cost + extra and options[low - 1][0] >= at - reach:
        low -= 1
    while (
        high + 1 < len(options)
        and options[high + 1][1] <= cost + extra
        and options[high + 1][0] <= at + reach
    ):
        high += 1
    if low == high and extra > 0:  # a sharp optimum: a step later is better than all being too early
        high = min(high + 1, len(options) - 1)
    return options[low][0], options[high][0]


class Observation:
    """A generation or download that a schedule learns from.

    :ivar pending_at: the age, in seconds, at which it was last seen pending; 0 before.
    """

    __slots__ = ("__weakref__", "pending_at")

    def __init__(self) -> None:
        self.pending_at = 0.0


class Schedule:
    """When to look at pending generations or downloads of one kind; learns the ages at which they finish.

    :param price: of a request; see :func:`best_plan`.
    """

    def __init__(self, price: float = 1.0) -> None:
        self._price = price
        self._followed: WeakSet[Observation] = WeakSet()
        self._observed: deque[tuple[int, int]] = deque(maxlen=_MEMORY)
        self._news = 0
        self._next_estimate = 1
        self.is_recalled = False
        """Whether it has received the observations of other processes."""
        self.unshared: deque[tuple[int, int]] = deque(maxlen=_MEMORY)
        """Observations not yet shared with other processes: the indexes in AGES between which generations finished."""
        self._shares: Sequence[float] = PRIOR
        self._plan: Plan | None = None

    def delay(self, age: float, *, jitter: float) -> float:
        """Seconds until the next look at something that is still pending.

        :param age: seconds since it was submitted; 0 asks for the first look.
        :param jitter: a random number from 0 to 1, so that what was submitted together is not polled together.
        """
        if self._plan is None:
            self._plan = best_plan(self._shares, self._price)
        plan = self._plan
        if jitter < _EXPLORING:
            delay = (plan.next_look(age, spread=0.0) - age) * jitter / _EXPLORING
        else:
            delay = plan.next_look(age, spread=(jitter - _EXPLORING) / (1 - _EXPLORING)) - age
        return min(max(delay, SHORTEST_DELAY), plan.longest)

    def follow(self) -> Observation | None:
        """Start to learn from a new generation; None if enough others are followed already.

        Keep the observation as long as the generation is waited for, and update its ``pending_at``.
        """
        if len(self._followed) >= _FOLLOWED:
            return None
        observation = Observation()
        self._followed.add(observation)
        return observation

    def learn(self, observation: Observation, finished_by: float) -> None:
        """Learn from a completion.

        :param finished_by: the age, in seconds, at which the generation was found finished.
        """
        self._followed.discard(observation)
        i = _step(observation.pending_at)
        j = min(max(bisect_left(AGES, finished_by), i + 1), _STEPS + 1)
        self._observed.append((i, j))
        self.unshared.append((i, j))
        self._news += 1
        if self._news >= self._next_estimate:
            self._news = 0
            self._next_estimate = min(2 * self._next_estimate, _NEWS)
            pending = ((_step(other.pending_at), _STEPS + 1) for other in self._followed if other.pending_at)
            self._shares = estimate(Counter(self._observed) + Counter(pending), self._shares)
            self._plan = None

    def recall(self, learned: Iterable[tuple[int, int]]) -> None:
        """Add the observations of other processes, oldest first; they count as older than those of this one."""
        known = [(i, j) for i, j in learned if 0 <= i < j <= _STEPS + 1]
        if known:
            self._observed = deque([*known, *self._observed], maxlen=_MEMORY)
            self._next_estimate = _NEWS
            self._shares = estimate(Counter(self._observed), self._shares)
            self._plan = None


class Schedules(defaultdict[str, Schedule]):
    """A schedule for each kind of generation or download."""

    def __init__(self) -> None:
        super().__init__(Schedule)


def _step(age: float) -> int:
    """The index of the last of AGES that is not above this age, except the oldest."""
    return min(max(bisect_right(AGES, age) - 1, 0), _STEPS)
