"""The engine of a batch: bounded, patient, adaptive, and one look into the history for all."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.items import Items
from airflow_provider_getty.batch.run import BatchResult, Deferral
from airflow_provider_getty.batch.slots import PendingSlots
from tests.support.batch_runs import REFINE, batch, charges, generates, lines, manifest


@pytest.fixture
def slow_getty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A Getty that takes its time, and has three slots for pending generations."""
    with Emulator(
        strict=True, latency="0.2-0.3", concurrent_generations=3, concurrency_refusal="service"
    ) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(emulator.connection))
        yield emulator


def sent(getty: Emulator) -> Counter[str | None]:
    return Counter(request["operation"] for request in getty.requests())


def test_an_account_that_is_full_is_asked_again_only_when_a_place_may_be_free(
    slow_getty: Emulator, tmp_path: Path
) -> None:
    """Three slots, twelve items, and all that may be refused: those that came too early, and a few that try."""
    ended = manifest(batch(generates(12), tmp_path, max_in_flight=12).begin())

    assert ended["completed"] == 12
    assert set(charges(slow_getty).values()) == {1}
    statuses = Counter(
        request["status"] for request in slow_getty.requests() if request["operation"] == "generate"
    )
    assert statuses[202] == 12
    assert statuses[429] <= 9 + 3, statuses


def test_others_may_take_all_slots_of_the_account(slow_getty: Emulator, tmp_path: Path) -> None:
    slow_getty.fault("concurrent-generations", "generate", times=5, voice="service")
    assert manifest(batch(generates(4), tmp_path).begin())["completed"] == 4
    assert slow_getty.ledger()["total"] == 4


