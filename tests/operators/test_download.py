"""GettyDownloadOperator: brings an image to where it is wanted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem
from getty_emulator.server import Emulator

from airflow_provider_getty.operators.download import GettyDownloadOperator
from tests.support.download_tasks import download, generate, size
from tests.support.getty_journal import sent
from tests.support.task_runs import DAG_ID, Worker


def test_it_writes_the_image_and_returns_where(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    run = download(generation, str(file))
    assert (run.state, run.result) == ("success", str(file))
    assert size(file.read_bytes()) == (1024, 683)
    assert sent(getty) == ["token", "start-download", "get-download", "media"]


def test_the_image_itself_is_fetched_without_credentials(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    download(generation, str(file))
    fetched = getty.requests()[-1]
    assert (fetched["has_api_key"], fetched["has_authorization"]) == (False, False)


def test_nothing_but_the_image_is_left_in_the_folder(generation: dict[str, Any], file: Path) -> None:
    download(generation, str(file))
    assert list(file.parent.iterdir()) == [file]


def test_the_asset_is_named_in_one_bounded_line(
    getty: Emulator, generation: dict[str, Any], file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = "\x1b[1mid\x1b[0m\n" + "y" * 5000
    getty.fault("set-fields", "get-download", times=None, fields={"generated_asset_id": odd})
    with caplog.at_level("INFO"):
        assert download(generation, str(file)).state == "success"
    [line] = [message for message in caplog.messages if "Its asset id is id yyy" in message]
    assert line.isprintable()
    assert len(line) < 400


def test_a_large_size_can_be_asked_for(getty: Emulator, generation: dict[str, Any], file: Path) -> None:
    download(generation, str(file), size_name="4k")
    assert max(size(file.read_bytes())) == 4096
    assert getty.ledger()["entries"][-1]["size_name"] == "4k"


def test_what_is_there_is_kept_without_a_call(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    file.parent.mkdir()
    file.write_bytes(b"mine")
    run = download(generation, str(file))
    assert (run.state, run.result) == ("success", str(file))
    assert file.read_bytes() == b"mine"
    assert sent(getty) == []


def test_an_empty_file_is_none(generation: dict[str, Any], file: Path) -> None:
    """An upload that broke off may have left it."""
    file.parent.mkdir()
    file.touch()
    assert download(generation, str(file)).state == "success"
    assert size(file.read_bytes()) == (1024, 683)


def test_it_is_replaced_if_asked_for(generation: dict[str, Any], file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"old")
    assert download(generation, str(file), overwrite=True).state == "success"
    assert size(file.read_bytes()) == (1024, 683)


def test_a_destination_that_ends_in_a_slash_is_a_folder(generation: dict[str, Any], tmp_path: Path) -> None:
    run = download(generation, f"{tmp_path}/", index=2)
    name = f"{generation['generation_request_id']}-2-1k.jpg"
    assert run.result == f"{tmp_path}/{name}"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_id_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    there = tmp_path / "..-..-x-0-1k.jpg"
    there.write_bytes(b"an image")
    assert download("../../x", f"{tmp_path}/").result == str(there)


@pytest.mark.parametrize("as_object", [False, True])
def test_an_object_store_takes_it_as_well(generation: dict[str, Any], *, as_object: bool) -> None:
    uri = "memory://images/refined.jpg"
    store = MemoryFileSystem()
    store.store.clear()
    run = download(generation, ObjectStoragePath(uri) if as_object else uri)
    assert run.state == "success"
    assert run.result.replace(":///", "://") == uri  # Airflow 3.1 writes the path of an object with three
    assert [size(store.cat_file(path)) for path in store.find("/")] == [(1024, 683)]


def test_a_file_uri_takes_it_as_well(generation: dict[str, Any], file: Path) -> None:
    assert download(generation, file.as_uri()).state == "success"
    assert size(file.read_bytes()) == (1024, 683)


def test_without_an_index_it_is_the_first_image_that_is_not_blocked(getty: Emulator, file: Path) -> None:
    getty.fault("block-images", "refine", which=[0, 1])
    run = download(generate(getty), f"{file.parent}/")
    assert run.result.endswith("-2-1k.jpg")


def test_of_an_id_alone_it_is_the_first_image(generation: dict[str, Any], tmp_path: Path) -> None:
    run = download(generation["generation_request_id"], f"{tmp_path}/")
    assert run.result.endswith("-0-1k.jpg")


def test_every_field_may_be_a_template(
    getty: Emulator, generation: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = getty.url.removeprefix("http://")
    monkeypatch.setenv("AIRFLOW_CONN_ANOTHER", f"getty://{getty.api_key}:{getty.api_secret}@{address}/http")
    getty.configure_account(products=[{"id": 8, "project_code": "required", "notes": "required"}])
    values = {
        "generation_request_id": generation["generation_request_id"],
        "index": 1,
        "destination": f"{tmp_path}/",
        "size_name": "4k",
        "product_id": 8,
        "project_code": "spring",
        "notes": "for the campaign",
        "getty_conn_id": "another",
    }
    assert set(values) == set(GettyDownloadOperator.template_fields)
    templates: dict[str, Any] = {name: f"{{{{ dag_run.conf.{name} }}}}" for name in values}
    run = Worker(conf=values).run(GettyDownloadOperator(task_id="download", **templates))
    assert run.state == "success", run.message
    assert run.result == f"{tmp_path}/{values['generation_request_id']}-1-4k.jpg"
    charge = getty.ledger()["entries"][-1]
    charged = ("index", "size_name", "product_id", "project_code", "notes")
    assert {name: charge[name] for name in charged} == {name: values[name] for name in charged}


def test_it_maps(generation: dict[str, Any], tmp_path: Path) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = GettyDownloadOperator.partial(
            task_id="download", generation_request_id=generation, destination=f"{tmp_path}/"
        ).expand(index=[0, 3])
    assert Worker().run(mapped, map_index=1).result.endswith("-3-1k.jpg")


def test_a_download_that_takes_time_is_waited_for(
    getty: Emulator, generation: dict[str, Any], file: Path
) -> None:
    getty.fault("stay-pending", "get-download", times=2)
    assert download(generation, str(file)).state == "success"
    assert sent(getty).count("get-download") == 3
    assert sent(getty).count("start-download") == 1
