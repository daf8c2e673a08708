"""The extra links that people see of a task: the original at Getty, the gallery, the emulator."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import DAG
from getty_emulator.server import Emulator

from airflow_provider_getty import get_provider_info
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.links.getty import task_page
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.enhance_prompt import GettyEnhancePromptOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from tests.support.download_tasks import generate
from tests.support.refine_tasks import BOXES, IMAGE_ID, SIZE, refine
from tests.support.task_runs import DAG_ID, RUN_ID, Worker

ORIGINAL, GALLERY, EMULATOR = (f"_link_Getty{name}Link" for name in ("Original", "Gallery", "Emulator"))
PAGE = f"/getty/dags/{DAG_ID}/runs/{RUN_ID}/tasks/"
AT_GETTY = f"https://www.gettyimages.com/detail/{IMAGE_ID}"


def test_a_refine_links_to_its_original_its_images_and_the_emulator(getty: Emulator) -> None:
    assert Worker().run(refine()).links == {
        ORIGINAL: AT_GETTY,
        GALLERY: f"{PAGE}refine",
        EMULATOR: f"{getty.url}/",
    }


def test_a_deferred_task_has_its_links_while_it_waits_and_when_it_is_over(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    worker = Worker()
    waiting = worker.run(refine(deferrable=True))
    assert waiting.state == "deferred"
    getty.fault("finish-at-once", "get-generation")
    over = worker.resume(waiting)
    assert over.state == "success"
    assert waiting.links == over.links
    assert over.links[ORIGINAL] == AT_GETTY


def test_a_task_that_fails_has_its_links(getty: Emulator) -> None:
    getty.fault("block-images", "refine")
    run = Worker().run(refine())
    assert run.state == "failed"
    assert run.links == {ORIGINAL: AT_GETTY, GALLERY: f"{PAGE}refine", EMULATOR: f"{getty.url}/"}


def test_a_mapped_task_links_to_its_own_images(getty: Emulator) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = GettyRefineOperator.partial(task_id="refine", mask=BOXES, image_size=SIZE).expand(
            image_id=[IMAGE_ID] * 4
        )
    assert [type(link).__name__ for link in mapped.operator_extra_links] == [
        "GettyOriginalLink",
        "GettyGalleryLink",
        "GettyEmulatorLink",
    ]
    assert Worker().run(refine(), map_index=3).links[GALLERY] == f"{PAGE}refine?map_index=3"


@pytest.mark.parametrize("deferrable", [False, True], ids=["in a worker", "deferrable"])
@pytest.mark.parametrize("known", ["its id", "its result"])
def test_a_sensor_links_to_the_original(getty: Emulator, known: str, *, deferrable: bool) -> None:
    generation = generate(getty)
    source = generation if known == "its result" else generation["generation_request_id"]
    task = GenerationSensor(task_id="wait", generation_request_id=source, deferrable=deferrable)
    assert Worker().run(task).links == {
        ORIGINAL: AT_GETTY,
        GALLERY: f"{PAGE}wait",
        EMULATOR: f"{getty.url}/",
    }


def test_a_download_links_to_the_original(getty: Emulator, tmp_path: Any) -> None:
    task = GettyDownloadOperator(
        task_id="download", generation_request_id=generate(getty), destination=tmp_path / "x.jpg"
    )
    assert Worker().run(task).links[ORIGINAL] == AT_GETTY


def test_what_has_no_original_links_to_none(getty: Emulator) -> None:
    run = Worker().run(GettyGenerateOperator(task_id="generate", prompt="a lighthouse"))
    assert (run.state, run.links[ORIGINAL]) == ("success", "")
    asked = Worker().run(GettyEnhancePromptOperator(task_id="enhance", prompt="a lighthouse"))
    assert set(asked.links) == {GALLERY, EMULATOR}


def test_getty_itself_has_no_emulators_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", '{"conn_type": "getty", "login": "k", "password": "s"}')
    run = Worker().run(refine(mask=[], mask_url=None))
    assert run.state == "failed", "before anything is sent"
    assert run.links[EMULATOR] == ""
    assert GettyHook().account.base_url == "https://api.gettyimages.com"


def test_a_connection_that_cannot_be_read_costs_the_other_links_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", '{"conn_type": "getty"}')
    run = Worker().run(refine())
    assert run.state == "failed"
    assert run.links == {ORIGINAL: AT_GETTY, GALLERY: f"{PAGE}refine", EMULATOR: ""}


def test_the_gallery_is_below_the_base_url_of_airflow(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team/")
    assert Worker().run(refine()).links[GALLERY] == f"https://airflow.example.com/team{PAGE}refine"


def test_ids_are_quoted_in_urls(getty: Emulator) -> None:
    assert task_page("a b", "manual__2026-01-02T03:04:05+00:00", "group.task", 3) == (
        "/getty/dags/a%20b/runs/manual__2026-01-02T03%3A04%3A05%2B00%3A00/tasks/group.task?map_index=3"
    )
    odd = Worker().run(refine(image_id="../x?y=<z>")).links[ORIGINAL]
    assert odd == "https://www.gettyimages.com/detail/..%2Fx%3Fy%3D%3Cz%3E"


def test_airflow_knows_the_links(getty: Emulator) -> None:
    listed = get_provider_info()["extra-links"]
    assert {name.rpartition(".")[2] for name in listed} == {
        "GettyOriginalLink",
        "GettyGalleryLink",
        "GettyEmulatorLink",
    }
