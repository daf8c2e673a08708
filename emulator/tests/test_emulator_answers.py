"""Faults in answers: each brings about its oddity, the charge stays, and the next call is answered properly."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from getty_emulator.in_process import Getty
from getty_emulator.server import Emulator

from emulator.tests.support.direct import (
    GENERATIONS,
    call,
    content_of,
    generate,
    generated,
    history,
    poll,
    refine,
    upload,
)
from emulator.tests.support.emulator_client import LAKE, Client


@pytest.fixture
def getty() -> Getty:
    return Getty()


@pytest.fixture
def getty_client(getty_emulator: Emulator) -> Iterator[Client]:
    with Client(getty_emulator, getty_emulator.api_key, getty_emulator.api_secret) as client:
        yield client


def result(getty: Getty, fault: str, **parameters: Any) -> Any:
    """Return what a poll shows under a fault."""
    generation = content_of(refine(getty))["generation_request_id"]
    getty.fault(fault, "get-generation", **parameters)
    odd = content_of(poll(getty, generation))
    assert content_of(poll(getty, generation)) != odd
    return odd


def test_fields_can_be_set_anywhere_in_an_answer(getty: Getty) -> None:
    fields = {"results.*.index": None, "results.0.url": 7, "new": [1], "results.9.url": 1, "seed.no": 1}
    odd = result(getty, "set-fields", fields=fields)
    assert [image["index"] for image in odd["results"]] == [None] * 4
    assert (odd["results"][0]["url"], odd["new"]) == (7, [1])


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("bom", b"\xef\xbb\xbf{"),
        ("latin-1", b'"K\xe4se"'),
        ("large-number", b"9" * 5000),
        ("nan", b":NaN"),
        ("trailing", b"}\n<!--"),
        ("numbered-lists", b'"results":{"0":{'),
    ],
)
def test_json_can_be_written_oddly(getty: Getty, form: str, written: bytes) -> None:
    generation = content_of(refine(getty))["generation_request_id"]
    getty.fault("odd-json", "get-generation", form=form)
    if form == "latin-1":  # which no other fault can read either
        getty.fault("set-fields", "get-generation", fields={"seed": 7})
    assert written in poll(getty, generation).body


def test_a_list_of_results_can_be_null_or_empty(getty: Getty) -> None:
    assert result(getty, "set-fields", fields={"results": None})["results"] is None
    assert result(getty, "set-fields", fields={"results": []})["results"] == []


def test_fields_can_be_missing(getty: Getty) -> None:
    odd = result(getty, "drop-fields", fields=["results.*.index", "seed"])
    assert [list(image) for image in odd["results"]] == [["is_blocked", "preview_urls", "url"]] * 4
    assert "seed" not in odd
    getty.fault("drop-fields", "token", fields=["expires_in"])
    form = b"grant_type=client_credentials&client_id=demo-key&client_secret=demo-secret"
    answer = getty.handle(
        "POST", "/oauth2/token", {"Content-Type": "application/x-www-form-urlencoded"}, form
    )
    assert list(content_of(answer)) == ["access_token", "token_type"]


def test_what_may_be_null_is_null_and_what_may_be_odd_is_odd(getty: Getty) -> None:
    odd = result(getty, "nulls")
    assert (odd["original_asset"], odd["seed"]) == ({"id": None}, None)
    assert [image["preview_urls"] for image in odd["results"]] == [None] * 4
    odd = result(getty, "odd-types")
    preview = odd["results"][0]["preview_urls"][0]
    assert (odd["original_asset"], odd["seed"]) == ({}, "12 345")
    assert (preview["width"], preview["height"]) == (512.5, "612px")
    getty.fault("nulls", "products")
    assert content_of(call(getty, "GET", "/v3/products")) == {"products": None}
    getty.fault("nulls", "generation-history")
    item = content_of(history(getty))["generations"][0]
    assert (item["seed"], item["results"], item["prompt"]) == (None, None, None)
    assert item["generation_request_id"]


def test_a_fault_of_answers_waits_for_one_that_it_changes(getty: Getty) -> None:
    getty = Getty(latency="60")
    generation = content_of(refine(getty))["generation_request_id"]
    getty.fault("nulls", "get-generation")
    assert content_of(poll(getty, generation)) == {"generation_request_id": generation}
    getty.advance(60)
    assert content_of(poll(getty, generation))["seed"] is None
    assert content_of(poll(getty, generation))["seed"] is not None


def test_several_faults_of_answers_go_together(getty: Getty) -> None:
    generation = generated(getty)
    getty.fault("reorder-results", "get-generation")
    getty.fault("renumber-results", "get-generation", first=5)
    getty.fault("gzip", "get-generation")
    answer = poll(getty, generation)
    images = json.loads(gzip.decompress(answer.body))["results"]
    assert [image["index"] for image in images] == [8, 7, 6, 5]
    assert getty.requests()[-1]["fault"] == "reorder-results, renumber-results, gzip"


def test_the_history_can_have_an_odd_item(getty: Getty) -> None:
    generation = generated(getty)
    getty.fault("odd-history-item")
    getty.fault("odd-history-item", item="nonsense", at=5)
    items = content_of(history(getty))["generations"]
    assert [items[0]["generation_request_id"], items[1]["generation_request_id"]] == [None, generation]
    assert items[2] == "nonsense"


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        ({}, [(2, 3), (1, 3)]),
        ({"counts": "page"}, [(2, 2), (1, 1)]),
        ({"counts": "none"}, [(2, None), (1, None)]),
        ({"turns": False}, [(2, 3), (2, 3), (2, 3)]),
    ],
)
def test_a_list_can_have_odd_pages(getty: Getty, fault: dict[str, Any], shown: list[tuple[int, int]]) -> None:
    for _ in range(3):
        generated(getty)
    getty.fault("odd-pages", "generation-history", times=None, most=2, **fault)
    for page, (length, count) in enumerate(shown, 1):
        answer = content_of(history(getty, f"?page={page}&page_size=9"))
        assert (len(answer["generations"]), answer["result_count"]) == (length, count)


def test_ids_can_be_in_capitals_and_are_found_in_any_case(getty: Getty) -> None:
    generation = generated(getty)
    getty.fault("capital-ids")
    assert content_of(poll(getty, generation))["generation_request_id"] == generation.upper()
    assert content_of(poll(getty, generation.upper()))["generation_request_id"] == generation
    item = call(getty, "GET", f"/v3/ai/generation-history/{generation.upper()}")
    assert item.status == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("camel-case", {"errorCode": "ImageNotFound", "errorMessage": "There is no such image."}),
        ("snake-case", {"error_code": "ImageNotFound", "error_message": "There is no such image."}),
        ("lower-case", {"errorcode": "ImageNotFound", "errormessage": "There is no such image."}),
    ],
)
def test_a_refusal_can_be_written_otherwise(getty: Getty, form: str, expected: dict[str, str]) -> None:
    getty.fault("error-form", form=form)
    answer = refine(getty, id="1")
    assert (answer.status, content_of(answer)) == (404, expected)


def test_a_refusal_can_be_a_problem_or_a_long_text(getty: Getty) -> None:
    getty.fault("error-form", form="problem", message="The prompt names a brand.")
    answer = refine(getty, id="1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert content_of(answer)["errors"] == {"prompt": ["The prompt names a brand."]}
    getty.fault("error-form", form="same", message="long")
    message = content_of(refine(getty, id="1"))["ErrorMessage"]
    assert len(message) == 5000
    assert "\x1b[31m" in message
    assert "\n" in message


def test_other_statuses_types_headers_and_dates(getty: Getty) -> None:
    getty.fault("other-status", "upload", status=204)
    upload(getty)
    assert getty.requests()[-1]["status"] == 204
    getty.fault("content-type", "products", value="text/plain")
    getty.fault("set-headers", "products", headers={"Retry-After": "7"})
    getty.fault("wrong-date", "products", seconds=-360)
    headers = call(getty, "GET", "/v3/products").headers
    assert (headers["content-type"], headers["retry-after"]) == ("text/plain", "7")
    assert headers["date"] == "Wed, 31 Dec 2025 23:54:00 GMT"
    assert call(getty, "GET", "/v3/products").headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_an_answer_can_be_larger_than_anyone_wants(getty: Getty) -> None:
    getty.fault("huge", "products", megabytes=3)
    answer = call(getty, "GET", "/v3/products")
    whole = gzip.decompress(answer.body)
    assert len(answer.body) < 20_000
    assert len(whole) > 3_000_000
    assert json.loads(whole)["products"]
    getty.fault("huge", "products", megabytes=1, gzip=False)
    assert len(call(getty, "GET", "/v3/products").body) > 1_000_000


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("cut", "[Airflow #12] M"),
        ("drop-hash", "[Airflow 12] Müller"),
        ("lower-case", "[airflow #12] müller"),
        ("drop-non-ascii", "[Airflow #12] Mller"),
        ("drop", None),
    ],
)
def test_notes_can_be_altered_in_the_history_but_not_in_the_ledger(
    getty: Getty, change: str, shown: str | None
) -> None:
    getty.fault("notes-altered", change=change, length=15)
    generate(getty, notes="[Airflow #12] Müller")
    assert content_of(history(getty))["generations"][0].get("notes") == shown
    assert getty.ledger()["entries"][0]["notes"] == "[Airflow #12] Müller"


@pytest.mark.parametrize(("work", "charged"), [("before", 0), ("after", 1)])
def test_a_post_can_end_in_504_before_or_after_the_work(getty: Getty, work: str, charged: int) -> None:
    getty.fault("server-error", "generate", status=504, work=work)
    assert generate(getty).status == 504
    assert getty.ledger()["total"] == charged


def test_a_name_in_id_can_be_refused_otherwise(getty: Getty) -> None:
    getty.fault("refuse-id", times=None, status=404)
    assert refine(getty).status == 404
    assert refine(getty, id=None, reference_asset_id=LAKE).status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_call_can_be_redirected_to_the_same_or_another_origin(getty: Getty, status: int) -> None:
    url = content_of(refine(getty))["results"][0]["url"]
    getty.fault("redirect", "media", status=status)
    getty.fault("redirect", "generate", status=status)
    answer = getty.handle("GET", url)
    target = answer.headers["location"]
    assert answer.status == status
    assert getty.handle("GET", target).status == 200
    assert generate(getty).status == status
    assert getty.ledger()["total"] == 1
    getty.fault("redirect", "products", to="http://other.example")
    assert (
        call(getty, "GET", "/v3/products").headers["location"].startswith("http://other.example/v3/products?")
    )


def test_a_redirect_can_lead_in_circles(getty: Getty) -> None:
    getty.fault("redirect", "products", times=None, loop=True)
    answer = call(getty, "GET", "/v3/products")
    again = call(getty, "GET", answer.headers["location"])
    assert (answer.status, again.status) == (307, 307)


def test_too_many_queries_can_be_a_403_as_of_old(getty: Getty) -> None:
    getty.fault("queries-per-second", "products", status=403)
    answer = call(getty, "GET", "/v3/products")
    assert (answer.status, content_of(answer)) == (403, {"message": "Forbidden"})
    assert answer.headers["x-error-detail"] == "Account Over Queries Per Second Limit"


def test_a_fault_can_be_aimed_at_a_path_or_a_body_and_let_calls_pass(getty: Getty) -> None:
    generation = generated(getty)
    getty.fault("refuse", "get-generation", times=None, path="/beta/", status=403)
    beta = call(getty, "GET", f"/beta/ai/image-generations/{generation}")
    assert (beta.status, poll(getty, generation).status) == (403, 200)
    getty.fault("refuse", "generate", body="item 2", status=400)
    assert [generate(getty, prompt=f"item {number}").status for number in range(4)] == [200, 200, 400, 200]
    getty.fault("server-error", "products", skip=2)
    assert [call(getty, "GET", "/v3/products").status for _ in range(4)] == [200, 200, 500, 200]


def test_a_download_that_is_ready_at_once_can_be_missing_later(getty: Getty) -> None:
    path = f"{GENERATIONS}/{generated(getty)}/images/0/download"
    getty.fault("refuse", "get-download", status=404, code="GenerationRequestIdNotFound")
    assert "url" in content_of(call(getty, "PUT", path, {"size_name": "1k"}))
    assert [call(getty, "GET", path).status for _ in range(2)] == [404, 200]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"fault": "set-fields", "fields": []}, "fields cannot be .*Expected: values by path"),
        ({"fault": "redirect", "to": "/elsewhere"}, "to cannot be .*Expected: the origin"),
        ({"fault": "huge", "megabytes": 10**6}, "megabytes cannot be .*Expected: how many"),
        ({"fault": "refuse", "skip": -1}, "skip must be 0 or more"),
        ({"fault": "refuse", "operation": "nothing"}, "no operation 'nothing'"),
    ],
)
def test_what_makes_no_sense_is_refused(getty: Getty, fault: dict[str, Any], message: str) -> None:
    name = fault.pop("fault")
    with pytest.raises(ValueError, match=message):
        getty.fault(name, **fault)


def test_an_answer_can_drip(getty_client: Client) -> None:
    """The client, which waits for less than the whole, sees that it came in pieces."""
    getty_client.emulator.fault("drip", "products", seconds=600)
    headers = sign_in_over_http(getty_client)
    with requests.get(
        f"{getty_client.emulator.url}/v3/products", headers=headers, timeout=5, stream=True
    ) as answer:
        assert answer.status_code == 200
        first = answer.raw.read(1)
        assert len(first) == 1 < int(answer.headers["Content-Length"])


def test_a_drip_ends_with_the_whole_answer(getty_client: Client) -> None:
    getty_client.emulator.fault("drip", "products", seconds=0.2)
    began = time.monotonic()
    answer = getty_client.call("GET", "/v3/products")
    assert answer.json()["products"]
    assert time.monotonic() - began > 0.19


def sign_in_over_http(client: Client) -> dict[str, str]:
    return {"Api-Key": client.key, "Authorization": f"Bearer {client.token()}"}
