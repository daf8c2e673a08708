"""Runs tasks as a worker does, in this process and without a database.

Airflow's own task runner runs them against a simulated execution API: templates, XCom, retries and the serialization of
triggers are Airflow's. A deferred task continues with :meth:`Worker.resume`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk import DAG
from airflow.sdk.api import client as api_client
from airflow.sdk.api.datamodels._generated import DagRun, TaskInstance
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.supervisor import InProcessTestSupervisor
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]
from airflow.triggers.base import BaseTrigger, TriggerEvent
from airflow.utils.state import TaskInstanceState
from pydantic import TypeAdapter
from structlog.testing import capture_logs

try:
    from airflow.sdk.serde import serialize
except ImportError:  # Airflow 3.1
    from airflow.serialization.serialized_objects import BaseSerialization

    serialize = BaseSerialization.serialize  # type: ignore[assignment]

HAS_STORE = not version("apache-airflow").startswith(("3.1.", "3.2."))
needs_store = pytest.mark.skipif(not HAS_STORE, reason="the task state store came with Airflow 3.3")

httpx: Any = getattr(api_client, "httpx2", None) or api_client.httpx  # type: ignore[attr-defined]
"""The library of Airflow's client: httpx, or httpx2 since Airflow 3.4."""

# Airflow creates the same one for each template field of each run, which takes longer than many tasks.
task_runner.TypeAdapter = cache(TypeAdapter)  # type: ignore[attr-defined, assignment]

DAG_ID, RUN_ID = "a_dag", "a_run"
DATE = "2026-01-02T03:04:05+00:00"


@dataclass(frozen=True)
class TaskRun:
    """The outcome of one try, or of one part of a deferred try.

    :param state: ``success``, ``failed``, ``up_for_retry``, ``skipped``, ``deferred`` or ``up_for_reschedule``.
    :param result: its return value, as sent to XCom.
    :param rendered: the rendered template fields, as the web page shows them.
    :param links: the URLs of its extra links, by XCom key; an empty URL if there is none.
    :param log: what the task logged, without masking.
    :param told: the last message about the task's state to the execution API.
    """

    task: Any
    state: str
    error: BaseException | None
    result: Any
    rendered: dict[str, Any]
    links: dict[str, str]
    log: str
    told: dict[str, Any]
    began: str

    @property
    def message(self) -> str:
        """The error's message."""
        return str(self.error or "")

    @property
    def timeout(self) -> float:
        """Seconds after which Airflow times out the deferred task."""
        return TypeAdapter(timedelta).validate_python(self.told["trigger_timeout"]).total_seconds()

    @cached_property
    def trigger(self) -> Any:
        """The trigger, as the triggerer creates it from the database."""
        from airflow.models.trigger import Trigger  # noqa: PLC0415 - takes seconds to import

        stored = json.dumps(self.told["trigger_kwargs"])
        return import_string(self.told["classpath"])(**Trigger._decrypt_kwargs(stored))

    def fire(self) -> dict[str, Any]:
        """Run the trigger and return the payload of its event."""
        payload: dict[str, Any] = asyncio.run(only_event(self.trigger)).payload
        return payload


async def only_event(trigger: BaseTrigger) -> TriggerEvent:
    """The event of a trigger that fires once."""
    [event] = [event async for event in trigger.run()]
    return event


@dataclass
class Worker:
    """Runs tasks of one DAG run.

    :param conf: the configuration of the DAG run.
    :param xcoms: the return values of tasks, by task id; filled by the runs.
    :param store: the task state store (Airflow 3.3), which all tasks share here.
    """

    conf: dict[str, Any] = field(default_factory=dict)
    xcoms: dict[str, Any] = field(default_factory=dict)
    store: dict[str, Any] = field(default_factory=dict)
    _starts: dict[str, list[str]] = field(default_factory=dict)
    _tries: dict[str, int] = field(default_factory=dict)
    _retries: dict[str, int] = field(default_factory=dict)
    _max_tries: dict[str, int] = field(default_factory=dict)

    def run(self, task: Any, *, map_index: int = -1, retries_left: bool = False) -> TaskRun:
        """Run a task from its start: its first try, a retry, or a rescheduled run."""
        starts = self._starts.setdefault(task.task_id, [])
        if not starts:
            self._tries[task.task_id] = self._tries.get(task.task_id, 0) + 1
        run = self._run(
            task, map_index=map_index, should_retry=retries_left, task_reschedule_count=len(starts)
        )
        self._starts[task.task_id] = [*starts, run.began] if run.state == "up_for_reschedule" else []
        return run

    def clear(self, task_id: str) -> None:
        """Clear a task as Airflow does for a user: its retries start over, its try numbers continue."""
        self._max_tries[task_id] = self._tries.get(task_id, 0) + self._retries.get(task_id, 0)

    def resume(
        self, deferred: TaskRun, event: dict[str, Any] | None = None, *, retries_left: bool = False
    ) -> TaskRun:
        """Resume a deferred task. Default event: run its trigger, which may take a while."""
        if event is None:
            event = deferred.fire()
        # The triggerer sends events as JSON.
        next_kwargs = serialize(json.loads(json.dumps({"event": event})))
        return self._run(
            deferred.task,
            next_method=deferred.told["next_method"],
            next_kwargs=next_kwargs,
            should_retry=retries_left,
        )

    def fail_by_timeout(self, deferred: TaskRun, *, retries_left: bool = False) -> TaskRun:
        """Resume a deferred task whose trigger has not fired in time."""
        error = serialize({"error": "Trigger timeout", "traceback": None})
        return self._run(deferred.task, next_method="__fail__", next_kwargs=error, should_retry=retries_left)

    def _run(self, task: Any, *, map_index: int = -1, **context: Any) -> TaskRun:
        if not task.has_dag():
            DAG(DAG_ID, schedule=None).add_task(task)
        self.xcoms.pop(task.task_id, None)
        # Set when the task is first scheduled, and by a clear, but not by a later change of the DAG file.
        self._retries[task.task_id] = task.retries
        context["max_tries"] = self._max_tries.setdefault(task.task_id, task.retries)
        api = _ExecutionApi(self, context, self._starts.get(task.task_id))
        instance = TaskInstance(
            id=uuid4(),
            task_id=task.task_id,
            dag_id=DAG_ID,
            run_id=RUN_ID,
            try_number=self._tries.get(task.task_id, 1),
            dag_version_id=uuid4(),
            map_index=map_index,
        )
        began = datetime.now(UTC).isoformat()
        with capture_logs() as logged:
            ended = _supervisor(api).start(what=instance, task=task)
        return TaskRun(
            task=task,
            state=TaskInstanceState(ended.state).value,
            error=ended.error,
            result=self.xcoms.get(task.task_id),
            rendered=api.rendered,
            links=api.links,
            log="\n".join(f"{entry['log_level']}: {entry['event']}" for entry in logged),
            told=api.told,
            began=began,
        )


