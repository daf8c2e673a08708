"""The switches: each brings about the state that it names, for the calls that it is aimed at."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from getty_emulator.faults.kinds import KINDS

from emulator.tests.support.emulator_client import Client, Start

SERVICE = "application/vnd.getty.error+json"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("gone", 410, "GenerationRequestGone"),
        ("conflict", 409, "ConcurrencyConflict"),
        ("server-error", 500, "InternalServerError"),
    ],
)
def test_a_poll_can_fail_in_the_service(getty: Client, fault: str, status: int, code: str) -> None:
    generation = getty.refined()
    getty.emulator.fault(fault, "get-generation")
    answer = getty.poll(generation)
    assert (answer.status_code, answer.json()["ErrorCode"]) == (status, code)
    assert answer.headers["Content-Type"] == SERVICE
    assert getty.poll(generation).status_code == 200


@pytest.mark.parametrize(
    "fault", ["quota-exceeded", "queries-per-second", "concurrent-generations", "conflict"]
)
def test_a_refine_that_is_refused_costs_nothing(getty: Client, fault: str) -> None:
    getty.emulator.fault(fault, "refine")
    assert getty.refine().status_code in {403, 429, 409}
    assert getty.emulator.ledger()["total"] == 0


def test_a_call_can_be_refused_for_any_reason(getty: Client) -> None:
    getty.emulator.fault("refuse", "refine", status=403, code="NoProducts")
    answer = getty.refine()
    assert (answer.status_code, answer.json()["ErrorCode"]) == (403, "NoProducts")
    assert answer.headers["Content-Type"] == SERVICE
    getty.emulator.fault("refuse", "upload", status=418)
    answer = getty.upload()
    assert (answer.status_code, answer.json()) == (418, {"message": "I'm a Teapot"})
    assert getty.emulator.ledger()["total"] == 0


def test_too_many_queries_are_the_gateway_s_429(getty: Client) -> None:
    getty.emulator.fault("queries-per-second", "products")
    answer = getty.call("GET", "/v3/products")
    assert (answer.status_code, answer.json()) == (429, {"message": "Too Many Requests"})
    assert answer.headers["X-Error-Detail"] == "Account Over Queries Per Second Limit"
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize("status", [502, 503, 504])
@pytest.mark.parametrize(("work", "paid"), [("before", 0), ("after", 1)])
def test_a_server_error_comes_before_or_after_the_work(
    getty: Client, status: int, work: str, paid: int
) -> None:
    getty.emulator.fault("server-error", "refine", status=status, work=work)
    assert getty.refine().status_code == status
    assert getty.emulator.ledger()["total"] == paid


@pytest.mark.parametrize(
    ("fault", "paid", "parameters"),
    [
        ("cut-before", 0, {}),
        ("cut-after", 1, {}),
        ("cut-body", 1, {}),
        ("wrong-length", 1, {}),
        ("odd-http", 1, {"form": "cut-chunks"}),
        ("odd-http", 1, {"form": "no-http"}),
    ],
)
def test_a_connection_can_be_cut(getty: Client, fault: str, paid: int, parameters: dict[str, Any]) -> None:
    mask_url = getty.mask_url()
    getty.emulator.fault(fault, "refine", **parameters)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        getty.refine(mask_url=mask_url)
    assert getty.emulator.ledger()["total"] == paid
    assert getty.emulator.requests()[-1]["status"] is None
    assert getty.refine(mask_url=mask_url).status_code == 200


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("http-1.0", b"HTTP/1.0 200 OK\r\n"),
        ("two-lengths", b"HTTP/1.1 200 OK\r\n"),
        ("early-hints", b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 200 OK\r\n"),
        ("no-http", b"Not HTTP\r\n"),
    ],
)
def test_an_answer_can_be_odd_http(getty: Client, form: str, begins: bytes) -> None:
    getty.emulator.fault("odd-http", "products", form=form)
    address = urlsplit(getty.emulator.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        request = f"GET /v3/products HTTP/1.1\r\nHost: {address.netloc}\r\nApi-Key: {getty.key}\r\n"
        connection.sendall(f"{request}Authorization: Bearer {getty.token()}\r\n\r\n".encode())
        with connection.makefile("rb") as file:
            answered = file.read()
    assert answered.startswith(begins)
    lengths = {"http-1.0": 0, "two-lengths": 2, "early-hints": 1}.get(form, 0)
    assert answered.lower().count(b"content-length:") == lengths
    assert getty.emulator.requests()[-1]["status"] == (200 if form in ("http-1.0", "early-hints") else None)
    assert b'{"products":' in answered


def test_a_reply_may_never_come_though_the_work_was_done(getty: Client) -> None:
    mask_url = getty.mask_url()
    getty.emulator.fault("no-reply", "refine")
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            f"{getty.emulator.url}/v3/ai/image-generations/refine",
            json={"id": "1473240153", "mask_url": mask_url},
            headers={"Api-Key": getty.key, "Authorization": f"Bearer {getty.token()}"},
            timeout=0.3,
        )
    assert getty.emulator.ledger()["total"] == 1


def test_a_media_download_can_end_early(getty: Client) -> None:
    url = getty.refine().json()["results"][0]["url"]
    getty.emulator.fault("cut-body", "media")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        getty.session.get(url, timeout=20)
    getty.emulator.fault("wrong-length", "media", difference=-10)
    announced = requests.get(url, timeout=20)
    assert len(announced.content) == int(announced.headers["Content-Length"])


def test_a_generation_can_stay_pending_for_ever(getty: Client) -> None:
    getty.emulator.fault("stay-pending", "refine")
    generation = getty.refined()
    getty.emulator.advance(1000)
    assert getty.poll(generation).status_code == 202
    getty.emulator.fault("finish-at-once", "get-generation")
    assert getty.poll(generation).status_code == 200
    assert getty.poll(generation).status_code == 200


def test_a_poll_can_say_pending_once(getty: Client) -> None:
    generation = getty.refined()
    getty.emulator.fault("stay-pending", "get-generation")
    assert [getty.poll(generation).status_code for _ in range(2)] == [202, 200]


def test_a_refine_can_finish_at_once(start: Start) -> None:
    getty = start(latency="60")
    getty.emulator.fault("finish-at-once")
    assert [getty.refine().status_code for _ in range(2)] == [200, 202]


@pytest.mark.parametrize(("which", "blocked"), [("all", [0, 1, 2, 3]), ([1, 3], [1, 3])])
def test_images_can_be_blocked(getty: Client, which: str | list[int], blocked: list[int]) -> None:
    getty.emulator.fault("block-images", which=which)
    results = getty.refine().json()["results"]
    assert [result["index"] for result in results if result["is_blocked"]] == blocked
    assert all((result["url"] is None) == result["is_blocked"] for result in results)


def test_an_expired_token_stays_expired_and_a_new_one_is_good(getty: Client) -> None:
    getty.emulator.fault("token-expired")
    assert [getty.call("GET", "/v3/products").status_code for _ in range(2)] == [401, 401]
    getty._token = None
    assert getty.call("GET", "/v3/products").status_code == 200


def test_an_upload_can_expire_early(getty: Client) -> None:
    url = getty.mask_url()
    getty.emulator.fault("upload-expired")
    assert [getty.refine(mask_url=url).status_code for _ in range(2)] == [400, 400]


def listed(getty: Client) -> list[str]:
    items = getty.call("GET", "/v3/ai/generation-history").json()["generations"]
    return [item["generation_request_id"] for item in items]


def item_status(getty: Client, generation: str) -> int:
    return getty.call("GET", f"/v3/ai/generation-history/{generation}").status_code


def test_a_generation_can_be_late_in_the_history(getty: Client) -> None:
    getty.emulator.fault("history-lag", "refine", seconds=60)
    late, prompt = getty.refined(), getty.refined()
    assert (listed(getty), item_status(getty, late)) == ([prompt], 404)
    assert getty.poll(late).status_code == 200
    getty.emulator.advance(61)
    assert (listed(getty), item_status(getty, late)) == ([prompt, late], 200)


def test_a_generation_can_be_missing_from_the_history_for_ever(getty: Client) -> None:
    getty.emulator.fault("history-hidden", "refine")
    hidden, shown = getty.refined(), getty.refined()
    getty.emulator.advance(1000)
    assert (listed(getty), item_status(getty, hidden)) == ([shown], 404)
    assert getty.poll(hidden).status_code == 200
    assert getty.emulator.ledger()["total"] == 2


def test_a_look_into_the_history_can_be_late_or_blind(getty: Client) -> None:
    early = getty.refined()
    getty.emulator.advance(30)
    late = getty.refined()
    getty.emulator.fault("history-lag", "generation-history", seconds=20)
    assert [listed(getty) for _ in range(2)] == [[early], [late, early]]
    getty.emulator.fault("history-hidden", "generation-history")
    assert [listed(getty) for _ in range(2)] == [[], [late, early]]
    getty.emulator.fault("history-hidden", "generation-history-item")
    assert [item_status(getty, early) for _ in range(2)] == [404, 200]


def test_a_lost_reply_may_leave_a_generation_that_the_history_does_not_show_yet(getty: Client) -> None:
    """Faults that say how a call ends go together with those that say what it leaves behind."""
    mask_url = getty.mask_url()
    getty.emulator.fault("cut-after", "refine")
    getty.emulator.fault("history-lag", "refine", seconds=5)
    with pytest.raises(requests.ConnectionError):
        getty.refine(mask_url=mask_url)
    assert listed(getty) == []
    getty.emulator.advance(6)
    assert len(listed(getty)) == getty.emulator.ledger()["total"] == 1


def test_an_answer_can_be_slow(getty: Client) -> None:
    getty.emulator.fault("slow", "products", seconds=0.3)
    assert getty.call("GET", "/v3/products").elapsed.total_seconds() > 0.3


def test_a_broken_gateway_answers_nonsense(getty: Client) -> None:
    generation = getty.refined()
    emulator = getty.emulator
    emulator.fault("html", "get-generation", status=502)
    html = getty.poll(generation)
    assert (html.status_code, html.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    emulator.fault("empty-body", "get-generation")
    assert getty.poll(generation).content == b""
    emulator.fault("truncated-json", "get-generation")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        getty.poll(generation).json()
    emulator.fault("missing-id", "get-generation")
    missing = getty.poll(generation)
    assert (missing.status_code, missing.json()) == (202, {})
    emulator.fault("other-id", "get-generation")
    assert getty.poll(generation).json()["generation_request_id"] != generation


def test_faults_come_one_after_the_other_in_the_order_they_were_set(getty: Client) -> None:
    generation = getty.refined()
    getty.emulator.fault("server-error", "get-generation", status=503)
    getty.emulator.fault("conflict", "get-generation", times=2)
    assert [getty.poll(generation).status_code for _ in range(4)] == [503, 409, 409, 200]


def test_a_fault_without_a_number_stays_until_it_is_cleared(getty: Client) -> None:
    getty.emulator.fault("server-error", "products", times=None)
    assert [getty.call("GET", "/v3/products").status_code for _ in range(3)] == [500, 500, 500]
    getty.emulator.clear_faults()
    assert getty.call("GET", "/v3/products").status_code == 200


def test_a_call_that_is_not_admitted_uses_up_no_fault(getty: Client) -> None:
    getty.emulator.fault("server-error", "products")
    assert getty.call("GET", "/v3/products", headers={"Api-Key": "nobody"}).status_code == 401
    assert getty.call("GET", "/v3/products").status_code == 500


def test_the_switches_work_over_http(getty: Client) -> None:
    base = f"{getty.emulator.url}/_emulator"
    listed = requests.get(f"{base}/", timeout=5).json()
    assert {kind["fault"] for kind in listed["faults"]} == set(KINDS)
    assert "refine" in {operation["operation"] for operation in listed["operations"]}
    set_ = requests.post(
        f"{base}/faults",
        json={"fault": "server-error", "operation": "products", "times": 2, "status": 503},
        timeout=5,
    )
    assert set_.status_code == 200
    assert getty.call("GET", "/v3/products").status_code == 503
    [active] = requests.get(f"{base}/faults", timeout=5).json()
    assert (active["fault"], active["times"], active["status"]) == ("server-error", 1, 503)
    requests.delete(f"{base}/faults", timeout=5)
    assert requests.get(f"{base}/faults", timeout=5).json() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "nonsense"},
        {"fault": "gone", "operation": "nonsense"},
        {"fault": "gone", "operation": "products"},
        {"fault": "gone", "times": 0},
        {"fault": "gone", "color": "red"},
        {"fault": "server-error", "status": 404},
        {"fault": "refuse", "status": 500},
        {"fault": "refuse", "status": 499},
        {"fault": "refuse", "code": ""},
        {"fault": "block-images", "which": "some"},
        {"fault": "block-images", "which": [7]},
        {"fault": "slow", "seconds": "x"},
        {"fault": "history-lag", "seconds": -1},
        {"fault": "history-hidden", "operation": "products"},
        {"fault": "wrong-length", "difference": None},
        {"fault": "html", "status": "x"},
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(getty: Client, fault: dict[str, Any]) -> None:
    answer = requests.post(f"{getty.emulator.url}/_emulator/faults", json=fault, timeout=5)
    assert answer.status_code == 400, answer.text
    assert getty.call("GET", "/v3/products").status_code == 200
