"""A batch whose journal, masks and images lie in real stores: an SFTP server and an S3 server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.batch.outcome import GettyBatchException
from tests.support.batch_runs import REFINE, charges, generates
from tests.support.batch_tasks import a_batch
from tests.support.real_stores import S3Bucket, SftpFolder, sftp_server
from tests.support.task_runs import Worker

pytestmark = [
    pytest.mark.filterwarnings("ignore:UPath .* filesystem not explicitly implemented"),
    pytest.mark.usefixtures("grey"),
]


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SftpFolder]:
    (tmp_path / "served").mkdir()
    with sftp_server(tmp_path / "served") as folder:
        monkeypatch.setitem(fsspec.config.conf, "sftp", sftp_at(folder.port))
        yield folder


def sftp_at(port: int) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": port, "username": "getty", "password": "its-password"}


@pytest.fixture
def s3(s3: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> S3Bucket:
    options = {"key": "any", "secret": "any", "endpoint_url": s3.endpoint}
    monkeypatch.setitem(fsspec.config.conf, "s3", options)
    return s3


def names(files: dict[str, bytes]) -> list[str]:
    """What was downloaded, without ids."""
    whole = {name: data for name, data in files.items() if not name.endswith(".part")}
    assert all(data.startswith(b"\xff\xd8") and data.endswith(b"\xff\xd9") for data in whole.values())
    return sorted(name.partition("-")[0] for name in whole)


def test_images_go_to_an_sftp_server(getty: Emulator, sftp: SftpFolder, tmp_path: Path) -> None:
    where = f"sftp://127.0.0.1:{sftp.port}/images"
    run = Worker().run(a_batch(generates(3), tmp_path, download_to=where))
    assert run.state == "success", run.message
    assert names(sftp.files()) == ["images/000001", "images/000002", "images/000003"]
    assert "its-password" not in run.log


def test_an_upload_that_is_cut_is_the_trouble_of_its_item_and_nothing_is_paid_again(
    getty: Emulator, sftp: SftpFolder, tmp_path: Path
) -> None:
    worker = Worker()
    where = f"sftp://127.0.0.1:{sftp.port}/images"
    sftp.cut_after = 400
    cut = worker.run(a_batch(generates(2), tmp_path, download_to=where), retries_left=True)
    assert cut.state == "up_for_retry", cut.message
    assert "Its image cannot be written" in cut.message
    assert "2 generations were charged." in cut.message
    assert '"event":"ended"' in (tmp_path / "journal.jsonl").read_text()
    sftp.cut_after = None

    again = worker.run(a_batch(generates(2), tmp_path, download_to=where))

    assert again.state == "success", again.message
    assert names(sftp.files()) == ["images/000001", "images/000002"]
    assert getty.ledger()["total"] == 2


def test_images_and_journal_go_to_an_s3_server(getty: Emulator, s3: S3Bucket, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {
        "download_to": f"s3://{s3.name}/images/",
        "journal": f"s3://{s3.name}/j.jsonl",
    }
    run = Worker().run(a_batch(generates(3), tmp_path, **arguments))
    assert run.state == "success", run.message
    objects = s3.objects()
    assert b'"event":"ended"' in objects.pop("j.jsonl")
    assert names(objects) == ["images/000001", "images/000002", "images/000003"]
    again = Worker().run(a_batch(generates(3), tmp_path, **arguments))
    assert again.result == run.result
    assert set(charges(getty).values()) == {1}


def test_a_bucket_that_is_not_there_is_named_before_anything_is_paid(
    getty: Emulator, s3: S3Bucket, tmp_path: Path
) -> None:
    run = Worker().run(a_batch(generates(3), tmp_path, download_to="s3://no-such-bucket/images"))
    assert run.state == "failed"
    assert "download_to 's3://no-such-bucket/images' cannot be written" in run.message
    assert "Nothing was submitted in this try." in run.message
    assert getty.ledger()["total"] == 0


@pytest.fixture(params=["s3://pictures/", "sftp://127.0.0.1:9/"])
def away(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A folder in a store that does not answer. Its libraries raise what is no OSError."""
    monkeypatch.setitem(fsspec.config.conf, "sftp", sftp_at(9))
    options = {"key": "any", "secret": "any", "endpoint_url": "http://127.0.0.1:9"}
    monkeypatch.setitem(
        fsspec.config.conf, "s3", options | {"config_kwargs": {"retries": {"max_attempts": 1}}}
    )
    return str(request.param)


def test_a_mask_in_a_store_that_does_not_answer_is_the_trouble_of_its_item(
    getty: Emulator, tmp_path: Path, away: str
) -> None:
    mask = f"{away}mask.png"
    run = Worker().run(
        a_batch([*generates(1), REFINE | {"mask": mask, "prompt": "a"}], tmp_path), retries_left=True
    )
    assert run.state == "up_for_retry", run.message
    assert f"Its mask {mask!r} cannot be read now: " in run.message
    assert set(charges(getty).values()) == {1}


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("download_to", "cannot be written now: "),
        ("journal", "The journal or the requests cannot be read or written: "),
        ("requests", "The journal or the requests cannot be read or written: "),
    ],
)
def test_what_else_lies_in_a_store_that_does_not_answer_is_worth_a_retry_and_nothing_is_paid(
    getty: Emulator, tmp_path: Path, away: str, argument: str, problem: str
) -> None:
    arguments: dict[str, Any] = {"requests": generates(2), argument: f"{away}items.jsonl"}
    run = Worker().run(a_batch(arguments.pop("requests"), tmp_path, **arguments), retries_left=True)
    assert run.state == "up_for_retry", run.message
    assert isinstance(run.error, GettyBatchException)
    assert problem in run.message
    assert "Nothing was submitted in this try." in run.message
    assert getty.ledger()["total"] == 0
