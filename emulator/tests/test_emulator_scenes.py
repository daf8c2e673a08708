"""The pictures of the other operations: each shows what it is about, and each seed is another one."""

from __future__ import annotations

import io
from typing import Any

import pytest
from getty_emulator.drawing.library import LIBRARY
from getty_emulator.drawing.removal import draw_object_removal
from getty_emulator.drawing.subject import subject_of
from getty_emulator.operations import DRAW
from getty_emulator.state import Order, Source
from PIL import Image, ImageChops, ImageFilter, ImageStat

from emulator.tests.support.emulator_client import LAKE, Client, jpeg_mask
from emulator.tests.support.generating_calls import TYPES, product, registered, send

BEACH = "1250731946"
TABLE = "1328876514"
NAMED = Source(asset_id=LAKE)


def picture(asset_id: str = LAKE) -> Image.Image:
    return LIBRARY[asset_id].picture()


def order(kind: str, size: tuple[int, int] | None = None, **rest: Any) -> Order:
    return Order(kind, 1, *(size or picture().size), source=rest.pop("source", NAMED), **rest)


def drawn(wanted: Order, base: Image.Image | None = None, seed: int = 5) -> Image.Image:
    return DRAW[wanted.generation_type](base or picture(), wanted, seed)


def difference(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize("kind", sorted(set(TYPES.values())))
def test_the_same_seed_draws_the_same_in_the_size_of_the_order(kind: str) -> None:
    size = (512, 342)
    options = {"left_percentage": 50.0}
    wanted = order(kind, size, mask=jpeg_mask(), prompt="red balloons over a lake", options=options)
    base = picture().resize(size)
    one, same = (drawn(wanted, base) for _ in range(2))
    assert one.size == size
    assert one.mode == "RGB"
    assert one.tobytes() == same.tobytes()
    assert one.tobytes() != base.tobytes()


@pytest.mark.parametrize("kind", sorted(set(TYPES.values())))
@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7)])
def test_an_image_may_be_of_any_size(kind: str, size: tuple[int, int]) -> None:
    base = picture().resize(size)
    options = {"left_percentage": 50.0, "media_type": "illustration"}
    wanted = order(
        kind, size, mask=jpeg_mask(), prompt="boats, flowers and a moon", options=options, source=None
    )
    assert drawn(wanted, base).size == size


@pytest.mark.parametrize(
    "kind", ["text_to_image", "variation", "influence_color_by_image", "influence_composition_by_image"]
)
def test_the_images_of_a_generation_can_be_told_apart(kind: str) -> None:
    wanted = order(kind, (512, 342), prompt="red balloons over the sea")
    images = [drawn(wanted, picture().resize((512, 342)), seed) for seed in range(4)]
    assert min(difference(one, other) for one in images for other in images if one is not other) > 2


@pytest.mark.parametrize(
    "prompt",
    ["a city at night", "flowers on a table", "sailing boats on the sea", "mountains", "a meadow", "", None],
)
def test_a_scene_follows_its_prompt(prompt: str | None) -> None:
    scene = drawn(order("text_to_image", (512, 342), prompt=prompt))
    other = drawn(order("text_to_image", (512, 342), prompt="a white umbrella in a park at dawn"))
    assert difference(scene, other) > 5


def test_what_the_prompt_names_is_in_the_scene() -> None:
    red, blue = (
        drawn(order("text_to_image", (512, 342), prompt=f"{color} balloons at noon in the mountains"))
        for color in ("red", "blue")
    )
    assert _red(red) > 300
    assert _red(blue) < 20


@pytest.mark.parametrize("mood", ["black_and_white", "warm", "cool", "natural", "vivid", "dramatic", "bold"])
def test_a_mood_is_to_be_seen(mood: str) -> None:
    plain, moody = (
        drawn(order("text_to_image", (512, 342), prompt="boats", options=options))
        for options in ({}, {"mood": mood})
    )
    assert difference(plain, moody) > 3
    if mood == "black_and_white":
        assert ImageStat.Stat(moody.convert("HSV")).extrema[1] == (0, 0)


