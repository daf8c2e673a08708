"""An XCom that was edited by hand shows nothing that its task did not make, and does no harm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from tests.support.gallery_pages import HTML, OF_RUN, jpeg, size
from tests.support.gallery_world import GalleryWorld
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import Worker, needs_store

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("default")]


def test_a_file_is_found_by_the_arguments_and_not_by_what_an_xcom_says(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    task = world.store_task(
        GettyDownloadOperator(task_id="download", generation_request_id="x", destination="y")
    )
    (folder / "mine.jpg").write_bytes(jpeg((90, 60)))
    (folder / "of_another_dag.jpg").write_bytes(jpeg((60, 90)))
    arguments = {"generation_request_id": "x", "destination": f"{folder}/mine.jpg"}
    world.ran(task, rendered=arguments, result=str(folder / "mine.jpg"))
    edited: Any
    for edited in (f"{folder}/of_another_dag.jpg", "/etc/passwd", "javascript:alert(1)", 17, None, ["x"], {}):
        world.edit_xcom(task, edited)
        assert size(world.get(f"{OF_RUN}/tasks/download/image?kind=file")) == (90, 60)
        assert "javascript:" not in world.get(OF_RUN).text


EDITED: list[Any] = [
    HTML,
    "javascript:alert(1)",
    17,
    10**400,
    [],
    None,
    {"generation_request_id": HTML, "results": [{"index": 0}]},
    {"generation_request_id": "javascript:alert(1)", "original_asset": {"id": "javascript:alert(1)"}},
    {"generation_request_id": "../../../../etc/passwd", "results": [{"index": 0, "is_blocked": False}]},
    {"generation_request_id": "x", "seed": 10**4000, "results": [{"index": 10**30}, {"index": -1}]},
    {"generation_request_id": "x", "seed": HTML, "results": HTML, "original_asset": HTML},
    {"generation_request_id": "x", "seed": {}, "results": [[], {}, None, {"index": HTML}] * 1000},
    {"generation_request_id": {"a": HTML}, "results": {"index": 1}, "original_asset": [{"id": "x"}]},
    {"generation_request_id": "x" * 10_000, "results": [{"index": 0}]},
    {"results": [{"index": 0, "preview_urls": [{"image_url": "http://127.0.0.1/secret"}]}]},
]


@pytest.mark.parametrize("edited", EDITED, ids=range(len(EDITED)))
def test_an_xcom_that_was_edited_by_hand_does_no_harm(
    refined: Any, world: GalleryWorld, getty: Emulator, edited: Any
) -> None:
    world.edit_xcom(refined, edited)
    for address in ("/getty/dags/a_dag", OF_RUN, f"{OF_RUN}/tasks/refine"):
        answer = world.get(address)
        assert answer.status_code == 200
        assert "<script" not in answer.text
        assert "javascript:" not in answer.text
        assert "127.0.0.1" not in answer.text
        assert len(answer.text) < 100_000
    for index in ("0", "1", str(10**30), "-1"):
        answer = world.get(f"{OF_RUN}/tasks/refine/image?kind=preview&index={index}")
        assert answer.status_code in (404, 422)
    assert set(sent(getty)) <= {"token", "get-generation"}


@needs_store
def test_an_xcom_that_names_another_generation_than_was_submitted_shows_no_preview_of_it(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    task = world.store_task(refine())
    worker = Worker()
    run = worker.run(task)
    world.ran(task, run, states=worker.store)
    assert size(world.get(f"{OF_RUN}/tasks/refine/image?kind=preview"))
    other = Worker().run(refine(prompt="of another DAG")).result
    getty._service.journal.clear()
    world.edit_xcom(task, other)
    assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview").status_code == 404
    assert other["generation_request_id"] not in world.get(f"{OF_RUN}/tasks/refine").text
    assert sent(getty) == []


def test_an_xcom_that_names_another_generation_than_was_waited_for_shows_no_preview_of_it(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    submitted, other = (Worker().run(refine(prompt=text)).result for text in ("ours", "of another DAG"))
    task = world.store_task(GenerationSensor(task_id="wait", generation_request_id="x"))
    arguments = {"generation_request_id": submitted, "getty_conn_id": "getty_default"}
    world.ran(task, rendered=arguments, result=submitted)
    assert size(world.get(f"{OF_RUN}/tasks/wait/image?kind=preview"))
    world.edit_xcom(task, other)
    assert world.get(f"{OF_RUN}/tasks/wait/image?kind=preview").status_code == 404
    assert other["generation_request_id"] not in world.get(f"{OF_RUN}/tasks/wait").text
