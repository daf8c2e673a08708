"""Draws the documentation's diagrams as SVG: the flow of a refine, and the layers of the provider.

`python -m dev.diagrams` writes them to docs/images/.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
PACKAGE = "airflow_provider_getty"

LANES = ("Worker", "Task state store", "Getty", "Triggerer", "Your storage")
STEPS = (
    ("Worker", "Worker", "check the arguments, make the mask"),
    ("Worker", "Getty", "PUT the mask, under a unique name"),
    ("Worker", "Task state store", "store intent and marker"),
    ("Worker", "Getty", "POST the refine, with the marker in notes"),
    ("Getty", "Worker", "202: the id. From here on, it is paid for"),
    ("Worker", "Task state store", "store the id"),
    ("Worker", "Triggerer", "defer: the worker is free"),
    ("Triggerer", "Getty", "poll, within one budget"),
    ("Getty", "Triggerer", "200: four images"),
    ("Triggerer", "Worker", "resume: the result goes to XCom"),
    ("Worker", "Getty", "PUT the download, poll it, GET the image"),
    ("Worker", "Your storage", "write the image, whole or not at all"),
)
"""The messages in order: sender, receiver, text."""

INK, LINE, FILL, SOFT = "#1d1b31", "#6a5acd", "#ece9f8", "#8a86a3"


def flow() -> str:
    """Draw the flow of a refine as calls between lanes."""
    wide, step, top = 190, 46, 66
    height = top + step * len(STEPS) + 14
    middle = {lane: 95 + wide * number for number, lane in enumerate(LANES)}
    parts = []
    for lane, x in middle.items():
        parts += [_frame(x - 75, 14, 150, 34), _text(x, 36, lane, "middle", weight=600)]
        parts.append(f'<path d="M{x} 48 V{height - 10}" stroke="{SOFT}" stroke-dasharray="2 5"/>')
    for number, (source, target, what) in enumerate(STEPS):
        y, begin, end = top + step * number + 28, middle[source], middle[target]
        text = f"{number + 1}. {what}"
        if source == target:
            parts.append(f'<circle cx="{begin}" cy="{y}" r="5" fill="{LINE}"/>')
            parts.append(_text(begin + 14, y + 5, text, "start", rim=True))
        else:
            parts.append(_arrow(f"M{begin} {y} H{end}"))
            parts.append(_text((begin + end) / 2, y - 7, text, "middle", rim=True))
    return _svg(95 * 2 + wide * (len(LANES) - 1), height, "How a refine flows", parts)


def layers() -> list[list[str]]:
    """The packages of each layer, from the top, as in the contract in pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [contract] = [each for each in contracts if each["type"] == "layers"]
    return [[room.strip().rpartition(".")[2] for room in layer.split(":")] for layer in contract["layers"]]


def purpose(room: str) -> str:
    """Return the first line of a package's docstring."""
    tree = ast.parse((ROOT / PACKAGE / room / "__init__.py").read_text())
    return (ast.get_docstring(tree) or "").partition("\n")[0]


def house() -> str:
    """Draw the provider's layers with the packages in each and their purpose; imports point downward."""
    width, line, gap = 860, 26, 24
    parts, y = [], 16
    for number, rooms in enumerate(layers()):
        if number:
            parts.append(_arrow(f"M{width / 2} {y - gap} V{y - 2}"))
        height = line * len(rooms) + 14
        parts.append(_frame(16, y, width - 32, height))
        for place, room in enumerate(rooms):
            baseline = y + 25 + line * place
            parts.append(_text(34, baseline, f"{room}/", "start", weight=600))
            parts.append(_text(150, baseline, purpose(room), "start"))
        y += height + gap
    return _svg(width, y - gap + 16, "The layers of the house, from DAG files down to HTTP", parts)


def _svg(width: int, height: int, title: str, parts: Iterable[str]) -> str:
    head = f'<path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/>'
    marker = '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
    opening = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="14"'
    lines = [
        f'{opening} font-family="system-ui, sans-serif" role="img" aria-label="{escape(title)}">',
        f"<defs>{marker}{head}</marker></defs>",
        f'<rect width="{width}" height="{height}" rx="8" fill="#fff"/>',
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _frame(x: float, y: float, width: float, height: float) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" fill="{FILL}" stroke="{LINE}"/>'


def _arrow(path: str) -> str:
    return f'<path d="{path}" stroke="{LINE}" stroke-width="1.6" marker-end="url(#head)"/>'


def _text(x: float, y: float, text: str, anchor: str, *, weight: int = 400, rim: bool = False) -> str:
    """:param rim: draw a white outline, so that the text is readable across lines."""
    across = ' stroke="#fff" stroke-width="4" paint-order="stroke"' if rim else ""
    style = f'text-anchor="{anchor}" fill="{INK}" font-weight="{weight}"{across}'
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'


DIAGRAMS = {"flow.svg": flow, "house.svg": house}


def main() -> None:
    """Write the diagrams."""
    for name, draw in DIAGRAMS.items():
        (IMAGES / name).write_text(draw())
        print(f"docs/images/{name}")


if __name__ == "__main__":
    main()
