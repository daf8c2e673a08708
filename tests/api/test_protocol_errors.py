"""Every way in which Getty may refuse or fail, in every phase: which error it is, and what became of the credit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.errors import Credit, GettyError
from airflow_provider_getty.api.operations import (
    GetDownload,
    GetDownloadSizes,
    GetGeneration,
    GetHistory,
    ListProducts,
    Operation,
    Refine,
    StartDownload,
    UploadImage,
)
from airflow_provider_getty.api.operations.generating import ImageOperation
from tests.support.scripted_getty import (
    COMPLETED,
    ID,
    MASK_URL,
    SIGNED_URL,
    ScriptedGetty,
    answer,
    error,
    token,
)

REFINE = Refine(image_id="1473240153", mask_url=MASK_URL, prompt="a boat")
POLL = GetGeneration(generation_request_id=ID)
IMAGE = {"generation_request_id": ID, "index": 0}


@dataclass(frozen=True)
class Phase:
    """A call within a conversation, with what becomes of the credit.

    ``refused``: it certainly did nothing; ``unsure``: it may have done its work.
    """

    operation: Operation[Any]
    refused: Credit
    unsure: Credit
    before: tuple[Answer, ...] = (token(),)
    is_token: bool = False


PHASES = {
    "token of a submission": Phase(REFINE, Credit.UNUSED, Credit.UNUSED, (), is_token=True),
    "token of a poll": Phase(POLL, Credit.COMMITTED, Credit.COMMITTED, (), is_token=True),
    "upload": Phase(UploadImage(file_name="mask.jpg", jpeg=b"\xff\xd8"), Credit.UNUSED, Credit.UNUSED, ()),
    "submission": Phase(REFINE, Credit.UNUSED, Credit.UNKNOWN),
    "poll": Phase(POLL, Credit.COMMITTED, Credit.COMMITTED),
    "download sizes": Phase(GetDownloadSizes(**IMAGE), Credit.COMMITTED, Credit.COMMITTED),
    "download start": Phase(
        StartDownload(**IMAGE, size_name="4k"), Credit.COMMITTED, Credit.DOWNLOAD_UNKNOWN
    ),
    "download poll": Phase(GetDownload(**IMAGE), Credit.COMMITTED, Credit.COMMITTED),
    "history": Phase(GetHistory(), Credit.UNUSED, Credit.UNUSED),
}

GATEWAY_QPS = replace(
    answer(429, {"message": "Too Many Requests"}),
    headers={"x-error-detail": "Account Over Queries Per Second Limit"},
)

FINAL, PASSING, UNSURE, ODD = "final", "passing", "unsure", "odd"
"""A refusal for good; one that may pass; a failure that may have come after the work; what no one documents."""

ANSWERS: list[tuple[Answer, type[GettyError], str]] = [
    (error(400, "InvalidParameterValue"), errors.BadRequestError, FINAL),
    (error(400, "InvalidProduct"), errors.InvalidProductError, FINAL),
    (error(403, "ProductQuotaExceeded"), errors.QuotaExceededError, FINAL),
    (error(403, "NotAuthorized"), errors.NotAuthorizedError, FINAL),
    (error(403, "NoProducts"), errors.NoProductsError, FINAL),
    (error(403, "SomethingNew"), errors.PermissionDeniedError, FINAL),
    (answer(403, {"message": "Forbidden"}), errors.PermissionDeniedError, FINAL),
    (error(404, "ImageNotFound"), errors.ImageNotFoundError, FINAL),
    (error(404, "GenerationRequestIdNotFound"), errors.GenerationNotFoundError, FINAL),
    (answer(404, {"message": "Not Found"}), errors.NotFoundError, FINAL),
    (answer(405), errors.BadRequestError, FINAL),
    (error(409, "ConcurrencyConflict"), errors.ConflictError, PASSING),
    (error(410, "GenerationRequestGone"), errors.GoneError, FINAL),
    (GATEWAY_QPS, errors.QueriesPerSecondError, PASSING),
    (error(429, "TooManyConcurrentGenerations"), errors.ConcurrentGenerationsError, PASSING),
    (answer(429, {"message": "Too many concurrent requests"}), errors.ConcurrentGenerationsError, PASSING),
    (error(429, "DailyRequestLimitExceeded"), errors.DailyLimitError, PASSING),
    (answer(429), errors.RateLimitError, PASSING),
    (answer(408), errors.ServerError, UNSURE),
    (error(500, "InternalServerError"), errors.ServerError, UNSURE),
    (answer(502, {"message": "Bad Gateway"}), errors.ServerError, UNSURE),
    (Answer(503, {"content-type": "text/html"}, b"<h1>signed-secret</h1>"), errors.ServerError, UNSURE),
    (answer(504), errors.ServerError, UNSURE),
    (answer(302, location=SIGNED_URL), errors.RedirectedError, FINAL),
    (answer(204), errors.UnexpectedAnswerError, ODD),
    (answer(600), errors.UnexpectedAnswerError, ODD),
]


def named(coming: Answer) -> str:
    """How an answer is called in the name of a test."""
    return " ".join(filter(None, (str(coming.status), coming.code or coming.message)))


@pytest.mark.parametrize(
    ("phase", "coming", "kind", "verdict"),
    [
        pytest.param(phase, *row, id=f"{name}: {named(row[0])}")
        for name, phase in PHASES.items()
        for row in ANSWERS
        if row[0].status not in phase.operation.answers or phase.is_token
    ],
)
def test_each_answer_is_the_error_that_it_means(
    phase: Phase, coming: Answer, kind: type[GettyError], verdict: str
) -> None:
    if phase.is_token and coming.status in (400, 403):
        kind = errors.AuthenticationError
    headers = {**coming.headers, "x-request-id": "request-7"}
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    failure = getty.failure(phase.operation, *phase.before, replace(coming, headers=headers))

    assert type(failure) is kind
    assert isinstance(failure, errors.AnswerError)
    unsure = verdict in (UNSURE, ODD) and not phase.is_token
    credit = phase.unsure if unsure else phase.refused
    is_gone = kind is errors.GoneError and credit is Credit.COMMITTED and not phase.is_token
    assert failure.credit is (Credit.GONE if is_gone else credit)
    cannot_cost_twice = failure.credit not in (Credit.UNKNOWN, Credit.DOWNLOAD_UNKNOWN)
    assert failure.may_retry is (verdict != FINAL and cannot_cost_twice)
    assert failure.worth_waiting is (
        failure.may_retry and (verdict != ODD or failure.credit is Credit.COMMITTED)
    )

    told = (failure.status, failure.code, failure.detail, failure.request_id)
    assert told == (coming.status, coming.code, coming.detail, "request-7")
    asked = "Access token" if phase.is_token else phase.operation.asked
    assert str(failure).startswith(f"{asked}: Getty answered {coming.status}")
    assert ".." not in str(failure)
    named_in_message = (
        coming.code,
        coming.detail,
        coming.message,
        "request-7",
        failure.credit.value,
        failure.advice,
    )
    assert all(part in str(failure) for part in named_in_message if part)


def test_a_303_may_answer_what_was_done() -> None:
    getty = ScriptedGetty(dialect=Dialect.CURRENT)
    failure = getty.failure(REFINE, token(), answer(303, location=SIGNED_URL))
    assert type(failure) is errors.RedirectedError
    assert (failure.credit, failure.may_retry) == (Credit.UNKNOWN, False)


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_a_refused_credential_is_an_authentication_error(phase: Phase) -> None:
    refusal = answer(401, {"message": "Unauthorized"})
    after = () if phase.is_token else (token(2), refusal)
    failure = ScriptedGetty().failure(phase.operation, *phase.before, refusal, *after)
    assert type(failure) is errors.AuthenticationError
    assert (failure.credit, failure.may_retry) == (phase.refused, False)
    is_of_an_image = isinstance(phase.operation, ImageOperation) and not phase.is_token
    assert ("covers this image" in failure.advice) is is_of_an_image


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_a_connection_that_failed_never_costs_anything(phase: Phase) -> None:
    failed = errors.ConnectionFailedError("There was no answer (ConnectTimeout).")
    failure = ScriptedGetty().failure(phase.operation, *phase.before, failed)
    assert type(failure) is errors.ConnectionFailedError
    assert (failure.credit, failure.may_retry) == (phase.refused, True)
    assert failure.worth_waiting


@pytest.mark.parametrize("kind", [errors.InvalidRequestError, errors.ConfigurationError])
@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_what_cannot_be_sent_never_costs_anything(phase: Phase, kind: type[GettyError]) -> None:
    """A key that no header can carry, a proxy that cannot be used."""
    failure = ScriptedGetty().failure(phase.operation, *phase.before, kind("It cannot be sent."))
    assert type(failure) is kind
    assert (failure.credit, failure.may_retry) == (phase.refused, False)


@pytest.mark.parametrize("phase", PHASES.values(), ids=PHASES)
def test_a_connection_that_broke_may_have_cost_what_the_call_costs(phase: Phase) -> None:
    broken = errors.NoAnswerError("There was no answer (ReadTimeout).")
    failure = ScriptedGetty().failure(phase.operation, *phase.before, broken)
    assert type(failure) is errors.NoAnswerError
    assert failure.credit is phase.unsure
    assert failure.may_retry is (phase.unsure in (Credit.UNUSED, Credit.COMMITTED))
    assert failure.worth_waiting is failure.may_retry


@pytest.mark.parametrize(
    "trouble", [errors.ConnectionFailedError("No."), errors.NoAnswerError("No."), answer(503)]
)
def test_trouble_with_the_token_after_a_401_did_not_cost_anything(trouble: Answer | GettyError) -> None:
    failure = ScriptedGetty().failure(REFINE, token(), answer(401), trouble)
    assert (failure.asked, failure.credit, failure.may_retry) == ("Access token", Credit.UNUSED, True)


HTML = Answer(200, {"content-type": "text/html"}, b"<html>signed-secret</html>")
UNUSABLE: list[tuple[str, Operation[Any], Answer, str]] = [
    ("HTML", REFINE, HTML, "(text/html), which cannot be used: it is not JSON."),
    ("HTML", POLL, HTML, "(text/html), which cannot be used: it is not JSON."),
    ("empty", REFINE, Answer(200), "(no content type), which cannot be used: it is empty."),
    ("empty", GetDownload(**IMAGE), answer(200), "it is empty."),
    ("truncated", REFINE, Answer(202, {}, b'{"generation_request_id": "6f2d'), "it is not JSON."),
    ("truncated", POLL, Answer(200, {}, b'{"results": [{"url": "signed-secret'), "it is not JSON."),
    ("bottomless", POLL, Answer(200, {}, b"[" * 100_000), "it is not JSON."),
    ("not an object", REFINE, answer(200, [SIGNED_URL]), "cannot be used"),
    ("202 without id", REFINE, answer(202, {}), "generation_request_id: Field required."),
    ("202 with empty id", REFINE, answer(202, {"generation_request_id": ""}), "generation_request_id: "),
    ("202 with null id", REFINE, answer(202, {"generation_request_id": None}), "generation_request_id: "),
    ("200 without id", POLL, answer(200, {"results": []}), "generation_request_id: Field required."),
    (
        "another's result",
        POLL,
        answer(200, {**COMPLETED, "generation_request_id": "another"}),
        "it is about another generation, another.",
    ),
    ("misshapen", GetDownload(**IMAGE), answer(200, {"url": {"signed": SIGNED_URL}}), "url: Input should be"),
    ("no URL", GetDownload(**IMAGE), answer(200, {"generated_asset_id": "1"}), "url: Field required."),
    ("no products", ListProducts(), answer(200, {}), "it has no products."),
]


@pytest.mark.parametrize(
    ("operation", "coming", "problem"), [pytest.param(*row[1:], id=row[0]) for row in UNUSABLE]
)
def test_an_answer_that_cannot_be_used_says_why(
    operation: Operation[Any], coming: Answer, problem: str
) -> None:
    failure = ScriptedGetty(dialect=Dialect.CURRENT).failure(operation, token(), coming)
    assert type(failure) is errors.UnexpectedAnswerError
    assert str(failure).startswith(f"{operation.asked}: Getty answered {coming.status}")
    assert problem in str(failure)
    assert failure.credit is operation.at_risk
    assert failure.worth_waiting is (operation.at_risk is Credit.COMMITTED)
