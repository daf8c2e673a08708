"""Whole scenes from a prompt: a place, a time of day, and the prompt's motifs."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

import math
import re
from random import Random
from typing import TYPE_CHECKING

from PIL import Image

from getty_emulator.drawing import palette
from getty_emulator.drawing.canvas import (
    BLACK,
    WHITE,
    Canvas,
    Color,
    clouds,
    contrast,
    grain,
    mix,
    noise,
    ridge,
)
from getty_emulator.drawing.composition import Composition
from getty_emulator.drawing.motifs import MOTIFS, Motif, Place
from getty_emulator.drawing.refinement import mean
from getty_emulator.drawing.style import styled

if TYPE_CHECKING:
    from collections.abc import Callable

    from getty_emulator.state import Order

_FINENESS = 0.7
"""Scale at which a scene is painted: it is soft anyway, and takes half the time."""
_SKIES: dict[str, tuple[Color, ...]] = {
    "night": ((12, 18, 48), (34, 44, 92), (84, 84, 132)),
    "dusk": ((58, 56, 118), (176, 104, 140), (250, 178, 126)),
    "dawn": ((118, 150, 206), (236, 190, 190), (254, 226, 178)),
    "day": ((70, 146, 214), (148, 200, 234), (226, 240, 240)),
}
"""Colors from the top to the horizon."""
_TIMES = {
    "night": ("night", "midnight", "starry", "stars", "moon", "moonlit", "galaxy"),
    "dusk": ("dusk", "sunset", "evening", "twilight", "dramatic"),
    "dawn": ("dawn", "sunrise", "morning", "misty", "mist", "fog"),
    "day": ("day", "noon", "sunny", "summer", "bright", "blue"),
}
_PLACES = {
    "sea": (
        "sea",
        "ocean",
        "beach",
        "coast",
        "lake",
        "water",
        "boat",
        "boats",
        "sailing",
        "harbor",
        "island",
    ),
    "mountains": ("mountain", "mountains", "alps", "hills", "peak", "peaks", "snow", "valley", "landscape"),
    "city": ("city", "street", "town", "skyline", "buildings", "office", "urban", "night-life"),
    "table": (
        "table",
        "kitchen",
        "desk",
        "room",
        "shelf",
        "marble",
        "interior",
        "wood",
        "wooden",
        "studio",
        "wall",
    ),
    "meadow": (
        "meadow",
        "garden",
        "park",
        "field",
        "forest",
        "lawn",
        "grass",
        "flowers",
        "tree",
        "trees",
        "autumn",
    ),
}
_OUTDOORS = ("sea", "mountains", "meadow")


def draw_scene(base: Image.Image, order: Order, seed: int) -> Image.Image:  # noqa: ARG001 - a scene has no original
    """Return the scene of the order's prompt, in the requested style."""
    return styled(scene((order.width, order.height), order.prompt, seed), order)


def scene(size: tuple[int, int], prompt: str | None, seed: int) -> Image.Image:
    """Return a scene. The same prompt and seed always give the same scene."""
    random = Random(f"{seed} {prompt}")  # noqa: S311 - nothing secret
    words = set(re.findall(r"[a-z]+", (prompt or "").lower()))
    wish = palette.read(prompt)
    place = _chosen(_PLACES, words) or Random(prompt).choice(_OUTDOORS)  # noqa: S311
    sky = list(_SKIES[_chosen(_TIMES, words) or random.choice(("dusk", "dawn", "day"))])
    if wish.ground:
        sky = [mix(color, wish.ground, 0.45) for color in sky]
    elif not wish.motifs:
        sky = [mix(color, palette.any_colors(prompt)[number], 0.25) for number, color in enumerate(sky)]
    canvas = Canvas(max(4, round(size[0] * _FINENESS)), max(4, round(size[1] * _FINENESS)))
    horizon = round(canvas.height * (random.uniform(0.48, 0.66) + (0.16 if place == "city" else 0)))
    _GROUNDS[place](canvas, sky, horizon, random)
    for name in wish.motifs:
        box = _room(canvas, MOTIFS[name], horizon, indoors=place == "table")
        put(canvas, box, name, wish.colors, random)
    return grain(canvas.image.resize(size, Image.Resampling.LANCZOS), random)


