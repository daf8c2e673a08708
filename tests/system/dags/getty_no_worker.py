"""Sensors that no process is started for, and refines that wait for a place without a worker."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, task, task_group

from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor

SENSORS = 30
REFINES = 3
CONNECTION = "getty_crowded"


def sensor(name: str, source: Any, **arguments: Any) -> GenerationSensor:
    """A sensor in the triggerer, whose first try is its last."""
    return GenerationSensor(
        task_id=name,
        generation_request_id=source,
        run_in_triggerer=True,
        getty_conn_id=CONNECTION,
        **{"retries": 0, **arguments},
    )


@task
def keys(result: dict[str, Any]) -> list[str]:
    """What a downstream task sees of a result."""
    return sorted(result)


@task
def given(**context: Any) -> list[str]:
    """The ids of two generations."""
    ids: list[str] = context["dag_run"].conf["ids"]
    return ids[:2]


@task
def one(generation_request_id: str) -> dict[str, Any]:
    """The output of a task that has submitted."""
    return {"generation_request_id": generation_request_id, "status": "pending"}


@task_group
def of_each(generation_request_id: str) -> None:
    """A sensor in a mapped task group."""
    sensor("wait", one(generation_request_id))


with DAG("getty_no_worker", schedule=None, max_active_tasks=100):
    finished = [sensor(f"finished_{n}", f"{{{{ dag_run.conf.ids[{n}] }}}}") for n in range(SENSORS)]
    keys(finished[0].output)  # type: ignore[arg-type]  # an XComArg stands for its value
    of_each.expand(generation_request_id=given())
    sensor("late", "{{ dag_run.conf.never }}", timeout=5)
    sensor("nobodys", "00000000-0000-4000-8000-000000000000")
    sensor("nobodys_with_retries", "00000000-0000-4000-8000-000000000000", retries=2)
    sensor("soft", "00000000-0000-4000-8000-000000000000", soft_fail=True)
    for number in range(REFINES):
        GettyRefineOperator(
            task_id=f"refine_{number}",
            image_id="1473240153",
            image_size=(1024, 683),
            mask=[(60, 16, 964, 250)],
            deferrable=True,
            retries=0,
            getty_conn_id=CONNECTION,
        )
