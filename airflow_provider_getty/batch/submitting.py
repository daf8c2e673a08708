"""Performs the steps of :mod:`~.generating.submission` for items of a batch, with Getty and the journal."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.driving import drive_async
from airflow_provider_getty.api.errors import ConcurrentGenerationsError
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.batch.events import Recorded
from airflow_provider_getty.batch.history import SharedHistory
from airflow_provider_getty.batch.items import Item
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.reporting import Reporter
from airflow_provider_getty.batch.slots import PendingSlots
from airflow_provider_getty.generating.record import Policy, Record, Task, account_digest
from airflow_provider_getty.generating.request import Request
from airflow_provider_getty.generating.steps import LookUp, Post, Save, Say, Step, Steps, Upload, Wait
from airflow_provider_getty.generating.submission import Submission
from airflow_provider_getty.inputs.storage_errors import unreadable

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ItemSubmitter:
    """Submits items, each by the same rules as a single task.

    :param task: the task of the batch.
    :param deadline: when to give up (Unix time).
    :param waits: whether to wait, instead of raising, while the account has too many generations pending.
    """

    client: AsyncGettyClient
    journal: Journal
    reporter: Reporter
    history: SharedHistory
    slots: PendingSlots
    task: Task
    policy: Policy
    deadline: float
    waits: bool

    async def submit(self, item: Item) -> Pending | Generation:
        """Submit the item, or adopt what an earlier try submitted for it.

        :return: Getty's answer. A pending generation occupies a slot.
        :raises RateLimitError: a 429 shows that the account has no free slot, and this try does not wait.
        :raises GettyError: see :meth:`~.generating.submission.Submission.submit`.
        """
        request = await self._request(item)
        steps = self.steps(item, request)
        slot = _Slot(self.slots)
        try:
            answer = await drive_async(steps, lambda step: self._do(step, item, request, slot))
        except BaseException:
            slot.release()
            raise
        if isinstance(answer, Pending):
            slot.occupy()
        else:
            slot.release()
        return answer

    def steps(self, item: Item, request: Request) -> Steps[Pending | Generation]:
        """Return the steps of the item's submission."""
        entry = self.journal.progress.entry(item.number)
        return Submission(
            task=replace(self.task, map_index=item.number),
            operation=request.operation,
            inputs=request.inputs,
            account=account_digest(self.client.account),
            policy=self.policy,
            deadline=self.deadline,
            clock=clock.now,
            monotonic=clock.monotonic,
            ahead=lambda: self.client.ahead_of_getty,
            has_store=True,
            waits_for_slot=self.waits,
        ).submit(entry.record if entry else None)

    async def _request(self, item: Item) -> Request:
        account = self.client.account
        if "mask" not in item.written:
            request = item.request(account)
            warning = request.warning(account)
        else:
            request = await self._request_with_mask(item)
            warning = await clock.in_thread(request.warning, account)
        if warning:
            self.reporter.warned(self.journal.progress.ref(item), warning)
        return request

    async def _request_with_mask(self, item: Item) -> Request:
        try:
            return await clock.in_thread(item.request, self.client.account)
        except OSError as error:
            raise unreadable("Its mask", error) from error

    async def _do(self, step: Step, item: Item, request: Request, slot: _Slot) -> Any:
        match step:
            case Save(record):
                return await self._save(record, item)
            case Upload():
                return await self._upload(item, request)
            case Post(operation):
                return await self._post(operation, slot)
            case LookUp(since):
                return await self.history.items(since, self._marker(item))
            case Wait(seconds, refusal):
                if not (isinstance(refusal, ConcurrentGenerationsError) and slot.give_way()):
                    await clock.pause(seconds)
            case Say(message, is_warning):
                log.log(
                    logging.WARNING if is_warning else logging.INFO,
                    "%s: %s",
                    self.journal.progress.ref(item),
                    message,
                )
        return None

    async def _save(self, record: Record | None, item: Item) -> None:
        try:
            await self.journal.write(Recorded(record), self.journal.progress.ref(item))
        except Exception:
            if record and record.generation_request_id:
                log.error("Item %d %s", item.number, record.if_not_kept)  # noqa: TRY400 - it is raised
            raise

    def _marker(self, item: Item) -> str:
        entry = self.journal.progress.entry(item.number)
        return entry.record.marker if entry and self.policy.marker else ""

    async def _upload(self, item: Item, request: Request) -> dict[str, Any]:
        upload = request.upload(f"{self.task.task_id}-{item.number}")
        if upload is None:
            return {}
        await self.client.ask(upload, deadline=self.deadline)
        return {"mask_url": self.client.account.uploads_url + upload.file_name}

    async def _post(self, operation: GeneratingOperation, slot: _Slot) -> Pending | Generation:
        """Send the operation once there is a slot for it."""
        await slot.take()
        try:
            answer = await self.client.ask(operation, before_send=self.journal.confirm)
        except ConcurrentGenerationsError:
            self.slots.refused()
            raise
        self.slots.accepted()
        return answer


@dataclass
class _Slot:
    """An item's slot among the pending generations."""

    slots: PendingSlots
    is_taken: bool = False

    async def take(self) -> None:
        """Wait for a slot, unless the item already has one."""
        if not self.is_taken:
            await self.slots.take()
            self.is_taken = True

    def occupy(self) -> None:
        """Take a slot for a pending generation, even if none is free."""
        if not self.is_taken:
            self.slots.occupy()
            self.is_taken = True

    def release(self) -> None:
        """Give the slot back."""
        if self.is_taken:
            self.slots.release()
            self.is_taken = False

    def give_way(self) -> bool:
        """Release the slot and return True if other items of the batch have slots that they will release."""
        if self.slots.taken <= 1:
            return False
        self.release()
        return True
