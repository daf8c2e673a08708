"""Answers that are lost again and again: what is paid is bounded, and said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch
from tests.support.submission_stores import without_a_store
from tests.support.task_runs import Worker, needs_store


@pytest.fixture(params=[pytest.param("the store", marks=needs_store), "the marker alone"])
def has_store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether there is a task state store, as in Airflow 3.3."""
    if request.param == "the marker alone":
        without_a_store(monkeypatch)
    return bool(request.param == "the store")


def generate(**changes: Any) -> GettyGenerateOperator:
    arguments: dict[str, Any] = {"task_id": "generate", "prompt": "a boat", "timeout": 20, "history_lag": 1}
    return GettyGenerateOperator(**arguments | changes)


def lose_all_answers(getty: Emulator, history: str, **arguments: Any) -> None:
    """Do the work of each submission, and answer 504."""
    getty.fault("server-error", "generate", times=None, status=504, work="after")
    getty.fault(history, "generate", times=None, **arguments)


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("history", [{"history": "history-hidden"}, {"history": "history-lag", "seconds": 9}])
def test_a_task_that_gets_no_answer_sends_two_requests_and_says_so(
    getty: Emulator, history: Any, has_store: bool, *, deferrable: bool
) -> None:
    lose_all_answers(getty, **history)
    worker = Worker()

    run = worker.run(generate(deferrable=deferrable), retries_left=True)

    assert run.state == "failed", "it is not retried"
    assert "So far: 0 charged, 2 unknown." in run.message
    assert Credit.UNKNOWN in run.message
    assert getty.ledger()["total"] == 2
    assert ("clearing this task adopts it" in run.message) is has_store


@needs_store
def test_tries_that_are_killed_share_the_bound(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    lose_all_answers(getty, "history-hidden")
    worker = Worker()
    for _ in range(4):
        with monkeypatch.context() as patch:
            patch.setattr("airflow_provider_getty.hooks.getty.GettyHook.history", _die)
            worker.run(generate(), retries_left=True)
    assert worker.run(generate()).state == "failed"
    assert getty.ledger()["total"] <= 2


def _die(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@needs_store
@pytest.mark.parametrize(
    ("pages", "becomes"),
    [
        ({"most": 1}, "success"),
        ({"most": 1, "counts": "none"}, "success"),
        ({"most": 1, "turns": False}, "failed"),
    ],
)
def test_a_lost_generation_is_found_on_a_later_page_of_the_history_or_nothing_more_is_sent(
    getty: Emulator, pages: dict[str, Any], becomes: str
) -> None:
    getty.fault("cut-after", "generate")
    getty.fault("refuse", "generation-history", times=None, status=403)
    worker = Worker()
    assert "1 unknown" in worker.run(generate(timeout=600)).message
    getty.clear_faults()
    for _ in range(2):
        GettyHook().generate(prompt="a lake")
    getty.fault("odd-pages", "generation-history", times=None, **pages)
    worker.clear("generate")

    run = worker.run(generate(timeout=600))

    assert run.state == becomes
    assert getty.ledger()["total"] == 3, "one is the task's"


def test_a_batch_that_gets_no_answer_sends_two_requests_an_item_and_counts_them(
    getty: Emulator, tmp_path: Path
) -> None:
    lose_all_answers(getty, "history-hidden")

    run = Worker().run(a_batch(generates(10), tmp_path, timeout=15, history_lag=1))

    assert getty.ledger()["total"] == 20
    assert "0 generations were charged, 20 unknown." in run.message
    assert run.error is not None
    assert run.error.manifest["unknown"] == 20  # type: ignore[attr-defined]
