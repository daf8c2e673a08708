"""The work of :class:`.generation.GenerationOperator`, imported when a task runs."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import (
    Credit,
    DeadlineExceededError,
    GettyError,
    GoneError,
    NotFoundError,
    RateLimitError,
)
from airflow_provider_getty.api.operations import GENERATING, GetGeneration
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.generating.outcomes import Outcome, about, accept, fail
from airflow_provider_getty.generating.record import Policy
from airflow_provider_getty.generating.request import Request, argument_names, request_of
from airflow_provider_getty.generating.submitter import SubmissionStore, Submitter
from airflow_provider_getty.inputs import config
from airflow_provider_getty.inputs.storage_errors import unreadable
from airflow_provider_getty.lineage.assets import announce
from airflow_provider_getty.lineage.made import Made, generated
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.generation import GenerationTrigger
from airflow_provider_getty.triggers.submission import SubmissionTrigger

# Seconds after Getty has answered 202; later if the schedule says so.
_FIRST_POLL_IN = 0.5

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.operators.generation import GenerationOperator


def start(task: GenerationOperator, context: Context) -> dict[str, Any]:
    """Submit, or adopt what an earlier try submitted; then wait if the task waits."""
    return _generate_or_fail(task, context)


def submit_again(task: GenerationOperator, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Submit again after a 429, which may mean that too many generations were pending."""
    return _generate_or_fail(task, context, deadline=event["deadline"], refused=event["attempts"])


def complete(task: GenerationOperator, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Finish with the outcome that the trigger reports."""
    try:
        return _finish(task, context, Outcome.from_event(event).finished())
    except GettyError as error:
        _end(task, context, error)


def request(task: GenerationOperator) -> Request:
    """The request that the task's arguments describe. Nothing is sent.

    :raises GettyError: the arguments cannot be used, or the mask cannot be read now.
    """
    try:
        return request_of(GENERATING[task.operation], _written(task), task.hook.account)
    except OSError as error:
        raise unreadable("The mask", error) from error


def _written(task: GenerationOperator) -> dict[str, Any]:
    return {name: getattr(task, name, None) for name in argument_names(GENERATING[task.operation])}


def _generate_or_fail(
    task: GenerationOperator, context: Context, *, deadline: float | None = None, refused: int = 0
) -> dict[str, Any]:
    try:
        if deadline is None:
            deadline = clock.now() + config.timeout(task.timeout)
        task.prepare(context)
        return _generate(task, context, deadline=deadline, refused=refused)
    except GettyError as error:
        _end(task, context, error)


def _generate(task: GenerationOperator, context: Context, *, deadline: float, refused: int) -> dict[str, Any]:
    policy = Policy(
        marker=config.marker(task.marker) == "notes",
        history_lag=config.history_lag(task.history_lag),
        on_unsure=task.on_unsure_submission,
    )
    poll_interval = config.poll_interval(task.poll_interval)
    submitter = Submitter(
        task.request(),
        task.hook,
        policy,
        deadline,
        waits_for_slot=not task.deferrable,
        is_first_attempt=not refused,
    )
    try:
        submitted = submitter.submit(context)
    except RateLimitError as error:
        if not task.deferrable or clock.now() >= deadline:
            raise
        task.log.info("%s Waiting without a worker.", error)
        _wait_for_slot(task, deadline, attempts=refused + 1)
    answer = submitted.answer
    if isinstance(answer, Pending):
        if not task.wait_for_completion:
            SubmissionStore.of(context).deliver(answer.generation_request_id)
            return _report(task, context, answer.summary())
        answer = _wait(task, answer, deadline, poll_interval, is_adopted=submitted.is_adopted)
    return _finish(task, context, answer.summary())


def _finish(task: GenerationOperator, context: Context, generation: dict[str, Any]) -> dict[str, Any]:
    """Return the generation. It counts as delivered only if the policy on blocked images accepts it."""
    store = SubmissionStore.of(context)
    result = accept(generation, task.on_blocked, clear_adopts=store.exists)
    store.deliver(generation["generation_request_id"])
    return _report(task, context, result)


def _report(task: GenerationOperator, context: Context, result: dict[str, Any]) -> dict[str, Any]:
    """Return the result, and report it to Airflow's assets and OpenLineage."""
    task.made = (generated(result, _written(task)),)
    announce(task, context, task.made)
    return result


def _end(task: GenerationOperator, context: Context, error: GettyError) -> NoReturn:
    """Fail the task, with what its record adds to the error."""
    store = SubmissionStore.of(context)
    if error.generation_request_id:
        task.made = (Made(generation_request_id=error.generation_request_id, arguments=_written(task)),)
    if error.credit is Credit.UNUSED and store.owes:
        error = error.with_context(credit=Credit.EARLIER)
    if isinstance(error, GoneError) and error.generation_request_id:
        store.forget(error.generation_request_id)
    if isinstance(error, NotFoundError) and error.generation_request_id:
        marker = store.doubt(error.generation_request_id)
        if marker:
            error = error.with_context(
                advice=f"Clear the task: it looks for the marker {marker} in Getty's history, and submits again "
                "only if there is none."
            )
    if isinstance(error, DeadlineExceededError) and error.generation_request_id:
        error = error.with_context(
            advice="Clear the task: it keeps waiting for this generation."
            if store.exists
            else "Collect it with a GenerationSensor: cleared, the task submits again, as this Airflow keeps no state."
        )
    fail(error)


def _wait_for_slot(task: GenerationOperator, deadline: float, *, attempts: int) -> NoReturn:
    raise TaskDeferred(
        trigger=SubmissionTrigger(attempts=attempts, deadline=deadline, getty_conn_id=task.getty_conn_id),
        method_name="submit_again",
        timeout=_until(deadline),
    )


def _wait(
    task: GenerationOperator,
    pending: Pending,
    deadline: float,
    poll_interval: float | None,
    *,
    is_adopted: bool,
) -> Generation:
    generation_request_id = pending.generation_request_id
    if not task.deferrable:
        try:
            generation: Generation = task.hook.get_conn().wait_for(
                GetGeneration(generation_request_id=generation_request_id),
                deadline=deadline,
                interval=poll_interval,
                first_poll_in=0.0 if is_adopted else _FIRST_POLL_IN,
                kind=task.operation,
            )
        except GettyError as error:
            raise about(error, generation_request_id) from None
        return generation
    submitted = clock.now()
    # A new generation is pending. The trigger first polls it some seconds after this process has ended.
    if is_adopted and (finished := _poll(task, generation_request_id)):
        return finished
    raise TaskDeferred(
        trigger=GenerationTrigger(
            generation_request_id,
            deadline=deadline,
            submitted=submitted,
            getty_conn_id=task.getty_conn_id,
            poll_interval=poll_interval,
            kind=task.operation,
        ),
        method_name="execute_complete",
        timeout=_until(deadline),
    )


def _poll(task: GenerationOperator, generation_request_id: str) -> Generation | None:
    """Poll once: a generation that an earlier try submitted may be finished."""
    try:
        answer = task.hook.get_conn().ask(GetGeneration(generation_request_id=generation_request_id))
    except GettyError as error:
        if not (error.worth_waiting or error.doubtful):
            raise about(error, generation_request_id) from None
        task.log.warning("%s Waiting.", error)
        return None
    return answer if isinstance(answer, Generation) else None


def _until(deadline: float) -> timedelta:
    """How long Airflow leaves the deferred task to its trigger."""
    return timedelta(seconds=max(0.0, deadline - clock.now()) + TRIGGER_GRACE)
