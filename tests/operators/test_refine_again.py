"""GettyRefineOperator: what is paid for by a task that runs again, after a retry or a clear."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.generating.submitter import SubmissionStore
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker

needs_store = pytest.mark.skipif(
    version("apache-airflow").startswith(("3.1.", "3.2.")),
    reason="the task state store came with Airflow 3.3",
)


@pytest.fixture(params=[pytest.param("the store", marks=needs_store), "the marker alone"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a retry finds: as on Airflow 3.3, and as on 3.1 and 3.2, which have no task state store."""
    if request.param == "the marker alone":
        monkeypatch.setattr(SubmissionStore, "of", classmethod(lambda cls, _: cls(None)))


def die_before_the_id_is_stored(worker: Worker, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    def save(store: SubmissionStore, record: Any) -> None:
        if record and record.generation_request_id:
            raise RuntimeError("killed")
        really_save(store, record)

    really_save = SubmissionStore.save
    with monkeypatch.context() as patch:
        patch.setattr(SubmissionStore, "save", save)
        assert worker.run(refine(**changes), retries_left=True).message == "killed"


def finish(worker: Worker, run: TaskRun) -> TaskRun:
    return worker.resume(run) if run.state == "deferred" else run


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("changes", [{}, {"deferrable": True}, {"wait_for_completion": False}])
def test_a_retry_adopts_what_was_submitted_before_its_id_was_stored(
    getty: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    changes: dict[str, Any],
) -> None:
    caplog.set_level("INFO")
    worker = Worker()
    die_before_the_id_is_stored(worker, monkeypatch, **changes)

    retried = finish(worker, worker.run(refine(**changes)))

    assert retried.state == "success"
    [generation] = getty.generations()
    assert retried.result["generation_request_id"] == generation["generation_request_id"]
    assert "which an earlier try submitted" in caplog.text
    assert getty.ledger()["total"] == 1


@needs_store
def test_a_retry_after_the_deadline_collects_the_same_generation(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    assert worker.run(refine(timeout=1), retries_left=True).state == "up_for_retry"
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine(timeout=1)).state == "success"
    assert getty.ledger()["total"] == 1
    assert "generation-history" not in sent(getty)


@needs_store
def test_a_clear_of_a_task_that_had_returned_its_result_pays_again_once(getty: Emulator) -> None:
    worker = Worker()
    first = worker.run(refine())
    worker.clear("refine")

    second = worker.run(refine())

    assert second.result["generation_request_id"] != first.result["generation_request_id"]
    assert getty.ledger()["total"] == 2


@needs_store
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_clear_of_a_task_that_had_not_adopts_its_generation(getty: Emulator, *, deferrable: bool) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    late = worker.run(refine(timeout=1, deferrable=deferrable))
    assert late.state == ("deferred" if deferrable else "failed")
    worker.clear("refine")
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine(deferrable=deferrable)).state == "success"
    assert getty.ledger()["total"] == 1


@needs_store
def test_a_clear_with_another_prompt_submits_the_new_prompt(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    worker.run(refine(timeout=1))
    worker.clear("refine")

    second = worker.run(refine(prompt="a boat"))

    assert second.state == "success"
    assert [generation["prompt"] for generation in getty.generations()] == ["hot air balloons", "a boat"]
    assert "The inputs have changed" in caplog.text


@needs_store
def test_another_mask_is_another_input(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    worker.run(refine(timeout=1), retries_left=True)

    worker.run(refine(mask=[(0, 0, 50, 50)]))

    assert getty.ledger()["total"] == 2


@needs_store
def test_a_blocked_generation_is_an_answer_so_that_a_clear_makes_another(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("block-images", "refine")
    assert worker.run(refine()).state == "failed"
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 2


@needs_store
def test_an_adopted_generation_that_is_gone_is_made_anew_after_another_clear(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    worker.run(refine(timeout=1))
    getty.advance(200 * 24 * 3600)
    worker.clear("refine")
    gone = worker.run(refine())
    assert "410 GenerationRequestGone" in gone.message
    worker.clear("refine")

    assert worker.run(refine()).state == "success"


def test_without_a_store_a_clear_submits_anew(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a result was delivered is not known there."""
    monkeypatch.setattr(SubmissionStore, "of", classmethod(lambda cls, _: cls(None)))
    worker = Worker()
    worker.run(refine())
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 2


def test_the_marker_rides_in_the_notes_and_can_be_left_out(getty: Emulator) -> None:
    Worker().run(refine(notes="spring campaign"))
    Worker().run(refine(marker="none"))

    first, second = (entry["notes"] for entry in getty.ledger()["entries"])
    assert first.startswith("spring campaign [airflow:a_dag.refine#")
    assert second is None
