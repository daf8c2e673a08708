"""The look of a whole picture: mood, palette, illustration or photograph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from getty_emulator.drawing.canvas import BLACK, WHITE, Color, mix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from getty_emulator.state import Order


def styled(picture: Image.Image, order: Order) -> Image.Image:  # noqa: PLR0911 - one for each mood
    """Return the picture in the requested media type and mood."""
    if order.options.get("media_type") == "illustration":
        picture = illustrated(picture)
    match order.options.get("mood"):
        case "black_and_white":
            return ImageOps.autocontrast(picture.convert("L"), cutoff=1).convert("RGB")
        case "warm":
            return tinted(picture, (255, 170, 90), 0.3)
        case "cool":
            return tinted(picture, (80, 140, 255), 0.3)
        case "natural":
            return ImageEnhance.Color(picture).enhance(0.72)
        case "vivid":
            return ImageEnhance.Color(picture).enhance(1.7)
        case "dramatic":
            return ImageEnhance.Contrast(tinted(picture, (60, 50, 90), 0.25)).enhance(1.5)
        case "bold":
            return ImageEnhance.Contrast(ImageEnhance.Color(picture).enhance(1.4)).enhance(1.35)
        case _:
            return picture


def tinted(picture: Image.Image, color: Color, share: float) -> Image.Image:
    """Return the picture in colored light, as bright as before."""
    return Image.blend(picture, ImageOps.colorize(picture.convert("L"), BLACK, WHITE, mid=color), share)


def illustrated(picture: Image.Image) -> Image.Image:
    """Return the picture in flat areas of few colors, with outlines."""
    small = picture.reduce(2).filter(ImageFilter.BoxBlur(1))
    few = small.quantize(18, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    areas = Image.frombytes("L", few.size, few.tobytes()).filter(ImageFilter.ModeFilter(3))
    few.frombytes(areas.tobytes())
    flat = ImageEnhance.Color(few.convert("RGB")).enhance(1.3)
    return ImageChops.multiply(flat.resize(picture.size, Image.Resampling.BICUBIC), outlines(picture, 26))


def outlines(picture: Image.Image, strength: int) -> Image.Image:
    """Return dark lines on white where the picture changes most; a higher ``strength`` gives fewer lines."""
    edges = picture.convert("L").filter(ImageFilter.GaussianBlur(1.4)).filter(ImageFilter.FIND_EDGES)
    edges.paste(0, (0, 0, edges.width, 2))
    edges.paste(0, (0, edges.height - 2, edges.width, edges.height))
    edges.paste(0, (0, 0, 2, edges.height))
    edges.paste(0, (edges.width - 2, 0, edges.width, edges.height))
    lines = edges.point([255 - max(0, min(200, (value - strength // 2) * 7)) for value in range(256)])
    return ImageOps.colorize(lines.filter(ImageFilter.GaussianBlur(0.6)), (34, 30, 46), WHITE)


def palette_of(picture: Image.Image, count: int) -> list[Color]:
    """Return the main colors of a picture, dark ones first."""
    small = picture.resize((96, 96), Image.Resampling.BOX).quantize(count, method=Image.Quantize.MEDIANCUT)
    values = small.getpalette() or []
    used = len(small.getcolors() or [])
    colors = [(values[at], values[at + 1], values[at + 2]) for at in range(0, 3 * used, 3)]
    return sorted(colors, key=_luminance)


def recolored(picture: Image.Image, colors: Sequence[Color]) -> Image.Image:
    """Return the picture with its shades, from dark to light, mapped to other colors."""
    shades = [mix(colors[0], BLACK, 0.35), *colors, mix(colors[-1], WHITE, 0.45)]
    last = len(shades) - 1
    ramp = []
    for value in range(256):
        place = value / 255 * last
        index = min(int(place), last - 1)
        ramp.append(mix(shades[index], shades[index + 1], place - index))
    grey = ImageOps.autocontrast(picture.convert("L"), cutoff=1)
    return Image.merge("RGB", [grey.point([shade[band] for shade in ramp]) for band in range(3)])


def _luminance(color: Color) -> float:
    return 0.3 * color[0] + 0.59 * color[1] + 0.11 * color[2]
