"""The declaration of a fault: its effect, the calls it applies to, and its parameters."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from getty_emulator import operations
from getty_emulator.operations.call import Access

if TYPE_CHECKING:
    from getty_emulator.answers import Answer
    from getty_emulator.faults.wire import Wire
    from getty_emulator.operations.call import Call

GENERATING = tuple(operation.name for operation in operations.GENERATING)
MASKED = tuple(
    operation.name for operation in operations.GENERATING if "mask_url" in operation.body.model_fields
)
AUTHORIZED = tuple(
    operation.name for operation in operations.OPERATIONS if operation.access is Access.API_KEY_AND_TOKEN
)
POLLS = ("get-generation",)
DOWNLOADS = ("start-download", "get-download")
HISTORY = ("generation-history", "generation-history-item")
LISTS = ("generation-history", "list-file-registrations")
RESULTS = ("get-generation", "download-sizes", *DOWNLOADS)
MEDIA = ("media",)
RESULT_URLS = ("media", "get-generation", *GENERATING)

Parameters = dict[str, Any]


class Moment(Enum):
    """When a fault takes effect in a call."""

    ARRIVAL = auto()
    """At the start of the call, before its work."""
    WITHIN = auto()
    """During the work, which it changes."""
    BEFORE = auto()
    """Instead of the work. A call meets at most one BEFORE or AFTER fault, the oldest that matches."""
    AFTER = auto()
    """After the work is done and charged, instead of its answer."""
    ANSWER = auto()
    """In the answer. All matching faults apply, oldest first; a call whose answer stays unchanged does not count."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a fault."""

    default: Any
    description: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault."""

    name: str
    moment: Moment
    description: str
    operations: tuple[str, ...] = ()
    """The operations it applies to. Empty: all."""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    replace: Callable[[Call, Parameters], Answer] | None = None
    """Returns the answer to send instead of the normal one."""
    alter: Callable[[Answer, Parameters], Answer] | None = None
    """Returns the changed answer, or the same object if there is nothing to change."""
    deliver: Callable[[Wire, Parameters], Awaitable[bool]] | None = None
    """Sends the answer in its own way; returns True if it sent a whole one."""


def one_of(*values: Any) -> Callable[[Any], bool]:
    """Accept these values."""
    return lambda value: value in values


def is_status(value: Any) -> bool:
    """Accept an HTTP status."""
    return type(value) is int and value in set(HTTPStatus)


def is_refusal(value: Any) -> bool:
    """Accept a status from 400 to 499."""
    return is_status(value) and 400 <= value < 500  # noqa: PLR2004


def is_duration(value: Any) -> bool:
    """Accept a finite number of seconds."""
    return type(value) in {int, float} and 0 <= value < math.inf


def is_seconds(value: Any) -> bool:
    """Accept a finite number of seconds, which may be negative."""
    return type(value) in {int, float} and math.isfinite(value)


def is_count(value: Any) -> bool:
    """Accept a whole number from 0 to a million."""
    return type(value) is int and 0 <= value <= 1_000_000  # noqa: PLR2004


def is_integer(value: Any) -> bool:
    """Accept a whole number."""
    return type(value) is int


def is_text(value: Any) -> bool:
    """Accept a nonempty string."""
    return isinstance(value, str) and value != ""


def is_text_or_null(value: Any) -> bool:
    """Accept a nonempty string or null."""
    return value is None or is_text(value)


def is_flag(value: Any) -> bool:
    """Accept true or false."""
    return isinstance(value, bool)


def is_object(value: Any) -> bool:
    """Accept a JSON object."""
    return isinstance(value, dict)


def is_json(value: Any) -> bool:  # noqa: ARG001
    """Accept anything."""
    return True


def is_texts(value: Any) -> bool:
    """Accept a list of nonempty strings."""
    return isinstance(value, list) and all(is_text(item) for item in value)


def by_name(kinds: Collection[Kind]) -> dict[str, Kind]:
    """Return the kinds by name."""
    return {kind.name: kind for kind in kinds}
