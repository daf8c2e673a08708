"""Finds the motifs and colors in a prompt, by keyword."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from getty_emulator.drawing.canvas import Color

_COLORS: dict[str, Color] = {
    "red": (214, 58, 56),
    "crimson": (184, 32, 62),
    "scarlet": (226, 60, 44),
    "blue": (58, 112, 204),
    "navy": (34, 54, 112),
    "turquoise": (52, 186, 186),
    "teal": (34, 136, 142),
    "green": (82, 160, 84),
    "golden": (244, 184, 66),
    "gold": (244, 184, 66),
    "yellow": (250, 210, 74),
    "orange": (242, 140, 52),
    "purple": (136, 84, 184),
    "violet": (136, 84, 184),
    "lavender": (176, 156, 222),
    "sunflower": (250, 200, 60),
    "sunflowers": (250, 200, 60),
    "pink": (238, 130, 166),
    "white": (250, 246, 238),
    "silver": (206, 214, 224),
    "black": (48, 46, 56),
    "brown": (138, 94, 64),
    "copper": (196, 116, 76),
    "grey": (140, 146, 156),
    "gray": (140, 146, 156),
}
_MOTIFS = {
    "balloon": "balloon",
    "flower": "flower",
    "rose": "flower",
    "poppy": "flower",
    "poppies": "flower",
    "tulip": "flower",
    "sunflower": "flower",
    "bouquet": "flower",
    "blossom": "flower",
    "boat": "boat",
    "ship": "boat",
    "yacht": "boat",
    "sail": "boat",
    "sailing": "boat",
    "star": "star",
    "bird": "bird",
    "gull": "bird",
    "seagull": "bird",
    "tree": "tree",
    "pine": "tree",
    "forest": "tree",
    "moon": "moon",
    "sun": "sun",
    "sunrise": "sun",
    "sunset": "sun",
    "fruit": "fruit",
    "apple": "fruit",
    "orange": "fruit",
    "oranges": "fruit",
    "lemon": "fruit",
    "lantern": "lantern",
    "butterfly": "butterfly",
    "butterflies": "butterfly",
    "cloud": "cloud",
    "heart": "heart",
    "umbrella": "umbrella",
    "parasol": "umbrella",
}
_AMBIGUOUS = {"orange", "gold"}
"""Words that are a color before a motif, and otherwise a thing: "orange balloons", "a bowl of orange"."""
_GROUNDS = frozenset(
    {
        "sky",
        "skies",
        "light",
        "evening",
        "morning",
        "night",
        "dawn",
        "dusk",
        "glow",
        "mist",
        "fog",
        "water",
        "sea",
    }
    | {"lake", "ocean", "background", "wall"}
)
_ASIDE = re.compile(r"\b(over|above|under|below|between|behind|among|beside|near|before) (the|a|an|some) \w+")
"""Words that only say where: "balloons over the mountains" asks for no more mountains."""
_PLAIN: tuple[Color, ...] = ((222, 92, 82), (244, 184, 66), (70, 150, 182), (136, 104, 184), (104, 168, 108))


@dataclass(frozen=True, slots=True)
class Wish:
    """The motifs and colors in a prompt."""

    motifs: tuple[str, ...]
    """In the order of the prompt. Empty: no known motif, so something abstract."""
    colors: tuple[Color, ...]
    """Colors of the motifs, the most important first. Empty: the prompt names none."""
    ground: Color | None
    """Colors of the background, if named: "in a golden sky"."""


def read(prompt: str | None) -> Wish:
    """Parse a prompt. The same text always gives the same result."""
    text = (prompt or "").lower()
    words = re.findall(r"[a-z]+", _ASIDE.sub(" ", text))
    motifs = [motif for word in words if (motif := _motif(word))]
    if len(set(motifs)) > 1:
        motifs = [motif for word in words if word not in _AMBIGUOUS and (motif := _motif(word))]
    colors: list[Color] = []
    ground: list[Color] = []
    waiting: list[Color] = []
    for word in words:
        if word in _COLORS:
            waiting.append(_COLORS[word])
        if word in _GROUNDS or (_motif(word) and word not in _AMBIGUOUS):
            (ground if word in _GROUNDS else colors).extend(waiting)
            waiting = []
    colors += waiting
    return Wish(tuple(dict.fromkeys(motifs)), tuple(colors), ground[0] if ground else None)


def any_colors(prompt: str | None) -> tuple[Color, ...]:
    """Return colors for a text that names none. The same text always gives the same colors."""
    colors = list(_PLAIN)
    Random(hashlib.sha256((prompt or "").encode()).digest()).shuffle(colors)  # noqa: S311 - nothing secret
    return tuple(colors[:3])


def _motif(word: str) -> str | None:
    return _MOTIFS.get(word) or _MOTIFS.get(word.removesuffix("s"))
