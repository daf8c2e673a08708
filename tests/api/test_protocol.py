"""The conversation with Getty: what is sent, and what comes back."""

from __future__ import annotations

import json

import pytest

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import NoImagesError
from airflow_provider_getty.api.operations import (
    GetDownload,
    GetGeneration,
    GetHistory,
    ListProducts,
    Refine,
    StartDownload,
    UploadImage,
)
from airflow_provider_getty.api.protocol import Call, NewToken, Send
from airflow_provider_getty.api.results import Download, Generation, Pending, PendingDownload
from tests.support.scripted_getty import (
    COMPLETED,
    ID,
    MASK_URL,
    PENDING,
    SECRETS,
    SIGNED_URL,
    ScriptedGetty,
    account,
    answer,
    error,
    token,
)

REFINE = Refine(image_id="1473240153", mask_url=MASK_URL, prompt="a boat")
POLL = GetGeneration(generation_request_id=ID)
UPLOAD = UploadImage(file_name="mask.jpg", jpeg=b"\xff\xd8")
UNAUTHORIZED = answer(401, {"message": "Unauthorized"})
ONE = "Bearer token-secret-1"


def test_every_call_bears_the_key() -> None:
    getty = ScriptedGetty()
    getty.ask(UPLOAD, answer(200))
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(POLL, answer(202, PENDING))
    assert [call.headers.get("Api-Key") for call in getty.calls] == [
        "key-secret",
        None,
        "key-secret",
        "key-secret",
    ]


def test_an_upload_is_sent_with_the_key_alone() -> None:
    getty = ScriptedGetty()
    getty.ask(UPLOAD, answer(200))
    [call] = getty.calls
    assert (call.method, call.url, call.body) == ("PUT", MASK_URL, b"\xff\xd8")
    assert dict(call.headers) == {
        "Accept": "application/json",
        "Api-Key": "key-secret",
        "Content-Type": "image/jpeg",
    }


def test_an_upload_shows_the_token_if_getty_wants_one() -> None:
    getty = ScriptedGetty()
    getty.ask(UPLOAD, UNAUTHORIZED, token(1), answer(200))
    getty.ask(UPLOAD, UNAUTHORIZED, answer(200))
    assert getty.tokens == [None, ONE, None, ONE]


def test_a_refine_sends_the_fields_of_the_reference_page() -> None:
    getty = ScriptedGetty()
    everything = Refine(
        image_id="1473240153",
        mask_url=MASK_URL,
        prompt="a red kite",
        negative_prompt="people",
        product_id=7,
        notes="spring",
        project_code="P-1",
    )
    getty.ask(everything, token(), answer(202, PENDING))
    call = getty.calls[-1]
    assert (call.method, call.url) == ("POST", "https://api.gettyimages.com/v3/ai/image-generations/refine")
    assert call.headers["Content-Type"] == "application/json"
    assert json.loads(call.body or b"") == {
        "id": "1473240153",
        "prompt": "a red kite",
        "negative_prompt": "people",
        "product_id": 7,
        "notes": "spring",
        "project_code": "P-1",
        "mask_url": MASK_URL,
    }


def test_what_is_not_set_is_not_sent() -> None:
    getty = ScriptedGetty()
    getty.ask(REFINE, token(), answer(202, PENDING))
    assert getty.bodies == [{"id": "1473240153", "mask_url": MASK_URL, "prompt": "a boat"}]


def test_the_account_supplies_product_and_project_code_where_the_operation_names_none() -> None:
    getty = ScriptedGetty(product_id=7, project_code="P-1")
    getty.ask(REFINE, token(), answer(202, PENDING))
    getty.ask(REFINE.model_copy(update={"product_id": 8}), answer(202, PENDING))
    getty.ask(ListProducts(), answer(200, {"products": []}))
    assert [(body["product_id"], body["project_code"]) for body in getty.bodies] == [(7, "P-1"), (8, "P-1")]


