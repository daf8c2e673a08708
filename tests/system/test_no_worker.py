"""A whole Airflow: sensors whose tasks start and end in its triggerer, and refines that wait for a place there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from getty_emulator.server import Emulator

from dev.airflow_api import TaskInstance
from dev.local_airflow import LocalAirflow
from tests.support.submitted import submitted
from tests.support.whole_airflow import ONE_AT_A_TIME, RUN_SECONDS

pytestmark = ONE_AT_A_TIME

DAG_ID = "getty_no_worker"
SENSORS, REFINES = 30, 3  # of that DAG
FINISHED = [f"finished_{number}" for number in range(SENSORS)]
GROUPED = [("of_each.wait", 0), ("of_each.wait", 1)]


@dataclass(frozen=True)
class Run:
    """One finished run of the DAG."""

    airflow: LocalAirflow
    getty: Emulator
    run_id: str
    ids: list[str]
    never: str
    tasks: dict[tuple[str, int], dict[str, Any]]

    def state(self, task_id: str) -> str:
        state: str = self.tasks[task_id, -1]["state"]
        return state

    def log(self, task_id: str) -> str:
        instance = TaskInstance(task_id, -1, None, self.tasks[task_id, -1]["try_number"])
        return self.airflow.api.task_log(DAG_ID, self.run_id, instance)

    def xcom(self, task_id: str, map_index: int = -1) -> Any:
        path = f"dags/{DAG_ID}/dagRuns/{self.run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        return self.airflow.api._get(path, deserialize="false", map_index=map_index)["value"]


@pytest.fixture(scope="module")
def run(airflow: LocalAirflow, crowded: Emulator) -> Iterator[Run]:
    ids = submit(crowded, SENSORS)
    crowded.advance(60)
    crowded.fault("stay-pending", "refine")
    [never] = submit(crowded, 1)
    crowded.configure_account(concurrent_generations=2)  # that one, and one of the refines
    airflow.wait_for_dags([DAG_ID])
    run_id = airflow.api.trigger(DAG_ID, {"ids": ids, "never": never})
    airflow.api.wait(DAG_ID, run_id, timeout=RUN_SECONDS)
    path = f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances"
    tasks = airflow.api._get(path, limit=100)["task_instances"]
    by_name = {(task["task_id"], task["map_index"]): task for task in tasks}
    yield Run(airflow, crowded, run_id, ids, never, by_name)
    crowded.configure_account(concurrent_generations=None)


def submit(getty: Emulator, count: int) -> list[str]:
    """The ids of new generations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection))
        return submitted(count)


def test_each_sensor_over_a_finished_generation_succeeds_at_its_first_try(run: Run) -> None:
    """Also as the race of LocalExecutor with a fast trigger would have it otherwise."""
    assert {run.state(name) for name in FINISHED} == {"success"}
    assert {run.tasks[name, -1]["try_number"] for name in FINISHED} == {1}


def test_no_process_is_started_for_a_sensor(run: Run) -> None:
    sensors = [(name, -1) for name in (*FINISHED, "late", "nobodys", "soft")] + GROUPED
    assert {run.tasks[sensor]["pid"] for sensor in sensors} == {None}
    assert run.tasks["nobodys_with_retries", -1]["pid"], (
        "only a worker can say that there is nothing to retry"
    )


def test_its_result_is_a_dict_also_for_the_task_after_it(run: Run) -> None:
    assert run.xcom("finished_0")["generation_request_id"] == run.ids[0]
    assert "seed" in run.xcom("keys")


def test_in_a_mapped_task_group_each_has_the_result_of_its_own(run: Run) -> None:
    results = [run.xcom(*instance) for instance in GROUPED]
    assert [result["generation_request_id"] for result in results] == run.ids[:2]


def test_its_log_says_why_it_failed(run: Run) -> None:
    assert [run.state(name) for name in ("late", "nobodys", "nobodys_with_retries")] == ["failed"] * 3
    late = run.log("late")
    assert f"Asked: Status of generation {run.never}" in late
    assert "Answered: not finished after" in late
    for name in ("nobodys", "nobodys_with_retries"):
        assert "404 GenerationRequestIdNotFound" in run.log(name)
        assert run.tasks[name, -1]["try_number"] == 1


def test_a_failure_that_is_to_be_skipped_is_skipped(run: Run) -> None:
    assert run.state("soft") == "skipped"


def test_refines_that_wait_for_a_place_all_succeed_and_pay_once(run: Run) -> None:
    refines = [f"refine_{number}" for number in range(REFINES)]
    assert {run.state(name) for name in refines} == {"success"}
    assert run.getty.ledger()["total"] == len(run.ids) + 1 + REFINES
    assert any("Waiting without a worker" in run.log(name) for name in refines)
