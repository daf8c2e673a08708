"""GettyBatchOperator: what is refused before anything is sent or paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException
from getty_emulator.server import Emulator

from tests.support.batch_runs import generates
from tests.support.batch_tasks import a_batch
from tests.support.task_runs import Worker


def test_bad_items_are_refused_before_anything_is_sent(getty: Emulator, tmp_path: Path) -> None:
    run = Worker().run(a_batch([*generates(1), {"operation": "paint"}], tmp_path), retries_left=True)

    assert run.state == "failed"
    assert "1 of 2 items cannot be used. item 2: operation is 'paint'" in run.message
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


def test_the_journal_of_another_run_is_refused(getty: Emulator, tmp_path: Path) -> None:
    Worker().run(a_batch(generates(1), tmp_path))
    other = Worker().run(a_batch(generates(1), tmp_path, task_id="other"))
    assert other.state == "failed"
    assert "The journal belongs to task batch of a_dag in run a_run" in other.message


def test_a_journal_that_cannot_be_written_sends_nothing(getty: Emulator, tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").mkdir()
    run = Worker().run(a_batch(generates(1), tmp_path), retries_left=True)
    assert run.state == "up_for_retry"
    assert "The journal or the requests cannot be read or written" in run.message
    assert getty.ledger()["total"] == 0


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
