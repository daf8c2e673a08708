"""What no mask can be made of, and with which words it is refused."""

from __future__ import annotations

import os
import re
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from upath import UPath

from airflow_provider_getty.inputs import pictures
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.inputs.storage import locate
from tests.support.mask_pictures import BOX, DRAWN, SIZE, encoded, refusal

if TYPE_CHECKING:
    from pytest_mock import MockerFixture


def test_shapes_without_the_size_of_the_image_are_refused() -> None:
    assert "Shapes need the size of their image: give image_size=(width, height)" in refusal([BOX])


@pytest.mark.parametrize(
    "size",
    [(0, 48), (64, -1), (64.5, 48), (64,), (1, 2, 3), 64, {"width": 64}, "64x48", (float("nan"), 1)],
    ids=repr,
)
def test_an_impossible_size_is_refused(size: Any) -> None:
    assert re.search("image_size|is not a list", refusal([BOX], image_size=size))


@pytest.mark.parametrize("size", [(10_000, 8_001), (65_501, 1)])
def test_a_size_that_no_mask_may_have_is_refused(size: tuple[int, int]) -> None:
    words = "has more than 80 million pixels, or more than 65,500 in a row or column"
    assert f"The image to refine {words}" in refusal([BOX], image_size=size)
    assert f"The mask given as bytes {words}" in refusal(encoded(Image.new("1", size)))


def test_a_decompression_bomb_is_refused_unopened() -> None:
    header = encoded(Image.new("1", (1, 1)))
    bomb = header[:16] + struct.pack(">2I", 2**31 - 1, 2**31 - 1) + header[24:29]
    bomb += struct.pack(">I", zlib.crc32(bomb[12:29])) + header[33:]
    assert "has more than 80 million pixels" in refusal(bomb)


def test_a_mask_of_another_size_than_the_image_is_refused() -> None:
    words = (
        "The mask given as bytes is 64 x 48 pixels, but the image to refine is 48 x 64: draw it at that size."
    )
    assert words in refusal(encoded(DRAWN, "JPEG"), image_size=(48, 64))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("invert", [False, True])
def test_a_mask_without_white_is_refused(kind: str, *, invert: bool) -> None:
    black = encoded(Image.new("L", SIZE, 255 if invert else 0), kind)
    assert "is entirely black, so nothing would be refined" in refusal(black, invert=invert)


def test_an_image_whose_transparency_refines_nothing_is_refused() -> None:
    faint = DRAWN.convert("RGBA")
    faint.putalpha(200)
    assert "make what to refine white or, in an image with transparency, transparent" in refusal(
        encoded(faint)
    )