def put(
    canvas: Canvas, box: tuple[int, int, int, int], motif: str, colors: tuple[Color, ...], random: Random
) -> None:
    """Paint a motif into a part of a canvas, in its local light."""
    area = Canvas(box[2] - box[0], box[3] - box[1])
    scale = canvas.image.width / canvas.width
    left, top, right, bottom = (round(at * scale) for at in box)
    ambient = mean(canvas.image.crop((left, top, right, bottom)).resize((8, 8)).convert("RGB"))
    Composition(area, ambient, random).add(motif, colors)
    canvas.picture(area.image, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))


def _room(canvas: Canvas, motif: Motif, horizon: int, *, indoors: bool) -> tuple[int, int, int, int]:
    """Return the place of a thing: in the air, on the ground, on the water, in the middle of the table."""
    width, height = round(canvas.width), round(canvas.height)
    match motif.place:
        case Place.AFLOAT:
            return 0, 0, width, round(horizon * 0.96)
        case Place.SAILING:
            return 0, round(horizon * 0.8), width, round(height * 0.96)
        case Place.STANDING if indoors:
            half = round(min(width, height) * 0.24)
            return width // 2 - half, round(horizon * 0.3), width // 2 + half, round(height * 0.94)
        case Place.STANDING:
            return 0, round(horizon * 0.72), width, round(height * 0.99)
        case Place.ALONE:
            top, bottom = (0.08, horizon * 0.8) if motif.luminous else (0.5, height * 0.94)
            return width // 8, round(horizon * top), width - width // 8, round(bottom)


def _chosen(table: dict[str, tuple[str, ...]], words: set[str]) -> str | None:
    return next((name for name, known in table.items() if words.intersection(known)), None)


