"""The gallery of a task: single, deferred, mapped or failed."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.plugins.gallery import previews
from airflow_provider_getty.plugins.gallery.previews import Previews
from airflow_provider_getty.plugins.getty import GettyPlugin
from airflow_provider_getty.sensors.generation import GenerationSensor
from tests.support.airflow_database import RUN
from tests.support.gallery_pages import HTML, OF_RUN, images, jpeg, size, titles
from tests.support.gallery_world import GalleryWorld
from tests.support.getty_journal import sent
from tests.support.refine_tasks import BOXES, IMAGE_ID, SIZE, refine
from tests.support.task_runs import Worker, needs_store

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("default")]


def test_a_refine_shows_its_mask_and_its_images(refined: Any, world: GalleryWorld) -> None:
    html = world.get(f"{OF_RUN}/tasks/refine").text
    shown = images(html)
    assert [re.findall("kind=([a-z]+)", each)[0] for each in shown] == ["mask", *["preview"] * 4]
    for address in shown:
        width, height = size(world.get(address))
        assert max(width, height) == 480
        assert size(world.get(address.replace("size=thumb", "size=large"))) >= (width, height)
    assert f"https://www.gettyimages.com/detail/{IMAGE_ID}" in html


def test_a_prompt_is_text_whatever_is_in_it(refined: Any, world: GalleryWorld) -> None:
    for address in ("/getty/dags/a_dag", OF_RUN, f"{OF_RUN}/tasks/refine"):
        html = world.get(address).text
        assert HTML in unescape(html)
        assert "<script" not in html
        assert "<img src=x" not in html


def test_token_answers_and_pictures_are_kept(refined: Any, world: GalleryWorld, getty: Emulator) -> None:
    for _ in range(3):
        for index in range(4):
            size(world.get(f"{OF_RUN}/tasks/refine/image?kind=preview&index={index}"))
    assert sent(getty) == ["token", "get-generation", *["media"] * 4]


@pytest.mark.parametrize("fault", ["server-error", "gone", "html", "missing-id", "no-reply"])
def test_trouble_at_getty_is_a_picture_that_says_so(
    refined: Any, world: GalleryWorld, getty: Emulator, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(previews, "SECONDS", 0.5)
    getty.fault(fault, "get-generation", times=1000)
    answer = world.get(f"{OF_RUN}/tasks/refine/image?kind=preview")
    assert answer.status_code in (404, 504)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert getty.url not in answer.text
    lines = re.findall("<text[^>]*>(.*?)</text>", answer.text)
    assert 0 < max(len(unescape(line)) for line in lines) <= 32, "nothing of it is cut off"


def test_a_slow_getty_is_not_waited_for(
    refined: Any, world: GalleryWorld, getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(previews, "SECONDS", 0.2)
    getty.fault("slow", "get-generation", seconds=600)
    assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview").status_code == 504
    assert world.get(f"{OF_RUN}/tasks/refine").status_code == 200


def test_a_getty_that_hangs_is_left_alone_for_some_seconds(
    refined: Any, world: GalleryWorld, getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the six connections that a browser has to Airflow wait, one image after the other."""
    monkeypatch.setattr(previews, "SECONDS", 0.2)
    monkeypatch.setattr(previews, "_SILENT_SECONDS", 3600.0)
    getty.fault("slow", "media", seconds=600)
    known: Previews = GettyPlugin.fastapi_apps[0]["app"].app.state.previews
    assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview&index=0").status_code == 504
    [until] = known._silent.values()
    before = sent(getty).count("media")
    for index in (0, 1, 2, 3):
        assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview&index={index}").status_code == 504
    assert sent(getty).count("media") == before
    assert list(known._silent.values()) == [until], "it ends, though somebody asks meanwhile"


