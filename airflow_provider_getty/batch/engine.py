"""Runs the items of a batch: some at a time, each from its submission to the last of its images."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Coroutine
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.errors import (
    AuthenticationError,
    ConcurrentGenerationsError,
    ConfigurationError,
    DailyLimitError,
    GettyError,
    GoneError,
    InvalidRequestError,
    NoProductsError,
    QuotaExceededError,
)
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.events import Downloaded, Failed, Finished, Kept
from airflow_provider_getty.batch.history import SharedHistory
from airflow_provider_getty.batch.items import Item, Items
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.places import GettyPlaces
from airflow_provider_getty.batch.progress import Status
from airflow_provider_getty.batch.submitting import Submitter
from airflow_provider_getty.generating.submission import Policy, Task
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.inputs.storage_errors import without_secrets

log = logging.getLogger(__name__)

_CHUNK = 200  # items read at a time
_REPORT_EVERY = 10.0
_FIRST_POLL_IN = 0.5  # of what Getty has just said to be pending; later if the schedule says so

# What is refused to one item for such a reason is refused to all.
_STOPS = (AuthenticationError, ConfigurationError, DailyLimitError, NoProductsError, QuotaExceededError)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a batch is run.

    :param task: whose batch it is.
    :param deadline: when to give up (``time.time()``).
    :param max_in_flight: how many items are under way at a time.
    :param generation_timeout: seconds after which a pending generation is given up, for this try.
    :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
    :param waits: whether to wait for generations; if not, they are left pending, each in its place.
    :param downloads: where images go, if they are wanted.
    :param kind: the operation of most items, for what is known of how long it takes.
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
        """When a generation is given up (``time.time()``) that was submitted then."""
        return min(self.deadline, submitted + self.generation_timeout)


@dataclass
class Engine:
    """Runs the items that the journal does not know as over.

    :param report: told the counts every now and then, in a thread.
    :param stopped: why nothing more is submitted, if so.
    """

    plan: Plan
    items: Items
    client: AsyncGettyClient
    journal: Journal
    report: Callable[[dict[str, int]], object] = lambda _: None
    stopped: str = ""
    is_full: bool = field(default=False, init=False)
    """Whether the account had no place for another generation, and it was not waited for one."""
    is_through: bool = field(default=False, init=False)
    """Whether all items have been submitted, or have failed."""
    _running: int = field(default=0, init=False)
    _left_pending: int = field(default=0, init=False)
    _ended: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _places: GettyPlaces = field(default_factory=GettyPlaces, init=False)

    def __post_init__(self) -> None:
        self._submitter = Submitter(
            client=self.client,
            journal=self.journal,
            history=SharedHistory(self.client),
            places=self._places,
            task=self.plan.task,
            policy=self.plan.policy,
            deadline=self.plan.deadline,
            waits=self.plan.waits,
        )

    async def run(self, finished: Collection[int] = ()) -> None:
        """Run until all is done that can be done now.

        :param finished: items (from 0) whose generations need not be left pending any longer.
        :raises OSError: the journal cannot be written.
        :raises InvalidRequestError: the items have changed since they were checked.
        """
        try:
            async with asyncio.TaskGroup() as group:
                reporter = group.create_task(self._report())
                await self._take_up(group, finished)
                await self._submit(group)
                await self._until(lambda: not self._running)
                reporter.cancel()
        except BaseExceptionGroup as trouble:
            raise trouble.exceptions[0] from None
        await self.journal.written()

    async def _take_up(self, group: asyncio.TaskGroup, finished: Collection[int]) -> None:
        """Go on with what is submitted already."""
        for index, entry in self.journal.progress.under_way():
            if self.journal.progress.status(index) is Status.SUBMITTED:
                self._places.occupy()
                is_late = clock.now() >= self.plan.until(entry.record.intended)
                if not (self.plan.waits or is_late or index in finished):
                    self._left_pending += 1
                    continue
            await self._until(lambda: self._running < self.plan.max_in_flight)
            self._start(group, index, self._collect(index))

    async def _submit(self, group: asyncio.TaskGroup) -> None:
        """Submit the rest, as far as there is room for it."""
        async with aclosing(self._unsubmitted()) as items:
            async for item in items:
                await self._until(lambda: self._has_room or not self._running)
                if not self._has_room or self.stopped or self.is_full or clock.now() >= self.plan.deadline:
                    return
                self._start(group, item.number - 1, self._bring(item))
        self.is_through = True

    @property
    def _has_room(self) -> bool:
        return self._running + self._left_pending < self.plan.max_in_flight

    async def _until(self, reached: Callable[[], bool]) -> None:
        while not reached():
            self._ended.clear()
            await self._ended.wait()

    async def _unsubmitted(self) -> AsyncGenerator[Item, None]:
        progress = self.journal.progress
        keys = progress.catalogue.keys
        with closing(iter(self.items)) as unread:
            while chunk := await clock.in_thread(lambda: list(islice(unread, _CHUNK))):
                for item in chunk:
                    index = item.number - 1
                    if index >= len(keys) or item.key != keys[index]:
                        raise InvalidRequestError(
                            f"The requests have changed since they were checked, at {item.at}."
                        )
                    if progress.status(index) in (Status.NEW, Status.INTENDED):
                        yield item

    def _start(self, group: asyncio.TaskGroup, index: int, work: Coroutine[Any, Any, bool]) -> None:
        self._running += 1
        group.create_task(self._run(index, work))

    async def _run(self, index: int, work: Coroutine[Any, Any, bool]) -> None:
        """Run an item's work, which says whether the item is over."""
        try:
            if not await work:
                self._left_pending += 1
        except ConcurrentGenerationsError as error:
            self.is_full = True
            if self.plan.waits:
                self._fail(index, error)
        except GettyError as error:
            self._fail(index, error)
        finally:
            self._running -= 1
            self._ended.set()

    async def _bring(self, item: Item) -> bool:
        """Submit an item, and go on to its end unless it is left pending."""
        answer = await self._submitter.submit(item)
        if isinstance(answer, Pending):
            return self.plan.waits and await self._collect(item.number - 1, first_poll_in=_FIRST_POLL_IN)
        return await self._finish(item.number - 1, answer)

    async def _collect(self, index: int, *, first_poll_in: float = 0.0) -> bool:
        """Wait for what is submitted, and go on to the item's end."""
        if self.journal.progress.status(index) is Status.GENERATED:
            return await self._download(index, may_be_started=True)
        try:
            generation = await self._wait(index, first_poll_in)
        except GoneError:
            # So that another try generates anew.
            self.journal.note(Kept(None), self.journal.progress.place(index))
            raise
        finally:
            self._places.leave()
        return await self._finish(index, generation)

    async def _wait(self, index: int, first_poll_in: float) -> Generation:
        entry = self.journal.progress.entry(index)
        if entry is None or entry.record.generation_request_id is None:
            raise LookupError(index)
        submitted = entry.record.intended
        return await self.client.wait_for(
            GetGeneration(generation_request_id=entry.record.generation_request_id),
            deadline=self.plan.until(submitted),
            interval=self.plan.poll_interval,
            submitted=submitted,
            first_poll_in=first_poll_in,
            kind=self.plan.kind,
        )

    async def _finish(self, index: int, generation: Generation) -> bool:
        finished = Finished(
            generation_request_id=generation.generation_request_id,
            seed=generation.seed,
            images=tuple(image.index for image in generation.results),
            blocked=tuple(image.index for image in generation.blocked),
        )
        self.journal.note(finished, self.journal.progress.place(index))
        return await self._download(index, may_be_started=False)

    async def _download(self, index: int, *, may_be_started: bool) -> bool:
        entry = self.journal.progress.entry(index)
        if self.plan.downloads and entry and entry.finished:
            place = self.journal.progress.place(index)
            try:
                files = await self.plan.downloads.fetch(
                    AsyncGetty(self.client), place, entry.finished, may_be_started=may_be_started
                )
            except OSError as error:
                where = without_secrets(self.plan.downloads.folder)
                self._stop(f"{where} cannot be written: {error.strerror or type(error).__name__}.")
                self._note_failure(index, self.stopped, may_retry=True)
            else:
                self.journal.note(Downloaded(files), place)
        return True

    def _fail(self, index: int, error: GettyError) -> None:
        self._note_failure(index, str(error), may_retry=error.may_retry)
        if isinstance(error, _STOPS):
            self._stop(str(error))

    def _note_failure(self, index: int, error: str, *, may_retry: bool) -> None:
        log.warning("Item %d failed. %s", index + 1, error)
        self.journal.note(Failed(error=error, may_retry=may_retry), self.journal.progress.place(index))

    def _stop(self, why: str) -> None:
        if not self.stopped:
            self.stopped = why
            log.error("Nothing more is submitted. %s", why)

    async def _report(self) -> None:
        while True:
            await clock.pause(_REPORT_EVERY)
            await self.journal.written()
            counts = self.journal.progress.counts()
            log.info("%s", progress_line(counts))
            await clock.in_thread(self.report, counts)


def progress_line(counts: dict[str, int]) -> str:
    """How far the batch is, in a line."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
