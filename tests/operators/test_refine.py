"""GettyRefineOperator: how it waits, and what it returns."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.refine_tasks import IMAGE_ID, refine
from tests.support.task_runs import Worker, needs_store

COMPLETED_AT_ONCE = ["upload", "token", "refine"]
AN_IMAGE = {
    "is_blocked": False,
    "preview_urls": [{"preview_size": "comp", "width": 612, "height": 408}],
}


def test_a_refine_that_getty_finishes_at_once_is_not_polled(getty: Emulator) -> None:
    run = Worker().run(refine())
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert sent(getty) == COMPLETED_AT_ONCE


def test_the_result_is_small_plain_json(getty: Emulator) -> None:
    result = Worker().run(refine()).result
    [generation] = getty.generations()
    assert result == {
        "generation_request_id": generation["generation_request_id"],
        "status": "completed",
        "seed": generation["seed"],
        "results": [{"index": index, **AN_IMAGE} for index in range(4)],
        "original_asset": {"id": IMAGE_ID},
    }


def test_the_log_tells_what_the_mask_refines(getty: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "airflow_provider_getty")
    Worker().run(refine())
    assert "Mask from boxes, refines 30.2 % of 1024 x 683." in caplog.messages


def test_it_costs_one_credit(getty: Emulator) -> None:
    Worker().run(refine())
    assert getty.ledger()["total"] == 1


def test_it_waits_in_the_worker_until_the_generation_is_finished(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    getty.fault("stay-pending", "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    run = Worker().run(refine(deferrable=False))
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert sent(getty) == [*COMPLETED_AT_ONCE, *["get-generation"] * 3]


def test_a_fixed_poll_interval_is_kept(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    getty.fault("stay-pending", "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    Worker().run(refine(deferrable=False, poll_interval=0.2))
    polls = [request["time"] for request in getty.requests() if request["operation"] == "get-generation"]
    assert polls[2] - polls[0] >= 0.4


def test_what_was_just_submitted_is_not_polled_at_once(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    getty.fault("finish-at-once", "get-generation")
    Worker().run(refine(deferrable=False))
    asked = {request["operation"]: request["time"] for request in getty.requests()}
    assert sent(getty).count("get-generation") == 1
    assert asked["get-generation"] - asked["refine"] >= 0.5


def test_a_deferrable_one_waits_in_the_triggerer(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    deferred = Worker().run(refine(deferrable=True, timeout=600, poll_interval=7))
    assert deferred.state == "deferred"
    assert isinstance(deferred.trigger, GenerationTrigger)
    _, arguments = deferred.trigger.serialize()
    [generation] = getty.generations()
    assert arguments["generation_request_id"] == generation["generation_request_id"]
    assert arguments["deadline"] == pytest.approx(clock.now() + 600, abs=10)
    assert arguments["submitted"] == pytest.approx(clock.now(), abs=10)
    assert arguments["poll_interval"] == 7
    assert arguments["getty_conn_id"] == "getty_default"


def test_a_deferred_one_goes_on_when_the_trigger_fires(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    deferred = worker.run(refine(deferrable=True))
    getty.fault("finish-at-once", "get-generation")
    run = worker.resume(deferred)
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert sent(getty).count("refine") == 1


def test_airflow_ends_the_wait_only_after_the_trigger_has_had_time_to_report(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    deferred = Worker().run(refine(deferrable=True, timeout=600))
    assert 600 + TRIGGER_GRACE - 10 < deferred.timeout <= 600 + TRIGGER_GRACE


def test_what_was_just_submitted_is_deferred_without_a_poll(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    assert Worker().run(refine(deferrable=True)).state == "deferred"
    assert sent(getty) == COMPLETED_AT_ONCE


@needs_store
def test_what_is_adopted_and_finished_is_not_deferred(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    worker.run(refine(deferrable=True))
    getty.fault("finish-at-once", "get-generation")
    run = worker.run(refine(deferrable=True))
    assert (run.state, run.result["status"]) == ("success", "completed")


@needs_store
@pytest.mark.parametrize("fault", ["server-error", "queries-per-second", "cut-before", "html"])
def test_trouble_in_the_poll_of_what_is_adopted_does_not_keep_it_from_deferring(
    getty: Emulator, fault: str
) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    worker.run(refine(deferrable=True))
    getty.fault(fault, "get-generation", times=None)
    assert worker.run(refine(deferrable=True)).state == "deferred"
    assert sent(getty).count("get-generation") <= 2  # one in each dialect


@pytest.mark.parametrize("deferrable", [False, True])
def test_without_waiting_the_pending_generation_is_the_result(getty: Emulator, *, deferrable: bool) -> None:
    getty.fault("stay-pending", "refine")
    run = Worker().run(refine(wait_for_completion=False, deferrable=deferrable))
    [generation] = getty.generations()
    assert run.state == "success"
    assert run.result == {
        "generation_request_id": generation["generation_request_id"],
        "status": "pending",
        "seed": None,
        "results": [],
        "original_asset": None,
    }
    assert sent(getty) == COMPLETED_AT_ONCE


def test_the_default_of_deferrable_is_airflows() -> None:
    """It is read once, with the module: hence the other process."""
    ask = (
        "from airflow_provider_getty.operators.refine import GettyRefineOperator as Refine\n"
        "from airflow_provider_getty.sensors.generation import GenerationSensor as Sensor\n"
        "print(Refine(task_id='a', image_id='1', mask_url='m').deferrable,"
        " Sensor(task_id='b', generation_request_id='1').deferrable)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", ask],
        env=os.environ | {"AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE": "True"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert answer.stdout.splitlines()[-1] == "True True"
    assert not refine().deferrable
