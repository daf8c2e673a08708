"""The diagrams of the documentation are those that the code draws."""

from __future__ import annotations

import pytest

from dev.diagrams import DIAGRAMS, IMAGES, layers, purpose


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_diagram_is_up_to_date(name: str) -> None:
    """If it is not, run ``python -m dev.diagrams``."""
    assert (IMAGES / name).read_text() == DIAGRAMS[name]()


def test_every_room_says_what_it_is_for() -> None:
    assert all(purpose(room) for rooms in layers() for room in rooms)
