"""What the gallery shows of tasks: single, deferred, mapped, failed, in batches, and edited by hand."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO
from pathlib import Path
from threading import Event, current_thread
from typing import Any

import pytest
from airflow.sdk import DAG
from getty_emulator.server import Emulator
from PIL import Image

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
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.plugins.gallery import pool, previews
from airflow_provider_getty.plugins.gallery.journals import Journals
from airflow_provider_getty.plugins.gallery.previews import Previews
from airflow_provider_getty.plugins.getty import GettyPlugin
from airflow_provider_getty.sensors.generation import GenerationSensor
from tests.support.airflow_database import RUN
from tests.support.gallery_world import GalleryWorld
from tests.support.getty_journal import sent
from tests.support.refine_tasks import BOXES, IMAGE_ID, SIZE, refine
from tests.support.task_runs import Worker, needs_store

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("default")]

OF_RUN = f"/getty/dags/a_dag/runs/{RUN}"
HTML = "<img src=x onerror=alert(1)>\"'</h3><script>alert(2)</script>{{ 7*7 }}"


def size(answer: Any) -> tuple[int, int]:
    """Width and height of a JPEG."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg"), answer.text
    with Image.open(BytesIO(answer.content)) as image:
        image.load()
        return image.size


def images(html: str) -> list[str]:
    """The addresses of the small images of a page."""
    return [
        unescape(found) for found in re.findall(r'<img loading="lazy" width="300"[^>]* src="([^"]+)"', html)
    ]


@pytest.fixture
def refined(world: GalleryWorld, getty: Emulator, folder: Path) -> GettyRefineOperator:
    """A refine that has succeeded, for a prompt that is HTML."""
    with DAG("a_dag", schedule=None) as dag:
        task = refine()
    world.store(dag)
    run = Worker().run(task)
    world.ran(task, run, rendered={**run.rendered, "prompt": HTML})
    getty._service.journal.clear()
    return task


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
    with DAG("a_dag", schedule=None) as dag:
        task = GettyDownloadOperator(task_id="download", generation_request_id="x", destination="y")
    world.store(dag)
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


