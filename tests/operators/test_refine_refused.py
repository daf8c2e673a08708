"""GettyRefineOperator: what it refuses before anything is sent."""

from __future__ import annotations

import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api.errors import Credit, InvalidRequestError, TransportError
from tests.support.getty_journal import sent
from tests.support.object_stores import Bucket
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker

MASK_URL = "https://api.gettyimages.com/v3/search/by-image/uploads/mask.jpg"
TEXT_OF_A_RESULT = "{'generation_request_id': '1', 'results': []}"


def refused(getty: Emulator, run: TaskRun) -> str:
    """The message of a task that failed for good, free of charge, without a call."""
    assert (run.state, sent(getty)) == ("failed", [])
    assert isinstance(run.error, AirflowFailException)
    assert Credit.UNUSED in run.message
    return run.message


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"image_id": None}, "must be given, not none"),
        ({"reference_generation": "1"}, "must be given, not image_id and reference_generation"),
        ({"mask": None}, "must be given, not none"),
        ({"mask_url": MASK_URL}, "must be given, not mask and mask_url"),
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": -1.5}, "timeout is -1.5"),
        ({"timeout": timedelta(seconds=-1)}, "timeout is -1.0"),
        ({"timeout": "600"}, "timeout is '600'"),
        ({"timeout": float("inf")}, "timeout is inf"),
        ({"poll_interval": 0}, "poll_interval is 0"),
        ({"on_blocked": "warn"}, "on_blocked is 'warn'; it must be one of fail, fail_any, skip, ignore"),
        ({"deferrable": "yes"}, "deferrable is 'yes'; it must be True or False"),
        ({"marker": "tags"}, "marker is 'tags'"),
        ({"history_lag": -1}, "history_lag is -1"),
        ({"product_id": "spring"}, "product_id is 'spring'; it must be a whole number from 0 to 2147483647"),
        ({"product_id": -1}, "product_id is -1"),
        ({"product_id": 2**31}, "product_id is 2147483648"),
        ({"product_id": 1.5}, "product_id is 1.5"),
        ({"image_id": ""}, "must be given, not none"),
        ({"image_id": "  "}, "must be given, not none"),
        ({"image_id": True}, "image_id is True; it must be an id as text"),
        ({"image_size": (1024,)}, "image_size is (1024,)"),
        ({"image_size": "wide"}, "image_size is 'wide'"),
        ({"mask": 7}, "mask is 7"),
        ({"getty_conn_id": ""}, "getty_conn_id is ''; it must be text that is not empty"),
        ({"image_id": None, "reference_generation": ""}, "must be given, not none"),
        ({"image_id": None, "reference_generation": TEXT_OF_A_RESULT}, "reference_generation is"),
        ({"image_id": None, "reference_generation": {"index": 1}}, "reference_generation is"),
    ],
)
def test_what_the_dag_file_shows_to_be_wrong_is_an_error_there(
    arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidRequestError, match="Nothing was sent; correct the argument") as error:
        refine(**arguments)
    assert str(error.value).startswith("Task refine: ")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"image_id": "{{ '' }}"}, "image_id"),
        ({"prompt": "{{ '{{ prompt }}' }}"}, "prompt is a template that was not rendered"),
        ({"image_id": "{{ '{% x %}' }}"}, "image_id is a template that was not rendered"),
        ({"product_id": "{{ 'spring' }}"}, "product_id"),
        ({"product_id": "{{ -1 }}"}, "product_id"),
        ({"image_id": None, "reference_generation": "{{ '' }}"}, "exactly one"),
        (
            {"image_id": None, "reference_generation": f'{{{{ "{TEXT_OF_A_RESULT}" }}}}'},
            "text of a whole result",
        ),
        (
            {"image_id": None, "reference_generation": {"generation_request_id": "1", "index": -1}},
            "index",
        ),
        ({"mask": None, "mask_url": "{{ '' }}"}, "mask_url"),
    ],
)
def test_what_only_rendering_shows_to_be_wrong_is_not_sent(
    getty: Emulator, arguments: dict[str, Any], problem: str
) -> None:
    assert problem in refused(getty, Worker().run(refine(**arguments)))


def picture(mode: str = "L", color: Any = 255, size: tuple[int, int] = (1024, 683)) -> bytes:
    file = BytesIO()
    Image.new(mode, size, color).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("mask", "problem"),
    [
        (b"<html>no image</html>", "image"),
        (b"", "empty"),
        (picture(color=0), "black"),
        (picture()[:200], "image"),
        (picture(size=(10, 10)), "10"),
        ([], "list of shapes is empty"),
        ([(10, 10, 5, 5)], "10"),
        ([(2000, 2000, 2100, 2100)], "2000"),
        ("memory://nowhere/mask.png", "memory://nowhere/mask.png"),
        ("neverheardof://bucket/mask.png", "neverheardof://bucket/mask.png"),
    ],
    ids=[
        "no image",
        "empty",
        "all black",
        "truncated",
        "another size than the image",
        "no boxes",
        "an empty box",
        "a box outside of the image",
        "an object that is not there",
        "an unknown storage",
    ],
)
def test_a_mask_that_cannot_be_used_is_not_sent(getty: Emulator, mask: Any, problem: str) -> None:
    assert problem in refused(getty, Worker().run(refine(mask=mask)))


def test_a_mask_file_that_does_not_exist_is_named(getty: Emulator, tmp_path: Path) -> None:
    missing = tmp_path / "mask.png"
    assert str(missing) in refused(getty, Worker().run(refine(mask=str(missing))))


@pytest.mark.filterwarnings("ignore:UPath")
def test_a_mask_in_a_store_that_is_away_costs_nothing_and_is_worth_a_retry(
    getty: Emulator, mocker: Any
) -> None:
    """Its libraries raise what is no OSError."""
    mocker.patch.object(Bucket, "info", side_effect=ValueError("the endpoint cannot be reached"))
    run = Worker().run(refine(mask="bucket://b/mask.png"), retries_left=True)
    assert (run.state, sent(getty)) == ("up_for_retry", [])
    assert isinstance(run.error, TransportError)
    assert run.message == (
        "The mask 'bucket://b/mask.png' cannot be read now: the endpoint cannot be reached. No credit was used. "
        "Check that its storage can be reached from here."
    )


def test_boxes_without_the_size_of_the_image_are_refused(getty: Emulator) -> None:
    assert "image_size" in refused(getty, Worker().run(refine(image_size=None)))


@pytest.mark.parametrize(
    ("connection", "problem"),
    [
        ({"login": ""}, "API key is missing"),
        ({"password": ""}, "API secret is missing"),
        ({"host": "http://api.gettyimages.com"}, "plain http"),
        ({"extra": {"dialect": "klingon"}}, "dialect is 'klingon'"),
    ],
)
def test_a_connection_that_cannot_be_used_is_named(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], problem: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection | connection))
    message = refused(getty, Worker().run(refine()))
    assert message.startswith("Connection getty_default: ")
    assert problem in message
