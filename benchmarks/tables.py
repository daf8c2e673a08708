"""Markdown tables that are also readable in a terminal, and the targets of a benchmark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table with text in the first column and numbers in the others."""
    widths = [max(2, *(len(row[column]) for row in (head, *rows))) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(_line(row, widths) for row in (head, rule, *rows))


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return f"| {' | '.join((first, *others))} |"


@dataclass(frozen=True)
class Target:
    """The upper bound for a figure."""

    what: str
    bound: float
    measured: float

    @property
    def verdict(self) -> str:
        """Met, or by how much it is missed."""
        if self.measured <= self.bound:
            return "met"
        return f"missed by {(self.measured / self.bound - 1) * 100:.0f} %" if self.bound else "missed"


def target_table(targets: Sequence[Target]) -> str:
    """Return a table of the targets with the measured figures."""
    rows = [
        (target.what, f"{target.bound:.3g}", f"{target.measured:.3g}", target.verdict) for target in targets
    ]
    return table(("Target", "at most", "measured", ""), rows)
