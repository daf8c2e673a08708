"""Uploads of masks."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from emulator.tests.support.emulator_client import Client, Start, jpeg_mask

DAY = 24 * 3600


def png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), 255).save(file, "PNG")
    return file.getvalue()


def test_an_upload_needs_the_key_alone(getty: Client) -> None:
    answer = getty.upload()
    assert (answer.status_code, answer.content) == (200, b"")
    record = getty.emulator.requests()[-1]
    assert record["has_api_key"]
    assert not record["has_authorization"]


def test_a_png_may_be_uploaded_but_is_no_mask(getty: Client) -> None:
    assert getty.upload(png(), "mask.png", "image/png").status_code == 200
    answer = getty.refine(mask_url=f"{getty.emulator.url}/v3/search/by-image/uploads/mask.png")
    assert (answer.status_code, answer.json()["ErrorCode"]) == (400, "InvalidParameterValue")


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (b"not an image", "mask.jpg", "image/jpeg"),
        (b"", "mask.jpg", "image/jpeg"),
        (jpeg_mask()[:900], "mask.jpg", "image/jpeg"),
        (jpeg_mask().ljust(10_000_001, b"\0"), "mask.jpg", "image/jpeg"),
        (png(), "mask.jpg", "image/jpeg"),
        (jpeg_mask(), "mask.gif", "image/jpeg"),
        (jpeg_mask(), "mask.jpg", "application/octet-stream"),
    ],
    ids=["no image", "empty", "truncated", "too large", "png as jpeg", "wrong name", "wrong type"],
)
def test_what_is_no_image_or_too_large_is_refused(
    getty: Client, content: bytes, name: str, kind: str
) -> None:
    answer = getty.upload(content, name, kind)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/vnd.getty.error+json"
    assert answer.json()["ErrorCode"] == "InvalidParameterValue"


def test_a_file_of_10_mb_is_accepted(getty: Client) -> None:
    content = jpeg_mask()
    assert getty.upload(content + bytes(10_000_000 - len(content))).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "{url}/v3/search/by-image/uploads/missing.jpg",
        "{url}/v3/search/by-image/uploads/",
        "{url}/elsewhere/mask.jpg",
        "https://example.com/v3/search/by-image/uploads/mask.jpg",
        "mask.jpg",
        "http://[broken",
        "ftp://127.0.0.1/v3/search/by-image/uploads/mask.jpg",
        "",
    ],
)
def test_a_mask_url_must_be_that_of_an_upload(getty: Client, url: str) -> None:
    getty.upload()
    answer = getty.refine(mask_url=url.format(url=getty.emulator.url))
    assert (answer.status_code, answer.json()["ErrorCode"]) == (400, "InvalidParameterValue")
    assert getty.emulator.ledger()["total"] == 0


def test_a_mask_url_may_name_getty_s_own_host(getty: Client) -> None:
    """A client that was sent here by a proxy names the host that it knows."""
    getty.upload()
    assert getty.refine(mask_url="https://api.gettyimages.com/v3/search/by-image/uploads/mask.jpg").ok


def test_a_name_is_decoded(getty: Client) -> None:
    assert getty.refine(mask_url=getty.mask_url(name="my%20mask.jpg")).ok


def test_a_mask_of_another_key_is_refused(start: Start) -> None:
    getty = start(other_accounts=(("other-key", "other-secret"),))
    other = type(getty)(getty.emulator, "other-key", "other-secret", getty.session)
    assert getty.refine(mask_url=other.mask_url()).status_code == 400


def test_an_upload_expires_after_a_day_and_can_be_renewed(getty: Client) -> None:
    url = getty.mask_url()
    getty.emulator.advance(DAY + 1)
    getty._token = None
    assert getty.refine(mask_url=url).status_code == 400
    assert getty.refine(mask_url=getty.mask_url()).ok


def test_the_same_name_overwrites_but_a_generation_keeps_its_mask(getty: Client) -> None:
    first = getty.refined(mask_url=getty.mask_url(jpeg_mask(box=(0, 0, 200, 200))), prompt="stars")
    url = getty.poll(first).json()["results"][0]["url"]
    getty.mask_url(jpeg_mask(box=(0, 400, 1000, 600)))
    picture = Image.open(io.BytesIO(getty.session.get(url, timeout=20).content))
    original = Image.open(
        io.BytesIO(getty.session.get(getty.emulator.images()[0]["url"], timeout=20).content)
    )
    changed = difference(original.resize(picture.size), picture)
    assert changed.crop((0, 0, 110, 110)).histogram()[61:] != [0] * 195
    assert changed.crop((0, 250, 600, 350)).histogram()[60:] == [0] * 196


def difference(one: Image.Image, other: Image.Image) -> Image.Image:
    return ImageChops.difference(one.convert("RGB"), other.convert("RGB")).convert("L")
