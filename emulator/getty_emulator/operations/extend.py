"""POST extend: continues the image beyond its borders. The longer side of the result has the usual length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from getty_emulator.answers import invalid_parameter
from getty_emulator.drawing.extension import draw_extension
from getty_emulator.operations.bodies import (
    LONGER_SIDE,
    Percentage,
    Prompted,
    Size,
    fitted,
)
from getty_emulator.operations.call import OLD_DIALECTS, Path
from getty_emulator.operations.generating import Generating
from getty_emulator.operations.references import OldNamedImage, PathImage

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call


class Widened(Prompted):
    """The margin on each side, in percent of the original's width or height."""

    left_percentage: Percentage = 0
    right_percentage: Percentage = 0
    top_percentage: Percentage = 0
    bottom_percentage: Percentage = 0

    def size(self, original: Size) -> Size:
        """Return the size of the original with its new margins."""
        width = original[0] * (100 + self.left_percentage + self.right_percentage)
        height = original[1] * (100 + self.top_percentage + self.bottom_percentage)
        return fitted(width, height, LONGER_SIDE)


class _ExtendBody(Widened):
    def check(self, call: Call) -> None:
        """Refuse the body if it adds nothing."""
        super().check(call)
        if not (
            self.left_percentage or self.right_percentage or self.top_percentage or self.bottom_percentage
        ):
            raise invalid_parameter("left_percentage", "At least one percentage must be greater than 0.")


class ExtendBody(_ExtendBody, OldNamedImage):
    """An extension of the image named in the body."""


class ExtendImageBody(_ExtendBody, PathImage):
    """An extension of the generated image named in the path."""


GENERATING = (
    Generating("extend", "extend", ExtendBody, draw_extension),
    Generating(
        "extend-image",
        "extend",
        ExtendImageBody,
        draw_extension,
        (Path("/beta/ai/image-generations/{id}/images/{index}/extend", OLD_DIALECTS),),
    ),
)
