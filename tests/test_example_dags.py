"""The example DAGs: cheap to parse, and each one does on the emulator what it is there to show."""

from __future__ import annotations

import json
import os
import runpy
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from getty_emulator.server import Emulator
from PIL import Image

from tests.support import dag_runs

pytestmark = pytest.mark.xdist_group("example DAGs")

HEAVY = {"aiohttp", "requests", "PIL", "fastapi", "uvicorn"}
TASKS = {
    "getty_catalogue": {"refine": 1},
    "getty_generate_extend": {"generate": 1, "margins": 1, "extend": 3, "download": 3},
    "getty_new_generations": {"generation_ids": 1, "download": 1},
    "getty_product": {
        "register": 1,
        "scenes": 1,
        "show": 2,
        "calm": 1,
        "cut_out": 1,
        "download_scene": 2,
        "download_cut_out": 1,
    },
    "getty_refine": {"refine": 1, "wait": 1, "download": 1},
    "getty_refine_again": {"refine_sky": 1, "refine_lake": 1, "download": 1},
    "getty_refine_deferrable": {"refine": 1, "download": 1},
    "getty_refine_many": {"refine": 3, "download": 3},
}
"""How many instances each task has."""
SKIPPED = {"getty_new_generations": {"download": "skipped"}}
"""Tasks that end otherwise: ``dag.test()`` starts a run without events."""
IMAGES = {
    "getty_catalogue": 4,
    "getty_generate_extend": 3,
    "getty_new_generations": 0,
    "getty_product": 3,
    "getty_refine": 1,
    "getty_refine_again": 1,
    "getty_refine_deferrable": 1,
    "getty_refine_many": 3,
}
"""How many each run downloads."""
CREDITS = 19
DEFERRALS = 16
"""The four refines of the catalogue are waited for together."""
LATENCY = 600  # seconds of the emulator's clock, which moves on only when a task is deferred
LINEAGE = "lineage.jsonl"
DEFERRED = "Pausing task as DEFERRED"
EXAMPLES = pytest.mark.parametrize("dag_id", TASKS)


@dataclass(frozen=True)
class Run:
    """What one run of all the examples left: the states of their tasks, files, output and database."""

    getty: Emulator
    ended: dict[str, dict[str, list[str]]]
    folder: Path
    output: str
    home: Path


def script(*arguments: str, at_deferral: Callable[[], None] | None = None, **environment: str) -> str:
    """The output of ``dag_runs.py``.

    :param at_deferral: called whenever a task is deferred.
    """
    own = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "PYTHONUNBUFFERED": "1"}
    lines = []
    with subprocess.Popen(
        [sys.executable, dag_runs.__file__, *arguments],
        env=os.environ | own | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            lines.append(line)
            if at_deferral and DEFERRED in line:
                at_deferral()
    output = "".join(lines)
    assert process.returncode == 0, output
    return output


@pytest.fixture(scope="module")
def parsed() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(script("parse").splitlines()[-1])
    return parsed


@pytest.fixture(scope="module")
def getty() -> Iterator[Emulator]:
    """A Getty where nothing is finished before it is waited for."""
    with Emulator(
        strict=True, api_key="key-of-the-examples", api_secret="secret-of-the-examples", latency=str(LATENCY)
    ) as emulator:
        emulator.fault("block-images", "generate", which=[0, 1])
        yield emulator


@pytest.fixture(scope="module")
def run(getty: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Run:
    home, folder = tmp_path_factory.mktemp("airflow"), tmp_path_factory.mktemp("images")
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dag_runs.EXAMPLES[0].parent),
        "AIRFLOW_CONN_GETTY_DEFAULT": json.dumps(getty.connection),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(home / LINEAGE), "append": True}
        ),
        "AIRFLOW__OPENLINEAGE__EXECUTE_IN_THREAD": "True",
    }
    subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=os.environ | environment,
        capture_output=True,
        check=True,
    )
    output = script("run", str(folder), at_deferral=lambda: getty.advance(LATENCY), **environment)
    ended = next(line for line in reversed(output.splitlines()) if line.startswith("{"))
    return Run(getty, json.loads(ended), folder, output, home)


def test_parsing_them_loads_nothing_that_is_heavy(parsed: dict[str, Any]) -> None:
    """A DAG processor parses each file every few seconds."""
    assert not HEAVY & {module.partition(".")[0] for module in parsed["loaded"]}


def test_parsing_them_warns_of_nothing(parsed: dict[str, Any]) -> None:
    assert parsed["warnings"] == []


def test_these_are_all_of_them() -> None:
    assert [example.stem for example in dag_runs.EXAMPLES] == sorted([*TASKS, *dag_runs.NEED_A_PERSON])


