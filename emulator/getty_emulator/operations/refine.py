"""POST refine, in every documented form: changes the image under the white area of a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from getty_emulator.drawing.refinement import draw_refinement
from getty_emulator.operations.bodies import Prompted, require
from getty_emulator.operations.call import OLD_DIALECTS, Path
from getty_emulator.operations.generating import Generating
from getty_emulator.operations.references import Masked, OldNamedImage, PathImage
from getty_emulator.options import Dialect

if TYPE_CHECKING:
    from getty_emulator.operations.call import Call


class RefineBody(Masked, OldNamedImage, Prompted):
    """A refine of the image named in the body."""

    def check(self, call: Call) -> None:
        """Refuse the body if it lacks a prompt, in the current dialect."""
        if call.service.dialect is Dialect.CURRENT:
            require("prompt", self.prompt)
        super().check(call)


class RefineImageBody(Masked, PathImage, Prompted):
    """A refine of the generated image named in the path."""


GENERATING = (
    Generating("refine", "refine", RefineBody, draw_refinement),
    Generating(
        "refine-image",
        "refine",
        RefineImageBody,
        draw_refinement,
        (Path("/beta/ai/image-generations/{id}/images/{index}/refine", OLD_DIALECTS),),
    ),
)
