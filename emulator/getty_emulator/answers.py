"""Answers in Getty's two voices: that of the service, and that of the gateway in front of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from getty_emulator.options import Voice

GETTY_ERROR = "application/vnd.getty.error+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    date_offset: float = 0
    """Seconds by which its ``Date`` header is ahead of the emulator's clock."""


class Refused(Exception):  # noqa: N818 - an answer like any other
    """Ends a call with a refusal."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(status: int, content: Any, *headers: tuple[str, str], content_type: str = JSON) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(content, separators=(",", ":")).encode(), content_type, headers)


def service_error(status: int, code: str, message: str, *headers: tuple[str, str]) -> Refused:
    """Refuse as Getty's services do: ``ErrorCode`` and ``ErrorMessage``."""
    return Refused(
        json_answer(status, {"ErrorCode": code, "ErrorMessage": message}, *headers, content_type=GETTY_ERROR)
    )


def gateway_error(status: int, message: str, *headers: tuple[str, str]) -> Refused:
    """Refuse as the gateway in front of Getty's services does: ``message``."""
    return Refused(json_answer(status, {"message": message}, *headers))


def invalid_parameter(name: str, problem: str) -> Refused:
    """Refuse one value of a request."""
    return service_error(400, "InvalidParameterValue", f"Field: {name}, Message: {problem}")


def generation_not_found(problem: str = "There is no generation request with this id.") -> Refused:
    """Refuse: the generation does not exist, or not yet."""
    return service_error(404, "GenerationRequestIdNotFound", problem)


def generation_gone() -> Refused:
    """Refuse: the generation has expired."""
    return service_error(
        410, "GenerationRequestGone", "The generation request with the given identifier is gone"
    )


def quota_exceeded() -> Refused:
    """Refuse: the product has no credits left."""
    return service_error(403, "ProductQuotaExceeded", "The product has no credits left.")


def too_many_generations(voice: Voice) -> Refused:
    """Refuse: too many generations are pending."""
    match voice:
        case Voice.SERVICE:
            problem = "Too many generations of this account are pending."
            return service_error(429, "TooManyConcurrentGenerations", problem)
        case Voice.GATEWAY:
            return too_many_queries()


def too_many_downloads() -> Refused:
    """Refuse: the account has reached its daily download limit."""
    return service_error(
        429, "DailyRequestLimitExceeded", "The account has reached its daily download limit."
    )


def too_many_queries(status: int = 429) -> Refused:
    """Refuse: the account exceeds its queries per second. Getty sends no Retry-After."""
    phrase = HTTPStatus(status).phrase
    return gateway_error(status, phrase, ("X-Error-Detail", "Account Over Queries Per Second Limit"))


def refusal(status: int, code: str | None, message: str | None = None) -> Refused:
    """Refuse in the service's voice if there is a code, otherwise in the gateway's."""
    text = message or HTTPStatus(status).phrase
    return service_error(status, code, text) if code else gateway_error(status, text)


def internal_error(message: str = "The emulator failed. See its log for the cause.") -> Refused:
    """Refuse: the emulator itself failed."""
    return service_error(500, "InternalServerError", message)
