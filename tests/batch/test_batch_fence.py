"""One process at a time writes a journal and submits, on every store; who lost it sends nothing more."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch import journal, journal_files, stored_journal
from airflow_provider_getty.batch.events import Began, Owner, encode
from airflow_provider_getty.batch.items import Catalogue, Items
from airflow_provider_getty.batch.journal import CONFIRMED_FOR, Journal, journal_file
from airflow_provider_getty.batch.journal_files import JournalBusyError, JournalError, JournalTakenError
from airflow_provider_getty.batch.progress import Progress
from airflow_provider_getty.batch.submitting import ItemSubmitter
from airflow_provider_getty.inputs.storage import locate
from tests.support.batch_runs import batch, charges, generates, manifest
from tests.support.real_stores import S3Bucket, sftp_server

pytestmark = pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented")

BEGAN = encode(Began(Owner(dag_id="d", run_id="r", task_id="t"), 0), None, at=0)


@pytest.fixture(params=["a disk without locks", "memory", "S3", "SFTP"])
def where(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A journal on each kind of store."""
    match request.param:
        case "a disk without locks":
            monkeypatch.setattr(journal_files, "_lock", lambda file, shown: None)
            yield str(tmp_path / "journal.jsonl")
        case "memory":
            yield "memory://bucket/journal.jsonl"
            MemoryFileSystem.store.clear()
        case "S3":
            yield request.getfixturevalue("s3").at("journal.jsonl")
        case "SFTP":
            with sftp_server(tmp_path) as folder:
                yield folder.at("journals/journal.jsonl")


def content(where: Any) -> list[bytes]:
    file = journal_file(where)
    file.open()
    with closing(file):
        return list(file.lines())


def test_who_opens_a_journal_takes_it_over_and_the_other_writes_nothing_more(where: Any) -> None:
    older = journal_file(where)
    older.open()
    older.append(BEGAN)
    newer = journal_file(where)
    newer.open()
    assert list(newer.lines()) == [BEGAN]
    newer.append(b"newer\n")

    for action in (older.confirm, lambda: older.append(b"older\n"), older.join):
        if action == older.join and isinstance(older, journal_files.LocalJournal):
            continue
        with pytest.raises(JournalTakenError, match="submits nothing more"):
            action()
    older.close()
    newer.append(b"newest\n")
    newer.join()
    newer.close()
    assert content(where) == [BEGAN, b"newer\n", b"newest\n"]


def test_joined_and_gone_the_newer_one_still_stops_the_older(where: Any) -> None:
    older, newer = journal_file(where), journal_file(where)
    older.open()
    older.append(BEGAN)
    newer.open()
    list(newer.lines())
    newer.append(b"newer\n")
    newer.join()
    newer.close()

    with pytest.raises(JournalTakenError):
        older.append(b"older\n")
    older.close()
    assert content(where) == [BEGAN, b"newer\n"]


def test_of_two_that_open_a_journal_at_once_one_is_refused_or_stopped(s3: S3Bucket) -> None:
    files: list[Any] = [journal_file(s3.at("at-once.jsonl")) for _ in range(2)]
    barrier = threading.Barrier(2)
    for file in files:
        publish = file._publish

        def publish_together(*arguments: Any, publish: Any = publish) -> None:
            if not arguments[1]:  # the claim
                barrier.wait(30)
            publish(*arguments)

        file._publish = publish_together

    def begin(file: Any) -> bool:
        try:
            file.open()
            file.append(BEGAN)
            file.confirm()
        except (JournalBusyError, JournalTakenError):
            return False
        return True

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(begin, files)) == [False, True]


@pytest.mark.real_time
def test_two_batches_on_one_s3_journal_pay_for_each_item_once(
    getty: Emulator, s3: S3Bucket, tmp_path: Path
) -> None:
    """Without a fence: 60 charges for 30 items, and both successful."""
    getty.fault("stay-pending", "generate", times=None)
    getty.fault("finish-at-once", "get-generation", times=None)

    def run(_: int) -> object:
        try:
            return batch(generates(30), tmp_path, journal=s3.at("two.jsonl"), max_in_flight=3).begin()
        except JournalError as error:
            return error

    with ThreadPoolExecutor(2) as threads:
        ended = list(threads.map(run, range(2)))

    assert set(charges(getty).values()) <= {1}
    lost = [each for each in ended if isinstance(each, JournalError)]
    for each in ended:
        if each not in lost:
            assert manifest(each)["charged"] == 30
    # Both may have been stopped, by each other; a retry continues from what they wrote.
    assert manifest(run(2))["charged"] == 30
    assert getty.ledger()["total"] == 30
    assert set(charges(getty).values()) == {1}


