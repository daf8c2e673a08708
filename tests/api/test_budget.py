"""How fast an account may be spoken to: simulated processes against a server that counts over a sliding second."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.budget import RequestBudget, budget_of
from airflow_provider_getty.api.coordinator import Command, Coordinator, CoordinatorError
from airflow_provider_getty.api.line import Booking, Line
from airflow_provider_getty.api.pace import Pace
from tests.support.scripted_getty import account, answer, error

OVER_QPS = answer(
    429, {"message": "Too Many Requests"}, x_error_detail="Account Over Queries Per Second Limit"
)
TOO_MANY_PENDING = error(429, "TooManyConcurrentGenerations")
DAILY = error(429, "DailyRequestLimitExceeded")

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


def test_after_getty_took_nothing_for_a_minute_the_rate_is_soon_what_it_was() -> None:
    seen = run(lambda now: 0 if 30 <= now < 90 else 50, seconds=120)
    assert sum(30 < one.at < 90 for one in seen) < 150
    assert rate(seen, 112, 120) > 0.85 * 50


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


# Who goes first


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def served(budget: RequestBudget, clock: Clock, *, calls: int, polls: bool, seconds: float) -> list[str]:
    """In which order the requests go out while so many calls stand in line, and polls wait as well."""
    order, line = [], [budget.queue() for _ in range(calls)]
    end = clock.now + seconds
    while clock.now < end:
        if polls and not budget.take_poll(1):
            order.append("poll")
        if line and not budget.take_call(line[0]):
            order.append("call")
            budget.leave(line.pop(0))
            line.append(budget.queue())
        clock.now += 0.01
    return order


def test_calls_go_before_polls_but_polls_do_not_starve() -> None:
    clock = Clock()
    order = served(RequestBudget(10, monotonic=clock), clock, calls=3, polls=True, seconds=20)
    assert order[:10] == [*["call"] * 4, "poll", *["call"] * 4, "poll"]
    assert 0.7 < order.count("call") / len(order) < 0.9
    assert len(order) > 180


def test_after_four_calls_the_fifth_lets_a_poll_that_waits_go_first() -> None:
    clock = Clock()
    budget = RequestBudget(10, monotonic=clock)
    calls = [budget.queue() for _ in range(5)]
    for number in calls[:4]:
        assert budget.take_poll(1) != 0
        assert budget.take_call(number) == 0
        budget.leave(number)
        clock.now += 0.11
    assert budget.take_call(calls[4]) != 0
    assert budget.take_poll(1) == 0


def test_without_calls_the_polls_have_it_all_and_the_other_way_round() -> None:
    clock = Clock()
    assert len(served(RequestBudget(10, monotonic=clock), clock, calls=0, polls=True, seconds=20)) > 180
    assert len(served(RequestBudget(10, monotonic=clock), clock, calls=3, polls=False, seconds=20)) > 180


def test_pollers_take_turns_and_one_that_went_holds_up_nobody() -> None:
    clock = Clock()
    budget, order = RequestBudget(10, monotonic=clock), []
    while clock.now < 110:
        order += [poller for poller in (1, 2) if not budget.take_poll(poller)]
        clock.now += 0.01
    assert 0.45 < order.count(1) / len(order) < 0.55
    while clock.now < 120:
        order += [1] * (not budget.take_poll(1))
        clock.now += 0.01
    assert len(order) > 180


def test_who_stands_further_back_is_told_to_wait_longer() -> None:
    budget = RequestBudget(10, monotonic=Clock())
    first, second, third = (budget.queue() for _ in range(3))
    assert budget.take_call(first) == 0
    budget.leave(first)
    waits = [budget.take_call(number) for number in (second, third)]
    assert waits == [pytest.approx(0.104), pytest.approx(0.208)]


def test_who_gives_up_his_place_holds_up_nobody() -> None:
    clock = Clock()
    budget = RequestBudget(10, monotonic=clock)
    gone, here = budget.queue(), budget.queue()
    budget.leave(gone)
    assert budget.take_call(here) == 0


# In a line with other processes


@dataclass
class InLine:
    """A budget whose slots come from a coordinator; what that replies is for the test to say."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        line = Line(Coordinator(account(coordinator="redis://redis.example.com")))
        self.budget = RequestBudget(None, line=line, monotonic=self.clock)

    def booked(self, wait: float | Booking, slots: int, *, rate: float = 10.0) -> None:
        """Grant a booking its slots: the first one now, the others at the rate."""
        assert isinstance(wait, Booking)
        self.budget.booked(wait, [slots, 0, 1e6 / rate, 0, rate])


