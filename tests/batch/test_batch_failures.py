"""How a batch ends in trouble: what it says, what a callback finds, and what odd answers do to it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.faults.active import parse_fault
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.batch.events import Began, Finished, ItemRef, Owner
from airflow_provider_getty.batch.items import Catalogue, Items
from airflow_provider_getty.batch.journal import Journal, journal_file
from airflow_provider_getty.batch.outcome import GettyBatchException, GettyBatchFailException
from airflow_provider_getty.batch.progress import Progress
from airflow_provider_getty.batch.reporting import Reporter
from tests.support.batch_runs import REFINE, charges, generates
from tests.support.batch_tasks import a_batch, to_the_end
from tests.support.documents import codes, rows, section
from tests.support.download_tasks import ODD_DOWNLOADS, UNSAFE_DOWNLOADS, size
from tests.support.task_runs import Worker

ODD = list(rows(section("odd-answers.md", "Effects")))
CALLS = ("refine", "get-generation", "generation-history", "start-download", "get-download", "media")
"""The calls of the table's columns."""


def test_a_callback_finds_what_became_of_a_batch(getty: Emulator, tmp_path: Path) -> None:
    getty.configure_account(credits_remaining=3)
    error = Worker().run(a_batch(generates(5), tmp_path, max_in_flight=1), retries_left=True).error
    assert isinstance(error, GettyBatchFailException)
    assert error.credit == "3 generations were charged."
    assert error.manifest
    assert (error.manifest["completed"], error.manifest["charged"], error.may_retry) == (3, 3, False)


