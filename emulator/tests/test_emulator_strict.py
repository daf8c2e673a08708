"""A strict emulator refuses whatever no documentation of Getty allows."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from getty_emulator.in_process import Getty

from emulator.tests.support.direct import (
    GENERATIONS,
    MASK,
    call,
    content_of,
    generate,
    generated,
    history,
    refine,
    sign_in,
    upload,
)
from emulator.tests.support.emulator_client import LAKE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def getty() -> Getty:
    return Getty(strict=True)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"promt": "stars"}, "promt"),
        ({"notes": None}, "notes"),
        ({"product_id": 0}, "product_id"),
        ({"id": None, "reference_asset_id": LAKE}, "id"),
        ({"reference_generation": {"generation_request_id": "x", "index": 0, "side": 1}}, "side"),
    ],
)
def test_a_body_has_documented_fields_only_and_no_nulls(
    getty: Getty, fields: dict[str, Any], named: str
) -> None:
    answer = refine(getty, **fields)
    assert (answer.status, getty.ledger()["total"]) == (400, 0)
    assert named in str(content_of(answer))
    assert refine(Getty(), **({"id": LAKE} | fields if "product_id" in fields else {})).status == 200


@pytest.mark.parametrize(
    "fields", [{"negative_prompt": "boats"}, {"seed": 1}, {"lens_type": "telephoto"}, {"id": "1"}]
)
def test_today_s_wording_has_lost_some_fields(fields: dict[str, Any]) -> None:
    assert generate(Getty(strict=True, dialect="current"), **fields).status == 400
    assert generate(Getty(dialect="current"), **fields).status == 202


def test_only_refine_and_extend_name_their_image_in_id(getty: Getty) -> None:
    body = {"id": LAKE, "reference_asset_id": LAKE}
    assert call(getty, "POST", f"{GENERATIONS}/background-removal", body).status == 400
    assert (
        call(getty, "POST", f"{GENERATIONS}/background-removal", {"reference_asset_id": LAKE}).status == 200
    )
    assert call(getty, "POST", f"{GENERATIONS}/extend", {"id": LAKE, "left_percentage": 9}).status == 200


def test_a_reference_names_the_index_of_the_image(getty: Getty) -> None:
    reference: dict[str, Any] = {"generation_request_id": generated(getty).upper()}
    body = {"reference_generation": reference}
    assert call(getty, "POST", f"{GENERATIONS}/background-removal", body).status == 400
    reference["index"] = 1
    assert call(getty, "POST", f"{GENERATIONS}/background-removal", body).status == 200


@pytest.mark.parametrize("kind", ["text/json", "application/problem+json"])
def test_a_body_is_declared_as_json(getty: Getty, kind: str) -> None:
    assert call(getty, "POST", GENERATIONS, {"prompt": "stars"}, Content_Type=kind).status == 415
    assert call(Getty(), "POST", GENERATIONS, {"prompt": "stars"}, Content_Type=kind).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "date_start=2026-01-01",
        "date_start=2026-01-01T00:00:00.000Z",
        "date_start=2026-01-01T00:00:00%2B00:00",
        "product_ids[]=10001",
        "company_generations=FALSE",
        "page=",
    ],
)
def test_a_query_has_documented_forms_only(getty: Getty, query: str) -> None:
    assert history(getty, f"?{query}").status == 400
    assert history(Getty(), f"?{query}").status == 200
    assert history(getty, "?date_start=2026-01-01T00:00:00Z&page=1&product_ids=10001").status == 200


def test_an_unknown_parameter_of_a_query_is_always_refused() -> None:
    assert history(Getty(), "?pages=1").status == 400


def test_a_token_is_had_by_the_documented_form_only(getty: Getty) -> None:
    basic = base64.b64encode(b"demo-key:demo-secret").decode()
    headers = FORM | {"Authorization": f"Basic {basic}"}
    body = b"grant_type=client_credentials"
    assert getty.handle("POST", "/oauth2/token", headers, body).status == 401
    assert getty.handle("POST", "/v4/oauth2/token", headers, body).status == 403
    lenient = Getty()
    assert lenient.handle("POST", "/oauth2/token", headers, body).status == 200
    assert lenient.handle("POST", "/v4/oauth2/token", headers, body).status == 200
    assert sign_in(getty)


@pytest.mark.parametrize(
    ("name", "kind"), [("mask.jpeg", "image/jpeg"), ("mask.jpg", "image/jpg"), ("mask.png", "image/jpeg")]
)
def test_an_upload_has_a_name_and_a_type_that_go_together(getty: Getty, name: str, kind: str) -> None:
    path, headers = f"/v3/search/by-image/uploads/{name}", {"Api-Key": "demo-key", "Content-Type": kind}
    assert getty.handle("PUT", path, headers, MASK).status == 400
    assert Getty().handle("PUT", path, headers, MASK).status == 200
    assert upload(getty)


def test_the_challenge_and_the_texts_are_getty_s(getty: Getty) -> None:
    answer = getty.handle("GET", "/v3/products", {"Api-Key": getty.api_key})
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="Download",error="invalid_token",error_description="The access token is missing"'
    )
    generation = generated(getty)
    getty.advance(181 * 24 * 3600)
    gone = call(getty, "GET", f"{GENERATIONS}/{generation}")
    assert content_of(gone)["ErrorMessage"] == "The generation request with the given identifier is gone"


@pytest.mark.parametrize(
    "name", ["object-removal", "influence-color-by-image", "influence-composition-by-image"]
)
def test_what_was_beta_still_has_its_beta_path(name: str) -> None:
    body: dict[str, Any] = {"reference_asset_id": LAKE, "prompt": "a city"}
    path = f"/beta/ai/image-generations/{name}"
    getty = Getty()
    if name == "object-removal":
        body = {"reference_asset_id": LAKE, "mask_url": upload(getty)}
    assert call(getty, "POST", path, body).status == 200
    assert call(Getty(dialect="current"), "POST", path, body).status == 403
