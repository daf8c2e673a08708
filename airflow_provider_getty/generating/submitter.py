"""What :mod:`..submission` decides is done here: with Getty, and with Airflow's task state store."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_getty.api import clock, products
from airflow_provider_getty.api.driving import drive
from airflow_provider_getty.api.errors import ConcurrentGenerationsError, Credit, GettyError
from airflow_provider_getty.generating.submission import (
    LookUp,
    Policy,
    Post,
    Record,
    Save,
    Step,
    Submission,
    Task,
    Upload,
    Wait,
)

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.api.operations import GeneratingOperation
    from airflow_provider_getty.api.results import Generation, Pending
    from airflow_provider_getty.generating.request import Request
    from airflow_provider_getty.hooks.getty import GettyHook

log = logging.getLogger(__name__)

_KEY = "getty_submission"
_RETENTION = timedelta(days=184)  # Getty keeps generations for six months


@dataclass(frozen=True)
class SubmissionStore:
    """A task's :class:`~..submission.Record` in Airflow's task state store (3.3 and later), if there is one."""

    accessor: Any

    @classmethod
    def of(cls, context: Context) -> SubmissionStore:
        """The store of the task that runs."""
        return cls(context.get("task_state_store"))

    def load(self) -> Record | None:
        """What is kept, if anything is."""
        document = self.accessor.get(_KEY) if self.accessor else None
        return Record(**document) if document else None

    def save(self, record: Record | None) -> None:
        """Keep the record, or forget what is kept."""
        if not self.accessor:
            return
        if record is None:
            self.accessor.delete(_KEY)
        else:
            self.accessor.set(_KEY, record.as_json(), retention=_RETENTION)

    def deliver(self) -> None:
        """Note that the task returns the result, so that a clear by a person makes a new one."""
        if record := self.load():
            self.save(replace(record, delivered=True))


@dataclass(frozen=True)
class Submitter:
    """Submits a task's request, or adopts what an earlier try of the task submitted.

    :param deadline: when to give up (``time.time()``).
    :param waits_for_place: whether to wait while the account has too many generations pending, rather than to raise.
    :param is_first_attempt: whether this try of the task has not submitted yet; a refused submission proves that it
        has made sure of what earlier tries did.
    """

    request: Request
    hook: GettyHook
    policy: Policy
    deadline: float
    waits_for_place: bool = True
    is_first_attempt: bool = True

    def submit(self, context: Context) -> Pending | Generation:
        """Do what the submission says, until it has an answer of Getty.

        :raises GettyError: see :meth:`..submission.Submission.submit`.
        """
        store = SubmissionStore.of(context)
        known = store.load()
        task = task_of(context, is_sure=store.accessor is not None or not self.is_first_attempt)
        steps = Submission(
            task=task,
            operation=self.request.operation,
            inputs=self.request.inputs,
            policy=self.policy,
            deadline=self.deadline,
        ).submit(known)
        adopted = True

        def do(step: Step) -> Any:
            nonlocal adopted
            adopted = adopted and not isinstance(step, Post)
            try:
                return self._do(step, store, task)
            except GettyError as error:
                if isinstance(step, Post) and error.credit is Credit.UNKNOWN:
                    log.warning("%s It is looked up in the generation history.", error)
                raise

        answer = drive(steps, do)
        generation = answer.generation_request_id
        if adopted:
            log.info(
                "Adopting generation %s, which an earlier try submitted: it costs no further credit.",
                generation,
            )
        else:
            log.info(
                "%s is generation %s, which is %s.", self.request.operation.asked, generation, answer.status
            )
            if known and known.generation_request_id and not known.delivered:
                log.warning(
                    "The inputs have changed: generation %s is left behind.", known.generation_request_id
                )
        return answer

    def _do(self, step: Step, store: SubmissionStore, task: Task) -> Any:
        match step:
            case Save(record):
                return store.save(record)
            case Upload():
                return self._prepare(task.task_id)
            case Post(operation):
                return self._post(operation)
            case LookUp(since):
                return list(self.hook.history(since=datetime.fromtimestamp(since, UTC)))
            case Wait(seconds):
                return clock.sleep(seconds)

    def _post(self, operation: GeneratingOperation) -> Pending | Generation:
        """Submit; what proves that nothing was created is waited out, but for a place only if told so."""
        not_for = () if self.waits_for_place else (ConcurrentGenerationsError,)
        return self.hook.get_conn().ask(operation, deadline=self.deadline, not_for=not_for)

    def _prepare(self, label: str) -> dict[str, Any]:
        """Upload the mask, if there is one, and return the fields that refer to it; check who will pay."""
        fields = self._upload(label)
        if self.is_first_attempt:
            products.check_listed(self.hook.get_conn(), self.request.operation, marker=self.policy.marker)
        return fields

    def _upload(self, label: str) -> dict[str, Any]:
        upload = self.request.upload(label)
        if upload is None:
            return {}
        self.hook.get_conn().ask(upload, deadline=self.deadline)
        mask_url = self.hook.account.uploads_url + upload.file_name
        log.info("Uploaded the mask as %s.", mask_url)
        return {"mask_url": mask_url}


def task_of(context: Context, *, is_sure: bool) -> Task:
    """The task that runs.

    :param is_sure: whether what earlier tries did is known otherwise than by the marker.
    """
    ti = context["ti"]
    # Grows with a clear by a person, and stays the same in Airflow's own retries.
    round_ = ti.max_tries - (ti.task.retries or 0)
    is_first_try = ti.try_number <= round_ + 1
    run = context["dag_run"]
    return Task(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        round=round_,
        began=clock.now(),
        earlier=None if is_sure or is_first_try else (run.start_date or run.run_after).timestamp(),
    )
