"""Generations after they were asked for: polling, downloads, history, products."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image

from emulator.tests.support.emulator_client import Client, Start

IMAGE = "/v3/ai/image-generations/{}/images/{}"
HISTORY = "/v3/ai/generation-history"
SIX_MONTHS = 183 * 24 * 3600


@pytest.mark.parametrize("suffix", ["", "/images/0/download-sizes", "/images/0/download"])
def test_an_unknown_generation_and_another_account_s_are_not_found(start: Start, suffix: str) -> None:
    getty = start(other_accounts=(("other-key", "other-secret"),))
    other = type(getty)(getty.emulator, "other-key", "other-secret", getty.session)
    for generation in ("nonsense", other.refined()):
        answer = getty.call("GET", f"/v3/ai/image-generations/{generation}{suffix}")
        assert (answer.status_code, answer.json()["ErrorCode"]) == (404, "GenerationRequestIdNotFound")


@pytest.mark.parametrize("suffix", ["", "/images/0/download-sizes", "/images/0/download"])
def test_a_generation_is_gone_after_six_months(getty: Client, suffix: str) -> None:
    generation = getty.refined()
    getty.emulator.advance(SIX_MONTHS)
    getty._token = None
    answer = getty.call("GET", f"/v3/ai/image-generations/{generation}{suffix}")
    assert (answer.status_code, answer.json()["ErrorCode"]) == (410, "GenerationRequestGone")


def test_media_needs_no_credentials_but_a_signature_that_has_not_expired(getty: Client) -> None:
    url = getty.refine(prompt="moon").json()["results"][0]["url"]
    answer = getty.session.get(url, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(answer.content)).size) == 612
    record = getty.emulator.requests()[-1]
    assert (record["has_api_key"], record["has_authorization"]) == (False, False)
    assert record["query_names"] == ("expires", "signature")
    assert getty.session.get(url.replace("/0/612", "/1/612"), timeout=5).status_code == 403
    assert getty.session.get(url.partition("?")[0], timeout=5).status_code == 403
    getty.emulator.advance(26 * 3600)
    assert getty.session.get(url, timeout=5).status_code == 403


def test_download_sizes_are_named_and_measured(getty: Client) -> None:
    answer = getty.call("GET", IMAGE.format(getty.refined(), 0) + "/download-sizes")
    assert answer.json() == {
        "download_sizes": [
            {"size_name": "1k", "width": 1024, "height": 683},
            {"size_name": "4k", "width": 4096, "height": 2732},
        ]
    }


@pytest.mark.parametrize("index", ["4", "99"])
def test_there_is_no_download_of_an_image_that_does_not_exist(getty: Client, index: Any) -> None:
    path = IMAGE.format(getty.refined(), index)
    assert getty.call("GET", path + "/download-sizes").status_code == 404
    assert getty.call("PUT", path + "/download", json={"size_name": "1k"}).status_code == 404


def test_an_index_must_be_a_number(getty: Client) -> None:
    assert getty.call("GET", IMAGE.format(getty.refined(), "x") + "/download-sizes").status_code == 400


def test_there_is_no_download_of_a_pending_or_blocked_image(start: Start) -> None:
    getty = start(latency="60")
    getty.emulator.fault("block-images", which=[0])
    path = IMAGE.format(getty.refined(), 0)
    for _ in range(2):
        for answer in (
            getty.call("GET", path + "/download-sizes"),
            getty.call("PUT", path + "/download", json={"size_name": "1k"}),
        ):
            assert (answer.status_code, answer.json()["ErrorCode"]) == (404, "GenerationRequestIdNotFound")
        getty.emulator.advance(61)


def test_a_download_is_prepared_and_then_fetched(start: Start) -> None:
    getty = start(download_latency=60)
    path = IMAGE.format(getty.refined(prompt="stars"), 1) + "/download"
    assert getty.call("GET", path).status_code == 404
    started = getty.call("PUT", path, json={"size_name": "1k", "notes": "n"})
    assert (started.status_code, started.content) == (202, b"")
    again = getty.call("PUT", path, json={"size_name": "1k"})
    assert (again.status_code, again.json()["ErrorCode"]) == (409, "ConcurrencyConflict")
    waiting = getty.call("GET", path)
    assert (waiting.status_code, waiting.content) == (202, b"")
    getty.emulator.advance(61)
    done = getty.call("GET", path)
    assert done.status_code == 200
    assert done.json().keys() == {"url", "generated_asset_id"}
    picture = Image.open(io.BytesIO(getty.session.get(done.json()["url"], timeout=20).content))
    assert picture.size == (1024, 683)


def test_a_download_that_is_ready_at_once_is_answered_at_once(getty: Client) -> None:
    path = IMAGE.format(getty.refined(), 0) + "/download"
    answer = getty.call("PUT", path, json={"size_name": "1k"})
    assert (answer.status_code, answer.json()) == (200, getty.call("GET", path).json())


@pytest.mark.parametrize(
    "body", [{}, {"size_name": "2k"}, {"size_name": None}, {"size_name": "1k", "project_code": "X"}]
)
def test_a_wrong_download_is_refused(getty: Client, body: Any) -> None:
    answer = getty.call("PUT", IMAGE.format(getty.refined(), 0) + "/download", json=body)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (400, "InvalidParameterValue")


def test_each_4k_download_costs_a_credit(getty: Client) -> None:
    getty.emulator.configure_account(credits_remaining=2)
    path = IMAGE.format(getty.refined(), 0) + "/download"
    assert getty.call("PUT", path, json={"size_name": "1k"}).ok
    assert getty.emulator.ledger()["total"] == 1
    assert getty.call("PUT", path, json={"size_name": "4k"}).ok
    assert getty.emulator.ledger()["entries"][-1]["size_name"] == "4k"
    refused = getty.call("PUT", path, json={"size_name": "4k"})
    assert (refused.status_code, refused.json()["ErrorCode"]) == (403, "ProductQuotaExceeded")


def test_history_shows_what_was_asked_newest_first(getty: Client) -> None:
    first = getty.refined(prompt="stars", negative_prompt="clouds", notes="marker-1")
    second = getty.refined(prompt="moon")
    answer = getty.call("GET", HISTORY)
    assert answer.json()["result_count"] == 2
    assert [item["generation_request_id"] for item in answer.json()["generations"]] == [second, first]
    item = getty.call("GET", f"{HISTORY}/{first}").json()
    assert item == answer.json()["generations"][1]
    assert (item["prompt"], item["negative_prompt"], item["notes"]) == ("stars", "clouds", "marker-1")
    assert (item["generation_type"], item["product_id"]) == ("refine", 10001)
    assert item["original_asset"] == {"id": "1473240153"}
    assert item["generation_date"].endswith("Z")
    assert [result["index"] for result in item["results"]] == [0, 1, 2, 3]


def test_a_pending_generation_is_in_the_history_without_results(start: Start) -> None:
    getty = start(latency="60")
    item = getty.call("GET", f"{HISTORY}/{getty.refined()}").json()
    assert item["results"] == []


def test_history_comes_in_pages(getty: Client) -> None:
    made = [getty.refined() for _ in range(5)]
    page = getty.call("GET", HISTORY, params={"page": 2, "page_size": 2}).json()
    assert page["result_count"] == 5
    assert [item["generation_request_id"] for item in page["generations"]] == [made[2], made[1]]
    beyond = getty.call("GET", HISTORY, params={"page": 9})
    assert (beyond.status_code, beyond.json()["ErrorCode"]) == (400, "InvalidPage")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, 2),
        ({"media_type": "photography"}, 2),
        ({"media_type": "illustration"}, 0),
        ({"product_ids": "10001,5"}, 2),
        ({"product_ids[]": "5"}, 0),
        ({"date_start": "{middle}"}, 1),
        ({"date_end": "{middle}"}, 1),
        ({"date_start": "2000-01-01", "date_end": "2001-01-01T00:00:00Z"}, 0),
    ],
)
def test_history_can_be_narrowed(getty: Client, query: dict[str, Any], found: int) -> None:
    getty.refined()
    middle = datetime.now(UTC) + timedelta(seconds=60)
    getty.emulator.advance(120)
    getty.refined()
    query = {
        name: value.format(middle=middle.strftime("%Y-%m-%dT%H:%M:%SZ")) for name, value in query.items()
    }
    assert getty.call("GET", HISTORY, params=query).json()["result_count"] == found


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0},
        {"page_size": 1001},
        {"page": "x"},
        {"date_start": "soon"},
        {"media_type": "film"},
        {"product_ids": "x"},
    ],
)
def test_a_wrong_question_to_history_is_refused(getty: Client, query: dict[str, Any]) -> None:
    assert getty.call("GET", HISTORY, params=query).status_code == 400


def test_company_generations_need_an_account_that_may(getty: Client) -> None:
    query = {"company_generations": "true"}
    answer = getty.call("GET", HISTORY, params=query)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (403, "NotAuthorized")
    getty.emulator.configure_account(company_generations=True)
    assert getty.call("GET", HISTORY, params=query).status_code == 200


def test_products_tell_their_credits_and_when_asked_their_requirements(getty: Client) -> None:
    getty.emulator.configure_account(
        products=[{"id": 7, "credits_remaining": 3, "project_code": "required", "project_codes": ["A1"]}]
    )
    [product] = getty.call("GET", "/v3/products").json()["products"]
    assert (product["id"], product["type"], product["status"], product["credits_remaining"]) == (
        7,
        "aigen",
        "active",
        3,
    )
    [product] = getty.call("GET", "/v3/products?fields=download_requirements").json()["products"]
    assert product["ai_gen_requirements"] == {
        "is_note_required": False,
        "is_project_code_required": True,
        "project_codes": ["A1"],
    }
    assert getty.call("GET", "/v3/products?fields=color").status_code == 400
