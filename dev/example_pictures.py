"""Draws the pictures of the example DAGs: the inputs and the results of their runs."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from getty_emulator.drawing.canvas import Canvas, gradient
from getty_emulator.drawing.library import LIBRARY
from getty_emulator.operations import DRAW
from getty_emulator.operations.bodies import LONGER_SIDE, fitted
from getty_emulator.state import Order
from PIL import Image

from airflow_provider_getty.inputs.masks import make_mask
from dev.picture import one_below_another, side_by_side

EXAMPLE_DAGS = Path(__file__).resolve().parent.parent / "example_dags"
PHOTOGRAPH = EXAMPLE_DAGS / "getty_product.jpg"
SEED = 5
CALM_SEED = 4  # chosen because the vase separates well from its table
VASE = (412, 364, 612, 652)  # of the picture of a table: left, top, right, bottom
SHEET_WIDTH = 1400  # pixels


def generate_extend() -> Image.Image:
    """Draw the square image, and its extension to each aspect ratio."""
    square = _drawn(
        "text_to_image", Image.new("RGB", (LONGER_SIDE, LONGER_SIDE)), "white sailing boats at sunset"
    )
    panels = [("generate: white sailing boats at sunset", square)]
    for width, height in ((16, 9), (9, 16), (4, 3)):
        beside, above = max(width / height - 1, 0) * 50, max(height / width - 1, 0) * 50
        margins = {
            "left_percentage": beside,
            "right_percentage": beside,
            "top_percentage": above,
            "bottom_percentage": above,
        }
        size = fitted(100 + 2 * beside, 100 + 2 * above, LONGER_SIDE)
        extended = _drawn("extend", square, "open water and a clear sky", size=size, options=margins)
        panels.append((f"extend: {width}:{height}", extended))
    return one_below_another([side_by_side(panels)], SHEET_WIDTH)


def catalogue() -> Image.Image:
    """Draw the original and the result for each line of the catalog file."""
    rows = []
    for line in (EXAMPLE_DAGS / "getty_catalogue.jsonl").read_text().splitlines():
        item = json.loads(line)
        image = LIBRARY[item["image_id"]]
        mask = make_mask(item["mask"], image_size=(image.width, image.height)).jpeg
        refined = _drawn("refine", image.picture(), item["prompt"], mask=mask)
        rows.append([(f"{item['name']}: original", image.picture()), (item["prompt"], refined)])
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return one_below_another([side_by_side(left + right) for left, right in pairs], SHEET_WIDTH)


def product() -> Image.Image:
    """Draw the product photograph, its scenes, and the product cut out of a calm scene."""
    with Image.open(PHOTOGRAPH) as file:
        photograph = file.convert("RGB")
    calm = _drawn("background_generation", photograph, "on a plain wooden table", seed=CALM_SEED)
    scenes = [
        (prompt, _drawn("background_generation", photograph, prompt))
        for prompt in ("in the mountains at dawn", "in a meadow on a sunny day")
    ]
    rows = [
        [("The photograph", photograph), *scenes],
        [
            ("The photograph", photograph),
            ("on a plain wooden table", calm),
            ("background-removal", _drawn("background_removal", calm)),
        ],
    ]
    return one_below_another([side_by_side(row) for row in rows], SHEET_WIDTH)


def photograph_of_a_vase() -> bytes:
    """Draw the product of the example, as the JPEG file next to it."""
    table = LIBRARY["1328876514"]
    canvas = Canvas(table.width, table.height)
    if table.subject:
        table.subject(canvas)
    vase = canvas.finish().crop(VASE)
    vase = vase.resize((vase.width * 2, vase.height * 2), Image.Resampling.LANCZOS)
    ground = gradient((8, 300), [(240, 240, 238), (230, 230, 226), (216, 214, 210)])
    photograph = ground.resize((1024, 768), Image.Resampling.BICUBIC).convert("RGB")
    photograph.paste(vase, (312, 110), vase)
    jpeg = BytesIO()
    photograph.save(jpeg, "JPEG", quality=88, optimize=True)
    return jpeg.getvalue()


def _drawn(
    kind: str,
    base: Image.Image,
    prompt: str | None = None,
    *,
    size: tuple[int, int] | None = None,
    seed: int = SEED,
    **asked: Any,
) -> Image.Image:
    """Draw the result of a generation of this type."""
    return DRAW[kind](base, Order(kind, 0, *(size or base.size), prompt=prompt, **asked), seed)