def test_a_get_puts_its_arguments_into_the_query_and_has_no_body() -> None:
    getty = ScriptedGetty()
    getty.ask(GetHistory(page=2), token(), answer(200, {"result_count": 0, "generations": []}))
    call = getty.calls[-1]
    assert call.url == "https://api.gettyimages.com/v3/ai/generation-history?page=2&page_size=30"
    assert call.body is None
    assert "Content-Type" not in call.headers


# What comes back


def test_a_refine_may_be_finished_at_once_or_pending() -> None:
    getty = ScriptedGetty()
    assert isinstance(getty.ask(REFINE, token(), answer(200, COMPLETED)), Generation)
    assert getty.ask(REFINE, answer(202, PENDING)) == Pending(generation_request_id=ID)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", json.dumps(PENDING).encode()])
def test_a_poll_that_says_202_means_pending_whatever_its_body(body: bytes) -> None:
    getty = ScriptedGetty()
    assert getty.ask(POLL, token(), Answer(202, {}, body)) == Pending(generation_request_id=ID)


def test_a_download_is_started_and_fetched_from_the_same_place() -> None:
    getty = ScriptedGetty()
    image = {"generation_request_id": ID, "index": 2}
    getty.ask(StartDownload(**image, size_name="1k"), token(), answer(202))
    assert getty.ask(GetDownload(**image), answer(202)) == PendingDownload()
    assert getty.ask(GetDownload(**image), answer(200, {"url": SIGNED_URL})) == Download(url=SIGNED_URL)
    path = f"https://api.gettyimages.com/v3/ai/image-generations/{ID}/images/2/download"
    assert [(call.method, call.url) for call in getty.calls[1:]] == [
        ("PUT", path),
        ("GET", path),
        ("GET", path),
    ]
    assert getty.bodies == [{"size_name": "1k"}]


@pytest.mark.parametrize(
    ("coming", "ours"), [(answer(200), False), (answer(202), True), (error(409, "DownloadInProgress"), False)]
)
def test_a_download_that_is_in_progress_already_is_no_error(coming: Answer, ours: bool) -> None:
    operation = StartDownload(generation_request_id=ID, size_name="1k")
    assert ScriptedGetty().ask(operation, token(), coming) is ours


def test_a_download_may_be_ready_at_once() -> None:
    operation = StartDownload(generation_request_id=ID, size_name="1k")
    ready = ScriptedGetty().ask(operation, token(), answer(200, {"url": SIGNED_URL}))
    assert isinstance(ready, Download)
    assert ready.url == SIGNED_URL


@pytest.mark.parametrize("status", [200, 201, 204])
def test_an_upload_may_be_answered_with_any_success(status: int) -> None:
    assert ScriptedGetty().ask(UploadImage(file_name="a.jpg", jpeg=b"jpeg"), answer(status)) is None


def test_no_secret_is_seen_in_what_is_passed_around() -> None:
    call = Call("GET", SIGNED_URL, {"Authorization": ONE, "Api-Key": "key-secret"}, b"client-secret")
    steps = [account(), call, Send(call), NewToken("token-secret-1"), token(1)]
    assert not [secret for secret in SECRETS if secret in repr(steps)]


@pytest.mark.parametrize("results", [[], None, "none", [None]])
def test_a_generation_without_images_is_not_finished(results: object) -> None:
    submitted = ScriptedGetty(dialect=Dialect.CURRENT).ask(
        Refine(image_id="1", mask_url=MASK_URL, prompt="p"),
        token(),
        answer(200, {**COMPLETED, "results": results}),
    )
    assert submitted == Pending(generation_request_id=ID)
    failure = ScriptedGetty(dialect=Dialect.CURRENT).failure(
        GetGeneration(generation_request_id=ID), token(), answer(200, {**COMPLETED, "results": results})
    )
    assert isinstance(failure, NoImagesError)
    assert "it has no images" in str(failure)


def test_a_generation_is_known_in_any_letter_case() -> None:
    poll = GetGeneration(generation_request_id=ID.upper())
    assert isinstance(
        ScriptedGetty(dialect=Dialect.CURRENT).ask(poll, token(), answer(200, COMPLETED)), Generation
    )
