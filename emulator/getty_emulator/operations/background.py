"""POST background-generations and background-replacement: a product or an image's subject on a new background."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from getty_emulator.answers import invalid_parameter
from getty_emulator.drawing.background import draw_background
from getty_emulator.operations.bodies import MediaType, Original, Prompted, require
from getty_emulator.operations.call import NEW_DIALECTS, OLD_DIALECTS, Path
from getty_emulator.operations.extend import Widened
from getty_emulator.operations.generating import GENERATIONS, Generating
from getty_emulator.operations.references import (
    NamedImage,
    ReferenceGeneration,
    generated_image,
    library_image,
    registered_file,
)
from getty_emulator.state import Category

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call

Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
"""Getty documents no format of ``background_color``; this is the usual one."""


class BackgroundGenerationBody(Widened):
    """A registered product, the margin around it and, optionally, a reference image for the scene.

    The reference image must exist, but does not influence the drawing.
    """

    reference_file_registration_id: str | None = None
    background_file_registration_id: str | None = None
    background_asset_id: str | None = None
    background_reference_generation: ReferenceGeneration | None = None
    background_reference_adherence: Literal["flexible", "strong"] | None = None

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a product or a prompt."""
        super().check(call)
        require("reference_file_registration_id", self.reference_file_registration_id)
        require("prompt", self.prompt)
        if len(self._scenes()) > 1:
            raise invalid_parameter(self._scenes()[1], "At most one image may be named for the background.")

    def original(self, call: Call) -> Original:
        """Return the product, after checking the background's reference image."""
        if self.background_file_registration_id:
            registered_file(call, self.background_file_registration_id, Category.IMAGE_REFERENCE)
        if self.background_asset_id:
            library_image(call, self.background_asset_id)
        if self.background_reference_generation:
            generated_image(call, self.background_reference_generation)
        return registered_file(call, self.reference_file_registration_id or "", Category.CUSTOMER_PRODUCT)

    def _scenes(self) -> list[str]:
        names = (
            "background_file_registration_id",
            "background_asset_id",
            "background_reference_generation",
        )
        return [name for name in names if getattr(self, name)]


class BackgroundReplacementBody(NamedImage, Prompted):
    """An image, and the new background of its subject: a scene or a plain color."""

    media_type: MediaType | None = None
    background_color: Color | None = None

    def check(self, call: Call) -> None:
        """Refuse the body if it does not describe the new background."""
        super().check(call)
        if not (self.prompt or self.background_color):
            raise invalid_parameter("prompt", "A prompt or a background_color is required.")

    def images(self) -> int:
        """Return the number of images: one for a plain color."""
        return 1 if self.background_color else super().images()


GENERATING = (
    Generating(
        "background-generations",
        "background_generation",
        BackgroundGenerationBody,
        draw_background,
        (
            Path("/beta/ai/image-generations/background-generations", OLD_DIALECTS),
            Path(GENERATIONS + "/background-generations", NEW_DIALECTS),
        ),
    ),
    Generating(
        "background-replacement",
        "background_generation",
        BackgroundReplacementBody,
        draw_background,
        (Path(GENERATIONS + "/background-replacement", NEW_DIALECTS),),
    ),
)
