"""How fast an account may be spoken to: simulated processes against a server that counts over a sliding second."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.pace import Pace

# With a limit


def sent_at(limit: float, pauses: Sequence[float]) -> list[float]:
    """When requests leave that come after these pauses, and each waits for its turn."""
    pace, now, sent = Pace(limit), 0.0, []
    for pause in pauses:
        now += pause
        while delay := pace.delay(now):
            now += delay + 1e-9
        pace.send(now)
        sent.append(now)
    return sent


PAUSES = st.lists(st.floats(min_value=0, max_value=3) | st.just(0.0), max_size=300)


@given(limit=st.floats(min_value=0.1, max_value=100), pauses=PAUSES)
def test_never_more_than_the_limit_is_sent_in_any_one_second(limit: float, pauses: list[float]) -> None:
    sent = sent_at(limit, pauses)
    for start in sent:
        in_second = bisect_left(sent, start + 1) - bisect_left(sent, start)
        assert in_second <= max(1, limit)


@given(limit=st.floats(min_value=0.1, max_value=100), pauses=PAUSES)
def test_who_keeps_to_the_limit_by_himself_hardly_waits(limit: float, pauses: list[float]) -> None:
    pace, now = Pace(limit), 0.0
    apart = 1.05 / (int(limit) if limit >= 1 else limit)
    for pause in pauses:
        now += apart + pause
        assert pace.delay(now) == 0
        pace.send(now)


def test_requests_are_spaced_evenly() -> None:
    sent = sent_at(10, [0] * 40)
    gaps = [b - a for a, b in pairwise(sent)]
    assert gaps == pytest.approx([0.104] * len(gaps))


def test_a_limit_below_one_means_one_request_in_so_many_seconds() -> None:
    assert sent_at(0.25, [0, 0, 2]) == pytest.approx([0, 4.16, 8.32])


def test_a_request_that_leaves_late_counts_from_when_it_left() -> None:
    pace = Pace(2)
    pace.send(0.0)
    pace.sent_late(0.9, by=0.9)
    pace.send(0.9)
    assert pace.delay(1.1) == pytest.approx(0.84)


def test_a_request_that_leaves_late_counts_once_however_late() -> None:
    pace = Pace(3)
    pace.send(0.0)
    pace.sent_late(0.5, by=0.5)
    pace.send(0.6)
    assert pace.delay(0.95) == 0, "a third in this second"

    pace = Pace(2)
    pace.send(0.0)
    assert pace.delay(5.0) == 0
    pace.sent_late(5.0, by=5.0)
    pace.send(5.0)
    assert pace.delay(5.6) == pytest.approx(0.44), "no third in this second"


# Without one


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    at: float
    process: int
    refused: bool


def run(
    limit_of_server: Callable[[float], float],
    *,
    processes: int = 1,
    limit: float | None = None,
    seconds: float = 120,
    begin: Sequence[float] = (0, 0, 0),
    late: float = 0.002,
    seed: int = 1,
) -> list[Seen]:
    """Processes that always have something to send, 10 to 30 ms away from a server with this limit."""
    rng, numbers = random.Random(seed), count()
    paces = [Pace(limit) for _ in range(processes)]
    events: list[tuple[float, int, str, int, float]] = []
    window: deque[float] = deque()
    seen: list[Seen] = []

    def at(time: float, what: str, process: int, sent: float = 0.0) -> None:
        heappush(events, (time, next(numbers), what, process, sent))

    for process in range(processes):
        at(begin[process] + rng.random() / 100, "wants", process)
    while events and events[0][0] < seconds:
        now, _, what, process, sent = heappop(events)
        pace = paces[process]
        match what:
            case "wants" if delay := pace.delay(now):
                at(now + delay + late * rng.random(), "wants", process)
            case "wants":
                pace.send(now)
                at(now + rng.uniform(0.01, 0.03), "arrives", process, now)
                at(now, "wants", process)
            case "arrives":
                while window and window[0] <= now - 1:
                    window.popleft()
                refused = len(window) >= limit_of_server(now)
                seen.append(Seen(now, process, refused))
                if refused:
                    at(now + rng.uniform(0.01, 0.03), "hears", process, sent)
                else:
                    window.append(now)
            case "hears":
                pace.refuse(sent, now)
    return seen


def refused_share(seen: Sequence[Seen]) -> float:
    return sum(one.refused for one in seen) / len(seen)


def rate(seen: Sequence[Seen], begin: float, end: float) -> float:
    """Requests per second that were taken between these times."""
    return sum(begin <= one.at < end and not one.refused for one in seen) / (end - begin)


@pytest.mark.parametrize("limit", [8, 20, 50, 200])
@pytest.mark.parametrize("late", [0.002, 0.02])
def test_with_the_limit_configured_nothing_is_refused_and_nearly_all_of_it_is_used(
    limit: int, late: float
) -> None:
    seen = run(lambda _: limit, limit=limit, late=late)
    assert refused_share(seen) == 0
    assert rate(seen, 10, 120) >= 0.95 * limit


@pytest.mark.parametrize("limit", [20, 50])
@pytest.mark.parametrize("processes", [1, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_without_it_few_are_refused_and_most_of_the_limit_is_used(
    limit: int, processes: int, seed: int
) -> None:
    seen = run(lambda _: limit, processes=processes, seed=seed)
    assert refused_share(seen) < 0.02
    assert refused_share([one for one in seen if one.at > 10]) < 0.015
    assert rate(seen, 10, 120) > 0.9 * limit


def test_processes_that_do_not_know_of_each_other_share_fairly_also_with_late_comers() -> None:
    seen = run(lambda _: 50, processes=3, begin=(0, 60, 90), seconds=600)
    shares = [
        rate([one for one in seen if one.process == process], 200, 600) / rate(seen, 200, 600)
        for process in range(3)
    ]
    assert min(shares) > 0.2
    assert max(shares) < 0.5


def test_a_limit_that_is_lifted_is_outgrown() -> None:
    seen = run(lambda now: 20 if now < 60 else 200, seconds=180)
    assert rate(seen, 150, 180) > 150


def test_a_limit_that_is_found_is_found_fast() -> None:
    assert rate(run(lambda _: 200, seconds=8), 4, 8) > 0.8 * 200


def test_a_limit_that_is_lowered_is_kept_soon() -> None:
    seen = run(lambda now: 200 if now < 60 else 20, seconds=240)
    assert refused_share([one for one in seen if one.at > 120]) < 0.015


def grown(rate: float) -> tuple[Pace, float]:
    """A pace that has grown to this rate without a 429, and the time."""
    pace, now = Pace(None), 0.0
    while pace.rate < rate:
        now += pace.delay(now)
        pace.send(now)
    return pace, now


def test_growth_is_gradual_once_the_limit_is_known() -> None:
    pace, now = grown(20)
    pace.refuse(now, now)
    rates = [(now, pace.rate)]
    while pace.rate < 200:
        now += pace.delay(now)
        pace.send(now)
        rates.append((now, pace.rate))
        while rates[0][0] < now - 3:
            rates.pop(0)
        assert pace.rate <= 2.1 * rates[0][1], "in three seconds it doubles at most"


def test_it_grows_only_while_requests_wait() -> None:
    pace, now = grown(20)
    before = pace.rate
    for _ in range(20):
        now += 1
        assert pace.delay(now) == 0
        pace.send(now)
    assert pace.rate == before


def test_a_429_slows_down_below_what_was_sent_in_a_second_however_high_the_rate_had_grown() -> None:
    pace, now = grown(100)
    for _ in range(30):
        now += 0.1
        assert pace.delay(now) == 0
        pace.send(now)
    pace.refuse(now, now + 0.5)
    assert pace.rate < 10
    assert pace.delay(now + 0.5) == pytest.approx(1 / pace.rate), "the next one leaves at the new rate"


@pytest.mark.parametrize(("every", "is_outage"), [(2, True), (3, False)])
def test_if_getty_refuses_every_second_request_the_rate_falls_fast(every: int, *, is_outage: bool) -> None:
    pace, now = grown(50)
    pace.refuse(now, now)
    before, end = pace.rate, now + 1.5
    for number in count():
        now += pace.delay(now)
        if now > end:
            break
        pace.send(now)
        if not number % every:
            pace.refuse(now, now)
    assert (pace.rate < 0.6 * before) is is_outage
    assert pace.rate > 0.3 * before


def test_a_429_now_and_then_is_no_outage_however_many_there_were() -> None:
    pace, now = grown(50)
    for _ in range(12):
        for _ in range(30):
            now += 0.1
            pace.send(now)
        before = pace.rate
        pace.refuse(now, now)
    assert pace.rate > 0.8 * before


def test_after_getty_took_nothing_for_a_minute_the_rate_is_soon_what_it_was() -> None:
    seen = run(lambda now: 0 if 30 <= now < 90 else 50, seconds=120)
    assert sum(30 < one.at < 90 for one in seen) < 150
    assert rate(seen, 112, 120) > 0.85 * 50


def test_a_second_short_outage_in_the_recovery_does_not_make_it_forget_the_limit() -> None:
    seen = run(lambda now: 0 if 30 <= now < 60 or 70 <= now < 70.3 else 50)
    assert rate(seen, 85, 120) > 0.7 * 50


def test_the_refusals_of_one_burst_slow_down_once() -> None:
    pace = Pace(None)
    for k in range(20):
        pace.send(k / 20)
    pace.refuse(0.95, 1.0)
    once = pace.rate
    pace.refuse(0.9, 1.01)
    pace.refuse(1.5, 1.6)
    assert pace.rate == once
    pace.refuse(2.5, 2.6)
    assert pace.rate < once


def test_below_a_configured_limit_the_rate_follows_the_429s_as_well() -> None:
    seen = run(lambda _: 20, limit=50)
    assert refused_share(seen) < 0.02
    assert 0.9 * 20 < rate(seen, 10, 120) <= 20
    assert rate(run(lambda _: 100, limit=50), 10, 120) <= 50
