"""A machine looks for a sequence of writers, kills, freezes, lost answers and journals that pays for an item twice.

Writers do what :mod:`.submission` decides, on the journal and on the emulator's ledger, without sockets. ``make
adversary`` runs it for long; ``ADVERSARY_EXAMPLES`` says how long.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from fsspec.implementations.memory import MemoryFileSystem
from getty_emulator.in_process import Getty
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.batch import journal_files, stored_journal
from airflow_provider_getty.batch.events import Began, Failed, Finished, ItemEvent, Owner
from airflow_provider_getty.batch.history import SharedHistory
from airflow_provider_getty.batch.items import Catalogue, Item, Items
from airflow_provider_getty.batch.journal import CONFIRMED_FOR, Journal, journal_file
from airflow_provider_getty.batch.journal_files import JournalError, LocalJournal
from airflow_provider_getty.batch.progress import Progress, Status
from airflow_provider_getty.batch.reporting import Reporter
from airflow_provider_getty.batch.slots import PendingSlots
from airflow_provider_getty.batch.submitting import ItemSubmitter, _Slot
from airflow_provider_getty.generating.record import Policy, Task
from airflow_provider_getty.generating.request import Request
from airflow_provider_getty.generating.steps import Post, Save, Step
from tests.support.direct_getty import FATES, AsyncDirectClient, DirectClient, SettableClock

EXAMPLES = int(os.environ.get("ADVERSARY_EXAMPLES", "60"))
OWNER = Owner(dag_id="dag", run_id="run", task_id="task")
TASK = Task(dag_id="dag", run_id="run", task_id="task", map_index=-1, round=1, try_number=1)
PROMPTS = [f"picture {number}" for number in range(4)]
LAG = 60.0


@dataclass
class Writer:
    """A process that runs the batch, with the item it is at."""

    journal: Journal
    items: dict[int, Item]
    submitter: ItemSubmitter
    slot: _Slot
    item: Item | None = None
    request: Request | None = None
    steps: Any = None
    reply: Any = None
    finishes: list[str] = field(default_factory=list)
    """The generation that is to be noted as finished."""


class ManyWriters(RuleBasedStateMachine):
    """Writers take steps in any order: what is frozen, and thawed, is one that takes none for a while."""

    def __init__(self) -> None:
        super().__init__()
        forget()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SettableClock()
        self.stack = ExitStack()
        self.stack.enter_context(clock.replaced_by(self.clock))
        for patch in (
            mock.patch.object(journal_files, "_lock"),
            mock.patch("os.fsync"),
            mock.patch.object(stored_journal, "_MAX_PARTS", 3),
        ):
            self.stack.enter_context(patch)
        self.loop = self.stack.enter_context(asyncio.Runner())
        self.prompts = PROMPTS[:2]
        self.names = False
        self.writers: list[Writer] = []
        self.kept: int | None = None
        """The charges by Airflow's task state; None: no try has begun."""

    @initialize(is_local=st.booleans(), lag=st.sampled_from([0, 20, 59]))
    def begin(self, *, is_local: bool, lag: int) -> None:
        """On a disk without locks, or in an object store; a history that shows generations late."""
        self.where = str(self.folder / "journal.jsonl") if is_local else "memory://adversary/journal.jsonl"
        self.getty = Getty(strict=True, now=self.clock.now, seed=1)
        self.lag = lag
        self._switch_on()

    def _switch_on(self, **fault: Any) -> None:
        """Make the next submission go wrong, or none."""
        self.getty.clear_faults()
        if self.lag:
            self.getty.fault("history-lag", "generate", times=None, seconds=self.lag)
        if fault:
            self.getty.fault(fault.pop("fault"), "generate", times=1, **fault)

    def teardown(self) -> None:
        """Nothing is left to the next sequence."""
        for writer in self.writers:
            with suppress(OSError):
                writer.journal.file.close()
        self.stack.close()
        shutil.rmtree(self.folder)
        MemoryFileSystem.store.clear()

    @precondition(lambda self: len(self.writers) < 3)
    @rule(kills=st.sampled_from([False, False, True]))
    def another_process_runs_the_batch(self, *, kills: bool) -> None:
        """A retry by Airflow; the last process is dead, or still alive."""
        if kills and self.writers:
            self.writers.pop()  # without closing: its parts and its claim stay
        self.clock.time += 2 * CONFIRMED_FOR  # Airflow is not faster than that
        requests = [
            {"prompt": prompt} | ({"name": f"name {prompt}"} if self.names else {}) for prompt in self.prompts
        ]
        items = Items(requests, "generate")
        journal = Journal(journal_file(self.where), Progress(Catalogue.of(items)))
        try:
            journal.__enter__()
            counts = journal.progress.counts()
            is_gone = self.kept is not None and journal.progress.owner is None
            if is_gone or counts["charged"] + counts["unknown"] < (self.kept or 0):  # as Batch refuses it
                journal.file.close()
                return
            journal.begin(Began(OWNER, TASK.round))
        except JournalError:
            with suppress(OSError):
                journal.file.close()
            return
        self.kept = self.kept or 0
        self.writers.append(self._writer(journal, items))

    def _writer(self, journal: Journal, items: Items) -> Writer:
        account = Account(api_key="demo-key", api_secret="demo-secret")
        client: Any = AsyncDirectClient(DirectClient(self.getty, account))
        slots = PendingSlots()
        submitter = ItemSubmitter(
            client=client,
            journal=journal,
            reporter=Reporter(),
            history=SharedHistory(client),
            slots=slots,
            task=TASK,
            policy=Policy(history_lag=LAG),
            deadline=self.clock.time + 3600,
            waits=True,
        )
        numbered = {item.number: item for item in items if isinstance(item, Item)}
        return Writer(journal, numbered, submitter, _Slot(slots))

    @precondition(lambda self: self.writers)
    @rule(
        data=st.data(),
        times=st.sampled_from([1, 60, 60]),
        fate=st.sampled_from(["answered", "answered", "lost", "done", "refused"]),
        stops=st.booleans(),
    )
    def a_writer_goes_on(self, data: st.DataObject, times: int, fate: str, *, stops: bool) -> None:
        """For some steps, or to the end of an item; or until it has saved its intent, or the answer."""
        writer = data.draw(st.sampled_from(self.writers))
        fault = data.draw(st.sampled_from(FATES[fate]))
        for _ in range(times):
            try:
                step = self._take_a_step(writer, fault)
            except JournalError:
                self._kill(writer)
                return
            if stops and isinstance(step, Save):
                return

    def _take_a_step(self, writer: Writer, fault: dict[str, Any]) -> Step | None:
        if writer.finishes:
            generation = writer.finishes.pop()
            self._note(writer, Finished(generation_request_id=generation, seed=1, images=(0,), blocked=()))
            writer.steps = None
            return None
        if writer.steps is None and not self._begin_an_item(writer):
            return None
        try:
            step: Step = (
                writer.steps.throw(writer.reply)
                if isinstance(writer.reply, GettyError)
                else writer.steps.send(writer.reply)
            )
        except StopIteration as stop:
            writer.finishes = [stop.value.generation_request_id]
            return None
        except GettyError as error:
            self._note(writer, Failed(error=str(error), may_retry=error.may_retry))
            writer.steps = None
            return None
        if isinstance(step, Post):
            self._switch_on(**fault)
        assert writer.item
        assert writer.request
        try:
            writer.reply = self.loop.run(writer.submitter._do(step, writer.item, writer.request, writer.slot))
        except GettyError as error:
            writer.reply = error
        return step

    def _begin_an_item(self, writer: Writer) -> bool:
        progress = writer.journal.progress
        todo = [n for n in writer.items if progress.status(n) in (Status.NEW, Status.INTENDED)]
        if not todo:
            return False
        writer.item, writer.reply = writer.items[todo[0]], None
        writer.request = writer.item.request(writer.submitter.client.account)
        writer.steps = writer.submitter.steps(writer.item, writer.request)
        return True

    def _note(self, writer: Writer, event: ItemEvent) -> None:
        assert writer.item
        journal = writer.journal
        self.loop.run(journal.write(event, journal.progress.ref(writer.item)))
        self.kept = max(self.kept or 0, journal.progress.counts()["charged"])

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), what=st.sampled_from(["end", *["time"] * 2, *["edit"] * 2, "loss"]))
    def something_else_happens(self, data: st.DataObject, what: str) -> None:
        """In one rule, so that mostly writers go on."""
        match what:
            case "end":
                self._end_a_try(data.draw(st.sampled_from(self.writers)))
            case "time":  # everybody who takes no step is frozen for so long
                self.clock.time += data.draw(st.sampled_from([1.0, 10.0, 61.0, 400.0]))
            case "edit":
                kept = PROMPTS if data.draw(st.booleans(), "more") else PROMPTS[:2]
                self.prompts = kept[::-1] if data.draw(st.booleans(), "turned") else kept
                self.names = data.draw(st.booleans(), "names")
            case "loss" if data.draw(st.sampled_from([False] * 9 + [True])):  # nothing is submitted after it
                self._lose_the_journal()

    def _end_a_try(self, writer: Writer) -> None:
        if writer.steps is None:
            with suppress(JournalError):
                writer.journal.end(succeeded=False)
            self._kill(writer)

    def _lose_the_journal(self) -> None:
        if isinstance(journal_file(self.where), LocalJournal):
            Path(self.where).unlink(missing_ok=True)
        else:
            MemoryFileSystem.store.clear()

    def _kill(self, writer: Writer) -> None:
        self.writers.remove(writer)
        with suppress(OSError):
            writer.journal.file.close()

    @invariant()
    def no_item_is_paid_for_twice(self) -> None:
        """As no generation appears in the history later than a batch waits for it."""
        if hasattr(self, "getty"):
            paid = Counter(each["prompt"] for each in self.getty.generations())
            assert len(self.getty.ledger()["entries"]) == paid.total()
            assert all(times <= 1 for times in paid.values()), paid

    @invariant()
    def what_is_reported_is_what_was_charged(self) -> None:
        """Whoever has the journal knows of each charge, or says that it may have been made."""
        for writer in self.writers:
            try:
                writer.journal.file.confirm()
            except JournalError:
                continue
            counts = writer.journal.progress.counts()
            total = self.getty.ledger()["total"]
            assert counts["charged"] <= total <= counts["charged"] + counts["unknown"], (counts, total)


TestManyWriters = ManyWriters.TestCase
TestManyWriters.settings = settings(max_examples=EXAMPLES, stateful_step_count=30, deadline=None)
