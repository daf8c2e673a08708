"""An account with too many pending generations: a deferrable task waits for its turn without a worker."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import ConcurrentGenerationsError
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.generation import GenerationTrigger
from airflow_provider_getty.triggers.submission import SubmissionTrigger
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.submission_stores import without_a_store
from tests.support.task_runs import TaskRun, Worker

REFUSAL = "concurrent-generations"


@pytest.fixture(params=["service", "gateway"])
def crowded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A Getty that works at one generation of the account at a time."""
    with Emulator(
        strict=True, concurrent_generations=1, latency="600", concurrency_refusal=request.param
    ) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(emulator.connection))
        yield emulator


def charges(getty: Emulator) -> int:
    return int(getty.ledger()["total"])


def test_a_refused_submission_gives_its_worker_back_and_is_made_later(getty: Emulator) -> None:
    getty.fault(REFUSAL, "refine", times=2, voice="service")
    getty.fault("stay-pending", "refine")
    worker = Worker()
    first = worker.run(refine(deferrable=True, timeout=600))
    assert (first.state, sent(getty).count("refine")) == ("deferred", 1)
    assert isinstance(first.trigger, SubmissionTrigger)
    assert first.timeout == pytest.approx(600 + TRIGGER_GRACE, abs=5)

    second = worker.resume(first)
    assert isinstance(second.trigger, SubmissionTrigger)
    assert second.trigger.attempts == first.trigger.attempts + 1
    assert second.trigger.deadline == first.trigger.deadline

    third = worker.resume(second)
    assert isinstance(third.trigger, GenerationTrigger)
    assert third.trigger.deadline == first.trigger.deadline
    getty.fault("finish-at-once", "get-generation")
    run = worker.resume(third)
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert charges(getty) == 1


def test_several_tasks_share_one_place_and_each_pays_once(crowded: Emulator) -> None:
    workers = [Worker() for _ in range(3)]
    runs = [worker.run(refine(deferrable=True, task_id=f"refine_{i}")) for i, worker in enumerate(workers)]
    refused = 0
    while any(run.state == "deferred" for run in runs):
        for index, run in enumerate(runs):
            if run.state != "deferred":
                continue
            if isinstance(run.trigger, SubmissionTrigger):
                refused += 1
            else:
                crowded.advance(600)
            runs[index] = workers[index].resume(run)
    assert [run.state for run in runs] == ["success"] * 3
    assert refused >= 2
    assert charges(crowded) == 3
    assert len({run.result["generation_request_id"] for run in runs}) == 3


def test_a_retry_of_a_task_that_waited_for_its_turn_submits_once(getty: Emulator) -> None:
    """Whether its worker died after the refusal or Airflow gave up the trigger: nothing was created."""
    getty.fault(REFUSAL, "refine", voice="service")
    worker = Worker()
    waiting = worker.run(refine(deferrable=True), retries_left=True)
    assert worker.store == {}, "a refusal proves that there is nothing to adopt"
    assert worker.fail_by_timeout(waiting, retries_left=True).state == "up_for_retry"
    retried = worker.run(refine(deferrable=True))
    run = worker.resume(retried) if retried.state == "deferred" else retried
    assert run.state == "success"
    assert charges(getty) == 1


def test_at_the_deadline_one_last_attempt_is_made_and_its_refusal_is_told(
    getty: Emulator, getty_clock: VirtualClock
) -> None:
    getty.fault(REFUSAL, "refine", times=None, voice="service")
    worker = Worker()
    run: TaskRun = worker.run(refine(deferrable=True, timeout=30), retries_left=True)
    while run.state == "deferred":
        run = worker.resume(run, retries_left=True)
    assert getty_clock.elapsed == pytest.approx(30, abs=0.5)
    assert run.state == "up_for_retry"
    assert isinstance(run.error, ConcurrentGenerationsError)
    assert "429 TooManyConcurrentGenerations" in run.message
    assert "No credit was used" in run.message
    assert charges(getty) == 0


@pytest.mark.parametrize("voice", ["service", "gateway"])
def test_a_task_that_is_not_deferrable_waits_in_its_worker(getty: Emulator, voice: str) -> None:
    getty.fault(REFUSAL, "refine", times=4, voice=voice)
    assert Worker().run(refine(deferrable=False)).state == "success"
    assert sent(getty).count("refine") == 5


def test_a_refusal_that_does_not_name_its_limit_gives_the_worker_back_when_it_comes_twice(
    getty: Emulator, getty_clock: VirtualClock
) -> None:
    """The gateway's 429 is the same for too many requests, which is over after a second."""
    getty.fault(REFUSAL, "refine", times=3, voice="gateway")
    getty.fault("stay-pending", "refine")
    worker = Worker()
    first = worker.run(refine(deferrable=True, timeout=600))
    assert (first.state, sent(getty).count("refine")) == ("deferred", 2)
    assert isinstance(first.trigger, SubmissionTrigger)
    assert getty_clock.elapsed <= 1
    assert worker.store == {}, "a refusal proves that there is nothing to adopt"

    second = worker.resume(first)
    assert isinstance(second.trigger, GenerationTrigger)
    assert second.trigger.deadline == first.trigger.deadline
    assert (sent(getty).count("refine"), charges(getty)) == (4, 1)


@pytest.mark.parametrize(("fault", "times"), [("queries-per-second", 1), ("conflict", 2)])
def test_other_refusals_are_waited_out_where_they_are(getty: Emulator, fault: str, times: int) -> None:
    getty.fault(fault, "refine", times=times)
    getty.fault("stay-pending", "refine")
    deferred = Worker().run(refine(deferrable=True))
    assert isinstance(deferred.trigger, GenerationTrigger)
    assert sent(getty).count("refine") == times + 1


def test_the_second_try_looks_for_the_first_ones_generation_only_once(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no state store, it waits until the history is certain; a refusal comes after that."""
    without_a_store(monkeypatch)
    getty.fault(REFUSAL, "refine", times=2, voice="service")
    getty.fault("stay-pending", "refine")
    worker = Worker()
    assert worker.run(refine(deferrable=True, mask="nowhere.png")).state == "failed"
    first = worker.run(refine(deferrable=True, history_lag=0.05))
    looked_up = sent(getty).count("generation-history")
    assert looked_up
    second = worker.resume(first)
    assert isinstance(worker.resume(second).trigger, GenerationTrigger)
    assert sent(getty).count("generation-history") == looked_up