def test_a_file_is_found_by_the_arguments_and_not_by_what_an_xcom_says(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    with DAG("a_dag", schedule=None) as dag:
        task = GettyDownloadOperator(task_id="download", generation_request_id="x", destination="y")
    world.store(dag)
    (folder / "mine.jpg").write_bytes(jpeg((90, 60)))
    (folder / "of_another_dag.jpg").write_bytes(jpeg((60, 90)))
    arguments = {"generation_request_id": "x", "destination": f"{folder}/mine.jpg"}
    world.ran(task, rendered=arguments, result=str(folder / "mine.jpg"))
    edited: Any
    for edited in (f"{folder}/of_another_dag.jpg", "/etc/passwd", "javascript:alert(1)", 17, None, ["x"], {}):
        world.edit_xcom(task, edited)
        assert size(world.get(f"{OF_RUN}/tasks/download/image?kind=file")) == (90, 60)
        assert "javascript:" not in world.get(OF_RUN).text


def jpeg(size: tuple[int, int] = (90, 60)) -> bytes:
    file = BytesIO()
    Image.new("RGB", size).save(file, "JPEG")
    return file.getvalue()


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
    with DAG("a_dag", schedule=None) as dag:
        task = refine()
    world.store(dag)
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
    with DAG("a_dag", schedule=None) as dag:
        task = GenerationSensor(task_id="wait", generation_request_id="x")
    world.store(dag)
    arguments = {"generation_request_id": submitted, "getty_conn_id": "getty_default"}
    world.ran(task, rendered=arguments, result=submitted)
    assert size(world.get(f"{OF_RUN}/tasks/wait/image?kind=preview"))
    world.edit_xcom(task, other)
    assert world.get(f"{OF_RUN}/tasks/wait/image?kind=preview").status_code == 404
    assert other["generation_request_id"] not in world.get(f"{OF_RUN}/tasks/wait").text


def test_half_of_a_character_in_a_prompt_does_not_cost_the_page(
    refined: Any, world: GalleryWorld, folder: Path
) -> None:
    """As a spreadsheet has it after a program has cut a text in two."""
    world.ran(refined, map_index=1, rendered={"prompt": "half of a \ud83d"})
    for address in ("/getty/dags/a_dag", OF_RUN, f"{OF_RUN}/tasks/refine?map_index=1"):
        answer = world.get(address)
        assert (answer.status_code, "half of a ?" in answer.text) == (200, True)


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
    with DAG("a_dag", schedule=None) as dag:
        task = refine()
    world.store(dag)
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
    with DAG("a_dag", schedule=None) as dag:
        task = refine()
    world.store(dag)
    worker = Worker()
    run = worker.run(task)
    assert run.state == "failed"
    world.ran(task, run, states=worker.store)
    html = world.get(f"{OF_RUN}/tasks/refine").text
    [generation] = getty.generations()
    assert generation["generation_request_id"] in html
    assert "1 charged" in html


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
            shown += re.findall(r"<h3>(.*?)</h3>", html)
            assert ("Next" in html, "Back" in html) == (page < 3, page > 1)
        assert shown == [f"picture {number}" for number in range(60)]
    one = world.get(f"{OF_RUN}/tasks/refine?map_index=17").text
    assert re.findall(r"<h3>(.*?)</h3>", one) == ["picture 17"]


@pytest.fixture
def batch(world: GalleryWorld, folder: Path) -> GettyBatchOperator:
    """A batch of 300 items, all downloaded but one."""
    with DAG("a_dag", schedule=None) as dag:
        task = GettyBatchOperator(task_id="batch", requests=[], journal=str(folder / "journal.jsonl"))
    world.store(dag)
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


def test_a_batch_of_hundreds_is_paged(batch: Any, world: GalleryWorld) -> None:
    shown: list[str] = []
    for page in range(1, 14):
        html = world.get(f"{OF_RUN}/tasks/batch?page={page}").text
        assert html.count("<article") <= 24
        assert html.count("<img ") == html.count('<img loading="lazy"')
        shown += re.findall(r"<h3>(.*?)</h3>", html)
        assert ("Next" in html) == (page < 13)
    assert shown == [f"picture {number}" for number in range(1, 301)]
    assert 'max="300" value="300"' in world.get(f"{OF_RUN}/tasks/batch").text
    assert "<script" not in world.get(f"{OF_RUN}/tasks/batch").text


def test_the_run_shows_the_first_items_and_leads_to_all(batch: Any, world: GalleryWorld) -> None:
    html = world.get(OF_RUN).text
    assert re.findall(r"<h3>(.*?)</h3>", html) == [f"picture {number}" for number in range(1, 9)]
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
        ({"journal": "{}/name1-g-1-0-1k.jpg"}, "no journal of this task"),
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
    with DAG("another_dag", schedule=None) as dag:
        task = GettyBatchOperator(task_id="batch", requests=[], journal=str(folder / "journal.jsonl"))
    world.store(dag)
    world.ran(task, rendered={"journal": str(folder / "journal.jsonl"), "getty_conn_id": "getty_default"})
    html = world.get(f"/getty/dags/another_dag/runs/{RUN}/tasks/batch").text
    assert "no journal of this task" in html
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
    with DAG("a_dag", schedule=None) as dag:
        task = GettyBatchOperator(task_id="batch", requests=[], journal="x")
    world.store(dag)
    states = {"getty_batch": {"total": 1000, "completed": 200, "blocked": 50, "failed": 0, "charged": 300}}
    world.ran(task, state="deferred", rendered={"journal": f"{folder}/none.jsonl"}, states=states)
    html = world.get(f"{OF_RUN}/tasks/batch").text
    assert 'max="1000" value="250"' in html
    assert 'http-equiv="refresh"' in html


def test_the_dag_shows_its_newest_runs(refined: Any, world: GalleryWorld) -> None:
    html = world.get("/getty/dags/a_dag").text
    assert RUN in unescape(html)
    assert len(images(html)) == 5
    assert world.get("/getty/dags/a_dag/runs/no_such_run").status_code == 404
    assert world.get("/getty/dags/a_dag/runs/no_such_run/tasks/refine").status_code == 404
    assert world.get("/getty/dags/no_such_dag").status_code == 200
