"""Both clients in trouble: what is waited out, and what is never repeated because it could be paid for twice."""

from __future__ import annotations

from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import (
    Credit,
    DeadlineExceededError,
    GettyError,
    GoneError,
    NoAnswerError,
    QueriesPerSecondError,
    QuotaExceededError,
    RedirectedError,
    ServerError,
    UnexpectedAnswerError,
)
from airflow_provider_getty.api.operations import GetGeneration, ListProducts, StartDownload
from tests.support.both_clients import Client, Connect
from tests.support.client_requests import calls, distant_deadline, generate, upload
from tests.support.recorder import recording

# Trouble that passes


@pytest.mark.parametrize(
    "fault",
    [
        {"name": "queries-per-second"},
        {"name": "concurrent-generations"},
        {"name": "conflict"},
        {"name": "server-error", "status": 503},
        {"name": "cut-before"},
        {"name": "cut-after"},
        {"name": "html", "status": 200},
        {"name": "truncated-json"},
        {"name": "empty-body"},
        {"name": "other-id"},
        {"name": "odd-http", "form": "two-lengths"},
        {"name": "odd-http", "form": "cut-chunks"},
        {"name": "odd-http", "form": "no-http"},
    ],
)
def test_trouble_with_a_poll_is_waited_out(
    getty: Client, getty_emulator: Emulator, fault: dict[str, Any]
) -> None:
    poll = generate(getty)
    getty_emulator.fault(**fault, operation="get-generation", times=2)
    assert (
        getty.wait_for(poll, deadline=distant_deadline()).generation_request_id == poll.generation_request_id
    )
    assert calls(getty_emulator)["get-generation"] == 3


def test_trouble_that_does_not_pass_is_waited_out_until_the_deadline(
    getty: Client, getty_emulator: Emulator
) -> None:
    poll = generate(getty)
    getty_emulator.fault("queries-per-second", "get-generation", times=None)
    deadline = clock.now() + 60
    with pytest.raises(DeadlineExceededError, match="Account Over Queries Per Second Limit") as caught:
        getty.wait_for(poll, deadline=deadline)
    assert clock.now() == pytest.approx(deadline, abs=2)  # the 429s have slowed down the last poll as well
    assert caught.value.credit is Credit.COMMITTED


def test_a_generation_that_stays_pending_is_given_up_at_the_deadline(
    getty: Client, getty_emulator: Emulator
) -> None:
    poll = generate(getty)
    getty_emulator.fault("stay-pending", "get-generation", times=None)
    with pytest.raises(DeadlineExceededError, match="not finished after 60 s"):
        getty.wait_for(poll, deadline=clock.now() + 60)


def test_a_refusal_is_not_waited_out(getty: Client, getty_emulator: Emulator) -> None:
    poll = generate(getty)
    getty_emulator.fault("gone", "get-generation", times=None)
    with pytest.raises(GoneError):
        getty.wait_for(poll, deadline=distant_deadline())
    assert calls(getty_emulator)["get-generation"] == 1


@pytest.mark.parametrize("fault", ["queries-per-second", "concurrent-generations", "conflict"])
def test_a_submission_that_was_refused_for_the_moment_is_repeated_and_paid_once(
    getty: Client, getty_emulator: Emulator, fault: str
) -> None:
    refine = upload(getty)
    getty_emulator.fault(fault, "refine", times=2)
    assert getty.ask(refine, deadline=distant_deadline()).generation_request_id
    assert calls(getty_emulator)["refine"] == 3
    assert getty_emulator.ledger()["total"] == 1


def test_without_a_deadline_nothing_is_waited_out(getty: Client, getty_emulator: Emulator) -> None:
    getty_emulator.fault("queries-per-second", "products")
    with pytest.raises(QueriesPerSecondError) as caught:
        getty.ask(ListProducts())
    assert caught.value.detail == "Account Over Queries Per Second Limit"
    assert caught.value.request_id


