"""GettyRefineOperator: what it makes of its arguments, and sends."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.operators.refine import GettyRefineOperator
from tests.support.getty_journal import mask_of_the_generation, sent
from tests.support.refine_tasks import BOXES, IMAGE_ID, SIZE, refine
from tests.support.task_runs import DAG_ID, Worker


def test_every_field_reaches_getty(getty: Emulator) -> None:
    getty.configure_account(
        products=[{"id": 7}, {"id": 8, "project_code": "required", "notes": "required"}],
    )
    run = Worker().run(
        refine(
            prompt="balloons",
            negative_prompt="birds",
            product_id=8,
            project_code="spring",
            notes="for the campaign",
        )
    )
    assert run.state == "success"
    [generation] = getty.generations()
    assert generation["source"]["asset_id"] == IMAGE_ID
    assert generation["prompt"] == "balloons"
    assert generation["negative_prompt"] == "birds"
    assert generation["product_id"] == 8
    assert generation["project_code"] == "spring"
    assert "for the campaign" in generation["notes"]


def test_every_field_may_be_a_template(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ANOTHER", getty_uri(getty))
    getty.configure_account(
        products=[{"id": 7}, {"id": 8, "project_code": "required", "notes": "required"}],
    )
    values = {
        "image_id": IMAGE_ID,
        "image_size": list(SIZE),
        "mask": [list(box) for box in BOXES],
        "prompt": "balloons",
        "negative_prompt": "birds",
        "product_id": 8,
        "project_code": "spring",
        "notes": "for the campaign",
        "getty_conn_id": "another",
    }
    templates = {name: f"{{{{ dag_run.conf.{name} }}}}" for name in values}
    run = Worker(conf=values).run(refine(**templates))
    assert run.state == "success", run.message
    [generation] = getty.generations()
    assert generation["source"]["asset_id"] == IMAGE_ID
    sent_as = ("prompt", "negative_prompt", "product_id", "project_code")
    assert {name: generation[name] for name in sent_as} == {name: values[name] for name in sent_as}
    assert mask_of_the_generation(getty) == make_mask(BOXES, image_size=SIZE).jpeg


def test_the_fields_are_templated_that_a_user_writes() -> None:
    written = {
        "image_id",
        "reference_generation",
        "mask",
        "mask_url",
        "image_size",
        "prompt",
        "negative_prompt",
    }
    common = {"product_id", "project_code", "notes", "getty_conn_id"}
    assert set(GettyRefineOperator.template_fields) == written | common


@pytest.fixture
def mask_file(tmp_path: Path) -> Path:
    path = tmp_path / "mask.png"
    image = Image.new("L", SIZE, 0)
    image.paste(255, (100, 100, 400, 300))
    image.save(path)
    return path


@pytest.mark.parametrize("form", ["path", "pathlib", "uri", "bytes", "object storage"])
def test_a_mask_may_be_a_file_a_uri_or_bytes(getty: Emulator, mask_file: Path, form: str) -> None:
    from airflow.sdk import ObjectStoragePath  # noqa: PLC0415

    forms: dict[str, Any] = {
        "path": str(mask_file),
        "pathlib": mask_file,
        "uri": mask_file.as_uri(),
        "bytes": mask_file.read_bytes(),
        "object storage": ObjectStoragePath(mask_file.as_uri()),
    }
    run = Worker().run(refine(mask=forms[form]))
    assert run.state == "success", run.message
    with Image.open(BytesIO(mask_of_the_generation(getty))) as mask:
        assert mask.format == "JPEG"
        assert mask.getpixel((200, 200)) == 255
        assert mask.getpixel((50, 50)) == 0


def test_a_mask_that_is_one_already_goes_up_byte_for_byte(getty: Emulator) -> None:
    jpeg = make_mask(BOXES, image_size=SIZE).jpeg
    Worker().run(refine(mask=jpeg))
    assert mask_of_the_generation(getty) == jpeg


def test_each_run_uploads_its_mask_under_a_name_of_its_own(getty: Emulator) -> None:
    Worker().run(refine())
    Worker().run(refine())
    uploads = [request["path"] for request in getty.requests() if request["operation"] == "upload"]
    assert len(set(uploads)) == 2


def test_a_mask_that_is_uploaded_already_is_used_as_it_is(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    mask_url = GettyHook().upload_mask(BOXES, image_size=SIZE)
    run = Worker().run(refine(mask=None, mask_url=mask_url))
    assert run.state == "success"
    assert sent(getty).count("upload") == 1
    assert "mask_url is not below" not in caplog.text


def test_a_mask_url_that_leads_elsewhere_is_sent_with_a_warning(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Getty may come to take more than its own uploads, so it is Getty that refuses it."""
    run = Worker().run(refine(mask=None, mask_url="https://example.com/mask.jpg"))
    assert f"mask_url is not below {getty.url}/v3/search/by-image/uploads/" in caplog.text
    assert sent(getty).count("refine") >= 1
    assert run.state == "failed"


@pytest.mark.parametrize(
    ("reference", "index"),
    [
        ("{{ ti.xcom_pull('first')['generation_request_id'] }}", 0),
        ({"generation_request_id": "{{ ti.xcom_pull('first')['generation_request_id'] }}", "index": 3}, 3),
    ],
    ids=["the id", "id and index"],
)
def test_a_generated_image_can_be_refined_again(getty: Emulator, reference: Any, index: int) -> None:
    worker = Worker()
    first = worker.run(refine(task_id="first")).result
    again = worker.run(refine(task_id="again", image_id=None, reference_generation=reference))
    assert again.state == "success", again.message
    source = getty.generations()[-1]["source"]
    assert (source["generation_request_id"], source["index"]) == (first["generation_request_id"], index)


def test_of_a_result_the_first_image_that_is_not_blocked_is_refined_again(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("block-images", "refine", which=[0, 1])
    with DAG(DAG_ID, schedule=None):
        first = refine(task_id="first")
        again = refine(task_id="again", image_id=None, reference_generation=first.output)
    worker.run(first)
    assert worker.run(again).state == "success"
    assert getty.generations()[-1]["source"]["index"] == 2


def test_a_mapped_one_takes_its_arguments_from_the_mapping(getty: Emulator) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = GettyRefineOperator.partial(task_id="refine", mask=BOXES, image_size=SIZE).expand_kwargs(
            [
                {"image_id": IMAGE_ID, "prompt": "balloons"},
                {"image_id": "1250731946", "prompt": "sails"},
            ]
        )
    run = Worker().run(mapped, map_index=1)
    assert run.state == "success", run.message
    [generation] = getty.generations()
    assert (generation["source"]["asset_id"], generation["prompt"]) == ("1250731946", "sails")


def test_it_expands_over_a_single_argument(getty: Emulator) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = GettyRefineOperator.partial(
            task_id="refine", image_id=IMAGE_ID, mask=BOXES, image_size=SIZE
        ).expand(prompt=["balloons", "sails"])
    Worker().run(mapped, map_index=0)
    [generation] = getty.generations()
    assert generation["prompt"] == "balloons"


def getty_uri(getty: Emulator) -> str:
    """The connection to the emulator as a URI."""
    address = getty.url.removeprefix("http://")
    return f"getty://{getty.api_key}:{getty.api_secret}@{address}/http"
