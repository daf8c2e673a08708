"""POST image-generations: images from a text alone; and four more that are like one of them."""

from __future__ import annotations

from typing import Literal

from getty_emulator.drawing.scene import draw_scene
from getty_emulator.drawing.variation import draw_variation
from getty_emulator.operations.bodies import Shaped
from getty_emulator.operations.call import Path
from getty_emulator.operations.generating import GENERATIONS, Generating
from getty_emulator.operations.references import PathImage


class GenerateBody(Shaped):
    """What the images shall show and look like."""

    lens_type: Literal["wide_angle", "telephoto"] | None = None
    depth_of_field: Literal["shallow", "deep"] | None = None


class VariationsBody(PathImage):
    """Which image is varied is in the path."""


GENERATING = (
    Generating("generate", "text_to_image", GenerateBody, draw_scene, (Path(GENERATIONS),)),
    Generating(
        "variations",
        "variation",
        VariationsBody,
        draw_variation,
        (Path(GENERATIONS + "/{id}/images/{index}/variations"),),
    ),
)
