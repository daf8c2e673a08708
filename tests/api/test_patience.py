"""Which calls in trouble are made again, when, and until when."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.driving import drive
from airflow_provider_getty.api.errors import (
    ConcurrentGenerationsError,
    ConflictError,
    Credit,
    GettyError,
    GoneError,
    NoAnswerError,
    RateLimitError,
    ServerError,
)
from airflow_provider_getty.api.patience import Patience, Pause, backoff, repeated
from airflow_provider_getty.api.virtual_clock import VirtualClock

COMMITTED = {"credit": Credit.COMMITTED}
RATE_LIMIT = RateLimitError("429", status=429, **COMMITTED)
SERVER_ERROR = ServerError("Getty answered 503.", status=503, **COMMITTED)
FULL = ConcurrentGenerationsError("429", status=429)


@pytest.fixture(autouse=True)
def virtual() -> Iterator[VirtualClock]:
    virtual = VirtualClock()
    with clock.replaced_by(virtual):
        yield virtual


def longest_waits(error: GettyError) -> list[float]:
    """How long one waits at most after the first, second … failure."""
    return [backoff(error, failures, jitter=1) for failures in (1, 2, 3, 4, 20, 10_000)]


def test_the_wait_after_a_failure_doubles_up_to_a_minute() -> None:
    assert longest_waits(SERVER_ERROR) == [1, 2, 4, 8, 60, 60]
    assert longest_waits(NoAnswerError("No.")) == [1, 2, 4, 8, 60, 60]


def test_the_wait_after_429_and_409_begins_with_the_second_that_getty_advises_and_grows_slower() -> None:
    assert longest_waits(RATE_LIMIT) == [1, 1.5, 2.25, 3.375, 60, 60]
    assert longest_waits(ConflictError("409", status=409)) == longest_waits(RATE_LIMIT)


def test_jitter_shortens_a_wait_by_up_to_half() -> None:
    assert backoff(SERVER_ERROR, 3, jitter=0) == 2


def persist(seconds: float | None, *outcomes: GettyError | str, **changes: Any) -> tuple[list[float], str]:
    """Call what comes to these outcomes one after the other, its last for ever, and return the waits."""
    coming, slept = list(outcomes), []

    def attempt() -> Generator[Pause, Any, str]:
        outcome = coming.pop(0) if len(coming) > 1 else coming[0]
        if isinstance(outcome, GettyError):
            raise outcome
        return outcome
        yield

    def do(step: Pause) -> None:
        slept.append(step.seconds)
        clock.sleep(step.seconds)

    patience = Patience(None if seconds is None else clock.now() + seconds, **changes)
    try:
        return slept, drive(repeated(attempt, patience), do)
    except GettyError as error:
        return slept, type(error).__name__


def test_without_a_deadline_the_first_trouble_is_the_last() -> None:
    assert persist(None, RATE_LIMIT) == ([], "RateLimitError")


def test_trouble_is_waited_out_until_it_passes() -> None:
    slept, outcome = persist(60, SERVER_ERROR, RATE_LIMIT, SERVER_ERROR, "done")
    assert outcome == "done"
    assert len(slept) == 3


def test_trouble_that_does_not_pass_is_raised_after_a_last_try_at_the_deadline() -> None:
    slept, outcome = persist(20, SERVER_ERROR)
    assert outcome == "ServerError"
    assert sum(slept) == pytest.approx(20)


@pytest.mark.parametrize(
    "error",
    [
        GoneError("410", status=410),
        ServerError("503", status=503, credit=Credit.UNKNOWN),
        NoAnswerError("No.", credit=Credit.DOWNLOAD_UNKNOWN),
    ],
)
def test_what_waiting_cannot_fix_or_could_be_paid_for_twice_is_not_tried_again(error: GettyError) -> None:
    assert persist(60, error, "done") == ([], type(error).__name__)


def test_each_wait_is_logged_with_its_reason(caplog: pytest.LogCaptureFixture) -> None:
    persist(60, SERVER_ERROR, "done")
    [line] = caplog.messages
    assert line.startswith("Getty answered 503.")


def test_single_errors_can_be_left_out() -> None:
    assert persist(60, FULL, "done", not_for=(ConcurrentGenerationsError,)) == (
        [],
        "ConcurrentGenerationsError",
    )
    assert persist(60, RATE_LIMIT, "done", not_for=(ConcurrentGenerationsError,))[1] == "done"
