"""Scheduler, triggerer, DAG processor and API server run the first example DAG, started over REST."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from conftest import Refinement

DAG_ID = "getty_refine"
TASKS = ("refine", "wait", "download")


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
    assert "__classname__" not in text, "an object that Airflow had to serialise"
    assert not [secret for secret in secrets_of(refinement) if secret in text]


def test_the_generation_of_the_refine_is_the_one_that_was_waited_for(refinement: Refinement) -> None:
    [generation] = refinement.getty.generations()
    submitted, finished = refinement.xcom("refine"), refinement.xcom("wait")
    assert (submitted["status"], finished["status"]) == ("pending", "completed")
    assert submitted["generation_request_id"] == finished["generation_request_id"]
    assert finished["generation_request_id"] == generation["generation_request_id"]


def test_it_costs_one_credit(refinement: Refinement) -> None:
    ledger = refinement.getty.ledger()
    assert (len(ledger["entries"]), ledger["total"]) == (1, 1)


def test_no_log_contains_a_secret(refinement: Refinement) -> None:
    """Neither the logs of the tasks and the trigger nor the output of Airflow's processes."""
    logs = {file: file.read_text() for file in refinement.airflow.home.rglob("*.log*")}
    generation_id = refinement.xcom("wait")["generation_request_id"]
    assert any(generation_id in text for text in logs.values()), "these are not the logs of the run"
    assert not [file for file, text in logs.items() for secret in secrets_of(refinement) if secret in text]


def secrets_of(refinement: Refinement) -> tuple[str, ...]:
    """Return what nobody may read anywhere: the credentials, and what marks a signed URL or a token."""
    return refinement.getty.api_key, refinement.getty.api_secret, "signature=", "Bearer "
