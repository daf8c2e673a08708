"""Notes as altered by a server."""

from __future__ import annotations

CHANGES = ("cut", "drop-hash", "lower-case", "drop-non-ascii", "drop")


def altered_notes(notes: str | None, change: str, length: int) -> str | None:
    """Apply one of the changes to the notes; ``cut`` keeps ``length`` characters."""
    if notes is None:
        return None
    match change:
        case "cut":
            return notes[:length]
        case "drop-hash":
            return notes.replace("#", "")
        case "lower-case":
            return notes.lower()
        case "drop-non-ascii":
            return notes.encode("ascii", "ignore").decode()
        case _:
            return None
