"""What is uploaded of an image that a user has."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_getty.api.errors import InvalidRequestError, MaskError
from airflow_provider_getty.inputs import pictures
from airflow_provider_getty.inputs.pictures import MAX_BYTES, make_jpeg, unique_name


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a file with the image."""
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(jpeg: bytes) -> Image.Image:
    """The image of a JPEG."""
    image = Image.open(BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


def test_a_jpeg_stays_byte_for_byte(tmp_path: Path) -> None:
    jpeg = saved(Image.new("RGB", (8, 8), "red"), "JPEG")
    file = tmp_path / "shoe.jpg"
    file.write_bytes(jpeg)
    assert make_jpeg(jpeg) == make_jpeg(file) == make_jpeg(file.as_uri()) == jpeg


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_another_image_becomes_a_jpeg_of_the_same_size(mode: str, kind: str) -> None:
    if (mode, kind) == ("CMYK", "PNG"):
        pytest.skip("there is no such PNG")
    jpeg = opened(make_jpeg(saved(Image.new(mode, (20, 10)), kind)))
    assert (jpeg.mode, jpeg.size) == ("RGB", (20, 10))


def test_what_is_transparent_becomes_white() -> None:
    cutout = Image.new("RGBA", (64, 32), (0, 0, 0, 0))
    cutout.paste((200, 0, 0, 255), (0, 0, 32, 32))
    jpeg = opened(make_jpeg(saved(cutout, "PNG")))
    red, white = jpeg.getpixel((8, 16)), jpeg.getpixel((56, 16))
    assert red == pytest.approx((200, 0, 0), abs=6)
    assert white == pytest.approx((255, 255, 255), abs=6)


def test_a_photo_that_lies_on_its_side_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert opened(make_jpeg(saved(Image.new("RGB", (20, 10)), "JPEG", exif=exif))).size == (10, 20)


def test_a_jpeg_of_more_than_10_mb_is_written_smaller() -> None:
    noise = Image.effect_noise((3000, 3000), 200).convert("RGB")
    big = saved(noise, "JPEG", quality=100, subsampling=0)
    assert len(big) > MAX_BYTES
    assert len(make_jpeg(big)) <= MAX_BYTES


def test_what_stays_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    with pytest.raises(InvalidRequestError, match="The file given as bytes is larger than 10 MB as a JPEG"):
        make_jpeg(saved(Image.new("RGB", (64, 64)), "PNG"))


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (b"", "is empty"),
        (b"no image", "is not an image that Pillow reads"),
        (saved(Image.new("RGB", (64, 64)), "PNG")[:60], "is truncated or damaged"),
        ("nowhere/shoe.jpg", "The file 'nowhere/shoe.jpg' does not exist where this task runs"),
        ("{{ params.file }}", "is a template that was not rendered"),
        ("neverheardof://bucket/shoe.jpg", "neverheardof://bucket/shoe.jpg"),
        (saved(Image.new("I;16", (8, 8)), "PNG"), "has pixels of mode I;16: save it as 8-bit PNG"),
        (12, "is of the type int: give a path"),
        ([(1, 2, 3, 4)], "is of the type list: give a path"),
    ],
)
def test_what_is_no_image_is_refused_by_name(source: Any, problem: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        make_jpeg(source)
    assert problem in str(refusal.value)
    assert not isinstance(refusal.value, MaskError)


@given(st.text())
def test_a_name_suits_a_url(label: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}-[0-9a-f]{32}\.jpg", unique_name(label))


def test_a_name_is_readable_and_never_the_same() -> None:
    assert unique_name("shoes/réd [3]").startswith("shoes-r-d-3-")
    assert len({unique_name("shoes") for _ in range(1000)}) == 1000
