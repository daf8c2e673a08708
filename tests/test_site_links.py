"""`make docs` finds links of the site that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.site_links import broken


@pytest.mark.parametrize(
    ("link", "is_broken"),
    [
        ("other.html", False),
        ("other.html#there", False),
        ("#here", False),
        ("https://airflow.apache.org/none", False),
        ("gone.html", True),
        ("other.html#gone", True),
        ("#gone", True),
    ],
)
def test_a_link_that_leads_nowhere_is_found(link: str, is_broken: bool, tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text('<h1 id="there">')
    page = tmp_path / "page.html"
    page.write_text(f'<h1 id="here"><a href="{link}">')
    assert list(broken(page)) == ([link] if is_broken else [])
