"""GettyDownloadOperator: the image arrives whole or not at all, and is asked for once."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.download_tasks import (
    ODD_DOWNLOADS,
    UNSAFE_DOWNLOADS,
    download,
    generate,
    size,
)
from tests.support.getty_journal import sent


@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("cut-body", {}),
        ("cut-after", {}),
        ("wrong-length", {"difference": 10}),
        ("server-error", {}),
    ],
)
def test_an_image_that_does_not_arrive_whole_is_fetched_again(
    getty: Emulator, generation: dict[str, Any], file: Path, fault: str, parameters: dict[str, Any]
) -> None:
    """By a fresh URL, and without a second PUT, which could cost."""
    getty.fault(fault, "media", **parameters)
    assert download(generation, str(file)).state == "success"
    assert size(file.read_bytes()) == (1024, 683)
    assert list(file.parent.iterdir()) == [file]
    assert sent(getty) == [
        *["token", "start-download"],
        *["get-download", "media"] * 2,
    ]


@pytest.mark.parametrize("faults", ODD_DOWNLOADS.values(), ids=list(ODD_DOWNLOADS))
def test_an_odd_answer_keeps_no_image_from_its_place(
    getty: Emulator, grey: None, file: Path, faults: list[dict[str, Any]]
) -> None:
    generation = generate(getty)
    for fault in faults:
        getty.fault(**fault)
    assert download(generation, str(file)).state == "success"
    assert size(file.read_bytes()) == (1024, 683)
    assert sent(getty).count("start-download") == 1


@pytest.mark.parametrize("faults", UNSAFE_DOWNLOADS.values(), ids=list(UNSAFE_DOWNLOADS))
def test_an_address_that_is_not_safe_ends_the_task_at_once(
    getty: Emulator, grey: None, file: Path, faults: list[dict[str, Any]]
) -> None:
    generation = generate(getty)
    for fault in faults:
        getty.fault(**fault)
    began = clock.monotonic()
    run = download(generation, str(file))
    assert run.state == "failed"
    assert "The image's URL begins with" in run.message
    assert "Signature" not in run.message
    assert Credit.COMMITTED in run.message
    assert clock.monotonic() - began < 30
    assert list(file.parent.iterdir()) == []


def test_a_url_that_has_expired_is_asked_for_again(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    def let_a_day_pass() -> None:
        while "media" not in sent(getty):
            time.sleep(0.01)
        getty.advance(25 * 3600)

    getty.fault("slow", "media", seconds=0.5)
    meanwhile = Thread(target=let_a_day_pass)
    meanwhile.start()
    run = download(generation, str(file))
    meanwhile.join()
    assert run.state == "success"
    assert [request["status"] for request in getty.requests() if request["operation"] == "media"] == [
        403,
        200,
    ]
    assert sent(getty).count("start-download") == 1


def test_an_image_that_never_arrives_leaves_nothing_behind(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("cut-body", "media", times=None)
    began = clock.monotonic()
    run = download(generation, str(file), timeout=60)
    assert clock.monotonic() - began == pytest.approx(60, abs=0.5)
    assert run.state == "up_for_retry"
    assert Credit.COMMITTED in run.message
    assert list(file.parent.iterdir()) == []


def test_a_failed_download_leaves_the_old_file_as_it_was(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    file.parent.mkdir()
    file.write_bytes(b"old")
    getty.fault("cut-body", "media", times=None)
    download(generation, str(file), timeout=0.5, overwrite=True)
    assert file.read_bytes() == b"old"
    assert list(file.parent.iterdir()) == [file]


def test_a_download_that_is_under_way_already_is_adopted(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    GettyHook().download(generation["generation_request_id"], file.parent / "first.jpg")
    getty.fault("conflict", "start-download")
    assert download(generation, str(file)).state == "success"
    assert sent(getty)[-5:] == ["token", "start-download", "get-download", "media", "download-sizes"]


@pytest.mark.parametrize(
    ("fault", "parameters"),
    [("server-error", {"work": "after"}), ("cut-after", {}), ("cut-body", {}), ("html", {"status": 502})],
)
def test_when_nobody_knows_whether_it_was_started_it_looks_before_it_asks_again(
    getty: Emulator, generation: dict[str, Any], file: Path, fault: str, parameters: dict[str, Any]
) -> None:
    """A second PUT could be charged a second time."""
    getty.fault(fault, "start-download", **parameters)
    run = download(generation, str(file), size_name="4k")
    assert run.state == "success"
    assert sent(getty).count("start-download") == 1
    assert len([charge for charge in getty.ledger()["entries"] if charge["size_name"]]) == 1


def test_what_was_certainly_not_started_is_asked_for_again(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("server-error", "start-download", work="before")
    assert download(generation, str(file)).state == "success"
    assert sent(getty).count("start-download") == 2


def test_when_it_stays_unknown_whether_it_was_charged_the_task_fails_for_good(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("cut-before", "start-download", times=None)
    run = download(generation, str(file), timeout=0.5)
    assert run.state == "failed"
    assert Credit.DOWNLOAD_UNKNOWN in run.message


@pytest.mark.parametrize("fault", ["queries-per-second", "conflict"])
def test_trouble_that_may_pass_is_waited_out(
    getty: Emulator, generation: dict[str, Any], file: Path, fault: str
) -> None:
    getty.fault(fault, "get-download", times=2)
    assert download(generation, str(file)).state == "success"


@pytest.mark.parametrize(
    ("fault", "operation", "said", "credit"),
    [
        ("quota-exceeded", "start-download", "403 ProductQuotaExceeded", Credit.COMMITTED),
        ("gone", "start-download", "410 GenerationRequestGone", Credit.GONE),
        ("gone", "get-download", "410 GenerationRequestGone", Credit.GONE),
    ],
)
def test_a_refusal_ends_the_task_for_good(
    getty: Emulator,
    generation: dict[str, Any],
    file: Path,
    fault: str,
    operation: str,
    said: str,
    credit: Credit,
) -> None:
    getty.fault(fault, operation)
    run = download(generation, str(file))
    assert run.state == "failed"
    assert isinstance(run.error, AirflowFailException)
    assert said in run.message
    assert credit in run.message
    assert list(file.parent.iterdir()) == []


def test_a_download_that_is_never_ready_is_given_up_at_the_timeout(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("stay-pending", "get-download", times=None)
    began = clock.monotonic()
    run = download(generation, str(file), timeout=60)
    assert clock.monotonic() - began == pytest.approx(60, abs=0.5)
    assert run.state == "up_for_retry"
    assert "not finished" in run.message
    assert run.message.endswith("Clear the task: it continues with this download.")


def test_a_folder_that_cannot_be_made_is_known_before_anything_is_sent(
    getty: Emulator, generation: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "a file").write_bytes(b"")
    run = download(generation, str(tmp_path / "a file" / "image.jpg"))
    assert (run.state, sent(getty)) == ("up_for_retry", [])
    assert "cannot be written" in run.message


def test_a_storage_that_cannot_be_opened_is_refused_before_anything_is_sent(
    getty: Emulator, generation: dict[str, Any]
) -> None:
    run = download(generation, "neverheardof://user:secret@bucket/image.jpg?token=secret")
    assert (run.state, sent(getty)) == ("failed", [])
    assert "neverheardof://bucket/image.jpg" in run.message
    assert "secret" not in run.message


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"index": -1}, "index"),
        ({"index": "first"}, "index"),
        ({"size_name": 4}, "size_name"),
        ({"product_id": "spring"}, "product_id"),
        ({"generation": {"results": []}}, "generation_request_id"),
    ],
)
def test_bad_arguments_are_an_error_in_the_dag_file(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{problem} is "):
        download(**{"generation": "1", "destination": "image.jpg"} | arguments)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"index": "{{ -1 }}"}, "index"),
        ({"index": "{{ 'first' }}"}, "index"),
        ({"size_name": "{{ '' }}"}, "size_name"),
        ({"product_id": "{{ 'spring' }}"}, "product_id"),
        ({"generation": "{{ '' }}"}, "generation_request_id"),
        ({"destination": "{{ '{{ x }}' }}"}, "destination is a template"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_sent(
    getty: Emulator, file: Path, arguments: dict[str, Any], problem: str
) -> None:
    run = download(**{"generation": "1", "destination": str(file)} | arguments)
    assert (run.state, sent(getty)) == ("failed", [])
    assert isinstance(run.error, AirflowFailException)
    assert problem in run.message
    assert not list(file.parent.glob("*"))


@pytest.mark.parametrize("timeout", [0, -1, "60"])
def test_a_timeout_that_is_none_is_an_error_in_the_dag_file(timeout: Any) -> None:
    with pytest.raises(InvalidRequestError, match="timeout is "):
        GettyDownloadOperator(
            task_id="download", generation_request_id="1", destination="image.jpg", timeout=timeout
        )
