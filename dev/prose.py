"""Finds words in prose that the project avoids, and suggests better ones; part of `make check`.

Reads all Markdown files, and the docstrings, comments and strings of the packages. Spelling is checked by `typos`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = (
    "*.md",
    "docs/**/*.md",
    "airflow_provider_getty/**/*.py",
    "emulator/**/*.md",
    "emulator/getty_emulator/**/*.py",
    "example_dags/*.py",
)
VOCABULARY = {
    r"mend(s|ed|ing)?": "fix",
    r"(goes|go|went|going) on": "continue",
    r"anew": "again",
    r"in trouble": "on failure",
    r"in vain": "without success",
    r"with[- ]?held": "blocked",
    r"per cent": "percent",
    r"its kin|their kin": "and the like",
    r"(file|files|folder|it|they|picture|pictures) (lie|lies|lay) (in|at|on|beside)": "is in, are in",
    r"for that is": "because that is",
    r"once more": "again",
    r"nobody can tell|cannot be told": "it is unknown",
    r"all that (generate|describes)s?": "name it: every generating operator, every argument",
    r"was not measured|were not measured": "say what is; what changed is for the changelog",
    r"so many": "the number, or what it counts",
    r"nothing to do": "name what is not needed",
    r"trouble that may pass": "temporary failures",
    r"as long as no": "unless",
    r"to be awaited": "as coroutines",
    r"as a text": "as text",
    r"only of today's": "only in today's",
    r"to whom": "who",
    r"for ever": "forever, for good",
    r"(is|are|was|were) (called|told) (as|of|what)": "is named after; reports, receives, knows",
    r"takes? note": "count, receive, record",
    r"(?<!there )is no (json|list|text|file|path|number|journal|mask|url)": "is not a …",
    r"half (a )?characters?": "half of a surrogate pair",
    r"as of :(class|meth|func)": "see",
    r"(so|so it) was kept": "say what is; what changed is for the changelog",
}
"""Regular expressions for words to avoid, and what to write instead."""
BLOCK = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def findings(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line number, the words and the suggestion for each match outside code blocks."""
    prose = BLOCK.sub(lambda block: "\n" * block[0].count("\n"), text)
    for pattern, instead in VOCABULARY.items():
        for found in re.finditer(rf"\b({pattern})\b", prose, re.IGNORECASE):
            yield prose.count("\n", 0, found.start()) + 1, found[0], instead


def main() -> int:
    """Print the findings, and return 1 if there are any."""
    files = sorted({file for place in PLACES for file in ROOT.glob(place)})
    found = [(file, *each) for file in files for each in findings(file.read_text("utf-8"))]
    for file, line, words, instead in found:
        print(f"{file.relative_to(ROOT)}:{line}: {words!r}: {instead}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
