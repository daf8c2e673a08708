"""The work of :class:`.batch.GettyBatchOperator`, imported when a task runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import TaskDeferred, conf

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError, InvalidRequestError
from airflow_provider_getty.batch import contact_sheet, outcome
from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.engine import BatchPlan
from airflow_provider_getty.batch.events import Finished
from airflow_provider_getty.batch.items import Items
from airflow_provider_getty.batch.made import made_items
from airflow_provider_getty.batch.outcome import spent
from airflow_provider_getty.batch.run import Batch, BatchResult, Deferral
from airflow_provider_getty.generating.record import Policy
from airflow_provider_getty.generating.submitter import task_of
from airflow_provider_getty.inputs import arguments, config
from airflow_provider_getty.inputs.folders import join
from airflow_provider_getty.inputs.storage_errors import reason_of, without_secrets
from airflow_provider_getty.lineage.assets import announce, has_alias
from airflow_provider_getty.lineage.made import Made
from airflow_provider_getty.triggers import TRIGGER_GRACE
from airflow_provider_getty.triggers.batch import BatchTrigger

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.operators.batch import GettyBatchOperator

log = logging.getLogger(__name__)

_KEY = "getty_batch"
_ON_ONE_MACHINE = ("LocalExecutor", "SequentialExecutor", "InProcessExecutor", "DebugExecutor")


def run(task: GettyBatchOperator, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Check all items; then continue where the journal stops, until all items have ended or are left pending.

    :param event: the event of a :class:`.BatchTrigger`, with the generations that it has seen finish.
    :return: the task's result; see :class:`.batch.GettyBatchOperator`.
    :raises GettyBatchException: the batch failed, and a retry may help.
    :raises GettyBatchFailException: the batch failed for good.
    :raises TaskDeferred: the batch waits in the triggerer.
    """
    deadline = clock.now() + task.timeout if event is None else event["deadline"]
    batch = None
    try:
        arguments.all_rendered(task, task.template_fields)
        batch = _batch(task, context, deadline)
        if event is None:
            result = batch.begin()
        else:
            result = batch.go_on(_seen(event["seen"]), event["stopped"], charged=event["charged"])
    except GettyError as error:
        advice = "" if error.advice == InvalidRequestError.default_advice else error.advice
        parts = {
            "Asked": f"{error.asked}:" if error.asked else "",
            "Answered": error.problem,
            "Credit": _spent(batch, event),
            "To do": advice or "Correct it and clear the task.",
        }
        outcome.fail(parts, may_retry=error.may_retry, error=error)
    except OSError as error:
        parts = {
            "Answered": f"The journal or the requests cannot be read or written: {reason_of(error)}.",
            "Credit": _spent(batch, event),
            "To do": "A retry continues from what is in the journal; what may be missing is looked for in Getty's "
            "history before it is submitted again.",
        }
        outcome.fail(parts, may_retry=True)
    return _end(task, context, result, deadline)


def _seen(seen: list[list[Any]]) -> dict[int, Finished | None]:
    """Read the list ``seen`` of a :class:`.BatchTrigger`."""
    found: dict[int, Finished | None] = {}
    for number, *finished in seen:
        found[number] = None
        if finished:
            generation_request_id, seed, images, blocked = finished
            found[number] = Finished(
                generation_request_id=generation_request_id,
                seed=seed,
                images=tuple(images),
                blocked=tuple(blocked),
            )
    return found


def _spent(batch: Batch | None, event: Mapping[str, Any] | None) -> str:
    """Say what became of the credits, according to the journal, Airflow's task state, or the event."""
    if batch and batch.progress:
        return spent(batch.progress.counts())
    nothing = "Nothing more was submitted" if event else "Nothing was submitted in this try"
    known = (batch.known if batch else None) or (event and {"charged": event["charged"], "unknown": 0})
    return f"{nothing}; before it: {spent(known)}" if known else f"{nothing}."


def made(task: GettyBatchOperator) -> Iterator[Made]:
    """Yield the outputs of the batch from its journal: each downloaded image, or the generation of an item without one.

    :raises GettyError: the requests cannot be used.
    :raises OSError: the requests or the journal cannot be read.
    """
    for each in made_items(_items(task), task.journal):
        known: dict[str, Any] = {
            "generation_request_id": each.finished.generation_request_id,
            "name": each.item.name,
            "seed": each.finished.seed,
            "arguments": each.item.written,
        }
        if not each.files:
            yield Made(**known)
        for index, file in zip(each.finished.shown, each.files, strict=False):
            yield Made(**known, index=index, file=join(str(task.download_to), file))


