"""The fields that the bodies of generating calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from getty_emulator.answers import invalid_parameter
from getty_emulator.operations.call import OLD_DIALECTS, Fields, Only
from getty_emulator.state import IMAGES_PER_GENERATION, Source

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call

LONGER_SIDE = 1024
"""Pixels of the longer side of every picture that is drawn; what is fetched is made smaller or larger from it."""
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Percentage = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Level = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
MediaType = Literal["photography", "illustration"]
Mood = Literal["black_and_white", "warm", "cool", "natural", "vivid", "dramatic", "bold"]
AspectRatio = Literal["1:1", "3:4", "4:3", "9:16", "16:9"]
Size = tuple[int, int]


class Original(NamedTuple):
    """The image that a generation starts from."""

    source: Source
    size: Size


class GeneratingBody(Fields):
    """The fields that every generating call takes. A body may say more of itself in the methods."""

    product_id: Int32 | None = None
    project_code: str | None = None
    notes: str | None = None

    def check(self, call: Call) -> None:
        """Refuse what its fields do not show one by one."""
        if call.service.strict and self.product_id == 0:
            raise invalid_parameter("product_id", "There is no product 0.")

    def original(self, call: Call) -> Original | None:  # noqa: ARG002 - of those that have one
        """Find the image that it starts from, or refuse."""
        return None

    def mask(self, call: Call) -> bytes | None:  # noqa: ARG002 - of those that have one
        """Find the mask, or refuse."""
        return None

    def size(self, original: Size) -> Size:
        """Return the size of the images, whose longer side is LONGER_SIDE; that of the original, if there is one."""
        return original

    def images(self) -> int:
        """Return how many images are made."""
        return IMAGES_PER_GENERATION


class Prompted(GeneratingBody):
    """A body with a prompt that may be left out."""

    prompt: str | None = None
    negative_prompt: Annotated[str | None, Only(OLD_DIALECTS)] = None
    seed: Annotated[Int32 | None, Only(OLD_DIALECTS)] = None


class Shaped(Prompted):
    """A body that needs a prompt and may say what the result shall look like."""

    aspect_ratio: AspectRatio | None = None
    media_type: MediaType | None = None
    mood: Mood | None = None

    def check(self, call: Call) -> None:
        """Refuse it without a prompt."""
        super().check(call)
        require("prompt", self.prompt)

    def size(self, original: Size) -> Size:
        """Return a size of the aspect ratio that was asked for."""
        if self.aspect_ratio is None:
            return original
        width, height = map(int, self.aspect_ratio.split(":"))
        return fitted(width, height, LONGER_SIDE)


def require(name: str, value: object) -> None:
    """Refuse a field that is empty or not there."""
    if not value:
        raise invalid_parameter(name, "It is required.")


def fitted(width: float, height: float, side: int) -> Size:
    """Return the size that an image has when its longer side is ``side``."""
    longer = max(width, height)
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))
