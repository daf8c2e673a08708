"""Reading what Getty answers: lenient where its documentation leaves room, and without leaking signed URLs."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from airflow_provider_getty.api.results import (
    AccessToken,
    Download,
    DownloadSizes,
    EnhancedPrompt,
    Generation,
    HistoryItem,
    HistoryPage,
    Pending,
    Products,
    Registration,
    Registrations,
)

SIGNED = "https://delivery.gettyimages.com/1.jpg?Signature=signed-secret"
DOCUMENT = {
    "generation_request_id": "g",
    "seed": 7,
    "results": [
        {
            "index": 0,
            "is_blocked": False,
            "url": SIGNED,
            "preview_urls": [{"preview_size": "comp", "image_url": SIGNED, "width": 612, "height": 408}],
        },
        {"index": 1, "is_blocked": True},
    ],
    "original_asset": {"id": "1473240153"},
}


def changed(**changes: Any) -> Generation:
    """The generation with some fields changed."""
    return Generation.model_validate(DOCUMENT | changes)


def test_a_generation_is_read_as_documented() -> None:
    generation = changed()
    assert generation.original_asset
    assert (generation.seed, generation.original_asset.id) == (7, "1473240153")
    assert generation.results[0].url == SIGNED
    assert generation.results[0].preview_urls[0].image_url == SIGNED
    assert [image.index for image in generation.blocked] == [1]


def test_a_summary_is_plain_json_without_signed_urls() -> None:
    summary = changed().summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary == {
        "generation_request_id": "g",
        "status": "completed",
        "seed": 7,
        "results": [
            {
                "index": 0,
                "is_blocked": False,
                "preview_urls": [{"preview_size": "comp", "width": 612, "height": 408}],
            },
            {"index": 1, "is_blocked": True, "preview_urls": []},
        ],
        "original_asset": {"id": "1473240153"},
    }


def test_pending_and_finished_have_summaries_of_the_same_shape() -> None:
    pending = Pending(generation_request_id="g").summary()
    assert pending["status"] == "pending"
    assert list(pending) == list(changed().summary())


def test_null_is_as_good_as_absent() -> None:
    """A blocked image may well come with nulls in place of its URLs."""
    blocked = {"index": 0, "is_blocked": None, "url": None, "preview_urls": None}
    generation = changed(seed=None, original_asset={"id": None}, results=[blocked])
    assert generation.original_asset is None
    assert generation.results[0].preview_urls == ()
    assert not generation.results[0].is_blocked


ODD: list[Any] = [
    None,
    "",
    "12 345",
    "612px",
    512.5,
    -1,
    10**400,
    float("nan"),
    True,
    [],
    {},
    {"id": None},
    [[]],
    [None],
    "text",
]


def paths(document: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Where there is a value in a document."""
    if path:
        yield path
    for key, value in document.items() if isinstance(document, dict) else enumerate(document):
        if isinstance(value, dict | list):
            yield from paths(value, (*path, key))
        else:
            yield (*path, key)


