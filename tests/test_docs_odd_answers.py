"""docs/reference/odd-answers.md: its table says what becomes of each odd answer, as the emulator gives it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.faults.active import parse_fault
from getty_emulator.faults.kinds import KINDS
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import NotFoundError
from tests.support.documents import codes, rows, section
from tests.support.download_tasks import download, draw_nothing, generate
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker

CALLS = ("refine", "get-generation", "generation-history", "start-download", "get-download", "media")
"""The calls that the columns are about, as the emulator names them."""
TABLE = list(rows(section("odd-answers.md", "Effects")))


@pytest.fixture(scope="module")
def _emulator() -> Iterator[Emulator]:
    # With a latency, that a generation and a download are polled.
    with Emulator(strict=True, latency="0.01", download_latency=0.01) as emulator:
        yield emulator


@pytest.fixture
def getty_emulator(_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    _emulator.reset()
    draw_nothing(monkeypatch)
    return _emulator


def became(
    getty: Emulator, folder: Path, call: str, faults: list[str] | None = None, *, deferrable: bool = False
) -> str:
    """What becomes of a call that is answered so once, in the words of the table."""
    getty.reset()
    odd = [{"operation": call} | parse_fault(fault) for fault in faults or []]
    if call in ("start-download", "get-download", "media"):
        generation = generate(getty)["generation_request_id"]
        getty.advance(1)
        switch_on(getty, odd)
        if call == "get-download":  # ready at the first poll that is not odd, however fast it comes
            getty.fault("finish-at-once", call, times=None)
        run = download(generation, str(folder / "image.jpg"))
    else:
        switch_on(getty, odd)
        if call == "get-generation":  # likewise
            getty.fault("stay-pending", "refine")
            getty.fault("finish-at-once", call, times=None)
        if call == "generation-history":
            getty.fault("cut-after", "refine")
        run = refined(deferrable=deferrable)
    if run.state != "success":
        return f"`{type(getattr(run.error, 'error', run.error)).__name__}`"
    calls = sent(getty)
    if call == "refine" and "generation-history" in calls:
        return "looked up"
    if call == "generation-history" and calls.count("refine") > 1:
        return "sent again"
    return "again" if calls.count(call) > 1 else "used"


def switch_on(getty: Emulator, faults: list[dict[str, Any]]) -> None:
    for fault in faults:
        getty.fault(fault["fault"], **{name: value for name, value in fault.items() if name != "fault"})


def refined(*, deferrable: bool) -> TaskRun:
    worker = Worker()
    run = worker.run(refine(deferrable=deferrable), retries_left=True)
    return worker.resume(run, retries_left=True) if run.state == "deferred" else run


@pytest.mark.parametrize("call", CALLS)
def test_a_plain_answer_is_used(call: str, getty: Emulator, tmp_path: Path) -> None:
    assert became(getty, tmp_path, call) == "used"


@pytest.mark.parametrize("cells", TABLE, ids=lambda cells: cells[1])
def test_the_table_says_what_becomes_of_an_odd_answer(
    cells: list[str], getty: Emulator, tmp_path: Path
) -> None:
    _, faults, *told = cells
    actual = [
        became(getty, tmp_path / str(number), call, codes(faults)) if cell else ""
        for number, (call, cell) in enumerate(zip(CALLS, told, strict=True))
    ]
    assert actual == told


@pytest.mark.parametrize("cells", [cells for cells in TABLE if cells[3]], ids=lambda cells: cells[1])
def test_it_is_the_same_in_the_triggerer(cells: list[str], getty: Emulator, tmp_path: Path) -> None:
    """Of polls."""
    assert became(getty, tmp_path, "get-generation", codes(cells[1]), deferrable=True) == cells[3]


@pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])
@pytest.mark.parametrize("results", [[], None], ids=["empty", "null"])
def test_what_is_finished_at_once_without_images_is_polled(
    getty: Emulator, results: list[Any] | None, *, deferrable: bool
) -> None:
    getty.fault("finish-at-once", "refine")
    getty.fault("set-fields", "refine", fields={"results": results})
    run = refined(deferrable=deferrable)
    assert run.state == "success"
    assert len(run.result["results"]) == 4
    assert getty.ledger()["total"] == 1


def test_the_id_of_another_generation_in_what_is_finished_at_once_shows_when_it_is_downloaded(
    getty: Emulator, tmp_path: Path
) -> None:
    getty.fault("finish-at-once", "refine")
    getty.fault("other-id", "refine")
    made = refined(deferrable=False)
    assert made.state == "success"
    lost = download(made.result, str(tmp_path / "image.jpg"))
    assert isinstance(getattr(lost.error, "error", None), NotFoundError)


@pytest.mark.parametrize(("flag", "state"), [("yes", "failed"), ("blocked", "success")])
def test_a_flag_in_words_is_read_as_the_page_says(getty: Emulator, flag: str, state: str) -> None:
    getty.fault("set-fields", "get-generation", fields={"results.*.is_blocked": flag}, times=None)
    assert refined(deferrable=False).state == state


def test_the_page_names_every_fault_of_the_emulator() -> None:
    named = {parse_fault(fault)["fault"] for cells in TABLE for fault in codes(cells[1])}
    # These two take real time: the client waits for the rest.
    assert named | {"no-reply", "cut-body"} == set(KINDS)
    assert not named & {"no-reply", "cut-body"}
