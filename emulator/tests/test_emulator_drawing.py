"""The pictures: what changes in a refinement, what does not, and that the same is drawn alike."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from random import Random
from typing import Any, ParamSpec, TypeVar

import pytest
from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import dilated, eroded
from getty_emulator.drawing.library import LIBRARY
from getty_emulator.drawing.motifs import MOTIFS
from getty_emulator.drawing.refinement import draw_refinement, read_mask
from getty_emulator.drawing.studio import Studio
from getty_emulator.state import Order
from PIL import Image, ImageChops, ImageFilter, ImageStat

from emulator.tests.support.emulator_client import LAKE, Box, Client, jpeg_mask

P = ParamSpec("P")
R = TypeVar("R")
LAKE_PICTURE = LIBRARY[LAKE]


def order(mask: bytes, prompt: str | None = "red balloons") -> Order:
    return Order("refine", 1, LAKE_PICTURE.width, LAKE_PICTURE.height, mask=mask, prompt=prompt)


@pytest.mark.parametrize("image", LIBRARY.values(), ids=lambda image: image.title)
def test_a_library_image_has_the_size_it_says_with_1024_on_its_longer_side(image: Any) -> None:
    assert image.picture().size == (image.width, image.height)
    assert max(image.picture().size) == 1024


@pytest.mark.parametrize(
    ("prompt", "size"),
    [
        *((prompt, (512, 342)) for prompt in (*MOTIFS, "something unheard of", None)),
        ("red balloons", (1024, 683)),
        ("red balloons", (400, 400)),
        ("red balloons", (2048, 1366)),
    ],
    ids=str,
)
def test_outside_the_white_not_a_pixel_changes_and_inside_the_picture_does(
    prompt: str | None, size: tuple[int, int]
) -> None:
    left, top, right, bottom = size[0] * 0.3, size[1] * 0.1, size[0] * 0.7, size[1] * 0.5
    mask = jpeg_mask(size, (round(left), round(top), round(right), round(bottom)))
    base = LAKE_PICTURE.picture()
    changed = ImageChops.difference(base, draw_refinement(base, order(mask, prompt), 5))
    white = read_mask(mask, base.size)
    assert ImageStat.Stat(changed, ImageChops.invert(white)).extrema == [(0, 0)] * 3
    assert max(ImageStat.Stat(changed, white).mean) > 2


@pytest.mark.parametrize(
    "box",
    [
        (0, 0, 1023, 682),
        (0, 0, 0, 0),
        (1020, 680, 1023, 682),
        (500, 0, 501, 682),
        (0, 300, 1023, 301),
        (5, 5, 9, 9),
    ],
)
def test_a_mask_may_have_any_extent(box: Box) -> None:
    base = LAKE_PICTURE.picture()
    for prompt in ("boats and a moon", "flowers", None):
        assert draw_refinement(base, order(jpeg_mask(box=box), prompt), 5).size == base.size


def test_a_black_mask_changes_nothing() -> None:
    file = io.BytesIO()
    Image.new("L", (64, 64)).save(file, "JPEG")
    base = LAKE_PICTURE.picture()
    assert ImageChops.difference(base, draw_refinement(base, order(file.getvalue()), 5)).getbbox() is None


def test_the_same_seed_draws_the_same_and_another_seed_something_else() -> None:
    base, mask = LAKE_PICTURE.picture(), jpeg_mask()
    one, same, other = (draw_refinement(base, order(mask), seed) for seed in (5, 5, 6))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_refining_again_starts_from_the_refined_image(getty: Client) -> None:
    first = getty.refined(
        prompt="red balloons", mask_url=getty.mask_url(jpeg_mask(box=(0, 0, 400, 300)), "a.jpg")
    )
    second = getty.refine(
        reference_generation={"generation_request_id": first, "index": 3},
        mask_url=getty.mask_url(jpeg_mask(box=(600, 0, 1000, 300)), "b.jpg"),
        prompt="moon",
    )
    pictures = [
        Image.open(io.BytesIO(getty.session.get(url, timeout=20).content))
        .convert("RGB")
        .crop((0, 0, 240, 180))
        for url in (getty.poll(first).json()["results"][3]["url"], second.json()["results"][0]["url"])
    ]
    original = LAKE_PICTURE.picture().resize((612, 408)).crop((0, 0, 240, 180))
    assert max(ImageStat.Stat(ImageChops.difference(*pictures)).mean) < 1
    assert max(ImageStat.Stat(ImageChops.difference(pictures[0], original)).mean) > 2


@pytest.mark.parametrize(
    ("prompt", "motifs", "colors"),
    [
        ("Red hot-air balloons over the mountains", ("balloon",), 1),
        ("white birds in a golden sky", ("bird",), 1),
        ("orange balloons", ("balloon",), 1),
        ("oranges and lemons", ("fruit",), 0),
        ("a moon between the trees", ("moon",), 0),
        ("butterflies, stars and a Moon", ("butterfly", "star", "moon"), 0),
        ("", (), 0),
    ],
)
def test_a_prompt_is_read_for_things_and_their_colors(
    prompt: str | None, motifs: tuple[str, ...], colors: int
) -> None:
    wish = palette.read(prompt)
    assert wish.motifs == motifs
    assert len(wish.colors) == colors


def test_a_color_may_be_that_of_the_ground() -> None:
    assert palette.read("white birds in a golden sky").ground == (244, 184, 66)


async def test_who_asks_for_an_image_that_is_being_drawn_waits_for_it() -> None:
    """A client that gave up and asks again makes no further work: a slow machine would never come to an end."""
    drawn = []

    async def in_thread(draw: Callable[P, R], /, *arguments: P.args, **named: P.kwargs) -> R:
        drawn.append(draw)
        await asyncio.sleep(0)
        return draw(*arguments, **named)

    studio = Studio({}, lambda: pytest.fail("not needed"), in_thread)
    first, *others = await asyncio.gather(*(studio.original(LAKE, 64) for _ in range(5)))
    assert others == [first] * 4
    assert len(drawn) == 1


@pytest.mark.parametrize("radius", [1, 2, 7])
@pytest.mark.parametrize(
    ("ours", "of_pillow"), [(dilated, ImageFilter.MaxFilter), (eroded, ImageFilter.MinFilter)]
)
def test_masks_grow_and_shrink_as_by_the_filters_of_pillow(ours: Any, of_pillow: Any, radius: int) -> None:
    mask = Image.frombytes("L", (61, 37), Random(radius).randbytes(61 * 37))
    assert ours(mask, radius) == mask.filter(of_pillow(2 * radius + 1))
