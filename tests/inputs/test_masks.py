"""What becomes a mask, byte for byte or normalized."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import ObjectStoragePath
from PIL import Image, ImageChops
from upath import UPath

from airflow_provider_getty.inputs import masks
from airflow_provider_getty.inputs.masks import Mask, make_mask
from airflow_provider_getty.inputs.pictures import MAX_BYTES
from tests.support.mask_pictures import BOX, BY_LIGHTNESS, DRAWN, SIZE, box, encoded, refusal, white

if TYPE_CHECKING:
    from pathlib import Path


# A mask that Getty takes is sent as it is


@pytest.mark.parametrize("quality", [75, 95])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_valid_jpeg_is_used_byte_for_byte(mode: str, quality: int) -> None:
    specks = Image.frombytes("L", SIZE, random.Random(1).randbytes(SIZE[0] * SIZE[1])).point(BY_LIGHTNESS)
    jpeg = encoded(specks.convert(mode), "JPEG", quality=quality, progressive=True, comment=b"mine")
    assert make_mask(jpeg) == Mask(jpeg, SIZE)
    assert make_mask(jpeg, image_size=SIZE).jpeg == jpeg


def test_a_valid_jpeg_may_stray_by_63_from_black_and_white() -> None:
    jpeg = encoded(DRAWN.point([63] * 128 + [192] * 128), "JPEG", quality=100)
    assert make_mask(jpeg).jpeg == jpeg


def test_what_was_made_is_valid_itself() -> None:
    made = make_mask(encoded(DRAWN))
    assert make_mask(made.jpeg) == made


@pytest.mark.parametrize(
    "color",
    [(255, 0, 0), (0, 0, 255), (64, 64, 64), (191, 191, 191), (128, 128, 128)],
    ids=["red", "blue", "dark", "pale", "grey"],
)
def test_a_jpeg_with_another_color_than_black_and_white_is_normalized(color: tuple[int, int, int]) -> None:
    picture = DRAWN.convert("RGB")
    picture.paste(color, (48, 32, 64, 48))
    jpeg = encoded(picture, "JPEG", quality=100, subsampling=0)
    made = make_mask(jpeg)
    assert made.jpeg != jpeg
    assert Image.open(io.BytesIO(made.jpeg)).mode == "L"
    assert box(*BOX) <= white(made)


def test_a_cmyk_jpeg_is_normalized() -> None:
    jpeg = encoded(DRAWN.convert("RGB").convert("CMYK"), "JPEG", quality=95)
    made = make_mask(jpeg)
    assert made.jpeg != jpeg
    assert white(made) == box(*BOX)


def test_a_jpeg_that_exif_turns_is_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    made = make_mask(encoded(DRAWN, "JPEG", quality=95, exif=exif), image_size=(48, 64))
    assert white(made) == box(48 - 32, 8, 48 - 8, 40)


def test_a_jpeg_above_10_mb_is_normalized() -> None:
    jpeg = encoded(DRAWN, "JPEG", quality=95)
    made = make_mask(jpeg + bytes(MAX_BYTES))
    assert len(made.jpeg) < 10_000
    assert white(made) == box(*BOX)


def test_an_entirely_white_mask_is_allowed() -> None:
    jpeg = encoded(Image.new("L", SIZE, 255), "JPEG")
    assert make_mask(jpeg).jpeg == jpeg


# Any other image becomes one


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_light_is_refined(mode: str, kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert white(make_mask(encoded(DRAWN.convert(mode), kind, **options))) == box(*BOX)


def test_the_threshold_is_128() -> None:
    picture = Image.new("L", SIZE, 127)
    picture.paste(128, BOX)
    assert white(make_mask(encoded(picture))) == box(*BOX)


def test_transparent_is_refined_whatever_its_color() -> None:
    picture = Image.new("RGBA", SIZE, "white")
    picture.paste((255, 255, 255, 127), BOX)
    picture.paste((0, 0, 0, 128), (50, 0, 60, 10))
    assert white(make_mask(encoded(picture))) == box(*BOX)


def test_an_opaque_alpha_channel_does_not_count() -> None:
    assert white(make_mask(encoded(DRAWN.convert("RGBA")))) == box(*BOX)


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_a_transparent_color_counts_as_transparency(mode: str) -> None:
    picture = DRAWN.convert(mode)
    see_through = picture.getpixel((10, 10))
    assert white(make_mask(encoded(picture, transparency=see_through))) == box(*BOX)


def test_sixteen_bits_have_their_threshold_in_the_middle() -> None:
    png = encoded(Image.frombytes("I;16", (2, 1), struct.pack("<2H", 32_767, 32_768)))
    assert white(make_mask(png)) == {(1, 0)}
    pgm = b"P5 2 1 65535\n" + struct.pack(">2H", 32_767, 32_768)
    assert white(make_mask(pgm)) == {(1, 0)}


def test_an_animation_gives_its_first_frame() -> None:
    moving = encoded(DRAWN, "GIF", save_all=True, append_images=[Image.new("L", SIZE, 255)])
    assert white(make_mask(moving)) == box(*BOX)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_invert_keeps_what_would_be_refined(kind: str) -> None:
    assert white(make_mask(encoded(DRAWN, kind), invert=True)) == box(0, 0, *SIZE) - box(*BOX)


def test_noise_never_crosses_the_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst picture for JPEG at the lower of the two qualities."""
    monkeypatch.setattr(masks, "_QUALITIES", masks._QUALITIES[-1:])
    noise = Image.effect_noise((256, 256), 100).point(BY_LIGHTNESS)
    made = Image.open(io.BytesIO(make_mask(encoded(noise)).jpeg))
    assert ImageChops.difference(made.point(BY_LIGHTNESS), noise).getbbox() is None


