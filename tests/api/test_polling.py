"""When to ask next after what came of the last time, and when to give up."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_getty.api.errors import (
    AuthenticationError,
    ConflictError,
    ConnectionFailedError,
    Credit,
    DeadlineExceededError,
    GettyError,
    GoneError,
    NoAnswerError,
    NoImagesError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    UnexpectedAnswerError,
)
from airflow_provider_getty.api.polling import Polling
from airflow_provider_getty.api.results import Pending
from airflow_provider_getty.api.schedule import Observation, Schedule

PENDING = Pending(generation_request_id="g")
COMMITTED = {"credit": Credit.COMMITTED}
RATE_LIMIT = RateLimitError("429", status=429, **COMMITTED)
AWAY = ConnectionFailedError("Nobody is there.", **COMMITTED)
SERVER_ERROR = ServerError("Getty answered 503.", status=503, **COMMITTED)


# Waiting for a generation


def polling(**changes: Any) -> Polling:
    """A wait that began at 100 s and ends at 160 s."""
    return Polling("Status of generation g", **{"submitted": 100.0, "deadline": 160.0} | changes)


def test_a_pending_generation_is_polled_as_the_schedule_has_it_for_its_age() -> None:
    for age in (-5, 0, 10, 30):
        scheduled = Schedule().delay(max(0, age), jitter=0.5)
        assert polling().after(PENDING, now=100 + age, jitter=0.5) == scheduled


def test_the_first_poll_comes_at_once_or_as_scheduled_but_not_before_it_may() -> None:
    scheduled = Schedule().delay(0, jitter=0.5)
    assert polling().first(0.0, now=100, jitter=0.5) == 0
    assert polling().first(0.1, now=100, jitter=0.5) == scheduled
    assert polling().first(scheduled + 5, now=100, jitter=0.5) == scheduled + 5
    assert polling(interval=3).first(1.0, now=100, jitter=0.5) == 1
    assert polling().first(5.0, now=158, jitter=0.5) == 2
    assert polling().first(5.0, now=170, jitter=0.5) == 0


class Learned(Schedule):
    """Remembers what it was taught."""

    def __init__(self) -> None:
        super().__init__()
        self.taught: list[tuple[float, float]] = []

    def learn(self, observation: Observation, finished_by: float) -> None:
        self.taught.append((observation.pending_at, finished_by))


def test_the_schedule_learns_between_which_ages_a_generation_was_finished() -> None:
    schedule = Learned()
    wait = Polling("g", submitted=100, deadline=160, schedule=schedule)
    wait.after(PENDING, now=107, jitter=0.5)
    wait.after(RATE_LIMIT, now=110, jitter=0.5)
    wait.finished(now=112)
    Polling("g", submitted=100, deadline=160, schedule=schedule).finished(now=105)
    assert schedule.taught == [(7, 12), (0, 5)]


def test_nothing_is_learned_from_a_clock_that_went_back() -> None:
    schedule = Learned()
    Polling("g", submitted=100, deadline=160, schedule=schedule).finished(now=99)
    assert schedule.taught == []


def test_a_fixed_interval_replaces_the_schedule() -> None:
    assert polling(interval=3).after(PENDING, now=130, jitter=0.5) == 3


@pytest.mark.parametrize(
    "trouble",
    [
        RATE_LIMIT,
        SERVER_ERROR,
        ConflictError("409", status=409, **COMMITTED),
        NoAnswerError("No.", **COMMITTED),
        UnexpectedAnswerError("HTML", status=200, **COMMITTED),
    ],
)
def test_trouble_that_may_pass_makes_the_next_poll_come_later(trouble: GettyError) -> None:
    wait = polling()
    assert wait.after(trouble, now=101, jitter=1) == 1
    assert wait.after(trouble, now=102, jitter=1) > 1


def test_trouble_is_forgotten_when_a_poll_succeeds() -> None:
    wait = polling()
    for _ in range(5):
        wait.after(SERVER_ERROR, now=101, jitter=1)
    wait.after(PENDING, now=120, jitter=1)
    assert wait.after(SERVER_ERROR, now=121, jitter=1) == 1


@pytest.mark.parametrize("trouble", [AWAY, SERVER_ERROR])
@pytest.mark.parametrize("jitter", [0, 1])
def test_an_absence_of_ten_minutes_costs_few_polls_and_at_most_another_minute(
    trouble: GettyError, jitter: float
) -> None:
    wait, now, polls = polling(deadline=3600), 100.0, 0
    while now < 700:
        now += wait.after(trouble, now=now, jitter=jitter)
        polls += 1
    assert now < 760
    assert 10 < polls < 40


def test_an_absence_that_outlasts_the_deadline_leaves_the_generation_to_be_collected() -> None:
    wait, now = polling(), 100.0
    while now < 160:
        now += wait.after(AWAY, now=now, jitter=0.5)
    assert now == 160
    with pytest.raises(DeadlineExceededError, match="60 s; the last answer was: Nobody") as late:
        wait.after(AWAY, now=now, jitter=0.5)
    assert late.value.credit is Credit.COMMITTED
    assert late.value.may_retry


@pytest.mark.parametrize(
    "final",
    [
        GoneError("410", status=410, **COMMITTED),
        NoAnswerError("No.", credit=Credit.UNKNOWN),
        UnexpectedAnswerError("HTML", status=200),
    ],
)
@pytest.mark.parametrize("now", [110, 999])
def test_an_error_that_waiting_cannot_mend_ends_the_wait_with_itself(final: GettyError, now: float) -> None:
    with pytest.raises(type(final)) as caught:
        polling().after(final, now=now, jitter=0.5)
    assert caught.value is final


def test_trouble_and_its_end_are_remarked_on_but_less_and_less_often() -> None:
    wait, remarks = polling(deadline=10_000), []
    for now in range(101, 111):
        wait.after(SERVER_ERROR, now=now, jitter=1)
        remarks.append(wait.remark)
    assert [bool(remark) for remark in remarks] == [k in (1, 2, 4, 8) for k in range(1, 11)]
    assert str(remarks[1]).startswith("Getty answered 503.")
    assert str(remarks[1]).endswith("The next poll is in 2.0 s.")
    wait.after(PENDING, now=111, jitter=1)
    assert wait.remark == "Status of generation g: Getty answers again; still pending."
    wait.after(PENDING, now=112, jitter=1)
    assert wait.remark is None
    for now in range(113, 123, 2):
        wait.after(SERVER_ERROR, now=now, jitter=1)
        wait.after(PENDING, now=now + 1, jitter=1)
        assert wait.remark is None


@pytest.mark.parametrize("outcome", [PENDING, RATE_LIMIT])
def test_the_last_poll_is_made_at_the_deadline_itself(outcome: Pending | GettyError) -> None:
    assert polling().after(outcome, now=159.75, jitter=1) == 0.25


def test_a_generation_that_is_pending_at_the_deadline_is_given_up_but_can_be_collected_later() -> None:
    with pytest.raises(DeadlineExceededError) as caught:
        polling().after(PENDING, now=160, jitter=0.5)
    assert str(caught.value) == (
        f"Status of generation g: not finished after 60 s. {Credit.COMMITTED} {DeadlineExceededError.default_advice}"
    )
    assert caught.value.may_retry


def test_the_error_at_the_deadline_names_the_last_trouble() -> None:
    with pytest.raises(DeadlineExceededError, match="after 61 s; the last answer was: Getty answered 503"):
        polling().after(SERVER_ERROR, now=161, jitter=0.5)


# Refusals that may be a slip

DOUBTFUL = [
    NotFoundError("404", status=404, **COMMITTED),
    PermissionDeniedError("403", status=403, **COMMITTED),
    AuthenticationError("401", status=401, **COMMITTED),
    NoImagesError("200, no images", status=200, **COMMITTED),
]


@pytest.mark.parametrize("refusal", DOUBTFUL, ids=str)
def test_a_refusal_of_a_poll_is_believed_only_if_it_is_repeated_for_half_a_minute(
    refusal: GettyError,
) -> None:
    wait, now = Polling("Status", submitted=0, deadline=600), 10.0
    while now < 40:
        now += wait.after(refusal, now=now, jitter=1)
    assert now == pytest.approx(40)
    with pytest.raises(type(refusal)):
        wait.after(refusal, now=40, jitter=1)
    assert wait.polls < 10


@pytest.mark.parametrize("refusal", DOUBTFUL, ids=str)
def test_a_refusal_between_two_other_answers_is_forgotten(refusal: GettyError) -> None:
    wait = Polling("Status", submitted=0, deadline=600)
    for now, other in (10, PENDING), (50, SERVER_ERROR), (90, PENDING):
        wait.after(refusal, now=now, jitter=1)
        wait.after(other, now=now + 1, jitter=1)


def test_a_refusal_at_the_deadline_is_believed() -> None:
    with pytest.raises(NotFoundError):
        Polling("Status", submitted=0, deadline=600).after(DOUBTFUL[0], now=600, jitter=1)


def test_a_generation_that_is_gone_is_given_up_at_once() -> None:
    with pytest.raises(GoneError):
        Polling("Status", submitted=0, deadline=600).after(GoneError("410", status=410), now=1, jitter=1)


# What is logged


def test_the_log_counts_polls_and_seconds_as_people_do() -> None:
    waiting = polling()
    assert waiting.announcement(now=100) == "Status of generation g: waiting for at most 60 s."
    waiting.after(PENDING, now=100, jitter=0.5)
    waiting.finished(now=130)
    assert waiting.summary(now=130) == "Status of generation g: finished after 30 s and 2 polls."


def test_one_poll_is_one_poll_and_a_time_that_is_over_is_not_negative() -> None:
    late = polling()
    assert (
        late.announcement(now=211) == "Status of generation g: the deadline has passed; polling a last time."
    )
    late.finished(now=211)
    assert late.summary(now=211) == "Status of generation g: finished after 111 s and 1 poll."
