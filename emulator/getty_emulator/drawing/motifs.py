"""The things that a refinement can add, with their place, size and default colors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from getty_emulator.drawing.airborne import (
    balloon,
    bird,
    butterfly,
    cloud,
    heart,
    lantern,
    moon,
    star,
    sun,
)
from getty_emulator.drawing.grounded import boat, flower, fruit, tree, umbrella

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from getty_emulator.drawing.canvas import Canvas, Color

_RED: Color = (214, 62, 58)
_GOLD: Color = (246, 190, 72)
_BLUE: Color = (64, 124, 196)
_PINK: Color = (236, 128, 162)
_WHITE: Color = (250, 246, 238)


class Place(Enum):
    """Where in the masked area a motif belongs."""

    AFLOAT = auto()
    """Scattered, near and far."""
    STANDING = auto()
    """Side by side on the lower edge."""
    SAILING = auto()
    """In the lower half, the nearer the lower."""
    ALONE = auto()
    """A single large one."""


@dataclass(frozen=True, slots=True)
class Motif:
    """A thing, its place, and its height relative to the area (alone, or as one of many)."""

    paint: Callable[[Canvas, float, Color, Random], None]
    """Paints on a square canvas with the given side."""
    place: Place
    size: float
    colors: tuple[Color, ...]
    """Its colors if the prompt names none."""
    luminous: bool = False
    """True if it emits light instead of casting a shadow."""


MOTIFS = {
    "balloon": Motif(balloon, Place.AFLOAT, 0.62, (_RED, _GOLD, _BLUE)),
    "flower": Motif(flower, Place.STANDING, 0.8, (_PINK, _RED)),
    "boat": Motif(boat, Place.SAILING, 0.62, (_RED, _BLUE)),
    "star": Motif(star, Place.AFLOAT, 0.26, (_GOLD,), luminous=True),
    "bird": Motif(bird, Place.AFLOAT, 0.46, (_WHITE,)),
    "tree": Motif(tree, Place.STANDING, 0.95, ((92, 142, 84), (126, 158, 78))),
    "moon": Motif(moon, Place.ALONE, 0.9, ((250, 226, 160),), luminous=True),
    "sun": Motif(sun, Place.ALONE, 1.0, ((252, 196, 84),), luminous=True),
    "fruit": Motif(fruit, Place.STANDING, 0.5, ((240, 142, 50), _RED, (150, 176, 70))),
    "lantern": Motif(lantern, Place.AFLOAT, 0.5, (_RED, _GOLD), luminous=True),
    "butterfly": Motif(butterfly, Place.AFLOAT, 0.34, (_BLUE, _GOLD, _PINK)),
    "cloud": Motif(cloud, Place.AFLOAT, 0.9, (_WHITE,)),
    "heart": Motif(heart, Place.AFLOAT, 0.36, (_RED, _PINK)),
    "umbrella": Motif(umbrella, Place.ALONE, 0.95, (_RED,)),
}
