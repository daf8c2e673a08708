"""GenerationSensor: waits for a generation that another task has submitted."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSensorTimeout
from airflow.sdk import DAG
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.submitted import submitted
from tests.support.task_runs import DAG_ID, TaskRun, Worker

MODES: list[dict[str, Any]] = [
    {"mode": "poke", "deferrable": False},
    {"mode": "reschedule", "deferrable": False},
    {"deferrable": True},
]
in_each_mode = pytest.mark.parametrize("mode", MODES, ids=["poke", "reschedule", "deferrable"])


def sensor(source: Any, **arguments: Any) -> GenerationSensor:
    return GenerationSensor(
        task_id="wait", generation_request_id=source, **{"poke_interval": 0.05, "timeout": 60} | arguments
    )


def waited(task: GenerationSensor, *, polls: int = 5) -> TaskRun:
    """The end of the wait, through whatever it is deferred or rescheduled for on the way."""
    worker = Worker()
    run = worker.run(task, retries_left=True)
    while run.state == "up_for_reschedule" and polls:
        polls -= 1
        time.sleep(0.05)
        run = worker.run(task, retries_left=True)
    return worker.resume(run) if run.state == "deferred" else run


@in_each_mode
def test_it_waits_until_the_generation_is_finished(
    getty: Emulator, pending: str, mode: dict[str, Any]
) -> None:
    getty.fault("stay-pending", "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    run = waited(sensor(pending, **mode))
    assert run.state == "success"
    assert (run.result["generation_request_id"], run.result["status"]) == (pending, "completed")
    assert len(run.result["results"]) == 4
    assert sent(getty).count("get-generation") == 3


def test_the_mode_reschedule_gives_the_worker_back_between_polls(getty: Emulator, pending: str) -> None:
    assert Worker().run(sensor(pending, mode="reschedule", deferrable=False)).state == "up_for_reschedule"
    assert sent(getty).count("get-generation") == 1


def test_a_deferrable_one_polls_once_and_goes_on_in_the_triggerer(getty: Emulator, pending: str) -> None:
    deferred = Worker().run(sensor(pending, deferrable=True, timeout=timedelta(minutes=10), poke_interval=7))
    assert deferred.state == "deferred"
    assert sent(getty).count("get-generation") == 1
    assert isinstance(deferred.trigger, GenerationTrigger)
    _, arguments = deferred.trigger.serialize()
    assert arguments["generation_request_id"] == pending
    assert arguments["deadline"] == pytest.approx(clock.now() + 600, abs=10)
    assert arguments["poll_interval"] == 7
    assert deferred.timeout == pytest.approx(600 + TRIGGER_GRACE)


def test_in_the_triggerer_it_polls_by_age_unless_told_otherwise(pending: str) -> None:
    deferred = Worker().run(sensor(pending, deferrable=True, poke_interval=None))
    assert deferred.trigger.serialize()[1]["poll_interval"] is None


@in_each_mode
def test_what_is_finished_is_known_at_the_first_poll(
    getty: Emulator, pending: str, mode: dict[str, Any]
) -> None:
    getty.fault("finish-at-once", "get-generation")
    run = Worker().run(sensor(pending, **mode))
    assert run.state == "success"
    assert sent(getty).count("get-generation") == 1


@in_each_mode
def test_it_takes_the_result_of_the_task_that_submitted(getty: Emulator, mode: dict[str, Any]) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    with DAG(DAG_ID, schedule=None):
        refine = GettyRefineOperator(
            task_id="refine",
            image_id="1473240153",
            image_size=(1024, 683),
            mask=[(60, 16, 964, 250)],
            wait_for_completion=False,
        )
        wait = sensor(refine.output, **mode)
    submitted = worker.run(refine).result
    getty.fault("finish-at-once", "get-generation")
    run = worker.run(wait)
    assert run.state == "success"
    assert run.result["generation_request_id"] == submitted["generation_request_id"]


@in_each_mode
def test_a_result_that_is_completed_already_passes_without_a_call(
    getty: Emulator, mode: dict[str, Any]
) -> None:
    completed = {
        "generation_request_id": "1",
        "status": "completed",
        "seed": 7,
        "results": [{"index": 0, "is_blocked": False, "preview_urls": []}],
        "original_asset": None,
    }
    run = Worker().run(sensor(completed, **mode))
    assert (run.state, run.result) == ("success", completed)
    assert sent(getty) == []


def test_the_id_and_the_connection_may_be_templates(
    getty: Emulator, pending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = getty.url.removeprefix("http://")
    monkeypatch.setenv("AIRFLOW_CONN_ANOTHER", f"getty://{getty.api_key}:{getty.api_secret}@{address}/http")
    monkeypatch.delenv("AIRFLOW_CONN_GETTY_DEFAULT")
    getty.fault("finish-at-once", "get-generation")
    worker = Worker(conf={"id": pending, "connection": "another"})
    task = sensor("{{ dag_run.conf.id }}", getty_conn_id="{{ dag_run.conf.connection }}")
    assert worker.run(task).state == "success"


def test_it_maps(getty: Emulator, pending: str) -> None:
    getty.fault("finish-at-once", "get-generation")
    with DAG(DAG_ID, schedule=None):
        mapped = GenerationSensor.partial(task_id="wait").expand(generation_request_id=["1", pending])
    run = Worker().run(mapped, map_index=1)
    assert run.result["generation_request_id"] == pending


@in_each_mode
@pytest.mark.parametrize(
    "fault", ["server-error", "queries-per-second", "conflict", "cut-before", "html", "empty-body"]
)
def test_trouble_that_may_pass_is_waited_out(
    getty: Emulator, pending: str, fault: str, mode: dict[str, Any]
) -> None:
    getty.fault(fault, "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    assert waited(sensor(pending, **mode)).state == "success"


@in_each_mode
def test_an_error_that_stays_fails_at_once(getty: Emulator, pending: str, mode: dict[str, Any]) -> None:
    getty.fault("gone", "get-generation")
    run = Worker().run(sensor(pending, **mode), retries_left=True)
    assert run.state == "failed"
    assert isinstance(run.error, AirflowFailException)
    assert "410 GenerationRequestGone" in run.message
    assert Credit.GONE in run.message


def test_an_error_that_comes_while_it_is_deferred_fails_for_good(getty: Emulator, pending: str) -> None:
    worker = Worker()
    deferred = worker.run(sensor(pending, deferrable=True), retries_left=True)
    getty.fault("gone", "get-generation")
    run = worker.resume(deferred)
    assert run.state == "failed"
    assert isinstance(run.error, AirflowFailException)
    assert "410 GenerationRequestGone" in run.message


@in_each_mode
@pytest.mark.parametrize(
    "slip", [{"name": "refuse", "status": 404}, {"name": "refuse", "status": 403, "code": "NotAuthorized"}]
)
def test_a_refusal_that_does_not_last_is_waited_out(
    getty: Emulator, pending: str, slip: dict[str, Any], mode: dict[str, Any]
) -> None:
    getty.fault(**slip, operation="get-generation", times=3)
    getty.fault("finish-at-once", "get-generation")
    assert waited(sensor(pending, **mode)).state == "success"


@in_each_mode
@pytest.mark.usefixtures("getty")
def test_a_generation_of_nobody_fails_when_getty_has_said_so_for_half_a_minute(mode: dict[str, Any]) -> None:
    began = clock.monotonic()
    run = waited(sensor("00000000-0000-4000-8000-000000000000", **mode))
    assert run.state == "failed"
    assert clock.monotonic() - began == pytest.approx(33, abs=4)
    assert "404 GenerationRequestIdNotFound" in run.message


@in_each_mode
def test_it_times_out_by_the_clock_and_is_not_retried(pending: str, mode: dict[str, Any]) -> None:
    began, real_began = clock.monotonic(), time.monotonic()
    run = waited(sensor(pending, **mode, timeout=0.5), polls=50)
    # Only the deferrable mode waits by our clock; the others wait by Airflow's.
    assert max(clock.monotonic() - began, time.monotonic() - real_began) >= 0.5
    assert run.state == "failed"
    assert isinstance(run.error, AirflowSensorTimeout)
    assert pending in run.message
    assert Credit.COMMITTED in run.message
    assert run.message.endswith("Clear the sensor to keep waiting; that costs nothing.")


def test_a_short_timeout_is_not_slept_away_between_two_polls(pending: str) -> None:
    assert sensor(pending, poke_interval=None, timeout=2).poke_interval == 2


def test_a_trigger_that_never_reports_is_a_timeout(pending: str) -> None:
    worker = Worker()
    deferred = worker.run(sensor(pending, deferrable=True), retries_left=True)
    run = worker.fail_by_timeout(deferred)
    assert run.state == "failed"
    assert isinstance(run.error, AirflowSensorTimeout)


@in_each_mode
def test_soft_fail_turns_a_timeout_into_a_skip(pending: str, mode: dict[str, Any]) -> None:
    assert waited(sensor(pending, **mode, timeout=0.3, soft_fail=True), polls=50).state == "skipped"


@in_each_mode
def test_soft_fail_turns_a_failure_into_a_skip(getty: Emulator, pending: str, mode: dict[str, Any]) -> None:
    getty.fault("gone", "get-generation", times=None)
    assert waited(sensor(pending, **mode, soft_fail=True)).state == "skipped"


@in_each_mode
@pytest.mark.parametrize(
    ("on_blocked", "some", "all_of_them"),
    [
        ("fail", "success", "failed"),
        ("fail_any", "failed", "failed"),
        ("skip", "success", "skipped"),
        ("ignore", "success", "success"),
    ],
)
def test_it_decides_what_blocked_images_mean(
    getty: Emulator, on_blocked: str, some: str, all_of_them: str, mode: dict[str, Any]
) -> None:
    for which, state in ([1], some), ("all", all_of_them):
        getty.fault("block-images", "refine", which=which)
        getty.fault("stay-pending", "refine")
        [pending] = submitted()
        getty.fault("stay-pending", "get-generation")
        getty.fault("finish-at-once", "get-generation")
        run = waited(sensor(pending, **mode, on_blocked=on_blocked))
        assert run.state == state
        if state == "failed":
            assert isinstance(run.error, AirflowFailException)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ '' }}", "generation_request_id is ''"),
        ("{{ '{{ x }}' }}", "is a template that was not rendered"),
        ("{{ {'generation_request_id': '1'} }}", "text of a whole result"),
        ("..", "generation_request_id"),
    ],
)
def test_what_is_no_generation_is_refused_before_anything_is_sent(
    getty: Emulator, source: Any, problem: str
) -> None:
    run = Worker().run(sensor(source), retries_left=True)
    assert (run.state, sent(getty)) == ("failed", [])
    assert isinstance(run.error, AirflowFailException)
    assert problem in run.message


@pytest.mark.parametrize("source", ["", {}, None, "{'generation_request_id': '1'}"])
def test_what_is_no_generation_is_an_error_in_the_dag_file(source: Any) -> None:
    with pytest.raises(InvalidRequestError, match="Task wait: generation_request_id is "):
        sensor(source)


@pytest.mark.parametrize("argument", ["timeout", "poke_interval"])
@pytest.mark.parametrize("value", [0, -1, timedelta(0), "5", True])
def test_a_time_that_is_none_is_an_error_in_the_dag_file(argument: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=f"{argument} is "):
        sensor("1", **{argument: value})
