"""A batch is killed at any moment, and continues: each item is paid for once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.batch_runs import REFINE, Killed, batch, charges, generates, killed_at, manifest

pytestmark = pytest.mark.usefixtures("grey")

ITEMS = [*generates(1), {**REFINE, "prompt": "balloons"}]
PROMPTS = dict.fromkeys(("picture 1", "balloons"), 1)
MOMENTS = 32


def run(folder: Path, moment: int | None = None) -> dict[str, Any]:
    with killed_at(moment):
        return manifest(batch(ITEMS, folder, images="first").begin())


def test_a_run_has_as_many_moments_as_are_tried(getty: Emulator, tmp_path: Path) -> None:
    with killed_at(None) as moments:
        batch(ITEMS, tmp_path, images="first").begin()
    assert MOMENTS - 10 <= next(moments) - 1 <= MOMENTS


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_at_each_moment_each_item_is_paid_once(getty: Emulator, tmp_path: Path, moment: int) -> None:
    with suppress(Killed):
        run(tmp_path, moment)
    ended = run(tmp_path)

    assert (ended["completed"], ended["downloaded"]) == (2, 2)
    assert charges(getty) == PROMPTS
    assert ended["charged"] == 2
    assert len(list((tmp_path / "images").glob("*.jpg"))) == 2


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(kills=st.lists(st.integers(0, 22), min_size=2, max_size=3), hidden=st.booleans())
def test_killed_again_and_again_each_item_is_paid_once(
    getty: Emulator, tmp_path_factory: pytest.TempPathFactory, kills: list[int], hidden: bool
) -> None:
    getty.reset()
    folder = tmp_path_factory.mktemp("batch")
    if hidden:
        getty.fault("history-lag", "generate", times=2, seconds=0.3)
    for moment in kills:
        with suppress(Killed):
            run(folder, moment)
    run(folder)

    assert charges(getty) == PROMPTS


@pytest.mark.parametrize("fault", ["cut-after", "cut-body", "truncated-json", "missing-id"])
def test_a_lost_answer_is_found_by_its_marker(getty: Emulator, tmp_path: Path, fault: str) -> None:
    getty.fault(fault, "generate", times=1)

    assert manifest(batch(generates(3), tmp_path).begin())["completed"] == 3
    assert getty.ledger()["total"] == 3


def test_a_submission_that_never_arrived_is_sent_again(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("cut-before", "generate", times=2)

    assert manifest(batch(generates(3), tmp_path).begin())["completed"] == 3
    assert getty.ledger()["total"] == 3
