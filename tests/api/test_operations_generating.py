"""What generates: each operation as it is sent in each dialect, and what it does not take."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation
from airflow_provider_getty.api.results import Generation, Pending

MASK = {"mask_url": "https://api.gettyimages.com/v3/search/by-image/uploads/mask.jpg"}
GENERATED = {"generation_request_id": "g", "index": 1}
COMMON = {"product_id": 7, "project_code": "P-1", "notes": "spring"}
PLAIN: dict[str, dict[str, Any]] = {
    "generate": {"prompt": "a kite"},
    "variations": GENERATED,
    "refine": {"image_id": "1", "prompt": "a kite", **MASK},
    "extend": {"image_id": "1", "left_percentage": 20.0},
    "background_removal": {"image_id": "1"},
    "background_replacement": {"image_id": "1", "prompt": "a beach"},
    "object_removal": {"image_id": "1", **MASK},
    "influence_color": {"image_id": "1", "prompt": "a kite", "noise_level": 0.5},
    "influence_composition": {"image_id": "1", "prompt": "a kite", "influence_level": 0.5},
    "background_generation": {"reference_file_registration_id": "r", "prompt": "a beach"},
}
"""The least, or nearly, that each operation is asked with."""

OF_AN_IMAGE = [name for name in PLAIN if "image_id" in PLAIN[name]]


def plain(name: str, **changes: Any) -> GeneratingOperation:
    """The operation, asked with the least but for the changes; None leaves an argument out."""
    arguments = PLAIN[name] | changes
    return GENERATING[name](**{name: value for name, value in arguments.items() if value is not None})


def sent(operation: GeneratingOperation, dialect: Dialect = Dialect.CURRENT) -> dict[str, Any]:
    """The body of the call."""
    return dict(json.loads(operation.body(dialect) or b""))


def test_every_generating_operation_is_tested_here() -> None:
    assert set(PLAIN) == set(GENERATING)


@pytest.mark.parametrize("name", PLAIN)
def test_its_credit_is_at_risk_once_it_is_sent(name: str) -> None:
    operation = plain(name)
    assert (operation.committed, operation.at_risk) == (Credit.UNUSED, Credit.UNKNOWN)
    assert operation.method == "POST"
    assert operation.answers == {200: Generation, 202: Pending}


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_not_set_is_not_sent_and_what_all_take_is(name: str) -> None:
    assert sent(plain(name, **COMMON)).items() >= COMMON.items()
    assert not sent(plain(name)).keys() & COMMON.keys()


PATHS = {
    "generate": "/v3/ai/image-generations",
    "variations": "/v3/ai/image-generations/g/images/1/variations",
    "background_removal": "/v3/ai/image-generations/background-removal",
    "background_replacement": "/v3/ai/image-generations/background-replacement",
    "object_removal": "/v3/ai/image-generations/object-removal",
    "influence_color": "/v3/ai/image-generations/influence-color-by-image",
    "influence_composition": "/v3/ai/image-generations/influence-composition-by-image",
    "background_generation": "/v3/ai/image-generations/background-generations",
}


@pytest.mark.parametrize("name", PLAIN)
def test_it_goes_where_getty_documents_it(name: str) -> None:
    assert plain(name).path(Dialect.CURRENT) == PATHS.get(name, f"/v3/ai/image-generations/{name}")


def test_a_background_was_generated_under_beta_in_the_time_of_the_reference_page() -> None:
    path = plain("background_generation").path(Dialect.REFERENCE_PAGE)
    assert path == "/beta/ai/image-generations/background-generations"


@pytest.mark.parametrize("name", OF_AN_IMAGE)
def test_an_image_of_the_library_is_named_as_the_dialect_has_it(name: str) -> None:
    operation = plain(name)
    assert sent(operation)["reference_asset_id"] == "1"
    assert (Dialect.REFERENCE_PAGE in operation.dialects) == (name in ("refine", "extend"))
    if Dialect.REFERENCE_PAGE in operation.dialects:
        assert sent(operation, Dialect.REFERENCE_PAGE)["id"] == "1"
    assert "image_id" not in sent(operation)


@pytest.mark.parametrize("name", OF_AN_IMAGE)
def test_a_generated_image_is_named_only_in_the_current_form(name: str) -> None:
    operation = plain(name, image_id=None, reference_generation=GENERATED)
    assert operation.dialects == (Dialect.CURRENT,)
    assert sent(operation)["reference_generation"] == GENERATED


@pytest.mark.parametrize("name", OF_AN_IMAGE)
@pytest.mark.parametrize("images", [{}, {"image_id": "1", "reference_generation": GENERATED}])
def test_exactly_one_image_is_named(name: str, images: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="give exactly one of image_id"):
        plain(name, **({"image_id": None} | images))


@pytest.mark.parametrize("name", ["influence_color", "influence_composition"])
def test_a_registered_file_is_a_reference_too(name: str) -> None:
    operation = plain(name, image_id=None, reference_file_registration_id="r")
    assert operation.dialects == (Dialect.CURRENT,)
    assert sent(operation)["reference_file_registration_id"] == "r"
    assert operation.asked.endswith("of registered file r")


def test_a_background_has_a_reference_only_in_the_current_form() -> None:
    scene = {"background_asset_id": "2", "background_reference_adherence": "strong"}
    operation = plain("background_generation", **scene)
    assert operation.dialects == (Dialect.CURRENT,)
    assert sent(operation).items() >= scene.items()


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("generate", {"prompt": ""}, "prompt: Field required."),
    ("generate", {"prompt": None}, "prompt: Field required."),
    (
        "generate",
        {"aspect_ratio": "2:1"},
        "aspect_ratio: Input should be '1:1', '3:4', '4:3', '9:16' or '16:9'.",
    ),
    ("generate", {"media_type": "video"}, "media_type: Input should be 'photography' or 'illustration'."),
    (
        "generate",
        {"mood": "sad"},
        "mood: Input should be 'black_and_white', 'warm', 'cool', 'natural', 'vivid', 'dramatic' or 'bold'.",
    ),
    ("generate", {"lens_type": "macro"}, "lens_type: Input should be 'wide_angle' or 'telephoto'."),
    ("generate", {"depth_of_field": "none"}, "depth_of_field: Input should be 'shallow' or 'deep'."),
    ("generate", {"seed": 2**31}, "seed: Input should be less than or equal to 2147483647."),
    ("generate", {"image_id": "1"}, "image_id: there is no such argument."),
    ("variations", {"index": -1}, "index: Input should be greater than or equal to 0."),
    (
        "extend",
        {"left_percentage": 0},
        "give at least one of left_percentage, right_percentage, top_percentage",
    ),
    ("extend", {"top_percentage": -1}, "top_percentage: Input should be greater than or equal to 0."),
    ("extend", {"top_percentage": float("nan")}, "top_percentage: Input should be"),
    ("extend", {"top_percentage": float("inf")}, "top_percentage: Input should be a finite number."),
    ("object_removal", {"mask_url": None}, "mask_url: Field required."),
    ("background_replacement", {"prompt": None}, "give exactly one of prompt and background_color."),
    ("background_replacement", {"background_color": "#ffffff"}, "give exactly one of prompt and"),
    (
        "background_replacement",
        {"prompt": None, "background_color": "white"},
        "background_color: String should match pattern '^#[0-9A-Fa-f]{6}$'.",
    ),
    ("influence_color", {"prompt": None}, "prompt: Field required."),
    (
        "influence_color",
        {"noise_level": 1.5},
        "noise_level: Input should be less than or equal to 1.",
    ),
    (
        "influence_color",
        {"reference_file_registration_id": "r"},
        "give exactly one of image_id, reference_generation and reference_file_registration_id.",
    ),
    (
        "influence_composition",
        {"influence_level": -0.1},
        "influence_level: Input should be greater than or equal to 0.",
    ),
    ("background_generation", {"prompt": None}, "prompt: Field required."),
    (
        "background_generation",
        {"left_percentage": -5},
        "left_percentage: Input should be greater than or equal to 0.",
    ),
    (
        "background_generation",
        {"background_asset_id": "1", "background_file_registration_id": "r"},
        "give at most one of background_file_registration_id and background_asset_id.",
    ),
    (
        "background_generation",
        {"background_reference_adherence": "loose", "background_asset_id": "1"},
        "background_reference_adherence: Input should be 'flexible' or 'strong'.",
    ),
    (
        "background_generation",
        {"background_reference_adherence": "strong"},
        "background_reference_adherence needs a reference for the background.",
    ),
]


@pytest.mark.parametrize(("name", "changes", "problem"), REFUSED)
def test_what_getty_would_not_take_is_refused_with_what_it_takes(
    name: str, changes: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        plain(name, **changes)
    assert f"{GENERATING[name].__name__} cannot be sent: {problem}" in str(caught.value)


ASKED = {
    "generate": "Generation of images",
    "variations": "Variations of image 1 of generation g",
    "refine": "Refine of image 1",
    "extend": "Extension of image 1",
    "background_removal": "Background removal of image 1",
    "background_replacement": "Background replacement of image 1",
    "object_removal": "Object removal of image 1",
    "influence_color": "Generation in the colors of image 1",
    "influence_composition": "Generation in the composition of image 1",
    "background_generation": "Background for registered file r",
}


@pytest.mark.parametrize("name", PLAIN)
def test_it_says_in_words_what_it_asks(name: str) -> None:
    assert plain(name).asked == ASKED[name]


TYPES = {
    "generate": "text_to_image",
    "variations": "variation",
    "background_replacement": None,  # Getty publishes none
    "influence_color": "influence_color_by_image",
    "influence_composition": "influence_composition_by_image",
}


@pytest.mark.parametrize("name", PLAIN)
def test_it_knows_what_the_history_calls_it(name: str) -> None:
    assert GENERATING[name].generation_type == TYPES.get(name, name)
