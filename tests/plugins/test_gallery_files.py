"""Which files the gallery opens: images below its folders, and no other."""

from __future__ import annotations

import os
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_getty.plugins.gallery.folders import Folders, NotShownError
from airflow_provider_getty.plugins.gallery.pictures import PictureCache, mask_rendition, rendition

MOST = 10_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shown").mkdir()
    (tmp_path / "shown" / "a.jpg").write_bytes(b"an image")
    (tmp_path / "shown-too.jpg").write_bytes(b"beside it")
    return tmp_path / "shown"


@pytest.mark.parametrize("form", ["{}", "{}/", "file://{}"])
def test_a_file_below_a_folder_is_read(folder: Path, form: str) -> None:
    folders = Folders.of([form.format(folder)])
    for where in (f"{folder}/a.jpg", f"file://{folder}/a.jpg", f"{folder}/../shown/a.jpg"):
        assert folders.read(where, MOST) == b"an image"


@pytest.mark.parametrize(
    "where",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "{}/../../../../../../etc/passwd",
        "{}/../shown-too.jpg",
        "{}-too.jpg",
        "{}",
        "{}/",
        "",
        "a.jpg",
        "../shown/a.jpg",
        "~/a.jpg",
        "{}/a.jpg\0",
        "file://localhost{}/a.jpg",
        "file:///{}/../shown-too.jpg",
        "local:{}/a.jpg",
        "s3://bucket{}/a.jpg",
        "http://localhost/{}/a.jpg",
        "{}/" + "x" * 5000,
        None,
        17,
        ["{}/a.jpg"],
    ],
)
def test_nothing_else_is(folder: Path, where: object) -> None:
    where = where.replace("{}", str(folder)) if isinstance(where, str) else where
    with pytest.raises(NotShownError):
        Folders.of([str(folder)]).read(where, MOST)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(folder: Path) -> None:
    (folder / "link.jpg").symlink_to(folder.parent / "shown-too.jpg")
    (folder / "passwd").symlink_to("/etc/passwd")
    (folder / "up").symlink_to(folder.parent)
    folders = Folders.of([str(folder)])
    for where in ("link.jpg", "passwd", "up/shown-too.jpg"):
        with pytest.raises(NotShownError):
            folders.read(f"{folder}/{where}", MOST)


def test_a_folder_may_be_a_link_itself(folder: Path) -> None:
    (folder.parent / "link").symlink_to(folder)
    assert Folders.of([f"{folder.parent}/link"]).read(f"{folder}/a.jpg", MOST) == b"an image"
    assert Folders.of([str(folder)]).read(f"{folder.parent}/link/a.jpg", MOST) == b"an image"


def test_what_is_no_regular_file_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "sub").mkdir()
    for where in ("pipe", "sub", "no_such_file"):
        with pytest.raises(NotShownError):
            Folders.of([str(folder)]).read(f"{folder}/{where}", MOST)


def test_a_file_that_is_too_long_is_not_read_to_its_end(folder: Path) -> None:
    (folder / "long").write_bytes(bytes(MOST + 1))
    with pytest.raises(NotShownError, match="more than"):
        Folders.of([str(folder)]).read(f"{folder}/long", MOST)


@pytest.mark.parametrize("odd", ["/", "//", "/..", "relative", ".", "file://", "s3://", "x::y://z", ""])
def test_what_is_no_folder_shows_nothing(odd: str) -> None:
    assert not Folders.of([odd])


