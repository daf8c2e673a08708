"""Every method of the hook on the emulator, called and awaited: the two do the same."""

from __future__ import annotations

import asyncio
import inspect
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator
from PIL import Image

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import (
    BadRequestError,
    Credit,
    DeadlineExceededError,
    InvalidRequestError,
    MaskError,
    NotFoundError,
    UnexpectedAnswerError,
)
from airflow_provider_getty.api.operations import GENERATING, GetDownload, ListProducts
from airflow_provider_getty.hooks.getty import GettyHook
from tests.support.getty_journal import sent

LAKE = "1473240153"
SKY = [(60, 16, 964, 250)]
SIZE = (1024, 683)

Getty = Callable[..., Any]
"""Calls the method of this name with these arguments, and returns its result; of a list, all items."""


def called(name: str, *args: Any, **kwargs: Any) -> Any:
    """As a task calls it."""
    hook = GettyHook()
    with hook.get_conn():
        result = getattr(hook, name)(*args, **kwargs)
        return list(result) if inspect.isgenerator(result) else result


def awaited(name: str, *args: Any, **kwargs: Any) -> Any:
    """As a trigger awaits it."""

    async def call() -> Any:
        async with GettyHook().async_session() as getty:
            result = getattr(getty, name)(*args, **kwargs)
            return [item async for item in result] if inspect.isasyncgen(result) else await result

    return asyncio.run(call())


@pytest.fixture(params=[called, awaited], ids=lambda way: way.__name__)
def do(request: pytest.FixtureRequest, getty: Emulator) -> Getty:
    way: Getty = request.param
    return way


def picture() -> bytes:
    """An image in a format that Getty does not take."""
    file = io.BytesIO()
    Image.new("RGBA", (40, 30), (200, 30, 30, 128)).save(file, "PNG")
    return file.getvalue()


def refined(do: Getty) -> str:
    """The id of a generation."""
    mask_url = do("upload_mask", SKY, image_size=SIZE)
    return str(do("refine", image_id=LAKE, mask_url=mask_url, prompt="balloons").generation_request_id)


def registered(do: Getty, category: str) -> str:
    """The id of a registered file."""
    url = do("upload_file", picture(), label="vase")
    return str(do("register_file", url=url, rights_claimed=True, category=category).id)


def of_the_mask(do: Getty) -> dict[str, Any]:
    return {"image_id": LAKE, "mask_url": do("upload_mask", SKY, image_size=SIZE)}


GENERATIONS: dict[str, Callable[[Getty], dict[str, Any]]] = {
    "generate": lambda do: {"prompt": "a lake", "aspect_ratio": "16:9", "mood": "warm", "seed": 7},
    "variations": lambda do: {"generation_request_id": refined(do), "index": 2},
    "refine": lambda do: of_the_mask(do) | {"prompt": "balloons"},
    "extend": lambda do: {"image_id": LAKE, "left_percentage": 20, "prompt": "more of the lake"},
    "background_removal": lambda do: {
        "reference_generation": {"generation_request_id": refined(do), "index": 0}
    },
    "background_replacement": lambda do: {"image_id": LAKE, "background_color": "#0099CC"},
    "object_removal": of_the_mask,
    "influence_color": lambda do: {"image_id": LAKE, "prompt": "a boat", "noise_level": 0.3},
    "influence_composition": lambda do: {
        "reference_file_registration_id": registered(do, "ImageReference"),
        "prompt": "a boat",
        "influence_level": 0.3,
    },
    "background_generation": lambda do: {
        "reference_file_registration_id": registered(do, "CustomerProduct"),
        "prompt": "a beach",
        "left_percentage": 20,
    },
}


def test_every_generating_operation_is_a_method_of_its_name() -> None:
    assert set(GENERATIONS) == set(GENERATING)


