"""Faults that replace the work or its answer: refusals, server errors, redirects."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from getty_emulator.answers import (
    Answer,
    generation_gone,
    json_answer,
    quota_exceeded,
    refusal,
    service_error,
    too_many_downloads,
    too_many_generations,
    too_many_queries,
)
from getty_emulator.faults.kind import (
    DOWNLOADS,
    GENERATING,
    POLLS,
    RESULTS,
    Kind,
    Moment,
    Parameter,
    Parameters,
    is_flag,
    is_refusal,
    is_status,
    is_text_or_null,
    one_of,
)
from getty_emulator.operations.call import REDIRECTED, Call
from getty_emulator.options import Voice

_HTML = b"<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Service unavailable</h1></body></html>\n"
_WORK = Parameter("before", '"before" or "after" the work is done and charged', one_of("before", "after"))


def _server_error(_: Call, parameters: Parameters) -> Answer:
    """Return a server error: 500 comes from the service, the others from the gateway in front of it."""
    status = parameters["status"]
    phrase = HTTPStatus(status).phrase
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return service_error(status, "InternalServerError", phrase).answer
    return json_answer(status, {"message": phrase})


def _html(_: Call, parameters: Parameters) -> Answer:
    return Answer(parameters["status"], _HTML, "text/html; charset=utf-8")


def _redirect(call: Call, parameters: Parameters) -> Answer:
    origin = parameters["to"] or call.origin
    query = call.query_string.decode("latin-1")
    target = f"{origin}{call.path}?{query}{'&' if query else ''}{REDIRECTED}=1"
    return Answer(parameters["status"], headers=(("Location", target),))


def was_redirected(call: Call) -> bool:
    """Return True if the call arrived through a redirect."""
    return REDIRECTED in dict(parse_qsl(call.query_string.decode("latin-1")))


def _is_origin(value: object) -> bool:
    if value is None:
        return True
    parts = urlsplit(value) if isinstance(value, str) else None
    return parts is not None and bool(parts.scheme and parts.netloc) and not (parts.path or parts.query)


KINDS = (
    Kind(
        "gone",
        Moment.BEFORE,
        "410 GenerationRequestGone.",
        (*RESULTS, *GENERATING, "redownloads"),
        replace=lambda *_: generation_gone().answer,
    ),
    Kind(
        "quota-exceeded",
        Moment.BEFORE,
        "403 ProductQuotaExceeded.",
        (*GENERATING, "start-download", "redownloads"),
        replace=lambda *_: quota_exceeded().answer,
    ),
    Kind(
        "queries-per-second",
        Moment.BEFORE,
        "The gateway's refusal for too many queries: X-Error-Detail, no Retry-After.",
        parameters={"status": Parameter(429, "429, or 403 like the older gateway", one_of(429, 403))},
        replace=lambda _, parameters: too_many_queries(parameters["status"]).answer,
    ),
    Kind(
        "concurrent-generations",
        Moment.BEFORE,
        "429 for too many pending generations.",
        (*GENERATING, *POLLS),
        {
            "voice": Parameter(
                "gateway",
                '"gateway", as for queries per second, or "service", with ErrorCode TooManyConcurrentGenerations',
                one_of(*Voice),
            )
        },
        replace=lambda _, parameters: too_many_generations(Voice(parameters["voice"])).answer,
    ),
    Kind(
        "daily-limit",
        Moment.BEFORE,
        "429 DailyRequestLimitExceeded.",
        (*DOWNLOADS, "redownloads"),
        replace=lambda *_: too_many_downloads().answer,
    ),
    Kind(
        "conflict",
        Moment.BEFORE,
        "409 ConcurrencyConflict.",
        (*GENERATING, *RESULTS),
        replace=lambda *_: (
            service_error(409, "ConcurrencyConflict", "Another request changed this at the same time.").answer
        ),
    ),
    Kind(
        "refuse",
        Moment.BEFORE,
        "A 4xx error of your choice.",
        parameters={
            "status": Parameter(400, "one of the 4xx", is_refusal),
            "code": Parameter(None, "the ErrorCode, or null for the gateway's voice", is_text_or_null),
            "message": Parameter(None, "the text; null: the status's reason phrase", is_text_or_null),
        },
        replace=lambda _, parameters: refusal(**parameters).answer,
    ),
    Kind(
        "server-error",
        Moment.BEFORE,
        "A server error.",
        parameters={
            "status": Parameter(500, "500, 502, 503 or 504", one_of(500, 502, 503, 504)),
            "work": _WORK,
        },
        replace=_server_error,
    ),
    Kind(
        "html",
        Moment.AFTER,
        "An HTML page instead of the answer.",
        parameters={
            "status": Parameter(200, "the status", is_status),
            "work": Parameter("after", _WORK.description, _WORK.accepts),
        },
        replace=_html,
    ),
    Kind(
        "redirect",
        Moment.BEFORE,
        "A redirect to the same path. The redirected call gets a normal answer.",
        parameters={
            "status": Parameter(307, "301, 302, 303, 307 or 308", one_of(301, 302, 303, 307, 308)),
            "to": Parameter(None, "the origin, such as https://other.example; null: this server", _is_origin),
            "loop": Parameter(False, "true: redirect the redirected call again", is_flag),  # noqa: FBT003
        },
        replace=_redirect,
    ),
)
