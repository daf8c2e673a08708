"""The work of :class:`.generation.GenerationSensor`, imported when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowSensorTimeout, PokeReturnValue

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, DeadlineExceededError, GettyError
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.polling import CERTAIN_AFTER
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.generating.outcomes import GettySensorTimeout, Outcome, about, accept, fail
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.lineage.assets import announce, known_to_getty
from airflow_provider_getty.lineage.made import generated
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.generation import GenerationTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.sensors.generation import GenerationSensor


def poke(sensor: GenerationSensor, context: Context) -> bool | PokeReturnValue:
    """Poll once; if the generation is pending, a deferrable sensor continues in the triggerer.

    :raises GettyError: the poll failed, and a retry may help.
    :raises AirflowFailException: the poll failed for good.
    :raises TaskDeferred: the sensor waits in the triggerer.
    """
    try:
        source = sensor.generation_request_id
        if isinstance(source, Mapping) and source.get("status") == "completed":
            return PokeReturnValue(is_done=True, xcom_value=_accept(sensor, context, dict(source)))
        arguments.all_rendered(sensor, sensor.template_fields)
        poll = GetGeneration(generation_request_id=arguments.generation_request_id(source))
        answer = _ask(sensor, poll)
        if isinstance(answer, Generation):
            return PokeReturnValue(is_done=True, xcom_value=_accept(sensor, context, answer.summary()))
    except GettyError as error:
        fail(error, in_sensor=True)
    if sensor.deferrable:
        _defer(sensor, poll.generation_request_id)
    return False


def complete(sensor: GenerationSensor, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Finish with the outcome that the trigger reports."""
    try:
        return _accept(sensor, context, Outcome.from_event(event).finished())
    except GettyError as error:
        fail(error, in_sensor=True)


def _accept(sensor: GenerationSensor, context: Context, generation: dict[str, Any]) -> dict[str, Any]:
    """Return the generation if the policy on blocked images accepts it; report it to assets and OpenLineage."""
    result = accept(generation, sensor.on_blocked)
    sensor.made = (known_to_getty(sensor, generated(result, {})),)
    announce(sensor, context, sensor.made)
    return result


def time_out(sensor: GenerationSensor, timeout: AirflowSensorTimeout) -> NoReturn:
    """End a sensor that Airflow has timed out.

    :raises AirflowSensorTimeout: always.
    """
    if isinstance(timeout, GettySensorTimeout):
        raise timeout
    generation_request_id = arguments.generation_request_id(sensor.generation_request_id)
    fail(
        DeadlineExceededError(
            f"It is not finished: {timeout}",
            asked=f"Status of generation {generation_request_id}",
            credit=Credit.COMMITTED,
            generation_request_id=generation_request_id,
        ),
        in_sensor=True,
    )


def _ask(sensor: GenerationSensor, poll: GetGeneration) -> Generation | None:
    try:
        answer = _answer(sensor, poll)
    except GettyError as error:
        if not (error.worth_waiting or (error.doubtful and sensor.deferrable)):
            raise about(error, poll.generation_request_id) from None
        sensor.log.warning("%s Waiting.", error)
        return None
    if isinstance(answer, Generation):
        return answer
    sensor.log.info("Generation %s is pending.", poll.generation_request_id)
    return None


def _answer(sensor: GenerationSensor, poll: GetGeneration) -> Pending | Generation:
    """Poll once. After a refusal that may be a mistake of Getty's, poll until it counts, or leave it to the trigger."""
    client = sensor.hook.get_conn()
    try:
        return client.ask(poll)
    except GettyError as error:
        if not error.doubtful or sensor.deferrable:
            raise
        sensor.log.warning("%s Asking again.", error)
    try:
        generation: Generation = client.wait_for(poll, deadline=clock.now() + CERTAIN_AFTER)
    except DeadlineExceededError:
        return Pending(generation_request_id=poll.generation_request_id)
    return generation


def _defer(sensor: GenerationSensor, generation_request_id: str) -> NoReturn:
    sensor.defer(
        trigger=GenerationTrigger(
            generation_request_id,
            deadline=clock.now() + sensor.timeout,
            getty_conn_id=sensor.getty_conn_id,
            poll_interval=sensor.fixed_interval,
        ),
        method_name="execute_complete",
        timeout=timedelta(seconds=sensor.timeout + TRIGGER_GRACE),
    )
