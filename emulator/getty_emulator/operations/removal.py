"""POST background-removal and object-removal: remove the background of the subject, or the objects under a mask."""

from __future__ import annotations

from getty_emulator.drawing.removal import draw_background_removal, draw_object_removal
from getty_emulator.operations.call import OLD_DIALECTS, Path
from getty_emulator.operations.generating import BETA_GENERATIONS, GENERATIONS, Generating
from getty_emulator.operations.references import Masked, NamedImage


class ObjectRemovalBody(Masked, NamedImage):
    """The white area of the mask is removed."""


GENERATING = (
    Generating("background-removal", "background_removal", NamedImage, draw_background_removal),
    Generating(
        "object-removal",
        "object_removal",
        ObjectRemovalBody,
        draw_object_removal,
        (Path(f"{GENERATIONS}/object-removal"), Path(f"{BETA_GENERATIONS}/object-removal", OLD_DIALECTS)),
    ),
)
