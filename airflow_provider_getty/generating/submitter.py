"""Performs the steps of :mod:`.submission` for a task, with Getty and Airflow's task state store."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_getty.api import clock, products
from airflow_provider_getty.api.driving import drive
from airflow_provider_getty.api.errors import (
    BadRequestError,
    GettyError,
    InvalidRequestError,
    SubmissionSupersededError,
)
from airflow_provider_getty.generating.claim import Claim
from airflow_provider_getty.generating.record import Policy, Record, Task, account_digest, same_id
from airflow_provider_getty.generating.steps import LookUp, Post, Save, Say, Step, Upload, Wait
from airflow_provider_getty.generating.submission import Submission

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.api.operations import GeneratingOperation
    from airflow_provider_getty.api.results import Generation, Pending
    from airflow_provider_getty.generating.request import Request
    from airflow_provider_getty.hooks.getty import GettyHook

log = logging.getLogger(__name__)

_KEY = "getty_submission"
_RETENTION = timedelta(days=184)  # Getty keeps generations for six months


class NotSentError(Exception):
    """Raised instead of sending a request whose record belongs to another process.

    It is not a ``GettyError``, so the client does not add its own context to it.
    """


@dataclass(frozen=True)
class SubmissionStore:
    """A task's :class:`.record.Record` in Airflow's task state store (3.3 and later), if there is one."""

    accessor: Any

    @property
    def exists(self) -> bool:
        """Whether there is a store."""
        return self.accessor is not None

    @classmethod
    def of(cls, context: Context) -> SubmissionStore:
        """The store of the task that runs."""
        return cls(context.get("task_state_store"))

    def load(self) -> Record | None:
        """The record, if there is one.

        :raises InvalidRequestError: this package did not write it.
        """
        document = self.accessor.get(_KEY) if self.accessor else None
        try:
            return Record.of(document) if document else None
        except TypeError:
            raise InvalidRequestError(
                f"The task's state {_KEY!r} cannot be read: this package did not write it.",
                advice="Delete it only if nothing was submitted: a task without it submits, and pays, again.",
            ) from None

    @property
    def owes(self) -> bool:
        """Whether the task has not returned something that was, or may have been, paid for."""
        try:
            record = self.load()
        except InvalidRequestError:
            return True
        return record is not None and record.is_owed

    def save(self, record: Record | None) -> None:
        """Store the record; None deletes it."""
        if not self.accessor:
            return
        if record is None:
            self.accessor.delete(_KEY)
        else:
            self.accessor.set(_KEY, record.as_json(), retention=_RETENTION)

    def deliver(self, generation_request_id: str) -> None:
        """Record that the task returns this generation, so that a clear by a person makes a new one."""
        if record := self._of(generation_request_id):
            self.save(replace(record, delivered=True))

    def forget(self, generation_request_id: str) -> None:
        """Forget this generation, which Getty has deleted, so that a clear makes a new one."""
        if self._of(generation_request_id):
            self.save(None)

    def doubt(self, generation_request_id: str) -> str | None:
        """Forget the id of this generation, which Getty did not find; return the marker to look up instead."""
        if not (record := self._of(generation_request_id)):
            return None
        self.save(record.doubted)
        return record.marker

    def _of(self, generation_request_id: str) -> Record | None:
        record = self.load()
        return record if record and same_id(record.generation_request_id, generation_request_id) else None


@dataclass(frozen=True)
class Submitted:
    """Getty's answer to a submission.

    :param is_adopted: whether an earlier try submitted it.
    """

    answer: Pending | Generation
    is_adopted: bool


@dataclass(frozen=True)
class Submitter:
    """Submits a task's request, or adopts what an earlier try of the task submitted.

    :param deadline: when to give up (``time.time()``).
    :param waits_for_slot: whether to wait, instead of raising, while the account has too many generations pending.
        A second 429 without a named limit counts as such.
    :param is_first_attempt: whether this try of the task has not submitted yet. An earlier refusal in the same try
        proves that it has already looked up what earlier tries did.
    """

    request: Request
    hook: GettyHook
    policy: Policy
    deadline: float
    waits_for_slot: bool = True
    is_first_attempt: bool = True

    def submit(self, context: Context) -> Submitted:
        """Run the submission until Getty has answered.

        :raises GettyError: see :meth:`.submission.Submission.submit`.
        """
        store = SubmissionStore.of(context)
        task = task_of(context, is_sure=store.exists or not self.is_first_attempt)
        claim = Claim(store, clock.now, is_kept=store.exists)
        client = self.hook.get_conn()
        steps = Submission(
            task=task,
            operation=self.request.operation,
            inputs=self.request.inputs,
            account=account_digest(self.hook.account),
            policy=self.policy,
            deadline=self.deadline,
            clock=clock.now,
            monotonic=clock.monotonic,
            ahead=lambda: client.ahead_of_getty,
            has_store=store.exists,
            waits_for_slot=self.waits_for_slot,
        ).submit(claim.load())
        is_adopted = True

        def do(step: Step) -> Any:
            nonlocal is_adopted
            is_adopted = is_adopted and not isinstance(step, Post)
            return self._do(step, claim, task)

        answer = drive(steps, do)
        log.info(
            "%s is generation %s, which is %s.",
            self.request.operation.asked,
            answer.generation_request_id,
            answer.status,
        )
        return Submitted(answer, is_adopted)

    def _do(self, step: Step, claim: Claim, task: Task) -> Any:
        match step:
            case Save(record, is_needed):
                return self._save(record, claim, is_needed=is_needed)
            case Upload():
                return self._upload(task.task_id)
            case Post(operation):
                return self._post(operation, claim)
            case LookUp(since):
                return list(self.hook.history(since=datetime.fromtimestamp(since, UTC)))
            case Wait(seconds):
                return clock.sleep(seconds)
            case Say(message, is_warning):
                return log.log(logging.WARNING if is_warning else logging.INFO, "%s", message)

    def _save(self, record: Record | None, claim: Claim, *, is_needed: bool) -> None:
        try:
            claim.save(record)
        except SubmissionSupersededError:
            raise
        except Exception as error:
            if not is_needed:
                log.warning(
                    "Airflow's task state store could not record that the request was refused (%s): the next try looks "
                    "in Getty's history before it submits.",
                    type(error).__name__,
                )
                return
            if record and record.generation_request_id:
                log.error("%s %s", self.request.operation.asked, record.if_not_kept)  # noqa: TRY400 - it is raised
            raise

    def _post(self, operation: GeneratingOperation, claim: Claim) -> Pending | Generation:
        def fence() -> None:
            try:
                claim.check()
            except SubmissionSupersededError as error:
                raise NotSentError(error) from None

        client = self.hook.get_conn()
        error: GettyError
        try:
            return client.ask(operation, before_send=fence)
        except NotSentError as lost:
            error = lost.args[0]
        except BadRequestError as refusal:
            error = products.explained(refusal, client, operation, marker=self.policy.marker)
        raise error

    def _upload(self, label: str) -> dict[str, Any]:
        upload = self.request.upload(label)
        if upload is None:
            return {}
        self.hook.get_conn().ask(upload, deadline=self.deadline)
        mask_url = self.hook.account.uploads_url + upload.file_name
        log.info("Uploaded the mask as %s.", mask_url)
        return {"mask_url": mask_url}


def task_of(context: Context, *, is_sure: bool) -> Task:
    """The running task, as Airflow's database describes it.

    :param is_sure: whether it is known without the marker what earlier tries did.
    """
    ti = context["ti"]
    run = context["dag_run"]
    return Task(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        map_index=-1 if ti.map_index is None else ti.map_index,
        round=ti.max_tries,
        try_number=ti.try_number,
        earlier=None if is_sure or ti.try_number <= 1 else (run.start_date or run.run_after).timestamp(),
    )
