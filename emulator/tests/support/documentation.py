"""The tables of docs/reference/emulator.md that follow from the code.

``python -m emulator.tests.support.documentation`` writes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from getty_emulator.faults.kind import DOWNLOADS, GENERATING, HISTORY, POLLS, Kind
from getty_emulator.faults.kinds import KINDS
from getty_emulator.options import declared_options

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "emulator.md"
_GROUPS = {"generating": GENERATING, "poll": POLLS, "history": HISTORY}


def options_table() -> str:
    """Return the options as a table."""
    rows = ["| Option | Python | Default | |", "|---|---|---|---|"]
    for declared in declared_options():
        default = declared.command_line_default
        texts = [] if default in (None, (), False) else [f"`{default}`"]
        if texts and default != declared.default:
            texts.append(f"(Python: `{declared.default}`)")
        metavar = f" {declared.option.metavar}" if declared.option.metavar else ""
        cells = (f"`{declared.flag}{metavar}`", f"`{declared.name}`", " ".join(texts), declared.option.help)
        rows.append(_row(*cells))
    rows.append(_row("`--json`", "", "", "Greet with one line of JSON, for programs."))
    rows.append(_row("`--quiet`", "", "", "Log no requests."))
    return "\n".join(rows)


def faults_table() -> str:
    """Return the faults as a table."""
    rows = ["| Fault | What happens | Calls | Parameters (default) |", "|---|---|---|---|"]
    for kind in KINDS.values():
        parameters = "; ".join(
            f"`{name}` ({_shown(parameter.default)}): {parameter.description}"
            for name, parameter in kind.parameters.items()
        )
        rows.append(_row(f"`{kind.name}`", kind.description, _calls(kind), parameters))
    return "\n".join(rows)


TABLES = {"options": options_table, "faults": faults_table}


def with_tables(text: str) -> str:
    """Return a page with its tables as they should be, each between ``<!-- NAME -->`` and ``<!-- end -->``."""
    for name, table in TABLES.items():
        begin = f"<!-- {name} -->\n"
        before, _, rest = text.partition(begin)
        text = before + begin + table() + "\n<!-- end -->" + rest.partition("<!-- end -->")[2]
    return text


def _calls(kind: Kind) -> str:
    left = set(kind.operations)
    names = []
    for name, group in _GROUPS.items():
        if left >= set(group):
            names.append(name)
            left -= set(group)
    if left >= {*DOWNLOADS, "download-sizes"}:
        names.append("download")
        left -= {*DOWNLOADS, "download-sizes"}
    if len(left) > 20:
        return "all that need a token"
    return ", ".join([*names, *sorted(left)]) or "all"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return "…" if len(text) > 60 else f"`{text}`"


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
