"""`make crash-matrix`: kills or freezes a refine at each of its steps, and checks its final cost.

Real processes in a real Airflow get SIGKILL or SIGSTOP. Airflow retries, and the emulator's ledger shows the charges.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import requests

from dev.crashes import CELLS, DAGS, FORMS, STEPS, TRIGGERER, Crash, Form, Outcome
from dev.local_airflow import LocalAirflow
from dev.postgres import temporary_postgres
from dev.processes import ProcessFailedError, stopping_on_signals
from tests.support.real_stores import s3_server

STALLED_SECONDS = 300  # without the end of any run
POLL_SECONDS = 0.5
QUICK_TO_NOTICE = {
    "dag_processor": {"min_file_process_interval": 5},  # a deploy changes the file that the DAG reads
    "scheduler": {
        "task_instance_heartbeat_timeout": 10,
        "task_instance_heartbeat_timeout_detection_interval": 1,
    },
    "workers": {"min_heartbeat_interval": 2},
    "triggerer": {"job_heartbeat_sec": 2, "triggerer_health_check_threshold": 8},
}
ON_POSTGRES = {"core": {"parallelism": 16}}  # a frozen process occupies its slot
AT_ONCE_ON_POSTGRES = 10  # runs
AT_ONCE_ON_SQLITE = 4  # runs waiting in one triggerer; with more, "database is locked" (Airflow 3.3.2)


@dataclass(frozen=True)
class Matrix:
    """All outcomes, by step and form."""

    database: str
    seconds: float
    outcomes: Mapping[tuple[str, Form], Outcome]

    def as_markdown(self) -> str:
        """Return the table, with a row for each step and a column for each form."""
        titles = [
            f"{form.name.replace('_', ' ').replace('s3', 'S3')} (the {form.victim} dies)" for form in FORMS
        ]
        lines = [f"| Killed | {' | '.join(titles)} |", "|---" * (len(FORMS) + 1) + "|"]
        for step, title in STEPS.items():
            row = (str(self.outcomes.get((step, form), "-")) for form in FORMS)
            lines.append(f"| {title} | {' | '.join(row)} |")
        return "\n".join(lines)


def crash_matrix(folder: Path, cells: Sequence[tuple[str, Form]] = CELLS) -> Matrix:
    """Run crashes in one Airflow, several at once, on PostgreSQL if it is installed."""
    started = time.monotonic()
    with ExitStack() as stack:
        postgres = stack.enter_context(temporary_postgres())
        dags = shutil.copytree(DAGS, folder / "dags")
        s3 = stack.enter_context(s3_server())
        crashes = [Crash.at(step, form, folder, dags, s3.endpoint) for step, form in cells]
        for crash in crashes:
            stack.enter_context(crash.getty)
        airflow = stack.enter_context(
            LocalAirflow(
                folder / "airflow",
                dags,
                {
                    crash.connection: crash.getty.connection
                    for crash in crashes
                    if not crash.has_stored_connection
                },
                database_url=postgres.url if postgres else None,
                settings=QUICK_TO_NOTICE | (ON_POSTGRES if postgres else {}),
            )
        )
        airflow.wait_for_dags({crash.dag_id for crash in crashes})
        _run(airflow, crashes, at_once=AT_ONCE_ON_POSTGRES if postgres else AT_ONCE_ON_SQLITE)
        outcomes = {(crash.step, crash.form): crash.outcome(airflow.api) for crash in crashes}
    return Matrix("PostgreSQL" if postgres else "SQLite", time.monotonic() - started, outcomes)


def _run(airflow: LocalAirflow, crashes: list[Crash], *, at_once: int) -> None:
    """Kill the victims at each step until all runs have ended, or no more of them end."""
    deadline = time.monotonic() + STALLED_SECONDS
    waiting, running = list(crashes), list[Crash]()
    dying = [crash for crash in crashes if crash.waits_in_triggerer and crash.step == "while-waiting"]
    freezing = [crash for crash in crashes if crash.step == "triggerer-frozen"]
    frozen = list[Crash]()
    while (waiting or running) and time.monotonic() < deadline:
        airflow.ensure_alive()
        while waiting and len(running) < at_once:
            running.append(waiting.pop(0))
            running[-1].start(airflow.api)
        for crash in running:
            crash.kill(airflow.api)
            crash.thaw(airflow.api)
        if _all_deferred(dying, running, airflow):
            airflow.kill("triggerer")
            airflow.start("triggerer")
            dying = _without_triggerer(dying)
        if _all_deferred(freezing, running, airflow):
            airflow.freeze("triggerer")
            airflow.start("triggerer")
            frozen, freezing = freezing, _without_triggerer(freezing)
        if frozen and not any(crash.is_deferred(airflow.api) for crash in frozen):
            airflow.thaw()
            frozen = []
        states = {dag_id: airflow.api.run_states(dag_id) for dag_id in {crash.dag_id for crash in running}}
        for crash in running:
            crash.is_in(states[crash.dag_id][crash.run_id], airflow.api)
        if any(crash.ended for crash in running):
            deadline = time.monotonic() + STALLED_SECONDS
        running = [crash for crash in running if not crash.ended]
        time.sleep(POLL_SECONDS)


def _all_deferred(crashes: list[Crash], running: list[Crash], airflow: LocalAirflow) -> bool:
    """True if there are such runs, and all of them wait in the triggerer."""
    return bool(crashes) and all(crash in running and crash.is_deferred(airflow.api) for crash in crashes)


def _without_triggerer(crashes: list[Crash]) -> list[Crash]:
    """Record that the triggerer was killed for all runs that wait for it."""
    for crash in crashes:
        crash.was_killed(TRIGGERER)
    return []


def main() -> int:
    """Run the matrix, print it, and return the exit code."""
    try:
        with stopping_on_signals(), tempfile.TemporaryDirectory(prefix="crash-matrix-") as folder:
            matrix = crash_matrix(Path(folder))
    except KeyboardInterrupt:
        return 130
    except (ProcessFailedError, requests.RequestException) as error:
        print(error, file=sys.stderr)
        return 1
    print(matrix.as_markdown())
    print(f"\nAirflow on {matrix.database}, all in {matrix.seconds:.0f} s.")
    wrong = [
        (step, form, outcome) for (step, form), outcome in matrix.outcomes.items() if not outcome.is_right
    ]
    for step, form, outcome in wrong:
        print(f"\n{form.name}, {STEPS[step]}: {outcome}\n{outcome.trouble}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
