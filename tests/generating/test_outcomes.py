"""What became of a generation, and which end of the task follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.results import Generation, Image
from airflow_provider_getty.generating.outcomes import Outcome, accept, fail


def generation(*blocked: bool) -> Generation:
    images = (Image(index=index, is_blocked=is_blocked) for index, is_blocked in enumerate(blocked))
    return Generation(generation_request_id="1", results=tuple(images))


@pytest.mark.parametrize(
    "result",
    [
        generation(False, True),
        errors.GoneError("Getty answered 410.", status=410),
        errors.DeadlineExceededError("not finished after 60 s."),
    ],
    ids=["finished", "failed", "late"],
)
def test_an_outcome_passes_through_an_event_unchanged(result: Any) -> None:
    outcome = Outcome.of(result)
    assert Outcome.from_event(json.loads(json.dumps(outcome.as_event()))) == outcome


def test_a_finished_generation_is_its_summary() -> None:
    assert Outcome.of(generation(False)) == Outcome(generation=generation(False).summary())


def test_an_error_is_its_message() -> None:
    error = errors.GoneError("Getty answered 410.", status=410, credit=Credit.COMMITTED)
    assert Outcome.of(error) == Outcome(error=str(error))


def test_only_a_deadline_is_a_timeout() -> None:
    assert Outcome.of(errors.DeadlineExceededError("not finished.")).timed_out
    assert not Outcome.of(errors.ServerError("Getty answered 500.", status=500)).timed_out


ACCEPTED = None
FAILED, SKIPPED = AirflowFailException, AirflowSkipException


@pytest.mark.parametrize(
    ("on_blocked", "none", "some", "all_of_them"),
    [
        ("fail", ACCEPTED, ACCEPTED, FAILED),
        ("fail_any", ACCEPTED, FAILED, FAILED),
        ("skip", ACCEPTED, ACCEPTED, SKIPPED),
        ("ignore", ACCEPTED, ACCEPTED, ACCEPTED),
    ],
)
def test_the_policy_on_blocked_images(on_blocked: Any, none: Any, some: Any, all_of_them: Any) -> None:
    for images, end in ((False, False), none), ((False, True), some), ((True, True), all_of_them):
        summary = generation(*images).summary()
        if end is ACCEPTED:
            assert accept(summary, on_blocked) == summary
        else:
            with pytest.raises(end):
                accept(summary, on_blocked)


@pytest.mark.parametrize("on_blocked", ["fail", "fail_any", "skip", "ignore"])
def test_a_generation_without_images_has_none_blocked(on_blocked: Any) -> None:
    assert accept(generation().summary(), on_blocked)["results"] == []


def test_the_objection_names_the_images_and_the_credit() -> None:
    with pytest.raises(AirflowFailException) as error:
        accept(generation(True, False, True).summary(), "fail_any")
    assert "Generation 1: Getty's content policy withheld 2 of 3 images (index 0, 2)." in str(error.value)
    assert Credit.COMMITTED in str(error.value)


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (errors.ConnectionFailedError("refused."), True),
        (errors.RateLimitError("429.", status=429), True),
        (errors.ServerError("500.", status=500), True),
        (errors.ServerError("500.", status=500, credit=Credit.UNKNOWN), False),
        (errors.NoAnswerError("cut.", credit=Credit.DOWNLOAD_UNKNOWN), False),
        (errors.QuotaExceededError("403.", status=403), False),
        (errors.InvalidRequestError("wrong."), False),
        (errors.ConfigurationError("wrong."), False),
        (errors.DeadlineExceededError("late.", credit=Credit.COMMITTED), True),
    ],
)
def test_airflow_retries_what_may_succeed_and_cannot_be_paid_for_twice(
    error: errors.GettyError, *, is_retried: bool
) -> None:
    with pytest.raises(AirflowException) as raised:
        fail(error)
    assert isinstance(raised.value, AirflowFailException) != is_retried
    assert str(raised.value) == str(error)