@pytest.mark.parametrize("name", GENERATIONS)
def test_what_generates_is_submitted_charged_and_found_in_the_history(
    do: Getty, getty: Emulator, name: str
) -> None:
    arguments = GENERATIONS[name](do)
    charged = len(getty.ledger()["entries"])
    generation_id = do(name, **arguments, notes="spring").generation_request_id
    assert do("wait_for_generation", generation_id, deadline=clock.now() + 10).results[0].url
    assert len(getty.ledger()["entries"]) == charged + 1
    item = do("history_item", generation_id)
    published = GENERATING[name].generation_type
    assert item.generation_type == published or published is None
    assert item.notes == "spring"


def test_a_generation_is_asked_for_once_or_until_the_deadline(do: Getty, getty: Emulator) -> None:
    getty.fault("stay-pending", "generate")
    generation_id = do("generate", prompt="a lake").generation_request_id
    assert do("get_generation", generation_id).status == "pending"
    with pytest.raises(DeadlineExceededError) as error:
        do("wait_for_generation", generation_id, deadline=clock.now(), poll_interval=0.01, kind="generate")
    assert error.value.credit is Credit.COMMITTED


def test_an_image_is_downloaded_and_downloaded_again(do: Getty, getty: Emulator, tmp_path: Path) -> None:
    generation_id = refined(do)
    assert [size.size_name for size in do("download_sizes", generation_id, 1)] == ["1k", "4k"]
    first, again = tmp_path / "first.jpg", tmp_path / "again.jpg"
    assert do("download", generation_id, first, index=1) == first.stat().st_size
    asset = do("ask", GetDownload(generation_request_id=generation_id, index=1)).generated_asset_id
    [product] = do("products")[:1]
    assert do("redownload", asset, again, product_id=product.id) == again.stat().st_size
    assert again.read_bytes() == first.read_bytes()


def test_a_download_that_fails_leaves_the_destination_as_it_was(do: Getty, tmp_path: Path) -> None:
    file = tmp_path / "image.jpg"
    file.write_bytes(b"as it was")
    with pytest.raises(NotFoundError):
        do("download", "no-such-generation", file)
    with pytest.raises(InvalidRequestError):
        do("redownload", "asset", file, size_name="8k")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("image.jpg", b"as it was")]


def test_a_download_that_is_cancelled_leaves_the_destination_as_it_was(
    getty: Emulator, tmp_path: Path
) -> None:
    async def cancelled() -> None:
        async with GettyHook().async_session() as session:
            generation = await session.generate(prompt="a lake")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.download(generation.generation_request_id, file), 0.3)

    file = tmp_path / "image.jpg"
    file.write_bytes(b"as it was")
    getty.fault("slow", "get-download", seconds=1)
    asyncio.run(cancelled())
    assert "start-download" in sent(getty)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("image.jpg", b"as it was")]


def test_files_are_registered_listed_and_deleted(do: Getty) -> None:
    ids = [registered(do, "CustomerProduct"), registered(do, "ImageReference")]
    assert do("get_registration", registration_id=ids[0]).preview_urls
    assert {file.id for file in do("registrations")} == set(ids)
    assert do("delete_registration", registration_id=ids[0]) is None
    assert [file.id for file in do("registrations")] == ids[1:]


def test_a_prompt_is_enhanced(do: Getty) -> None:
    assert len(do("enhance_prompt", prompt="a lake")) > len("a lake")


def test_the_products_are_listed(do: Getty, getty: Emulator) -> None:
    getty.configure_account(products=[{"id": 7, "name": "Spring campaign"}])
    assert [(product.id, product.name) for product in do("products")] == [(7, "Spring campaign")]


def test_the_history_is_filtered(do: Getty) -> None:
    photograph = do("generate", prompt="a lake", media_type="photography").generation_request_id
    drawing = do("generate", prompt="a lake", media_type="illustration").generation_request_id

    def found(**filters: Any) -> list[str]:
        return [item.generation_request_id for item in do("history", **filters)]

    [product] = do("products")[:1]
    assert found() == [drawing, photograph]
    assert found(media_type="illustration") == [drawing]
    assert found(product_ids=[product.id]) == [drawing, photograph]
    assert found(product_ids=[product.id + 1]) == []
    assert found(since=datetime.now(UTC) + timedelta(hours=1)) == []
    assert found(until=datetime.now(UTC) - timedelta(hours=1)) == []


