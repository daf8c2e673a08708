"""GettyBatchOperator: any number of generations in one task."""

from __future__ import annotations

import json
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from fsspec.implementations.memory import MemoryFileSystem
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.events import Finished, ItemRef
from airflow_provider_getty.batch.journal_files import LocalJournal
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.batch_runs import REFINE, generates, lines
from tests.support.batch_tasks import a_batch
from tests.support.task_runs import Worker


@pytest.mark.usefixtures("grey")
def test_items_of_several_operations_are_generated_and_downloaded(getty: Emulator, tmp_path: Path) -> None:
    requests = [*generates(2), {**REFINE, "prompt": "balloons", "name": "tree"}]
    run = Worker().run(a_batch(requests, tmp_path, download_to=str(tmp_path / "images")))

    assert run.state == "success"
    assert run.result == {
        "journal": str(tmp_path / "journal.jsonl"),
        "total": 3,
        "submitted": 3,
        "completed": 3,
        "blocked": 0,
        "failed": 0,
        "charged": 3,
        "unknown": 0,
        "downloaded": 3,
        "failures": [],
    }
    ids = {
        line["item"]: line["generation_request_id"] for line in lines(tmp_path) if line["event"] == "finished"
    }
    assert {file.name for file in (tmp_path / "images").iterdir()} == {
        f"000001-{ids[1]}-0-1k.jpg",
        f"000002-{ids[2]}-0-1k.jpg",
        f"tree-{ids[3]}-0-1k.jpg",
    }
    assert lines(tmp_path)[-1]["event"] == "ended"