def test_an_illustration_is_flatter_than_a_photograph() -> None:
    photograph, illustration = (
        drawn(order("text_to_image", (512, 342), prompt="a moon over the sea", options=options))
        for options in ({}, {"media_type": "illustration"})
    )
    assert _gradual(illustration) < _gradual(photograph) / 2


def test_an_extension_keeps_the_original_and_goes_on_beyond_it() -> None:
    options = {"left_percentage": 50.0, "right_percentage": 50.0}
    extended = drawn(order("extend", (1024, 342), options=options))
    inner = picture().resize((512, 342), Image.Resampling.LANCZOS)
    inside = (275, 0, 749, 342)
    assert extended.crop(inside).tobytes() == inner.crop((19, 0, 493, 342)).tobytes()
    for column in (0, 1, 1022, 1023):
        assert max(ImageStat.Stat(extended.crop((column, 0, column + 1, 342))).stddev) > 10
    seam = ImageChops.difference(extended.crop((255, 0, 256, 342)), extended.crop((256, 0, 257, 342)))
    assert max(ImageStat.Stat(seam).mean) < 8


def test_an_extension_shows_its_prompt_beyond_the_original_only() -> None:
    options = {"right_percentage": 100.0}
    size = (1024, 342)
    plain = drawn(order("extend", size, options=options))
    boats = drawn(order("extend", size, options=options, prompt="white sailing boats"))
    changed = ImageChops.difference(plain, boats).getbbox()
    assert changed is not None
    assert changed[0] >= 500


@pytest.mark.parametrize("image", LIBRARY.values(), ids=lambda image: image.title)
def test_without_its_background_the_subject_of_an_image_stands_on_checkers(image: Any) -> None:
    base, source = image.picture(), Source(asset_id=image.id)
    subject = subject_of(base, source)
    result = drawn(order("background_removal", base.size, source=source), base)
    share = ImageStat.Stat(subject).mean[0] / 255
    assert 0.001 < share < 0.6
    background = ImageChops.invert(subject.filter(ImageFilter.MaxFilter(9)))
    assert ImageStat.Stat(result.convert("HSV"), background).extrema[1] == (0, 0)
    assert ImageStat.Stat(result, background).extrema[0][0] >= 200


def test_the_subject_of_a_photograph_is_found_whole() -> None:
    can = Image.open(io.BytesIO(product())).convert("RGB")
    subject = subject_of(can, None)
    assert subject.getpixel((300, 430)) == 255, "the label is as light as the ground, but within the can"
    assert subject.getpixel((300, 250)) == 255
    assert [subject.getpixel(at) for at in ((20, 20), (580, 780), (90, 430))] == [0, 0, 0]


def test_an_object_is_removed_and_nothing_else() -> None:
    base, ball = picture(BEACH), (530, 575, 590, 636)
    mask = jpeg_mask(base.size, ball)
    result = draw_object_removal(base, order("object_removal", mask=mask), 1)
    outside = Image.new("L", base.size, 255)
    outside.paste(0, (ball[0] - 8, ball[1] - 8, ball[2] + 8, ball[3] + 8))
    assert ImageStat.Stat(ImageChops.difference(base, result), outside).extrema == [(0, 0)] * 3
    before, after = (ImageStat.Stat(image.crop(ball)).stddev[2] for image in (base, result))
    assert after < before / 3


def test_where_nothing_is_left_of_an_image_its_removal_does_not_fail() -> None:
    for box in ((0, 0, 1023, 682), (0, 0, 400, 682), (0, 0, 1023, 100)):
        mask = jpeg_mask(box=box)
        assert draw_object_removal(picture(), order("object_removal", mask=mask), 1).size == (1024, 683)


def test_colors_come_from_the_reference() -> None:
    red, blue = (Image.new("RGB", (64, 64), color) for color in ((200, 40, 30), (30, 60, 200)))
    wanted = order("influence_color_by_image", (512, 342), prompt="a city", options={"noise_level": 0.0})
    warm, cold = (ImageStat.Stat(drawn(wanted, base)).mean for base in (red, blue))
    assert warm[0] > warm[2] + 30
    assert cold[2] > cold[0] + 30


