"""POST image-generations: images from a text alone; and four more that are like one of them."""

from __future__ import annotations

from typing import Literal

from airflow_provider_getty.emulator.drawing.scene import draw_scene
from airflow_provider_getty.emulator.drawing.variation import draw_variation
from airflow_provider_getty.emulator.operations.bodies import Shaped
from airflow_provider_getty.emulator.operations.call import Path
from airflow_provider_getty.emulator.operations.generating import GENERATIONS, Generating
from airflow_provider_getty.emulator.operations.references import PathImage


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
