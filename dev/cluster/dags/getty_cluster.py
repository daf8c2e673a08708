"""The tasks of `make cluster-test`: refines, sensors, sensors without a process, and a batch."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Param, task, task_group

from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor

if TYPE_CHECKING:
    from airflow.sdk import XComArg

BUCKET = "s3://aws_default@getty/{{ params.label }}"
IN_FLIGHT = int(os.environ.get("GETTY_CLUSTER_IN_FLIGHT", "100"))
SETTINGS: dict[str, Any] = {
    "max_active_tasks": 1000,
    "params": {"label": Param("by-hand", type="string"), "count": Param(10, type="integer")},
    # Killed tasks are retried: several kills may hit one task, and Airflow may be down for a while.
    "default_args": {
        "retries": 5,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=2),
    },
}


@task
def prompts(what: str, params: dict[str, Any] | None = None) -> list[str]:
    """Return one prompt for each task, which identifies its generation."""
    assert params  # noqa: S101 - Airflow gives them
    return [f"{params['label']} {what} {number}: balloons" for number in range(params["count"])]


with DAG("getty_cluster_refines", schedule=None, **SETTINGS):
    refine = GettyRefineOperator.partial(
        task_id="refine",
        image_id="1473240153",
        image_size=(1024, 683),
        mask=[(0, 0, 1024, 262)],
        deferrable=True,
    ).expand(prompt=prompts("refine"))
    GettyDownloadOperator.partial(task_id="download", destination=f"{BUCKET}/refines/").expand(
        generation_request_id=refine.output
    )


def waited_for(what: str, **how: Any) -> None:
    """Generate, and wait in another task."""

    @task_group(group_id=what)
    def one(prompt: XComArg) -> None:
        generate = GettyGenerateOperator(task_id="generate", prompt=prompt, wait_for_completion=False)
        GenerationSensor(task_id="wait", generation_request_id=generate.output, **how)

    one.expand(prompt=prompts(what))


with DAG("getty_cluster_sensors", schedule=None, **SETTINGS):
    waited_for("sensor", deferrable=True)

with DAG("getty_cluster_triggerer", schedule=None, **SETTINGS):
    waited_for("in_triggerer", run_in_triggerer=True)

with DAG("getty_cluster_batch", schedule=None, **SETTINGS):
    GettyBatchOperator(
        task_id="batch",
        requests=f"{BUCKET}/requests.jsonl",
        operation="generate",
        journal=f"{BUCKET}/journal.jsonl",
        download_to=f"{BUCKET}/batch/",
        max_in_flight=IN_FLIGHT,
        deferrable=True,
        queue="batches",
        priority_weight=10,
    )
