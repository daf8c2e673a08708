"""GettyRefineOperator: what is paid for by a task that runs again, after a retry or a clear."""

from __future__ import annotations

from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.generating.submitter import SubmissionStore, Submitter
from tests.support.getty_journal import sent
from tests.support.refine_tasks import late, refine
from tests.support.submission_stores import die_before_the_id_is_stored, without_a_store
from tests.support.task_runs import TaskRun, Worker, needs_store


@pytest.fixture(params=[pytest.param("the store", marks=needs_store), "the marker alone"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a retry finds: as on Airflow 3.3, and as on 3.1 and 3.2, which have no task state store."""
    if request.param == "the marker alone":
        without_a_store(monkeypatch)


def finish(worker: Worker, run: TaskRun) -> TaskRun:
    return worker.resume(run) if run.state == "deferred" else run


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("changes", [{}, {"deferrable": True}, {"wait_for_completion": False}])
def test_a_retry_adopts_what_was_submitted_before_its_id_was_stored(
    getty: Emulator, caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    caplog.set_level("INFO")
    worker = Worker()
    die_before_the_id_is_stored(worker, refine(**changes))

    retried = finish(worker, worker.run(refine(**changes)))

    assert retried.state == "success"
    [generation] = getty.generations()
    assert retried.result["generation_request_id"] == generation["generation_request_id"]
    assert "it costs no further credit" in caplog.text
    assert getty.ledger()["total"] == 1


@needs_store
def test_a_retry_after_the_deadline_collects_the_same_generation(getty: Emulator) -> None:
    worker = late(getty)
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
def test_a_generation_whose_id_cannot_be_kept_is_named(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    die_before_the_id_is_stored(Worker(), refine())

    [generation] = getty.generations()
    assert (
        f"Refine of image 1473240153 is generation {generation['generation_request_id']} (1 charged), but its id could "
        "not be stored. A retry or a clear finds it in Getty's history." in caplog.text
    )


@needs_store
def test_two_airflows_with_one_dag_on_one_account_never_take_each_others_generation(getty: Emulator) -> None:
    first = Worker().run(refine())
    getty.fault("cut-after", "refine")

    second = Worker().run(refine())

    assert second.state == "success"
    assert second.result["generation_request_id"] != first.result["generation_request_id"]
    assert getty.ledger()["total"] == 2


@needs_store
def test_a_worker_that_was_frozen_while_another_took_over_does_not_send(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker()
    really_post = Submitter._post

    def thaw(submitter: Any, operation: Any, claim: Any) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(Submitter, "_post", really_post)
            assert worker.run(refine(history_lag=0.1)).state == "success"
        claim.clock = lambda: clock.now() + 60
        return really_post(submitter, operation, claim)

    monkeypatch.setattr(Submitter, "_post", thaw)

    zombie = worker.run(refine())

    assert "Another try of this task has taken over" in zombie.message
    assert getty.ledger()["total"] == 1


def test_without_a_store_a_clear_submits_anew(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a result was delivered is not known there."""
    without_a_store(monkeypatch)
    worker = Worker()
    worker.run(refine())
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 2


@needs_store
def test_a_store_that_does_not_take_a_refusal_does_not_hide_it_and_a_clear_looks_before_it_submits(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def save(store: SubmissionStore, record: Any) -> None:
        if record is None:
            raise RuntimeError("the API server is away")
        really_save(store, record)

    really_save, worker = SubmissionStore.save, Worker()
    getty.fault("refuse", "refine", times=1, status=403)
    with monkeypatch.context() as patch:
        patch.setattr(SubmissionStore, "save", save)
        refused = worker.run(refine())
    assert "Getty answered 403" in refused.message
    assert "could not record that the request was refused (RuntimeError)" in caplog.text
    getty.clear_faults()
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
    assert "generation-history" in sent(getty)
    assert getty.ledger()["total"] == 1


@needs_store
def test_what_a_later_version_keeps_in_addition_is_not_in_the_way(getty: Emulator) -> None:
    worker = Worker()
    die_before_the_id_is_stored(worker, refine())
    worker.store["getty_submission"]["mood"] = "new in a later version"

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 1


@needs_store
@pytest.mark.parametrize("written", ["a note", ["a", "list"], 7, {"mood": "none"}])
def test_what_somebody_else_keeps_there_is_refused(getty: Emulator, written: Any) -> None:
    run = Worker(store={"getty_submission": written}).run(refine())

    assert "this package did not write it" in run.message
    assert sent(getty) == []


def test_the_marker_rides_in_the_notes_and_can_be_left_out(getty: Emulator) -> None:
    Worker().run(refine(notes="spring campaign"))
    Worker().run(refine(marker="none"))

    first, second = (entry["notes"] for entry in getty.ledger()["entries"])
    assert first.startswith("airflow:")
    assert first.endswith(" a_dag.refine | spring campaign")
    assert second is None