def test_more_noise_leaves_less_of_the_reference() -> None:
    scene = drawn(order("text_to_image", (512, 342), prompt="a city"))
    quiet, noisy = (
        drawn(
            order("influence_color_by_image", (512, 342), prompt="a city", options={"noise_level": level}),
            Image.new("RGB", (64, 64), (200, 40, 30)),
        )
        for level in (0.0, 1.0)
    )
    assert difference(noisy, scene) < difference(quiet, scene)


def test_the_composition_stays_and_the_colors_do_not() -> None:
    result = drawn(order("influence_composition_by_image", prompt="a green forest"))
    before, after = (image.convert("L").resize((12, 8)) for image in (picture(), result))
    assert ImageStat.Stat(ImageChops.difference(before, after)).mean[0] < 60
    assert difference(picture(), result) > 20


def test_the_subject_stays_where_it_is_before_a_new_background() -> None:
    base, source = picture(TABLE), Source(asset_id=TABLE)
    vase = (480, 480, 540, 600)
    for rest in ({"prompt": "a meadow"}, {"options": {"background_color": "#88cc99"}}):
        result = drawn(order("background_generation", base.size, source=source, **rest), base)
        assert difference(result.crop(vase), base.crop(vase)) < 1
        assert difference(result.crop((0, 0, 200, 200)), base.crop((0, 0, 200, 200))) > 20
    red, green, blue = _pixel(result, (20, 380))
    assert (red - 136, green - 204, blue - 153) == pytest.approx((0, 0, 0), abs=6)


def test_a_product_gets_the_room_that_was_asked_for(getty: Client) -> None:
    answer = send(
        getty,
        "background-generations",
        reference_file_registration_id=registered(getty, "CustomerProduct"),
        left_percentage=100,
        prompt="a marble table",
    )
    [preview] = answer.json()["results"][0]["preview_urls"]
    file = getty.session.get(preview["image_url"], timeout=20).content
    image = Image.open(io.BytesIO(file)).convert("RGB")
    assert image.size == (preview["width"], preview["height"]) == (612, 408)
    red, green, blue = _pixel(image, (612 * 3 // 4, 408 * 27 // 80))
    assert (red, green, blue) == pytest.approx((50, 90, 170), abs=12)


def test_a_generated_image_is_varied_and_extended_from_what_it_shows(getty: Client) -> None:
    first = send(getty, "generate", prompt="white sailing boats on the sea").json()
    reference = {"generation_request_id": first["generation_request_id"], "index": 2}
    second = send(
        getty,
        "extend",
        reference_asset_id=None,
        reference_generation=reference,
        left_percentage=None,
        top_percentage=100,
    )
    pictures = [
        Image.open(io.BytesIO(getty.session.get(result["url"], timeout=20).content)).convert("RGB")
        for result in (first["results"][2], second.json()["results"][0])
    ]
    assert [image.size for image in pictures] == [(612, 612), (306, 612)]
    lower = pictures[1].crop((0, 330, 306, 612))
    assert difference(lower, pictures[0].resize((306, 306)).crop((0, 24, 306, 306))) < 6


def _red(image: Image.Image) -> int:
    """Count the pixels that are red."""
    red, green, blue = (band.tobytes() for band in image.split())
    return sum(r > 150 and max(g, b) < 100 for r, g, b in zip(red, green, blue, strict=True))


def _pixel(image: Image.Image, at: tuple[int, int]) -> tuple[int, int, int]:
    red, green, blue = (band.tobytes()[at[1] * image.width + at[0]] for band in image.split())
    return red, green, blue


def _gradual(image: Image.Image) -> float:
    """Return the share of pixels that differ a little from the one to their left: what is flat has none."""
    grey = image.convert("L")
    steps = ImageChops.difference(grey, ImageChops.offset(grey, 1, 0)).histogram()
    return sum(steps[1:6]) / sum(steps)
