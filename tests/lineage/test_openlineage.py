"""What OpenLineage is told; ``tests/test_example_dags.py`` has what it is told of real runs."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.lineage.made import Made
from airflow_provider_getty.operators.background_generation import GettyBackgroundGenerationOperator
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.checked import CheckedOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.batch_runs import REFINE, generates
from tests.support.refine_tasks import refine
from tests.support.task_runs import Worker

Serde = pytest.importorskip("openlineage.client.serde", reason="OpenLineage is not installed").Serde
pytest.importorskip("airflow.providers.openlineage", reason="OpenLineage is not installed")
openlineage = importlib.import_module("airflow_provider_getty.lineage.openlineage")

PAGES = "https://www.gettyimages.com/detail"
API = "https://api.gettyimages.com/v3/ai/image-generations"


def uris(datasets: list[Any]) -> list[str]:
    return [f"{each.namespace}/{each.name.lstrip('/')}" for each in datasets]


def told(task: CheckedOperator, *, failed: bool = False) -> tuple[list[str], list[str], dict[str, Any]]:
    """Inputs, outputs and run facets."""
    method = task.get_openlineage_facets_on_failure if failed else task.get_openlineage_facets_on_complete
    lineage = method(None)
    return uris(lineage.inputs), uris(lineage.outputs), lineage.run_facets


def test_a_task_that_starts_reads_its_image_and_its_mask() -> None:
    lineage = refine(mask="s3://aws_default@a-bucket/masks/sky.png", image_size=None)
    started = lineage.get_openlineage_facets_on_start()
    assert uris(started.inputs) == [f"{PAGES}/1473240153", "s3://a-bucket/masks/sky.png"]
    assert started.outputs == []
    assert started.run_facets == {}


def test_a_background_is_read_as_well() -> None:
    task = GettyBackgroundGenerationOperator(
        task_id="show", reference_file_registration_id="1", background_asset_id="2", prompt="a beach"
    )
    assert uris(task.get_openlineage_facets_on_start().inputs) == [f"{PAGES}/2"]


def test_a_generation_is_written_by_who_made_it() -> None:
    task = refine()
    task.made = (Made(generation_request_id="an-id", arguments={"image_id": "1473240153"}),)
    inputs, outputs, facets = told(task)
    assert (inputs, outputs) == ([f"{PAGES}/1473240153"], [f"{API}/an-id"])
    assert facets["getty"].generationRequestIds == ["an-id"]
    assert (facets["getty"].operation, facets["getty"].creditsAtMost) == ("refine", 1)
    assert (facets["externalQuery"].externalQueryId, facets["externalQuery"].source) == ("an-id", "getty")


def test_and_is_read_by_who_downloads_it() -> None:
    task = GettyDownloadOperator(
        task_id="download", generation_request_id="an-id", destination="s3://conn@b/x.jpg"
    )
    task.made = (Made(file=task.destination, generation_request_id="an-id", index=0),)
    inputs, outputs, facets = told(task)
    assert (inputs, outputs) == ([f"{API}/an-id"], ["s3://b/x.jpg"])
    assert facets["getty"].creditsAtMost is None


def test_a_task_that_failed_tells_of_the_generation_that_it_paid_for() -> None:
    task = refine()
    task.made = (Made(generation_request_id="an-id", arguments={"image_id": "1473240153"}),)
    _, _, facets = told(task, failed=True)
    assert facets["getty"].generationRequestIds == ["an-id"]
    assert told(refine(), failed=True)[2] == {}


def a_batch(folder: Path, requests: Any, **changes: Any) -> GettyBatchOperator:
    return GettyBatchOperator(
        task_id="batch",
        requests=requests,
        journal=str(folder / "journal.jsonl"),
        download_to=str(folder / "images"),
        poll_interval=0.05,
        **changes,
    )


@pytest.mark.usefixtures("grey")
def test_a_batch_reads_and_writes_what_its_items_do(getty: Emulator, tmp_path: Path) -> None:
    items = [*generates(2), {**REFINE, "prompt": "balloons"}]
    assert Worker().run(a_batch(tmp_path, items)).state == "success"
    inputs, outputs, facets = told(a_batch(tmp_path, items))
    ids = {each["generation_request_id"] for each in getty.generations()}
    assert inputs == [f"{PAGES}/{REFINE['image_id']}"]
    assert set(outputs) == {f"{API}/{each}" for each in ids} | {
        f"file/{str(file).lstrip('/')}" for file in (tmp_path / "images").iterdir()
    }
    assert set(facets["getty"].generationRequestIds) == ids


@pytest.mark.usefixtures("grey", "getty")
def test_of_a_large_batch_the_first_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openlineage, "LARGEST", 2)
    assert Worker().run(a_batch(tmp_path, generates(3))).state == "success"
    _, outputs, _ = told(a_batch(tmp_path, generates(3)))
    assert len(outputs) == 4


@pytest.mark.usefixtures("grey")
def test_of_240_images_of_a_batch_the_first_200_are_told_with_their_generations(
    getty: Emulator, tmp_path: Path
) -> None:
    items = [{**REFINE, "prompt": str(number), "name": str(number)} for number in range(60)]
    batch = a_batch(tmp_path, items, images="all")
    assert Worker().run(batch).state == "success"
    _, outputs, facets = told(a_batch(tmp_path, items, images="all"))
    files, generations = [
        [each for each in outputs if each.startswith(start)] for start in ("file/", f"{API}/")
    ]
    assert (len(set(files)), len(generations), len(outputs)) == (200, 50, 250)
    by_name = {each["prompt"]: each["generation_request_id"] for each in getty.generations()}
    assert facets["getty"].generationRequestIds == [by_name[str(number)] for number in range(50)]
    assert "externalQuery" not in facets
    assert len(Serde.to_json(facets["getty"])) < 16 * 1024


def test_a_batch_that_failed_before_it_had_a_journal_tells_what_it_was_to_read(tmp_path: Path) -> None:
    requests = str(tmp_path / "requests.jsonl")
    inputs, outputs, _ = told(a_batch(tmp_path, requests), failed=True)
    assert (inputs, outputs) == ([f"file/{requests.lstrip('/')}"], [])