def _sky(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    width = canvas.width
    canvas.rectangle((-4, -4, width + 4, horizon + 8), list(sky))
    drifting = clouds((256, 96), (90, 16), (110, 205), random)
    canvas.mist((0, horizon * 0.05, width, horizon * 0.9), mix(sky[-1], WHITE, 0.5), drifting, 0.55)
    if sum(sky[0]) < 160:
        for _ in range(70):
            spot = (random.uniform(0, width), random.uniform(0, horizon * 0.7))
            canvas.disc(spot, random.uniform(0.4, 1.2), WHITE, random.uniform(0.3, 0.9))
    glow = (width * random.uniform(0.2, 0.8), horizon * 0.95)
    canvas.glow(glow, width * 0.42, mix(sky[-1], (255, 236, 190), 0.6), 0.75)


def _ranges(canvas: Canvas, sky: list[Color], horizon: int, random: Random, count: int) -> None:
    width = canvas.width
    for layer in range(count):
        far = 1 - (layer + 1) / (count + 1)
        top = horizon * (0.66 + 0.3 * (1 - far))
        tone = mix(mix((46, 58, 92), sky[1], 0.4), sky[-1], far * 0.75)
        middle = (random.uniform(0.25, 0.75) * width, top - horizon * 0.2 * far - 12)
        line = ridge((-5, top + 14), middle, horizon * 0.16, random, 7)
        line += ridge(middle, (width + 5, top + 10), horizon * 0.16, random, 7)[1:]
        canvas.polygon([*line, (width + 5, horizon + 6), (-5, horizon + 6)], [tone, mix(tone, sky[-1], 0.4)])


def _sea(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    _sky(canvas, sky, horizon, random)
    if random.random() < 0.6:
        _ranges(canvas, sky, horizon, random, 1)
    width, height = canvas.width, canvas.height
    deep, shallow = mix(sky[0], (24, 92, 132), 0.5), mix(sky[-1], (96, 184, 196), 0.5)
    canvas.rectangle(
        (-4, horizon, width + 4, height + 4), [mix(shallow, sky[-1], 0.5), deep, mix(deep, BLACK, 0.25)]
    )
    ripples = contrast(noise((256, 128), (60, 3), random, 3), 130, 215)
    canvas.mist((0, horizon, width, height), mix(sky[-1], WHITE, 0.6), ripples, 0.42)


def _mountains(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    _sky(canvas, sky, horizon, random)
    _ranges(canvas, sky, horizon, random, 3)
    _turf(canvas, sky, horizon, random, (74, 106, 92))


def _meadow(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    _sky(canvas, sky, horizon, random)
    _ranges(canvas, sky, horizon, random, 1)
    _turf(canvas, sky, horizon, random, (122, 156, 84))


def _turf(canvas: Canvas, sky: list[Color], horizon: int, random: Random, green: Color) -> None:
    width, height = canvas.width, canvas.height
    tone = mix(green, sky[1], 0.22)
    for layer in range(3):
        top = horizon + (height - horizon) * layer * 0.24
        phase, swell = random.uniform(0, math.tau), height * 0.016 * (layer + 1)
        line = [
            (x, top + swell * math.sin(phase + x / (90 + layer * 60)))
            for x in range(-8, round(width) + 16, 8)
        ]
        shade = mix(tone, BLACK, 0.1 + layer * 0.13)
        canvas.polygon([*line, (width + 8, height + 8), (-8, height + 8)], [mix(shade, WHITE, 0.16), shade])
    canvas.mist(
        (0, horizon, width, height),
        (44, 66, 40),
        contrast(noise((256, 128), (40, 6), random, 4), 120, 225),
        0.4,
    )


def _city(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    _sky(canvas, sky, horizon, random)
    width, height = canvas.width, canvas.height
    for layer in range(3):
        tone = mix((50, 54, 84), sky[-1], 0.6 - layer * 0.28)
        x = -random.uniform(0, 40)
        while x < width:
            wide = width * random.uniform(0.05, 0.11)
            top = horizon * random.uniform(0.22 + layer * 0.14, 0.74 + layer * 0.05)
            canvas.rectangle((x, top, x + wide, horizon + 6), [mix(tone, WHITE, 0.1), tone])
            if layer:
                for _ in range(round(wide * (horizon - top) / 900)):
                    at = (random.uniform(x + 5, x + wide - 8), random.uniform(top + 8, horizon - 10))
                    canvas.rectangle(
                        (at[0], at[1], at[0] + 4, at[1] + 6), (255, 226, 150), random.uniform(0.35, 0.9)
                    )
            x += wide * random.uniform(0.92, 1.2)
    street = mix((96, 94, 108), sky[1], 0.3)
    canvas.rectangle(
        (-4, horizon, width + 4, height + 4), [mix(street, WHITE, 0.2), street, mix(street, BLACK, 0.3)]
    )
    gloss = contrast(noise((256, 128), (90, 5), random, 3), 130, 220)
    canvas.mist((0, horizon, width, height), mix(sky[-1], WHITE, 0.3), gloss, 0.4)


def _table(canvas: Canvas, sky: list[Color], horizon: int, random: Random) -> None:
    width, height = canvas.width, canvas.height
    wall = mix((224, 214, 196), sky[1], 0.28)
    canvas.rectangle((-4, -4, width + 4, horizon + 4), [mix(wall, BLACK, 0.14), wall, mix(wall, WHITE, 0.2)])
    canvas.mist(
        (0, 0, width, horizon),
        mix(wall, BLACK, 0.3),
        contrast(noise((128, 96), (40, 30), random), 110, 230),
        0.25,
    )
    x, pane = width * random.uniform(0.06, 0.5), width * 0.15
    for shift in (0, pane * 1.18):
        at = x + shift
        light = [
            (at, horizon * 0.06),
            (at + pane, horizon * 0.1),
            (at + pane * 1.5, horizon * 0.8),
            (at + pane * 0.5, horizon * 0.76),
        ]
        canvas.polygon(light, (255, 248, 222), 0.5, 10)
    wood = random.choice(((176, 122, 82), (206, 190, 172), (124, 92, 74)))
    canvas.rectangle(
        (-4, horizon, width + 4, height + 4), [mix(wood, WHITE, 0.12), wood, mix(wood, BLACK, 0.32)]
    )
    canvas.mist(
        (0, horizon, width, height),
        mix(wood, BLACK, 0.5),
        contrast(noise((256, 128), (160, 3), random, 3), 125, 220),
        0.5,
    )


_GROUNDS: dict[str, Callable[[Canvas, list[Color], int, Random], None]] = {
    "sea": _sea,
    "mountains": _mountains,
    "city": _city,
    "table": _table,
    "meadow": _meadow,
}
