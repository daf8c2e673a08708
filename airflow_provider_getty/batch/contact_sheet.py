"""The contact sheet of a batch: a JPEG of thumbnails, and an HTML page of the images with their prompts."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import islice
from urllib.parse import quote

from PIL import Image, ImageDraw

from airflow_provider_getty.inputs.folders import join
from airflow_provider_getty.inputs.storage import locate
from airflow_provider_getty.inputs.storage_errors import without_secrets

log = logging.getLogger(__name__)

PICTURES = 240
"""The most pictures on the JPEG; the page has all of them."""
_COLUMNS = 6
_SIDE = 240
_GAP = 12
_LABEL = 18
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src 'self'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif }}
body {{ margin: 1.5rem }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: 1rem }}
figure {{ margin: 0 }}
img {{ width: 100%; height: auto; border-radius: 4px }}
figcaption small {{ display: block; overflow-wrap: anywhere; opacity: .7 }}
</style>
<h1>{title}</h1>
<main>
{figures}
</main>
</html>
"""
_FIGURE = """\
<figure><a href="{file}"><img loading="lazy" src="{file}" alt="{label}"></a>
<figcaption><b>{label}</b> {prompt}<small>seed {seed} · {generation}</small></figcaption></figure>"""


@dataclass(frozen=True)
class Picture:
    """A downloaded image.

    :param file: its name in the folder.
    :param label: the name or the number of its item.
    :param seed: the seed of its generation, if known.
    """

    file: str
    label: str
    prompt: str
    seed: int | None
    generation_request_id: str


def write(folder: str, name: str, pictures: Iterable[Picture]) -> str:
    """Write ``<name>-contact-sheet.jpg`` and ``….html`` to the folder of the images; return the location of the page.

    :param name: the beginning of both file names.
    :raises OSError: they cannot be written.
    """
    pictures = list(pictures)
    stem = f"{name}-contact-sheet"
    with locate(join(folder, f"{stem}.jpg")).publishing() as file:
        _drawn(folder, pictures[:PICTURES]).save(file, "JPEG", quality=85)
    page = join(folder, f"{stem}.html")
    with locate(page).publishing() as file:
        file.write(_page(name, pictures).encode())
    return str(page)


def _page(name: str, pictures: Iterable[Picture]) -> str:
    figures = (
        _FIGURE.format(
            file=escape(quote(each.file)),
            label=escape(each.label),
            prompt=escape(each.prompt),
            seed="unknown" if each.seed is None else each.seed,
            generation=escape(each.generation_request_id),
        )
        for each in pictures
    )
    return _PAGE.format(title=escape(f"Contact sheet of {name}"), figures="\n".join(figures))


def _drawn(folder: str, pictures: list[Picture]) -> Image.Image:
    columns = max(1, min(_COLUMNS, len(pictures)))
    rows = max(1, -(-len(pictures) // columns))
    cell_width, cell_height = _SIDE + _GAP, _SIDE + _LABEL + _GAP
    sheet = Image.new("RGB", (columns * cell_width + _GAP, rows * cell_height + _GAP), "white")
    draw = ImageDraw.Draw(sheet)
    for number, each in enumerate(islice(pictures, PICTURES)):
        left = _GAP + number % columns * cell_width
        top = _GAP + number // columns * cell_height
        if small := _small(folder, each.file):
            place = (left + (_SIDE - small.width) // 2, top + (_SIDE - small.height) // 2)
            sheet.paste(small, place)
        draw.text((left, top + _SIDE + 3), each.label[:40].encode("ascii", "replace").decode(), fill="black")
    return sheet


def _small(folder: str, name: str) -> Image.Image | None:
    location = locate(join(folder, name))
    try:
        with location.open() as file, Image.open(file) as image:
            image.draft("RGB", (2 * _SIDE, 2 * _SIDE))
            image.thumbnail((_SIDE, _SIDE))
            return image.convert("RGB")
    except (OSError, Image.DecompressionBombError) as error:  # a file that has been removed leaves a gap
        log.warning("%s is not on the contact sheet: %s", without_secrets(location.shown), error)
        return None