@pytest.fixture(params=dag_runs.EXAMPLES, ids=lambda file: str(file.stem))
def example(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> DAG:
    made: list[DAG] = []
    leave = DAG.__exit__

    def remember(dag: DAG, *exception: Any) -> None:
        made.append(dag)
        leave(dag, *exception)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(DAG, "__exit__", remember)
    runpy.run_path(str(request.param))
    [dag] = made
    return dag


def test_each_says_in_airflow_what_it_is_for_and_names_mapped_tasks(example: DAG) -> None:
    assert example.doc_md
    for task in example.tasks:
        partial = getattr(task, "partial_kwargs", None)
        assert partial is None or partial["map_index_template"], task.task_id


def test_each_says_what_its_lists_are_made_of(example: DAG) -> None:
    """Airflow's form makes a text of each line unless the type of the items is known."""
    for name in example.params:
        schema = example.params.get_param(name).schema
        assert schema.get("type") != "array" or schema["items"]["type"], name


@EXAMPLES
def test_every_task_of_it_succeeds(run: Run, dag_id: str) -> None:
    assert run.ended[dag_id] == {
        task: [SKIPPED.get(dag_id, {}).get(task, "success")] * count for task, count in TASKS[dag_id].items()
    }


@EXAMPLES
def test_its_images_are_in_the_folder_and_nothing_else_is(run: Run, dag_id: str) -> None:
    files = [path for path in (run.folder / dag_id).glob("*") if path.name != "journals"]
    assert len(files) == IMAGES[dag_id]
    for file in files:
        with Image.open(file) as image:
            image.load()  # decodes it to its last byte
            assert (image.format, max(image.size)) == ("JPEG", 1024)


def test_each_generation_is_paid_for_once(run: Run) -> None:
    ledger = run.getty.ledger()
    assert ledger["total"] == len(ledger["entries"]) == len(run.getty.generations()) == CREDITS


def test_each_generation_was_waited_for_in_the_triggerer(run: Run) -> None:
    assert run.output.count(DEFERRED) == DEFERRALS


def generations_of(run: Run, dag_id: str) -> dict[str, dict[str, Any]]:
    """By their ids; the marker in their notes names the DAG."""
    return {
        one["generation_request_id"]: one for one in run.getty.generations() if f" {dag_id}." in one["notes"]
    }


def test_the_first_image_that_is_not_blocked_is_extended(run: Run) -> None:
    generations = generations_of(run, "getty_generate_extend")
    [generated] = [one for one in generations.values() if one["generation_type"] == "text_to_image"]
    extended = [one for one in generations.values() if one["generation_type"] == "extend"]
    sources = [one["source"] for one in extended]
    assert [source["generation_request_id"] for source in sources] == [generated["generation_request_id"]] * 3
    assert [source["index"] for source in sources] == [2, 2, 2]


def test_the_extensions_have_the_aspect_ratios_that_were_asked_for(run: Run) -> None:
    ratios = set()
    for file in (run.folder / "getty_generate_extend").iterdir():
        with Image.open(file) as image:
            ratios.add(round(image.width / image.height, 2))
    assert ratios == {round(width / height, 2) for width, height in ((16, 9), (9, 16), (4, 3))}


def test_the_files_of_the_catalogue_have_the_names_of_its_lines(run: Run) -> None:
    folder = run.folder / "getty_catalogue"
    assert {file.name.partition("-")[0] for file in folder.glob("*.jpg")} == {
        "lake",
        "houses",
        "beach",
        "dunes",
    }
    [journal] = (folder / "journals").iterdir()
    assert '"ended"' in journal.read_text().splitlines()[-1]


def test_the_product_is_cut_out_of_a_scene_that_was_made_of_its_photograph(run: Run) -> None:
    generations = generations_of(run, "getty_product")
    [cut_out] = [one for one in generations.values() if one["generation_type"] == "background_removal"]
    calm = generations[cut_out["source"]["generation_request_id"]]
    scenes = [one for one in generations.values() if one["generation_type"] == "background_generation"]
    assert calm["prompt"] == "on a plain wooden table"
    [registration] = {one["source"]["file_registration_id"] for one in scenes}
    assert registration


def test_a_refined_image_is_refined_again(run: Run) -> None:
    generations = generations_of(run, "getty_refine_again")
    [lake] = [one for one in generations.values() if one["source"]["generation_request_id"]]
    sky = generations[lake["source"]["generation_request_id"]]
    assert (sky["prompt"], lake["prompt"]) == (
        "golden stars and a silver moon",
        "sailing boats with white sails",
    )


def events_of(run: Run, dag_id: str) -> list[dict[str, Any]]:
    """What Airflow's events of the assets of a DAG say, each with the asset's URI."""
    with sqlite3.connect(run.home / "airflow.db") as database:
        found = database.execute(
            "SELECT asset.uri, event.extra FROM asset_event event JOIN asset ON asset.id = asset_id "
            "WHERE source_dag_id = ?",
            (dag_id,),
        )
        return [{"uri": uri} | json.loads(extra) for uri, extra in found]


def test_the_event_of_an_asset_says_what_was_downloaded(run: Run) -> None:
    [event] = events_of(run, "getty_refine_deferrable")
    [generation] = generations_of(run, "getty_refine_deferrable").values()
    assert event["generation_request_id"] == generation["generation_request_id"]
    assert event["prompt"] == "a bouquet of pink flowers"
    assert Path(event["file"]).parent == run.folder / "getty_refine_deferrable"


def test_an_alias_has_an_event_for_each_file_of_the_catalogue(run: Run) -> None:
    events = events_of(run, "getty_catalogue")
    files = (run.folder / "getty_catalogue").glob("*.jpg")
    assert sorted(event["uri"] for event in events) == sorted(file.as_uri() for file in files)
    assert {event["name"] for event in events} == {"lake", "houses", "beach", "dunes"}


def test_airflow_lists_nothing_as_not_collected(run: Run) -> None:
    """The ids of all generations are in the results of tasks, or in the journal of the catalogue."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow_provider_getty.cli", "generations", "--uncollected"],
        env=os.environ
        | {"AIRFLOW_HOME": str(run.home), "AIRFLOW_CONN_GETTY_DEFAULT": json.dumps(run.getty.connection)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No data found" in done.stdout


def lineage(run: Run) -> list[dict[str, Any]]:
    """The events of tasks that succeeded, as OpenLineage wrote them."""
    pytest.importorskip("airflow.providers.openlineage", reason="OpenLineage is not installed")
    events = map(json.loads, (run.home / LINEAGE).read_text().splitlines())
    return [each for each in events if each["eventType"] == "COMPLETE" and "." in each["job"]["name"]]


def test_openlineage_is_told_of_every_file_and_every_generation(run: Run) -> None:
    written = {(each["namespace"], each["name"]) for event in lineage(run) for each in event["outputs"]}
    assert {name for namespace, name in written if namespace == "file"} == {
        str(file) for file in run.folder.rglob("*.jpg")
    }
    assert {
        name.rpartition("/")[2] for namespace, name in written if namespace == "https://api.gettyimages.com"
    } == {each["generation_request_id"] for each in run.getty.generations()}


def test_openlineage_is_told_what_each_generation_may_have_cost(run: Run) -> None:
    facets = [each["run"]["facets"]["getty"] for each in lineage(run) if "getty" in each["run"]["facets"]]
    assert sum(each.get("creditsAtMost") or 0 for each in facets) == CREDITS


def test_openlineage_is_told_what_a_refine_was_made_of(run: Run) -> None:
    read = {
        (event["job"]["name"], each["namespace"], each["name"])
        for event in lineage(run)
        for each in event["inputs"]
    }
    assert ("getty_refine.refine", "https://www.gettyimages.com", "detail/1473240153") in read
    assert {name for job, _, name in read if job == "getty_refine_many.refine"} == {
        "detail/1473240153",
        "detail/1250731946",
        "detail/1409562238",
    }
    [lake] = {name for job, _, name in read if job == "getty_refine_again.refine_lake" and "ai" in name}
    [sky] = {
        each["name"]
        for event in lineage(run)
        if event["job"]["name"] == "getty_refine_again.refine_sky"
        for each in event["outputs"]
    }
    assert lake == sky


def secrets(getty: Emulator) -> Iterator[str]:
    """What nobody may read anywhere: the credentials, and all that lets in for a while."""
    yield from (getty.api_key, getty.api_secret, "Bearer ", "signature=", "/media/")
    tokens = list(getty._service.state.tokens)
    assert tokens
    yield from tokens


def test_nothing_that_was_written_holds_a_secret(run: Run) -> None:
    """Output, which ``dag.test()`` does not mask, logs, and the database with its XComs, triggers and events."""
    written = {"output": run.output.encode()}
    written |= {str(path): path.read_bytes() for path in run.home.rglob("*") if path.is_file()}
    generation_id = run.getty.generations()[0]["generation_request_id"].encode()
    assert generation_id in written["output"]
    assert generation_id in written[str(run.home / "airflow.db")]
    found = [
        (name, secret)
        for secret in secrets(run.getty)
        for name in written
        if secret.encode() in written[name]
    ]
    assert found == []
