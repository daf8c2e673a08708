"""Every generating operation: what is asked, what is answered, what is refused, what it costs."""

from __future__ import annotations

from typing import Any

import pytest
from getty_emulator.operations import GENERATING

from emulator.tests.support.emulator_client import LAKE, Client, Start
from emulator.tests.support.generating_calls import (
    BODIES,
    GENERATIONS,
    NAMING,
    NO_SUCH_ID,
    OF_A_PATH,
    TYPES,
    body_of,
    code_of,
    generated,
    path_of,
    send,
)

HISTORY = "/v3/ai/generation-history"
MASKED = [name for name, body in BODIES.items() if "mask_url" in body]
TODAY = [name for name in BODIES if not name.endswith("-image") or name.startswith("influence")]
OLD = [name for name in BODIES if name != "background-replacement"]


def test_all_that_generates_is_tested_here() -> None:
    assert {operation.name: operation.generation_type for operation in GENERATING} == TYPES
    assert TYPES.keys() == BODIES.keys()


@pytest.mark.parametrize("name", BODIES)
def test_each_is_answered_with_its_images_costs_a_credit_and_is_in_the_history(
    getty: Client, name: str
) -> None:
    answer = send(getty, name, notes="marker-7")
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert [result["index"] for result in content["results"]] == [0, 1, 2, 3]
    assert ("original_asset" in content) == (name in NAMING)
    for preview in (result["preview_urls"][0] for result in content["results"]):
        assert max(preview["width"], preview["height"]) == 612
    entry = getty.emulator.ledger()["entries"][-1]
    assert (entry["operation"], entry["credits"], entry["notes"]) == (name, 1, "marker-7")
    assert getty.emulator.requests()[-1]["operation"] == name
    item = getty.call("GET", f"{HISTORY}/{content['generation_request_id']}").json()
    assert (item["generation_type"], item["notes"]) == (TYPES[name], "marker-7")
    assert ("source_generation_request" in item) == (name in OF_A_PATH)


@pytest.mark.parametrize("name", TODAY)
def test_today_each_is_accepted_and_then_polled(start: Start, name: str) -> None:
    getty = start(dialect="current")
    answer = send(getty, name)
    assert (answer.status_code, list(answer.json())) == (202, ["generation_request_id"])
    assert getty.poll(answer.json()["generation_request_id"], "v3").status_code == 200


IN_ID = ("refine", "extend")
"""The operations that the reference page describes."""


@pytest.mark.parametrize("name", OLD)
def test_in_the_words_of_the_reference_page_refine_and_extend_name_their_image_in_id(
    start: Start, name: str
) -> None:
    getty = start(dialect="reference-page")
    changes = {"reference_asset_id": None, "id": LAKE} if name in IN_ID else {}
    path = "/beta/ai/image-generations/background-generations" if name == "background-generations" else None
    assert send(getty, name, path=path, **changes).status_code == 200
    if name in IN_ID:
        assert code_of(send(getty, name)) == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("reference-page", GENERATIONS + "/background-generations"),
        ("reference-page", GENERATIONS + "/background-replacement"),
        ("reference-page", "/v3/ai/enhance-prompt"),
        ("current", "/beta/ai/image-generations/background-generations"),
        ("current", f"/beta/ai/image-generations/{NO_SUCH_ID}/images/0/extend"),
    ],
)
def test_what_a_dialect_does_not_have_is_an_unmatched_route(start: Start, dialect: str, path: str) -> None:
    answer = start(dialect=dialect).call("POST", path, json={})
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Api-Key": "other"}, "Unauthorized"),
        ({"Authorization": "Bearer other"}, "AuthorizationTokenRequired"),
        ({"Authorization": None}, "AuthorizationTokenRequired"),
    ],
)
def test_without_key_or_token_nothing_is_generated(
    getty: Client, name: str, headers: dict[str, Any], message: str
) -> None:
    answer = getty.call("POST", path_of(name, NO_SUCH_ID), json={}, headers=headers)
    assert code_of(answer) == (401, message)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product_id": 1}, "InvalidProduct"),
        ({"product_id": "x"}, "InvalidParameterValue"),
        ({"project_code": "A1"}, "InvalidParameterValue"),
        ({"notes": 7}, "InvalidParameterValue"),
    ],
)
def test_a_wrong_product_or_project_is_refused_and_costs_nothing(
    getty: Client, name: str, changes: dict[str, Any], code: str
) -> None:
    generation = generated(getty)
    assert code_of(send(getty, name, path=path_of(name, generation), **changes)) == (400, code)
    assert getty.emulator.ledger()["total"] == 1


@pytest.mark.parametrize("name", BODIES)
def test_without_credits_none_generates(getty: Client, name: str) -> None:
    generation = generated(getty)
    getty.emulator.configure_account(credits_remaining=0)
    answer = send(getty, name, path=path_of(name, generation))
    assert code_of(answer) == (403, "ProductQuotaExceeded")
    assert getty.emulator.ledger()["total"] == 1


@pytest.mark.parametrize("name", NAMING)
@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"reference_asset_id": None}, 400, "InvalidParameterValue"),
        ({"reference_generation": {"generation_request_id": NO_SUCH_ID}}, 400, "InvalidParameterValue"),
        ({"reference_asset_id": "1"}, 404, "ImageNotFound"),
        (
            {"reference_asset_id": None, "reference_generation": {"generation_request_id": NO_SUCH_ID}},
            404,
            "GenerationRequestIdNotFound",
        ),
    ],
)
def test_one_image_that_exists_must_be_named(
    getty: Client, name: str, changes: dict[str, Any], status: int, code: str
) -> None:
    assert code_of(send(getty, name, **changes)) == (status, code)
    assert getty.emulator.ledger()["total"] == 0


