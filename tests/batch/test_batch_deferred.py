"""GettyBatchOperator, deferred: what its trigger waits for, and what happens meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from getty_emulator.server import Emulator

from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch, to_the_end
from tests.support.task_runs import Worker


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


def test_a_file_of_items_that_is_empty_just_then_is_no_success(getty: Emulator, tmp_path: Path) -> None:
    """It would be cleared, and a clear after a success pays for all again."""
    getty.fault("stay-pending", "generate", times=None)
    getty.fault("finish-at-once", "get-generation", times=None)
    worker, requests = Worker(), tmp_path / "items.jsonl"
    text = "".join(json.dumps(each) + "\n" for each in generates(3))
    requests.write_text(text)
    run = worker.run(a_batch(str(requests), tmp_path, deferrable=True))
    event = run.fire()
    requests.write_text("")

    ended = worker.resume(run, event)

    assert ended.state == "failed"
    assert "no items any more" in ended.message
    assert "3 generations were charged" in ended.message
    requests.write_text(text)
    worker.clear("batch")
    again, _ = to_the_end(worker, worker.run(a_batch(str(requests), tmp_path, deferrable=True)))
    assert again.result["completed"] == 3
    assert getty.ledger()["total"] == 3


def test_what_the_trigger_has_seen_is_not_fetched_again(getty: Emulator, tmp_path: Path) -> None:
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    run = worker.run(a_batch(generates(8), tmp_path, deferrable=True))
    getty.fault("finish-at-once", "get-generation", times=None)
    ended, _ = to_the_end(worker, run)

    assert ended.result["completed"] == 8
    polls = [request for request in getty.requests() if request["operation"] == "get-generation"]
    assert len(polls) == 8


@pytest.mark.parametrize("voice", ["service", "gateway"])
def test_deferred_with_a_full_account_it_gives_its_worker_back(
    getty: Emulator, tmp_path: Path, voice: str
) -> None:
    """Also where the refusal is that for too many requests."""
    getty.configure_account(concurrent_generations=2, concurrency_refusal=voice)
    getty.fault("stay-pending", "generate", times=None)
    worker = Worker()
    run = worker.run(a_batch(generates(5), tmp_path, deferrable=True))
    assert run.state == "deferred"
    assert len(run.trigger.in_flight) == 2
    getty.fault("finish-at-once", "get-generation", times=None)

    ended, _ = to_the_end(worker, run)

    assert ended.result["completed"] == 5
    assert getty.ledger()["total"] == 5
