"""Influences and backgrounds: what they take from registered files, levels and shapes."""

from __future__ import annotations

import pytest

from emulator.tests.support.emulator_client import LAKE, Client, Start
from emulator.tests.support.generating_calls import NAMING, NO_SUCH_ID, code_of, registered, send

REFERABLE = [name for name in NAMING if name.startswith("influence")]


@pytest.mark.parametrize(
    ("name", "field"),
    [("influence-color-by-image", "noise_level"), ("influence-composition-by-image", "influence_level")],
)
def test_a_level_is_needed_in_the_old_words_only(start: Start, name: str, field: str) -> None:
    old = start(dialect="reference-page")
    assert send(old, name, id=LAKE, **{field: None}).status_code == 400
    assert send(old, name, id=LAKE).status_code == 200
    assert send(start(dialect="current"), name, **{field: None}).status_code == 202


@pytest.mark.parametrize("name", REFERABLE)
def test_an_influence_may_come_from_a_registered_reference(getty: Client, name: str) -> None:
    file = registered(getty, "ImageReference")
    answer = send(getty, name, reference_asset_id=None, reference_file_registration_id=file)
    assert answer.status_code == 200
    assert "original_asset" not in answer.json()
    product = registered(getty, "CustomerProduct")
    wrong = send(getty, name, reference_asset_id=None, reference_file_registration_id=product)
    assert code_of(wrong) == (400, "InvalidParameterValue")
    unknown = send(getty, name, reference_asset_id=None, reference_file_registration_id=NO_SUCH_ID)
    assert code_of(unknown) == (404, "ImageNotFound")
    both = send(getty, name, reference_file_registration_id=file)
    assert code_of(both) == (400, "InvalidParameterValue")


def test_a_background_needs_a_product_that_is_registered_as_one(getty: Client) -> None:
    name = "background-generations"
    assert send(getty, name, reference_file_registration_id="").status_code == 400
    unknown = send(getty, name, reference_file_registration_id=NO_SUCH_ID)
    assert code_of(unknown) == (404, "ImageNotFound")
    reference = registered(getty, "ImageReference")
    assert send(getty, name, reference_file_registration_id=reference).status_code == 400
    assert send(getty, name, background_file_registration_id=reference).status_code == 200
    assert send(getty, name, background_asset_id=LAKE, background_reference_adherence="strong").ok
    assert code_of(send(getty, name, background_asset_id="1")) == (404, "ImageNotFound")


def test_before_a_plain_color_there_is_one_image(getty: Client) -> None:
    answer = send(getty, "background-replacement", prompt=None, background_color="#88CC99")
    assert [result["index"] for result in answer.json()["results"]] == [0]
    reference = {"generation_request_id": answer.json()["generation_request_id"], "index": 1}
    second = send(getty, "extend", reference_asset_id=None, reference_generation=reference)
    assert code_of(second) == (404, "ImageNotFound")


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", (612, 612)),
        ("3:4", (459, 612)),
        ("4:3", (612, 459)),
        ("9:16", (344, 612)),
        ("16:9", (612, 344)),
    ],
)
@pytest.mark.parametrize("name", ["generate", *REFERABLE])
def test_the_images_have_the_shape_that_was_asked_for(
    getty: Client, name: str, ratio: str, size: tuple[int, int]
) -> None:
    [preview] = send(getty, name, aspect_ratio=ratio).json()["results"][0]["preview_urls"]
    assert (preview["width"], preview["height"]) == size


def test_what_is_extended_gets_wider_but_its_longer_side_stays(getty: Client) -> None:
    answer = send(getty, "extend", left_percentage=50, right_percentage=50)
    [preview] = answer.json()["results"][0]["preview_urls"]
    assert (preview["width"], preview["height"]) == (612, 204)
