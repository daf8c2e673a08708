"""GenerationSensor: wait until a generation is finished."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_getty.api import clock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.sensors import in_triggerer

if TYPE_CHECKING:
    from airflow.sdk import Context

_POKE_INTERVAL = 5.0


class GenerationSensor(BaseSensorOperator):
    """Waits until a generation is finished, in a worker (``poke``, ``reschedule``) or without one (``deferrable``).

    The result, in XCom, is the finished generation, as of :class:`GenerationOperator`. Trouble that may pass (429,
    409, 5xx, broken connections) is waited out until the timeout.

    :param generation_request_id: the generation: its id, or the result of a task that has it (``refine.output``).
    :param deferrable: whether to wait in the triggerer. Default: ``[operators] default_deferrable``.
    :param timeout: how long to wait, in seconds of wall-clock time or as a ``timedelta``.
    :param poke_interval: seconds between polls. Default: 5 in a worker; in the triggerer, by the generation's age.
    :param on_blocked: what to do about images that Getty's content policy withheld: ``fail`` or ``skip`` if all
        are, ``fail_any`` if any is, ``ignore``.
    :param run_in_triggerer: whether the task starts and ends in the triggerer as well, so that no process is ever
        started for it. On Airflow before 3.3, and in ``dag.test()``, it is deferrable.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = ("generation_request_id", "getty_conn_id")
    ui_color = "#dff1f1"

    def __init__(
        self,
        *,
        generation_request_id: arguments.GenerationSource,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds = timedelta(hours=1),
        poke_interval: arguments.Seconds | None = None,
        on_blocked: arguments.OnBlocked = "fail",
        run_in_triggerer: bool = False,
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        fixed_interval = arguments.optional_seconds("poke_interval", poke_interval)
        limit = arguments.seconds("timeout", timeout)
        super().__init__(
            timeout=limit,
            poke_interval=fixed_interval or min(_POKE_INTERVAL, limit),
            **kwargs,
        )
        self.generation_request_id = generation_request_id
        self.deferrable = deferrable or run_in_triggerer
        self.fixed_interval = fixed_interval
        self.on_blocked = arguments.one_of("on_blocked", on_blocked, arguments.OnBlocked)
        self.run_in_triggerer = run_in_triggerer
        self.getty_conn_id = getty_conn_id
        if run_in_triggerer:
            self.start_from_trigger = True
            self.start_trigger_args = in_triggerer.start_trigger_args(self)

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Map the sensor; :func:`~.in_triggerer.refuse_mapping` says where that is not possible."""
        if kwargs.get("run_in_triggerer"):
            in_triggerer.refuse_mapping(kwargs.get("task_id", ""))
        return super().partial(**kwargs)

    @cached_property
    def hook(self) -> GettyHook:
        """The hook of the connection."""
        return GettyHook(self.getty_conn_id)

    def execute(self, context: Context) -> Any:
        """Wait; at the timeout, the error names the generation and says what became of its credit."""
        from airflow_provider_getty.api.errors import Credit, DeadlineExceededError  # noqa: PLC0415

        try:
            return super().execute(context)
        except AirflowSensorTimeout as timeout:
            asked = f"Status of generation {arguments.generation_request_id(self.generation_request_id)}"
            error = DeadlineExceededError(str(timeout), asked=asked, credit=Credit.COMMITTED)
            raise AirflowSensorTimeout(str(error)) from None

    def poke(self, context: Context) -> bool | PokeReturnValue:  # noqa: ARG002
        """Ask once; if the generation is pending, a deferrable sensor goes on in the triggerer."""
        from airflow_provider_getty.api.errors import GettyError  # noqa: PLC0415
        from airflow_provider_getty.api.operations import GetGeneration  # noqa: PLC0415
        from airflow_provider_getty.api.results import Generation  # noqa: PLC0415
        from airflow_provider_getty.generating.outcomes import accept, fail  # noqa: PLC0415

        source = self.generation_request_id
        if isinstance(source, Mapping) and source.get("status") == "completed":
            return PokeReturnValue(is_done=True, xcom_value=accept(dict(source), self.on_blocked))
        try:
            arguments.all_rendered(self, self.template_fields)
            poll = GetGeneration(generation_request_id=arguments.generation_request_id(source))
            answer = self.hook.get_conn().ask(poll)
        except GettyError as error:
            if not error.worth_waiting:
                fail(error)
            self.log.warning("%s Waiting.", error)
        else:
            if isinstance(answer, Generation):
                return PokeReturnValue(is_done=True, xcom_value=accept(answer.summary(), self.on_blocked))
            self.log.info("Generation %s is pending.", poll.generation_request_id)
        if self.deferrable:
            self._defer(poll.generation_request_id)
        return False

    def _defer(self, generation_request_id: str) -> NoReturn:
        from airflow_provider_getty.triggers.generation import TRIGGER_GRACE, GenerationTrigger  # noqa: PLC0415

        self.defer(
            trigger=GenerationTrigger(
                generation_request_id,
                deadline=clock.now() + self.timeout,
                getty_conn_id=self.getty_conn_id,
                poll_interval=self.fixed_interval,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=self.timeout + TRIGGER_GRACE),
        )

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:  # noqa: ARG002
        """Finish with what the trigger found out."""
        from airflow_provider_getty.generating.outcomes import Outcome, accept  # noqa: PLC0415

        outcome = Outcome.from_event(event)
        if outcome.generation is None:
            raise (AirflowSensorTimeout if outcome.timed_out else AirflowFailException)(outcome.error)
        return accept(outcome.generation, self.on_blocked)
