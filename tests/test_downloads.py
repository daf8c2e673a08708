"""The conversation of a download, on the emulator: see also the tests of GettyDownloadOperator."""

from __future__ import annotations

import time
from io import BytesIO

import pytest
from getty_journal import sent

from airflow_provider_getty.api.errors import Credit, DownloadError, NoAnswerError, NotFoundError
from airflow_provider_getty.api.operations import StartDownload
from airflow_provider_getty.downloads import download
from airflow_provider_getty.emulator.server import Emulator
from airflow_provider_getty.hooks.getty import GettyHook

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.fixture
def hook(getty: Emulator) -> GettyHook:
    return GettyHook()


@pytest.fixture
def start(hook: GettyHook, getty: Emulator) -> StartDownload:
    mask_url = hook.upload_mask([(60, 16, 964, 250)], image_size=(1024, 683))
    generation = hook.refine(image_id="1473240153", mask_url=mask_url)
    getty._service.journal.clear()
    return StartDownload(generation_request_id=generation.generation_request_id, size_name="1k")


def test_it_writes_the_image_and_returns_its_length(hook: GettyHook, start: StartDownload) -> None:
    file = BytesIO()
    assert download(hook.get_conn(), start, file, deadline=time.time() + 10) == len(file.getvalue())
    assert file.getvalue().startswith(b"\xff\xd8")
    assert file.getvalue().endswith(b"\xff\xd9")


def test_of_a_part_that_came_first_nothing_is_left_in_the_file(
    getty: Emulator, hook: GettyHook, start: StartDownload
) -> None:
    large = start.model_copy(update={"size_name": "4k"})  # larger than what is read at a time
    whole, file = BytesIO(), BytesIO()
    download(hook.get_conn(), large, whole, deadline=time.time() + 10)
    getty.fault("cut-body", "media")
    download(hook.get_conn(), large, file, deadline=time.time() + 10)
    assert file.getvalue() == whole.getvalue()


def test_at_the_deadline_the_last_error_is_told(
    getty: Emulator, hook: GettyHook, start: StartDownload
) -> None:
    getty.fault("cut-body", "media", times=None)
    with pytest.raises(DownloadError) as error:
        download(hook.get_conn(), start, BytesIO(), deadline=time.time() + 0.3)
    assert error.value.asked == start.asked
    assert error.value.credit is Credit.COMMITTED


def test_a_start_of_which_nobody_knows_is_looked_for_until_the_deadline(
    getty: Emulator, hook: GettyHook, start: StartDownload
) -> None:
    getty.fault("cut-before", "start-download", times=None)
    with pytest.raises(NoAnswerError) as error:
        download(hook.get_conn(), start, BytesIO(), deadline=time.time() + 0.3)
    assert error.value.credit is Credit.DOWNLOAD_UNKNOWN
    asked = sent(getty)
    assert asked[:4] == ["start-download", "get-download"] * 2
    assert len(asked) <= 20, "it does not wait between two attempts"


def test_an_image_that_is_not_there_is_an_error_at_once(
    getty: Emulator, hook: GettyHook, start: StartDownload
) -> None:
    with pytest.raises(NotFoundError):
        download(hook.get_conn(), start.model_copy(update={"index": 9}), BytesIO(), deadline=time.time() + 10)
    assert sent(getty) == ["start-download"]
