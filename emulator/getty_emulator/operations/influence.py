"""POST influence-color-by-image and influence-composition-by-image: images from a prompt, guided by an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from getty_emulator.answers import invalid_parameter
from getty_emulator.drawing.influence import (
    draw_color_influence,
    draw_composition_influence,
)
from getty_emulator.operations.bodies import Level, Shaped
from getty_emulator.operations.call import OLD_DIALECTS, Only, Path
from getty_emulator.operations.generating import BETA_GENERATIONS, GENERATIONS, Generating
from getty_emulator.operations.references import NamedImageOrFile
from getty_emulator.options import Dialect

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call


class InfluenceColorBody(Shaped, NamedImageOrFile):
    """The higher the noise, the weaker the image's influence. The current API has no such field."""

    noise_level: Annotated[Level | None, Only(OLD_DIALECTS)] = None

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a required level."""
        super().check(call)
        _require_level(call, "noise_level", self.noise_level)


class InfluenceCompositionBody(Shaped, NamedImageOrFile):
    """The higher the value, the stronger the image's influence. The current API has no such field."""

    influence_level: Annotated[Level | None, Only(OLD_DIALECTS)] = None

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a required level."""
        super().check(call)
        _require_level(call, "influence_level", self.influence_level)


def _require_level(call: Call, name: str, level: float | None) -> None:
    if level is None and call.service.dialect is Dialect.REFERENCE_PAGE:
        raise invalid_parameter(name, "It is required: a number from 0 to 1.")


def _paths(name: str) -> tuple[Path, ...]:
    return Path(f"{GENERATIONS}/{name}"), Path(f"{BETA_GENERATIONS}/{name}", OLD_DIALECTS)


GENERATING = (
    Generating(
        "influence-color-by-image",
        "influence_color_by_image",
        InfluenceColorBody,
        draw_color_influence,
        _paths("influence-color-by-image"),
    ),
    Generating(
        "influence-composition-by-image",
        "influence_composition_by_image",
        InfluenceCompositionBody,
        draw_composition_influence,
        _paths("influence-composition-by-image"),
    ),
)
