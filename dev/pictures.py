"""`make pictures`: draws the pictures in docs/images/ and an example's photograph with the emulator."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from io import BytesIO
from pathlib import Path
from typing import Any

from getty_emulator.drawing.library import LIBRARY, LibraryImage
from getty_emulator.drawing.refinement import draw_refinement
from getty_emulator.operations import DRAW, GENERATING
from getty_emulator.server import Emulator
from getty_emulator.state import Order, Source
from PIL import Image

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.operations import Refine, UploadImage
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.inputs.pictures import unique_name
from dev import example_pictures
from dev.airflow_picture import page_of_a_run
from dev.picture import one_below_another, side_by_side
from dev.processes import port_or_free

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SEED = 5  # chosen because its balloons are placed best
BALL = (520, 570, 600, 640)  # of the beach: left, top, right, bottom
SHEET_WIDTH = 1400  # pixels
PAGE_SIZE = (1100, 880)  # pixels, enough for two generations
PAGE_SECONDS = 60
PORT = 8900  # the one that the documentation names
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> int:
    """Draw the pictures and return the exit code."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    lake, _, table, *_ = LIBRARY.values()
    _save(refinement(lake), IMAGES / "refinement.jpg")
    _save(operations(), IMAGES / "operations.jpg")
    example_pictures.PHOTOGRAPH.write_bytes(example_pictures.photograph_of_a_vase())
    _save(example_pictures.generate_extend(), IMAGES / "generate_extend.jpg")
    _save(example_pictures.catalogue(), IMAGES / "catalogue.jpg")
    _save(example_pictures.product(), IMAGES / "product.jpg")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("The screenshots of the emulator and of Airflow are unchanged: chromium is not installed.")
    else:
        _save(page_of_a_run(browser), IMAGES / "airflow.jpg")
        _save(start_page(browser, [table, lake]), IMAGES / "emulator.jpg")
    return 0


def refinement(image: LibraryImage) -> Image.Image:
    """Draw a library image, its suggested mask, and the result."""
    mask = make_mask([image.mask_box], image_size=(image.width, image.height)).jpeg
    order = Order("refine", 0, image.width, image.height, mask=mask, prompt=image.prompt)
    return side_by_side(
        [
            ("Original", image.picture()),
            ("Mask: white is refined", Image.open(BytesIO(mask))),
            (f"Result: {image.prompt}", draw_refinement(image.picture(), order, SEED)),
        ]
    )


def operations() -> Image.Image:
    """Draw a result of each other operation."""
    lake, _, table, _, beach, _ = LIBRARY.values()
    photograph = _drawn("generate", None, prompt="white sailing boats at sunset")
    ball = make_mask([BALL], image_size=(beach.width, beach.height)).jpeg
    wide = {f"{side}_percentage": 18.0 for side in ("left", "right", "top", "bottom")}
    rows = [
        [
            ("generate: white sailing boats at sunset", photograph),
            (
                "generate: media_type illustration",
                _drawn(
                    "generate",
                    None,
                    prompt="white sailing boats at sunset",
                    options={"media_type": "illustration"},
                ),
            ),
            (
                "variations of the first",
                DRAW["variation"](photograph, Order("variation", 0, *photograph.size), SEED),
            ),
        ],
        [
            ("Original", beach.picture()),
            ("extend", _drawn("extend", beach, options=wide)),
            ("object-removal: the ball", _drawn("object-removal", beach, mask=ball)),
        ],
        [
            ("Original", table.picture()),
            ("background-removal", _drawn("background-removal", table)),
            (
                "background-replacement: a lake at dawn",
                _drawn("background-replacement", table, prompt="a lake at dawn"),
            ),
        ],
        [
            ("Original", lake.picture()),
            (
                "influence-color: a city skyline",
                _drawn("influence-color-by-image", lake, prompt="a city skyline"),
            ),
            (
                "influence-composition: a green and golden forest",
                _drawn("influence-composition-by-image", lake, prompt="a green and golden forest"),
            ),
        ],
    ]
    return one_below_another([side_by_side(row) for row in rows], SHEET_WIDTH)


def _drawn(name: str, image: LibraryImage | None, **asked: Any) -> Image.Image:
    """Draw the result of an operation, with or without a library image."""
    operation = next(operation for operation in GENERATING if operation.name == name)
    size = (image.width, image.height) if image else (1024, 683)
    source = Source(asset_id=image.id) if image else None
    order = Order(operation.generation_type, 0, *size, source=source, **asked)
    return operation.draw(image.picture() if image else Image.new("RGB", size), order, SEED)


def start_page(browser: str, images: list[LibraryImage]) -> Image.Image:
    """Refine images on an emulator, and take a screenshot of its start page."""
    with Emulator(port=port_or_free(PORT)) as getty, tempfile.TemporaryDirectory() as folder:
        account = Account(api_key=getty.api_key, api_secret=getty.api_secret, base_url=getty.url)
        with GettyClient(account) as client:
            for image in images:
                _refine(client, image)
        file = Path(folder) / "page.png"
        window = ",".join(map(str, PAGE_SIZE))
        options = ("--headless", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile")
        command = (browser, *options, f"--window-size={window}", f"--screenshot={file}", getty.url)
        subprocess.run(command, check=True, capture_output=True, timeout=PAGE_SECONDS)
        with Image.open(file) as page:
            return page.convert("RGB")


def _refine(client: GettyClient, image: LibraryImage) -> None:
    name = unique_name("picture")
    mask = make_mask([image.mask_box], image_size=(image.width, image.height))
    client.ask(UploadImage(file_name=name, jpeg=mask.jpeg))
    mask_url = client.account.uploads_url + name
    client.ask(Refine(image_id=image.id, mask_url=mask_url, prompt=image.prompt))


def _save(picture: Image.Image, file: Path) -> None:
    picture.save(file, quality=88, optimize=True)
    print(f"docs/images/{file.name}  {file.stat().st_size / 1000:.0f} KB")


if __name__ == "__main__":
    sys.exit(main())
