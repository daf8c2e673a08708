"""Approve before you pay: the approval shows the previews, and the large size is downloaded only after a yes."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.triggers import WORKER_ENDS_IN
from dev.local_airflow import LocalAirflow
from tests.support.whole_airflow import ONE_AT_A_TIME, RUN_SECONDS, warm_up

pytestmark = ONE_AT_A_TIME

DAG_ID = "getty_approve"
UNANSWERED = "getty_unanswered"
LATENCY = 600


@dataclass(frozen=True)
class Answered:
    """A run that was waiting for a person, and got an answer over REST."""

    states: dict[str, str | None]
    asked: dict[str, Any]
    images: dict[str, tuple[int, str]]
    """What the gallery answered for each image in the body: status and content type."""
    files: list[Path]


def respond(airflow: LocalAirflow, place: str, option: str) -> None:
    """Choose after some seconds, as people do: a trigger that fires before its worker has ended fails the task."""
    time.sleep(2 * WORKER_ENDS_IN)
    airflow.api._request("PATCH", place, json={"chosen_options": [option], "params_input": {}})


def answer(airflow: LocalAirflow, getty: Emulator, folder: Path, option: str) -> Answered:
    asked: dict[str, Any] = {}
    images: dict[str, tuple[int, str]] = {}
    run_id = airflow.api.trigger(DAG_ID, {"folder": f"{folder.as_uri()}/"})
    place = f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/approve/-1/hitlDetails"

    def follow(task: Any) -> None:
        if task.task_id == "generate" and task.state == "deferred":
            getty.advance(LATENCY)
        if task.task_id == "approve" and task.state in ("awaiting_input", "deferred"):
            asked.update(airflow.api._get(place))
            for url in re.findall(r"!\[[^\]]*\]\(([^)]*)\)", asked["body"]):
                shown = airflow.api._session.get(url, timeout=60)
                images[url] = (shown.status_code, shown.headers["Content-Type"])
            respond(airflow, place, option)

    airflow.api.wait(DAG_ID, run_id, timeout=RUN_SECONDS, on_change=follow)
    states = {each.task_id: each.state for each in airflow.api.task_instances(DAG_ID, run_id)}
    return Answered(states, asked, images, list(folder.rglob("*.jpg")))


@pytest.fixture(scope="module", autouse=True)
def _is_warm(airflow: LocalAirflow) -> None:
    warm_up(airflow)


@pytest.fixture(scope="module")
def approved(airflow: LocalAirflow, getty: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Answered:
    return answer(airflow, getty, tmp_path_factory.mktemp("approved"), "Approve")


def test_after_a_yes_the_large_size_is_downloaded(approved: Answered) -> None:
    assert approved.states == dict.fromkeys(("generate", "approve", "download"), "success")
    [file] = approved.files
    assert file.name.endswith("-0-4k.jpg")


def test_the_person_sees_the_four_previews(approved: Answered) -> None:
    assert len(approved.images) == 4
    assert set(approved.images.values()) == {(200, "image/jpeg")}
    assert "signature" not in str(approved.asked)


def test_after_a_no_nothing_is_downloaded(airflow: LocalAirflow, getty: Emulator, tmp_path: Path) -> None:
    rejected = answer(airflow, getty, tmp_path, "Reject")
    assert rejected.states == {"generate": "success", "approve": "success", "download": "skipped"}
    assert rejected.files == []


def test_without_a_yes_nothing_is_downloaded(airflow: LocalAirflow) -> None:
    """Nobody answers in time, with and without a default; somebody rejects, where that fails the task or not."""
    airflow.wait_for_dags([UNANSWERED])
    run_id = airflow.api.trigger(UNANSWERED)

    def reject(task: Any) -> None:
        if task.task_id in ("a_no", "a_no_fails") and task.state in ("awaiting_input", "deferred"):
            place = f"dags/{UNANSWERED}/dagRuns/{run_id}/taskInstances/{task.task_id}/-1/hitlDetails"
            respond(airflow, place, "Reject")

    airflow.api.wait(UNANSWERED, run_id, timeout=RUN_SECONDS, on_change=reject)
    assert {each.task_id: each.state for each in airflow.api.task_instances(UNANSWERED, run_id)} == {
        "nobody": "failed",
        "download_after_nobody": "upstream_failed",
        "nobody_is_a_no": "success",
        "download_after_nobody_is_a_no": "skipped",
        "a_no": "success",
        "download_after_a_no": "skipped",
        "a_no_fails": "failed",
        "download_after_a_no_fails": "upstream_failed",
    }
