"""Which calls a switch is for: every operation that generates, and downloads."""

from __future__ import annotations

import pytest
from getty_emulator.faults.kinds import KINDS

from emulator.tests.support.emulator_client import Client
from emulator.tests.support.generating_calls import BODIES, body_of, generated, path_of


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v3/ai/image-generations/{}/images/0/download"),
        ("GET", "/v3/ai/image-generations/{}/images/0/download"),
        ("POST", "/v3/ai/redownloads"),
    ],
)
def test_the_downloads_of_a_day_can_be_used_up(getty: Client, method: str, path: str) -> None:
    generation = getty.refined()
    getty.emulator.fault("daily-limit")
    answer = getty.call(method, path.format(generation), json={"size_name": "4k"})
    assert (answer.status_code, answer.json()["ErrorCode"]) == (429, "DailyRequestLimitExceeded")
    assert getty.emulator.ledger()["total"] == 1


def test_too_many_generations_can_be_refused_by_either_voice(getty: Client) -> None:
    getty.emulator.fault("concurrent-generations", "refine", voice="service")
    assert getty.refine().json()["ErrorCode"] == "TooManyConcurrentGenerations"
    getty.emulator.fault("queries-per-second", "refine")
    getty.emulator.fault("concurrent-generations", "refine")
    one, other = getty.refine(), getty.refine()
    assert (one.status_code, one.json()) == (429, {"message": "Too Many Requests"})
    assert (one.content, one.headers["X-Error-Detail"]) == (other.content, other.headers["X-Error-Detail"])


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("fault", "status", "paid"),
    [
        ("gone", 410, 0),
        ("quota-exceeded", 403, 0),
        ("queries-per-second", 429, 0),
        ("concurrent-generations", 429, 0),
        ("conflict", 409, 0),
        ("server-error", 500, 0),
        ("token-expired", 401, 0),
        ("stay-pending", 202, 1),
        ("missing-id", 202, 1),
        ("block-images", 200, 1),
    ],
)
def test_every_operation_that_generates_meets_the_faults(
    getty: Client, name: str, fault: str, status: int, paid: int
) -> None:
    path = path_of(name, generated(getty))
    body = body_of(getty, name)
    getty.emulator.fault(fault, name)
    assert getty.call("POST", path, json=body).status_code == status
    assert getty.emulator.ledger()["total"] == 1 + paid


def test_the_faults_know_every_operation() -> None:
    assert set(BODIES) <= set(KINDS["block-images"].operations)
    assert {"file-registrations", "enhance-prompt", *BODIES} <= set(KINDS["token-expired"].operations)
    assert set(KINDS["upload-expired"].operations) == {
        "refine",
        "refine-image",
        "object-removal",
        "file-registrations",
    }