class _ExecutionApi:
    """The part of Airflow's API that a worker needs."""

    def __init__(self, worker: Worker, context: dict[str, Any], starts: list[str] | None) -> None:
        self.conf, self.xcoms, self.store = worker.conf, worker.xcoms, worker.store
        self.context, self.starts = context, starts
        self.rendered: dict[str, Any] = {}
        self.links: dict[str, str] = {}
        self.told: dict[str, Any] = {}

    def __call__(self, request: Any) -> Any:  # noqa: C901, PLR0911 - a case for each call
        match request.method, request.url.path.strip("/").split("/"):
            case "PATCH", ["task-instances", _, "run"]:
                return httpx.Response(200, json=self._run_context())
            case "PATCH", ["task-instances", _, "state"]:
                self.told = json.loads(request.content)
            case "PUT", ["task-instances", _, "rtif"]:
                self.rendered = json.loads(request.content)
            case "POST", ["xcoms", _, _, task_id, "return_value"]:
                self.xcoms[task_id] = json.loads(request.content)
            case "POST", ["xcoms", _, _, _, key] if key.startswith("_link_"):
                self.links[key] = json.loads(request.content)
            case "GET", ["xcoms", _, _, task_id, "return_value"] if task_id in self.xcoms:
                return httpx.Response(200, json={"key": "return_value", "value": self.xcoms[task_id]})
            case "GET", ["xcoms", _, _, task_id, "return_value", "slice"]:  # of a mapped task; ours are not
                return httpx.Response(200, json=[self.xcoms[task_id]] if task_id in self.xcoms else [])
            case method, ["store", "ti", _, key]:
                return self._store(method, key, request)
            case "GET", ["task-instances", _, "validate-inlets-and-outlets"]:
                return httpx.Response(200, json={"inactive_assets": []})
            case "GET", ["task-reschedules", _, "start_date"]:
                return httpx.Response(200, json=self.starts[0] if self.starts else None)
            case "GET", _:
                return httpx.Response(404, json={"detail": {"reason": "not_found"}})
        return httpx.Response(200, json={})

    def _store(self, method: str, key: str, request: Any) -> Any:
        match method:
            case "PUT":
                self.store[key] = json.loads(request.content)["value"]
            case "DELETE":
                self.store.pop(key, None)
            case _ if key in self.store:
                return httpx.Response(200, json={"value": self.store[key]})
            case _:
                return httpx.Response(404, json={"detail": {"reason": "not_found"}})
        return httpx.Response(200, json={})

    def _run_context(self) -> dict[str, Any]:
        new_in_3_2 = {"partition_key": None} if "partition_key" in DagRun.model_fields else {}
        return {
            "dag_run": {
                "dag_id": DAG_ID,
                "run_id": RUN_ID,
                "logical_date": DATE,
                "data_interval_start": DATE,
                "data_interval_end": DATE,
                "run_after": DATE,
                "start_date": DATE,
                "end_date": None,
                "run_type": "manual",
                "state": "running",
                "consumed_asset_events": [],
                "conf": self.conf,
                **new_in_3_2,
            },
            **self.context,
        }


def _supervisor(api: _ExecutionApi) -> type[InProcessTestSupervisor]:
    client = api_client.Client(base_url=None, token="", dry_run=True, transport=httpx.MockTransport(api))

    class Supervisor(InProcessTestSupervisor):
        """Airflow accepts a client as an argument only since 3.3."""

        @staticmethod
        def _api_client(*_: object) -> api_client.Client:
            return client

    return Supervisor
