"""The work of :class:`.generation.GenerationOperator`: imported when a task runs, never while a DAG file is parsed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import ConcurrentGenerationsError, GettyError, GoneError
from airflow_provider_getty.api.operations import GENERATING, GetGeneration
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.generating.outcomes import Outcome, accept, fail
from airflow_provider_getty.generating.request import Request, request_of
from airflow_provider_getty.generating.submission import Policy
from airflow_provider_getty.generating.submitter import SubmissionStore, Submitter
from airflow_provider_getty.triggers.generation import TRIGGER_GRACE, GenerationTrigger
from airflow_provider_getty.triggers.submission import SubmissionTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.operators.generation import GenerationOperator


def start(task: GenerationOperator, context: Context) -> dict[str, Any]:
    """Submit, or adopt what an earlier try submitted; then wait if the task waits."""
    return _generate_or_fail(task, context, deadline=clock.now() + task.timeout)


def submit_again(task: GenerationOperator, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Go on with a submission that Getty refused because too many generations were pending."""
    return _generate_or_fail(task, context, deadline=event["deadline"], refused=event["attempts"])


def complete(task: GenerationOperator, context: Context, event: dict[str, Any]) -> dict[str, Any]:
    """Finish with the outcome that the trigger reports."""
    outcome = Outcome.from_event(event)
    if outcome.generation is None:
        raise (AirflowException if outcome.timed_out else AirflowFailException)(outcome.error)
    SubmissionStore.of(context).deliver()
    return accept(outcome.generation, task.on_blocked)


def request(task: GenerationOperator) -> Request:
    """The request that the task's arguments describe. Nothing is sent.

    :raises GettyError: the arguments cannot be used.
    """
    written = {name: getattr(task, name) for name in task.names}
    return request_of(GENERATING[task.operation], written, task.hook.account)


def _generate_or_fail(
    task: GenerationOperator, context: Context, *, deadline: float, refused: int = 0
) -> dict[str, Any]:
    try:
        task.prepare(context)
        return _generate(task, context, deadline=deadline, refused=refused)
    except GettyError as error:
        fail(error)


def _generate(task: GenerationOperator, context: Context, *, deadline: float, refused: int) -> dict[str, Any]:
    policy = Policy(
        marker=task.marker == "notes", history_lag=task.history_lag, on_unsure=task.on_unsure_submission
    )
    submitter = Submitter(
        task.request(),
        task.hook,
        policy,
        deadline,
        waits_for_place=not task.deferrable,
        is_first_attempt=not refused,
    )
    try:
        answer = submitter.submit(context)
    except ConcurrentGenerationsError as error:
        if not task.deferrable or clock.now() >= deadline:
            raise
        task.log.info("%s Waiting without a worker.", error)
        _wait_for_place(task, deadline, attempts=refused + 1)
    store = SubmissionStore.of(context)
    if isinstance(answer, Pending) and task.wait_for_completion:
        try:
            answer = _wait(task, answer, deadline)
        except GoneError:
            store.save(None)  # so that a clear generates anew
            raise
    store.deliver()
    result = answer.summary()
    return result if isinstance(answer, Pending) else accept(result, task.on_blocked)


def _wait_for_place(task: GenerationOperator, deadline: float, *, attempts: int) -> NoReturn:
    raise TaskDeferred(
        trigger=SubmissionTrigger(attempts=attempts, deadline=deadline, getty_conn_id=task.getty_conn_id),
        method_name="submit_again",
        timeout=_until(deadline),
    )


def _wait(task: GenerationOperator, pending: Pending, deadline: float) -> Generation:
    generation_request_id = pending.generation_request_id
    if not task.deferrable:
        return task.hook.wait_for_generation(
            generation_request_id, deadline=deadline, poll_interval=task.poll_interval
        )
    submitted = clock.now()
    try:
        # The trigger's first poll comes only some seconds after this process has ended.
        answer = task.hook.get_conn().ask(GetGeneration(generation_request_id=generation_request_id))
    except GettyError as error:
        if not error.worth_waiting:
            raise
        task.log.warning("%s Waiting.", error)
    else:
        if isinstance(answer, Generation):
            return answer
    raise TaskDeferred(
        trigger=GenerationTrigger(
            generation_request_id,
            deadline=deadline,
            submitted=submitted,
            getty_conn_id=task.getty_conn_id,
            poll_interval=task.poll_interval,
            kind=task.operation,
        ),
        method_name="execute_complete",
        timeout=_until(deadline),
    )


def _until(deadline: float) -> timedelta:
    """How long Airflow leaves a deferred task to its trigger."""
    return timedelta(seconds=max(0.0, deadline - clock.now()) + TRIGGER_GRACE)