def test_a_list_is_fetched_page_by_page(do: Getty, getty: Emulator) -> None:
    getty.fault("odd-pages", times=None, most=2)
    made = [do("generate", prompt="a lake").generation_request_id for _ in range(3)]
    files = {registered(do, "ImageReference") for _ in range(3)}
    assert [item.generation_request_id for item in do("history")] == made[::-1]
    assert {file.id for file in do("registrations")} == files
    assert [sent(getty).count(name) for name in ("generation-history", "list-file-registrations")] == [2, 2]


def test_a_list_whose_length_is_not_told_ends_where_getty_refuses_a_page(do: Getty, getty: Emulator) -> None:
    getty.fault("odd-pages", times=None, most=2, counts="none")
    made = [do("generate", prompt="a lake").generation_request_id for _ in range(2)]
    assert [item.generation_request_id for item in do("history")] == made[::-1]
    getty.fault("refuse", "generation-history", status=400, skip=1)
    with pytest.raises(BadRequestError):
        do("history")


def test_a_history_that_shows_only_its_first_page_is_an_error(do: Getty, getty: Emulator) -> None:
    getty.fault("odd-pages", times=None, most=2, turns=False)
    for _ in range(3):
        do("generate", prompt="a lake")
    with pytest.raises(
        UnexpectedAnswerError, match=r"Generation history, page 4: .* 2 of 3 entries were shown"
    ):
        do("history")


def test_any_operation_may_be_asked_with_a_deadline(do: Getty) -> None:
    assert do("ask", ListProducts(), deadline=clock.now() + 10).products


def test_bad_input_is_refused_before_anything_is_sent(do: Getty, getty: Emulator) -> None:
    refused: dict[str, dict[str, Any]] = {
        "generate": {"prompt": "a lake", "mood": "sad"},
        "history": {"product_ids": ["x"]},
        "register_file": {"url": "u", "rights_claimed": False},
    }
    for name, arguments in refused.items():
        with pytest.raises(InvalidRequestError):
            do(name, **arguments)
    with pytest.raises(MaskError):
        do("upload_mask", b"no image", image_size=SIZE)
    with pytest.raises(InvalidRequestError):
        do("upload_file", b"no image")
    assert sent(getty) == []


def test_no_method_takes_an_unknown_argument(do: Getty) -> None:
    with pytest.raises(TypeError, match="imageSize"):
        do("upload_mask", SKY, imageSize=SIZE)
    with pytest.raises(TypeError, match="promt"):
        do("generate", promt="a lake")


def test_what_generates_takes_a_mask_as_the_operator_does(do: Getty, getty: Emulator) -> None:
    generation = do("refine", LAKE, mask=SKY, image_size=SIZE, prompt="balloons")
    assert generation.generation_request_id
    assert sent(getty).count("upload") == 1
    with pytest.raises(InvalidRequestError, match="mask and mask_url"):
        do("object_removal", LAKE)


def test_an_image_of_a_result_is_named_as_in_an_operator(do: Getty) -> None:
    result = do("get_generation", refined(do)).summary()
    result["results"][0]["is_blocked"] = True
    for generation in (
        do("variations", result),
        do("extend", reference_generation=result, top_percentage=10),
    ):
        item = do("history_item", generation.generation_request_id)
        assert item.source_generation_request.source_generation_result_index == 1


@pytest.mark.parametrize("unset", [None, ""])
def test_what_is_unset_is_not_sent(do: Getty, unset: str | None) -> None:
    generation = do("generate", "a lake", negative_prompt=unset, mood=unset, product_id=unset, notes=unset)
    assert do("history_item", generation.generation_request_id).notes is None


async def test_one_session_has_one_client(getty: Emulator) -> None:
    async with GettyHook().async_session() as session:
        await session.products()
        await asyncio.gather(*(session.enhance_prompt(prompt="a lake") for _ in range(3)))
    assert sent(getty).count("token") == 1
