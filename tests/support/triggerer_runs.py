"""Runs a task that starts in the triggerer, in this process and without a database (Airflow 3.3).

From the serialized DAG on, Airflow's own ``TriggerRunner`` runs it; the scheduler and the supervisor, which handles
XComs, are simulated.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from airflow.sdk import DAG

from airflow_provider_getty.api import clock
from tests.support.task_runs import DATE, RUN_ID, TaskRun, Worker

TIMEOUT = 600.0


@dataclass
class Triggerer:
    """A triggerer and its supervisor's data.

    :param conf: the configuration of the DAG run.
    :param xcoms: the return values of tasks, by task id and map index.
    """

    conf: dict[str, Any] = field(default_factory=dict)
    xcoms: dict[tuple[str, int], Any] = field(default_factory=dict)

    def run(
        self, task: Any, *, map_index: int = -1, try_number: int = 1, began: float | None = None
    ) -> TaskRun:
        """Start a task as the scheduler does, and run it to the end of its trigger.

        If a worker has to finish the task, it is finished there.

        :param began: the time when the scheduler started it (Unix seconds), for a triggerer that restarted later.
        """
        from airflow.executors.workloads import TaskInstanceDTO  # noqa: PLC0415
        from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415

        if not task.has_dag():
            DAG("a_dag", schedule=None).add_task(task)
        serialized = DagSerialization.to_dict(task.dag)
        started = DagSerialization.from_dict(serialized).get_task(task.task_id)
        assert started.start_from_trigger is True
        instance = TaskInstanceDTO(
            id=uuid4(),
            task_id=task.task_id,
            dag_id=task.dag_id,
            run_id=RUN_ID,
            try_number=try_number,
            dag_version_id=uuid4(),
            map_index=map_index,
            pool_slots=1,
            priority_weight=1,
        )
        args = started.start_trigger_args
        assert args is not None
        event = asyncio.run(self._event(args, instance, serialized, began or clock.now()))
        state = str(getattr(event, "task_instance_state", "deferred"))
        deferred = TaskRun(
            task=task,
            state=state,
            error=None,
            result=self.xcoms.get((task.task_id, map_index)),
            rendered={},
            links={},
            log="",
            told={"next_method": args.next_method},
            began="",
        )
        return Worker().resume(deferred, event.payload) if state == "deferred" else deferred

    async def _event(self, args: Any, instance: Any, serialized: dict[str, Any], began: float) -> Any:
        from airflow.executors.workloads import RunTrigger  # type: ignore[attr-defined]  # noqa: PLC0415
        from airflow.jobs.triggerer_job_runner import TriggerRunner  # noqa: PLC0415
        from airflow.models.trigger import Trigger  # noqa: PLC0415
        from airflow.sdk.execution_time import task_runner  # noqa: PLC0415

        runner = TriggerRunner()  # type: ignore[no-untyped-call]
        runner.to_create.append(
            RunTrigger(
                id=1,
                classpath=args.trigger_cls,
                encrypted_kwargs=Trigger.encrypt_kwargs(args.trigger_kwargs),
                ti=instance,
                timeout_after=datetime.fromtimestamp(began, UTC) + args.timeout,
                dag_data=serialized,
                dag_run_data=self._dag_run(instance.dag_id),
            )
        )
        with patch.object(task_runner, "SUPERVISOR_COMMS", _Supervisor(self), create=True):
            await runner.create_triggers()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(runner.triggers[1]["task"], TIMEOUT)
        [entry] = runner.events
        return entry.event

    def _dag_run(self, dag_id: str) -> dict[str, Any]:
        dates = ("logical_date", "data_interval_start", "data_interval_end", "run_after", "start_date")
        return dict.fromkeys(dates, DATE) | {
            "dag_id": dag_id,
            "run_id": RUN_ID,
            "run_type": "manual",
            "state": "running",
            "consumed_asset_events": [],
            "conf": self.conf,
            "partition_key": None,
            "end_date": None,
        }


@dataclass
class _Supervisor:
    """Answers a trigger's messages like a supervisor; leaves unknown messages unanswered."""

    triggerer: Triggerer

    async def asend(self, msg: Any) -> Any:
        return await asyncio.to_thread(self.send, msg)

    def send(self, msg: Any) -> Any:
        from airflow.sdk.execution_time.comms import (  # noqa: PLC0415
            DeleteXCom,
            GetXCom,
            MaskSecret,
            SetXCom,
            XComResult,
        )

        xcoms = self.triggerer.xcoms
        match msg:
            case GetXCom():
                value = xcoms.get((msg.task_id, -1 if msg.map_index is None else msg.map_index))
                return XComResult(key=msg.key, value=value)
            case SetXCom():
                xcoms[msg.task_id, -1 if msg.map_index is None else msg.map_index] = msg.value
                return None
            case DeleteXCom():
                xcoms.pop((msg.task_id, -1 if msg.map_index is None else msg.map_index), None)
                return None
            case MaskSecret():
                return None
        pytest.fail(f"A triggerer does not answer {type(msg).__name__} (Airflow 3.3.2).")
