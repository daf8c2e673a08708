"""What can be switched: every state that Getty's API has no trigger for, and the answers of a broken gateway."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from getty_emulator import operations
from getty_emulator.operations.call import Access
from getty_emulator.settings import Voice
from getty_emulator.state import IMAGES_PER_GENERATION

if TYPE_CHECKING:
    from collections.abc import Callable

GENERATING = tuple(operation.name for operation in operations.GENERATING)
MASKED = tuple(
    operation.name for operation in operations.GENERATING if "mask_url" in operation.body.model_fields
)
AUTHORISED = tuple(
    operation.name for operation in operations.OPERATIONS if operation.access is Access.API_KEY_AND_TOKEN
)
POLLS = ("get-generation",)
DOWNLOADS = ("start-download", "get-download")
HISTORY = ("generation-history", "generation-history-item")
RESULTS = ("get-generation", "download-sizes", *DOWNLOADS)


class Moment(Enum):
    """When in a call a fault takes hold. A call meets at most one BEFORE-or-AFTER fault, the oldest that matches."""

    ARRIVAL = auto()
    """As soon as the call is known to be meant: something is made true that then shows by itself."""
    BEFORE = auto()
    """Instead of the work."""
    WITHIN = auto()
    """In the work, which then takes another course."""
    AFTER = auto()
    """After the work was done and paid for, instead of its answer."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a fault may be told."""

    default: Any
    description: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """A switch: what it does, at which calls, and what it may be told."""

    name: str
    moment: Moment
    description: str
    operations: tuple[str, ...] = ()
    """The calls it makes sense for. Empty: all."""
    parameters: dict[str, Parameter] = field(default_factory=dict)


def _one_of(*values: Any) -> Callable[[Any], bool]:
    return lambda value: value in values


def _is_image_choice(value: Any) -> bool:
    return value == "all" or (
        isinstance(value, list) and all(index in range(IMAGES_PER_GENERATION) for index in value)
    )


def _is_status(value: Any) -> bool:
    return type(value) is int and value in set(HTTPStatus)


_REFUSALS = range(400, 500)


def _is_refusal(value: Any) -> bool:
    return _is_status(value) and value in _REFUSALS


def _is_duration(value: Any) -> bool:
    return type(value) in {int, float} and 0 <= value < math.inf


_WORK = _one_of("before", "after")
_WORK_TEXT = '"before" or "after": whether the work is done, and paid for, all the same'

KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "stay-pending",
            Moment.WITHIN,
            "At a POST: the generation never completes. At a poll or a download: this one says pending.",
            (*GENERATING, *POLLS, *DOWNLOADS),
        ),
        Kind(
            "finish-at-once",
            Moment.WITHIN,
            "At a POST or a poll: the generation is complete. At a download: it is ready.",
            (*GENERATING, *POLLS, *DOWNLOADS),
        ),
        Kind(
            "block-images",
            Moment.WITHIN,
            "The generation has images that are blocked by policy.",
            GENERATING,
            {"which": Parameter("all", '"all", or a list of image indexes', _is_image_choice)},
        ),
        Kind(
            "history-lag",
            Moment.WITHIN,
            "At a POST: the history shows the generation only later. At a look: it shows none that is younger.",
            (*GENERATING, *HISTORY),
            {"seconds": Parameter(10.0, "how much later, by the movable clock", _is_duration)},
        ),
        Kind(
            "history-hidden",
            Moment.WITHIN,
            "At a POST: the history never shows the generation. At a look: it shows none at all.",
            (*GENERATING, *HISTORY),
        ),
        Kind("gone", Moment.BEFORE, "410 GenerationRequestGone.", (*RESULTS, *GENERATING, "redownloads")),
        Kind(
            "quota-exceeded",
            Moment.BEFORE,
            "403 ProductQuotaExceeded.",
            (*GENERATING, "start-download", "redownloads"),
        ),
        Kind(
            "queries-per-second",
            Moment.BEFORE,
            "429 of the gateway: X-Error-Detail, no Retry-After.",
        ),
        Kind(
            "concurrent-generations",
            Moment.BEFORE,
            "429 TooManyConcurrentGenerations, or a bare one.",
            (*GENERATING, *POLLS),
            {
                "voice": Parameter(
                    "service", '"service" or "gateway": with the ErrorCode, or bare', _one_of(*Voice)
                )
            },
        ),
        Kind(
            "daily-limit",
            Moment.BEFORE,
            "429 DailyRequestLimitExceeded.",
            (*DOWNLOADS, "redownloads"),
        ),
        Kind("conflict", Moment.BEFORE, "409 ConcurrencyConflict.", (*GENERATING, *RESULTS)),
        Kind(
            "refuse",
            Moment.BEFORE,
            "A refusal of your choice: the service's if it has a code, else the gateway's.",
            parameters={
                "status": Parameter(400, "one of the 4xx", _is_refusal),
                "code": Parameter(
                    None,
                    "the ErrorCode, a text, or null",
                    lambda value: value is None or (isinstance(value, str) and value != ""),
                ),
            },
        ),
        Kind(
            "server-error",
            Moment.BEFORE,
            "An error of the server.",
            parameters={
                "status": Parameter(500, "500, 502, 503 or 504", _one_of(500, 502, 503, 504)),
                "work": Parameter("before", _WORK_TEXT, _WORK),
            },
        ),
        Kind(
            "no-reply",
            Moment.AFTER,
            "The work is done, the reply never comes.",
        ),
        Kind("cut-before", Moment.BEFORE, "The connection is cut before the work is done."),
        Kind("cut-after", Moment.AFTER, "The connection is cut after the work was done, before any reply."),
        Kind("cut-body", Moment.AFTER, "The connection is cut halfway through the body of the answer."),
        Kind(
            "token-expired",
            Moment.ARRIVAL,
            "The access token that the call presents has expired. A new one is good.",
            AUTHORISED,
        ),
        Kind(
            "upload-expired",
            Moment.WITHIN,
            "The upload that the call names has expired.",
            (*MASKED, "file-registrations"),
        ),
        Kind(
            "slow",
            Moment.ARRIVAL,
            "The answer takes longer.",
            parameters={"seconds": Parameter(1.0, "how much longer, in real seconds", _is_duration)},
        ),
        Kind(
            "html",
            Moment.AFTER,
            "An HTML page instead of the answer.",
            parameters={
                "status": Parameter(200, "the status", _is_status),
                "work": Parameter("after", _WORK_TEXT, _WORK),
            },
        ),
        Kind("empty-body", Moment.AFTER, "The answer without its body."),
        Kind("truncated-json", Moment.AFTER, "The first half of the body, well-formed HTTP, broken JSON."),
        Kind("missing-id", Moment.AFTER, "202 without a generation_request_id.", (*GENERATING, *POLLS)),
        Kind("other-id", Moment.AFTER, "The answer names another generation.", (*GENERATING, *POLLS)),
        Kind(
            "wrong-length",
            Moment.AFTER,
            "Content-Length is not the length of the body.",
            parameters={
                "difference": Parameter(
                    1,
                    "bytes announced beyond those that are sent; may be negative",
                    lambda value: type(value) is int,
                )
            },
        ),
    )
}
