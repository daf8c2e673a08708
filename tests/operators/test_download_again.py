"""GettyDownloadOperator: a download that costs is charged once, whatever dies or breaks on its way."""

from __future__ import annotations

import errno
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.errors import Credit, DownloadError
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.download_tasks import size
from tests.support.getty_journal import sent
from tests.support.object_stores import Bucket, Share
from tests.support.task_runs import HAS_STORE, Worker, needs_store

pytestmark = pytest.mark.usefixtures("grey")

LARGE = (4096, 2732)


@pytest.fixture(params=[pytest.param("the store", marks=needs_store), "the number of the try"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a retry goes by: as on Airflow 3.3, and as on 3.1 and 3.2, which have no task state store."""
    if request.param == "the number of the try" and HAS_STORE:
        known = GettyDownloadOperator._may_be_started
        monkeypatch.setattr(
            GettyDownloadOperator,
            "_may_be_started",
            staticmethod(lambda context, download: known({"ti": context["ti"]}, download)),
        )


def large(generation: dict[str, Any], destination: Any, **changes: Any) -> GettyDownloadOperator:
    arguments = {"task_id": "download", "generation_request_id": generation, "size_name": "4k"} | changes
    return GettyDownloadOperator(destination=destination, **arguments)


def charges(getty: Emulator) -> list[str]:
    """The sizes of the downloads that were charged."""
    return [entry["size_name"] for entry in getty.ledger()["entries"] if entry["size_name"]]


def killed_in_the_middle(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, task: GettyDownloadOperator
) -> None:
    def fetch_half(_: GettyClient, url: str, into: BytesIO, **__: Any) -> int:
        into.write(b"half")
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(GettyClient, "fetch_image", fetch_half)
        assert worker.run(task, retries_left=True).message == "killed"


def cut_until_the_timeout(getty: Emulator, worker: Worker, task: GettyDownloadOperator) -> None:
    getty.fault("cut-body", "media", times=None)
    assert worker.run(task, retries_left=True).state == "up_for_retry"
    getty.clear_faults()


@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("ends", ["killed", "cut"])
def test_a_retry_finishes_what_was_paid_for(
    getty: Emulator, generation: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    worker = Worker()
    if ends == "killed":
        killed_in_the_middle(worker, monkeypatch, large(generation, str(file)))
    else:
        cut_until_the_timeout(getty, worker, large(generation, str(file), timeout=0.2))
    assert list(file.parent.iterdir()) == []

    assert worker.run(large(generation, str(file))).state == "success"
    assert size(file.read_bytes()) == LARGE
    assert charges(getty) == ["4k"]


@needs_store
@pytest.mark.parametrize("delivered", [False, True])
def test_a_clear_finishes_what_was_paid_for_also_when_it_overwrites(
    getty: Emulator,
    generation: dict[str, Any],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    delivered: bool,
) -> None:
    worker = Worker()
    if delivered:
        worker.run(large(generation, str(file)))
        file.write_bytes(b"damaged")
    else:
        killed_in_the_middle(worker, monkeypatch, large(generation, str(file)))
    worker.clear("download")

    assert worker.run(large(generation, str(file), overwrite=True)).state == "success"
    assert size(file.read_bytes()) == LARGE
    assert charges(getty) == ["4k"]


@needs_store
def test_without_overwrite_a_clear_of_what_was_delivered_sends_nothing(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    worker = Worker()
    worker.run(large(generation, str(file)))
    getty._service.journal.clear()
    worker.clear("download")
    assert worker.run(large(generation, str(file))).state == "success"
    assert sent(getty) == []


@pytest.mark.usefixtures("memory")
def test_a_retry_whose_size_is_not_the_one_that_is_ready_has_its_own_prepared(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    """Another task may have had the same image prepared."""
    worker = Worker()
    getty.fault("cut-before", "start-download", times=None)
    assert worker.run(large(generation, str(file), timeout=0.2), retries_left=True).state == "failed"
    getty.clear_faults()
    Worker().run(large(generation, str(file.with_name("small.jpg")), size_name="1k"))

    assert worker.run(large(generation, str(file))).state == "success"
    assert size(file.read_bytes()) == LARGE
    assert charges(getty) == ["4k"]


@pytest.mark.parametrize(("ready", "charged"), [("4k", ["4k"]), ("1k", ["4k"])])
def test_a_conflict_is_adopted_if_it_is_about_the_wanted_size(
    getty: Emulator, generation: dict[str, Any], file: Path, ready: str, charged: list[str]
) -> None:
    GettyHook().download(generation["generation_request_id"], file.with_name("another.jpg"), size_name=ready)
    getty.fault("conflict", "start-download")
    assert Worker().run(large(generation, str(file))).state == "success"
    assert size(file.read_bytes()) == LARGE
    assert charges(getty) == charged


def test_a_conflict_about_another_size_that_does_not_end_is_given_up_at_the_timeout(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    GettyHook().download(generation["generation_request_id"], file.with_name("another.jpg"))
    getty.fault("conflict", "start-download", times=None)
    run = Worker().run(large(generation, str(file), timeout=0.5), retries_left=True)
    assert run.state == "up_for_retry"
    assert "another size" in run.message
    assert not file.exists()
    assert charges(getty) == []


@pytest.mark.usefixtures("memory")
def test_a_retry_that_comes_days_later_asks_for_a_fresh_url(
    getty: Emulator, generation: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker()
    killed_in_the_middle(worker, monkeypatch, large(generation, str(file)))
    getty.advance(3 * 24 * 3600)
    assert worker.run(large(generation, str(file))).state == "success"
    assert charges(getty) == ["4k"]


def test_a_start_whose_answer_is_lost_is_looked_for_and_charged_once(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("cut-after", "start-download")
    assert Worker().run(large(generation, str(file))).state == "success"
    assert sent(getty).count("start-download") == 1
    assert charges(getty) == ["4k"]


@pytest.mark.usefixtures("memory")
def test_a_full_disk_is_named_leaves_nothing_behind_and_costs_no_second_charge(
    getty: Emulator, generation: dict[str, Any], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fetch_half(_: GettyClient, url: str, into: BytesIO, **__: Any) -> int:
        into.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    worker = Worker()
    with monkeypatch.context() as patch:
        patch.setattr(GettyClient, "fetch_image", fetch_half)
        full = worker.run(large(generation, str(file)), retries_left=True)
    assert full.state == "up_for_retry"
    assert f"{file} cannot be written: No space left on device." in full.message
    assert list(file.parent.iterdir()) == []

    assert worker.run(large(generation, str(file))).state == "success"
    assert charges(getty) == ["4k"]


@pytest.mark.filterwarnings("ignore:UPath")
@pytest.mark.usefixtures("memory")
@pytest.mark.parametrize("store", [Bucket, Share])
def test_a_store_that_refuses_the_image_keeps_nothing_and_costs_no_second_charge(
    getty: Emulator,
    generation: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    store: type[Bucket],
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker, destination = Worker(), f"{store.protocol}://folder/image.jpg"
    monkeypatch.setattr(store, "files", {})
    with monkeypatch.context() as patch:
        patch.setattr(store, "fails", PermissionError(errno.EACCES, "Permission denied"))
        refused = worker.run(large(generation, destination), retries_left=True)
    assert refused.state == "up_for_retry"
    assert f"{destination} cannot be written: Permission denied." in refused.message
    assert isinstance(refused.error, DownloadError)
    found = (refused.error.credit, refused.error.generation_request_id, refused.error.may_retry)
    assert found == (Credit.COMMITTED, generation["generation_request_id"], True)
    assert (refused.error.__cause__, refused.error.__suppress_context__) == (None, True)
    assert f"Answered: {destination} cannot be written: Permission denied." in caplog.messages
    assert store.files == {}

    assert worker.run(large(generation, destination)).state == "success"
    [image] = store.files.values()
    assert size(image) == LARGE
    assert charges(getty) == ["4k"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", ["a file/image.jpg", "a folder", f"{'long' * 100}.jpg"])
def test_a_local_place_that_cannot_be_written_to_is_known_before_anything_is_sent(
    getty: Emulator, generation: dict[str, Any], tmp_path: Path, name: str, *, overwrite: bool
) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "a folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    run = Worker().run(large(generation, str(tmp_path / name), overwrite=overwrite), retries_left=True)
    assert (run.state, sent(getty)) == ("up_for_retry", [])
    assert f"{tmp_path / name} cannot be written: " in run.message
    assert sorted(tmp_path.rglob("*")) == before
