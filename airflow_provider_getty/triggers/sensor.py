"""GenerationSensorTrigger: a whole sensor in the triggerer, from the start of its task to its end."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, AirflowSkipException
from airflow.sdk.execution_time.xcom import XCom
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent
from jinja2 import StrictUndefined

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError, InvalidRequestError
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.generating.outcomes import Outcome, accept, log_error, with_sensor_advice
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers._recreated import RecreatedTrigger
from airflow_provider_getty.triggers.shared_client import shared_client
from airflow_provider_getty.triggers.submission import slot_freed

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

_AT_ONCE = 1.0
"""Seconds within which the first poll is answered: a generation finished by then may have been so for long."""


class GenerationSensorTrigger(RecreatedTrigger):
    """Does all the work of a ``GenerationSensor`` in the triggerer: no process is started for its task.

    Only the permanent failure of a task with ``retries`` is left to a worker, as only a worker can prevent the retry
    (Airflow 3.3.2).

    :param generation_request_id: the sensor's argument, possibly a template; or
    :param upstream: the XCom that holds it: ``{"task_id", "key", "in_group"}``. ``in_group`` is true for a task of the
        same mapped task group, which has the sensor's map index.
    :param getty_conn_id: the connection id, possibly a template.
    :param timeout: seconds of wall-clock time from the start of the task.
    :param poll_interval: a fixed number of seconds between polls. None: by the generation's age.
    :param on_blocked: see :class:`~..sensors.generation.GenerationSensor`.
    :param soft_fail: whether to skip the task instead of failing it.
    :param push: whether to push the result to XCom.
    """

    timeout_after: datetime
    """When Airflow ends the wait; set by the triggerer. It stays the same when the triggerer restarts."""

    def __init__(
        self,
        *,
        generation_request_id: arguments.GenerationSource | None,
        upstream: dict[str, Any] | None,
        getty_conn_id: str,
        timeout: float,
        poll_interval: float | None,
        on_blocked: arguments.OnBlocked,
        soft_fail: bool,
        push: bool,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.generation_request_id = generation_request_id
        self.upstream = upstream
        self.getty_conn_id = getty_conn_id
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.on_blocked = on_blocked
        self.soft_fail = soft_fail
        self.push = push
        self._rendering_error: Exception | None = None

    def render_template_fields(self, context: Context, jinja_env: Any = None) -> None:
        """Render as a worker would; keep an error for :meth:`run`, as one raised here reaches only a worker's log."""
        ti = _TaskInstance(context["ti"])
        # The triggerer's own environment renders an undefined name as an empty string (Airflow 3.3.2).
        jinja_env = (jinja_env or self.get_template_env()).overlay(undefined=StrictUndefined)
        try:
            super().render_template_fields({**context, "ti": ti, "task_instance": ti}, jinja_env)  # type: ignore[typeddict-item]
        except Exception as error:  # noqa: BLE001 - whatever a template may raise
            self._rendering_error = error

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, then end the task."""
        try:
            await self._forget()
            result = accept(await self._generation(), self.on_blocked)
        except AirflowSkipException as skip:
            log.info("Skipped: %s", skip)
            yield TaskSkippedEvent()
        except (GettyError, AirflowException) as error:
            if not self.soft_fail and (self.task is None or self.task.retries):  # the worker reports it
                yield TriggerEvent(Outcome.of(error).as_event())  # type: ignore[no-untyped-call]
                return
            if isinstance(error, GettyError):
                log_error(with_sensor_advice(error))
            else:
                log.error("%s", error)  # noqa: TRY400 - a traceback would hide the message
            yield TaskSkippedEvent() if self.soft_fail else TaskFailedEvent()
        else:
            if self.push:
                await self._push(result)
            yield TaskSuccessEvent()

    async def _generation(self) -> dict[str, Any]:
        """The finished generation; see :meth:`~..api.results.Generation.summary`."""
        if self._rendering_error:
            raise InvalidRequestError(f"A template cannot be rendered: {self._rendering_error}.")
        source = await self._output(**self.upstream) if self.upstream else self.generation_request_id
        if isinstance(source, Mapping) and source.get("status") == "completed":
            return dict(source)
        arguments.all_rendered(self, ("generation_request_id", "getty_conn_id"))
        poll = GetGeneration(generation_request_id=arguments.generation_request_id(source))
        began, deadline = clock.now(), self._deadline()
        async with shared_client(self.getty_conn_id) as client:
            result = await client.wait_for(
                poll,
                deadline=deadline,
                interval=self.poll_interval,
                submitted=deadline - self.timeout,
                first_poll_in=0.0,  # no worker has to end first
            )
        if clock.now() - began > _AT_ONCE:
            slot_freed(self.getty_conn_id)
        return result.summary()

    def _deadline(self) -> float:
        """When to give up (Unix time). Only ``timeout_after`` tells a trigger when its task started."""
        ends = self.timeout_after
        return (ends if ends.tzinfo else ends.replace(tzinfo=UTC)).timestamp() - TRIGGER_GRACE

    async def _output(self, task_id: str, key: str, *, in_group: bool) -> Any:
        """Read the output of another task."""
        ti: Any = self.task_instance
        return await clock.in_thread(
            XCom.get_one,
            key=key,
            dag_id=ti.dag_id,
            task_id=task_id,
            run_id=ti.run_id,
            map_index=ti.map_index if in_group else -1,
        )

    async def _forget(self) -> None:
        """Delete the result of an earlier try, as a worker does before a new one."""
        ti: Any = self.task_instance
        if ti.try_number > 1:
            await clock.in_thread(
                XCom.delete,
                key="return_value",
                dag_id=ti.dag_id,
                task_id=ti.task_id,
                run_id=ti.run_id,
                map_index=ti.map_index,
            )

    async def _push(self, result: dict[str, Any]) -> None:
        """Push the result to XCom. The ``xcoms`` of an event would be encoded twice (Airflow 3.3.2)."""
        ti: Any = self.task_instance
        await clock.in_thread(
            XCom.set,
            "return_value",
            result,
            dag_id=ti.dag_id,
            task_id=ti.task_id,
            run_id=ti.run_id,
            map_index=ti.map_index,
        )


class _TaskInstance:
    """The task instance for templates, whose ``xcom_pull`` pulls the XCom of an unmapped task by default.

    Without a map index, it would pull those of all map indexes, to which a triggerer gets no answer (Airflow 3.3.2).
    """

    def __init__(self, ti: Any) -> None:
        self._ti = ti

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)

    def xcom_pull(self, *arguments: Any, **named: Any) -> Any:
        return self._ti.xcom_pull(*arguments, **{"map_indexes": -1} | named)
