"""Three library images: a lake, a beach, and dunes at night."""

# ruff: noqa: PLR2004 - measures of a drawing have no names

from __future__ import annotations

import math
from random import Random

from PIL import Image, ImageOps

from getty_emulator.drawing.canvas import (
    BLACK,
    WHITE,
    Canvas,
    Color,
    clouds,
    contrast,
    gradient,
    grain,
    mix,
    noise,
    ridge,
)


def lake() -> Image.Image:
    """Paint a mountain lake at dusk."""
    random = Random(11)  # noqa: S311
    width, height, shore = 1024, 683, 402
    canvas = Canvas(
        width,
        height,
        gradient(
            (8, 300),
            [
                (38, 43, 92),
                (88, 76, 138),
                (186, 112, 150),
                (246, 160, 122),
                (255, 206, 140),
                (255, 206, 140),
                (255, 206, 140),
                (255, 206, 140),
            ],
        ),
    )
    _dusk(canvas, random)
    _ranges(canvas, random, shore)
    _reflect(canvas, shore)
    canvas.glow((655, shore + 14), 170, (255, 220, 170), 0.5)
    for _ in range(90):
        y = shore + 6 + random.random() ** 1.5 * (height - shore)
        x = 655 + random.gauss(0, 26 + (y - shore) * 0.28)
        length = random.uniform(6, 34) * (0.5 + (y - shore) / 200)
        canvas.line([(x - length, y), (x + length, y)], (255, 224, 180), 1.1, 0.34, 0.4)
    bank = ridge((-5, 640), (470, 690), 16, random)
    canvas.polygon([*bank, (-5, 690)], [(30, 30, 52), (16, 17, 32)])
    for _ in range(130):
        x = random.uniform(-5, 330)
        y = 640 + (x / 470) * 50 + random.uniform(0, 12)
        tip = (x + random.uniform(-10, 16), y - random.uniform(16, 56))
        canvas.line([(x, y + 8), ((x + tip[0]) / 2 - 2, (y + tip[1]) / 2), tip], (20, 22, 40), 1.2)
    return grain(canvas.finish(), random)


def mountains(canvas: Canvas) -> None:
    """Paint only the mountains and the pines of the lake."""
    random = Random(11)  # noqa: S311
    _dusk(Canvas(canvas.width, canvas.height), random)  # consumes the same random numbers
    _ranges(canvas, random, 402)


def _dusk(canvas: Canvas, random: Random) -> None:
    width = canvas.width
    for _ in range(70):
        canvas.disc((random.uniform(0, width), random.uniform(0, 150)), random.uniform(0.3, 0.9), WHITE, 0.5)
    drifting = clouds((1024, 300), (420, 46), (112, 200), random)
    canvas.mist((0, 50, width, 350), [(190, 120, 160), (255, 196, 150)], drifting, 0.6)
    canvas.glow((655, 330), 330, (255, 214, 150), 0.85)
    canvas.disc((655, 322), 27, (255, 240, 205), 1, 1.2)


def _ranges(canvas: Canvas, random: Random, shore: int) -> None:
    width = canvas.width
    ranges: list[tuple[float, float, list[Color]]] = [
        (262, 92, [(138, 108, 150), (206, 144, 146)]),
        (308, 80, [(92, 78, 126), (150, 106, 130)]),
        (352, 58, [(48, 50, 90), (84, 72, 108)]),
    ]
    for top, roughness, paint in ranges:
        middle = random.uniform(0.3, 0.7) * width
        line = ridge((-5, top + 20), (middle, top - 40), roughness, random)
        line += ridge((middle, top - 40), (width + 5, top + 10), roughness, random)[1:]
        canvas.polygon([*line, (width + 5, shore), (-5, shore)], paint)
        canvas.mist(
            (0, shore - 60, width, shore),
            (255, 196, 160),
            gradient((4, 60), [BLACK, (70, 70, 70)]).convert("L"),
        )
    _pines(canvas, random, shore)