@pytest.mark.usefixtures("grey")
def test_all_images_or_the_first_that_is_not_blocked(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("block-images", "generate", times=2, which=[0, 2])
    for images, expected in (("first", {1}), ("all", {1, 3})):
        folder = tmp_path / images
        run = Worker().run(
            a_batch(
                generates(1), folder, download_to=f"file://{folder}/images", images=images, size_name="1k"
            )
        )
        assert run.state == "success", run.message
        assert {int(file.name.split("-")[-2]) for file in (folder / "images").iterdir()} == expected


@pytest.mark.parametrize("name", ["items.jsonl", "items.csv"])
def test_a_file_and_defaults(getty: Emulator, tmp_path: Path, name: str) -> None:
    text = '{"seed": 1}\n{"seed": 2, "prompt": "sun"}\n' if name.endswith("l") else "seed,prompt\n1,\n2,sun\n"
    (tmp_path / name).write_text(text)
    worker = Worker(conf={"what": "moon"})
    run = worker.run(
        a_batch(
            str(tmp_path / name),
            tmp_path,
            operation="generate",
            defaults={"prompt": "{{ dag_run.conf['what'] }}"},
        )
    )
    assert run.state == "success", run.message
    assert sorted(each["prompt"] for each in getty.generations()) == ["moon", "sun"]


def test_the_result_of_an_upstream_task(getty: Emulator, tmp_path: Path) -> None:
    class Upstream(BaseOperator):
        def execute(self, context: Any) -> Any:
            return generates(3)

    with DAG("a_dag", schedule=None):
        upstream = Upstream(task_id="upstream")
        batch = a_batch(upstream.output, tmp_path)
    worker = Worker()
    worker.run(upstream)

    assert worker.run(batch).result["completed"] == 3


def test_a_generation_whose_id_cannot_be_written_is_named(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def append(journal: LocalJournal, data: bytes) -> None:
        if b'"submitted"' in data:
            raise OSError(ENOSPC, "No space left on device")
        really_append(journal, data)

    really_append = LocalJournal.append
    monkeypatch.setattr(LocalJournal, "append", append)
    run = Worker().run(a_batch(generates(1), tmp_path))

    assert run.state == "failed"
    [generation] = getty.generations()
    assert (
        f"Item 1 is generation {generation['generation_request_id']} (1 charged), but its id could not be stored."
        in caplog.text
    )


def test_a_batch_of_nothing_succeeds(getty: Emulator, tmp_path: Path) -> None:
    assert Worker().run(a_batch([], tmp_path)).result["total"] == 0


def test_a_generation_that_takes_too_long_fails_its_item_alone(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=1)
    run = Worker().run(a_batch(generates(3), tmp_path, generation_timeout=0.5, fail_on=0.5))
    assert (run.result["completed"], run.result["failed"]) == (2, 1)
    error = run.result["failures"][0]["error"]
    assert "not finished after" in error
    assert error.endswith("Another try collects it; generation_timeout allows more time.")


def test_mapped_batches_have_markers_and_journals_of_their_own(getty: Emulator, tmp_path: Path) -> None:
    for index in (0, 1):
        task = a_batch(generates(1), tmp_path, journal=str(tmp_path / "{{ ti.map_index }}.jsonl"))
        assert Worker().run(task, map_index=index).state == "success"
    markers = {entry["notes"] for entry in getty.ledger()["entries"]}
    assert len(markers) == 2
    assert any(" a_dag.batch[1][1]" in marker for marker in markers)


def test_the_journal_may_lie_in_an_object_store(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=1, status=400)
    MemoryFileSystem.store.clear()
    journal = "memory://bucket/{{ run_id }}.jsonl"
    assert worker.run(a_batch(generates(4), tmp_path, journal=journal)).state == "failed"
    worker.clear("batch")
    run = worker.run(a_batch(generates(4), tmp_path, journal=journal))

    assert run.result["journal"] == "memory://bucket/a_run.jsonl"
    assert getty.ledger()["total"] == 4
    assert list(MemoryFileSystem.store) == ["/bucket/a_run.jsonl"]
    MemoryFileSystem.store.clear()


def test_a_mask_that_cannot_be_read_now_fails_its_item_and_is_worth_a_retry(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError(5, "The store is away")

    monkeypatch.setattr("airflow_provider_getty.generating.request.make_mask", away)
    run = Worker().run(a_batch([*generates(1), {**REFINE, "prompt": "a"}], tmp_path), retries_left=True)
    assert run.state == "up_for_retry"
    assert "Item 2: Its mask cannot be read now: The store is away. No credit was used." in run.message


def test_the_progress_is_in_the_task_state_store(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    worker.run(a_batch(generates(2), tmp_path))
    if worker.store:  # Airflow 3.3
        assert worker.store["getty_batch"]["completed"] == 2


def test_no_secret_and_no_signed_url_is_in_journal_result_or_log(
    getty: Emulator, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "airflow_provider_getty.batch")
    run = Worker().run(a_batch(generates(2), tmp_path))
    text = (tmp_path / "journal.jsonl").read_text() + json.dumps(run.result) + caplog.text + run.log
    assert "demo-secret" not in text
    assert "/media/" not in text
    assert "Bearer" not in text


async def test_an_id_never_leads_out_of_the_folder(getty: Emulator, tmp_path: Path) -> None:
    (tmp_path / "000001-..-..-x-0-1k.jpg").write_bytes(b"an image")
    downloads = Downloads(folder=str(tmp_path), size_name="1k", images="all", options={}, deadline=0)
    made = Finished(generation_request_id="../../x", seed=None, images=(0,), blocked=())
    async with GettyHook().async_session() as session:
        found = await downloads.fetch(session, ItemRef(number=1, key=1), made, may_be_started=True)
    assert found == ("000001-..-..-x-0-1k.jpg",)


@pytest.mark.usefixtures("grey")
def test_a_file_that_cannot_be_written_is_the_trouble_of_its_item(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = Downloads._fetch

    async def fails_for_the_tree(
        self: Any, getty: Any, finished: Any, index: int, name: str, **named: Any
    ) -> Any:
        if name.startswith("tree-"):
            raise OSError(28, "No space left on device")
        return await really(self, getty, finished, index, name, **named)

    items = [{**each, "name": name} for each, name in zip(generates(3), ("sky", "tree", "sea"), strict=True)]
    worker = Worker()
    with monkeypatch.context() as patch:
        patch.setattr(Downloads, "_fetch", fails_for_the_tree)
        run = worker.run(a_batch(items, tmp_path, download_to=str(tmp_path / "images")), retries_left=True)
    assert run.state == "up_for_retry"
    assert "Of 3 items, 2 are completed, 0 blocked, 1 failed" in run.message
    assert "3 generations were charged." in run.message
    assert (
        "Item 2 (tree): Its image cannot be written: No space left on device. Its generation is"
        in run.message
    )

    items[1]["name"] = "oak"
    again = worker.run(a_batch(items, tmp_path, download_to=str(tmp_path / "images")))
    assert (again.result["completed"], again.result["charged"]) == (3, 3)
    assert getty.ledger()["total"] == 3


def test_a_progress_report_that_airflow_refuses_ends_nothing(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "airflow_provider_getty.batch")

    def refused(*_: Any) -> None:
        raise RuntimeError("503 Service Unavailable")

    monkeypatch.setattr("airflow_provider_getty.operators._batch._keep", refused)
    run = Worker().run(a_batch(generates(2), tmp_path))
    assert run.result["completed"] == 2
    assert (
        "Airflow did not take a progress report (503 Service Unavailable). The batch continues."
        in caplog.text
    )
