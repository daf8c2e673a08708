"""The library images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from getty_emulator.drawing import landscapes, park, street, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

    from getty_emulator.drawing.canvas import Canvas


@dataclass(frozen=True, slots=True)
class LibraryImage:
    """A library image, with a suggested refine."""

    id: str
    title: str
    width: int
    height: int
    mask_box: tuple[int, int, int, int]
    """Left, top, right, bottom in pixels: an area that is good to refine."""
    prompt: str
    """A prompt for the box."""
    paint: Callable[[], Image.Image]
    subject: Callable[[Canvas], None] | None = None
    """Paints only the picture's subject on an empty canvas."""

    def picture(self) -> Image.Image:
        """Return the picture, drawn once."""
        return _picture(self.id)


@cache
def _picture(image_id: str) -> Image.Image:
    return LIBRARY[image_id].paint()


LIBRARY = {
    image.id: image
    for image in (
        LibraryImage(
            "1473240153",
            "Mountain lake at dusk",
            1024,
            683,
            (0, 0, 1024, 262),
            "red and golden hot air balloons over the mountains",
            landscapes.lake,
            landscapes.mountains,
        ),
        LibraryImage(
            "1164209887",
            "Old houses in the morning",
            1024,
            683,
            (0, 0, 1024, 104),
            "white birds in a golden sky",
            street.street,
            street.houses,
        ),
        LibraryImage(
            "1328876514",
            "Vase on a table",
            1024,
            768,
            (352, 60, 672, 384),
            "a bouquet of pink flowers",
            table.table,
            table.crockery,
        ),
        LibraryImage(
            "1098431670",
            "A walk in the park",
            768,
            1024,
            (196, 0, 500, 480),
            "glowing red lanterns between the trees",
            park.park,
            park.walker,
        ),
        LibraryImage(
            "1250731946",
            "Beach with an umbrella",
            1024,
            683,
            (0, 130, 640, 408),
            "sailing boats with orange sails",
            landscapes.beach,
            landscapes.parasol,
        ),
        LibraryImage(
            "1409562238",
            "Dunes at nightfall",
            1024,
            683,
            (0, 0, 1024, 330),
            "a golden moon and stars",
            landscapes.dunes,
            landscapes.caravan,
        ),
    )
}
