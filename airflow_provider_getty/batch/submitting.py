"""What :mod:`..submission` decides for an item of a batch is done here: with Getty, and with the journal."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.driving import drive_async
from airflow_provider_getty.api.errors import (
    ConcurrentGenerationsError,
    Credit,
    GettyError,
    TransportError,
)
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.api.patience import Patience
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.batch.events import Recorded
from airflow_provider_getty.batch.history import SharedHistory
from airflow_provider_getty.batch.items import Item
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.slots import PendingSlots
from airflow_provider_getty.generating.request import Request
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

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ItemSubmitter:
    """Submits items, each by the rules of a task of its own.

    :param task: whose batch it is.
    :param deadline: when to give up (``clock.now()``).
    :param waits: whether to wait for a place where the account has too many pending generations.
    """

    client: AsyncGettyClient
    journal: Journal
    history: SharedHistory
    slots: PendingSlots
    task: Task
    policy: Policy
    deadline: float
    waits: bool

    async def submit(self, item: Item) -> Pending | Generation:
        """Submit the item, or adopt what an earlier try submitted for it.

        :return: what Getty answered. Something pending has a slot.
        :raises ConcurrentGenerationsError: there is no place, and it is not to wait for one.
        :raises GettyError: see :meth:`..submission.Submission.submit`.
        """
        request = await self._request(item)
        entry = self.journal.progress.entry(item.number)
        steps = Submission(
            task=replace(self.task, map_index=item.number),
            operation=request.operation,
            inputs=request.inputs,
            policy=self.policy,
            deadline=self.deadline,
        ).submit(entry.record if entry else None)
        has_place = False

        async def do(step: Step) -> Any:
            nonlocal has_place
            try:
                reply = await self._do(step, item, request)
            except GettyError as error:
                if isinstance(step, Post) and error.credit is Credit.UNKNOWN:
                    log.warning("Item %d: %s It is looked up in the generation history.", item.number, error)
                raise
            has_place = has_place or isinstance(reply, Pending)
            return reply

        answer = await drive_async(steps, do)
        if isinstance(answer, Pending) and not has_place:
            self.slots.occupy()
        return answer

    async def _request(self, item: Item) -> Request:
        if "mask" not in item.written:
            return item.request(self.client.account)
        try:
            return await clock.in_thread(item.request, self.client.account)
        except OSError as error:
            raise TransportError(
                f"Its mask cannot be read now: {error.strerror or type(error).__name__}.",
                asked=f"Item {item.number}",
                advice="Check that its storage can be reached from here.",
            ) from error

    async def _do(self, step: Step, item: Item, request: Request) -> Any:
        match step:
            case Save(record):
                return await self._save(record, item)
            case Upload():
                return await self._upload(item, request)
            case Post(operation):
                return await self._post(operation)
            case LookUp(since):
                return await self.history.items(since, self._marker(item))
            case Wait(seconds):
                return await clock.pause(seconds)

    async def _save(self, record: Record | None, item: Item) -> None:
        await self.journal.write(Recorded(record), self.journal.progress.ref(item))

    def _marker(self, item: Item) -> str:
        entry = self.journal.progress.entry(item.number)
        return entry.record.marker if entry and self.policy.marker else ""

    async def _upload(self, item: Item, request: Request) -> dict[str, Any]:
        upload = request.upload(f"{self.task.task_id}-{item.number}")
        if upload is None:
            return {}
        await self.client.ask(upload, deadline=self.deadline)
        return {"mask_url": self.client.account.uploads_url + upload.file_name}

    async def _post(self, operation: GeneratingOperation) -> Pending | Generation:
        """Send it when there is a place for it, which stays taken if it is pending then."""
        patience, failures = Patience(self.deadline), 0
        await self.slots.take()
        while True:
            try:
                await self.journal.confirm()  # before each attempt
                answer = await self.client.ask(operation)
            except GettyError as error:
                is_full = isinstance(error, ConcurrentGenerationsError)
                if is_full:
                    self.slots.refused()
                failures += 1
                delay = patience.after(error, failures, now=clock.now(), jitter=random.random())  # noqa: S311
                if delay is None or (is_full and not self.waits):
                    self.slots.release()
                    raise
            except BaseException:
                self.slots.release()
                raise
            else:
                self.slots.accepted()
                if isinstance(answer, Generation):
                    self.slots.release()
                return answer
            if is_full and self.slots.taken > 1:
                self.slots.release()  # until one of ours is finished
                await self.slots.take()
            else:
                await clock.pause(delay)
