"""Files that are registered, and downloads that are repeated."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator
from PIL import Image

from emulator.tests.support.emulator_client import Client, Start
from emulator.tests.support.generating_calls import (
    BETA_REGISTRATIONS,
    GENERATIONS,
    NO_SUCH_ID,
    REGISTRATIONS,
    generated,
    product,
    registered,
    send,
)

REDOWNLOADS = "/v3/ai/redownloads"
PRODUCT = 10001


@pytest.mark.parametrize("path", [REGISTRATIONS, BETA_REGISTRATIONS])
def test_an_upload_is_registered_for_nothing_and_can_be_seen(getty: Client, path: str) -> None:
    file = registered(getty, path=path)
    shown = getty.call("GET", f"{path}/{file}").json()
    assert (shown.keys(), shown["id"]) == ({"id", "preview_urls"}, file)
    [preview] = shown["preview_urls"]
    picture = Image.open(io.BytesIO(getty.session.get(preview["image_url"], timeout=20).content))
    assert picture.size == (preview["width"], preview["height"]) == (459, 612)
    assert getty.emulator.ledger()["total"] == 0


def test_a_registration_outlives_its_upload(getty: Client) -> None:
    file = registered(getty, "CustomerProduct")
    getty.emulator.advance(25 * 3600)
    getty._token = None
    assert send(getty, "background-generations", reference_file_registration_id=file).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"url": None},
        {"url": "https://example.com/product.jpg"},
        {"url": "http://127.0.0.1/v3/search/by-image/uploads/unknown.jpg"},
        {"rights_claimed": None},
        {"rights_claimed": False},
        {"rights_claimed": "yes"},
        {"category": "Anything"},
    ],
)
def test_a_wrong_registration_is_refused(getty: Client, changes: dict[str, Any]) -> None:
    body = {"url": getty.mask_url(product()), "rights_claimed": True, "category": "ImageReference"}
    answer = getty.call("POST", REGISTRATIONS, json=body | changes)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (400, "InvalidParameterValue")


def test_an_upload_that_has_expired_cannot_be_registered(getty: Client) -> None:
    getty.emulator.fault("upload-expired", "file-registrations")
    body = {"url": getty.mask_url(product()), "rights_claimed": True}
    assert getty.call("POST", REGISTRATIONS, json=body).status_code == 400


def test_registrations_are_listed_newest_first_a_page_at_a_time(getty: Client) -> None:
    made = [registered(getty) for _ in range(3)]
    page = getty.call("GET", REGISTRATIONS, params={"page_size": 2}).json()
    assert page["result_count"] == 3
    assert [file["id"] for file in page["file_registrations"]] == [made[2], made[1]]
    assert page["file_registrations"][0].keys() == {"id", "date_created", "preview_urls"}
    assert getty.call("GET", REGISTRATIONS, params={"page": 0}).status_code == 400
    beyond = getty.call("GET", REGISTRATIONS, params={"page": 2})
    assert (beyond.status_code, beyond.json()["ErrorCode"]) == (400, "InvalidPage")


def test_a_registration_that_is_deleted_cannot_be_used_but_what_it_made_stays(getty: Client) -> None:
    file = registered(getty, "CustomerProduct")
    made = send(getty, "background-generations", reference_file_registration_id=file).json()
    assert getty.call("DELETE", f"{REGISTRATIONS}/{file}").status_code == 204
    for method in ("GET", "DELETE"):
        answer = getty.call(method, f"{REGISTRATIONS}/{file}")
        assert (answer.status_code, answer.json()["ErrorCode"]) == (404, "FileRegistrationIdNotFound")
    assert getty.call("GET", REGISTRATIONS).json()["result_count"] == 0
    assert send(getty, "background-generations", reference_file_registration_id=file).status_code == 404
    assert getty.session.get(made["results"][0]["url"], timeout=20).status_code == 200


def test_a_registration_of_another_account_is_not_found(start: Start) -> None:
    getty = start(other_accounts=(("other-key", "other-secret"),))
    with Client(getty.emulator, "other-key", "other-secret") as other:
        file = registered(other)
    assert getty.call("GET", f"{REGISTRATIONS}/{file}").status_code == 404


@pytest.mark.parametrize("dialect", ["reference-page", "current"])
def test_registrations_moved_from_beta_to_v3(start: Start, dialect: str) -> None:
    getty = start(dialect=dialect)
    served, moved = (
        (REGISTRATIONS, BETA_REGISTRATIONS) if dialect == "current" else (BETA_REGISTRATIONS, REGISTRATIONS)
    )
    file = registered(getty, path=served)
    assert getty.call("GET", f"{served}/{file}").status_code == 200
    assert getty.call("GET", f"{moved}/{file}").status_code == 403
    assert getty.call("GET", REGISTRATIONS).status_code == (200 if dialect == "current" else 403)


def test_a_registration_survives_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "getty.state"
    with Emulator(state=state) as emulator, Client(emulator, emulator.api_key, emulator.api_secret) as getty:
        kept, deleted = registered(getty, "CustomerProduct"), registered(getty)
        getty.call("DELETE", f"{REGISTRATIONS}/{deleted}")
        generated(getty, media_type="illustration")
        before = emulator.generations()
    with Emulator(state=state) as emulator, Client(emulator, emulator.api_key, emulator.api_secret) as getty:
        listed = getty.call("GET", REGISTRATIONS).json()["file_registrations"]
        assert [file["id"] for file in listed] == [kept]
        assert emulator.generations() == before
        made = send(getty, "background-generations", reference_file_registration_id=kept)
        assert getty.session.get(made.json()["results"][0]["url"], timeout=20).status_code == 200


def downloaded(getty: Client) -> tuple[str, str]:
    """Download an image; gives the ids of its generation and of the asset."""
    generation = generated(getty)
    answer = getty.call("PUT", f"{GENERATIONS}/{generation}/images/1/download", json={"size_name": "1k"})
    return generation, answer.json()["generated_asset_id"]


def test_what_was_downloaded_can_be_downloaded_again_for_nothing(getty: Client) -> None:
    generation, asset = downloaded(getty)
    paid = getty.emulator.ledger()["total"]
    body = {"generated_asset_id": asset, "product_id": PRODUCT, "size_name": "4k"}
    answer = getty.call("POST", REDOWNLOADS, json=body)
    assert (answer.status_code, answer.json()["generated_asset_id"]) == (200, asset)
    assert f"/{generation}/1/4096.jpg" in answer.json()["url"]
    assert getty.emulator.ledger()["total"] == paid


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"generated_asset_id": None}, 400, "InvalidParameterValue"),
        ({"product_id": None}, 400, "InvalidParameterValue"),
        ({"size_name": None}, 400, "InvalidParameterValue"),
        ({"size_name": "2k"}, 400, "InvalidParameterValue"),
        ({"project_code": "A1"}, 400, "InvalidParameterValue"),
        ({"product_id": 5}, 400, "InvalidProduct"),
        ({"product_id": 3}, 403, "NotAuthorized"),
        ({"generated_asset_id": NO_SUCH_ID}, 404, "ImageNotFound"),
    ],
)
def test_a_wrong_redownload_is_refused(
    getty: Client, changes: dict[str, Any], status: int, code: str
) -> None:
    getty.emulator.configure_account(products=[{"id": PRODUCT}, {"id": 3, "status": "inactive"}])
    _, asset = downloaded(getty)
    body = {"generated_asset_id": asset, "product_id": PRODUCT, "size_name": "1k"}
    answer = getty.call("POST", REDOWNLOADS, json=body | changes)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (status, code)


def test_a_download_that_is_not_finished_or_whose_generation_is_gone_cannot_be_repeated(start: Start) -> None:
    getty = start(download_latency=60)
    generation = generated(getty)
    path = f"{GENERATIONS}/{generation}/images/0/download"
    assert getty.call("PUT", path, json={"size_name": "1k"}).status_code == 202
    asset = getty.emulator.generations()[0]["downloads"][0]["generated_asset_id"]
    body = {"generated_asset_id": asset, "product_id": PRODUCT, "size_name": "1k"}
    assert getty.call("POST", REDOWNLOADS, json=body).status_code == 404
    getty.emulator.advance(190 * 24 * 3600)
    getty._token = None
    answer = getty.call("POST", REDOWNLOADS, json=body)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (410, "GenerationRequestGone")
