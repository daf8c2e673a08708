"""Starts and ends a sensor in the triggerer, and refuses arguments that Airflow 3.3.2 ignores there."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import XComArg
from airflow.sdk.definitions.xcom_arg import PlainXComArg

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.triggers import TRIGGER_GRACE

if TYPE_CHECKING:
    from airflow.triggers.base import StartTriggerArgs

    from airflow_provider_getty.sensors.generation import GenerationSensor

_NEEDS_A_WORKER = (
    "outlets",
    "on_execute_callback",
    "on_success_callback",
    "on_skipped_callback",
    "execution_timeout",
    "never_fail",
    "multiple_outputs",
    "map_index_template",
)
"""The arguments with an effect at the start or the end of a task that a triggerer ignores (Airflow 3.3.2)."""
_NEEDS_A_WORKER_TO_RENDER = (
    "user_defined_macros",
    "user_defined_filters",
    "jinja_environment_kwargs",
    "render_template_as_native_obj",
)
"""The same for the DAG's arguments for templates. Undefined names are errors, whatever its ``template_undefined``."""


def start_trigger_args(sensor: GenerationSensor) -> StartTriggerArgs:
    """The arguments with which the scheduler starts the trigger of a sensor; they are stored with the DAG.

    :raises InvalidRequestError: the sensor needs a worker.
    """
    from airflow.triggers.base import StartTriggerArgs  # noqa: PLC0415 - for DAG files that ask for this

    if given := [name for name in _NEEDS_A_WORKER if getattr(sensor, name)]:
        raise _refusal(sensor, f"{' and '.join(given)} would have no effect there; timeout limits its time")
    source: Any = sensor.generation_request_id
    dag = sensor.get_dag()
    if any(map(arguments.is_template, (source, sensor.getty_conn_id))) and (
        given := [
            name
            for name in _NEEDS_A_WORKER_TO_RENDER
            if getattr(dag, name, None) or getattr(sensor, name, None)
        ]
    ):
        raise _refusal(sensor, f"{' and '.join(given)} would have no effect on its templates")
    upstream = None
    if isinstance(source, XComArg):
        source, upstream = None, _upstream(sensor, source)
    try:
        json.dumps([source, sensor.getty_conn_id])
    except TypeError:
        raise _refusal(
            sensor,
            "generation_request_id may be an id, a result, a template or the output of a task; getty_conn_id "
            "an id or a template",
        ) from None
    return StartTriggerArgs(
        trigger_cls="airflow_provider_getty.triggers.sensor.GenerationSensorTrigger",
        trigger_kwargs={
            "generation_request_id": source,
            "upstream": upstream,
            "getty_conn_id": sensor.getty_conn_id,
            "timeout": sensor.timeout,
            "poll_interval": sensor.fixed_interval,
            "on_blocked": sensor.on_blocked,
            "soft_fail": sensor.soft_fail,
            "push": sensor.do_xcom_push,
        },
        next_method="execute_complete",
        timeout=timedelta(seconds=sensor.timeout + TRIGGER_GRACE),
    )


def refuse_mapping(task_id: str) -> None:
    """Refuse a sensor that is mapped outside of a task group.

    :raises InvalidRequestError: always.
    """
    raise InvalidRequestError(
        f"The sensor {task_id} cannot be mapped with run_in_triggerer, as Airflow gives mapped values to workers only. "
        "Put it into a mapped task group, or use deferrable=True."
    )


def _upstream(sensor: GenerationSensor, source: XComArg) -> dict[str, Any]:
    """Where the trigger finds the output of a task."""
    if not isinstance(source, PlainXComArg):
        raise _refusal(sensor, "map(), zip() and concat() of outputs need one")
    task, key = source.operator, source.key
    group = task.get_closest_mapped_task_group()
    if task.is_mapped or (group and group is not sensor.get_closest_mapped_task_group()):
        raise _refusal(sensor, f"all outputs of the mapped {task.task_id} are not one generation")
    return {"task_id": task.task_id, "key": key, "in_group": group is not None}


def _refusal(sensor: GenerationSensor, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"The sensor {sensor.task_id} has run_in_triggerer, so no worker: {why}.")
