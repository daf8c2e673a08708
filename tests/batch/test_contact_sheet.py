"""A batch's contact sheet: a JPEG, and a page that shows the images beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.contact_sheet import Picture, write
from airflow_provider_getty.operators.batch import GettyBatchOperator
from tests.support.batch_runs import generates
from tests.support.task_runs import Worker


def a_batch(folder: Path, **changes: object) -> GettyBatchOperator:
    arguments: dict[str, object] = {
        "task_id": "batch",
        "requests": [{**each, "name": f"item {n}"} for n, each in enumerate(generates(3), 1)],
        "journal": str(folder / "run 1.jsonl"),
        "download_to": str(folder / "images"),
        "contact_sheet": True,
        "poll_interval": 0.05,
    }
    return GettyBatchOperator(**arguments | changes)  # type: ignore[arg-type]


@pytest.mark.usefixtures("grey")
def test_a_batch_writes_it_beside_its_images(getty: Emulator, tmp_path: Path) -> None:
    run = Worker().run(a_batch(tmp_path))
    assert run.state == "success", run.message
    folder = tmp_path / "images"
    page = folder / "run 1-contact-sheet.html"
    assert run.result["contact_sheet"] == str(page)
    text = page.read_text()
    for generation in getty.generations():
        assert generation["prompt"] in text
        assert f"seed {generation['seed']}" in text
    with Image.open(folder / "run 1-contact-sheet.jpg") as sheet:
        sheet.load()
        assert sheet.format == "JPEG"
        assert sheet.width > 3 * 240


@pytest.mark.usefixtures("grey", "getty")
def test_without_being_asked_for_there_is_none(tmp_path: Path) -> None:
    run = Worker().run(a_batch(tmp_path, contact_sheet=False))
    assert "contact_sheet" not in run.result
    assert len(list((tmp_path / "images").iterdir())) == 3


@pytest.mark.usefixtures("grey", "getty")
def test_one_that_cannot_be_written_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "images" / "run 1-contact-sheet.jpg").mkdir(parents=True)
    run = Worker().run(a_batch(tmp_path))
    assert run.state == "success"
    assert "The contact sheet cannot be written" in caplog.text
    assert "contact_sheet" not in run.result


def test_it_needs_downloaded_images() -> None:
    with pytest.raises(InvalidRequestError, match="contact_sheet needs download_to"):
        a_batch(Path("/tmp/x"), download_to=None)


def test_what_people_write_is_text_on_the_page(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg")
    picture = Picture("a.jpg", "<b>&", '"><script>alert(1)</script>', None, "an-id")
    page = Path(write(str(tmp_path), "run", [picture])).read_text()
    assert "<script>" not in page
    assert "<b>&lt;b&gt;&amp;</b>" in page
    assert "&lt;script&gt;" in page


def test_an_image_that_was_removed_leaves_a_gap(tmp_path: Path) -> None:
    write(str(tmp_path), "run", [Picture("gone.jpg", "gone", "a lake", 1, "an-id")])
    with Image.open(tmp_path / "run-contact-sheet.jpg") as sheet:
        assert sheet.size == (240 + 24, 240 + 18 + 24)