@pytest.mark.parametrize("name", NAMING)
def test_an_image_that_was_generated_can_be_named_once_it_is_there(start: Start, name: str) -> None:
    getty = start(latency="60")
    generation = generated(getty)
    changes: dict[str, Any] = {
        "reference_asset_id": None,
        "reference_generation": {"generation_request_id": generation, "index": 1},
    }
    assert code_of(send(getty, name, **changes)) == (404, "ImageNotFound")
    getty.emulator.advance(61)
    assert send(getty, name, **changes).status_code == 202
    getty.emulator.advance(190 * 24 * 3600)
    getty._token = None
    assert code_of(send(getty, name, **changes)) == (410, "GenerationRequestGone")


@pytest.mark.parametrize("name", OF_A_PATH)
def test_an_image_of_the_path_must_be_there(start: Start, name: str) -> None:
    getty = start(latency="60")
    generation = generated(getty)
    missing = (404, "GenerationRequestIdNotFound")
    assert code_of(send(getty, name, path=path_of(name, NO_SUCH_ID))) == missing
    assert code_of(send(getty, name, path=path_of(name, generation))) == missing
    getty.emulator.advance(61)
    assert code_of(send(getty, name, path=path_of(name, generation, 4))) == missing
    assert code_of(send(getty, name, path=path_of(name, generation, "x"))) == (400, "InvalidParameterValue")
    assert send(getty, name, path=path_of(name, generation)).status_code == 202
    getty.emulator.advance(190 * 24 * 3600)
    getty._token = None
    assert code_of(send(getty, name, path=path_of(name, generation))) == (410, "GenerationRequestGone")


@pytest.mark.parametrize("name", MASKED)
def test_a_mask_must_be_an_upload(getty: Client, name: str) -> None:
    path = path_of(name, generated(getty))
    for changes in ({"mask_url": None}, {"mask_url": "https://example.com/mask.jpg"}):
        body = {**body_of(getty, name), **changes}
        answer = getty.call("POST", path, json={field: body[field] for field in body if body[field]})
        assert code_of(answer) == (400, "InvalidParameterValue")
    getty.emulator.fault("upload-expired", name)
    assert code_of(send(getty, name, path=path)) == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("generate", {"prompt": None}),
        ("generate", {"aspect_ratio": "2:1"}),
        ("generate", {"media_type": "vector"}),
        ("generate", {"mood": "sad"}),
        ("generate", {"lens_type": "fisheye"}),
        ("generate", {"depth_of_field": "none"}),
        ("generate", {"seed": 2**31}),
        ("extend", {"left_percentage": 0}),
        ("extend", {"left_percentage": -1}),
        ("extend", {"left_percentage": "10"}),
        ("extend-image", {"top_percentage": None}),
        ("influence-color-by-image", {"prompt": None}),
        ("influence-color-by-image", {"noise_level": 1.1}),
        ("influence-composition-by-image", {"prompt": None}),
        ("influence-composition-by-image", {"influence_level": -0.1}),
        ("background-generations", {"prompt": None}),
        ("background-generations", {"left_percentage": -1}),
        ("background-generations", {"background_asset_id": LAKE, "background_file_registration_id": "x"}),
        ("background-replacement", {"prompt": None}),
        ("background-replacement", {"prompt": None, "background_color": "greenish"}),
    ],
)
def test_a_wrong_value_is_refused_and_costs_nothing(
    getty: Client, name: str, changes: dict[str, Any]
) -> None:
    generation = generated(getty)
    answer = send(getty, name, path=path_of(name, generation), **changes)
    assert code_of(answer) == (400, "InvalidParameterValue")
    assert getty.emulator.ledger()["total"] == 1


def test_the_history_tells_the_options_and_can_be_narrowed_by_media_type(getty: Client) -> None:
    drawn = generated(getty, media_type="illustration", mood="warm", aspect_ratio="4:3", seed=5)
    generated(getty)
    found = getty.call("GET", HISTORY, params={"media_type": "illustration"}).json()["generations"]
    assert [item["generation_request_id"] for item in found] == [drawn]
    assert found[0]["seed"] == 5
    options = {"media_type": "illustration", "mood": "warm", "aspect_ratio": "4:3"}
    assert found[0]["generation_options"] == options


def test_a_prompt_is_enhanced_for_nothing(getty: Client) -> None:
    answers = [getty.call("POST", "/v3/ai/enhance-prompt", json={"prompt": "a dog"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json().keys() == {"enhanced_prompt"}
    assert answers[0].json()["enhanced_prompt"].startswith("a dog, ")
    assert code_of(getty.call("POST", "/v3/ai/enhance-prompt", json={"prompt": " "})) == (
        400,
        "InvalidParameterValue",
    )
    assert getty.emulator.ledger()["total"] == 0


def test_the_voice_that_refuses_pending_generations_can_be_changed(start: Start) -> None:
    getty = start(latency="60", concurrent_generations=1)
    generated(getty)
    changed = getty.emulator.configure_account(concurrency_refusal="service")
    assert changed["concurrency_refusal"] == "service"
    assert code_of(send(getty, "generate")) == (429, "TooManyConcurrentGenerations")


def test_too_many_pending_generations_may_be_refused_without_a_reason(start: Start) -> None:
    getty = start(latency="60", concurrent_generations=1)
    generated(getty)
    answer = send(getty, "generate")
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests"})
    assert answer.headers["X-Error-Detail"] == "Account Over Queries Per Second Limit"