def test_files_in_a_store_are_read_below_their_folder() -> None:
    from upath import UPath  # noqa: PLC0415 - warns

    for name, content in (("shown/a.jpg", b"an image"), ("hidden.jpg", b"none")):
        UPath(f"memory://bucket/{name}").write_bytes(content)
    folders = Folders.of(["memory://bucket/shown/"])
    assert folders.read("memory://bucket/shown/a.jpg", MOST) == b"an image"
    for where in (
        "memory://bucket/hidden.jpg",
        "memory://bucket/shown/../hidden.jpg",
        "memory://bucket/shown/./a.jpg",
        "memory://bucket//shown/a.jpg",
        "memory://bucket/shown",
        "memory://bucket/shown/",
        "memory://bucket/shown-too/a.jpg",
        "memory://other_conn@bucket/shown/a.jpg",
        "memory:///bucket/shown/a.jpg",
        "MEMORY://bucket/shown/a.jpg",
        "simplecache::memory://bucket/shown/a.jpg",
        "memory://bucket/shown/no_such_file",
    ):
        with pytest.raises(NotShownError):
            folders.read(where, MOST)


def picture(
    size: tuple[int, int] = (800, 400), kind: str = "PNG", mode: str = "RGB", **options: object
) -> bytes:
    file = BytesIO()
    Image.new(mode, size).save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_is_encoded_anew_and_small(kind: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    made = rendition(picture(kind=kind, exif=exif), "thumb")
    with Image.open(BytesIO(made)) as image:
        assert (image.format, image.size) == ("JPEG", (480, 240))
    assert b"script" not in made


def test_a_small_image_keeps_its_size() -> None:
    with Image.open(BytesIO(rendition(picture((90, 60)), "large"))) as image:
        assert image.size == (90, 60)


def bomb(width: int, height: int) -> bytes:
    """A PNG that says to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"root:x:0:0:root:/root:/bin/bash\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a",
        picture()[:50],
        picture(kind="TIFF"),
        picture(kind="PDF"),
        picture((8000, 8000), mode="1"),
        bomb(60_000, 60_000),
        bomb(2**31 - 1, 2**31 - 1),
    ],
    ids=["empty", "text", "SVG", "GIF", "cut", "TIFF", "PDF", "64 MP", "3,600 MP", "huge"],
)
def test_what_is_no_image_of_ours_is_not_shown(content: bytes) -> None:
    with pytest.raises(NotShownError):
        rendition(content, "thumb")


def test_a_mask_is_drawn_from_shapes() -> None:
    with Image.open(BytesIO(mask_rendition([[0, 0, 50, 100]], [100, 100], "thumb"))) as image:
        pixels = image.convert("1").tobytes()
        assert (image.size, pixels[0], pixels[-1]) == ((100, 100), 255, 0)


def test_the_text_of_a_path_makes_no_mask(tmp_path: Path) -> None:
    Image.new("L", (90, 60), "white").save(tmp_path / "hidden.png")
    for text in (str(tmp_path / "hidden.png"), f'"{tmp_path}/hidden.png"', f'["{tmp_path}/hidden.png"]'):
        with pytest.raises(NotShownError):
            mask_rendition(text, None, "thumb")


@pytest.mark.parametrize(
    ("shapes", "size"),
    [
        ("/etc/passwd", [9, 9]),
        ([["/etc/passwd"]], [9, 9]),
        ([[0, 0, 9, 9]], [7_000, 7_000]),
        ([[0, 0, 9, 9]], [100_000, 100_000]),
        ([[0, 0, 9, 9]], [10**400, 1]),
        ([[0, 0, 9, 9]], ["x", "y"]),
        ([[0, 0, 9, 9]], None),
        ([[0, 0, 9, 9]], [-5, -5]),
        ([], [9, 9]),
        ("[[" * 5000, [9, 9]),
        (17, [9, 9]),
    ],
)
def test_what_makes_no_mask_is_not_shown(shapes: object, size: object) -> None:
    with pytest.raises(NotShownError):
        mask_rendition(shapes, size, "thumb")


def test_what_is_kept_has_a_bound() -> None:
    cache = PictureCache()
    for number in range(200):
        cache.put(number, bytes(2**20))
    assert cache.get(0) is None
    assert cache.get(199) is not None
    assert sum(cache.get(number) is not None for number in range(200)) == 64
