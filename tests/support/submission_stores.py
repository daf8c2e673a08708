"""Submission stores that forget, or to which a worker does not write because it dies first."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_getty.generating.submitter import SubmissionStore
from tests.support.task_runs import Worker


def without_a_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the task state store, which Airflow 3.1 and 3.2 do not have."""
    monkeypatch.setattr(SubmissionStore, "of", classmethod(lambda cls, _: cls(None)))


def die_before_the_id_is_stored(worker: Worker, task: Any) -> None:
    """Run a try of the task that dies before it stores the id."""

    def save(store: SubmissionStore, record: Any) -> None:
        if record and record.generation_request_id:
            raise RuntimeError("killed")
        really_save(store, record)

    really_save = SubmissionStore.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SubmissionStore, "save", save)
        assert worker.run(task, retries_left=True).message == "killed"
