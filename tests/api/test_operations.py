"""What may be asked of Getty: bad input gets a clear error before anything is sent."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from inspect import isclass
from typing import Any

import pytest
from pydantic import ValidationError

from airflow_provider_getty.api import operations
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import (
    DeleteRegistration,
    EnhancePrompt,
    GetDownload,
    GetDownloadSizes,
    GetGeneration,
    GetHistory,
    GetHistoryItem,
    GetRegistration,
    ListProducts,
    ListRegistrations,
    Operation,
    Redownload,
    Refine,
    RegisterFile,
    StartDownload,
    UploadImage,
)

MASK = {"mask_url": "https://api.gettyimages.com/v3/search/by-image/uploads/mask.jpg"}
IMAGE = {"generation_request_id": "g", "index": 1}

REFUSED: list[tuple[type[Operation[Any]], dict[str, Any], str]] = [
    (Refine, MASK, "give exactly one of image_id and reference_generation."),
    (
        Refine,
        {**MASK, "image_id": "1", "reference_generation": IMAGE},
        "give exactly one of image_id and reference_generation.",
    ),
    (Refine, {"image_id": "1"}, "mask_url: Field required."),
    (Refine, {"image_id": "1", "mask_url": ""}, "mask_url: Field required."),
    (Refine, {**MASK, "image_id": ""}, "give exactly one of image_id and reference_generation."),
    (Refine, {**MASK, "image_id": "1", "product_id": "seven"}, "product_id: Input should be a valid integer"),
    (
        Refine,
        {**MASK, "image_id": "1", "product_id": -1},
        "product_id: Input should be greater than or equal to 0.",
    ),
    (
        Refine,
        {**MASK, "image_id": "1", "product_id": 2**31},
        "product_id: Input should be less than or equal to",
    ),
    (Refine, {**MASK, "image_id": "1", "promt": "a kite"}, "promt: there is no such argument."),
    (
        Refine,
        {**MASK, "reference_generation": {"generation_request_id": "g", "index": -1}},
        "reference_generation.index: Input should be greater than or equal to 0.",
    ),
    (
        Refine,
        {**MASK, "reference_generation": {"index": 1}},
        "reference_generation.generation_request_id: Field",
    ),
    (UploadImage, {"file_name": "mask.png", "jpeg": b"\xff"}, "file_name: String should match pattern"),
    (UploadImage, {"file_name": "../mask.jpg", "jpeg": b"\xff"}, "file_name: String should match pattern"),
    (UploadImage, {"file_name": "mask.jpg\n", "jpeg": b"\xff"}, "file_name: String should match pattern"),
    (GetGeneration, {"generation_request_id": ""}, "generation_request_id: Field required."),
    (GetGeneration, {"generation_request_id": ".."}, "generation_request_id: String should match pattern"),
    (
        GetGeneration,
        {"generation_request_id": None},
        "generation_request_id: Field required.",
    ),
    (StartDownload, {**IMAGE, "size_name": ""}, "size_name: Field required."),
    (StartDownload, {**IMAGE, "size_name": "1k", "index": -1}, "index: Input should be greater"),
    (Redownload, {"generated_asset_id": "a", "size_name": "8k"}, "size_name: Input should be '1k' or '4k'."),
    (EnhancePrompt, {"prompt": ""}, "prompt: Field required."),
    (RegisterFile, {"url": "u"}, "rights_claimed: Field required."),
    (RegisterFile, {"url": "u", "rights_claimed": False}, "rights_claimed: Input should be True."),
    (
        RegisterFile,
        {"url": "u", "rights_claimed": True, "category": "Logo"},
        "category: Input should be 'ImageReference' or 'CustomerProduct'.",
    ),
    (GetRegistration, {"registration_id": ".."}, "registration_id: String should match pattern"),
    (GetHistory, {"media_type": "video"}, "media_type: Input should be 'photography' or 'illustration'."),
    (GetHistory, {"product_ids": ["x"]}, "product_ids.0: Input should be a valid integer"),
    (GetHistory, {"product_ids": []}, "product_ids: Tuple should have at least 1 item"),
    (GetHistory, {"date_start": "yesterday"}, "date_start: Input should be a valid datetime"),
    (
        GetHistory,
        {"date_start": datetime(2026, 1, 3, tzinfo=UTC), "date_end": datetime(2026, 1, 2, tzinfo=UTC)},
        "date_start is later than date_end.",
    ),
    (
        GetHistory,
        {"date_start": datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))},
        "date_start: it is out of range.",
    ),
    (GetHistory, {"page": 0}, "page: Input should be greater than or equal to 1."),
    (GetHistory, {"page": 2**31}, "page: Input should be less than or equal to 2147483647."),
    (GetHistory, {"page_size": 0}, "page_size: Input should be greater than or equal to 1."),
    (GetHistory, {"page_size": 1001}, "page_size: Input should be less than or equal to 1000."),
]


@pytest.mark.parametrize(("kind", "arguments", "problem"), REFUSED)
def test_what_getty_would_not_take_is_refused_before_it_is_sent(
    kind: type[Operation[Any]], arguments: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        kind(**arguments)
    assert str(caught.value).startswith(f"{kind.__name__} cannot be sent: {problem}")
    assert str(caught.value).endswith("No credit was used. Nothing was sent; correct the argument.")
    assert isinstance(caught.value, ValueError)


def test_all_that_is_wrong_is_told_at_once_and_the_values_are_not_repeated() -> None:
    with pytest.raises(InvalidRequestError, match=r"product_id: .*; mask_url: ") as caught:
        Refine(image_id="1", mask_url="", product_id="hidden")
    assert "hidden" not in str(caught.value)


ID = "a/b?c#d é"


@pytest.mark.parametrize(
    ("operation", "path"),
    [
        (UploadImage(file_name="m.jpeg", jpeg=b"\xff"), "/v3/search/by-image/uploads/m.jpeg"),
        (Refine(image_id="1", **MASK), "/v3/ai/image-generations/refine"),
        (GetGeneration(generation_request_id="g"), "/v3/ai/image-generations/g"),
        (GetGeneration(generation_request_id=ID), "/v3/ai/image-generations/a%2Fb%3Fc%23d%20%C3%A9"),
        (GetDownloadSizes(**IMAGE), "/v3/ai/image-generations/g/images/1/download-sizes"),
        (StartDownload(**IMAGE, size_name="1k"), "/v3/ai/image-generations/g/images/1/download"),
        (GetDownload(**IMAGE), "/v3/ai/image-generations/g/images/1/download"),
        (ListProducts(), "/v3/products?fields=download_requirements"),
        (GetHistory(), "/v3/ai/generation-history?page=1&page_size=30"),
        (
            GetHistory(product_ids=[7, 8], company_generations=True),
            "/v3/ai/generation-history?page=1&page_size=30&product_ids=7&product_ids=8&company_generations=true",
        ),
        (GetHistoryItem(generation_request_id="g"), "/v3/ai/generation-history/g"),
        (Redownload(generated_asset_id="a", size_name="1k"), "/v3/ai/redownloads"),
        (EnhancePrompt(prompt="a cat"), "/v3/ai/enhance-prompt"),
        (RegisterFile(url="u", rights_claimed=True), "/v3/ai/file-registrations"),
        (GetRegistration(registration_id="r"), "/v3/ai/file-registrations/r"),
        (ListRegistrations(page=2), "/v3/ai/file-registrations?page=2&page_size=30"),
        (DeleteRegistration(registration_id="r"), "/v3/ai/file-registrations/r"),
        (
            GetHistory(date_start=datetime(2026, 1, 2, 3, tzinfo=UTC)),
            "/v3/ai/generation-history?page=1&page_size=30&date_start=2026-01-02T03%3A00%3A00Z",
        ),
    ],
)
def test_each_operation_goes_where_getty_documents_it(operation: Operation[Any], path: str) -> None:
    assert operation.path(Dialect.CURRENT) == path


@pytest.mark.parametrize(
    "date",
    [
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2026, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001
        "2026-01-02T03:04:05",
    ],
    ids=str,
)
def test_dates_are_sent_in_utc_and_whole_seconds(date: datetime | str) -> None:
    sent = GetHistory(date_start=date, date_end=date).arguments(Dialect.CURRENT)
    assert (sent["date_start"], sent["date_end"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z")


def test_a_fraction_of_a_second_widens_the_range() -> None:
    date = datetime(2026, 1, 2, 3, 4, 5, 1, tzinfo=UTC)
    sent = GetHistory(date_start=date, date_end=date).arguments(Dialect.CURRENT)
    assert (sent["date_start"], sent["date_end"]) == ("2026-01-02T03:04:05Z", "2026-01-02T03:04:06Z")


def test_the_last_date_there_is_stays_the_last() -> None:
    sent = GetHistory(date_end=datetime.max.replace(tzinfo=UTC)).arguments(Dialect.CURRENT)
    assert sent["date_end"] == "9999-12-31T23:59:59Z"


@pytest.mark.parametrize("unset", [None, ""])
def test_what_is_unset_is_not_sent(unset: str | None) -> None:
    sent = Refine(image_id="1", **MASK, prompt=unset, notes=unset, product_id=unset).arguments(
        Dialect.CURRENT
    )
    assert sent == {"reference_asset_id": "1", **MASK}


def test_each_operation_has_a_name_of_its_own() -> None:
    models = [
        each
        for each in vars(operations).values()
        if isclass(each) and issubclass(each, Operation) and hasattr(each, "route")
    ]
    names = [model.name for model in models]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z_]+", name) for name in names)


@pytest.mark.parametrize(
    ("operation", "asked"),
    [
        (UploadImage(file_name="m.jpg", jpeg=b"\xff"), "Upload of m.jpg"),
        (Refine(image_id="1", **MASK), "Refine of image 1"),
        (Refine(reference_generation=IMAGE, **MASK), "Refine of image 1 of generation g"),
        (GetGeneration(generation_request_id="g"), "Status of generation g"),
        (GetDownloadSizes(**IMAGE), "Download sizes of image 1 of generation g"),
        (StartDownload(**IMAGE, size_name="4k"), "Download of image 1 of generation g in 4k"),
        (GetDownload(**IMAGE), "Download of image 1 of generation g"),
        (ListProducts(), "List of products"),
        (GetHistory(page=2), "Generation history, page 2"),
        (GetHistoryItem(generation_request_id="g"), "History of generation g"),
        (Redownload(generated_asset_id="a", size_name="1k"), "Redownload of a in 1k"),
        (EnhancePrompt(prompt="a cat"), "Enhancement of a prompt"),
        (RegisterFile(url="u", rights_claimed=True), "Registration of u"),
        (GetRegistration(registration_id="r"), "Registered file r"),
        (ListRegistrations(page=2), "Registered files, page 2"),
        (DeleteRegistration(registration_id="r"), "Deletion of registered file r"),
    ],
)
def test_each_operation_says_in_words_what_it_asks(operation: Operation[Any], asked: str) -> None:
    assert operation.asked == asked


def test_the_body_of_a_download_has_what_the_path_has_not() -> None:
    operation = StartDownload(**IMAGE, size_name="4k", notes="spring", project_code="P-1", product_id=7)
    body = {"size_name": "4k", "notes": "spring", "project_code": "P-1", "product_id": 7}
    assert json.loads(operation.body(Dialect.CURRENT) or b"") == body


@pytest.mark.parametrize(
    ("operation", "method"),
    [(ListProducts(), "GET"), (DeleteRegistration(registration_id="r"), "DELETE")],
    ids=["GET", "DELETE"],
)
def test_what_only_names_a_thing_has_no_body(operation: Operation[Any], method: str) -> None:
    assert (operation.method, operation.body(Dialect.CURRENT)) == (method, None)


@pytest.mark.parametrize(
    "operation",
    [
        GetGeneration(generation_request_id="g"),
        RegisterFile(url="u", rights_claimed=True),
        GetRegistration(registration_id="r"),
    ],
    ids=lambda operation: type(operation).__name__,
)
def test_what_has_moved_was_under_beta_in_the_time_of_the_reference_page(operation: Operation[Any]) -> None:
    assert operation.dialects == (Dialect.REFERENCE_PAGE, Dialect.CURRENT)
    assert operation.path(Dialect.REFERENCE_PAGE) == operation.path(Dialect.CURRENT).replace("/v3/", "/beta/")


def test_an_operation_keeps_its_own_product_and_takes_what_it_lacks_from_the_account() -> None:
    account = Account(api_key="k", api_secret="s", product_id=7, project_code="P-1")
    operation = Refine(image_id="1", product_id=0, **MASK).completed_by(account)
    assert (operation.product_id, operation.project_code) == (0, "P-1")
    assert ListProducts().completed_by(account) == ListProducts()


def test_a_number_is_as_good_as_its_text_where_an_id_is_due() -> None:
    assert Refine(image_id=1473240153, **MASK).image_id == "1473240153"


def test_an_operation_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        GetGeneration(generation_request_id="g").generation_request_id = "other"  # type: ignore[misc]


def test_the_bytes_of_a_mask_are_not_shown() -> None:
    assert repr(UploadImage(file_name="m.jpg", jpeg=b"\xff\xd8")) == "UploadImage(file_name='m.jpg')"
