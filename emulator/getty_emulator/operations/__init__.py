"""All operations. To add one, add a module here and a line in the table."""

from __future__ import annotations

from getty_emulator.operations import (
    background,
    downloads,
    extend,
    generations,
    history,
    influence,
    media,
    products,
    prompts,
    refine,
    registrations,
    removal,
    text_to_image,
    token,
    uploads,
)

GENERATING = (
    *text_to_image.GENERATING,
    *refine.GENERATING,
    *extend.GENERATING,
    *removal.GENERATING,
    *influence.GENERATING,
    *background.GENERATING,
)

OPERATIONS = (
    *token.OPERATIONS,
    *uploads.OPERATIONS,
    *registrations.OPERATIONS,
    *prompts.OPERATIONS,
    *(generating.operation() for generating in GENERATING),
    *generations.OPERATIONS,
    *downloads.OPERATIONS,
    *history.OPERATIONS,
    *products.OPERATIONS,
    *media.OPERATIONS,
)
DRAW = {generating.generation_type: generating.draw for generating in GENERATING}
"""For each type of generation, the function that draws its images."""
