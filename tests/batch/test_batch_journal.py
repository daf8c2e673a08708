"""The journal of a batch: durable, shared by many items, whole after a crash."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch import journal_files, stored_journal
from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Ended,
    Event,
    Failed,
    Finished,
    ItemRef,
    Owner,
    Recorded,
    decode,
    encode,
)
from airflow_provider_getty.batch.items import Catalogue, Items
from airflow_provider_getty.batch.journal import Journal, journal_file
from airflow_provider_getty.batch.journal_files import JournalBusyError, JournalFile
from airflow_provider_getty.batch.progress import Progress, Status
from airflow_provider_getty.generating.record import Record

CATALOGUE = Catalogue.of(Items([{"prompt": f"{number}"} for number in range(50)], "generate"))
OWNER = Owner(dag_id="dag", run_id="run", task_id="task")
FIRST = encode(Began(OWNER, 0), None, at=0)
INTENT = Record(fingerprint="f", marker="m", round=0, intended=1.5)
SUBMITTED = replace(INTENT, generation_request_id="id")
FINISHED = Finished(generation_request_id="id", seed=7, images=(0, 1), blocked=(1,))
EVENTS: list[Event] = [
    Began(OWNER, 0),
    Recorded(INTENT),
    Recorded(SUBMITTED),
    Recorded(None),
    FINISHED,
    Downloaded(("a.jpg", "b.jpg")),
    Failed(error="no «credit»\nleft", may_retry=True),
    Ended(succeeded=True, counts={"total": 1}),
]


def of(index: int) -> ItemRef:
    return ItemRef(index + 1, CATALOGUE.keys[index])


@pytest.fixture(params=["local", "object store"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    yield (
        str(tmp_path / "j" / "journal.jsonl") if request.param == "local" else "memory://bucket/journal.jsonl"
    )
    MemoryFileSystem.store.clear()


def content(where: str) -> list[bytes]:
    file = journal_file(where)
    file.open()
    try:
        return list(file.lines())
    finally:
        file.close()


def added(where: str, *additions: bytes) -> JournalFile:
    file = journal_file(where)
    file.open()
    for addition in additions:
        file.append(addition)
    return file


def die(file: JournalFile) -> None:
    """A process that dies unlocks its files; in an object store it leaves its parts as they are."""
    if isinstance(file, journal_files.LocalJournal):
        file.close()


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_a_line_says_what_it_was_made_of(event: Event) -> None:
    place = None if isinstance(event, Began | Ended) else ItemRef(3, 2**63, "Möbius")
    line = encode(event, place, at=1_700_000_000.123)
    assert line.count(b"\n") == 1
    assert decode(line) == (event, place)


def test_a_line_of_an_earlier_or_a_later_version_is_read() -> None:
    document = json.loads(encode(Recorded(INTENT), ItemRef(1, 2), at=0))
    del document["attempts"]
    document["later"] = 1
    event, _ = decode(json.dumps(document).encode())
    assert event == Recorded(INTENT)


@pytest.mark.parametrize("line", [b"{", b"[]", b"{}", b'{"event":"ended"}', b'{"event":"x"}', b"\0\0"])
def test_what_is_no_line_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode(line)


def test_what_was_added_is_there_in_its_order(where: str) -> None:
    die(added(where, FIRST + b"2\n", b"3\n"))
    added(where, b"4\n").close()

    assert content(where) == [FIRST, b"2\n", b"3\n", b"4\n"]


def test_joined_it_is_one_file_that_can_be_added_to(where: str) -> None:
    file = added(where, FIRST, b"2\n")
    file.join()
    file.close()
    file = added(where, b"3\n")
    file.join()
    file.close()
    die(added(where, b"4\n"))

    assert content(where) == [FIRST, b"2\n", b"3\n", b"4\n"]
    assert journal_file(where).shown == where


def test_in_an_object_store_few_parts_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_journal, "_MAX_PARTS", 4)
    where = "memory://bucket/few.jsonl"
    expected = [FIRST, *(b"%d\n" % number for number in range(1, 23))]
    added(where, *expected)

    assert content(where) == expected
    assert len(MemoryFileSystem.store) == 1 + 5 + 3
    MemoryFileSystem.store.clear()


@pytest.mark.parametrize("dies_in", ["_publish", "_remove"])
def test_a_death_while_parts_become_one_loses_and_repeats_nothing(
    monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    monkeypatch.setattr(stored_journal, "_MAX_PARTS", 3)
    where = "memory://bucket/dies.jsonl"
    file: Any = added(where, FIRST, b"2\n")
    really = getattr(file, dies_in)

    def die(*arguments: Any) -> None:
        if dies_in == "_remove" or arguments[0].first == 1:
            raise KeyboardInterrupt
        really(*arguments)

    monkeypatch.setattr(file, dies_in, die)
    with pytest.raises(KeyboardInterrupt):
        file.append(b"3\n")
    assert content(where) == [FIRST, b"2\n", b"3\n"]

    joining: Any = added(where, b"4\n")
    monkeypatch.setattr(joining, "_remove", lambda parts: None)
    joining.join()
    assert content(where) == [FIRST, b"2\n", b"3\n", b"4\n"]
    MemoryFileSystem.store.clear()


@given(cut=st.integers(1, 60))
def test_a_torn_last_line_is_cut(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = tmp_path_factory.mktemp("torn") / "journal.jsonl"
    whole, torn = FIRST, b"x" * 59 + b"\n"
    path.write_bytes(whole + torn[: min(cut, 59)])
    file = added(str(path), b"next\n")
    file.close()
    assert path.read_bytes() == FIRST + b"next\n"


def test_a_very_long_torn_line_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(FIRST + b"\0" * 300_000)
    added(str(path)).close()
    assert path.read_bytes() == FIRST


def test_one_process_writes_a_local_journal_at_a_time(tmp_path: Path) -> None:
    file = added(str(tmp_path / "journal.jsonl"))
    with pytest.raises(JournalBusyError):
        added(str(tmp_path / "journal.jsonl"))
    file.close()
    added(str(tmp_path / "journal.jsonl")).close()


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file: Any = added(str(tmp_path / "journal.jsonl"), FIRST)

    def half(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", half)
        with pytest.raises(OSError, match="No space"):
            file.append(b"2\n")
    file.append(b"3\n")
    file.close()
    assert content(str(tmp_path / "journal.jsonl")) == [FIRST, b"3\n"]


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="name a file"):
        journal_file(f"{tmp_path}/")


def opened(where: str) -> Journal:
    return Journal(journal_file(where), Progress(CATALOGUE))


def test_many_items_share_an_addition(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def write_all(journal: Journal) -> None:
        await asyncio.gather(*(journal.write(Recorded(INTENT), of(index)) for index in range(50)))

    syncs: list[int] = []
    with opened(str(tmp_path / "journal.jsonl")) as journal:
        journal.begin(Began(OWNER, 0))
        append = journal.file.append

        def counting_append(data: bytes) -> None:
            syncs.append(len(data))
            append(data)

        monkeypatch.setattr(journal.file, "append", counting_append)
        asyncio.run(write_all(journal))
    assert len(syncs) <= 3
    assert len(content(str(tmp_path / "journal.jsonl"))) == 51


def test_who_is_cancelled_takes_no_lines_along(tmp_path: Path) -> None:
    async def write_and_cancel(journal: Journal) -> None:
        cancelled = asyncio.create_task(journal.write(Recorded(INTENT), of(0)))
        other = asyncio.create_task(journal.write(Recorded(INTENT), of(1)))
        await asyncio.sleep(0)
        cancelled.cancel()
        await other

    with opened(str(tmp_path / "journal.jsonl")) as journal:
        journal.begin(Began(OWNER, 0))
        asyncio.run(write_and_cancel(journal))
    with opened(str(tmp_path / "journal.jsonl")) as journal:
        assert [journal.progress.status(index) for index in (1, 2)] == [Status.INTENDED] * 2


def test_lines_that_could_not_be_added_are_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail_once(journal: Journal) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("full")))
            with pytest.raises(OSError, match="full"):
                await journal.write(Recorded(INTENT), of(0))
        await journal.written()

    with opened(str(tmp_path / "journal.jsonl")) as journal:
        journal.begin(Began(OWNER, 0))
        asyncio.run(fail_once(journal))
    assert len(content(str(tmp_path / "journal.jsonl"))) == 2


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"what?\n", "Expecting value"),
        (
            b'{"event":"reviewed","item":1,"key":"1"}\n',
            "'reviewed' is no event of this version of the package",
        ),
        (encode(Recorded(replace(INTENT, unknown="1")), ItemRef(1, 1), at=0), "not supported between"),  # type: ignore[arg-type]
    ],
)
def test_a_damaged_journal_is_refused_and_left_as_it_is(tmp_path: Path, line: bytes, why: str) -> None:
    path = tmp_path / "journal.jsonl"
    text = encode(EVENTS[0], None, at=0) + line + encode(EVENTS[0], None, at=0)
    path.write_bytes(text)
    with pytest.raises(
        InvalidRequestError, match=rf"cannot be read at line 2 .*{why}.* or it is paid for again"
    ):
        opened(str(path)).__enter__()
    assert path.read_bytes() == text