@pytest.mark.parametrize("form", ["http-1.0", "early-hints"])
def test_what_is_http_in_other_ways_is_read(getty: Client, getty_emulator: Emulator, form: str) -> None:
    getty_emulator.fault("odd-http", "refine", form=form)
    generation = getty.ask(upload(getty))
    getty_emulator.fault("odd-http", "products", form=form)
    assert getty.ask(ListProducts()).products
    poll = GetGeneration(generation_request_id=generation.generation_request_id)
    assert getty.ask(poll).generation_request_id == generation.generation_request_id


@pytest.mark.parametrize("location", ["http://[::1", "https://:99999", "", "\xe4\xf6"])
def test_where_a_redirect_leads_is_not_parsed_before_it_is_refused(connect: Connect, location: str) -> None:
    with recording(status=302, headers={"Location": location}, body=b"moved") as getty:
        client = connect(base_url=getty.url)
        with pytest.raises(RedirectedError):
            client.ask(ListProducts(), deadline=distant_deadline())


# What could be paid for twice


@pytest.mark.parametrize(
    ("fault", "kind", "charged"),
    [
        ({"name": "server-error", "status": 500, "work": "before"}, ServerError, 0),
        ({"name": "server-error", "status": 504, "work": "after"}, ServerError, 1),
        ({"name": "cut-before"}, NoAnswerError, 0),
        ({"name": "cut-after"}, NoAnswerError, 1),
        ({"name": "cut-body"}, NoAnswerError, 1),
        ({"name": "html", "status": 200}, UnexpectedAnswerError, 1),
        ({"name": "empty-body"}, UnexpectedAnswerError, 1),
        ({"name": "truncated-json"}, UnexpectedAnswerError, 1),
        ({"name": "missing-id"}, UnexpectedAnswerError, 1),
        ({"name": "odd-http", "form": "two-lengths"}, NoAnswerError, 1),
        ({"name": "odd-http", "form": "cut-chunks"}, NoAnswerError, 1),
        ({"name": "odd-http", "form": "no-http"}, NoAnswerError, 1),
        ({"name": "set-headers", "headers": {"Content-Length": "1"}}, NoAnswerError, 1),
    ],
)
def test_a_submission_that_may_have_been_paid_for_is_not_repeated(
    getty: Client,
    getty_emulator: Emulator,
    fault: dict[str, Any],
    kind: type[GettyError],
    charged: int,
) -> None:
    refine = upload(getty)
    getty_emulator.fault(**fault, operation="refine")
    with pytest.raises(kind) as caught:
        getty.ask(refine, deadline=distant_deadline())
    assert type(caught.value) is kind
    assert caught.value.credit is Credit.UNKNOWN
    assert calls(getty_emulator)["refine"] == 1
    assert getty_emulator.ledger()["total"] == charged


@pytest.mark.parametrize("fault", ["cut-before", "cut-after"])
def test_the_start_of_a_download_is_not_repeated_either(
    getty: Client, getty_emulator: Emulator, fault: str
) -> None:
    poll = generate(getty)
    getty_emulator.fault(fault, "start-download")
    start = StartDownload(generation_request_id=poll.generation_request_id, size_name="4k")
    with pytest.raises(NoAnswerError) as caught:
        getty.ask(start, deadline=distant_deadline())
    assert caught.value.credit is Credit.DOWNLOAD_UNKNOWN
    assert calls(getty_emulator)["start-download"] == 1


def test_a_refused_submission_costs_nothing(getty: Client, getty_emulator: Emulator) -> None:
    refine = upload(getty)
    getty_emulator.fault("quota-exceeded", "refine")
    with pytest.raises(QuotaExceededError) as caught:
        getty.ask(refine, deadline=distant_deadline())
    assert caught.value.credit is Credit.UNUSED
    assert getty_emulator.ledger()["total"] == 0
