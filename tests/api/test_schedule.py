"""When to look at what is pending."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.schedule import (
    AGES,
    LONGEST_DELAY,
    PRIOR,
    SHORTEST_DELAY,
    Schedule,
    best_plan,
    estimate,
)
from benchmarks import schedule as benchmark
from benchmarks.schedule import Cost, lateness_at, requests_at, simulate

AGE = st.floats(0, 100_000)
JITTER = st.floats(0, 1)
LATENCIES = {latency.name: latency for latency in benchmark.LATENCIES}


def learn(schedule: Schedule, pending_at: float, finished_by: float) -> None:
    subject = schedule.follow()
    assert subject
    subject.pending_at = pending_at
    schedule.learn(subject, finished_by)


def follow(schedule: Schedule, latencies: list[float]) -> Cost:
    """Poll one generation after the other; the schedule learns from each."""
    chance = random.Random(1)
    requests, lateness = 0, 0.0
    for latency in latencies:
        before = age = 0.0
        while True:
            before, age = age, age + schedule.delay(age, jitter=chance.random())
            requests += 1
            if age >= latency:
                break
        lateness += age - latency
        learn(schedule, before, age)
    return Cost(requests / len(latencies), lateness / len(latencies))


def taught(*latencies: float) -> Schedule:
    schedule = Schedule()
    follow(schedule, list(latencies))
    return schedule


# The sample


def test_what_is_still_pending_counts_as_well() -> None:
    """Ten that are found after 3 s say less of the next one if ninety others are known to take more than 10 s."""
    some, alone = Schedule(), Schedule()
    others = [some.follow() for _ in range(90)]
    for other in others:
        assert other
        other.pending_at = 10.0
    for schedule in (some, alone):
        for _ in range(10):
            learn(schedule, 2.0, 3.0)
    assert 3.0 + some.delay(3.0, jitter=0.5) > 10.0 > 3.0 + alone.delay(3.0, jitter=0.5)


def test_only_so_many_are_followed_at_a_time_and_who_leaves_makes_place() -> None:
    schedule = Schedule()
    followed = [schedule.follow() for _ in range(200)]
    assert followed[0] is not None
    assert followed[-1] is None
    followed.clear()
    assert schedule.follow()


# Bounds


@given(st.lists(st.tuples(AGE, AGE), max_size=12), AGE, JITTER)
def test_a_delay_is_half_a_second_to_15_seconds_whatever_was_learned(
    learned: list[tuple[float, float]], age: float, jitter: float
) -> None:
    schedule = Schedule()
    for pending_at, finished_by in learned:
        learn(schedule, pending_at, finished_by)
    assert SHORTEST_DELAY <= schedule.delay(age, jitter=jitter) <= LONGEST_DELAY


@pytest.mark.parametrize("age", [310, 3_600, 1e9])
def test_beyond_all_ages_that_are_told_apart_looks_come_every_15_seconds(age: float) -> None:
    assert Schedule().delay(age, jitter=0.5) == pytest.approx(LONGEST_DELAY, rel=0.1)


def test_what_was_submitted_together_is_not_polled_together() -> None:
    schedule = Schedule()
    delays = [schedule.delay(20, jitter=jitter / 10) for jitter in range(1, 11)]
    assert max(delays) > 1.1 * min(delays)


# The best plan


def cost_of(looks: tuple[float, ...], shares: list[float], ages: list[float], worth: float) -> float:
    """What a plan costs, from the definition."""
    cost = 0.0
    for share, (start, end) in zip(shares, pairwise(ages), strict=True):
        needed = [look for look in looks if look <= start]
        found = min(look for look in looks if look >= end)
        cost += share * (worth * (len(needed) + 1) + found - (start + end) / 2)
    return cost


@given(st.lists(st.floats(0.01, 1), min_size=7, max_size=7), st.sampled_from([0.2, 1, 5]))
def test_no_other_looks_cost_less_than_those_of_the_plan(weights: list[float], price: float) -> None:
    ages = [0.0, 1, 2, 4, 5, 7, 10, 12]
    shares = [weight / sum(weights) for weight in weights]
    worth = 0.6 * price
    plan = best_plan(shares, price, ages=ages, spread_cost=0)
    least = min(
        cost_of((*looks, 12), shares, ages, worth) for n in range(7) for looks in combinations(ages[1:-1], n)
    )
    assert worth * plan.requests + plan.lateness == pytest.approx(least)


def test_the_dearer_a_request_is_the_fewer_there_are_and_the_later_the_results() -> None:
    plans = [best_plan(PRIOR, price) for price in (0.1, 0.5, 1, 2, 5, 20, 100, 1_000)]
    assert all(dear.requests < cheap.requests for cheap, dear in pairwise(plans))
    assert all(dear.lateness > cheap.lateness for cheap, dear in pairwise(plans))


def test_a_plan_keeps_what_it_promises() -> None:
    latency = LATENCIES["log-normal 15 s"]
    promised = latency.known(0, price=1)
    kept = simulate(latency, benchmark.clairvoyant(latency, 1))
    assert (kept.requests, kept.lateness) == pytest.approx((promised.requests, promised.lateness), rel=0.05)


# What was learned


@given(st.dictionaries(st.tuples(st.integers(0, 150), st.integers(1, 60)), st.integers(1, 300), max_size=20))
def test_an_estimate_is_a_distribution(lengths: dict[tuple[int, int], int]) -> None:
    observed = Counter({(start, start + length): count for (start, length), count in lengths.items()})
    shares = estimate(observed, PRIOR)
    assert all(0 < share < 1 for share in shares)
    assert sum(shares) == pytest.approx(1, abs=0.001)


def test_few_looks_do_not_wash_out_what_was_learned() -> None:
    at = next(k for k, age in enumerate(AGES) if age > 15)
    shares = estimate(Counter({(at - 1, at): 100, (0, len(AGES) - 1): 300}), PRIOR)
    assert sum(shares[at - 10 : at + 10]) > 0.85


def test_a_latency_that_never_changes_takes_at_most_one_poll_more_than_the_longest_delay_asks_for() -> None:
    for latency in (2.0, 15.0, 40.0):
        schedule = taught(*[latency] * 500)
        cost = follow(schedule, [latency] * 200)
        assert cost.requests < 1.2 + math.ceil(latency / LONGEST_DELAY)
        assert cost.lateness < 0.15 * latency


@pytest.mark.parametrize(("before", "after"), [(15, 5), (5, 15), (40, 3), (3, 40)])
def test_a_service_that_has_become_faster_or_slower_is_learned_within_500_generations(
    before: float, after: float
) -> None:
    schedule = taught(*[before] * 600)
    follow(schedule, [after] * 500)
    known = follow(taught(*[after] * 600), [after] * 200)
    relearned = follow(schedule, [after] * 200)
    assert relearned.requests < known.requests + 1
    assert relearned.lateness < known.lateness + 0.05 * after + 0.3


@pytest.mark.parametrize(
    "draw",
    [
        lambda chance: chance.uniform(0, 60),
        lambda chance: chance.expovariate(1 / 10),
        lambda chance: chance.lognormvariate(3, 1.2),
        lambda chance: chance.uniform(0.1, 1),
        lambda chance: chance.choice([1.0, 20.0, 120.0]),
        lambda chance: 400.0,
    ],
    ids=["uniform", "exponential", "wide log-normal", "under a second", "three peaks", "beyond all ages"],
)
def test_what_was_learned_does_no_harm(draw: Callable[[random.Random], float]) -> None:
    latency = benchmark.Latency("", lambda _, chance: draw(chance), lambda _, __: 0)

    def price(contender: Callable[[benchmark.Latency, float], benchmark.Contender]) -> float:
        cost = simulate(latency, contender(latency, 1), generations=1_500)
        return 0.6 * cost.requests + cost.lateness

    assert price(benchmark.learning) < 1.05 * price(benchmark.untaught)


# Beside a grid of 5 s


@pytest.mark.parametrize(
    ("name", "fewer_requests", "less_lateness"),
    [
        ("constant 15 s", 0.5, 0.65),
        ("80 % 3 s, 20 % 50 s", 0.35, 0.75),
        # Here the best schedule for a known law saves 37 to 42 %, no more (python -m benchmarks.schedule).
        ("log-normal 15 s", 0.29, 0.31),
        ("drifting 8 to 30 s", 0.29, 0.31),
    ],
)
def test_fewer_requests_at_equal_lateness_and_less_lateness_at_equal_requests(
    name: str, fewer_requests: float, less_lateness: float
) -> None:
    latency = LATENCIES[name]
    grid = simulate(latency, benchmark.grid(latency, 5), generations=3_000)
    curve = [
        simulate(latency, benchmark.learning(latency, p), generations=3_000)
        for p in (0.35, 0.5, 0.7, 1, 1.4, 2, 2.8)
    ]
    assert requests_at(grid.lateness, curve) < (1 - fewer_requests) * grid.requests
    assert lateness_at(grid.requests, curve) < (1 - less_lateness) * grid.lateness
