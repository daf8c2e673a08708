"""The events of a task's outlets say what was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Asset, AssetAlias
from getty_emulator.server import Emulator

from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.sensors.generation import GenerationSensor
from tests.support.batch_runs import generates
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker

PICTURES = Asset("pictures")
FILES = AssetAlias("files")
HISTORY_ITEM = "generation-history-item"


def events(run: TaskRun) -> list[dict[str, Any]]:
    """What Airflow is told of the outlets, each with its ``extra``."""
    assert run.state == "success", run.message
    found: list[dict[str, Any]] = run.told["outlet_events"]
    return found


def extra(run: TaskRun) -> dict[str, Any]:
    [event] = events(run)
    found: dict[str, Any] = event["extra"]
    return found


def alias_events(run: TaskRun) -> dict[str, dict[str, Any]]:
    """By the URI of the asset."""
    return {each["dest_asset_key"]["uri"]: each["extra"] for each in events(run)}


def the_generation(getty: Emulator) -> dict[str, Any]:
    [generation] = getty.generations()
    return {
        "generation_request_id": generation["generation_request_id"],
        "seed": generation["seed"],
        "prompt": generation["prompt"],
    }


def test_a_generation_is_told_with_its_id_prompt_and_seed(getty: Emulator) -> None:
    run = Worker().run(refine(outlets=[PICTURES]))
    assert extra(run) == the_generation(getty)


def test_so_is_one_that_was_waited_for_in_the_triggerer(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    getty.fault("finish-at-once", "get-generation")
    worker = Worker()
    run = worker.resume(worker.run(refine(outlets=[PICTURES], deferrable=True)))
    assert extra(run) == the_generation(getty)


def test_so_is_that_of_a_sensor(getty: Emulator) -> None:
    result = Worker().run(refine()).result
    sensor = GenerationSensor(task_id="wait", generation_request_id=result, outlets=[PICTURES])
    assert extra(Worker().run(sensor)) == the_generation(getty)


@pytest.mark.parametrize("status", [403, 404])
def test_a_history_that_does_not_tell_the_prompt_costs_only_that(getty: Emulator, status: int) -> None:
    result = Worker().run(refine()).result
    getty.fault("refuse", HISTORY_ITEM, status=status)
    sensor = GenerationSensor(task_id="wait", generation_request_id=result, outlets=[PICTURES])
    told = the_generation(getty)
    del told["prompt"]
    assert extra(Worker().run(sensor)) == told


def test_without_outlets_the_history_is_not_asked(getty: Emulator, tmp_path: Path) -> None:
    result = Worker().run(refine()).result
    Worker().run(GenerationSensor(task_id="wait", generation_request_id=result))
    Worker().run(
        GettyDownloadOperator(
            task_id="download", generation_request_id=result, destination=f"{tmp_path}/x.jpg"
        )
    )
    assert HISTORY_ITEM not in sent(getty)


def test_one_that_is_pending_is_told_as_well(getty: Emulator) -> None:
    getty.fault("stay-pending", "refine")
    told = extra(Worker().run(refine(outlets=[PICTURES], wait_for_completion=False)))
    assert told["generation_request_id"] == the_generation(getty)["generation_request_id"]


@pytest.mark.parametrize("known", ["its id", "its result"])
def test_a_download_is_told_with_its_file_prompt_and_seed(
    getty: Emulator, tmp_path: Path, known: str
) -> None:
    result = Worker().run(refine()).result
    task = GettyDownloadOperator(
        task_id="download",
        generation_request_id=result if known == "its result" else result["generation_request_id"],
        destination=f"{tmp_path}/two lakes/",
        outlets=[FILES],
    )
    run = Worker().run(task)
    generation = the_generation(getty)
    file = f"{tmp_path}/two lakes/{generation['generation_request_id']}-0-1k.jpg"
    assert alias_events(run) == {
        f"file://{file.replace(' ', '%20')}": {
            **generation,
            "index": 0,
            "file": file,
        }
    }


def test_what_a_dag_author_has_written_stays(getty: Emulator) -> None:
    def write(context: Any) -> None:
        context["outlet_events"][PICTURES].extra = {"seed": "mine", "campaign": "spring"}

    told = extra(Worker().run(refine(outlets=[PICTURES], pre_execute=write)))
    assert (told["seed"], told["campaign"]) == ("mine", "spring")


def a_batch(folder: Path, **changes: Any) -> GettyBatchOperator:
    arguments: dict[str, Any] = {
        "task_id": "batch",
        "requests": [{**each, "name": f"item {n}"} for n, each in enumerate(generates(3), 1)],
        "journal": str(folder / "journal.jsonl"),
        "download_to": str(folder / "images"),
        "poll_interval": 0.05,
    }
    return GettyBatchOperator(**arguments | changes)


@pytest.mark.usefixtures("grey")
@pytest.mark.parametrize("deferrable", [False, True])
def test_a_batch_is_told_with_an_event_for_each_file(
    getty: Emulator, tmp_path: Path, *, deferrable: bool
) -> None:
    if deferrable:
        getty.fault("stay-pending", "generate", times=3)
        getty.fault("finish-at-once", "get-generation", times=3)
    worker = Worker()
    run = worker.run(a_batch(tmp_path, images="all", outlets=[FILES], deferrable=deferrable))
    while run.state == "deferred":
        run = worker.resume(run)
    told = alias_events(run)
    assert len(told) == 12
    assert {Path(each["file"]) for each in told.values()} == set((tmp_path / "images").iterdir())
    made = {each["generation_request_id"]: each for each in getty.generations()}
    for each in told.values():
        generation = made[each["generation_request_id"]]
        assert (each["prompt"], each["seed"]) == (generation["prompt"], generation["seed"])
        assert f"{each['name']}-{each['generation_request_id']}-{each['index']}-1k.jpg" in each["file"]


@pytest.mark.usefixtures("grey", "getty")
def test_an_asset_of_a_batch_is_told_how_much_was_made(tmp_path: Path) -> None:
    told = extra(Worker().run(a_batch(tmp_path, outlets=[PICTURES])))
    assert (told["completed"], told["charged"], told["downloaded"]) == (3, 3, 3)
    assert told["journal"] == str(tmp_path / "journal.jsonl")


@pytest.mark.usefixtures("grey", "getty")
def test_only_the_images_of_the_last_round_are_told(tmp_path: Path) -> None:
    worker = Worker()
    first = alias_events(worker.run(a_batch(tmp_path, outlets=[FILES])))
    worker.clear("batch")
    second = alias_events(worker.run(a_batch(tmp_path, outlets=[FILES])))
    assert (len(first), len(second)) == (3, 3)
    assert not first.keys() & second.keys()


def test_no_event_holds_a_secret(getty: Emulator) -> None:
    run = Worker().run(refine(outlets=[PICTURES]))
    assert "signature" not in json.dumps(run.told)
