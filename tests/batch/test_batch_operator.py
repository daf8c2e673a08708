"""GettyBatchOperator: any number of generations in one task."""

from __future__ import annotations

import json
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException
from fsspec.implementations.memory import MemoryFileSystem
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.events import Finished, ItemRef
from airflow_provider_getty.batch.journal_files import LocalJournal
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.batch_runs import REFINE, charges, generates, lines
from tests.support.batch_tasks import a_batch, to_the_end
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
        f"Item 1 is generation {generation['generation_request_id']} (1 charged), but its id could not be kept."
        in caplog.text
    )


def test_bad_items_are_refused_before_anything_is_sent(getty: Emulator, tmp_path: Path) -> None:
    run = Worker().run(a_batch([*generates(1), {"operation": "paint"}], tmp_path), retries_left=True)

    assert run.state == "failed"
    assert "1 of 2 items cannot be used. item 2: There is no operation 'paint'" in run.message
    assert {request["operation"] for request in getty.requests()} <= {"token", "products"}
    assert not (tmp_path / "journal.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"fail_on": "some"}, "fail_on is 'some'; it must be 'any', 'all', or a share from 0 to 1."),
        ({"fail_on": 1.5}, "fail_on is 1.5"),
        ({"fail_on": True}, "fail_on is True"),
        ({"max_in_flight": 0}, "max_in_flight is 0; it must be a whole number, at least 1."),
        ({"images": "last"}, "images is 'last'; it must be one of first, all."),
        ({"on_blocked": "skip"}, "on_blocked is 'skip'"),
    ],
)
def test_bad_arguments_are_refused_when_the_dag_is_parsed(
    tmp_path: Path, arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises((ValueError, AirflowException)) as refused:
        a_batch([], tmp_path, **arguments)
    assert problem in str(refused.value)


def test_a_batch_of_nothing_succeeds(getty: Emulator, tmp_path: Path) -> None:
    assert Worker().run(a_batch([], tmp_path)).result["total"] == 0


def test_what_failed_without_a_charge_is_tried_again_and_the_rest_is_not(
    getty: Emulator, tmp_path: Path
) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=2, status=400)
    first = worker.run(a_batch(generates(5), tmp_path), retries_left=True)

    assert first.state == "failed", "a retry would be refused too"
    assert "Of 5 items, 3 are completed, 0 blocked, 2 failed, 0 not finished. 3 generations" in first.message
    assert "Fix what failed and clear the task" in first.message
    worker.clear("batch")
    assert worker.run(a_batch(generates(5), tmp_path)).result["completed"] == 5
    assert set(charges(getty).values()) == {1}


