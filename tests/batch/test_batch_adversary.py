"""A machine looks for a sequence of writers, kills, freezes and lost journals that pays for an item twice."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_getty.batch import journal_files, stored_journal
from airflow_provider_getty.batch.events import Began, Event, Finished, ItemRef, Owner, Recorded
from airflow_provider_getty.batch.items import Catalogue, Item, Items
from airflow_provider_getty.batch.journal import Journal, journal_file
from airflow_provider_getty.batch.journal_files import JournalError, LocalJournal
from airflow_provider_getty.batch.progress import Progress, Status
from airflow_provider_getty.generating.record import Record

OWNER = Owner(dag_id="dag", run_id="run", task_id="task")
PROMPTS = [f"picture {number}" for number in range(4)]


@dataclass
class Writer:
    """A process that runs the batch, with the steps of the item it is at."""

    journal: Journal
    items: dict[int, Item]
    steps: list[Any] = field(default_factory=list)


class ManyWriters(RuleBasedStateMachine):
    """Writers take steps in any order: what is frozen, and thawed, is one that takes none for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.patches: list[Any] = [
            mock.patch.object(journal_files, "_lock"),
            mock.patch("os.fsync"),
            mock.patch.object(stored_journal, "_MOST_PARTS", 3),
        ]
        for patch in self.patches:
            patch.start()
        self.prompts = PROMPTS[:2]
        self.names = False
        self.writers: list[Writer] = []
        self.paid: dict[str, list[str]] = {}
        """By prompt, the generations that Getty has charged: what its history shows."""
        self.journal_is_lost = False
        self.kept = 0
        """What Airflow's task state knows to be charged."""

    @initialize(is_local=st.booleans())
    def begin(self, is_local: bool) -> None:
        """On a disk without locks, or in an object store."""
        self.where = str(self.folder / "journal.jsonl") if is_local else "memory://adversary/journal.jsonl"

    def teardown(self) -> None:
        """Nothing is left to the next sequence."""
        for writer in self.writers:
            with suppress(OSError):
                writer.journal.file.close()
        for patch in self.patches:
            patch.stop()
        shutil.rmtree(self.folder)
        MemoryFileSystem.store.clear()

    @precondition(lambda self: len(self.writers) < 3)
    @rule()
    def another_process_runs_the_batch(self) -> None:
        requests = [
            {"prompt": prompt} | ({"name": f"name {prompt}"} if self.names else {}) for prompt in self.prompts
        ]
        items = Items(requests, "generate")
        catalogue = Catalogue.of(items)
        journal = Journal(journal_file(self.where), Progress(catalogue))
        try:
            journal.__enter__()
            if journal.progress.counts()["charged"] < self.kept:  # as Batch refuses it
                journal.file.close()
                return
            self._append(journal, Began(OWNER, 0))
        except JournalError:
            with suppress(OSError):
                journal.file.close()
            return
        numbered = {item.number: item for item in items if isinstance(item, Item)}
        self.writers.append(Writer(journal, numbered))

    @precondition(lambda self: self.writers)
    @rule(data=st.data(), times=st.integers(1, 5))
    def a_writer_goes_on(self, data: st.DataObject, times: int) -> None:
        writer = data.draw(st.sampled_from(self.writers))
        for _ in range(times):
            if writer in self.writers:
                self._take_a_step(writer)

    def _take_a_step(self, writer: Writer) -> None:
        progress = writer.journal.progress
        if not writer.steps:
            todo = [n for n in writer.items if progress.status(n) in (Status.NEW, Status.INTENDED)]
            if not todo:
                return
            item = writer.items[todo[0]]
            writer.steps = [(step, item) for step in ("adopt", "intend", "post", "record", "finish")]
        step, item = writer.steps.pop(0)
        try:
            getattr(self, f"_{step}")(writer, item)
        except JournalError:
            self._kill(writer)

    def _adopt(self, writer: Writer, item: Item) -> None:
        """Look an intent up in the history, which does not lag here."""
        entry = writer.journal.progress.entry(item.number)
        if entry and entry.status is Status.INTENDED and (found := self.paid.get(item.written["prompt"])):
            record = replace(entry.record, generation_request_id=found[-1])
            self._append(writer.journal, Recorded(record), writer.journal.progress.ref(item))
            writer.steps = [("finish", item)]

    def _intend(self, writer: Writer, item: Item) -> None:
        record = Record(fingerprint="f", marker=item.written["prompt"], round=0, intended=1.0)
        self._append(writer.journal, Recorded(record), writer.journal.progress.ref(item))

    def _post(self, writer: Writer, item: Item) -> None:
        writer.journal.file.confirm()
        paid = self.paid.setdefault(item.written["prompt"], [])
        paid.append(f"{item.written['prompt']}#{len(paid)}")

    def _record(self, writer: Writer, item: Item) -> None:
        entry = writer.journal.progress.entry(item.number)
        assert entry
        record = replace(entry.record, generation_request_id=self.paid[item.written["prompt"]][-1])
        self._append(writer.journal, Recorded(record), writer.journal.progress.ref(item))
        self.kept = max(self.kept, writer.journal.progress.counts()["charged"])

    def _finish(self, writer: Writer, item: Item) -> None:
        entry = writer.journal.progress.entry(item.number)
        assert entry
        finished = Finished(
            generation_request_id=entry.record.generation_request_id or "", seed=1, images=(0,), blocked=()
        )
        self._append(writer.journal, finished, writer.journal.progress.ref(item))

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def a_writer_is_killed(self, data: st.DataObject) -> None:
        writer = data.draw(st.sampled_from(self.writers))
        self.writers.remove(writer)  # without closing: its parts and its claim stay

    @precondition(lambda self: self.writers)
    @rule(data=st.data())
    def a_try_ends(self, data: st.DataObject) -> None:
        writer = data.draw(st.sampled_from(self.writers))
        if not writer.steps:
            with suppress(JournalError):
                writer.journal.end(succeeded=False)
            self._kill(writer)

    @rule(more=st.booleans(), names=st.booleans(), turned=st.booleans())
    def the_items_are_edited(self, more: bool, names: bool, turned: bool) -> None:
        self.prompts = (PROMPTS if more else PROMPTS[:2])[:: -1 if turned else 1]
        self.names = names

    @precondition(lambda self: self.kept)
    @rule()
    def the_journal_is_lost(self) -> None:
        if isinstance(journal_file(self.where), LocalJournal):
            Path(self.where).unlink(missing_ok=True)
        else:
            MemoryFileSystem.store.clear()

    def _kill(self, writer: Writer) -> None:
        self.writers.remove(writer)
        with suppress(OSError):
            writer.journal.file.close()

    @staticmethod
    def _append(journal: Journal, event: Event, item: ItemRef | None = None) -> None:
        if isinstance(event, Began):
            journal.begin(event)
        else:
            journal.note(event, item)  # type: ignore[arg-type]
            lines, journal._gathered = journal._gathered, []
            journal._append(b"".join(lines))

    @invariant()
    def no_item_is_paid_for_twice(self) -> None:
        assert all(len(paid) <= 1 for paid in self.paid.values()), self.paid


TestManyWriters = ManyWriters.TestCase
TestManyWriters.settings = settings(max_examples=100, stateful_step_count=30, deadline=None, derandomize=True)