def beach() -> Image.Image:
    """Paint a beach with an umbrella."""
    random = Random(5)  # noqa: S311
    width, height, horizon, sand = 1024, 683, 250, 430
    canvas = Canvas(
        width,
        height,
        gradient(
            (8, 300), [(62, 142, 210), (150, 206, 236), (222, 238, 238), (222, 238, 238), (222, 238, 238)]
        ),
    )
    canvas.mist((0, -40, width, 250), WHITE, clouds((1024, 300), (300, 90), (122, 196), random), 0.85)
    sea: list[Color] = [(44, 122, 158), (38, 146, 170), (92, 196, 196), (176, 226, 214)]
    canvas.rectangle((0, horizon, width, sand + 40), sea)
    ripples = contrast(noise((1024, 400), (150, 9), random, 4), 130, 210)
    canvas.mist((0, horizon, width, sand + 20), WHITE, ripples, 0.36)
    head = ridge((700, horizon + 2), (1030, 176), 14, random)
    canvas.polygon([*head, (1030, horizon + 3)], [(120, 158, 150), (96, 140, 134)])
    edge = [(x, sand + 16 * math.sin(x / 130) + 9 * math.sin(x / 47)) for x in range(-8, width + 16, 8)]
    for shift, opacity in ((-34, 0.3), (-16, 0.5)):
        wave = [(x, y + shift + 5 * math.sin(x / 60 + shift)) for x, y in edge]
        canvas.line(wave, WHITE, 4, opacity, 1.4)
    canvas.polygon([*[(x, y - 4) for x, y in edge], (width + 8, 700), (-8, 700)], WHITE, 0.85, 2)
    canvas.polygon(
        [*[(x, y + 5) for x, y in edge], (width + 8, 700), (-8, 700)],
        [(214, 184, 140), (244, 220, 178), (236, 206, 160)],
    )
    canvas.mist(
        (0, sand + 30, width, height),
        (196, 158, 112),
        contrast(noise((1024, 260), (70, 24), random, 5), 125, 220),
        0.35,
    )
    canvas.ellipse((610, 596, 960, 650), (128, 98, 78), 0.45, 10)
    parasol(canvas)
    canvas.glow((180, 20), 420, (255, 246, 214), 0.5)
    return grain(canvas.finish(), random)


def parasol(canvas: Canvas) -> None:
    """Paint only the umbrella, the deck chair and the ball."""
    _deck_chair(canvas, 730, 540)
    _parasol(canvas, (806, 360), 168, 610)
    canvas.disc((560, 606), 23, [(250, 250, 246), (214, 214, 210)])
    for turn in (0, 2, 4):
        angles = [math.radians(turn * 60 + step * 6) for step in range(11)]
        canvas.polygon(
            [(560, 602), *[(560 + 23 * math.cos(a), 606 + 23 * math.sin(a)) for a in angles]],
            [(236, 96, 84), (204, 66, 66)],
        )
    canvas.disc((552, 597), 7, WHITE, 0.5, 3)


def dunes() -> Image.Image:
    """Paint dunes in the last light, under a wide sky."""
    random = Random(23)  # noqa: S311
    width, height = 1024, 683
    canvas = Canvas(
        width,
        height,
        gradient(
            (8, 300),
            [
                (12, 20, 52),
                (26, 42, 90),
                (66, 78, 132),
                (168, 116, 136),
                (244, 170, 126),
                (244, 170, 126),
                (244, 170, 126),
            ],
        ),
    )
    for _ in range(190):
        y = random.random() ** 1.6 * 330
        canvas.disc(
            (random.uniform(0, width), y),
            random.uniform(0.3, 1.1),
            (255, 246, 226),
            random.uniform(0.2, 0.8) * (1 - y / 400),
        )
    canvas.mist((0, 180, width, 420), (244, 176, 150), clouds((900, 240), (500, 40), (116, 205), random), 0.5)
    canvas.glow((140, 430), 420, (255, 196, 140), 0.75)
    layers: list[tuple[float, Color, Color]] = [
        (408, (196, 136, 118), (150, 96, 98)),
        (452, (204, 132, 96), (126, 74, 82)),
        (512, (214, 136, 86), (98, 56, 70)),
        (590, (196, 116, 72), (64, 38, 56)),
    ]
    for number, (top, light, shade) in enumerate(layers):
        peak = width * (0.3 + 0.42 * ((number * 0.618) % 1))
        lift = 34 + number * 16
        crest = [
            (
                float(x),
                top - lift * math.exp(-(((x - peak) / 260) ** 2)) + 12 * math.sin(x / 170 + number * 2),
            )
            for x in range(-8, width + 16, 8)
        ]
        canvas.polygon(
            [*crest, (width + 8, 700), (-8, 700)], [light, mix(light, shade, 0.5), mix(light, shade, 0.8)]
        )
        summit = min(crest, key=lambda point: point[1])
        lee = [point for point in crest if point[0] >= summit[0]]
        foot = [(summit[0] + 30 * math.sin(t / 2) + t * 40, summit[1] + t * 46) for t in range(7)]
        canvas.polygon([*lee, (width + 8, 700), *reversed(foot)], [mix(shade, light, 0.18), shade], 0.8, 2.2)
        for step in range(14):
            drop = 8 + step * 9
            wave = [
                (x, y + drop + 3 * math.sin(x / 24 + step)) for x, y in crest if x < summit[0] - step * 14
            ]
            if len(wave) > 1:
                canvas.line(wave, mix(shade, light, 0.4), 1.2, 0.16, 0.5)
    caravan(canvas)
    return grain(canvas.finish(), random)