@pytest.mark.real_time  # the frozen writer's event loop stands still, which virtual time would wait for
@pytest.mark.parametrize("store", ["S3", "a disk without locks"])
@pytest.mark.parametrize("frozen", ["before the intent", "after the intent"])
def test_a_writer_that_thaws_after_another_took_over_sends_nothing(
    getty: Emulator,
    s3: S3Bucket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    store: str,
    frozen: str,
) -> None:
    """Without a fence: 8 of 400 items paid twice."""
    monkeypatch.setattr(journal_files, "_lock", lambda file, shown: None)
    monkeypatch.setattr(journal, "CONFIRMED_FOR", 0.0)  # a freeze takes longer than that
    monkeypatch.setattr(journal.Journal, "confirm", _always_confirm)
    where = s3.at("frozen.jsonl") if store == "S3" else str(tmp_path / "journal.jsonl")
    thaw, is_frozen = threading.Event(), threading.Event()
    step = "_save" if frozen == "before the intent" else "_post"
    really, times = getattr(ItemSubmitter, step), itertools.count(1)

    async def freeze(self: ItemSubmitter, *arguments: Any) -> Any:
        if next(times) == 4 and not is_frozen.is_set():
            while self.journal._writing or self.journal._gathered:
                await self.journal.written()  # a thread would write on, which a frozen process does not have
            is_frozen.set()
            thaw.wait(60)  # the whole event loop stands still
        return await really(self, *arguments)

    def run_older() -> object:
        try:
            # One item at a time: no other one stands between its confirmation and its request.
            return batch(generates(12), tmp_path, journal=where, max_in_flight=1).begin()
        except OSError as error:
            return error

    with mock.patch.object(ItemSubmitter, step, freeze), ThreadPoolExecutor(1) as thread:
        older = thread.submit(run_older)
        assert is_frozen.wait(60)
        newer = manifest(batch(generates(12), tmp_path, journal=where, max_in_flight=2).begin())
        paid = getty.ledger()["total"]
        thaw.set()
        assert isinstance(older.result(60), JournalTakenError)

    assert newer["charged"] == 12
    assert getty.ledger()["total"] == paid == 12
    assert set(charges(getty).values()) == {1}


async def _always_confirm(self: Journal) -> None:
    await asyncio.to_thread(self.file.confirm)


def test_what_was_seen_a_moment_ago_holds_and_a_frozen_process_looks_again(tmp_path: Path) -> None:
    catalogue = Catalogue.of(Items(generates(1)))
    looked: list[float] = []

    async def confirm_twice(own: Journal, pause: float) -> None:
        await own.confirm()
        await clock.pause(pause)
        await own.confirm()

    for pause, expected in ((0.0, 1), (CONFIRMED_FOR + 0.01, 2)):
        looked.clear()
        with Journal(journal_file(str(tmp_path / f"{pause}.jsonl")), Progress(catalogue)) as own:
            confirm = own.file.confirm

            def look(confirm: Any = confirm) -> None:
                looked.append(clock.now())
                confirm()

            own.file.confirm = look  # type: ignore[method-assign]
            asyncio.run(confirm_twice(own, pause))
            assert len(looked) == expected


@pytest.mark.parametrize(
    "foreign",
    [b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40, b'{"prompt": "a"}\n{"prompt": "b"}', b"x", b"\0" * 20_000],
    ids=["a JPEG", "items.jsonl", "a letter", "zeros"],
)
def test_a_file_that_is_no_journal_is_refused_and_left_as_it_is(where: Any, foreign: bytes) -> None:
    location = locate(where)
    with location.publishing() as file:
        file.write(foreign)
    with pytest.raises(InvalidRequestError, match="was left unchanged"):
        journal_file(where).open()
    with closing(location.open()) as file:
        assert file.read() == foreign


def test_a_journal_whose_first_line_is_torn_is_known(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for cut in range(1, len(BEGAN)):
        path.write_bytes(BEGAN[:cut])
        assert content(str(path)) == []


def test_a_journal_that_was_only_looked_at_leaves_nothing_behind(where: Any) -> None:
    file = journal_file(where)
    file.open()
    assert list(file.lines()) == []
    file.close()
    location = locate(where)
    assert not location.exists()
    if isinstance(file, stored_journal.StoredJournal):
        assert file._all() == []


def test_a_store_that_fails_for_a_moment_is_tried_again(
    getty: Emulator, s3: S3Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_journal, "_PAUSES", (0.0, 0.0))
    publish, failures = stored_journal.StoredJournal._publish, iter([True, True, False, True])

    def fails(self: Any, *arguments: Any) -> None:
        if arguments[1] and next(failures, False):
            raise OSError("SlowDown")
        publish(self, *arguments)

    monkeypatch.setattr(stored_journal.StoredJournal, "_publish", fails)
    assert manifest(batch(generates(3), tmp_path, journal=s3.at("slow.jsonl")).begin())["charged"] == 3
    assert getty.ledger()["total"] == 3


def test_a_journal_in_s3_is_one_object_when_a_try_has_ended(
    getty: Emulator, s3: S3Bucket, tmp_path: Path
) -> None:
    first = manifest(batch(generates(3), tmp_path, journal=s3.at("whole.jsonl")).begin())
    assert first["journal"] == "s3://pictures/whole.jsonl"
    assert list(s3.objects()) == ["whole.jsonl"]
    again = batch(generates(3), tmp_path, journal=s3.at("whole.jsonl")).begin()
    assert manifest(again) == first
    assert getty.ledger()["total"] == 3
