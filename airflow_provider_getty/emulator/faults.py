"""The switches: every state that Getty's API has no trigger for, and the answers of a broken gateway."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from airflow_provider_getty.emulator.state import IMAGES_PER_GENERATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

GENERATING = ("refine", "refine-image")
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
        Kind("gone", Moment.BEFORE, "410 GenerationRequestGone.", (*RESULTS, *GENERATING)),
        Kind("quota-exceeded", Moment.BEFORE, "403 ProductQuotaExceeded.", (*GENERATING, "start-download")),
        Kind(
            "queries-per-second",
            Moment.BEFORE,
            "429 of the gateway: X-Error-Detail, no Retry-After.",
        ),
        Kind(
            "concurrent-generations",
            Moment.BEFORE,
            "429 TooManyConcurrentGenerations.",
            (*GENERATING, *POLLS),
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
            (*GENERATING, *RESULTS, *HISTORY, "products"),
        ),
        Kind("upload-expired", Moment.WITHIN, "The mask that the call names has expired.", GENERATING),
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


@dataclass(slots=True)
class Fault:
    """A switch that is on."""

    id: int
    kind: Kind
    operation: str | None
    times: int | None
    """How many calls it still hits. None: all of them."""
    parameters: dict[str, Any]

    @property
    def moment(self) -> Moment:
        """Return when it takes hold; ``work`` chooses where a kind leaves it open."""
        match self.parameters.get("work"):
            case "before":
                return Moment.BEFORE
            case "after":
                return Moment.AFTER
            case _:
                return self.kind.moment

    def hits(self, operation: str) -> bool:
        """Tell whether it is meant for calls of this operation."""
        if self.operation is not None:
            return self.operation == operation
        return not self.kind.operations or operation in self.kind.operations


class Faults:
    """The switches that are on, oldest first."""

    def __init__(self) -> None:
        self._active: list[Fault] = []
        self._ids = itertools.count(1)

    def __iter__(self) -> Iterator[Fault]:
        return iter(tuple(self._active))

    def add(self, name: str, operation: str | None, times: int | None, parameters: dict[str, Any]) -> Fault:
        """Switch one on. Raises ValueError for what makes no sense."""
        kind = KINDS.get(name)
        if kind is None:
            raise ValueError(f"There is no fault {name!r}. There are: {', '.join(KINDS)}.")
        if operation is not None and kind.operations and operation not in kind.operations:
            raise ValueError(
                f"{name} makes sense for {', '.join(kind.operations)} only, not for {operation!r}."
            )
        if times is not None and times < 1:
            raise ValueError("times is 1 or more, or null for always.")
        for parameter, value in parameters.items():
            known = kind.parameters.get(parameter)
            if known is None:
                raise ValueError(
                    f"{name} takes {', '.join(kind.parameters) or 'no parameters'}, not {parameter!r}."
                )
            if not known.accepts(value):
                raise ValueError(f"{parameter} is {known.description}, not {value!r}.")
        values = {key: parameter.default for key, parameter in kind.parameters.items()} | parameters
        fault = Fault(next(self._ids), kind, operation, times, values)
        self._active.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off."""
        self._active.clear()

    def take(self, operation: str, name: str) -> Fault | None:
        """Return the oldest fault of this name that hits the operation, and count the hit."""
        return self._take(
            fault for fault in self._active if fault.kind.name == name and fault.hits(operation)
        )

    def take_outcome(self, operation: str) -> Fault | None:
        """Return the oldest fault that decides how a call of the operation ends, and count the hit."""
        outcomes = (Moment.BEFORE, Moment.AFTER)
        return self._take(
            fault for fault in self._active if fault.moment in outcomes and fault.hits(operation)
        )

    def _take(self, candidates: Iterable[Fault]) -> Fault | None:
        fault = next(iter(candidates), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._active.remove(fault)
        return fault
