"""A finished run of the first example DAG in a complete Airflow, for tests/system."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from dev.local_airflow import LocalAirflow

DAG_ID = "getty_refine"
RUN_SECONDS = 180
ONE_AT_A_TIME = pytest.mark.xdist_group("whole-airflow")
"""Marks tests that start a complete Airflow: pytest-xdist runs them in one process, one after another."""


@dataclass(frozen=True)
class Refinement:
    """One finished run of the DAG, and the places of its traces."""

    airflow: LocalAirflow
    getty: Emulator
    run_id: str
    state: str
    states: dict[str, list[str | None]]
    folder: Path
    charges: list[dict[str, Any]]
    """The charges during the run."""
    meanwhile: list[tuple[str, bytes]]
    """The REST API's view of the running tasks, and the arguments of the waiting triggers."""

    def xcom(self, task_id: str) -> Any:
        """Return a task's return value."""
        return self.airflow.api.xcom(DAG_ID, self.run_id, task_id)


def warm_up(airflow: LocalAirflow) -> None:
    """Run a task that may fail, as an Airflow's first task may while the API server is starting on a loaded machine."""
    airflow.wait_for_dags(["getty_approve"])
    airflow.api.wait(
        "getty_approve", airflow.api.trigger("getty_approve", {"prompt": ""}), timeout=RUN_SECONDS
    )
