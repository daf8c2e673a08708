"""A library image: a vase, a jug and a bowl on a table by a window."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from getty_emulator.drawing.canvas import (
    BLACK,
    WHITE,
    Canvas,
    Color,
    contrast,
    curve,
    gradient,
    grain,
    mix,
    noise,
)

if TYPE_CHECKING:
    from PIL import Image


def table() -> Image.Image:
    """Paint a vase, a jug and a bowl on a table by a window."""
    random = Random(31)  # noqa: S311
    width, height, edge = 1024, 768, 520
    canvas = Canvas(width, height, gradient((8, 300), [(196, 188, 172), (214, 204, 184), (186, 172, 150)]))
    canvas.mist(
        (0, 0, width, edge),
        (150, 138, 120),
        contrast(noise((1024, 520), (200, 160), random, 5), 110, 230),
        0.3,
    )
    for left in (40, 214):
        shift = 66
        pane = [(left, 40), (left + 150, 76), (left + 150 + shift, 400), (left + shift, 380)]
        canvas.polygon(pane, (255, 246, 216), 0.55, 9)
    canvas.rectangle((0, edge, width, height + 4), [(168, 116, 78), (140, 90, 58), (104, 64, 44)])
    for number in range(46):
        y = edge + 8 + number * 5.6
        wave = [
            (float(x), y + 3 * math.sin(x / (120 + number * 3) + number)) for x in range(-10, width + 20, 20)
        ]
        canvas.line(wave, (84, 50, 34), random.uniform(0.6, 2), 0.24, 0.6)
    canvas.line([(0, edge), (width, edge)], (226, 176, 124), 2, 0.6, 0.8)
    cloth = [(96, 596), (560, 566), (900, 640), (960, 772), (60, 772)]
    canvas.polygon([(x + 8, y + 9) for x, y in cloth], BLACK, 0.3, 9)
    canvas.polygon(cloth, [(246, 242, 230), (222, 214, 198)])
    for number in range(7):
        x = 150 + number * 118
        canvas.line([(x, 600), (x + 26, 690), (x - 20, 772)], (180, 170, 154), 7, 0.32, 6)
        canvas.line([(x + 12, 600), (x + 38, 690), (x - 6, 772)], WHITE, 5, 0.6, 5)
    for x, radius in ((512, 104), (268, 70), (772, 132)):
        canvas.ellipse((x - radius * 0.8, 618, x + radius * 1.7, 664), (70, 46, 36), 0.45, 12)
    crockery(canvas)
    canvas.glow((60, 60), 620, (255, 244, 214), 0.42)
    canvas.rectangle((700, 0, width + 60, height), (70, 52, 60), 0.2, 90)
    return grain(canvas.finish(), random)


def crockery(canvas: Canvas) -> None:
    """Paint only the vase, the jug and the bowl."""
    _vase(canvas, 512, 380)
    _jug(canvas, 262, 470)
    _bowl(canvas, Random(31), 772, 574)  # noqa: S311


def _vase(canvas: Canvas, x: float, top: float) -> None:
    outline = curve([(36, 0), (30, 26), (42, 62), (74, 116), (86, 170), (72, 222), (44, 258)])
    right = [(x + dx, top + dy) for dx, dy in outline]
    left = [(x - dx, top + dy) for dx, dy in reversed(outline)]
    canvas.polygon([*right, *left], [(92, 132, 164), (46, 88, 128), (30, 62, 98)])
    canvas.polygon(
        [
            (x + dx, y)
            for dx, y in [
                (30, top + 30),
                (74, top + 118),
                (84, top + 172),
                (70, top + 224),
                (42, top + 256),
                (20, top + 256),
                (40, top + 172),
                (20, top + 60),
            ]
        ],
        (14, 30, 60),
        0.45,
        10,
    )
    canvas.polygon(
        [
            (x - 20, top + 40),
            (x - 52, top + 112),
            (x - 62, top + 168),
            (x - 44, top + 160),
            (x - 36, top + 112),
        ],
        WHITE,
        0.5,
        7,
    )
    for band in (90, 204):
        half = 62 if band == 90 else 78
        stripe = [(x + half * math.cos(t / 10), top + band + 10 * math.sin(t / 10)) for t in range(32)]
        canvas.line(stripe, (226, 206, 160), 3, 0.8)
    canvas.ellipse((x - 37, top - 9, x + 37, top + 9), [(60, 96, 130), (118, 156, 184)])
    canvas.ellipse((x - 30, top - 6, x + 30, top + 6), (20, 34, 56))


def _jug(canvas: Canvas, x: float, top: float) -> None:
    handle = curve([(x - 40, top + 34), (x - 84, top + 44), (x - 86, top + 100), (x - 50, top + 126)])
    canvas.line(handle, [(236, 226, 206), (176, 160, 138)], 12)
    outline = curve([(34, 0), (30, 30), (50, 76), (58, 118), (46, 162)])
    canvas.polygon(
        [*[(x + dx, top + dy) for dx, dy in outline], *[(x - dx, top + dy) for dx, dy in reversed(outline)]],
        [(250, 244, 228), (226, 214, 192), (186, 168, 146)],
    )
    canvas.polygon(
        [(x + 26, top - 2), (x + 50, top - 12), (x + 32, top + 22)], [(250, 244, 228), (220, 206, 184)]
    )
    canvas.polygon(
        [
            (x + 26, top + 20),
            (x + 52, top + 84),
            (x + 54, top + 122),
            (x + 42, top + 160),
            (x + 10, top + 160),
            (x + 26, top + 100),
        ],
        (110, 88, 72),
        0.35,
        9,
    )
    canvas.ellipse((x - 34, top - 8, x + 34, top + 8), (150, 132, 112))


def _bowl(canvas: Canvas, random: Random, x: float, top: float) -> None:
    fruits: list[tuple[float, float, float, Color]] = [
        (-58, -26, 36, (214, 150, 52)),
        (8, -36, 40, (190, 52, 48)),
        (68, -24, 34, (150, 166, 62)),
        (-20, -10, 36, (222, 166, 60)),
        (40, -8, 34, (204, 74, 52)),
    ]
    canvas.ellipse((x - 122, top - 22, x + 122, top + 22), [(176, 96, 66), (210, 130, 92)])
    for dx, dy, radius, color in fruits:
        center = (x + dx, top + dy)
        canvas.disc(center, radius, [mix(color, WHITE, 0.22), color, mix(color, (60, 20, 30), 0.4)])
        canvas.disc(
            (center[0] - radius * 0.36, center[1] - radius * 0.42), radius * 0.2, WHITE, 0.6, radius * 0.09
        )
        for _ in range(14):
            spot = (center[0] + random.gauss(0, radius * 0.36), center[1] + random.gauss(0, radius * 0.36))
            canvas.disc(spot, 0.8, mix(color, WHITE, 0.4), 0.5)
    front = [(x + 122 * math.cos(t / 20 * math.pi), top + 22 * math.sin(t / 20 * math.pi)) for t in range(21)]
    under = [(x - 92, top + 56), (x - 52, top + 84), (x + 52, top + 84), (x + 92, top + 56)]
    canvas.polygon(
        [*front, *curve([front[-1], *under, front[0]])], [(206, 128, 90), (166, 92, 62), (112, 58, 44)]
    )
    canvas.polygon(
        [(x + 40, top + 24), (x + 116, top + 10), (x + 90, top + 58), (x + 50, top + 82)],
        (60, 26, 26),
        0.4,
        10,
    )
    canvas.line(front, (238, 178, 140), 3, 0.8)
