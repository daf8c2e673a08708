"""A Getty without sockets: the same answers, ledger and faults, on a clock that only a test moves."""

from __future__ import annotations

import sys
from itertools import count

import pytest
from getty_emulator.in_process import START, Getty, NoAnswerError

from emulator.tests.support.direct import (
    call,
    content_of,
    generate,
    generated,
    history,
    poll,
    refine,
    sign_in,
)


@pytest.fixture
def getty() -> Getty:
    return Getty()


def test_a_refine_is_answered_charged_and_listed(getty: Getty) -> None:
    answer = refine(getty, notes="marker-1")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    [entry] = getty.ledger()["entries"]
    assert entry["notes"] == "marker-1"
    [item] = content_of(history(getty))["generations"]
    assert item["generation_request_id"] == entry["generation_request_id"]


def test_the_clock_stands_until_it_is_moved() -> None:
    getty = Getty(latency="60")
    generation = generated(getty)
    assert (getty.time, poll(getty, generation).status) == (START, 202)
    getty.advance(60)
    assert (getty.time, poll(getty, generation).status) == (START + 60, 200)


def test_the_clock_may_be_that_of_a_test() -> None:
    ticks = count(1000)
    getty = Getty(now=lambda: float(next(ticks)), clock_skew=-500)
    assert (getty.time, getty.time) == (500, 501)


def test_what_a_server_waits_for_moves_the_clock() -> None:
    getty = Getty(latency="5", hold=10)
    assert generate(getty).status == 200
    assert getty.time == pytest.approx(START + 5, abs=0.1)
    getty.fault("slow", "products", seconds=7)
    getty.fault("drip", "products", seconds=30)
    before = getty.time
    assert call(getty, "GET", "/v3/products").status == 200
    assert getty.time - before == pytest.approx(37)


@pytest.mark.parametrize(
    ("fault", "charged"),
    [("cut-before", 0), ("cut-after", 1), ("no-reply", 1), ("cut-body", 1), ("wrong-length", 1)],
)
def test_a_lost_answer_is_an_error(getty: Getty, fault: str, charged: int) -> None:
    getty.fault(fault, "generate")
    with pytest.raises(NoAnswerError, match=fault):
        generate(getty)
    assert getty.ledger()["total"] == charged
    assert getty.requests()[-1]["status"] is None


@pytest.mark.parametrize("form", ["two-lengths", "cut-chunks", "no-http"])
def test_odd_http_that_is_not_whole_is_lost(getty: Getty, form: str) -> None:
    getty.fault("odd-http", "generate", form=form)
    with pytest.raises(NoAnswerError, match="odd-http"):
        generate(getty)
    assert (getty.ledger()["total"], getty.requests()[-1]["status"]) == (1, None)


@pytest.mark.parametrize("form", ["http-1.0", "early-hints"])
def test_odd_http_that_is_whole_arrives(getty: Getty, form: str) -> None:
    getty.fault("odd-http", "generate", form=form)
    assert generate(getty).status == 200
    assert getty.requests()[-1]["status"] == 200


def test_the_same_seed_gives_the_same_ids() -> None:
    ids = [[generated(getty) for _ in range(3)] for getty in (Getty(seed=1), Getty(seed=1), Getty(seed=2))]
    assert ids[0] == ids[1] != ids[2]


def test_the_same_queries_are_too_many_on_every_clock() -> None:
    now = 1000.0
    getty = Getty(queries_per_second=3, now=lambda: now)
    headers = sign_in(getty)
    assert [getty.handle("GET", "/v3/products", headers).status for _ in range(3)] == [200, 200, 429]
    now += 1
    assert getty.handle("GET", "/v3/products", headers).status == 200


def test_images_are_drawn_without_a_thread(getty: Getty) -> None:
    url = content_of(refine(getty))["results"][0]["url"]
    image = getty.handle("GET", url)
    assert (image.status, image.body[:3]) == (200, b"\xff\xd8\xff")
    assert url.startswith("https://api.gettyimages.com/media/")


def test_calls_are_cheap_enough_for_a_search(getty: Getty) -> None:
    """Counts calls of functions, not seconds: a generation makes less than three thousand."""
    calls = 0

    def count_call(*_: object) -> None:
        nonlocal calls
        calls += 1

    generate(getty)
    sys.setprofile(count_call)
    try:
        generate(getty)
    finally:
        sys.setprofile(None)
    assert calls < 6000  # each function is counted when it begins and when it ends