def test_a_callback_finds_the_answer_that_ended_a_batch(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("refuse", "products", times=None, status=403, code="NotAuthorized")
    getty.fault("refuse", "token", times=None, status=401)
    error = Worker().run(a_batch([{"operation": "generate", "prompt": ""}], tmp_path)).error
    assert isinstance(error, GettyBatchFailException)
    assert error.status is None
    assert error.credit == "Nothing was submitted in this try."
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_a_callback_finds_status_and_code_of_the_answer(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("refuse", "token", times=None, status=403, code="NotAuthorized")
    error = Worker().run(a_batch(generates(1), tmp_path)).error
    assert isinstance(error, GettyBatchFailException)
    assert (error.status, error.code) == (403, "NotAuthorized")


def test_what_is_worth_a_retry_is_raised_as_a_class_of_its_own(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=1)
    run = Worker().run(a_batch(generates(2), tmp_path, timeout=1), retries_left=True)
    assert run.state == "up_for_retry"
    assert isinstance(run.error, GettyBatchException)
    assert run.error.may_retry


def test_the_log_has_a_short_line_for_each_part_of_a_failure(
    getty: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    getty.fault("refuse", "generate", times=1, status=400)
    Worker().run(a_batch(generates(2), tmp_path))
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert "Items: Of 2 items, 1 are completed, 0 blocked, 1 failed, 0 not finished." in said
    assert "Credit: 1 generation was charged." in said
    assert any(line.startswith("To do: ") for line in said)


async def test_a_thousand_items_take_few_lines_of_the_log_however_long_they_take(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "airflow_provider_getty")
    catalogue = Catalogue.of(Items(generates(1_000)))
    with Journal(journal_file(str(tmp_path / "journal.jsonl")), Progress(catalogue)) as journal:
        journal.begin(Began(Owner(dag_id="d", run_id="r", task_id="t"), 0))
        reporting = asyncio.create_task(Reporter().run(journal))
        for number, key in enumerate(catalogue.keys, 1):
            finished = Finished(generation_request_id=f"{number}", seed=None, images=(0,), blocked=())
            journal.note(finished, ItemRef(number, key))
            await clock.pause(86.4)
        reporting.cancel()
    assert 10 <= len(caplog.records) <= 30


def test_items_that_fail_are_logged_by_their_names_and_after_fifty_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reporter = Reporter()
    for number in range(1, 100):
        reporter.failed(ItemRef(number, number, f"sky-{number}"), "Getty answered 400.")
    assert caplog.messages[0] == "Item 1 (sky-1) failed. Getty answered 400."
    assert caplog.messages[50:] == ["More items have failed; the journal lists them all."]


@pytest.mark.parametrize("cells", ODD, ids=lambda cells: cells[1])
def test_an_odd_answer_does_to_a_batch_what_it_does_to_a_task(
    getty: Emulator, tmp_path: Path, grey: None, cells: list[str]
) -> None:
    """All that does no harm together, in the submission, the polls, the history and the download.

    What is used is answered so always, what is asked again, once.
    """
    _, faults, *told = cells
    if told[2] in ("used", "again"):
        getty.fault("cut-after", "refine")  # of one item, which is looked for
    for call, becomes in zip(CALLS, told, strict=True):
        if becomes in ("used", "again", "looked up"):
            for fault in map(parse_fault, codes(faults)):
                times = None if becomes == "used" else 1
                getty.fault(fault.pop("fault"), **{"operation": call, "times": times} | fault)
    getty.fault("stay-pending", "refine", times=None)
    getty.fault("finish-at-once", "get-generation", times=None)

    items = [REFINE | {"prompt": prompt} for prompt in "ab"]
    run = Worker().run(
        a_batch(items, tmp_path, download_to=str(tmp_path / "images"), timeout=600, history_lag=60)
    )

    assert run.state == "success", run.message
    assert (run.result["charged"], run.result["downloaded"]) == (2, 2)
    assert set(charges(getty).values()) == {1}


@pytest.mark.parametrize(
    ("call", "cells"),
    [
        pytest.param(call, cells, id=f"{call}-{cells[1]}")
        for column, call in ((2, "refine"), (3, "get-generation"))
        for cells in ODD
        if cells[column].startswith("`") and cells[1] != "`other-id`"
    ],
)
def test_an_answer_that_fails_a_task_fails_the_item(
    getty: Emulator, tmp_path: Path, call: str, cells: list[str]
) -> None:
    for fault in map(parse_fault, codes(cells[1])):
        getty.fault(fault.pop("fault"), **{"operation": call, "times": None} | fault)
    if call == "get-generation":
        getty.fault("stay-pending", "refine")
    began = clock.monotonic()
    worker = Worker()
    run = worker.run(a_batch([REFINE | {"prompt": "a"}], tmp_path, generation_timeout=60, poll_interval=None))
    assert run.state in ("failed", "up_for_retry")
    is_final = cells[2 if call == "refine" else 3] != "`DeadlineExceededError`"
    assert (clock.monotonic() - began < 50) is is_final
    assert isinstance(run.error, GettyBatchException)
    assert run.error.manifest
    total = getty.ledger()["total"]
    charged = run.error.manifest["charged"]
    assert charged <= total <= charged + run.error.manifest["unknown"]


@pytest.mark.parametrize("is_deferrable", [False, True], ids=["worker", "triggerer"])
@pytest.mark.parametrize("faults", ODD_DOWNLOADS.values(), ids=list(ODD_DOWNLOADS))
def test_an_odd_answer_keeps_no_image_from_its_place(
    getty: Emulator, tmp_path: Path, grey: None, faults: list[dict[str, Any]], is_deferrable: bool
) -> None:
    for fault in faults:
        getty.fault(**fault)
    worker = Worker()
    batch = a_batch(generates(2), tmp_path, download_to=str(tmp_path / "images"), deferrable=is_deferrable)
    run, _ = to_the_end(worker, worker.run(batch))
    assert run.state == "success", run.message
    assert [size(image.read_bytes()) for image in (tmp_path / "images").iterdir()] == [(1024, 1024)] * 2
    assert getty.ledger()["total"] == 2


@pytest.mark.parametrize("is_deferrable", [False, True], ids=["worker", "triggerer"])
@pytest.mark.parametrize("faults", UNSAFE_DOWNLOADS.values(), ids=list(UNSAFE_DOWNLOADS))
def test_an_address_that_is_not_safe_fails_its_item_at_once(
    getty: Emulator, tmp_path: Path, grey: None, faults: list[dict[str, Any]], is_deferrable: bool
) -> None:
    for fault in faults:
        getty.fault(**fault)
    began = clock.monotonic()
    worker = Worker()
    batch = a_batch(generates(2), tmp_path, download_to=str(tmp_path / "images"), deferrable=is_deferrable)
    run, _ = to_the_end(worker, worker.run(batch))
    assert run.state == "failed"
    assert run.message.count("The image's URL begins with") == 2
    assert "Signature" not in run.message
    assert "2 generations were charged" in run.message
    assert clock.monotonic() - began < 60
    assert list((tmp_path / "images").iterdir()) == []


def test_the_id_of_another_generation_makes_a_clear_look_for_the_marker(
    getty: Emulator, tmp_path: Path
) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    getty.fault("other-id", "refine")
    lost = worker.run(a_batch([REFINE | {"prompt": "a"}], tmp_path))
    assert lost.state == "failed"
    assert "404 GenerationRequestIdNotFound" in lost.message
    assert "0 generations were charged, 1 unknown." in lost.message
    worker.clear("batch")
    getty.fault("finish-at-once", "get-generation", times=None)

    found = worker.run(a_batch([REFINE | {"prompt": "a"}], tmp_path))

    assert (found.result["charged"], found.result["unknown"]) == (1, 0)
    assert getty.ledger()["total"] == 1


def test_a_history_that_counts_more_than_it_lists_is_read_to_its_end(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("cut-after", "generate")
    getty.fault(
        "set-fields",
        "generation-history",
        times=None,
        fields={"result_count": 10**9, "generations": []},
        skip=0,
    )
    run = Worker().run(a_batch(generates(1), tmp_path, timeout=600))
    assert run.state == "success", "the second submission's answer arrived"
    assert [request["operation"] for request in getty.requests()].count("generation-history") <= 3
