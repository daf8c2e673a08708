"""Scheduler, triggerer, DAG processor and API server run the first example DAG, started over REST."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.support.traces import answers, files, found, signatures, tokens
from tests.support.whole_airflow import DAG_ID, ONE_AT_A_TIME, Refinement

pytestmark = ONE_AT_A_TIME

TASKS = ("refine", "wait", "download")


def test_the_tests_of_a_whole_airflow_are_all_in_one_process(request: pytest.FixtureRequest) -> None:
    """A pytest that pytest-xdist does not know groups no tests, silently."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("The tests are not spread over processes by their groups.")
    assert request.node.nodeid.endswith("@whole-airflow")


def test_every_task_of_the_run_succeeds(refinement: Refinement) -> None:
    assert refinement.state == "success", refinement.airflow.api.failure(DAG_ID, refinement.run_id)
    assert {task: states[-1] for task, states in refinement.states.items()} == dict.fromkeys(TASKS, "success")


def test_the_sensor_waits_in_the_triggerer(refinement: Refinement) -> None:
    """The generation ends only after the API has shown the sensor as deferred."""
    assert "deferred" in refinement.states["wait"]


def test_the_refined_image_is_on_disk_and_nothing_else_is(refinement: Refinement) -> None:
    [file] = refinement.folder.rglob("*.*")
    with Image.open(file) as image:
        image.load()  # decodes it to its last byte
        assert (image.format, image.size) == ("JPEG", (1024, 683))


@pytest.mark.parametrize("task_id", TASKS)
def test_what_a_task_returns_is_plain_json_without_secrets(refinement: Refinement, task_id: str) -> None:
    text = json.dumps(refinement.xcom(task_id))
    assert "__classname__" not in text, "an object that Airflow had to serialize"
    assert not [secret for secret in secrets_of(refinement) if secret in text]


def test_the_generation_of_the_refine_is_the_one_that_was_waited_for(refinement: Refinement) -> None:
    [charge] = refinement.charges
    submitted, finished = refinement.xcom("refine"), refinement.xcom("wait")
    assert (submitted["status"], finished["status"]) == ("pending", "completed")
    assert submitted["generation_request_id"] == finished["generation_request_id"]
    assert finished["generation_request_id"] == charge["generation_request_id"]


def test_it_costs_one_credit(refinement: Refinement) -> None:
    assert [charge["credits"] for charge in refinement.charges] == [1]


def test_neither_a_file_nor_an_answer_of_airflow_contains_a_secret(refinement: Refinement) -> None:
    """Its database, all logs, what REST tells of tasks, XComs, rendered fields and waiting triggers."""
    getty, airflow = refinement.getty, refinement.airflow
    traces = [
        *files(airflow.home),
        *answers(airflow.api, DAG_ID, refinement.run_id),
        *refinement.meanwhile,
    ]
    secrets = [getty.api_key, getty.api_secret, *tokens(getty), *signatures(getty)]
    assert found(secrets, traces) == {}

    logs = [(name, content) for name, content in traces if ".log" in name]
    assert found(secrets_of(refinement), logs) == {}
    generation_id = refinement.xcom("wait")["generation_request_id"]
    where = " ".join(found([generation_id], traces)[generation_id])
    for place in (
        ".db",
        "row by row",
        ".log",
        "/logs/",
        "xcomEntries/return_value",
        "trigger airflow_provider_getty",
    ):
        assert place in where, "this would not have been found there"


def test_the_search_for_secrets_finds_them(tmp_path: Path, refinement: Refinement) -> None:
    getty = refinement.getty
    secrets = [getty.api_key, getty.api_secret, *tokens(getty), *signatures(getty)]
    assert signature_in_use(refinement) in secrets
    (tmp_path / "task.log").write_text(" ".join(secrets))
    with closing(sqlite3.connect(tmp_path / "airflow.db")) as database, database:
        database.execute("CREATE TABLE xcom (value)")
        database.executemany("INSERT INTO xcom VALUES (?)", [("x" * 3000 + secret,) for secret in secrets])
    places = found(secrets, files(tmp_path))
    assert set(places) == set(secrets)
    assert {str(tmp_path / "task.log"), f"{tmp_path / 'airflow.db'}, row by row"} <= set(places[secrets[0]])


def signature_in_use(refinement: Refinement) -> str:
    """The signature of a link that the emulator has just handed out."""
    getty = refinement.getty
    headers = {"Api-Key": getty.api_key, "Authorization": f"Bearer {tokens(getty)[-1]}"}
    generation = getty.generations()[0]["generation_request_id"]
    path = f"{getty.url}/v3/ai/image-generations/{generation}"
    url: str = requests.get(path, headers=headers, timeout=10).json()["results"][0]["url"]
    return url.rpartition("signature=")[2]


def secrets_of(refinement: Refinement) -> tuple[str, ...]:
    """Return what nobody may read anywhere: the credentials, and what marks a signed URL or a token."""
    return refinement.getty.api_key, refinement.getty.api_secret, "signature=", "Bearer "
