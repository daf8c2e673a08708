"""GenerationSensor: wait until a generation is finished."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow.providers.common.compat.sdk import (
    AirflowSensorTimeout,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments, config
from airflow_provider_getty.inputs.rules import Check
from airflow_provider_getty.links.getty import GettyOriginalLink
from airflow_provider_getty.operators.checked import CheckedOperator
from airflow_provider_getty.sensors import in_triggerer

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.task_arguments import SensorArguments

_POKE_INTERVAL = 5.0


class GenerationSensor(CheckedOperator, BaseSensorOperator):
    """Waits until a generation is finished, in a worker (``poke``, ``reschedule``) or without one (``deferrable``).

    The result, in XCom, is the finished generation; see :class:`.GenerationOperator`. Temporary failures
    (429, 409, 5xx, broken connections) are retried until the timeout.

    :param generation_request_id: the generation: its id, or the result of the task that made it (``refine.output``).
    :param deferrable: whether to wait in the triggerer. Default: ``[operators] default_deferrable``.
    :param timeout: how long to wait, in seconds of wall-clock time or as a ``timedelta``. Default: ``[getty] timeout``
        of Airflow's configuration, read with the DAG file; 1 hour unless it is set.
    :param poke_interval: seconds between polls. Default: ``[getty] poll_interval``, also read with the DAG file; if
        that is not set, 5 seconds in a worker, and by the generation's age in the triggerer.
    :param on_blocked: what to do about images that Getty's content policy blocked: ``fail`` or ``skip`` if all are
        blocked, ``fail_any`` if any is, ``ignore`` accepts them.
    :param run_in_triggerer: whether the task also starts and ends in the triggerer, so that no process is started for
        it. On Airflow before 3.3, and in ``dag.test()``, the sensor is deferrable instead.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = ("generation_request_id", "getty_conn_id")
    template_fields_renderers: ClassVar[dict[str, str]] = {"generation_request_id": "json"}
    operator_extra_links = (GettyOriginalLink(), *CheckedOperator.operator_extra_links)
    ui_color = "#dff1f1"

    def __init__(
        self,
        *,
        generation_request_id: arguments.Generated,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        timeout: arguments.Seconds | None = None,
        poke_interval: arguments.Seconds | None = None,
        on_blocked: arguments.OnBlocked = "fail",
        run_in_triggerer: bool = False,
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[SensorArguments],
    ) -> None:
        times = {"timeout": timeout, "poke_interval": poke_interval}
        Check(kwargs["task_id"]).values(times)  # before Airflow's check, which does not name the task
        fixed_interval = config.poll_interval(arguments.seconds_given(poke_interval))
        limit = config.timeout(arguments.seconds_given(timeout))
        super().__init__(
            timeout=limit,
            poke_interval=fixed_interval or min(_POKE_INTERVAL, limit),
            **kwargs,
        )
        self.generation_request_id = generation_request_id
        self.deferrable = deferrable
        self.fixed_interval = fixed_interval
        self.on_blocked = on_blocked
        self.run_in_triggerer = run_in_triggerer
        self.getty_conn_id = getty_conn_id
        self._check().required(generation_request_id=generation_request_id)
        if run_in_triggerer:
            self.deferrable = True
            self.start_from_trigger = True
            self.start_trigger_args = in_triggerer.start_trigger_args(self)

    @classmethod
    def partial(cls, **kwargs: Any) -> Any:
        """Map the sensor; :func:`~.in_triggerer.refuse_mapping` says when that is impossible."""
        if kwargs.get("run_in_triggerer"):
            in_triggerer.refuse_mapping(kwargs.get("task_id", ""))
        return super().partial(**kwargs)

    def execute(self, context: Context) -> Any:
        """Wait. At the timeout, raise an error with the generation and what became of its credit."""
        try:
            return super().execute(context)
        except AirflowSensorTimeout as timeout:
            from airflow_provider_getty.sensors import _waiting  # noqa: PLC0415

            _waiting.time_out(self, timeout)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Poll once; if the generation is pending, a deferrable sensor continues in the triggerer."""
        from airflow_provider_getty.sensors import _waiting  # noqa: PLC0415

        return _waiting.poke(self, context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Finish with the outcome that the trigger reports."""
        from airflow_provider_getty.sensors import _waiting  # noqa: PLC0415

        return _waiting.complete(self, context, event)
