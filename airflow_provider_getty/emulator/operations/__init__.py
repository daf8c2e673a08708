"""What the emulator can do. A new operation is a file here and a line in the table."""

from __future__ import annotations

from airflow_provider_getty.emulator.operations import (
    downloads,
    generations,
    history,
    media,
    products,
    refine,
    token,
    uploads,
)

GENERATING = (*refine.GENERATING,)

OPERATIONS = (
    *token.OPERATIONS,
    *uploads.OPERATIONS,
    *(generating.operation() for generating in GENERATING),
    *generations.OPERATIONS,
    *downloads.OPERATIONS,
    *history.OPERATIONS,
    *products.OPERATIONS,
    *media.OPERATIONS,
)
DRAW = {generating.generation_type: generating.draw for generating in GENERATING}
"""How the images of each type of generation are drawn."""
