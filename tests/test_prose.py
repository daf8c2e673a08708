"""`make check` finds words for which the project has better ones."""

from __future__ import annotations

import pytest

from dev.prose import findings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mend the cause.", ["Mend"]),
        ("The batch goes on.\nIt is asked anew.", ["goes on", "anew"]),
        ("```python\nlog('goes on')\n```\n", []),
        ("There is nothing to do.\nIt is told of so many.", ["so many", "nothing to do", "is told of"]),
        ("The recommended amendment to an ongoing task.", []),
    ],
)
def test_words_of_the_vocabulary_are_found_in_prose(text: str, words: list[str]) -> None:
    assert [found for _, found, _ in findings(text)] == words


def test_a_finding_names_the_line_also_after_a_block() -> None:
    assert [line for line, *_ in findings("One.\n```\ntwo\n```\nIt goes on.")] == [5]
