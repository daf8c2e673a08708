"""Runs the items of a batch, a bounded number at a time, each from its submission to its last image."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeAlias

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.errors import (
    AuthenticationError,
    ConfigurationError,
    Credit,
    DailyLimitError,
    DeadlineExceededError,
    GettyError,
    GoneError,
    InvalidRequestError,
    NoProductsError,
    NotFoundError,
    QuotaExceededError,
    RateLimitError,
)
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.events import Downloaded, Failed, Finished, ItemRef, Recorded
from airflow_provider_getty.batch.history import SharedHistory
from airflow_provider_getty.batch.items import Item, Items
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.progress import Entry, Status
from airflow_provider_getty.batch.reporting import Reporter
from airflow_provider_getty.batch.slots import PendingSlots
from airflow_provider_getty.batch.submitting import ItemSubmitter
from airflow_provider_getty.generating.record import Policy, Task
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.inputs.storage_errors import reason_of

log = logging.getLogger(__name__)

Stage: TypeAlias = Callable[[], Awaitable[bool]]
"""Runs a stage of an item, such as its download, and all later ones; returns True if the item has ended."""

_CHUNK = 200  # items read at a time
_FIRST_POLL_IN = 0.5  # seconds after Getty has answered 202; later if the schedule says so

# A reason to refuse one item that applies to all of them.
_STOPS = (AuthenticationError, ConfigurationError, DailyLimitError, NoProductsError, QuotaExceededError)


@dataclass(frozen=True, kw_only=True)
class BatchPlan:
    """How a batch is run.

    :param task: the task of the batch.
    :param policy: how generations are submitted.
    :param deadline: when to give up (Unix time).
    :param max_in_flight: the most items under way at a time.
    :param generation_timeout: seconds after which this try stops waiting for a generation.
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param waits: whether to wait for generations; otherwise they are left pending.
    :param downloads: where images go; None: none are downloaded.
    :param kind: the operation of most items; typical durations are learned for each kind.
    """

    task: Task
    policy: Policy
    deadline: float
    max_in_flight: int
    generation_timeout: float
    poll_interval: float | None = None
    waits: bool = True
    downloads: Downloads | None = None
    kind: str = ""

    def until(self, submitted: float) -> float:
        """Return when to give up a generation that was submitted at this time (both Unix time)."""
        return min(self.deadline, submitted + self.generation_timeout)


@dataclass
class Engine:
    """Runs the items that have not ended according to the journal.

    :param reporter: logs the progress of the batch.
    :param stopped: why nothing more is submitted; empty while items are submitted.
    """

    plan: BatchPlan
    items: Items
    client: AsyncGettyClient
    journal: Journal
    reporter: Reporter
    stopped: str = ""
    is_full: bool = field(default=False, init=False)
    """Whether the account's limit of pending generations was reached and this try does not wait."""
    is_through: bool = field(default=False, init=False)
    """Whether all items have been submitted, or have failed."""
    _running: int = field(default=0, init=False)
    _left_pending: int = field(default=0, init=False)
    _item_ended: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _slots: PendingSlots = field(default_factory=PendingSlots, init=False)

    def __post_init__(self) -> None:
        self._submitter = ItemSubmitter(
            client=self.client,
            journal=self.journal,
            reporter=self.reporter,
            history=SharedHistory(self.client),
            slots=self._slots,
            task=self.plan.task,
            policy=self.plan.policy,
            deadline=self.plan.deadline,
            waits=self.plan.waits,
        )

    async def run(self, seen: Mapping[int, Finished | None] | None = None) -> None:
        """Run the items as far as possible now.

        :param seen: by item number, the generations that a trigger has seen finish; None for one that failed. None of
            them is left pending.
        :raises OSError: the journal cannot be written, or another process has taken it over.
        """
        try:
            async with asyncio.TaskGroup() as group:
                reporter = group.create_task(self.reporter.run(self.journal))
                await self._take_up(group, seen or {})
                await self._submit(group)
                await self._until(lambda: not self._running)
                self.is_through = self.is_through and not self.is_full
                reporter.cancel()
        except BaseExceptionGroup as trouble:
            raise trouble.exceptions[0] from None
        await self.journal.written()

    async def _take_up(self, group: asyncio.TaskGroup, seen: Mapping[int, Finished | None]) -> None:
        """Continue with the items that have been submitted."""
        for item, entry in self.journal.progress.under_way():
            finished = seen.get(item.number)
            if finished and finished.generation_request_id == entry.record.generation_request_id:
                self.journal.note(finished, item)
            if self.journal.progress.status(item.number) is Status.SUBMITTED:
                self._slots.occupy()
                is_late = clock.now() >= self.plan.until(entry.record.intended)
                if not (self.plan.waits or is_late or item.number in seen):
                    self._left_pending += 1
                    continue
                stage = partial(self._collect, item, entry)
            else:
                stage = partial(self._download, item, may_be_started=not finished)
            await self._until(lambda: self._running < self.plan.max_in_flight)
            self._start(group, item, stage)

    async def _submit(self, group: asyncio.TaskGroup) -> None:
        """Submit the other items, as far as there is room for them."""
        try:
            async with aclosing(self._unsubmitted()) as items:
                async for item in items:
                    await self._until(lambda: self._has_room or not self._running)
                    if (
                        not self._has_room
                        or self.stopped
                        or self.is_full
                        or clock.now() >= self.plan.deadline
                    ):
                        return
                    ref = self.journal.progress.ref(item)
                    self._start(group, ref, partial(self._bring, item, ref))
        except InvalidRequestError as error:  # what is under way is paid for, and continues
            self._stop(error.problem)
        else:
            self.is_through = True

    @property
    def _has_room(self) -> bool:
        return self._running + self._left_pending < self.plan.max_in_flight

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._item_ended.clear()
            await self._item_ended.wait()

    async def _unsubmitted(self) -> AsyncGenerator[Item, None]:
        """The items that are not submitted yet.

        :raises InvalidRequestError: the items have changed since they were checked, or cannot be read any more.
        """
        progress, left = self.journal.progress, len(self.journal.progress.catalogue)
        with closing(iter(self.items)) as unread:
            while chunk := await clock.in_thread(lambda: list(islice(unread, _CHUNK))):
                for item in chunk:
                    left -= 1
                    if not isinstance(item, Item) or not progress.catalogue.has(item):
                        raise _changed(item.at)
                    if progress.status(item.number) in (Status.NEW, Status.INTENDED):
                        yield item
        if left:
            raise _changed("their end")

    def _start(self, group: asyncio.TaskGroup, item: ItemRef, stage: Stage) -> None:
        self._running += 1
        group.create_task(self._run(item, stage))

    async def _run(self, item: ItemRef, stage: Stage) -> None:
        """Run an item's stage; count the item as left pending if it has not ended."""
        try:
            if not await stage():
                self._left_pending += 1
        except GettyError as error:
            self._fail(item, error)
        finally:
            self._running -= 1
            self._item_ended.set()

    async def _bring(self, item: Item, ref: ItemRef) -> bool:
        """Submit an item, and run it to its end unless it is left pending."""
        try:
            answer = await self._submitter.submit(item)
        except RateLimitError:
            if self.plan.waits:
                raise
            self.is_full = True
            return True  # for now: it is submitted once there may be a slot
        if isinstance(answer, Generation):
            return await self._finish(ref, answer)
        entry = self.journal.progress.entry(item.number)
        return bool(
            self.plan.waits and entry and await self._collect(ref, entry, first_poll_in=_FIRST_POLL_IN)
        )

    async def _collect(self, item: ItemRef, entry: Entry, *, first_poll_in: float = 0.0) -> bool:
        """Wait for the item's generation, and run the item to its end."""
        submitted = entry.record.intended
        poll = GetGeneration(generation_request_id=entry.record.generation_request_id or "")
        try:
            generation = await self.client.wait_for(
                poll,
                deadline=self.plan.until(submitted),
                interval=self.plan.poll_interval,
                submitted=submitted,
                first_poll_in=first_poll_in,
                kind=self.plan.kind,
            )
        except GoneError:
            # Another try generates it again.
            self.journal.note(Recorded(None), item)
            raise
        except NotFoundError:
            # Another try looks the generation up by its marker.
            self.journal.note(Recorded(entry.record.doubted), item)
            raise
        finally:
            self._slots.release()
        return await self._finish(item, generation)

    async def _finish(self, item: ItemRef, generation: Generation) -> bool:
        self.journal.note(Finished.of(generation), item)
        return await self._download(item, may_be_started=False)

    async def _download(self, item: ItemRef, *, may_be_started: bool) -> bool:
        entry = self.journal.progress.entry(item.number)
        downloads = self.plan.downloads
        if downloads and entry and entry.finished:
            try:
                files = await downloads.fetch(
                    AsyncGetty(self.client), item, entry.finished, may_be_started=may_be_started
                )
            except OSError as error:
                await self._not_written(item, downloads, error)
            else:
                self.journal.note(Downloaded(files), item)
        return True

    async def _not_written(self, item: ItemRef, downloads: Downloads, error: OSError) -> None:
        """Fail the item whose file cannot be written; stop the batch if the whole folder is not writable."""
        why = f"Its image cannot be written: {reason_of(error)}. Its generation is kept; another try downloads it."
        self._note_failure(item, why, may_retry=True)
        if self.stopped:
            return
        try:
            await clock.in_thread(downloads.check)
        except GettyError as problem:
            self._stop(problem.problem)

    def _fail(self, item: ItemRef, error: GettyError) -> None:
        self._note_failure(item, self._explain(item, error), may_retry=error.may_retry)
        if isinstance(error, _STOPS):
            self._stop(str(error))

    def _explain(self, item: ItemRef, error: GettyError) -> str:
        """Say what went wrong, and what became of the item's credit, of which the failed call knows only a part."""
        if isinstance(error, DeadlineExceededError):
            error = error.with_context(advice="Another try collects it; generation_timeout allows more time.")
        entry = self.journal.progress.entry(item.number)
        if entry is None or error.credit is not Credit.UNUSED:
            return str(error)
        is_submitted = entry.record.generation_request_id is not None
        credit = (
            "Its generation is paid for and kept; another try continues with it."
            if is_submitted
            else "An earlier attempt may have used a credit; another try looks it up."
        )
        return " ".join(filter(None, (f"{error.asked}:" if error.asked else "", error.problem, credit)))

    def _note_failure(self, item: ItemRef, error: str, *, may_retry: bool) -> None:
        self.reporter.failed(item, error)
        self.journal.note(Failed(error=error, may_retry=may_retry), item)

    def _stop(self, why: str) -> None:
        if not self.stopped:
            self.stopped = why
            log.error("Nothing more is submitted. %s", why)


def _changed(at: str) -> InvalidRequestError:
    return InvalidRequestError(f"The requests have changed since they were checked, at {at}.")