def test_a_retry_goes_on_with_what_its_deadline_cut_off(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("stay-pending", "generate", times=2)
    late = worker.run(a_batch(generates(4), tmp_path, timeout=1), retries_left=True)
    assert late.state == "up_for_retry"
    assert "2 are completed" in late.message
    getty.fault("finish-at-once", "get-generation", times=None)

    assert worker.run(a_batch(generates(4), tmp_path)).result["charged"] == 4
    assert getty.ledger()["total"] == 4


def test_a_generation_that_takes_too_long_fails_its_item_alone(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=1)
    run = Worker().run(a_batch(generates(3), tmp_path, generation_timeout=0.5, fail_on=0.5))
    assert (run.result["completed"], run.result["failed"]) == (2, 1)
    error = run.result["failures"][0]["error"]
    assert "not finished after" in error
    assert error.endswith("Another try collects it; generation_timeout allows more time.")


def test_after_a_success_a_clear_generates_anew_and_a_retry_does_not(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    first = worker.run(a_batch(generates(2), tmp_path))
    assert worker.run(a_batch(generates(2), tmp_path)).result == first.result
    assert getty.ledger()["total"] == 2
    worker.clear("batch")

    assert worker.run(a_batch(generates(2), tmp_path)).result["charged"] == 2
    assert getty.ledger()["total"] == 4


def test_lines_that_were_moved_or_added_are_paid_for_as_they_should(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=1, status=400)
    worker.run(a_batch(generates(3), tmp_path))
    worker.clear("batch")

    run = worker.run(a_batch(generates(4)[::-1], tmp_path))

    assert run.result["charged"] == 4
    assert getty.ledger()["total"] == 4


def test_the_journal_of_another_run_is_refused(getty: Emulator, tmp_path: Path) -> None:
    Worker().run(a_batch(generates(1), tmp_path))
    other = Worker().run(a_batch(generates(1), tmp_path, task_id="other"))
    assert other.state == "failed"
    assert "The journal is that of task batch of a_dag in run a_run" in other.message


def test_mapped_batches_have_markers_and_journals_of_their_own(getty: Emulator, tmp_path: Path) -> None:
    for index in (0, 1):
        task = a_batch(generates(1), tmp_path, journal=str(tmp_path / "{{ ti.map_index }}.jsonl"))
        assert Worker().run(task, map_index=index).state == "success"
    markers = {entry["notes"] for entry in getty.ledger()["entries"]}
    assert len(markers) == 2
    assert any(" a_dag.batch[1][1]" in marker for marker in markers)


def test_no_credits_stop_the_batch_and_later_ones_let_it_go_on(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.configure_account(credits_remaining=3)
    stopped = worker.run(a_batch(generates(40), tmp_path, max_in_flight=2), retries_left=True)

    assert stopped.state == "failed"
    assert "Nothing more was submitted: " in stopped.message
    assert "403 ProductQuotaExceeded" in stopped.message
    assert [request["operation"] for request in getty.requests()].count("generate") <= 6
    getty.configure_account(credits_remaining=100)
    worker.clear("batch")
    assert worker.run(a_batch(generates(40), tmp_path)).result["charged"] == 40
    assert getty.ledger()["total"] == 40


@pytest.mark.usefixtures("grey")
def test_deferred_it_goes_on_in_windows_with_one_trigger(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    getty.fault("finish-at-once", "get-generation", times=None)
    worker = Worker()
    task = a_batch(
        generates(7), tmp_path, deferrable=True, max_in_flight=4, download_to=str(tmp_path / "images")
    )
    run = worker.run(task)
    assert run.state == "deferred"
    assert len(run.trigger.in_flight) == 4
    assert "https" not in json.dumps(run.told["trigger_kwargs"])

    ended, times = to_the_end(worker, run)

    assert ended.result["downloaded"] == 7
    assert getty.ledger()["total"] == 7
    assert 2 <= times <= 4


def test_deferred_its_deadline_stays_and_what_is_late_fails(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    run = worker.run(a_batch(generates(3), tmp_path, deferrable=True, timeout=1.5))
    deadline = run.trigger.deadline
    ended, _ = to_the_end(worker, run)

    assert ended.state == "failed"
    assert run.trigger.deadline == deadline
    assert "3 failed" in ended.message
    worker.clear("batch")
    getty.fault("finish-at-once", "get-generation", times=None)
    again, _ = to_the_end(worker, worker.run(a_batch(generates(3), tmp_path, deferrable=True)))
    assert again.result["completed"] == 3
    assert getty.ledger()["total"] == 3


def test_a_worker_that_dies_while_it_is_deferred_loses_nothing(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    worker.run(a_batch(generates(3), tmp_path, deferrable=True))
    getty.fault("finish-at-once", "get-generation", times=None)

    ended, _ = to_the_end(worker, worker.run(a_batch(generates(3), tmp_path, deferrable=True)))

    assert ended.result["completed"] == 3
    assert getty.ledger()["total"] == 3


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


def test_a_journal_that_cannot_be_written_sends_nothing(getty: Emulator, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    run = Worker().run(a_batch(generates(1), tmp_path), retries_left=True)
    assert run.state == "up_for_retry"
    assert "The journal or the requests cannot be read or written" in run.message
    assert getty.ledger()["total"] == 0


def test_a_mask_that_cannot_be_read_now_fails_its_item_and_is_worth_a_retry(
    getty: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OSError(5, "The store is away")

    monkeypatch.setattr("airflow_provider_getty.generating.request.make_mask", away)
    run = Worker().run(a_batch([*generates(1), {**REFINE, "prompt": "a"}], tmp_path), retries_left=True)
    assert run.state == "up_for_retry"
    assert "Item 2: Its mask cannot be read now: The store is away. No credit was used." in run.message


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_sent(
    getty: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "images").write_text("a file")
    run = Worker().run(
        a_batch(generates(30), tmp_path, download_to=str(tmp_path / "images")), retries_left=True
    )
    assert run.state == "failed"
    assert "images' cannot be written: " in run.message
    assert "Nothing was submitted in this try." in run.message
    assert getty.ledger()["total"] == 0


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


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"download_to": "nosuch://b/c"}, "'nosuch://b/c"),
        ({"download_to": " "}, "download_to is empty"),
        ({"download_to": "FOLDER/a file/images"}, "cannot be written: "),
        ({"size_name": "2k"}, "size_name is '2k'; it must be one of 1k, 4k."),
        ({"download_options": {"product": 1}}, "download_options has product; it may have product_id"),
        ({"download_options": {"product_id": "x"}}, "download_options cannot be used: "),
    ],
)
def test_what_a_download_needs_is_checked_before_anything_is_paid(
    getty: Emulator, tmp_path: Path, arguments: dict[str, Any], problem: str
) -> None:
    (tmp_path / "a file").write_text("in the way")
    arguments = {
        name: value.replace("FOLDER", str(tmp_path)) if isinstance(value, str) else value
        for name, value in arguments.items()
    }
    run = Worker().run(a_batch(generates(30), tmp_path, **{"download_to": str(tmp_path / "i")} | arguments))
    assert run.state == "failed"
    assert problem in run.message
    assert "Nothing was submitted in this try." in run.message
    assert getty.ledger()["total"] == 0


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


def test_after_an_edit_all_that_was_charged_is_counted(getty: Emulator, tmp_path: Path) -> None:
    worker = Worker()
    getty.fault("refuse", "generate", times=1, status=400)
    worker.run(a_batch(generates(4), tmp_path))
    worker.clear("batch")
    edited = [{**generates(1)[0], "prompt": "another"}, *generates(4)[2:]]

    run = worker.run(a_batch(edited, tmp_path))

    assert run.result["total"] == 3
    assert run.result["charged"] == getty.ledger()["total"]


@pytest.mark.parametrize(
    ("edited", "charged", "is_left"),
    [
        (["sun", "lake", "boat"], 3, False),
        (["boat", "lake"], 2, False),
        (["boat"], 2, True),
        (["lake", "sun"], 3, True),
    ],
    ids=lambda each: "-".join(each) if isinstance(each, list) else "",
)
def test_an_edit_while_it_is_deferred_mixes_up_and_loses_nothing(
    getty: Emulator,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    edited: list[str],
    charged: int,
    *,
    is_left: bool,
) -> None:
    getty.fault("stay-pending", "generate", times=2)
    getty.fault("finish-at-once", "get-generation", times=None)
    worker, images = Worker(), tmp_path / "images"
    items = [{"operation": "generate", "prompt": prompt, "name": prompt} for prompt in ("lake", "boat")]
    run = worker.run(a_batch(items, tmp_path, deferrable=True, download_to=str(images)))
    event = run.fire()
    now = [{"operation": "generate", "prompt": prompt, "name": prompt} for prompt in edited]
    run.task.requests = now

    run, _ = to_the_end(worker, worker.resume(run, event))

    assert run.state == "success"
    assert run.result["charged"] == getty.ledger()["total"] == charged
    made = {each["generation_request_id"]: each["prompt"] for each in getty.generations()}
    assert {file.name.split("-")[0] for file in images.iterdir()} == set(edited)
    for file in images.iterdir():
        [prompt] = [prompt for generation, prompt in made.items() if generation in file.name]
        assert file.name.startswith(prompt)
    assert ("belong to none of them now: 1, such as" in caplog.text) is is_left


def test_what_the_trigger_has_seen_is_not_fetched_again(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    run = worker.run(a_batch(generates(8), tmp_path, deferrable=True))
    getty.fault("finish-at-once", "get-generation", times=None)
    ended, _ = to_the_end(worker, run)

    assert ended.result["completed"] == 8
    polls = [request for request in getty.requests() if request["operation"] == "get-generation"]
    assert len(polls) == 8


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