def _pines(canvas: Canvas, random: Random, shore: float) -> None:
    for _ in range(120):
        side = random.random()
        x = random.uniform(-10, 330) if side < 0.5 else random.uniform(760, 1034)
        tall = random.uniform(16, 46) * (1 + max(0, (170 - min(x, 1024 - x)) / 150))
        dark = mix((18, 24, 44), (44, 46, 78), random.random())
        base = shore + random.uniform(-2, 2)
        for tier in range(5):
            y = base - tall * tier / 5.6
            half = tall * 0.2 * (1 - tier / 6)
            canvas.polygon([(x - half, y), (x, y - tall * 0.36), (x + half, y)], dark)


def _reflect(canvas: Canvas, shore: int) -> None:
    """Mirror the scene above the shore, slightly rippled and darker."""
    above = canvas.image.crop((0, 0, canvas.image.width, shore * 2))
    depth = canvas.image.height - shore * 2
    mirrored = (
        ImageOps.flip(above).resize((above.width, round(above.height * 0.9))).crop((0, 0, above.width, depth))
    )
    water = Image.new("RGBA", mirrored.size)
    for row in range(depth):
        sway = round((1.5 + row / 60) * math.sin(row / (3.5 + row / 70)) * 1.6)
        water.paste(mirrored.crop((0, row, above.width, row + 1)), (sway, row))
        if sway:
            edge = (0, row, 1, row + 1) if sway > 0 else (above.width - 1, row, above.width, row + 1)
            strip = mirrored.crop(edge).resize((abs(sway), 1))
            water.paste(strip, (0 if sway > 0 else above.width + sway, row))
    shade = gradient(water.size, [(66, 56, 96), (30, 32, 70)])
    water = Image.blend(water.convert("RGB"), shade, 0.36)
    canvas.image.paste(water, (0, shore * 2))
    canvas.line([(0, shore), (canvas.width, shore)], (255, 206, 176), 1.4, 0.35, 0.8)


def _parasol(canvas: Canvas, top: tuple[float, float], radius: float, foot: float) -> None:
    x, y = top
    canvas.line([(x, y - 8), (x - 14, foot)], [(240, 236, 226), (170, 150, 130)], 6)
    panels = 8
    for panel in range(panels):
        left, right = (math.cos(math.pi * (1 - edge / panels)) for edge in (panel, panel + 1))
        rim = [
            (x + radius * (left + (right - left) * t / 8), y + 80 - 12 * math.sin(math.pi * t / 8))
            for t in range(9)
        ]
        shoulder = [(x + radius * 0.62 * right, y + 16), (x + radius * 0.62 * left, y + 16)]
        color = (238, 92, 84) if panel % 2 else (252, 246, 236)
        shade = mix(color, (120, 60, 70), 0.06 + 0.34 * panel / panels)
        canvas.polygon([(x, y), shoulder[1], rim[0], *rim[1:], shoulder[0]], [mix(shade, WHITE, 0.12), shade])
    canvas.disc((x, y - 4), 5, (250, 240, 220))


def _deck_chair(canvas: Canvas, x: float, y: float) -> None:
    wood: list[Color] = [(182, 128, 84), (140, 94, 60)]
    canvas.line([(x - 66, y + 84), (x + 52, y - 26)], wood, 7)
    canvas.line([(x + 44, y + 88), (x - 40, y + 8)], wood, 7)
    seat = [
        (x - 58, y + 56),
        (x - 20, y + 66),
        (x + 22, y + 30),
        (x + 66, y - 40),
        (x + 48, y - 46),
        (x + 4, y + 16),
        (x - 22, y + 44),
        (x - 48, y + 42),
    ]
    canvas.polygon(seat, [(98, 176, 196), (52, 120, 150)])
    canvas.line([(x - 50, y + 50), (x - 20, y + 54), (x + 14, y + 22), (x + 56, y - 42)], WHITE, 3, 0.75)


def caravan(canvas: Canvas) -> None:
    """Paint only the small caravan on the second crest."""
    dark = (52, 34, 52)
    for number in range(4):
        x, y = 560 + number * 34, 436 + number * 2.2
        canvas.ellipse((x - 9, y - 11, x + 9, y - 2), dark)
        canvas.disc((x, y - 12), 4, dark)
        canvas.line([(x + 8, y - 7), (x + 14, y - 15), (x + 18, y - 15)], dark, 2.2)
        for leg in (-7, -3, 4, 8):
            canvas.line([(x + leg, y - 4), (x + leg + (1 if number % 2 else -1), y + 7)], dark, 1.4)
