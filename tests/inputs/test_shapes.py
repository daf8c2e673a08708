"""Which pixels a box or polygon covers, and which shapes are refused with which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from airflow_provider_getty.api.errors import MaskError
from airflow_provider_getty.inputs import shapes
from tests.support.mask_pictures import BOX, SIZE, box

if TYPE_CHECKING:
    from collections.abc import Callable


def covered(*drawn: Any) -> set[tuple[int, int]]:
    """Give the pixels (x, y) that shapes cover."""
    image = shapes.draw(drawn, SIZE)
    assert (image.mode, image.size) == ("L", SIZE)
    assert set(image.tobytes()) <= {0, 255}
    return {(at % SIZE[0], at // SIZE[0]) for at, value in enumerate(image.tobytes()) if value}


@st.composite
def boxes(draw: Callable[[st.SearchStrategy[int]], int]) -> tuple[int, int, int, int]:
    """Draw a box that may reach over each side of the image, but not lie outside of it."""
    left, top = draw(st.integers(-20, SIZE[0] - 1)), draw(st.integers(-20, SIZE[1] - 1))
    return (
        left,
        top,
        draw(st.integers(max(left, 0) + 1, SIZE[0] + 20)),
        draw(st.integers(max(top, 0) + 1, SIZE[1] + 20)),
    )


def is_unit(shape: tuple[int, int, int, int]) -> bool:
    """Whether it is refused, as its coordinates are probably shares of the image."""
    return all(0 <= number <= 1 for number in shape)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes().filter(lambda shape: not is_unit(shape)), min_size=1, max_size=5))
def test_boxes_cover_what_is_inside_and_nothing_else(drawn: list[tuple[int, int, int, int]]) -> None:
    assert covered(*drawn) == set().union(*(box(*shape) for shape in drawn)) & box(0, 0, *SIZE)


@settings(max_examples=60, deadline=None)
@given(boxes().filter(lambda shape: not is_unit(shape)))
def test_a_polygon_of_a_box_is_that_box(shape: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = shape
    polygon = [(right, top), (right, bottom), (left, bottom), (left, top)]
    assert covered(polygon) == covered(shape)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-20, 80), st.integers(-20, 80)), min_size=3, max_size=8))
def test_a_polygon_is_within_a_pixel_of_what_pillow_draws(corners: list[tuple[int, int]]) -> None:
    drawn, outline = Image.new("L", SIZE), Image.new("L", SIZE)
    ImageDraw.Draw(drawn).polygon(corners, fill=255)
    ImageDraw.Draw(outline).line([*corners, corners[0]], fill=255, width=5)
    canvas = bytearray(SIZE[0] * SIZE[1])
    shapes._fill(canvas, SIZE, list(corners))
    difference = ImageChops.difference(drawn, Image.frombytes("L", SIZE, bytes(canvas)))
    assert ImageChops.subtract(difference, outline).getbbox() is None


def test_a_pixel_is_covered_if_its_center_is_inside() -> None:
    assert covered((1.5, 1.5, 3.5, 3.5)) == box(1, 1, 3, 3)
    assert covered((1.6, 1.6, 3.4, 3.4)) == box(2, 2, 3, 3)


def test_a_polygon_that_crosses_itself_is_filled_by_the_even_odd_rule() -> None:
    hole = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0), (2, 2), (8, 2), (8, 8), (2, 8), (2, 2)]
    assert covered(BOX, hole) == box(*BOX) | (box(0, 0, 10, 10) - box(2, 2, 8, 8))


def test_numbers_may_be_text() -> None:
    """Airflow renders each number in a list to text."""
    assert covered(["8", "8.0", "40", "32"]) == box(*BOX)


@pytest.mark.parametrize("text", ["[[8, 8, 40, 32]]", " [(8, 8, 40, 32)]\n"], ids=["json", "python"])
def test_a_list_is_read_from_text(text: str) -> None:
    assert covered(*shapes.read_list(text)) == box(*BOX)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[8, 8, 40, 32]", "'[[8, 8, 40, 32]' is not a list of numbers"),
        ("[draft] mask.png", "Write a path that begins with '[' or '{' as './["),
        ("[" * 10_000, "is not a list of numbers"),
    ],
    ids=["cut off", "a path", "deep"],
)
def test_text_that_is_no_list_is_refused(text: str, words: str) -> None:
    with pytest.raises(MaskError) as refused:
        shapes.read_list(text)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        ([], "The list of shapes is empty"),
        (
            [BOX, (64, 0, 70, 10)],
            "Shape 2 of the mask, (64, 0, 70, 10), covers no pixel of an image of 64 x 48",
        ),
        ([(-9, -9, 0, 0)], "covers no pixel"),
        ([(1.6, 1.6, 2.4, 2.4)], "covers no pixel"),
        ([[(0, 0), (9, 9), (18, 18)]], "covers no pixel"),
        ([(40, 8, 8, 32)], "Shape 1 of the mask, (40, 8, 8, 32), is empty: give (left, top, right, bottom)"),
        ([(8, 32, 40, 32)], "is empty: give (left, top, right, bottom), left < right, top < bottom"),
        ([[(0, 0), (9, 9)]], "has fewer than three corners"),
        ([[(0, 0), (9, 9), (9, 0, 1)]], "has (9, 0, 1) for a corner: give [x, y]"),
        ([(0, 0, float("nan"), 9)], "has nan for a number of pixels: give finite numbers"),
        ([(0, 0, float("inf"), 9)], "has inf for a number of pixels"),
        ([(0, 0, 10**400, 9)], "for a number of pixels"),
        ([[(0, 0), (9, None), (9, 9)]], "has None for a number of pixels"),
        ([["{{ params.left }}", 0, 9, 9]], "has '{{ params.left }}' for a number of pixels"),
        (BOX, "Shape 1 of the mask, 8, is neither a box nor a polygon: write shapes as [[left,"),
        ([[1, 2, 3]], "is neither a box nor a polygon"),
        ([{"left": 8}], "is neither a box nor a polygon"),
    ],
)
def test_shapes_are_refused(drawn: Any, words: str) -> None:
    with pytest.raises(MaskError) as refused:
        shapes.draw(drawn, SIZE)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "shape",
    [
        (0.1, 0.2, 0.9, 0.8),
        [[0, 0], [1, 0], [1, 1]],
        [0.1, 0.1, 0.9, 0.1, 0.5, 0.9],
        ["0.1", "0.2", "0.9", "0.8"],
    ],
    ids=["box", "polygon", "flat polygon", "text"],
)
def test_coordinates_that_are_shares_of_the_image_are_refused(shape: Any) -> None:
    with pytest.raises(MaskError, match=r"all its coordinates between 0 and 1: give pixels"):
        covered((2, 2, 3, 3), shape)


def test_a_polygon_may_be_flat() -> None:
    assert covered([8, 8, 40, 8, 40, 32, 8, 32]) == box(*BOX)


@pytest.mark.parametrize("shape", [[1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7], [1, 2, 3, None]])
def test_numbers_that_are_neither_a_box_nor_a_polygon_are_refused(shape: Any) -> None:
    with pytest.raises(MaskError):
        covered(shape)
