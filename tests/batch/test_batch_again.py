"""GettyBatchOperator: what is paid for by a batch that runs again, after a retry, a clear or an edit of its items."""

from __future__ import annotations

from pathlib import Path

import pytest
from getty_emulator.server import Emulator

from tests.support.batch_runs import charges, generates
from tests.support.batch_tasks import a_batch
from tests.support.task_runs import Worker


def test_what_failed_without_a_charge_is_tried_again_and_the_rest_is_not(
    getty: Emulator, tmp_path: Path
) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=2, status=400)
    first = worker.run(a_batch(generates(5), tmp_path), retries_left=True)

    assert first.state == "failed", "a retry would be refused too"
    assert "Of 5 items, 3 are completed, 0 blocked, 2 failed, 0 not finished. 3 generations" in first.message
    assert "Fix what failed and clear the task" in first.message
    worker.clear("batch")
    assert worker.run(a_batch(generates(5), tmp_path)).result["completed"] == 5
    assert set(charges(getty).values()) == {1}


def test_a_retry_goes_on_with_what_its_deadline_cut_off(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("stay-pending", "generate", times=2)
    late = worker.run(a_batch(generates(4), tmp_path, timeout=1), retries_left=True)
    assert late.state == "up_for_retry"
    assert "2 are completed" in late.message
    getty.fault("finish-at-once", "get-generation", times=None)

    assert worker.run(a_batch(generates(4), tmp_path)).result["charged"] == 4
    assert getty.ledger()["total"] == 4


def test_after_a_success_a_clear_generates_anew_and_a_retry_does_not(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    first = worker.run(a_batch(generates(2), tmp_path))
    assert worker.run(a_batch(generates(2), tmp_path)).result == first.result
    assert getty.ledger()["total"] == 2
    worker.clear("batch")

    assert worker.run(a_batch(generates(2), tmp_path)).result["charged"] == 2
    assert getty.ledger()["total"] == 4


def test_a_retry_of_what_has_succeeded_generates_lines_that_were_added_since(
    getty: Emulator, tmp_path: Path
) -> None:
    worker = Worker()
    worker.run(a_batch(generates(2), tmp_path))

    run = worker.run(a_batch(generates(3), tmp_path))

    assert (run.result["completed"], run.result["charged"]) == (3, 3)
    assert getty.ledger()["total"] == 3


def test_lines_that_were_moved_or_added_are_paid_for_as_they_should(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=1, status=400)
    worker.run(a_batch(generates(3), tmp_path))
    worker.clear("batch")

    run = worker.run(a_batch(generates(4)[::-1], tmp_path))

    assert run.result["charged"] == 4
    assert getty.ledger()["total"] == 4


def test_no_credits_stop_the_batch_and_later_ones_let_it_go_on(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.configure_account(credits_remaining=3)
    stopped = worker.run(a_batch(generates(40), tmp_path, max_in_flight=2), retries_left=True)

    assert stopped.state == "failed"
    assert "Nothing more was submitted: " in stopped.message
    assert "403 ProductQuotaExceeded" in stopped.message
    assert [request["operation"] for request in getty.requests()].count("generate") <= 6
    getty.configure_account(credits_remaining=100)
    worker.clear("batch")
    assert worker.run(a_batch(generates(40), tmp_path)).result["charged"] == 40
    assert getty.ledger()["total"] == 40


def test_after_an_edit_all_that_was_charged_is_counted(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=1, status=400)
    worker.run(a_batch(generates(4), tmp_path))
    worker.clear("batch")
    edited = [{**generates(1)[0], "prompt": "another"}, *generates(4)[2:]]

    run = worker.run(a_batch(edited, tmp_path))

    assert run.result["total"] == 3
    assert run.result["charged"] == getty.ledger()["total"]


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1)])
def test_a_deploy_that_changes_retries_buys_nothing_again(
    getty: Emulator, tmp_path: Path, before: int, after: int
) -> None:
    worker = Worker()
    getty.fault("stay-pending", "generate", times=1)
    late = worker.run(a_batch(generates(3), tmp_path, timeout=1, retries=before), retries_left=True)
    assert late.state == "up_for_retry"
    getty.fault("finish-at-once", "get-generation", times=None)

    ended = worker.run(a_batch(generates(3), tmp_path, retries=after))
    assert ended.result["charged"] == 3
    assert worker.run(a_batch(generates(3), tmp_path, retries=before)).result == ended.result
    assert getty.ledger()["total"] == 3
