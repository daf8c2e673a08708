"""Finds broken links within the built documentation; part of `make docs`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path

SITE = Path(__file__).resolve().parent.parent / "build" / "docs"


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page."""
    return frozenset(re.findall(r'\bid="([^"]+)"', page.read_text("utf-8")))


def broken(page: Path) -> Iterator[str]:
    """Yield a page's links to missing files or anchors. Links to other sites are not checked."""
    for link in map(unescape, re.findall(r'(?:href|src)="([^"]+)"', page.read_text("utf-8"))):
        if re.match(r"\w+:|//", link):
            continue
        path, _, place = link.partition("#")
        target = (page.parent / path.partition("?")[0]).resolve() if path else page
        if not target.exists() or (place and target.suffix == ".html" and place not in anchors(target)):
            yield link


def main() -> int:
    """Print the broken links, and return 1 if there are any."""
    found = [(page, link) for page in sorted(SITE.rglob("*.html")) for link in broken(page)]
    for page, link in found:
        print(f"{page.relative_to(SITE)} links to {link}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
