"""GettyRefineOperator: what a clear does about a generation that Getty does not have, or no longer."""

from __future__ import annotations

from getty_emulator.server import Emulator

from tests.support.refine_tasks import late, refine
from tests.support.task_runs import Worker, needs_store


@needs_store
def test_a_generation_that_getty_does_not_know_is_sought_by_its_marker_after_a_clear(getty: Emulator) -> None:
    """The answer to the submission named another one."""
    worker = Worker()
    getty.fault("stay-pending", "refine")
    getty.fault("other-id", "refine")
    lost = worker.run(refine(), retries_left=True)
    assert lost.state == "failed"
    assert "404 GenerationRequestIdNotFound" in lost.message
    assert "Clear the task: it looks for the marker airflow:" in lost.message
    worker.clear("refine")
    getty.fault("finish-at-once", "get-generation")

    found = worker.run(refine())

    [generation] = getty.generations()
    assert found.result["generation_request_id"] == generation["generation_request_id"]
    assert getty.ledger()["total"] == 1


@needs_store
def test_a_generation_that_getty_has_lost_is_made_once_more_after_a_clear(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    getty.fault("refuse", "get-generation", times=None, status=404, code="GenerationRequestIdNotFound")
    getty.fault("history-hidden", "refine", times=None)
    assert worker.run(refine()).state == "failed"
    getty.clear_faults()
    getty.fault("history-hidden", "refine", times=None)
    worker.clear("refine")

    again = worker.run(refine())

    assert again.state == "success"
    assert getty.ledger()["total"] == 2, "Getty knows nothing of the first"


@needs_store
def test_what_is_gone_when_the_trigger_asks_takes_one_clear(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    deferred = worker.run(refine(deferrable=True))
    getty.advance(200 * 24 * 3600)
    gone = worker.resume(deferred)
    assert "410 GenerationRequestGone" in gone.message
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 2


@needs_store
def test_an_adopted_generation_that_is_gone_is_made_anew_after_another_clear(getty: Emulator) -> None:
    worker = late(getty)
    getty.advance(200 * 24 * 3600)
    worker.clear("refine")
    gone = worker.run(refine())
    assert "410 GenerationRequestGone" in gone.message
    worker.clear("refine")

    assert worker.run(refine()).state == "success"
