"""What people have become masks: images in memory, arrays, file objects, COCO's and SAM's segmentations."""

from __future__ import annotations

import io
import json
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.inputs.pictures import make_jpeg
from tests.support.mask_pictures import BOX, DRAWN, SIZE, box, encoded, refusal, white

BOOLEANS = np.asarray(DRAWN) > 0


def runs_of(pixels: Any) -> list[int]:
    """Run lengths down the columns, which begin with those of zeros."""
    runs = [(value, len(list(group))) for value, group in groupby(np.asarray(pixels).T.reshape(-1).tolist())]
    lengths = [length for _, length in runs]
    return [0, *lengths] if runs[0][0] else lengths


def closed(opened: Any) -> Any:
    opened.close()
    return opened


def compressed(counts: list[int]) -> str:
    """As COCO writes counts, after the description in its ``maskApi.c``."""
    text = ""
    for number, count in enumerate(counts):
        rest = count - counts[number - 2] if number > 2 else count
        more = True
        while more:
            bits = rest & 0x1F
            rest >>= 5
            more = rest != (-1 if bits & 0x10 else 0)
            text += chr((bits | 0x20 if more else bits) + 48)
    return text


RUNS: dict[str, Any] = {"size": [SIZE[1], SIZE[0]], "counts": runs_of(BOOLEANS)}
COMPRESSED: dict[str, Any] = {"size": [SIZE[1], SIZE[0]], "counts": compressed(RUNS["counts"])}


@pytest.mark.parametrize(
    "source",
    [
        DRAWN,
        DRAWN.convert("1"),
        DRAWN.convert("RGB"),
        BOOLEANS,
        BOOLEANS.astype(np.uint8),
        BOOLEANS.astype(np.int64) * 255,
        BOOLEANS.astype(np.float32) * 0.9,
        BOOLEANS[None, :, :, None],
        np.stack([BOOLEANS.astype(np.uint8) * 255] * 3, axis=2),
        io.BytesIO(encoded(DRAWN)),
        RUNS,
        [RUNS],
        COMPRESSED,
        {**COMPRESSED, "counts": COMPRESSED["counts"].encode()},
        {"segmentation": BOOLEANS, "bbox": [8, 8, 32, 24], "predicted_iou": 0.98},
        [{"segmentation": RUNS}, {"segmentation": COMPRESSED}],
        {"segmentation": [[8, 8, 40, 8, 40, 32, 8, 32]], "iscrowd": 0},
        [{"segmentation": [[8, 8, 20, 8, 20, 32, 8, 32]]}, (20, 8, 40, 32)],
        json.dumps({"segmentation": COMPRESSED, "is_thing": True, "score": None}),
        json.dumps([RUNS]),
        str([RUNS]),
    ],
    ids=[
        "an image",
        "an image of bits",
        "an image in color",
        "booleans",
        "0 and 1",
        "0 and 255",
        "probabilities",
        "dimensions of one",
        "an array in color",
        "a file object",
        "run lengths",
        "a list of run lengths",
        "compressed",
        "compressed bytes",
        "SAM",
        "SAM's list",
        "a COCO annotation",
        "an annotation and a box",
        "JSON of an annotation",
        "JSON of run lengths",
        "Jinja's text",
    ],
)
def test_it_becomes_the_mask_of_the_drawing(source: Any) -> None:
    assert white(make_mask(source, image_size=SIZE)) == box(*BOX)


def test_what_has_a_size_of_its_own_needs_no_other() -> None:
    for source in (DRAWN, BOOLEANS, RUNS, {"segmentation": BOOLEANS}):
        assert make_mask(source).size == SIZE


def test_an_open_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "mask.png").write_bytes(encoded(DRAWN))
    with (tmp_path / "mask.png").open("rb") as file:
        assert white(make_mask(file)) == box(*BOX)
    with (tmp_path / "mask.png").open("rb") as file:
        assert make_jpeg(file)[:2] == b"\xff\xd8"


def test_an_open_file_can_be_read_again() -> None:
    """As a batch does: to know its items, and to upload the mask."""
    file = io.BytesIO(b"before" + encoded(DRAWN))
    file.seek(6)
    assert make_mask(file) == make_mask(file)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.data())
def test_run_lengths_are_read_as_they_are_written(width: int, height: int, data: st.DataObject) -> None:
    bits = data.draw(st.lists(st.booleans(), min_size=width * height, max_size=width * height).filter(any))
    pixels = np.array(bits).reshape(height, width)
    counts = runs_of(pixels)
    expected = {(int(x), int(y)) for y, x in np.argwhere(pixels)}
    for form in (counts, compressed(counts)):
        assert white(make_mask({"size": [height, width], "counts": form})) == expected


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"path": "x"}, "has the keys ['path']: it needs a segmentation"),
        (
            {"size": [48, 64], "counts": [1, 2]},
            "has run lengths that add up to 3 pixels, not to its size, 64 x 48",
        ),
        ({"size": [48, 64], "counts": [-1, 48 * 64 + 1]}, "not to its size"),
        ({"size": [48], "counts": [1]}, "has run lengths that cannot be read"),
        ({"size": [48, 64], "counts": "\u00e9"}, "has run lengths that cannot be read"),
        ({"size": [48, 64], "counts": "o"}, "has run lengths that cannot be read"),
        ({"size": [2, 2], "counts": [0, 4]}, "is 2 x 2 pixels, but the image to refine is 64 x 48"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, "has more than 80 million pixels"),
        ([RUNS, {"size": [2, 2], "counts": [0, 4]}], "is 2 x 2 pixels"),
        ({"segmentation": 5}, "is of the type int"),
        (np.zeros((48, 64)), "is entirely black"),
        (np.full((48, 64), -3.0), "has values from -3 to -3: give booleans (mask > threshold)"),
        (np.full((48, 64), np.nan), "give booleans"),
        (np.full((48, 64), 65_535), "has values from 65535 to 65535"),
        (np.ones((3, 48, 64), bool), "has the shape (3, 48, 64): give one mask"),
        (np.ones(5), "has the shape (5,)"),
        (np.full((48, 64), "x"), "give numbers or booleans"),
        (np.ones((9, 9), bool), "is 9 x 9 pixels, but the image to refine is 64 x 48"),
        (io.StringIO("text"), "returns text: open it in binary mode"),
        (closed(io.BytesIO(encoded(DRAWN))), "cannot be read: give one that is open for reading"),
        (closed(Image.open(io.BytesIO(encoded(DRAWN)))), "is truncated or damaged"),
        (Image.open(io.BytesIO(encoded(DRAWN)[:-40])), "is truncated or damaged"),
        ({"size": [float("inf"), 64], "counts": [1]}, "has run lengths that cannot be read"),
        ({"size": [48, 64], "counts": [float("nan"), 1]}, "has run lengths that cannot be read"),
        ({"size": [48, 64], "counts": [float("inf")]}, "has run lengths that cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(source: Any, words: str) -> None:
    assert words in refusal(source, image_size=SIZE)


def test_polygons_of_an_annotation_need_the_size_of_their_image() -> None:
    assert "Shapes need the size" in refusal({"segmentation": [[8, 8, 40, 8, 40, 32]]})
