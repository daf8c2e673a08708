"""What nobody means to pay for is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import Extend, Generate, Refine
from airflow_provider_getty.generating.request import operation_of

REFINE = {"image_id": "1", "mask_url": "https://getty/mask.jpg", "prompt": "a boat"}


@pytest.mark.parametrize(
    "prompt", ["", " ", "\n", "None", "none ", "null", "nan", "NaN", "undefined", float("nan")]
)
def test_a_prompt_that_was_rendered_from_nothing_is_refused(prompt: Any) -> None:
    with pytest.raises(InvalidRequestError, match="prompt"):
        operation_of(Refine, REFINE | {"prompt": prompt})


@pytest.mark.parametrize("value", ["{{ x }}", "a {{ x }} b", "{% if x %}"])
def test_a_template_that_is_left_over_is_refused(value: str) -> None:
    with pytest.raises(InvalidRequestError, match="was not rendered"):
        operation_of(Refine, REFINE | {"negative_prompt": value})


@pytest.mark.parametrize("name", ["prompt", "negative_prompt", "notes", "project_code"])
def test_half_a_character_is_no_text(name: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{name} has a NUL or half of a surrogate pair"):
        operation_of(Refine, REFINE | {name: "a \ud83d boat"})


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_refused(number: float) -> None:
    with pytest.raises(InvalidRequestError, match="left_percentage"):
        operation_of(Extend, {"image_id": "1", "left_percentage": number})


def test_an_empty_text_is_an_optional_argument_that_is_not_given() -> None:
    blank = dict.fromkeys(
        ("product_id", "project_code", "notes", "negative_prompt", "seed", "aspect_ratio"), ""
    )

    assert operation_of(Generate, {"prompt": "a boat", **blank}) == Generate(prompt="a boat")
