"""A valid refine, which tests change as needed."""

from __future__ import annotations

from typing import Any

from getty_emulator.server import Emulator

from airflow_provider_getty.operators.refine import GettyRefineOperator
from tests.support.task_runs import Worker

IMAGE_ID = "1473240153"
SIZE = (1024, 683)
BOXES = [(60, 16, 964, 250)]


def refine(**changes: Any) -> GettyRefineOperator:
    """A task that refines an image on the emulator; an argument changed to None is omitted."""
    arguments = {
        "task_id": "refine",
        "image_id": IMAGE_ID,
        "image_size": SIZE,
        "mask": BOXES,
        "prompt": "hot air balloons",
    } | changes
    return GettyRefineOperator(**{name: value for name, value in arguments.items() if value is not None})


def late(getty: Emulator, **changes: Any) -> Worker:
    """A worker whose first try gave up before its generation was finished."""
    worker = Worker()
    getty.fault("stay-pending", "refine")
    assert worker.run(refine(timeout=1, **changes), retries_left=True).state == "up_for_retry"
    return worker
