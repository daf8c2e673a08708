"""Refining: what is sent, what is answered, what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from emulator.tests.support.emulator_client import LAKE, Client, Start

JSON = "application/json"
REFINE = "/v3/ai/image-generations/refine"
BOTH_PATHS = ["v3", "beta"]


def test_a_refine_that_is_done_at_once_is_answered_with_its_images(getty: Client) -> None:
    answer = getty.refine(prompt="red balloons", notes="run 7")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, JSON)
    content = answer.json()
    assert content.keys() == {"generation_request_id", "seed", "results", "original_asset"}
    assert content["original_asset"] == {"id": LAKE}
    assert [result["index"] for result in content["results"]] == [0, 1, 2, 3]
    for result in content["results"]:
        assert result.keys() == {"index", "is_blocked", "url", "preview_urls"}
        assert result["is_blocked"] is False
        [preview] = result["preview_urls"]
        assert preview.keys() == {"preview_size", "image_url", "width", "height"}
        assert (preview["width"], preview["height"]) == (612, 408)


@pytest.mark.parametrize("version", BOTH_PATHS)
def test_a_refine_that_takes_longer_is_pending_and_then_complete(start: Start, version: str) -> None:
    getty = start(latency="60")
    answer = getty.refine(prompt="stars")
    assert answer.status_code == 202
    assert answer.json().keys() == {"generation_request_id"}
    generation = answer.json()["generation_request_id"]
    pending = getty.poll(generation, version)
    assert (pending.status_code, pending.json()) == (202, {"generation_request_id": generation})
    getty.emulator.advance(61)
    done = getty.poll(generation, version)
    assert (done.status_code, done.json()["generation_request_id"]) == (200, generation)


def test_the_post_holds_its_answer_as_long_as_it_is_told_to(start: Start) -> None:
    getty = start(latency="0.2", hold=5)
    assert getty.refine().status_code == 200


@pytest.mark.parametrize(
    "image",
    [{"id": LAKE}, {"reference_asset_id": LAKE}, {"id": LAKE, "reference_asset_id": None, "unknown": 1}],
)
def test_an_image_may_be_named_in_either_way_and_null_is_nothing(getty: Client, image: Any) -> None:
    assert getty.refine(**image).status_code == 200


def test_a_generated_image_can_be_refined_again_in_both_forms(getty: Client) -> None:
    first = getty.refined(prompt="stars")
    reference = {"generation_request_id": first, "index": 2}
    current = getty.refine(reference_generation=reference, prompt="moon")
    assert current.status_code == 200
    assert "original_asset" not in current.json()
    body = {"mask_url": getty.mask_url(), "prompt": "moon"}
    beta = getty.call("POST", f"/beta/ai/image-generations/{first}/images/2/refine", json=body)
    assert beta.status_code == 200
    items = getty.call("GET", "/v3/ai/generation-history").json()["generations"]
    source = {"source_generation_request_id": first, "source_generation_result_index": 2}
    assert [item.get("source_generation_request") for item in items] == [source, source, None]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"mask_url": None}, 400, "InvalidParameterValue"),
        ({"id": None}, 400, "InvalidParameterValue"),
        ({"reference_asset_id": LAKE}, 400, "InvalidParameterValue"),
        ({"prompt": 7}, 400, "InvalidParameterValue"),
        ({"product_id": "x"}, 400, "InvalidParameterValue"),
        ({"product_id": 2**31}, 400, "InvalidParameterValue"),
        ({"product_id": 1}, 400, "InvalidProduct"),
        ({"project_code": "X"}, 400, "InvalidParameterValue"),
        ({"id": "1"}, 404, "ImageNotFound"),
        ({"id": "1", "product_id": 1}, 400, "InvalidProduct"),
        ({"id": "1", "mask_url": "x"}, 404, "ImageNotFound"),
        (
            {"id": None, "reference_generation": {"generation_request_id": "x", "index": 0}},
            404,
            "GenerationRequestIdNotFound",
        ),
        ({"id": None, "reference_generation": {"index": 0}}, 400, "InvalidParameterValue"),
    ],
)
def test_a_wrong_refine_is_refused_and_costs_nothing(
    getty: Client, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = getty.refine(**{"id": LAKE, "mask_url": getty.mask_url()} | fields)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (status, code)
    assert answer.json().keys() == {"ErrorCode", "ErrorMessage"}
    assert answer.headers["Content-Type"] == "application/vnd.getty.error+json"
    assert getty.emulator.ledger()["total"] == 0


@pytest.mark.parametrize("index", [4, -1])
def test_an_image_that_a_generation_does_not_have_cannot_be_refined(getty: Client, index: Any) -> None:
    reference = {"generation_request_id": getty.refined(), "index": index}
    assert getty.refine(reference_generation=reference).status_code in {400, 404}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(getty: Client, body: Any) -> None:
    answer = getty.call("POST", REFINE, data=body, headers={"Content-Type": JSON})
    assert (answer.status_code, answer.json()["ErrorCode"]) == (400, "MalformedRequest")


def test_a_body_must_be_declared_as_json(getty: Client) -> None:
    answer = getty.call("POST", REFINE, data=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415


def test_a_body_that_is_not_declared_counts_as_json(getty: Client) -> None:
    body = json.dumps({"id": LAKE, "mask_url": getty.mask_url()}).encode()
    assert getty.call("POST", REFINE, data=body, headers={"Content-Type": None}).status_code == 200


def test_a_refusal_names_every_field_that_may_name_the_image(getty: Client) -> None:
    answer = getty.call("POST", REFINE, json={"mask_url": getty.mask_url()})
    named = [
        field in answer.json()["ErrorMessage"] for field in ("id,", "reference_asset_id", "reference_gen")
    ]
    assert (answer.status_code, all(named)) == (400, True)


def test_the_seed_can_be_given(getty: Client) -> None:
    assert getty.refine(seed=-5).json()["seed"] == -5


def test_each_generation_costs_a_credit_that_the_ledger_names(getty: Client) -> None:
    generation = getty.refined(notes="marker-1")
    ledger = getty.emulator.ledger()
    [entry] = ledger["entries"]
    assert entry["generation_request_id"] == generation
    assert (entry["account"], entry["operation"], entry["credits"]) == ("demo-key", "refine", 1)
    assert (entry["notes"], entry["product_id"]) == ("marker-1", 10001)
    assert (ledger["total"], ledger["totals"]) == (1, {"demo-key": 1})


def test_without_credits_nothing_is_generated(getty: Client) -> None:
    getty.emulator.configure_account(credits_remaining=1)
    assert getty.refine().status_code == 200
    answer = getty.refine()
    assert (answer.status_code, answer.json()["ErrorCode"]) == (403, "ProductQuotaExceeded")
    assert len(getty.emulator.generations()) == 1


def test_with_several_products_one_must_be_named(getty: Client) -> None:
    getty.emulator.configure_account(products=[{"id": 1}, {"id": 2}, {"id": 3, "status": "inactive"}])
    assert getty.refine().json()["ErrorCode"] == "InvalidProduct"
    assert getty.refine(product_id=3).json()["ErrorCode"] == "InvalidProduct"
    assert getty.refine(product_id=2).status_code == 200
    assert getty.emulator.ledger()["entries"][0]["product_id"] == 2


def test_without_an_ai_product_nothing_can_be_generated(getty: Client) -> None:
    getty.emulator.configure_account(products=[{"id": 1, "type": "premiumaccess"}])
    answer = getty.refine()
    assert (answer.status_code, answer.json()["ErrorCode"]) == (403, "NoProducts")


def test_a_product_may_require_notes_and_a_project_code(getty: Client) -> None:
    product = {"id": 1, "project_code": "required", "project_codes": ["A1"], "notes": "required"}
    getty.emulator.configure_account(products=[product])
    assert getty.refine(notes="x").status_code == 400
    assert getty.refine(project_code="A1").status_code == 400
    assert getty.refine(project_code="B2", notes="x").status_code == 400
    assert getty.refine(project_code="A1", notes="x").status_code == 200


def test_pending_generations_are_limited_for_each_account(start: Start) -> None:
    getty = start(latency="60", concurrent_generations=2, concurrency_refusal="service")
    assert [getty.refine().status_code for _ in range(3)] == [202, 202, 429]
    refused = getty.refine()
    assert refused.json()["ErrorCode"] == "TooManyConcurrentGenerations"
    assert refused.headers["Content-Type"] == "application/vnd.getty.error+json"
    getty.emulator.advance(61)
    assert getty.refine().status_code == 202


def test_the_reference_page_s_dialect_knows_id_only_and_both_poll_paths(start: Start) -> None:
    getty = start(dialect="reference-page")
    assert getty.refine(reference_asset_id=LAKE).status_code == 400
    generation = getty.refined(id=LAKE)
    assert getty.poll(generation, "beta").status_code == 200
    assert getty.poll(generation, "v3").status_code == 200


def test_the_current_dialect_knows_references_and_the_v3_path_only(start: Start) -> None:
    getty = start(dialect="current")
    assert getty.refine(id=LAKE, prompt="stars").status_code == 400
    assert getty.refine(reference_asset_id=LAKE).status_code == 400
    answer = getty.refine(reference_asset_id=LAKE, prompt="stars")
    assert (answer.status_code, list(answer.json())) == (202, ["generation_request_id"])
    generation = answer.json()["generation_request_id"]
    assert getty.poll(generation, "v3").status_code == 200
    assert getty.poll(generation, "beta").status_code == 403
