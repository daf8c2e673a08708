"""README.md on a package index, where there are neither pictures nor pages of the repository."""

from __future__ import annotations

import re
import tomllib

from tests.support.documents import ROOT

HOOK = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["metadata"]["hooks"]
README = (ROOT / "README.md").read_text()


def shown() -> str:
    text = README
    for each in HOOK["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(each["pattern"], each["replacement"], text)
    return text


def test_no_link_and_no_picture_is_relative() -> None:
    assert re.findall(r"\]\((?!https://)[^)]*\)", README)
    assert not re.findall(r"\]\((?!https://)[^)]*\)", shown())


def test_the_text_of_links_stays() -> None:
    assert "All operators, their decorators and the hook" in shown().replace("\n", " ")


def test_the_readme_begins_with_a_sentence_an_installation_and_code() -> None:
    before_code = README.partition("```python")[0]
    assert "pip install" in before_code
    assert len(before_code.split()) < 150
