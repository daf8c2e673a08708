"""The conversation of a download, on the emulator, with the sync client and with the async one.

See also the tests of GettyDownloadOperator.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from io import BytesIO

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock, results
from airflow_provider_getty.api.downloads import download, download_async
from airflow_provider_getty.api.errors import Credit, DownloadError, NoAnswerError, NotFoundError
from airflow_provider_getty.api.operations import GetDownload, Redownload, StartDownload
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.getty_journal import sent

Download = Callable[[StartDownload | Redownload, BytesIO, float], int]
"""Downloads into a file, and gives up after so many seconds."""


@pytest.fixture
def hook(getty: Emulator) -> GettyHook:
    return GettyHook()


@pytest.fixture(params=["sync", "async"])
def into(request: pytest.FixtureRequest, hook: GettyHook) -> Download:
    def sync(start: StartDownload | Redownload, file: BytesIO, timeout: float) -> int:
        return download(hook.get_conn(), start, file, deadline=clock.now() + timeout)

    def awaited(start: StartDownload | Redownload, file: BytesIO, timeout: float) -> int:
        async def run() -> int:
            async with await hook.get_async_conn() as client:
                return await download_async(client, start, file, deadline=clock.now() + timeout)

        return asyncio.run(run())

    return sync if request.param == "sync" else awaited


@pytest.fixture
def start(hook: GettyHook, getty: Emulator) -> StartDownload:
    mask_url = hook.upload_mask([(60, 16, 964, 250)], image_size=(1024, 683))
    generation = hook.refine(image_id="1473240153", mask_url=mask_url)
    getty._service.journal.clear()
    return StartDownload(generation_request_id=generation.generation_request_id, size_name="1k")


def without_tokens(getty: Emulator) -> list[str | None]:
    """The operations that were called; each async client fetches a token of its own."""
    return [call for call in sent(getty) if call != "token"]


def test_it_writes_the_image_and_returns_its_length(into: Download, start: StartDownload) -> None:
    file = BytesIO()
    assert into(start, file, 10) == len(file.getvalue())
    assert file.getvalue().startswith(b"\xff\xd8")
    assert file.getvalue().endswith(b"\xff\xd9")


def test_of_a_part_that_came_first_nothing_is_left_in_the_file(
    getty: Emulator, into: Download, start: StartDownload
) -> None:
    large = start.model_copy(update={"size_name": "4k"})  # larger than what is read at a time
    whole, file = BytesIO(), BytesIO()
    into(large, whole, 10)
    getty.fault("cut-body", "media")
    into(large, file, 10)
    assert file.getvalue() == whole.getvalue()


def test_at_the_deadline_the_last_error_is_told(
    getty: Emulator, into: Download, start: StartDownload
) -> None:
    getty.fault("cut-body", "media", times=None)
    with pytest.raises(DownloadError) as error:
        into(start, BytesIO(), 0.3)
    assert error.value.asked == start.asked
    assert error.value.credit is Credit.COMMITTED


def test_a_start_of_which_nobody_knows_is_looked_for_until_the_deadline(
    getty: Emulator, into: Download, start: StartDownload
) -> None:
    getty.fault("cut-before", "start-download", times=None)
    with pytest.raises(NoAnswerError) as error:
        into(start, BytesIO(), 3)
    assert error.value.credit is Credit.DOWNLOAD_UNKNOWN
    asked = without_tokens(getty)
    assert asked[:4] == ["start-download", "get-download"] * 2
    assert len(asked) <= 20, "it does not wait between two attempts"


def test_an_image_that_is_not_there_is_an_error_at_once(
    getty: Emulator, into: Download, start: StartDownload
) -> None:
    with pytest.raises(NotFoundError):
        into(start.model_copy(update={"index": 9}), BytesIO(), 10)
    assert without_tokens(getty) == ["start-download"]


def test_a_redownload_whose_image_does_not_arrive_is_not_asked_for_again(
    getty: Emulator, hook: GettyHook, into: Download, start: StartDownload
) -> None:
    """It may cost each time."""
    first, again = BytesIO(), BytesIO()
    into(start, first, 10)
    poll = GetDownload(generation_request_id=start.generation_request_id)
    [product] = hook.products()[:1]
    ready = hook.ask(poll)
    assert isinstance(ready, results.Download)
    redownload = Redownload(
        generated_asset_id=ready.generated_asset_id, size_name="1k", product_id=product.id
    )
    getty.fault("cut-body", "media")
    assert into(redownload, again, 10) == len(first.getvalue())
    assert again.getvalue() == first.getvalue()
    assert sent(getty).count("redownloads") == 1
