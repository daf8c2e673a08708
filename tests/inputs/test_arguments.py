"""What a user may pass, and what is said about everything else."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.rules import Check


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(5, 5.0), (0.5, 0.5), (timedelta(minutes=2), 120.0), (timedelta(milliseconds=1), 0.001)],
)
def test_a_time_is_in_seconds_or_a_timedelta(value: Any, seconds: float) -> None:
    Check("a_task").values({"timeout": value})
    assert arguments.in_seconds(value) == seconds


@pytest.mark.parametrize(
    "value", [0, -1, -0.5, timedelta(0), timedelta(seconds=-1), float("nan"), float("inf"), "5", True]
)
def test_any_other_time_is_refused(value: Any) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=r"Task a_task: timeout is .*; it must be a timedelta or seconds, more than 0",
    ):
        Check("a_task").values({"timeout": value})


def test_a_template_is_taken_only_where_airflow_renders_it() -> None:
    Check("a_task", templated=["seed"]).values({"seed": "{{ params.seed }}"})
    with pytest.raises(InvalidRequestError, match="on_blocked is"):
        Check("a_task", templated=["seed"]).values({"on_blocked": "{{ params.policy }}"})


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_blank_text_is_not_given(blank: str) -> None:
    check = Check("a_task", templated=["seed", "project_code"])
    check.values({"seed": blank, "project_code": blank})
    with pytest.raises(InvalidRequestError, match=r"prompt is .*, but it is required"):
        check.required(prompt=blank)
    with pytest.raises(InvalidRequestError, match="must be given, not none"):
        check.exactly_one(mask=blank, mask_url=None)


@pytest.mark.parametrize("text", ["{{ params.x }}", "a {% if x %}", "{{"])
def test_a_template_that_was_not_rendered_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="prompt is a template that was not rendered"):
        arguments.all_rendered(SimpleNamespace(prompt=text), ["prompt"])


def test_braces_alone_are_no_template() -> None:
    arguments.all_rendered(SimpleNamespace(prompt="a {sketched} house", mask=[1]), ["prompt", "mask"])


@pytest.mark.parametrize(
    "value",
    ["1", " 1\n", {"generation_request_id": "1"}, {"generation_request_id": "1", "status": "pending"}],
)
def test_a_generation_is_an_id_or_a_result_that_has_one(value: Any) -> None:
    assert arguments.generation_request_id(value) == "1"


@pytest.mark.parametrize("value", [None, "", " ", 5, [], {}, {"generation_request_id": None}])
def test_nothing_else_is_a_generation(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="it must be text that is not empty"):
        arguments.generation_request_id(value)


def test_the_text_of_a_result_is_refused_with_what_to_write_instead() -> None:
    """What a template makes of a whole result where it renders no native types."""
    with pytest.raises(InvalidRequestError, match=r"refine\.output"):
        arguments.generation_request_id("{'generation_request_id': '1'}")


@pytest.mark.parametrize(
    ("results", "index"),
    [
        (None, 0),
        ([], 0),
        ([{"index": 0, "is_blocked": False}], 0),
        ([{"index": 0, "is_blocked": True}, {"index": 1, "is_blocked": False}], 1),
        ([{"index": 0, "is_blocked": True}], 0),
        ([{"index": 3}], 3),
    ],
)
def test_of_a_result_the_first_image_that_is_not_blocked_is_meant(results: Any, index: int) -> None:
    result = {"generation_request_id": "1", "results": results}
    assert arguments.reference_generation(result) == {"generation_request_id": "1", "index": index}


def test_an_index_that_is_given_is_meant() -> None:
    result = {"generation_request_id": "1", "index": 2, "results": [{"index": 0}]}
    assert arguments.reference_generation(result)["index"] == 2


@pytest.mark.parametrize("given", [{"mask": 1, "mask_url": None}, {"mask": "", "mask_url": "x"}])
def test_one_of_two_is_enough(given: dict[str, Any]) -> None:
    arguments.exactly_one(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mask": 1, "mask_url": 1}, "must be given, not mask and mask_url"),
        ({"mask": None, "mask_url": None}, "must be given, not none"),
    ],
)
def test_both_or_none_of_two_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said):
        arguments.exactly_one(**given)


def test_each_refusal_says_that_nothing_was_sent_or_paid() -> None:
    with pytest.raises(InvalidRequestError) as error:
        arguments.exactly_one(mask=None)
    assert str(error.value).endswith(f"{Credit.UNUSED} Nothing was sent; correct the argument.")
