"""The fields that bodies of generating calls share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from getty_emulator.answers import invalid_parameter
from getty_emulator.operations.call import OLD_DIALECTS, Fields, Only
from getty_emulator.state import IMAGES_PER_GENERATION, Source

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call

LONGER_SIDE = 1024
"""The longer side, in pixels, at which every image is drawn; downloads and previews are scaled from it."""
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
    """The fields that every generating call takes. Subclasses override the methods as needed."""

    product_id: Int32 | None = None
    project_code: str | None = None
    notes: str | None = None

    def check(self, call: Call) -> None:
        """Check what the types of the fields cannot express."""
        if call.service.strict and self.product_id == 0:
            raise invalid_parameter("product_id", "There is no product 0.")

    def original(self, call: Call) -> Original | None:  # noqa: ARG002 - for subclasses that need it
        """Return the image that it starts from, or refuse."""
        return None

    def mask(self, call: Call) -> bytes | None:  # noqa: ARG002 - for subclasses that need it
        """Return the mask, or refuse."""
        return None

    def size(self, original: Size) -> Size:
        """Return the size of the images, with the longer side LONGER_SIDE and the original's shape, if there is one."""
        return original

    def images(self) -> int:
        """Return the number of images."""
        return IMAGES_PER_GENERATION


class Prompted(GeneratingBody):
    """A body with an optional prompt."""

    prompt: str | None = None
    negative_prompt: Annotated[str | None, Only(OLD_DIALECTS)] = None
    seed: Annotated[Int32 | None, Only(OLD_DIALECTS)] = None


class Shaped(Prompted):
    """A body that requires a prompt and may specify the look of the result."""

    aspect_ratio: AspectRatio | None = None
    media_type: MediaType | None = None
    mood: Mood | None = None

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a prompt."""
        super().check(call)
        require("prompt", self.prompt)

    def size(self, original: Size) -> Size:
        """Return a size with the requested aspect ratio."""
        if self.aspect_ratio is None:
            return original
        width, height = map(int, self.aspect_ratio.split(":"))
        return fitted(width, height, LONGER_SIDE)


def require(name: str, value: object) -> None:
    """Refuse an empty or missing field."""
    if not value:
        raise invalid_parameter(name, "It is required.")


def fitted(width: float, height: float, side: int) -> Size:
    """Return the image's size scaled so that its longer side is ``side``."""
    longer = max(width, height)
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))