def test_no_more_items_are_under_way_than_told(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    getty.fault("stay-pending", "generate", times=None)
    left = batch(generates(20), tmp_path, max_in_flight=6, waits=False).begin()

    assert isinstance(left, Deferral)
    assert len(left.generations) == 6
    assert left.enough == 3
    assert getty.ledger()["total"] == 6


def test_the_last_window_is_waited_for_as_a_whole(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    left = batch(generates(6), tmp_path, max_in_flight=6, waits=False).begin()

    assert isinstance(left, Deferral)
    assert left.enough == 6


def test_many_lost_answers_are_looked_up_together(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_getty.batch.history._GATHERING", 0.4)
    getty.fault("cut-after", "generate", times=8)
    ended = manifest(batch(generates(10), tmp_path).begin())

    assert ended["charged"] == 10
    assert getty.ledger()["total"] == 10
    assert sent(getty)["generation-history"] <= 4


def test_without_markers_the_inputs_are_compared(getty: Emulator, tmp_path: Path) -> None:
    from airflow_provider_getty.generating.record import Policy  # noqa: PLC0415

    getty.fault("cut-after", "generate", times=2)
    plain = Policy(marker=False, history_lag=0.6)
    assert manifest(batch(generates(3), tmp_path, policy=plain).begin())["charged"] == 3
    assert {entry["notes"] for entry in getty.ledger()["entries"]} == {None}


@pytest.mark.parametrize(
    ("later", "at"),
    [(["a", "other", "c"], "line 2"), (["a"], "their end"), (["a", "b", "c", "d"], "line 4")],
    ids=["changed", "cut", "longer"],
)
def test_requests_that_change_while_they_are_run_stop_the_batch_and_what_is_under_way_continues(
    getty: Emulator, tmp_path: Path, later: list[str], at: str
) -> None:
    class Changing(Items):
        prompts = iter([["a", "b", "c"], later])

        def _documents(self) -> Iterator[tuple[str, Any]]:
            for number, prompt in enumerate(next(self.prompts), 1):
                yield f"line {number}", {"prompt": prompt}

    changing = batch([], tmp_path)
    object.__setattr__(changing, "items", Changing([], "generate"))
    ended = changing.begin()
    assert isinstance(ended, BatchResult)
    begun = ended.manifest["completed"]
    assert begun == ended.manifest["charged"] == getty.ledger()["total"] > 0
    assert ended.manifest["unknown"] == 0
    if begun < 3:
        assert ended.failure
        assert f"have changed since they were checked, at {at}." in ended.failure["Stopped"]


def test_a_bug_is_not_taken_for_a_failure_of_an_item(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("airflow_provider_getty.batch.submitting.ItemSubmitter._marker", bug)
    getty.fault("cut-after", "generate", times=1)
    with pytest.raises(ZeroDivisionError):
        batch(generates(3), tmp_path).begin()
    monkeypatch.undo()


def test_a_generation_that_is_gone_is_made_anew_by_the_next_try(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    assert isinstance(batch(generates(1), tmp_path, waits=False).begin(), Deferral)
    getty.clear_faults()
    getty.advance(200 * 24 * 3600)
    gone = batch(generates(1), tmp_path).begin()
    assert isinstance(gone, BatchResult)
    assert "410 GenerationRequestGone" in str(gone.failure)

    assert manifest(batch(generates(1), tmp_path).begin())["charged"] == 2


def test_progress_is_told_at_a_steady_pace(
    slow_getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("airflow_provider_getty.batch.reporting._EVERY", 0.1)
    caplog.set_level(logging.INFO, "airflow_provider_getty.batch")
    told: list[Any] = []
    reporting = batch(generates(6), tmp_path)
    reporting.store = told.append
    reporting.begin()

    assert len(told) >= 4
    assert [counts["completed"] for counts in told] == sorted(counts["completed"] for counts in told)
    assert (
        "total 6, submitted 6, completed 6, blocked 0, failed 0, charged 6, unknown 0, downloaded 0"
        in caplog.text
    )


def test_the_intent_is_in_the_journal_before_the_submission_is_sent(getty: Emulator, tmp_path: Path) -> None:
    batch(generates(3), tmp_path).begin()
    events = [(line["event"], line.get("item")) for line in lines(tmp_path)]
    for item in (1, 2, 3):
        assert (
            events.index(("intended", item))
            < events.index(("submitted", item))
            < events.index(("finished", item))
        )


async def test_slots_are_given_in_turn_and_the_limit_is_learned() -> None:
    slots = PendingSlots()
    for _ in range(5):
        await slots.take()
    slots.refused()  # the fifth
    slots.release()
    waiting = [asyncio.create_task(slots.take()) for _ in range(3)]
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [False] * 3

    slots.release()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, False, False]
    for _ in range(5):
        slots.accepted()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() for task in waiting] == [True, True, False]
    waiting[2].cancel()


async def test_a_cancelled_wait_for_a_place_gives_it_on() -> None:
    slots = PendingSlots()
    await slots.take()
    slots.refused()
    first, second = (asyncio.create_task(slots.take()) for _ in range(2))
    await asyncio.sleep(0)
    slots.release()
    first.cancel()
    await asyncio.wait_for(second, 1)
    assert slots.taken == 1


def test_ten_thousand_items_need_little_memory(getty: Emulator, tmp_path: Path) -> None:
    """Those that are over leave a byte of status and two keys: a journal of all of them is read in little memory."""
    import tracemalloc  # noqa: PLC0415

    from airflow_provider_getty.batch.events import Began, Finished, ItemRef, Owner, Recorded, encode  # noqa: PLC0415
    from airflow_provider_getty.batch.items import Catalogue  # noqa: PLC0415
    from airflow_provider_getty.batch.journal import Journal, journal_file  # noqa: PLC0415
    from airflow_provider_getty.batch.progress import Progress  # noqa: PLC0415
    from airflow_provider_getty.generating.record import Record  # noqa: PLC0415

    catalogue = Catalogue.of(Items(generates(10_000)))
    began = Began(Owner(dag_id="dag", run_id="run", task_id="batch"), 0)
    with (tmp_path / "journal.jsonl").open("wb") as file:
        file.write(encode(began, None, at=0))
        for index, key in enumerate(catalogue.keys):
            of = ItemRef(index + 1, key)
            record = Record(
                fingerprint="f" * 64, marker="m", round=0, intended=1.0, generation_request_id=f"{index}"
            )
            finished = Finished(generation_request_id=f"{index}", seed=1, images=(0, 1, 2, 3), blocked=())
            file.write(encode(Recorded(record), of, at=0) + encode(finished, of, at=0))
    tracemalloc.start()
    started = time.monotonic()
    with Journal(journal_file(str(tmp_path / "journal.jsonl")), Progress(catalogue)) as journal:
        assert journal.progress.counts()["completed"] == 10_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_500_000, f"{peak} bytes in {time.monotonic() - started:.1f} s"


def test_the_lines_of_the_log_do_not_grow_with_the_items_of_a_batch(
    getty: Emulator, grey: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing fails, at most forty; also where items have masks and images that are downloaded."""
    caplog.set_level(logging.INFO, "airflow_provider_getty")
    items = [*generates(180), *(REFINE | {"prompt": f"sky {number}"} for number in range(20))]

    ended = manifest(
        batch(items, tmp_path, images="first", max_in_flight=100, timeout=3600.0, poll_interval=None).begin()
    )

    assert (ended["completed"], ended["downloaded"]) == (200, 200)
    ours = [line.getMessage() for line in caplog.records if line.name.startswith("airflow_provider_getty")]
    assert len(ours) <= 40, ours
    assert not [line for line in ours if line.startswith(("Mask", "Refine", "Generation"))]


def test_what_is_odd_about_masks_is_logged_by_the_names_of_items_in_few_lines(
    getty: Emulator, grey: None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "airflow_provider_getty")
    everything = REFINE | {"mask": [[0, 0, 1024, 683]]}
    runs = {"size": [683, 1024], "counts": [0, 683 * 1024]}
    elsewhere = {name: each for name, each in REFINE.items() if not name.startswith(("mask", "image_size"))}
    items = [
        *(everything | {"prompt": f"sky {number}", "name": f"sky-{number}"} for number in range(8)),
        everything | {"mask": runs, "prompt": "lake", "name": "lake"},
        *(elsewhere | {"mask_url": f"https://elsewhere/{number}.jpg", "prompt": "a"} for number in range(3)),
    ]
    batch(items, tmp_path).begin()

    warned = [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]
    odd = [line for line in warned if "failed" not in line]
    assert odd.pop() == "More items have suspicious masks."
    assert len(odd) == 10
    said = (
        r"Item \d+( \([\w-]+\))?: (The mask refines more than 99.9 % of the image|mask_url is not below http)"
    )
    assert all(re.match(said, line) for line in odd), odd


def test_an_adopted_item_is_logged_by_its_name(
    getty: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    getty.fault("cut-after", "generate", times=1)
    caplog.set_level(logging.INFO, "airflow_provider_getty")

    manifest(batch([{"operation": "generate", "prompt": "a hill", "name": "hill"}], tmp_path).begin())

    assert "Item 1 (hill): Adopting generation" in caplog.text
