"""Backgrounds: a product, or the subject of an image, in front of a new scene."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageColor, ImageFilter

from getty_emulator.drawing.canvas import BLACK, WHITE, gradient, mix
from getty_emulator.drawing.extension import placed
from getty_emulator.drawing.scene import scene
from getty_emulator.drawing.style import styled
from getty_emulator.drawing.subject import cut_out, subject_of

if TYPE_CHECKING:
    from getty_emulator.state import Order


def draw_background(base: Image.Image, order: Order, seed: int) -> Image.Image:
    """Return the subject at its place, with its shadow, in front of a plain color or the prompt's scene."""
    at = placed(order)
    inner = (at.right - at.left, at.bottom - at.top)
    mask = subject_of(base, order.source).resize(inner, Image.Resampling.BILINEAR)
    subject = cut_out(base.resize(inner, Image.Resampling.LANCZOS), mask.point([0] * 128 + [255] * 128))
    size = (order.width, order.height)
    behind = _plain(size, order) or scene(size, order.prompt, seed).filter(ImageFilter.GaussianBlur(1.6))
    behind = styled(behind, order)
    shadow = Image.new("L", size)
    shadow.paste(subject.getchannel("A"), (at.left + inner[0] // 60, at.top + inner[1] // 50))
    shadow = shadow.filter(ImageFilter.GaussianBlur(max(inner) / 60)).point(
        [value * 9 // 20 for value in range(256)]
    )
    behind.paste(Image.new("RGB", size, (24, 20, 30)), mask=shadow)
    behind.paste(subject, at[:2], subject)
    return behind


def _plain(size: tuple[int, int], order: Order) -> Image.Image | None:
    text = order.options.get("background_color")
    if text is None:
        return None
    red, green, blue = ImageColor.getrgb(str(text))[:3]
    color = (red, green, blue)
    return gradient(size, [mix(color, WHITE, 0.06), color, mix(color, BLACK, 0.06)])
