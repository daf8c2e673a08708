"""Reads README.md and docs/: code blocks, sections, tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON_API = ROOT / "docs" / "reference" / "python"
"""Pages that Sphinx generates from docstrings."""
FILES = [
    *sorted(ROOT.glob("*.md")),
    *(each for each in sorted((ROOT / "docs").rglob("*.md")) if PYTHON_API not in each.parents),
]


@dataclass(frozen=True)
class Block:
    """A fenced block of code."""

    file: Path
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.file.name}:{self.line}"


def blocks_of(file: Path) -> Iterator[Block]:
    text = file.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        yield Block(file, text.count("\n", 0, found.start()) + 2, found[1], found[2])


BLOCKS = [block for file in FILES for block in blocks_of(file)]


def prose(file: Path) -> str:
    """A file without its code blocks."""
    return re.sub(r"```.*?```", "", file.read_text(), flags=re.DOTALL)


def headings(file: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", prose(file), re.MULTILINE)


def anchor(heading: str) -> str:
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def named(file: str) -> Path:
    [found] = [each for each in FILES if each.name == file]
    return found


def section(file: str, heading: str) -> str:
    """The text below a heading, up to the next one of any level."""
    _, found, rest = named(file).read_text().partition(f"# {heading}\n")
    assert found, f"{file} has no heading {heading!r}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of all rows of all tables, without headers."""
    lines = text.splitlines()
    for line, next_line in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("| ") and not next_line.startswith("|---"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def names(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def codes(cell: str) -> list[str]:
    """All inline code."""
    return re.findall(r"`([^`]+)`", cell)


def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments of a class that are not Airflow's own."""
    ours = [
        each
        for each in cls.__mro__
        if each.__module__.startswith("airflow_provider_getty") and "__init__" in vars(each)
    ]
    return {name: each for base in ours for name, each in declared(base).items()}


def declared(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments that a class adds to those of its bases."""
    found = inspect.signature(cls).parameters
    return {name: each for name, each in found.items() if name not in ("self", "args", "kwargs")}