def test_a_mask_that_is_too_large_is_lowered_in_quality_and_then_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noise = encoded(Image.effect_noise((256, 256), 100).point(BY_LIGHTNESS))
    best = len(make_mask(noise).jpeg)
    monkeypatch.setattr(masks, "MAX_BYTES", best - 1)
    lower = make_mask(noise)
    assert len(lower.jpeg) < best
    monkeypatch.setattr(masks, "MAX_BYTES", len(lower.jpeg) - 1)
    assert "larger than 10 MB as a JPEG of 256 x 256: simplify or shrink it" in refusal(noise)


def test_noise_of_sixteen_million_pixels_is_too_large() -> None:
    noise = Image.effect_noise((4096, 4096), 100).point(BY_LIGHTNESS).convert("1")
    assert "larger than 10 MB as a JPEG of 4096 x 4096" in refusal(encoded(noise, compress_level=1))


# Wherever it lies


def test_a_local_path_is_read_as_text_and_as_path(tmp_path: Path) -> None:
    file = tmp_path / "mask.png"
    file.write_bytes(encoded(DRAWN))
    assert make_mask(file) == make_mask(str(file)) == make_mask(file.as_uri()) == make_mask(file.read_bytes())


def test_an_object_is_read_by_uri_and_by_object_storage_path() -> None:
    jpeg = encoded(DRAWN, "JPEG")
    uri = "memory://masks/mask.jpg"
    UPath(uri).write_bytes(jpeg)
    assert make_mask(uri).jpeg == make_mask(ObjectStoragePath(uri)).jpeg == jpeg


def test_importing_it_loads_neither_airflow_nor_pillow() -> None:
    loaded = (
        "import airflow_provider_getty.inputs.masks, sys; "
        "print({'airflow', 'PIL', 'fsspec', 'upath'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", loaded], check=True, capture_output=True, text=True)
    assert run.stdout == "set()\n"


@pytest.mark.parametrize(
    "shapes",
    [
        [list(BOX)],
        "[[8, 8, 40, 32]]",
        " [(8, 8, 40, 32)]\n",
        [["8", "8", "40", "32.0"]],
        "[[[8, 8], [40, 8], [40, 32], [8, 32]]]",
        [BOX, [(10, 10), (20, 10), (15, 20)]],
    ],
    ids=["lists", "json", "python", "numbers as text", "polygon as json", "mixed"],
)
@pytest.mark.parametrize("image_size", [SIZE, list(SIZE), "[64, 48]", "(64, 48)", ["64", "48"]], ids=repr)
def test_shapes_may_be_what_a_template_renders(shapes: Any, image_size: Any) -> None:
    assert make_mask(shapes, image_size=image_size) == make_mask([BOX], image_size=SIZE)


# Digests


def test_a_mask_shows_no_bytes() -> None:
    assert repr(Mask(b"abc", (1, 1))) == "Mask(size=(1, 1))"


@pytest.mark.parametrize("quality", [75, 87, 100])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_digest_of_a_mask_is_of_what_it_shows_however_it_is_encoded(mode: str, quality: int) -> None:
    drawn = make_mask([BOX], image_size=SIZE)
    encoded_otherwise = make_mask(encoded(DRAWN.convert(mode), "JPEG", quality=quality, progressive=True))
    assert encoded_otherwise.jpeg != drawn.jpeg
    assert encoded_otherwise.digest == drawn.digest


def test_masks_that_show_other_pixels_or_have_another_size_have_other_digests() -> None:
    left, top, right, bottom = BOX
    masks_ = [
        make_mask([BOX], image_size=SIZE),
        make_mask([(left, top, right + 1, bottom)], image_size=SIZE),
        make_mask([BOX], image_size=SIZE, invert=True),
        make_mask([(0, 0, 32, 8)], image_size=(32, 16)),
        make_mask([(0, 0, 16, 16)], image_size=(16, 32)),
    ]
    assert len({mask.digest for mask in masks_}) == len(masks_)


# What is told of it


@pytest.mark.parametrize(
    ("source", "form"),
    [
        ([BOX], "boxes"),
        ([[(0, 0), (64, 0), (64, 48)]], "polygons"),
        ([BOX, [0, 0, 9, 0, 9, 9]], "boxes and polygons"),
        (encoded(DRAWN), "a PNG image"),
        (encoded(DRAWN, "JPEG", quality=95), "a JPEG image, as it is"),
        (DRAWN, "an image in memory"),
    ],
)
def test_one_line_tells_how_a_mask_was_read_and_what_it_refines(
    source: Any, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "airflow_provider_getty")
    mask = make_mask(source, image_size=SIZE)
    share = 100 * len(white(mask)) / (SIZE[0] * SIZE[1])
    assert caplog.messages == [f"Mask from {form}, refines {share:.3g} % of 64 x 48."]


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((1, 1, 2, 2), "less than 0.1 % of the image"),
        ((0, 0, 1024, 683), "more than 99.9 % of the image"),
        ((0, 0, 40, 40), ""),
    ],
)
def test_a_mask_of_almost_nothing_or_almost_everything_is_a_warning(
    shape: Any, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    make_mask([shape], image_size=(1024, 683))
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warned) == bool(words)
    assert all(words in warning for warning in warned)
