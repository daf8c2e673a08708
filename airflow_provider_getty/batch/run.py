"""Runs a batch for a task: from its items and its journal to its result, or to the generations left pending."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_getty.api import clock, products
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.batch import outcome
from airflow_provider_getty.batch.engine import BatchPlan, Engine
from airflow_provider_getty.batch.events import Began, Finished, Owner
from airflow_provider_getty.batch.items import Catalogue, Items
from airflow_provider_getty.batch.journal import Journal, journal_file
from airflow_provider_getty.batch.journal_files import JournalFile
from airflow_provider_getty.batch.progress import Progress, Status
from airflow_provider_getty.batch.reporting import Reporter, counts_line
from airflow_provider_getty.generating.record import account_digest
from airflow_provider_getty.hooks.getty import GettyHook, async_client_of
from airflow_provider_getty.inputs.arguments import BatchOnBlocked, FailOn
from airflow_provider_getty.inputs.storage import LocationLike
from airflow_provider_getty.inputs.storage_errors import without_password

log = logging.getLogger(__name__)

_SLOT_PAUSE = 60.0
"""Seconds after which a full account may have a free slot again although no generation of this batch has finished."""


@dataclass(frozen=True, kw_only=True)
class Deferral:
    """The batch has to wait, and needs no worker meanwhile.

    :param generations: for each, the number of its item, its id, and when it was submitted (Unix time).
    :param enough: how many must finish before it is worthwhile to continue.
    :param until: when to continue at the latest (Unix time).
    :param stopped: why nothing more is submitted; empty while items are submitted.
    :param charged: how many charged generations the journal has.
    """

    generations: list[tuple[int, str, float]]
    enough: int
    until: float
    stopped: str
    charged: int


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """The batch has ended for this try.

    :param manifest: see :func:`.outcome.manifest`.
    :param failure: the parts of the message, as :func:`.outcome.fail` takes them; None if the batch succeeded.
    :param may_retry: whether another try may do better by itself.
    """

    manifest: dict[str, Any]
    failure: Mapping[str, str] | None = None
    may_retry: bool = False


@dataclass(kw_only=True)
class Batch:
    """A batch, and how it is run.

    :param fail_on: when the task fails.
    :param on_blocked: which items with blocked images count as failed.
    :param known: the batch's entry in Airflow's task state: the counts, ``round``, ``journal``, and ``succeeded``,
        which is None until a try has ended.
    :param store: replaces this entry.
    :param workers_share_disks: whether every later try sees the local disk of this one.
    :param client_of: makes the client; see :func:`~.hooks.getty.async_client_of`.
    """

    hook: GettyHook
    items: Items
    journal: LocationLike
    plan: BatchPlan
    fail_on: FailOn
    on_blocked: BatchOnBlocked
    known: Mapping[str, Any] = field(default_factory=dict)
    store: Callable[[Mapping[str, Any]], object] = field(default=lambda _: None)
    workers_share_disks: bool = True
    client_of: Callable[..., AsyncGettyClient] = field(default=async_client_of)
    progress: Progress | None = field(default=None, init=False)
    """The progress, once the journal is known to be complete and this batch's own; available after an error, too."""

    @property
    def where(self) -> str:
        """The location of the journal, complete enough to open it again."""
        return without_password(str(self.journal))

    def begin(self) -> Deferral | BatchResult:
        """Check all items and everything that is needed later; then continue where the journal's last try stopped.

        :raises InvalidRequestError: something cannot be used; nothing was sent.
        :raises OSError: the journal cannot be read or written, or another process is writing it.
        """
        catalogue = Catalogue.of(self.items, self._check)
        if self.plan.downloads:
            self.plan.downloads.check()
        file = journal_file(self.journal)
        if file.is_local and not self.workers_share_disks:
            log.warning(
                "The journal %s is on this worker's disk. If another worker runs this task later it does not find the "
                "journal there: use an object store, or a disk that all workers share.",
                file.shown,
            )
        with self._opened(file, catalogue) as journal:
            progress = journal.progress
            if not self._is_over:
                self._check_is_complete(file, progress, int(self.known.get("charged", 0)))
                self._check_is_there(file, progress)
            began = Began(Owner.of(self.plan.task), self.plan.task.round)
            is_again = (progress.owner, progress.round) == (began.owner, began.round)
            # The items may be others since.
            is_done = outcome.succeeded(progress.counts(), self.fail_on, self.on_blocked)
            if progress.succeeded and is_again and is_done:
                log.info("An earlier try has already completed this batch.")
                return BatchResult(manifest=outcome.manifest(self.where, progress))
            journal.begin(began)
            self.progress = progress
            _check_what_is_left_behind(progress)
            log.info("The batch begins: %s.", counts_line(progress.counts()))
            return self._go_on(journal)

    def go_on(
        self, seen: Mapping[int, Finished | None], stopped: str = "", *, charged: int = 0
    ) -> Deferral | BatchResult:
        """Continue in the same try.

        :param seen: see :meth:`Engine.run`.
        :param stopped: see :class:`Deferral`, and so is ``charged``.
        """
        file = journal_file(self.journal)
        with self._opened(file, Catalogue.of(self.items)) as journal:
            self._check_is_complete(file, journal.progress, charged)
            self.progress = journal.progress
            _check_what_is_left_behind(journal.progress)
            return self._go_on(journal, seen, stopped)

    def _opened(self, file: JournalFile, catalogue: Catalogue) -> Journal:
        progress = Progress(catalogue, self.on_blocked, downloads=self.plan.downloads is not None)
        return Journal(file, progress)

    def _check(self, operation: GeneratingOperation) -> None:
        products.check_listed(self.hook.get_conn(), operation, marker=self.plan.policy.marker)

    @property
    def _is_over(self) -> bool:
        """Whether Airflow's task state describes a success that a person has cleared."""
        return bool(self.known.get("succeeded")) and self.known.get("round") != self.plan.task.round

    def _check_is_there(self, file: JournalFile, progress: Progress) -> None:
        """Refuse an empty journal after a try that has begun and not ended: it may have submitted anything.

        :raises InvalidRequestError: the journal is missing.
        """
        if self.known and self.known.get("succeeded", False) is None and progress.owner is None:
            raise self._lost(
                f"An earlier try of this batch has begun, but its journal {file.shown!r} is missing."
            )

    def _check_is_complete(self, file: JournalFile, progress: Progress, charged: int) -> None:
        """Refuse a journal with fewer generations than were charged: it is another one, or an old one.

        :raises InvalidRequestError: generations are missing.
        """
        counts = progress.counts()
        # A generation that Getty no longer knows has become unknown.
        found = counts["charged"] + counts["unknown"]
        if found < charged:
            raise self._lost(
                f"{charged} generations of this batch were charged, but the journal {file.shown!r} knows of {found}.",
            )

    def _lost(self, what: str) -> InvalidRequestError:
        before = self.known.get("journal", self.where)
        elsewhere = f" Before, the journal was {before}." if before != self.where else ""
        return InvalidRequestError(
            f"{what}{elsewhere} It must be where all workers reach it, such as in an object store; this worker cannot "
            "find it, or it was replaced. Nothing more was submitted, so nothing is paid for again.",
            advice="Put the journal back and clear the task. To begin again and pay again, delete the task's state "
            "'getty_batch' (and, while it is deferred, clear the task).",
        )

    def _go_on(
        self, journal: Journal, seen: Mapping[int, Finished | None] | None = None, stopped: str = ""
    ) -> Deferral | BatchResult:
        journal.progress.keep_to(account_digest(self.hook.account))
        reporter = Reporter(self._keep)
        reporter.keep(journal.progress.counts())
        engine = asyncio.run(self._run(journal, reporter, seen, stopped))
        progress = journal.progress
        if not self.plan.waits and (deferral := self._deferral(engine)):
            log.info(
                "%s. Waiting for %d generations without a worker.",
                counts_line(progress.counts()),
                len(deferral.generations),
            )
            reporter.keep(progress.counts())
            return deferral
        log.info("%s.", counts_line(progress.counts()))
        succeeded = outcome.succeeded(progress.counts(), self.fail_on, self.on_blocked)
        journal.end(succeeded=succeeded)
        reporter.keep(progress.counts())
        manifest = outcome.manifest(self.where, progress)
        if succeeded:
            return BatchResult(manifest=manifest)
        may_retry = progress.may_retry or not (engine.stopped or engine.is_through)
        return BatchResult(
            manifest=manifest,
            failure=outcome.failure(manifest, engine.stopped, may_retry=may_retry),
            may_retry=may_retry,
        )

    def _keep(self, counts: Mapping[str, int]) -> None:
        succeeded = self.progress.succeeded if self.progress else None
        self.store({**counts, "journal": self.where, "round": self.plan.task.round, "succeeded": succeeded})

    async def _run(
        self,
        journal: Journal,
        reporter: Reporter,
        seen: Mapping[int, Finished | None] | None,
        stopped: str,
    ) -> Engine:
        # The reporter logs the progress; a line per generation would be thousands of lines.
        account, getty_conn_id = self.hook.account, self.hook.getty_conn_id
        async with self.client_of(account, getty_conn_id, log_level=logging.DEBUG) as client:
            engine = Engine(self.plan, self.items, client, journal, reporter, stopped)
            await engine.run(seen)
            return engine

    def _deferral(self, engine: Engine) -> Deferral | None:
        progress = engine.journal.progress
        generations = [
            (item.number, entry.record.generation_request_id or "", entry.record.intended)
            for item, entry in progress.under_way()
            if progress.status(item.number) is Status.SUBMITTED
        ]
        is_refused = engine.is_full and not engine.stopped and clock.now() < self.plan.deadline
        if not generations and not is_refused:
            return None
        all_are_submitted = engine.is_through or engine.stopped
        return Deferral(
            generations=generations,
            enough=len(generations) if all_are_submitted else max(1, len(generations) // 2),
            until=min(self.plan.deadline, clock.now() + _SLOT_PAUSE)
            if is_refused
            else self._first_timeout(generations),
            stopped=engine.stopped,
            charged=progress.counts()["charged"],
        )

    def _first_timeout(self, generations: list[tuple[int, str, float]]) -> float:
        """When the first of them, or the batch, is given up (Unix time)."""
        submitted = min(submitted for _, _, submitted in generations)
        return self.plan.until(submitted)


def _check_what_is_left_behind(progress: Progress) -> None:
    """Warn of generations that an edit of the items leaves behind.

    :raises InvalidRequestError: no item is left: the file was cut off, or is being written just now.
    """
    if not (left := progress.left_behind):
        return
    what = (
        f"Generations that are, or may be, paid and belong to none of them now: {len(left)}, such as "
        f"{', '.join(left[:3])}."
    )
    if not len(progress.catalogue):
        raise InvalidRequestError(
            f"The requests have no items any more. {what}",
            advice="Put the items back and clear the task: it collects what is paid for. To give that up, mark the "
            "task as success.",
        )
    log.warning(
        "The items have been edited. %s If that is not meant, stop the task, put the items back and clear it: it "
        "collects them. The journal has all of them.",
        what,
    )