@pytest.fixture
def in_line() -> InLine:
    return InLine()


def test_in_a_line_a_request_leaves_in_a_slot_that_was_booked_for_it(in_line: InLine) -> None:
    budget = in_line.budget
    first, second = budget.queue(), budget.queue()
    in_line.booked(budget.take_call(first), 2)
    assert budget.rate == 10
    assert budget.take_call(first) == 0
    budget.leave(first)
    assert budget.take_call(second) == pytest.approx(0.1)
    in_line.clock.now += 0.1
    assert budget.take_call(second) == 0


def test_in_a_line_calls_go_before_polls_but_polls_do_not_starve(in_line: InLine) -> None:
    budget, order = in_line.budget, list[str]()
    call = budget.queue()
    in_line.booked(budget.take_call(call), 101)
    due = {"call": in_line.clock.now, "poll": in_line.clock.now}
    while len(order) < 100:
        for who in sorted(due, key=lambda who: due[who]):
            if due[who] > in_line.clock.now:
                continue
            wait = budget.take_call(call) if who == "call" else budget.take_poll(1)
            assert not isinstance(wait, Booking)
            due[who] = in_line.clock.now + wait
            if not wait:
                order.append(who)
            if not wait and who == "call":
                budget.leave(call)
                call = budget.queue()
        in_line.clock.now += 0.005
    assert order.count("call") == pytest.approx(80, abs=5)


def test_in_a_line_it_is_the_turn_of_a_poll_after_four_calls(in_line: InLine) -> None:
    budget = in_line.budget
    calls = [budget.queue() for _ in range(6)]
    in_line.booked(budget.take_call(calls[0]), 20)
    for number in calls[:4]:
        assert budget.take_call(number) == 0
        budget.leave(number)
        in_line.clock.now += 0.101
    in_line.clock.now -= 0.05
    assert budget.take_poll(1) == pytest.approx(0.05, abs=0.01)


def test_while_the_coordinator_is_away_the_process_has_a_rate_of_its_own_and_then_looks_for_it(
    in_line: InLine,
) -> None:
    budget = in_line.budget
    number = budget.queue()
    in_line.booked(budget.take_call(number), 1, rate=3.0)
    budget.lost(CoordinatorError("It is away."))
    assert not budget.is_coordinated
    assert budget.rate != 3
    assert budget.take_call(number) == 0
    in_line.clock.now += 5
    assert isinstance(budget.take_call(number), Booking)
    in_line.clock.now += 30
    in_line.booked(budget.take_poll(1), 1, rate=4.0)
    assert budget.is_coordinated
    assert budget.rate == 4


def test_in_a_line_a_429_is_told_to_all_processes(in_line: InLine) -> None:
    budget = in_line.budget
    in_line.booked(budget.take_call(budget.queue()), 1)
    assert budget.answered(answer(200), 0.1) is None
    assert budget.answered(TOO_MANY_PENDING, 0.1) is None
    assert isinstance(budget.answered(OVER_QPS, 0.1), Command)
    assert budget.rate == 10
    budget.lost(CoordinatorError("It is away."))
    before = budget.rate
    assert budget.answered(OVER_QPS, 0.1) is None
    assert budget.rate < before


# What slows down


@pytest.mark.parametrize(
    ("told", "slower"),
    [
        (OVER_QPS, True),
        (replace(OVER_QPS, status=403), True),
        (answer(429), True),
        (TOO_MANY_PENDING, False),
        (DAILY, False),
        (error(403, "ProductQuotaExceeded"), False),
    ],
)
def test_only_an_answer_about_the_rate_slows_down(told: Answer, slower: bool) -> None:
    budget = RequestBudget(None, monotonic=Clock())
    before = budget.rate
    budget.answered(told, 0.1)
    assert (budget.rate < before) is slower


def test_an_account_has_one_budget_in_a_process() -> None:
    assert budget_of(account()) is budget_of(account(product_id=7, timeout=5))
    assert budget_of(account()) is not budget_of(account(api_key="another"))
    assert budget_of(account()) is not budget_of(account(max_requests_per_second=5))