@pytest.mark.parametrize("mode", ["F", "I"])
def test_pixels_without_a_known_white_are_refused(mode: str) -> None:
    words = f"has pixels of mode {mode}, whose white is unknown: save it as 8-bit PNG."
    assert words in refusal(encoded(DRAWN.convert(mode), "TIFF"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_truncated_image_is_refused(kind: str) -> None:
    whole = encoded(Image.effect_noise(SIZE, 100), kind)
    message = refusal(whole[: len(whole) // 2])
    assert "is truncated or damaged" in message or "is not an image" in message


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"{}",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<svg/>",
        b"%PDF-1.4\n",
        b"PK\x03\x04",
    ],
)
def test_what_is_not_an_image_is_refused(content: bytes) -> None:
    assert "is not an image that Pillow reads: save it as PNG or JPEG." in refusal(content)


@pytest.mark.parametrize("source", [None, 5, 1.5, {BOX}, object()], ids=lambda source: type(source).__name__)
def test_a_wrong_type_is_refused(source: Any) -> None:
    assert f"A mask cannot be made from {type(source).__name__}: give a path" in refusal(
        source, image_size=SIZE
    )


@pytest.mark.parametrize(
    "source", ["{{ params.mask }}", "s3://b/{{ ds }}.png", "[{% if x %}]", Path("{{ ds }}")]
)
def test_an_unrendered_template_is_refused(source: Any) -> None:
    assert "is a template that was not rendered" in refusal(source)


def test_an_unrendered_template_is_shown_without_secrets() -> None:
    assert "'s3://b/{{ ds }}'" in refusal("s3://user:pass@b/{{ ds }}")


@pytest.mark.parametrize("source", ["", " ", "a\0b", "\ud800.png"], ids=ascii)
def test_text_that_is_no_path_is_refused(source: str) -> None:
    assert "is not a valid path" in refusal(source)


def test_files_that_cannot_be_read_are_refused_by_name(tmp_path: Path) -> None:
    (empty := tmp_path / "empty.png").touch()
    os.mkfifo(pipe := tmp_path / "pipe")
    assert f"The mask '{tmp_path}/none.png' does not exist where this task runs" in refusal(
        tmp_path / "none.png"
    )
    assert "does not exist" in refusal(empty / "mask.png")
    assert "does not exist" in refusal("iVBORw0KGgo" * 100)
    assert f"The mask '{tmp_path}' is a directory or a device" in refusal(tmp_path)
    assert "is a directory or a device" in refusal(pipe)
    assert f"The mask '{empty}' is empty" in refusal(empty)
    assert "The mask given as bytes is empty" in refusal(b"")


def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (file := tmp_path / "mask.png").write_bytes(encoded(DRAWN))
    file.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        assert f"The mask '{file}' may not be read" in refusal(file)
    finally:
        os.seteuid(user)


def test_a_huge_file_is_refused_unopened(tmp_path: Path, mocker: MockerFixture) -> None:
    file = tmp_path / "huge.png"
    with file.open("wb") as stream:
        stream.truncate(200_000_001)
    locate(file.as_uri())  # loads Airflow, which opens files of its own
    mocker.patch("pathlib.Path.open", side_effect=AssertionError)
    mocker.patch("fsspec.implementations.local.LocalFileSystem.open", side_effect=AssertionError)
    assert f"The mask '{file}' is larger than 200 MB" in refusal(file)
    assert "is larger than 200 MB" in refusal(file.as_uri())


def test_huge_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_MAX_SOURCE_BYTES", 99)
    assert "The mask given as bytes is larger than 200 MB" in refusal(bytes(100))


def test_objects_that_cannot_be_read_are_refused_by_name() -> None:
    (bucket := UPath("memory://refused")).mkdir(exist_ok=True)
    (bucket / "empty.png").touch()
    assert "The mask 'memory://refused/none.png' does not exist" in refusal("memory://refused/none.png")
    assert "is a directory or a device" in refusal("memory://refused")
    assert "is empty" in refusal("memory://refused/empty.png")


@pytest.mark.parametrize("scheme", ["nosuch", "https"])
def test_a_storage_that_cannot_be_opened_is_refused_without_its_secrets(scheme: str) -> None:
    message = refusal(f"{scheme}://user:pass@bucket/mask.png?X-Signature=abc")
    assert f"The mask '{scheme}://bucket/mask.png' is in a storage that cannot be opened here" in message


def test_trouble_that_may_pass_is_not_a_refusal(tmp_path: Path, mocker: MockerFixture) -> None:
    (file := tmp_path / "mask.png").write_bytes(encoded(DRAWN))
    mocker.patch("pathlib.Path.open", side_effect=TimeoutError("the network drive is slow"))
    with pytest.raises(TimeoutError):
        make_mask(file)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data:image/png;base64," + "A" * 3_000_000, "The mask is a data: URI: decode"),
        ("iVBORw0KGgo" + "A" * 3_000_000, "The mask is 3,000,011 characters of base64: decode it"),
        ("no path, " * 500_000, "The mask is a string of 4,500,000 characters"),
    ],
    ids=["data", "base64", "text"],
)
def test_an_image_as_text_gets_a_short_message(text: str, words: str) -> None:
    message = refusal(text)
    assert words in message
    assert len(message) < 300
