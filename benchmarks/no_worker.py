"""Sensors without a worker: how long a real Airflow takes for many sensors whose generations finish soon.

    python -m benchmarks.no_worker

A complete Airflow (LocalExecutor with four slots, PostgreSQL if it is installed, otherwise SQLite) runs two DAGs in
turn, which differ only in `run_in_triggerer`. The time is measured from the first queued or deferred task to the end of
the last one, according to Airflow's database. A plain deferrable sensor polls once in its worker: if the generation is
finished already, that is all; if it finishes a moment later, the sensor defers and resumes.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from getty_emulator.server import Emulator

from airflow_provider_getty.hooks.getty import GettyHook
from dev.local_airflow import LocalAirflow
from dev.postgres import temporary_postgres

TARGET = 1 / 3
RUN_SECONDS = 600.0
DAGS = {"plainly_deferrable": "deferrable", "run_in_triggerer": "run_in_triggerer"}
DAG_FILE = """
from airflow.sdk import DAG
from airflow_provider_getty.sensors.generation import GenerationSensor

for dag_id, how in {dags}.items():
    with DAG(dag_id, schedule=None, max_active_tasks=1000):
        for number in range({sensors}):
            GenerationSensor(
                task_id=f"wait_{{number}}",
                generation_request_id=f"{{{{{{{{ dag_run.conf.ids[{{number}}] }}}}}}}}",
                **{{how: True}},
            )
"""


@dataclass(frozen=True)
class Run:
    """The outcome of one run of a DAG.

    :param seconds: from the first queued or deferred task to the end of the last one.
    :param processes: the number of tasks that had a process.
    """

    seconds: float
    failed: int
    processes: int


def measure(airflow: LocalAirflow, getty: Emulator, dag_id: str, sensors: int, *, finished: bool) -> Run:
    """Run a DAG's sensors on generations that are finished, or that finish after their first poll."""
    ids = submit(getty, sensors)
    if not finished:
        getty.fault("stay-pending", "get-generation", times=sensors)
    run_id = airflow.api.trigger(dag_id, {"ids": ids})
    airflow.api.wait(dag_id, run_id, timeout=RUN_SECONDS)
    path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances"
    tasks = airflow.api._get(path, limit=1000)["task_instances"]  # noqa: SLF001 - more than what a test asks
    began = min(datetime.fromisoformat(task["queued_when"] or task["start_date"]) for task in tasks)
    ended = max(datetime.fromisoformat(task["end_date"]) for task in tasks)
    return Run(
        seconds=(ended - began).total_seconds(),
        failed=sum(task["state"] != "success" for task in tasks),
        processes=sum(task["pid"] is not None for task in tasks),
    )


def submit(getty: Emulator, count: int) -> list[str]:
    """Return the ids of new generations."""
    os.environ["AIRFLOW_CONN_GETTY_DEFAULT"] = json.dumps(getty.connection)
    hook = GettyHook()
    mask_url = hook.upload_mask([(10, 10, 90, 90)], image_size=(100, 100))
    try:
        return [
            hook.refine(image_id="1473240153", mask_url=mask_url).generation_request_id for _ in range(count)
        ]
    finally:
        hook.get_conn().close()


def main(sensors: int, rounds: int) -> None:
    """Print the table."""
    logging.getLogger("getty_emulator").setLevel(logging.WARNING)
    runs: dict[tuple[str, bool], list[Run]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="no-worker-")))
        (folder / "dags").mkdir()
        (folder / "dags" / "sensors.py").write_text(DAG_FILE.format(dags=DAGS, sensors=sensors))
        getty = stack.enter_context(Emulator(latency="0"))
        postgres = stack.enter_context(temporary_postgres())
        airflow = LocalAirflow(
            folder / "airflow",
            folder / "dags",
            {"getty_default": getty.connection},
            database_url=postgres.url if postgres else None,
        )
        stack.enter_context(airflow)
        airflow.wait_for_dags(DAGS)
        for dag_id in DAGS:
            measure(
                airflow, getty, dag_id, sensors, finished=True
            )  # everything that is loaded once is loaded now
        for _ in range(rounds):
            for finished in (True, False):
                for dag_id in DAGS:
                    run = measure(airflow, getty, dag_id, sensors, finished=finished)
                    runs.setdefault((dag_id, finished), []).append(run)
    print(f"{sensors} sensors, {'PostgreSQL' if postgres else 'SQLite'}, median of {rounds} runs\n")
    print("| Generations | DAG | Seconds | Of plain | Processes | Failed |\n|---|---|---|---|---|---|")
    for finished, generations in ((True, "finished before"), (False, "finished after the first poll")):
        plain = median(run.seconds for run in runs["plainly_deferrable", finished])
        for dag_id in DAGS:
            measured = runs[dag_id, finished]
            seconds = median(run.seconds for run in measured)
            processes, failed = measured[0].processes, sum(run.failed for run in measured)
            print(
                f"| {generations} | {dag_id} | {seconds:.1f} | {seconds / plain:.2f} | {processes} | {failed} |"
            )
        verdict = "met" if seconds <= plain * TARGET else "missed"
        print(f"| | *target: at most a third of plain* | | *{verdict}* | | |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sensors", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    main(**vars(parser.parse_args()))
