"""A finished run of the first example DAG in a whole Airflow, for tests/system."""

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
"""Marks tests that start a whole Airflow: pytest-xdist runs them in one process, one after the other."""


@dataclass(frozen=True)
class Refinement:
    """One finished run of the DAG, and where its traces are."""

    airflow: LocalAirflow
    getty: Emulator
    run_id: str
    state: str
    states: dict[str, list[str | None]]
    folder: Path
    charges: list[dict[str, Any]]
    """What the account was charged while it ran."""
    meanwhile: list[tuple[str, bytes]]
    """What REST told of the tasks while they ran, and the arguments of the triggers that waited."""

    def xcom(self, task_id: str) -> Any:
        """Return what a task has returned."""
        return self.airflow.api.xcom(DAG_ID, self.run_id, task_id)


def warm_up(airflow: LocalAirflow) -> None:
    """Let a task fail: the first one of an Airflow may fail on a loaded machine, whose API server is just starting."""
    airflow.wait_for_dags(["getty_approve"])
    airflow.api.wait(
        "getty_approve", airflow.api.trigger("getty_approve", {"prompt": ""}), timeout=RUN_SECONDS
    )
