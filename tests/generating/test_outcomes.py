"""What became of a generation, and which end of the task follows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
)

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.results import Generation, Image
from airflow_provider_getty.generating.outcomes import (
    GettyFailException,
    GettySensorTimeout,
    Outcome,
    about,
    accept,
    fail,
)


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


@pytest.mark.parametrize(
    "error",
    [
        errors.GoneError(
            "Getty answered 410.", status=410, code="GenerationRequestGone", credit=Credit.COMMITTED
        ),
        errors.DeadlineExceededError(
            "not finished.", asked="Status", advice="Wait.", credit=Credit.COMMITTED
        ),
        errors.NoAnswerError("cut.", credit=Credit.DOWNLOAD_UNKNOWN),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_the_same_error_on_the_other_side(error: errors.GettyError) -> None:
    with pytest.raises(type(error)) as raised:
        Outcome.from_event(json.loads(json.dumps(Outcome.of(error, "1").as_event()))).finished()

    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    assert vars(raised.value) == vars(error) | {"generation_request_id": "1"}


def test_whatever_goes_wrong_in_a_wait_the_generation_is_submitted() -> None:
    error = about(errors.ConfigurationError("wrong."), "1")

    assert (error.credit, error.generation_request_id) == (Credit.COMMITTED, "1")


def test_an_error_of_which_nothing_is_known_is_an_error_still() -> None:
    with pytest.raises(errors.GettyError, match="boom"):
        Outcome.of(RuntimeError("boom")).finished()
    with pytest.raises(errors.GettyError):
        Outcome().finished()


ACCEPTED = None
FAILED, SKIPPED = errors.GenerationBlockedError, AirflowSkipException


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
    with pytest.raises(errors.GenerationBlockedError) as error:
        accept(generation(True, False, True).summary(), "fail_any")
    assert "Generation 1: Getty's content policy blocked 2 of 3 images (index 0, 2)." in str(error.value)
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
    with pytest.raises(type(error) if is_retried else GettyFailException) as raised:
        fail(error)
    assert isinstance(raised.value, AirflowFailException) != is_retried
    assert str(raised.value) == str(error)
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True), "no other traceback"


@pytest.mark.parametrize("status", [403, 503])
def test_a_callback_finds_the_same_attributes_whether_it_is_retried_or_not(status: int) -> None:
    kind = errors.QuotaExceededError if status == 403 else errors.ServerError
    error = about(kind("Getty answered.", status=status, code="Code"), "1")
    try:
        fail(error)
    except (errors.GettyError, GettyFailException) as raised:
        found = (raised.status, raised.code, raised.credit, raised.generation_request_id, raised.may_retry)

    assert found == (status, "Code", Credit.COMMITTED, "1", status == 503)


def test_a_retry_policy_can_name_our_classes() -> None:
    retry_policy = pytest.importorskip("airflow.sdk.definitions.retry_policy")
    rule = retry_policy.RetryRule(exception="airflow_provider_getty.api.errors.ServerError")

    with pytest.raises(errors.GettyError) as raised:
        fail(errors.ServerError("500.", status=500))

    assert rule.matches(raised.value)


def test_the_log_has_a_short_line_for_each_part(caplog: pytest.LogCaptureFixture) -> None:
    error = errors.QuotaExceededError("Getty answered 403.", status=403, asked="Refine of image 1")
    with pytest.raises(GettyFailException):
        fail(error)

    assert caplog.messages == [
        "Asked: Refine of image 1",
        "Answered: Getty answered 403.",
        f"Credit: {Credit.UNUSED}",
        f"To do: {error.advice}",
    ]


def test_a_sensor_whose_time_is_over_times_out() -> None:
    late = errors.DeadlineExceededError("late.", credit=Credit.COMMITTED)
    with pytest.raises(GettySensorTimeout) as raised:
        fail(late, in_sensor=True)
    assert raised.value.may_retry
    assert (raised.value.__cause__, raised.value.__suppress_context__) == (None, True)


@pytest.mark.parametrize(
    ("clear_adopts", "said"), [(True, "adopts this generation"), (False, "submits again")]
)
def test_the_objection_says_what_a_clear_will_do(*, clear_adopts: bool, said: str) -> None:
    with pytest.raises(errors.GenerationBlockedError, match=said):
        accept(generation(True).summary(), "fail", clear_adopts=clear_adopts)
