"""POST image-generations: images from a prompt; and variations of an existing image."""

from __future__ import annotations

from typing import Annotated, Literal

from getty_emulator.drawing.scene import draw_scene
from getty_emulator.drawing.variation import draw_variation
from getty_emulator.operations.bodies import Shaped
from getty_emulator.operations.call import OLD_DIALECTS, Only, Path
from getty_emulator.operations.generating import GENERATIONS, Generating
from getty_emulator.operations.references import PathImage


class GenerateBody(Shaped):
    """The look of the images."""

    lens_type: Annotated[Literal["wide_angle", "telephoto"] | None, Only(OLD_DIALECTS)] = None
    depth_of_field: Annotated[Literal["shallow", "deep"] | None, Only(OLD_DIALECTS)] = None


class VariationsBody(PathImage):
    """Variations of the image named in the path."""


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
