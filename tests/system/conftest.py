"""A whole Airflow for the tests of this folder, and one run of the first example DAG on it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from getty_emulator.server import Emulator

from dev.local_airflow import LocalAirflow
from tests.support.traces import as_bytes, triggers
from tests.support.whole_airflow import DAG_ID, RUN_SECONDS, Refinement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.airflow_api import TaskInstance

EXAMPLE_DAGS = Path(__file__).parents[2] / "example_dags"
OTHER_DAGS = Path(__file__).parent / "dags"
API_KEY = "key-of-the-system-test"
API_SECRET = "secret-of-the-system-test"
LATENCY = 600  # seconds of the emulator's clock, which moves on only when the sensor is deferred


@pytest.fixture(scope="package")
def getty() -> Iterator[Emulator]:
    with Emulator(strict=True, api_key=API_KEY, api_secret=API_SECRET, latency=str(LATENCY)) as emulator:
        yield emulator


@pytest.fixture(scope="package")
def crowded() -> Iterator[Emulator]:
    """Another account, whose limit of pending generations a test may set."""
    with Emulator(strict=True, latency="3", concurrency_refusal="service") as emulator:
        yield emulator


@pytest.fixture(scope="package")
def watched() -> Iterator[Emulator]:
    """A third account, whose history a trigger watches."""
    with Emulator(strict=True) as emulator:
        yield emulator


@pytest.fixture(scope="package")
def airflow(
    getty: Emulator, crowded: Emulator, watched: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalAirflow]:
    home = tmp_path_factory.mktemp("airflow")
    dags = tmp_path_factory.mktemp("dags")
    for folder in (EXAMPLE_DAGS, OTHER_DAGS):
        shutil.copytree(folder, dags, dirs_exist_ok=True)
    connections = {
        "getty_default": getty.connection,
        "getty_crowded": crowded.connection,
        "getty_watched": watched.connection,
    }
    settings = {"getty": {"gallery_folders": str(home / "gallery")}}
    with LocalAirflow(home, dags, connections, settings=settings) as local:
        local.wait_for_dags([DAG_ID])
        yield local


@pytest.fixture(scope="package")
def refinement(
    airflow: LocalAirflow, getty: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Refinement:
    folder = tmp_path_factory.mktemp("refined")
    states: dict[str, list[str | None]] = {}
    meanwhile: list[tuple[str, bytes]] = []

    def follow(task: TaskInstance) -> None:
        path = f"dags/{DAG_ID}/dagRuns/{run_id}/taskInstances/{task.task_id}"
        meanwhile.append((f"{path}, {task.state}", as_bytes(airflow.api._get(path))))
        states.setdefault(task.task_id, []).append(task.state)
        if task.state == "deferred":
            meanwhile.extend(triggers(airflow.home))
            getty.advance(LATENCY)

    charged_before = len(getty.ledger()["entries"])
    run_id = airflow.api.trigger(DAG_ID, {"folder": f"{folder.as_uri()}/"})
    state = airflow.api.wait(DAG_ID, run_id, timeout=RUN_SECONDS, on_change=follow)
    charges = getty.ledger()["entries"][charged_before:]
    return Refinement(airflow, getty, run_id, state, states, folder, charges, meanwhile)
