"""Whose request goes next: calls and polls of one process, and of processes in a line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.budget import RequestBudget, budget_of
from airflow_provider_getty.api.coordinator import Command, Coordinator, CoordinatorError
from airflow_provider_getty.api.line import Booking, Line
from tests.support.scripted_getty import account, answer, error

OVER_QPS = answer(
    429, {"message": "Too Many Requests"}, x_error_detail="Account Over Queries Per Second Limit"
)
TOO_MANY_PENDING = error(429, "TooManyConcurrentGenerations")
DAILY = error(429, "DailyRequestLimitExceeded")

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
        if polls and not budget.take_poll(1, due=1):
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
        assert budget.take_poll(1, due=1) == pytest.approx(0.104), "until the next request"
        assert budget.take_call(number) == 0
        budget.leave(number)
        clock.now += 0.11
    assert budget.take_call(calls[4]) == pytest.approx(0.104)
    assert budget.take_poll(1, due=1) == 0


def test_without_calls_the_polls_have_it_all_and_the_other_way_round() -> None:
    clock = Clock()
    polls = served(RequestBudget(10, monotonic=clock), clock, calls=0, polls=True, seconds=20)
    calls = served(RequestBudget(10, monotonic=clock), clock, calls=3, polls=False, seconds=20)
    assert 180 < len(polls) <= 200
    assert 180 < len(calls) <= 200


def test_pollers_take_turns_and_one_that_went_holds_up_nobody() -> None:
    clock = Clock()
    budget, order = RequestBudget(10, monotonic=clock), []
    while clock.now < 110:
        order += [poller for poller in (1, 2) if not budget.take_poll(poller, due=1)]
        clock.now += 0.01
    assert 0.45 < order.count(1) / len(order) < 0.55
    while clock.now < 120:
        order += [1] * (not budget.take_poll(1, due=1))
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


def test_a_request_that_leaves_late_counts_from_when_it_left() -> None:
    clock = Clock()
    budget = RequestBudget(2, monotonic=clock)
    first, second, third = (budget.queue() for _ in range(3))
    assert budget.take_call(first) == 0
    budget.leave(first)
    clock.now += 0.9
    budget.sent_late(0.9)
    assert budget.take_call(second) == 0
    budget.leave(second)
    clock.now += 0.2
    assert budget.take_call(third) == pytest.approx(0.84), "no third in the second after both left"


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
            wait = budget.take_call(call) if who == "call" else budget.take_poll(1, due=1)
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
    calls = [budget.queue() for _ in range(10)]
    in_line.booked(budget.take_call(calls[0]), 20)
    for number in calls[:4]:
        assert budget.take_call(number) == 0
        budget.leave(number)
        in_line.clock.now += 0.101
    in_line.clock.now -= 0.05
    assert budget.take_poll(1, due=1) == pytest.approx(0.05, abs=0.01)

    in_line.clock.now += 0.04
    assert budget.take_call(calls[4]) == pytest.approx(0.11, abs=0.01), (
        "until it was to return, its turn is kept"
    )
    in_line.clock.now += 0.01
    assert budget.take_poll(1, due=1) == 0
    assert budget.take_call(calls[8]) == pytest.approx(0.5, abs=0.01), "one that went holds up nobody"
    assert budget.take_poll(1, due=1) == pytest.approx(0.5, abs=0.01), "after four calls again"


def test_in_a_line_polls_that_are_due_together_book_their_slots_together(in_line: InLine) -> None:
    booking = in_line.budget.take_poll(1, due=2)
    assert isinstance(booking, Booking)
    assert booking.wanted == 2


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
    in_line.booked(budget.take_poll(1, due=1), 1, rate=4.0)
    assert budget.is_coordinated
    assert budget.rate == 4


def test_in_a_line_a_429_is_told_to_all_processes(in_line: InLine) -> None:
    budget = in_line.budget
    in_line.booked(budget.take_call(budget.queue()), 1)
    assert budget.answered(answer(200), 0.1) is None
    assert budget.answered(TOO_MANY_PENDING, 0.1) is None
    told = budget.answered(OVER_QPS, 0.25)
    assert isinstance(told, Command)
    assert budget.rate == 10
    in_line.clock.now += 0.5
    assert budget.answered(OVER_QPS, 0.75) == told, "it says when the request was sent"
    assert budget.answered(OVER_QPS, 0.25) != told
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


def test_a_late_429_belongs_to_the_burst_in_which_its_request_was_sent() -> None:
    clock = Clock()
    budget = RequestBudget(None, monotonic=clock)
    budget.answered(OVER_QPS, 0.1)
    once = budget.rate
    clock.now += 1.2
    budget.answered(OVER_QPS, 0.5)
    assert budget.rate == once
    budget.answered(OVER_QPS, 0.1)
    assert budget.rate < once


def test_an_account_has_one_budget_in_a_process() -> None:
    assert budget_of(account()) is budget_of(account(product_id=7, timeout=5))
    assert budget_of(account()) is not budget_of(account(api_key="another"))
    assert budget_of(account()) is not budget_of(account(max_requests_per_second=5))


def test_an_account_with_a_coordinator_asks_it() -> None:
    assert budget_of(account(coordinator="redis://redis.example.com")).is_coordinated
    assert not budget_of(account()).is_coordinated
