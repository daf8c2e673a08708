"""POST refine: change what is under the white of a mask. In every form that has been documented."""

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
    """A refine of the image that is named."""

    def check(self, call: Call) -> None:
        """Refuse it without a prompt, today."""
        if call.service.dialect is Dialect.CURRENT:
            require("prompt", self.prompt)
        super().check(call)


class RefineImageBody(Masked, PathImage, Prompted):
    """A refine of the generated image that the path names."""


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