def _end(
    task: GettyBatchOperator, context: Context, result: Deferral | BatchResult, deadline: float
) -> dict[str, Any]:
    if isinstance(result, Deferral):
        raise TaskDeferred(
            trigger=BatchTrigger(
                in_flight=result.generations,
                enough=result.enough,
                until=result.until,
                deadline=deadline,
                stopped=result.stopped,
                charged=result.charged,
                getty_conn_id=task.getty_conn_id,
                poll_interval=config.poll_interval(task.poll_interval),
                kind=task.operation,
            ),
            method_name="execute_complete",
            timeout=timedelta(seconds=max(0.0, deadline - clock.now()) + TRIGGER_GRACE),
        )
    task.charged_so_far = result.manifest["charged"]
    if result.failure:
        outcome.fail(result.failure, may_retry=result.may_retry, manifest=result.manifest)
    _announce(task, context, result.manifest)
    return result.manifest | _contact_sheet(task)


def _contact_sheet(task: GettyBatchOperator) -> dict[str, Any]:
    """Write the contact sheet, if requested. If that fails, the batch does not: its images are paid for."""
    if not task.contact_sheet or task.download_to is None:
        return {}
    folder = str(task.download_to)
    pictures = (
        contact_sheet.Picture(
            file=file,
            label=each.item.name or str(each.item.number),
            prompt=str(each.item.written.get("prompt") or ""),
            seed=each.finished.seed,
            generation_request_id=each.finished.generation_request_id,
        )
        for each in made_items(_items(task), task.journal)
        for file in each.files
    )
    try:
        page = contact_sheet.write(folder, PurePosixPath(str(task.journal)).stem, pictures)
    except (GettyError, OSError) as error:
        log.warning("The contact sheet cannot be written: %s", error)
        return {}
    log.info("The contact sheet is %s.", without_secrets(page))
    return {"contact_sheet": without_secrets(page)}


def _items(task: GettyBatchOperator) -> Items:
    return Items(task.requests, task.operation, task.defaults or {})


def _announce(task: GettyBatchOperator, context: Context, manifest: dict[str, Any]) -> None:
    """Report the batch to Airflow's assets, and each file if there is an alias for them."""
    try:
        files = made(task) if has_alias(task) else ()
        announce(task, context, files, {name: manifest[name] for name in manifest if name != "failures"})
    except (GettyError, OSError) as error:
        log.warning("The asset events lack the files: %s", error)


def _batch(task: GettyBatchOperator, context: Context, deadline: float) -> Batch:
    owner = task_of(context, is_sure=True)
    if owner.map_index >= 0:  # the marker of an item holds its number instead
        owner = replace(owner, task_id=f"{owner.task_id}[{owner.map_index}]")
    plan = BatchPlan(
        task=owner,
        policy=Policy(
            marker=config.marker(task.marker) == "notes",
            history_lag=config.history_lag(task.history_lag),
            on_unsure=task.on_unsure_submission,
        ),
        deadline=deadline,
        max_in_flight=task.max_in_flight,
        generation_timeout=config.timeout(task.generation_timeout),
        poll_interval=config.poll_interval(task.poll_interval),
        waits=not task.deferrable,
        downloads=_downloads(task, deadline),
        kind=task.operation,
    )
    state = context.get("task_state_store")
    return Batch(
        hook=task.hook,
        items=_items(task),
        journal=task.journal,
        plan=plan,
        fail_on=task.fail_on,
        on_blocked=task.on_blocked,
        known=_known(state),
        store=partial(_keep, state),
        workers_share_disks=_workers_share_disks(task),
    )


def _downloads(task: GettyBatchOperator, deadline: float) -> Downloads | None:
    if task.download_to is None:
        return None
    options = task.download_options or {}
    if not isinstance(options, Mapping):
        raise InvalidRequestError(f"download_options is {type(options).__name__}; it must be a mapping.")
    return Downloads(
        folder=str(task.download_to),
        size_name=task.size_name,
        images=task.images,
        options=options,
        deadline=deadline,
    )


def _known(state: Any) -> Mapping[str, Any]:
    if state is None:  # before Airflow 3.3
        return {}
    known = state.get(_KEY)
    return known if isinstance(known, Mapping) else {}


def _keep(state: Any, document: Mapping[str, Any]) -> None:
    if state is not None:
        state.set(_KEY, dict(document))


def _workers_share_disks(task: GettyBatchOperator) -> bool:
    executors = task.executor or conf.get("core", "executor", fallback="LocalExecutor")
    return all(
        each.strip().rpartition(".")[2].rpartition(":")[2] in _ON_ONE_MACHINE for each in executors.split(",")
    )