def test_submission_wait_and_download_are_one_sheet(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    with DAG("a_dag", schedule=None) as dag:
        submit = refine(wait_for_completion=False)
        wait = GenerationSensor(task_id="wait", generation_request_id=submit.output, deferrable=True)
        download = GettyDownloadOperator(
            task_id="download", generation_request_id=wait.output, destination=f"{folder}/"
        )
        submit >> wait >> download
    worker = Worker()
    world.store(dag)
    for task in (submit, wait, download):
        run = worker.run(task)
        assert run.state == "success", run.message
        world.ran(task, run)
    [file] = folder.iterdir()
    html = world.get(OF_RUN).text
    assert html.count("<article") == 1
    assert [re.findall("kind=([a-z]+)", each)[0] for each in images(html)] == [
        "mask",
        *["preview"] * 4,
        "file",
    ]
    assert re.findall(r"tasks/(\w+)\"", html) == ["refine", "wait", "download"]
    assert html.count(" chosen") == 1
    shown = world.get(images(html)[-1].replace("size=thumb", "size=large"))
    with Image.open(file) as stored:
        assert size(shown) == stored.size
    assert str(folder) not in html
    for task_id in ("refine", "wait", "download"):
        assert len(images(world.get(f"{OF_RUN}/tasks/{task_id}").text)) == 6


def test_a_download_elsewhere_is_not_shown(
    world: GalleryWorld, getty: Emulator, tmp_path: Path, folder: Path
) -> None:
    task = world.store_task(
        GettyDownloadOperator(task_id="download", generation_request_id="x", destination="y")
    )
    (tmp_path / "hidden.jpg").write_bytes(jpeg())
    (folder / "link.jpg").symlink_to(tmp_path / "hidden.jpg")
    places = [
        "/etc/passwd",
        str(tmp_path / "hidden.jpg"),
        f"{folder}/../hidden.jpg",
        f"{folder}/link.jpg",
        "file:///etc/passwd",
        "s3://bucket/hidden.jpg",
        "http://127.0.0.1/hidden.jpg",
    ]
    for number, place in enumerate(places):
        world.ran(task, map_index=number, rendered={"generation_request_id": "x", "destination": place})
        answer = world.get(f"{OF_RUN}/tasks/download/image?kind=file&map_index={number}")
        assert (answer.status_code, answer.headers["content-type"]) == (404, "image/svg+xml")
        assert "outside" in answer.text
        assert "hidden" not in answer.text


def test_half_of_a_character_in_a_prompt_does_not_cost_the_page(
    refined: Any, world: GalleryWorld, folder: Path
) -> None:
    """As a spreadsheet has it after a program has cut a text in two."""
    world.ran(refined, map_index=1, rendered={"prompt": "half of a \ud83d"})
    for address in ("/getty/dags/a_dag", OF_RUN, f"{OF_RUN}/tasks/refine?map_index=1"):
        answer = world.get(address)
        assert (answer.status_code, "half of a ?" in answer.text) == (200, True)


@pytest.mark.parametrize(
    "query",
    [
        "kind=no_such_kind",
        "kind=preview&size=huge",
        "kind=preview&index=x",
        "kind=preview&index=99",
        "kind=preview&index=-1",
        "kind=preview&map_index=5",
        "kind=preview&item=x",
        "kind=file",
        "kind=source",
        "",
    ],
)
def test_an_odd_address_is_refused(refined: Any, world: GalleryWorld, getty: Emulator, query: str) -> None:
    assert world.get(f"{OF_RUN}/tasks/refine/image?{query}").status_code in (404, 422)
    assert sent(getty) == []


def test_other_types_of_connections_are_not_used(
    refined: Any, world: GalleryWorld, getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = f'{{"conn_type": "http", "login": "k", "password": "s", "host": "{getty.url}"}}'
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", connection)
    assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview").status_code == 404
    assert sent(getty) == []


def test_blocked_images_are_marked_and_not_asked_for(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    getty.fault("block-images", "refine", which=[1])
    task = world.store_task(refine())
    world.ran(task, Worker().run(task))
    html = world.get(f"{OF_RUN}/tasks/refine").text
    assert "1 of 4" in html
    assert len([each for each in images(html) if "kind=preview" in each]) == 3
    assert world.get(f"{OF_RUN}/tasks/refine/image?kind=preview&index=1").status_code == 404


@needs_store
def test_a_task_that_failed_shows_what_was_paid_for(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    getty.fault("block-images", "refine")
    task = world.store_task(refine())
    worker = Worker()
    run = worker.run(task)
    assert run.state == "failed"
    world.ran(task, run, states=worker.store)
    html = world.get(f"{OF_RUN}/tasks/refine").text
    [generation] = getty.generations()
    assert generation["generation_request_id"] in html
    assert "1 charged" in html


def test_a_task_without_images_has_no_empty_strip(world: GalleryWorld) -> None:
    """Such as a wait for a submission that failed."""
    task = world.store_task(GenerationSensor(task_id="wait", generation_request_id="x"))
    world.ran(task, state="upstream_failed")
    html = world.get(OF_RUN).text
    assert html.count("<article") == 1
    assert "strip" not in html


def test_mapped_tasks_are_paged(world: GalleryWorld, getty: Emulator, folder: Path) -> None:
    with DAG("a_dag", schedule=None) as dag:
        GettyRefineOperator.partial(task_id="refine", mask=BOXES, image_size=SIZE).expand(image_id=["1"] * 60)
    world.store(dag)
    task = dag.get_task("refine")
    result = {"generation_request_id": "x", "results": [{"index": 0, "is_blocked": False}]}
    for number in range(60):
        world.ran(
            task,
            map_index=number,
            rendered={"prompt": f"picture {number}", "getty_conn_id": "getty_default"},
            result=result | {"generation_request_id": f"g-{number}"},
        )
    for address in (OF_RUN, f"{OF_RUN}/tasks/refine"):
        shown: list[str] = []
        for page in (1, 2, 3):
            html = world.get(f"{address}?page={page}").text
            shown += titles(html)
            assert ("Next" in html, "Back" in html) == (page < 3, page > 1)
        assert shown == [f"picture {number}" for number in range(60)]
    one = world.get(f"{OF_RUN}/tasks/refine?map_index=17").text
    assert titles(one) == ["picture 17"]


def test_the_dag_shows_its_newest_runs(refined: Any, world: GalleryWorld) -> None:
    html = world.get("/getty/dags/a_dag").text
    assert RUN in unescape(html)
    assert len(images(html)) == 5
    assert world.get("/getty/dags/a_dag/runs/no_such_run").status_code == 404
    assert world.get("/getty/dags/a_dag/runs/no_such_run/tasks/refine").status_code == 404
    assert world.get("/getty/dags/no_such_dag").status_code == 200
