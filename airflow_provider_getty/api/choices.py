"""The values that Getty takes by name or within a range, free of pydantic.

A DAG file checks them without loading the models in :mod:`.operations`, which are built from them.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

AspectRatio: TypeAlias = Literal["1:1", "3:4", "4:3", "9:16", "16:9"]
"""Width to height."""
MediaType: TypeAlias = Literal["photography", "illustration"]
Mood: TypeAlias = Literal["black_and_white", "warm", "cool", "natural", "vivid", "dramatic", "bold"]
LensType: TypeAlias = Literal["wide_angle", "telephoto"]
DepthOfField: TypeAlias = Literal["shallow", "deep"]
Adherence: TypeAlias = Literal["flexible", "strong"]
"""How closely a new background follows its reference."""
Category: TypeAlias = Literal["ImageReference", "CustomerProduct"]
"""The purpose of a registered file."""
SizeName: TypeAlias = Literal["1k", "4k"]
"""The sizes of a redownload."""

LARGEST = 2**31 - 1
"""Getty's integers are signed, of 32 bits."""
HEX_COLOR = "^#[0-9A-Fa-f]{6}$"
