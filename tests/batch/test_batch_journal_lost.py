"""A batch whose journal is not where it was: nothing is paid for again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.engine import Engine
from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch, to_the_end
from tests.support.task_runs import Worker, needs_store


@pytest.mark.parametrize("is_deferred", [False, True])
def test_a_journal_that_is_not_there_any_more_is_refused(
    getty: Emulator, tmp_path: Path, is_deferred: bool
) -> None:
    worker = Worker()
    getty.fault("stay-pending", "generate", times=None)
    run = worker.run(a_batch(generates(6), tmp_path, deferrable=True))
    assert run.state == "deferred"
    (tmp_path / "journal.jsonl").unlink()
    getty.fault("finish-at-once", "get-generation", times=None)
    if is_deferred:
        lost, _ = to_the_end(worker, run)
    elif worker.store:  # Airflow 3.3
        lost = worker.run(a_batch(generates(6), tmp_path, deferrable=True))
    else:
        return

    assert lost.state == "failed"
    assert "6 generations of this batch were charged, but the journal" in lost.message
    assert "before it: 6 generations were charged." in lost.message
    assert "It must be where all workers reach it" in lost.message
    assert getty.ledger()["total"] == 6


@needs_store
def test_a_journal_that_is_gone_before_anything_was_reported_is_refused(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker died at once; the retry runs where the journal is not."""

    async def die(engine: Engine, *seen: Any) -> None:
        await really_run(engine, *seen)
        raise KeyboardInterrupt

    worker, really_run = Worker(), Engine.run
    with monkeypatch.context() as patch:
        patch.setattr(Engine, "run", die)
        worker.run(a_batch(generates(3), tmp_path), retries_left=True)
    assert getty.ledger()["total"] == 3
    (tmp_path / "journal.jsonl").unlink()

    lost = worker.run(a_batch(generates(3), tmp_path))

    assert "An earlier try of this batch has begun, but its journal" in lost.message
    assert getty.ledger()["total"] == 3


@needs_store
def test_a_batch_that_has_failed_without_a_charge_may_begin_again_elsewhere(
    getty: Emulator, tmp_path: Path
) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=2, status=403)
    worker.run(a_batch(generates(2), tmp_path / "here"))
    worker.clear("batch")

    assert worker.run(a_batch(generates(2), tmp_path / "there")).state == "success"


def test_a_journal_that_cannot_be_read_is_not_counted(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("stay-pending", "generate", times=None)
    worker.run(a_batch(generates(2), tmp_path, deferrable=True))
    whole = (tmp_path / "journal.jsonl").read_text()
    (tmp_path / "journal.jsonl").write_text(whole.replace('"event":"intended"', '"event":"?"'))

    damaged = worker.run(a_batch(generates(2), tmp_path))

    assert "cannot be read at line 2" in damaged.message
    assert "Nothing was charged" not in damaged.message
    assert "Nothing was submitted in this try" in damaged.message


@pytest.mark.parametrize(
    ("executor", "is_warned_of"),
    [
        ("LocalExecutor", False),
        ("CeleryExecutor", True),
        ("LocalExecutor,KubernetesExecutor", True),
        ("airflow.providers.celery.executors.celery_executor.CeleryExecutor", True),
    ],
)
def test_a_journal_on_the_disk_of_one_of_several_workers_is_warned_of(
    getty: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    executor: str,
    *,
    is_warned_of: bool,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", executor)
    assert Worker().run(a_batch(generates(1), tmp_path)).state == "success"
    assert ("is on this worker's disk" in caplog.text) is is_warned_of
    caplog.clear()

    in_a_store = f"memory://{tmp_path.name}/journal.jsonl"
    assert Worker().run(a_batch(generates(1), tmp_path, journal=in_a_store)).state == "success"
    assert "is on this worker's disk" not in caplog.text
