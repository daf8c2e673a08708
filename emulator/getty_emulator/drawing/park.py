"""A library image: a walk in an autumn park."""

from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING

from getty_emulator.drawing.canvas import (
    Canvas,
    Color,
    Point,
    contrast,
    gradient,
    grain,
    mix,
    noise,
)

if TYPE_CHECKING:
    from PIL import Image


def park() -> Image.Image:
    """Paint a walk in an autumn park."""
    random = Random(14)  # noqa: S311
    width, height, lawn = 768, 1024, 560
    canvas = Canvas(
        width,
        height,
        gradient((8, 300), [(150, 190, 208), (214, 222, 210), (248, 226, 186), (250, 218, 170)]),
    )
    canvas.glow((400, 470), 420, (255, 238, 196), 0.9)
    for depth, (top, tone) in enumerate(
        ((360, (204, 176, 134)), (330, (190, 146, 96)), (290, (168, 112, 70)))
    ):
        for _ in range(46):
            x = random.uniform(-40, width + 40)
            if depth and abs(x - 400) < 60 + depth * 60:
                continue
            y, radius = random.uniform(top, lawn - 60), random.uniform(26, 60)
            canvas.disc((x, y), radius, mix(tone, (232, 178, 90), random.random() * 0.6), 0.42, 7 - depth * 2)
    canvas.rectangle(
        (-10, lawn - 14, width + 10, height + 4), [(196, 176, 104), (140, 146, 76), (92, 112, 58)]
    )
    canvas.mist(
        (0, lawn - 14, width, height),
        (70, 92, 48),
        contrast(noise((760, 460), (150, 30), random, 5), 110, 220),
        0.5,
    )
    path = [
        (372, lawn - 10),
        (428, lawn - 10),
        (470, 660),
        (560, 820),
        (700, 1030),
        (120, 1030),
        (240, 820),
        (334, 660),
    ]
    canvas.polygon(path, [(244, 222, 178), (222, 192, 150), (196, 160, 126)], 1, 2)
    canvas.mist(
        (120, lawn, 700, height),
        (150, 112, 84),
        contrast(noise((600, 460), (120, 26), random, 4), 130, 230),
        0.24,
    )
    for x, lean, size in ((66, 10, 1.25), (716, -16, 1.4), (188, 4, 0.72), (604, -6, 0.78)):
        _tree(canvas, random, (x, lawn + 150 * size), lean, size)
    for _ in range(330):
        x, y = random.uniform(0, width), lawn + 20 + random.random() ** 0.8 * 440
        size = 1.4 + (y - lawn) / 130
        leaf = random.choice([(222, 140, 52), (236, 176, 70), (190, 92, 44), (204, 116, 50)])
        canvas.ellipse((x - size * 1.5, y - size * 0.7, x + size * 1.5, y + size * 0.7), leaf, 0.85)
    canvas.polygon([(372, 872), (424, 874), (330, 1010), (226, 1000)], (88, 64, 60), 0.35, 10)
    walker(canvas)
    canvas.glow((400, 470), 560, (255, 232, 180), 0.35)
    return grain(canvas.finish(), random)


def _tree(canvas: Canvas, random: Random, stem: Point, lean: float, size: float) -> None:
    x, foot = stem
    bark: list[Color] = [(96, 66, 52), (62, 44, 40)]
    crown = foot - 330 * size
    canvas.ellipse((x - 150 * size, foot - 10, x + 40 * size, foot + 16), (60, 52, 40), 0.4, 9)
    canvas.polygon(
        [
            (x - 22 * size, foot),
            (x + 22 * size, foot),
            (x + lean + 10 * size, crown),
            (x + lean - 10 * size, crown),
        ],
        bark,
    )
    for reach, rise in ((-90, 90), (80, 70), (-50, 150), (56, 160)):
        canvas.line(
            [(x + lean * 0.6, crown + 110 * size), (x + lean + reach * size, crown + (110 - rise) * size)],
            bark,
            8 * size,
        )
    for layer, tone in enumerate(((150, 78, 40), (206, 118, 44), (238, 172, 72))):
        for _ in range(95):
            angle, far = random.uniform(0, math.tau), random.random() ** 0.6
            spot = (
                x + lean + 150 * size * far * math.cos(angle) - layer * 8,
                crown - 10 * size + 150 * size * far * math.sin(angle) - layer * 14,
            )
            canvas.disc(
                spot,
                random.uniform(9, 24) * size,
                mix(tone, (244, 200, 100), random.random() * 0.35),
                0.62,
                1.6,
            )


def walker(canvas: Canvas) -> None:
    """Paint only the walker."""
    x, foot = 398, 872
    for side, step in ((-1, 0), (1, -10)):
        canvas.line(
            [(x + side * 12, foot - 110), (x + side * 13, foot - 12 + step)], [(58, 56, 78), (40, 38, 54)], 17
        )
        canvas.ellipse((x + side * 14 - 12, foot - 16 + step, x + side * 14 + 11, foot + step), (52, 34, 30))
    coat = [
        (x - 24, foot - 236),
        (x + 24, foot - 236),
        (x + 36, foot - 216),
        (x + 46, foot - 72),
        (x - 48, foot - 70),
        (x - 36, foot - 216),
    ]
    canvas.polygon(coat, [(206, 158, 104), (184, 128, 82), (150, 98, 66)])
    canvas.polygon(
        [(x + 8, foot - 232), (x + 34, foot - 214), (x + 45, foot - 73), (x + 14, foot - 72)],
        (96, 56, 46),
        0.35,
        7,
    )
    canvas.line([(x, foot - 150), (x - 1, foot - 72)], (110, 70, 52), 2, 0.6)
    for side in (-1, 1):
        canvas.line(
            [(x + side * 32, foot - 218), (x + side * 45, foot - 160), (x + side * 39, foot - 116)],
            [(198, 146, 94), (160, 106, 70)],
            19,
        )
        canvas.disc((x + side * 39, foot - 106), 8, (226, 178, 148))
    canvas.rectangle((x - 37, foot - 162, x + 37, foot - 153), (120, 76, 54), 0.9, 1, 4)
    canvas.rectangle((x - 12, foot - 258, x + 12, foot - 228), (222, 174, 144), 1, 1, 6)
    canvas.ellipse((x - 22, foot - 302, x + 22, foot - 246), (226, 180, 150))
    canvas.polygon(
        [
            (x - 25, foot - 276),
            (x - 20, foot - 304),
            (x, foot - 312),
            (x + 20, foot - 304),
            (x + 26, foot - 274),
            (x + 24, foot - 226),
            (x - 24, foot - 226),
        ],
        [(112, 66, 42), (78, 42, 32)],
        1,
        1,
    )
    canvas.line([(x - 12, foot - 300), (x - 19, foot - 236)], (176, 116, 74), 3, 0.5, 2)
    canvas.rectangle((x - 30, foot - 240, x + 30, foot - 220), [(190, 62, 58), (150, 44, 50)], 1, 1, 9)
    canvas.polygon(
        [(x + 6, foot - 228), (x + 24, foot - 226), (x + 30, foot - 176), (x + 12, foot - 172)],
        [(190, 62, 58), (146, 42, 48)],
    )
