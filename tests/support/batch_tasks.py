"""A batch as a task, and running it to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow_provider_getty.operators.batch import GettyBatchOperator
from tests.support.task_runs import TaskRun, Worker


def a_batch(requests: Any, folder: Path, **changes: Any) -> GettyBatchOperator:
    """A task that keeps its journal in a folder; the changes are arguments of the operator."""
    return GettyBatchOperator(
        **{
            "task_id": "batch",
            "requests": requests,
            "journal": str(folder / "journal.jsonl"),
            "history_lag": 0.6,
            "poll_interval": 0.05,
        }
        | changes
    )


def to_the_end(worker: Worker, run: TaskRun) -> tuple[TaskRun, int]:
    """Resume it as often as it defers, and count the deferrals."""
    times = 0
    while run.state == "deferred":
        times += 1
        run = worker.resume(run)
    return run, times
