"""The gallery of a batch: its items, journal and files."""

from __future__ import annotations

from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest

from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Failed,
    Finished,
    ItemRef,
    Owner,
    Recorded,
    encode,
)
from airflow_provider_getty.generating.record import Record
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.plugins.gallery import pool
from airflow_provider_getty.plugins.gallery.journals import Journals
from tests.support.airflow_database import RUN
from tests.support.gallery_pages import HTML, OF_RUN, jpeg, size, titles
from tests.support.gallery_world import GalleryWorld
from tests.support.task_runs import needs_store

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("default")]


@pytest.fixture
def batch(world: GalleryWorld, folder: Path) -> GettyBatchOperator:
    """A batch of 300 items, all downloaded but one."""
    task = world.store_task(
        GettyBatchOperator(task_id="batch", requests=[], journal=str(folder / "journal.jsonl"))
    )
    lines = [encode(Began(Owner(dag_id="a_dag", run_id=RUN, task_id="batch"), 0), None, at=0.0)]
    for number in range(1, 301):
        item = ItemRef(number, number, HTML if number == 2 else f"name{number}")
        record = Record(
            fingerprint="f", marker="m", round=0, intended=0.0, generation_request_id=f"g-{number}"
        )
        done = Finished(generation_request_id=f"g-{number}", seed=number, images=(0, 1), blocked=(1,))
        file = f"name{number}-g-{number}-0-1k.jpg"
        lines.append(encode(Recorded(record), item, at=0.0))
        if number == 3:
            lines.append(encode(Failed(error=HTML, may_retry=True), item, at=0.0))
            continue
        lines += [encode(done, item, at=0.0), encode(Downloaded((file,)), item, at=0.0)]
        (folder / file).write_bytes(jpeg((number, 60)))
    (folder / "journal.jsonl").write_bytes(b"".join(lines))
    world.ran(
        task,
        rendered={
            "journal": str(folder / "journal.jsonl"),
            "download_to": str(folder),
            "requests": [{"operation": "generate", "prompt": f"picture {n}"} for n in range(1, 301)],
            "getty_conn_id": "getty_default",
        },
        result={"total": 300, "completed": 299, "failed": 1, "charged": 300, "submitted": HTML},
    )
    return task


def test_what_may_hang_takes_only_threads_of_the_gallery(
    batch: Any, world: GalleryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's API server has forty threads for everything that blocks."""
    threads: list[str] = []

    def read(*_: object) -> list[Any]:
        threads.append(current_thread().name.rpartition("_")[0])
        return []

    monkeypatch.setattr(Journals, "items", read)
    for address in ("/getty/dags/a_dag", OF_RUN, f"{OF_RUN}/tasks/batch"):
        assert world.get(address).status_code == 200
    assert world.get(f"{OF_RUN}/tasks/batch/image?kind=file&item=1").status_code == 404
    assert threads == ["getty-gallery-pages"] * 3 + ["getty-gallery-files"]


def test_a_storage_that_hangs_is_not_waited_for(
    batch: Any, world: GalleryWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = Event()

    def hang(*_: object) -> list[Any]:
        is_over.wait(60)
        return []

    monkeypatch.setattr(Journals, "items", hang)
    monkeypatch.setattr(pool, "SECONDS", 0.2)
    try:
        for address in (f"{OF_RUN}/tasks/batch", f"{OF_RUN}/tasks/batch/image?kind=file&item=1"):
            answer = world.get(address)
            assert (answer.status_code, "takes too long" in answer.text) == (504, True)
    finally:
        is_over.set()


def test_a_batch_of_hundreds_is_paged(batch: Any, world: GalleryWorld) -> None:
    shown: list[str] = []
    for page in range(1, 14):
        html = world.get(f"{OF_RUN}/tasks/batch?page={page}").text
        assert html.count("<article") <= 24
        assert html.count("<img ") == html.count('<img loading="lazy"')
        shown += titles(html)
        assert ("Next" in html) == (page < 13)
    assert shown == [f"picture {number}" for number in range(1, 301)]
    assert 'max="300" value="300"' in world.get(f"{OF_RUN}/tasks/batch").text
    assert "<script" not in world.get(f"{OF_RUN}/tasks/batch").text


def test_the_run_shows_the_first_items_and_leads_to_all(batch: Any, world: GalleryWorld) -> None:
    html = world.get(OF_RUN).text
    assert titles(html) == [f"picture {number}" for number in range(1, 9)]
    assert "all 300 items" in html


def test_each_item_has_its_file(batch: Any, world: GalleryWorld) -> None:
    for number in (1, 2, 300):
        address = f"{OF_RUN}/tasks/batch/image?kind=file&item={number}&index=0"
        assert size(world.get(address)) == (number, 60)
    for odd in ("item=3&index=0", "item=1&index=1", "item=0&index=0", "item=301&index=0", "index=0"):
        assert world.get(f"{OF_RUN}/tasks/batch/image?kind=file&{odd}").status_code == 404


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"journal": "/etc/passwd"}, "outside"),
        ({"journal": "{}/../journal.jsonl"}, "outside"),
        ({"journal": "{}/name1-g-1-0-1k.jpg"}, "not a journal of this task"),
        ({"journal": "{}/no_such_file"}, "no such file"),
        ({"journal": 17}, "outside"),
    ],
)
def test_a_journal_elsewhere_is_not_read(
    batch: Any, world: GalleryWorld, folder: Path, change: dict[str, Any], note: str
) -> None:
    where = str(change["journal"]).replace("{}", str(folder)) if isinstance(change["journal"], str) else 17
    world.ran(batch, map_index=7, rendered={"journal": where, "getty_conn_id": "getty_default"})
    html = world.get(f"{OF_RUN}/tasks/batch?map_index=7").text
    assert note in html
    assert "<article" not in html


def test_the_journal_of_another_dag_is_not_shown(batch: Any, world: GalleryWorld, folder: Path) -> None:
    task = world.store_task(
        GettyBatchOperator(task_id="batch", requests=[], journal=str(folder / "journal.jsonl")), "another_dag"
    )
    world.ran(task, rendered={"journal": str(folder / "journal.jsonl"), "getty_conn_id": "getty_default"})
    html = world.get(f"/getty/dags/another_dag/runs/{RUN}/tasks/batch").text
    assert "not a journal of this task" in html
    assert "<article" not in html


def test_files_that_a_journal_names_are_in_the_folder_of_the_batch(
    batch: Any, world: GalleryWorld, folder: Path
) -> None:
    (folder.parent / "hidden.jpg").write_bytes(jpeg())
    item = ItemRef(1, 1, "name1")
    names = ("../hidden.jpg", str(folder.parent / "hidden.jpg"), "/etc/passwd", "", "..", "a\0b")
    with (folder / "journal.jsonl").open("ab") as file:
        file.write(encode(Downloaded(names), item, at=0.0))
    for index in range(len(names)):
        address = f"{OF_RUN}/tasks/batch/image?kind=file&item=1&index={index}"
        assert world.get(address).status_code == 404


@needs_store
def test_a_batch_that_runs_shows_how_far_it_is(world: GalleryWorld, folder: Path) -> None:
    task = world.store_task(GettyBatchOperator(task_id="batch", requests=[], journal="x"))
    states = {"getty_batch": {"total": 1000, "completed": 200, "blocked": 50, "failed": 0, "charged": 300}}
    world.ran(task, state="deferred", rendered={"journal": f"{folder}/none.jsonl"}, states=states)
    html = world.get(f"{OF_RUN}/tasks/batch").text
    assert 'max="1000" value="250"' in html
    assert 'http-equiv="refresh"' in html