def replaced(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy of a document with another value at one place."""
    changed = copy.deepcopy(document)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


NOT_NEEDED = [path for path in paths(DOCUMENT) if path != ("generation_request_id",)]


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:12])
@pytest.mark.parametrize("path", NOT_NEEDED, ids=lambda path: ".".join(map(str, path)))
def test_an_odd_value_of_what_is_not_needed_loses_nothing_else(
    path: tuple[str | int, ...], odd: object
) -> None:
    generation = Generation.model_validate(replaced(DOCUMENT, path, odd))
    assert generation.generation_request_id == "g"
    json.dumps(generation.summary(), allow_nan=False)
    if path[:1] != ("results",):
        assert generation.results == changed().results
    elif path[:2] == ("results", 1):
        assert generation.results[0] == changed().results[0]
    if len(path) > 2:
        assert len(generation.results) == 2
    if path[-1] in ("preview_size", "width", "height"):
        assert generation.results[0].preview_urls[0].image_url == SIGNED


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: str(odd)[:12])
@pytest.mark.parametrize(
    "name", [name for name in HistoryItem.model_fields if name != "generation_request_id"]
)
def test_an_odd_value_in_the_history_loses_neither_its_item_nor_the_page(name: str, odd: object) -> None:
    page = HistoryPage.model_validate(
        {
            "result_count": odd,
            "generations": [
                None,
                odd,
                {"generation_request_id": "g", name: odd},
                {"generation_request_id": "h"},
            ],
        }
    )
    assert [item.generation_request_id for item in page.generations] == ["g", "h"]


def test_images_without_an_index_get_the_free_ones_in_their_order() -> None:
    generation = changed(results=[{"url": "a"}, {"index": 0}, {"is_blocked": True}, {"index": 2}])
    assert [image.index for image in generation.results] == [1, 0, 3, 2]


def test_names_are_found_in_other_letter_case() -> None:
    document = {"GenerationRequestId": "g", "RESULTS": [{"Index": 3, "isBlocked": True}], "Seed": 1}
    generation = Generation.model_validate(document)
    assert (generation.seed, generation.results[0].index, generation.results[0].is_blocked) == (1, 3, True)


@pytest.mark.parametrize(
    ("kind", "name"),
    [(DownloadSizes, "download_sizes"), (Products, "products"), (HistoryPage, "generations")],
)
def test_a_list_may_be_null_but_something_else_is_no_empty_list(kind: type[BaseModel], name: str) -> None:
    assert getattr(kind.model_validate({name: None}), name) == ()
    with pytest.raises(ValidationError, match=f"it has no {name}"):
        kind.model_validate({"message": "hello"})
    for odd in ("none", 7, True):
        with pytest.raises(ValidationError, match="it is not a list"):
            kind.model_validate({name: odd})


@pytest.mark.parametrize(
    "listed",
    [{"index": 2, "url": "u"}, {"0": {"index": 2, "url": "u"}}, {"a": {"index": 2, "url": "u"}}],
)
def test_a_list_may_be_an_object(listed: object) -> None:
    assert [image.index for image in changed(results=listed).results] == [2]


@pytest.mark.parametrize("stray", [{"status": "Succeeded"}, {"status": 2}, {"warnings": ["new"]}])
def test_a_field_that_is_not_documented_loses_nothing(stray: dict[str, Any]) -> None:
    assert changed(**stray).status == "completed"
    assert Pending.model_validate({"generation_request_id": "g"} | stray).status == "pending"


def test_an_id_may_be_a_number() -> None:
    asset = changed(original_asset={"id": 1473240153}).original_asset
    assert asset
    assert asset.id == "1473240153"


@pytest.mark.parametrize(
    "document",
    [{}, *({"generation_request_id": odd} for odd in ("", " \n", None)), [], "g"],
)
@pytest.mark.parametrize("kind", [Pending, Generation])
def test_a_generation_without_its_id_is_none(kind: type[Generation], document: object) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate(document)


def test_a_download_without_its_url_is_none() -> None:
    with pytest.raises(ValidationError):
        Download.model_validate({"url": "", "generated_asset_id": "1"})


def test_products_and_history_are_read_as_documented() -> None:
    product = {
        "id": 7,
        "type": "aigen",
        "credits_remaining": 3,
        "ai_gen_requirements": {"is_note_required": True},
    }
    assert Products.model_validate({"products": [product]}).products[0].credits_remaining == 3
    item = {"generation_request_id": "g", "notes": "spring", "prompt": "a kite"}
    page = HistoryPage.model_validate({"result_count": 31, "generations": [item]})
    assert (page.result_count, page.generations[0].notes) == (31, "spring")


def test_the_history_tells_what_was_asked_and_of_which_image() -> None:
    item = HistoryItem.model_validate(
        {
            "generation_request_id": "g",
            "generation_type": "extend",
            "seed": 7,
            "product_revoked_date": "2026-02-03T04:05:06Z",
            "generation_options": {"media_type": "photography", "aspect_ratio": "1:1", "mood": "warm"},
            "source_generation_request": {
                "source_generation_request_id": "f",
                "source_generation_result_index": 2,
            },
            "results": DOCUMENT["results"],
            "user": {"username": "u"},
        }
    )
    assert item.generation_options
    assert item.source_generation_request
    assert item.product_revoked_date
    assert (item.generation_options.aspect_ratio, item.generation_options.mood) == ("1:1", "warm")
    assert item.source_generation_request.source_generation_result_index == 2
    assert item.product_revoked_date.year == 2026
    assert [image.is_blocked for image in item.results] == [False, True]


def test_registered_files_are_read_as_documented() -> None:
    preview = {"preview_size": "comp", "image_url": SIGNED, "width": 612, "height": 408}
    file = {"id": "r", "date_created": "2026-01-02T03:04:05Z", "preview_urls": [preview]}
    page = Registrations.model_validate({"result_count": 1, "file_registrations": [file]})
    assert page.file_registrations[0].preview_urls[0].image_url == SIGNED
    assert Registrations.model_validate({"file_registrations": None}).file_registrations == ()


@pytest.mark.parametrize(
    ("kind", "document"),
    [(Registration, {"id": ""}), (EnhancedPrompt, {"enhanced_prompt": None}), (EnhancedPrompt, {})],
)
def test_a_registration_without_its_id_and_a_prompt_without_words_are_none(
    kind: type[Registration], document: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        kind.model_validate(document)


def test_no_secret_is_seen_in_a_result() -> None:
    shown = repr([changed(), Download(url=SIGNED), AccessToken(access_token="signed-secret", expires_in=1)])
    assert "signed-secret" not in shown
