"""A batch as a task runs it: from its items and its journal to its result, or to what is left in flight."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_getty.api import clock, products
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.batch import outcome
from airflow_provider_getty.batch.engine import Engine, Plan, progress_line
from airflow_provider_getty.batch.events import Began, Owner
from airflow_provider_getty.batch.items import Catalogue, Item, Items
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.journal_files import journal_file
from airflow_provider_getty.batch.progress import OnBlocked, Progress, Status
from airflow_provider_getty.hooks.getty import GettyHook, async_client_of
from airflow_provider_getty.inputs.storage import LocationLike

log = logging.getLogger(__name__)

_PLACE_PAUSE = (
    60.0  # seconds after which a full account may have a place again, though none of ours became free
)


@dataclass(frozen=True, kw_only=True)
class InFlight:
    """The batch has to wait, and needs no worker for it.

    :param generations: of each its item (from 0), its id, and when it was submitted (``time.time()``).
    :param enough: when so many are finished, it is worth to go on.
    :param until: go on then (``time.time()``) at the latest.
    :param stopped: why nothing more is submitted, if so.
    """

    generations: list[tuple[int, str, float]]
    enough: int
    until: float
    stopped: str


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The batch is over, for this try.

    :param manifest: see :func:`.outcome.manifest`.
    :param failure: what to tell people, if it has failed.
    :param may_retry: whether another try may do better without a person.
    """

    manifest: dict[str, Any]
    failure: str | None = None
    may_retry: bool = False


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch, and how it is run.

    :param report: told the counts every now and then, in a thread.
    :param client_of: makes the client, of the account and the connection's id.
    """

    hook: GettyHook
    items: Items
    journal: LocationLike
    plan: Plan
    fail_on: outcome.FailOn
    on_blocked: OnBlocked
    report: Callable[[Mapping[str, int]], object] = field(default=lambda _: None)
    client_of: Callable[[Account, str], AsyncGettyClient] = field(default=async_client_of)

    def begin(self) -> InFlight | Ended:
        """Check all items, and go on from what the journal knows of earlier tries.

        :raises InvalidRequestError: items cannot be used; nothing was sent.
        :raises OSError: the journal cannot be read or written.
        """
        file = journal_file(self.journal)
        with Journal(file, self._progress(Catalogue.of(self.items, self._check))) as journal:
            progress = journal.progress
            began = Began(Owner.of(self.plan.task), self.plan.task.round)
            if progress.succeeded and (progress.owner, progress.round) == (began.owner, began.round):
                log.info("The batch has ended already, in an earlier try.")
                return Ended(manifest=outcome.manifest(file.shown, progress))
            journal.begin(began)
            if progress.left_behind:
                log.warning(
                    "%d generations of the journal are of items that are no longer in the batch.",
                    progress.left_behind,
                )
            log.info("The batch begins: %s.", progress_line(progress.counts()))
            return self._go_on(journal, (), "")

    def go_on(self, finished: Collection[int], stopped: str) -> InFlight | Ended:
        """Go on in the same try.

        :param finished: the items (from 0) whose generations have been seen to finish.
        :param stopped: see :class:`InFlight`.
        """
        with Journal(journal_file(self.journal), self._progress(Catalogue.of(self.items))) as journal:
            return self._go_on(journal, finished, stopped)

    def _progress(self, catalogue: Catalogue) -> Progress:
        return Progress(catalogue, self.on_blocked, downloads=self.plan.downloads is not None)

    def _check(self, item: Item) -> None:
        request = item.request_without_mask(self.hook.account)
        products.check_listed(self.hook.get_conn(), request.operation, marker=self.plan.policy.marker)

    def _go_on(self, journal: Journal, finished: Collection[int], stopped: str) -> InFlight | Ended:
        engine = asyncio.run(self._run(journal, finished, stopped))
        progress = journal.progress
        log.info("%s.", progress_line(progress.counts()))
        self.report(progress.counts())
        if not self.plan.waits and (waiting := self._in_flight(engine)):
            return waiting
        succeeded = outcome.succeeded(progress.counts(), self.fail_on, self.on_blocked)
        journal.end(succeeded=succeeded)
        manifest = outcome.manifest(journal.file.shown, progress)
        if succeeded:
            return Ended(manifest=manifest)
        may_retry = progress.may_retry or not (engine.stopped or engine.is_through)
        return Ended(
            manifest=manifest,
            failure=outcome.failure(manifest, engine.stopped, may_retry=may_retry),
            may_retry=may_retry,
        )

    async def _run(self, journal: Journal, finished: Collection[int], stopped: str) -> Engine:
        async with self.client_of(self.hook.account, self.hook.getty_conn_id) as client:
            engine = Engine(self.plan, self.items, client, journal, self.report, stopped)
            await engine.run(finished)
            return engine

    def _in_flight(self, engine: Engine) -> InFlight | None:
        progress = engine.journal.progress
        generations = [
            (index, entry.record.generation_request_id or "", entry.record.intended)
            for index, entry in progress.under_way()
            if progress.status(index) is Status.SUBMITTED
        ]
        is_refused = engine.is_full and not engine.stopped and clock.now() < self.plan.deadline
        if not generations and not is_refused:
            return None
        all_are_submitted = engine.is_through or engine.stopped
        return InFlight(
            generations=generations,
            enough=len(generations) if all_are_submitted else max(1, len(generations) // 2),
            until=min(self.plan.deadline, clock.now() + _PLACE_PAUSE)
            if is_refused
            else self._first_timeout(generations),
            stopped=engine.stopped,
        )

    def _first_timeout(self, generations: list[tuple[int, str, float]]) -> float:
        """When the first of them is given up, or the batch."""
        submitted = min(submitted for _, _, submitted in generations)
        return self.plan.until(submitted)
