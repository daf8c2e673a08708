"""Arranges pictures in rows and sheets, for example an original and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT = 420
MARGIN = 36
GAP = 24
CAPTION_GAP = 14
CAPTION_SIZE = 20
WHITE, INK, FRAME = "#ffffff", "#333333", "#d0d0d0"


def side_by_side(panels: Sequence[tuple[str, Image.Image]]) -> Image.Image:
    """Draw images side by side on white at the same height, each with a caption below."""
    images = [_framed(image) for _, image in panels]
    width = 2 * MARGIN + sum(image.width for image in images) + GAP * (len(images) - 1)
    height = 2 * MARGIN + HEIGHT + CAPTION_GAP + CAPTION_SIZE
    sheet = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(CAPTION_SIZE)
    left = MARGIN
    for image, (caption, _) in zip(images, panels, strict=True):
        sheet.paste(image, (left, MARGIN))
        draw.text((left, MARGIN + HEIGHT + CAPTION_GAP), caption, fill=INK, font=font)
        left += image.width + GAP
    return sheet


def one_below_another(sheets: Sequence[Image.Image], width: int) -> Image.Image:
    """Stack sheets on white, scaled to the given width."""
    whole = Image.new(
        "RGB", (max(sheet.width for sheet in sheets), sum(sheet.height for sheet in sheets)), WHITE
    )
    top = 0
    for sheet in sheets:
        whole.paste(sheet, (0, top))
        top += sheet.height
    return whole.resize((width, round(whole.height * width / whole.width)), Image.Resampling.LANCZOS)


def _framed(image: Image.Image) -> Image.Image:
    """Scale an image to the common height; a thin frame separates a white image from the page."""
    scaled = image.convert("RGB").resize(
        (round(image.width * HEIGHT / image.height), HEIGHT), Image.Resampling.LANCZOS
    )
    ImageDraw.Draw(scaled).rectangle((0, 0, scaled.width - 1, scaled.height - 1), outline=FRAME)
    return scaled
