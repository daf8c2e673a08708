"""Validates operator arguments: when the DAG file is read, and again when the task runs.

Free of pydantic and of :mod:`..api.operations`, so that a DAG file stays quick to parse.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from reprlib import repr as shortened
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeAlias, TypedDict, TypeVar, get_args

from airflow_provider_getty.api import choices
from airflow_provider_getty.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from airflow.sdk import XComArg

T = TypeVar("T")

Template = NewType("Template", str)
"""A Jinja template where only some texts are allowed: ``aspect_ratio=Template("{{ params.ratio }}")``.

At runtime any text with a template will do; this is for type checkers, which otherwise could not find a typing error.
"""

# As texts: Airflow's XComArg is not loaded for the sake of a type.
Text: TypeAlias = "str | XComArg"
WholeNumber: TypeAlias = "int | str | XComArg"
Number: TypeAlias = "float | str | XComArg"
OneOf: TypeAlias = "T | Template | XComArg"
GenerationSource: TypeAlias = str | Mapping[str, Any]
"""A generation_request_id, or the result of a task that has one."""
Generated: TypeAlias = "GenerationSource | XComArg"
"""The same, or the output of a task that has yet to run, such as ``refine.output``."""
ImageSize: TypeAlias = "Sequence[int] | str | XComArg"

Seconds: TypeAlias = float | timedelta
OnBlocked: TypeAlias = Literal["fail", "fail_any", "skip", "ignore"]
"""How a task deals with images that Getty's content policy blocked: ``fail`` or ``skip`` if all are,
``fail_any`` if any is, ``ignore`` leaves it to what comes after."""
BatchOnBlocked: TypeAlias = Literal["fail", "fail_any", "ignore"]
"""Which items of a batch count as failed: those with all images blocked, those with any, none."""
Images: TypeAlias = Literal["first", "all"]
"""The images of an item to download: the first that is not blocked, or all that are not."""
FailOn: TypeAlias = Literal["any", "all"] | float
"""When a batch fails: if any item has, if all have, or if more than a share of them has, from 0 to 1."""
Marker: TypeAlias = Literal["notes", "none"]
"""Where a submission carries its marker."""
OnUnsure: TypeAlias = Literal["fail", "resubmit"]
"""How a task deals with an earlier try that may have created a generation."""


class RequestArguments(TypedDict, total=False):
    """The arguments that every operation has."""

    product_id: WholeNumber | None
    project_code: Text | None
    notes: Text | None


def given(value: Any) -> bool:
    """False for None and for blank text, which a template renders where there is no value."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def is_template(value: Any) -> bool:
    """True for text that Airflow has yet to render."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def comes_later(value: Any) -> bool:
    """True for templates and for what Airflow resolves when the task runs, such as ``refine.output``."""
    return is_template(value) or hasattr(value, "iter_references")


@dataclass(frozen=True)
class Rule:
    """The values that an argument may have.

    :param allows: whether a value is one of them.
    :param must_be: completes "it must be …" in messages.
    """

    allows: Callable[[Any], bool]
    must_be: str


def whole(at_least: int, at_most: int) -> Rule:
    """Allow whole numbers of a range, also as text."""

    def allows(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return False
        try:
            return at_least <= int(value) <= at_most and (isinstance(value, str) or value == int(value))
        except (ValueError, OverflowError):
            return False

    return Rule(allows, f"a whole number from {at_least} to {at_most}")


def number(at_most: float | None = None) -> Rule:
    """Allow numbers from 0, also as text."""
    limit = float("inf") if at_most is None else at_most

    def allows(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return False
        try:
            return 0 <= float(value) <= limit and float(value) != float("inf")
        except (ValueError, OverflowError):
            return False

    return Rule(allows, "a number, at least 0" if at_most is None else f"a number from 0 to {at_most:g}")


def one_of(allowed: Any) -> Rule:
    """Allow the values of a ``Literal``."""
    values = get_args(allowed)
    return Rule(lambda value: isinstance(value, str) and value in values, f"one of {', '.join(values)}")


def _is_duration(value: Any) -> bool:
    length = value.total_seconds() if isinstance(value, timedelta) else value
    return isinstance(length, int | float) and not isinstance(length, bool) and 0 < length < float("inf")


def _is_source(value: Any) -> bool:
    if isinstance(value, Mapping):
        value = value.get("generation_request_id")
    if comes_later(value):
        return True
    return isinstance(value, str) and given(value) and not value.lstrip().startswith("{")


def _is_size(value: Any) -> bool:
    if isinstance(value, str):
        try:
            value = json.loads(value.replace("(", "[").replace(")", "]"))
        except ValueError:
            return False
    pixels = whole(1, choices.LARGEST)
    return isinstance(value, Sequence) and len(value) == 2 and all(map(pixels.allows, value))  # noqa: PLR2004


TEXT = Rule(lambda value: isinstance(value, str), "text")
# A template that renders native types makes a number of an id.
ID = Rule(lambda value: isinstance(value, str | int) and not isinstance(value, bool), "an id as text")
BOOLEAN = Rule(lambda value: isinstance(value, bool), "True or False")
_DURATION = Rule(_is_duration, "a timedelta or seconds, more than 0")
SOURCE = Rule(_is_source, 'a generation_request_id or the result of a task ("refine.output")')
_FILE = Rule(
    lambda value: not isinstance(value, bool | int | float), "an image: a path, its bytes, or shapes"
)

RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "image_id": ID,
        "reference_generation": SOURCE,
        "reference_file_registration_id": ID,
        "generation_request_id": SOURCE,
        "generated_asset_id": ID,
        "index": whole(0, choices.LARGEST),
        "mask": _FILE,
        "mask_url": TEXT,
        "image_size": Rule(_is_size, "(width, height), two positive whole numbers"),
        "prompt": TEXT,
        "negative_prompt": TEXT,
        "aspect_ratio": one_of(choices.AspectRatio),
        "media_type": one_of(choices.MediaType),
        "mood": one_of(choices.Mood),
        "seed": whole(-choices.LARGEST - 1, choices.LARGEST),
        "left_percentage": number(),
        "right_percentage": number(),
        "top_percentage": number(),
        "bottom_percentage": number(),
        "product_id": whole(0, choices.LARGEST),
        "project_code": ID,
        "notes": TEXT,
        "file": _FILE,
        "category": one_of(choices.Category),
        "rights_claimed": Rule(
            lambda value: value is True, "True: only what you own or have a license for can be registered"
        ),
        "size_name": TEXT,
        "overwrite": BOOLEAN,
        "wait_for_completion": BOOLEAN,
        "deferrable": BOOLEAN,
        "run_in_triggerer": BOOLEAN,
        "timeout": _DURATION,
        "generation_timeout": _DURATION,
        "history_lag": _DURATION,
        "poll_interval": _DURATION,
        "poke_interval": _DURATION,
        "on_blocked": one_of(OnBlocked),
        "marker": one_of(Marker),
        "on_unsure_submission": one_of(OnUnsure),
        "getty_conn_id": Rule(
            lambda value: isinstance(value, str) and given(value), "text that is not empty"
        ),
    }
)
"""Of the arguments that operators share, by name; an operator adds those of its own.

None, and blank text in a template field, is what is not given.
"""


@dataclass(frozen=True)
class Check:
    """Refuses what a task cannot be asked to do, in the name of the task.

    :param task_id: the task.
    :param templated: the arguments that may come later.
    :param rules: as :data:`RULES`.
    """

    task_id: str
    templated: Iterable[str] = ()
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)

    def values(self, written: Mapping[str, Any]) -> None:
        """Refuse a value that its rule does not allow.

        :raises InvalidRequestError: the message names the task and the argument.
        """
        for name, value in written.items():
            rule = self.rules.get(name)
            is_templated = name in self.templated
            if rule is None or value is None or (is_templated and comes_later(value)):
                continue
            if is_templated and not given(value) and name != "getty_conn_id":
                continue
            if not rule.allows(value):
                raise self.refusal(f"{name} is {shortened(value)}; it must be {rule.must_be}")

    def required(self, **written: Any) -> None:
        """Refuse None and blank text.

        :raises InvalidRequestError: the message names the task and the argument.
        """
        for name, value in written.items():
            if not given(value):
                raise self.refusal(f"{name} is {value!r}, but it is required")

    def exactly_one(self, **written: Any) -> None:
        """Refuse arguments that exclude each other, and none of them.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        present = [name for name, value in written.items() if given(value)]
        if len(present) != 1:
            raise self.refusal(
                f"exactly one of {' and '.join(written)} must be given; given are {' and '.join(present) or 'none'}"
            )

    def at_most_one(self, **written: Any) -> None:
        """Refuse arguments that exclude each other.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        present = [name for name, value in written.items() if given(value)]
        if len(present) > 1:
            raise self.refusal(
                f"at most one of {' and '.join(written)} may be given; given are {' and '.join(present)}"
            )

    def one_above_zero(self, **written: Any) -> None:
        """Refuse numbers of which none is above 0.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        values = [value for value in written.values() if given(value)]
        if not any(comes_later(value) or float(value) > 0 for value in values):
            raise self.refusal(f"at least one of {', '.join(written)} must be above 0")

    def refusal(self, problem: str) -> InvalidRequestError:
        """The error, with the name of the task."""
        return InvalidRequestError(f"{problem}.", asked=f"Task {self.task_id}")


def in_seconds(value: Seconds) -> float:
    """A duration in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def seconds_given(value: Seconds | None) -> float | None:
    """The same, where None leaves it to Airflow's configuration; see :mod:`.config`."""
    return None if value is None else in_seconds(value)


def all_rendered(owner: object, template_fields: Iterable[str]) -> None:
    """Refuse text that is still a template."""
    for name in template_fields:
        value = getattr(owner, name)
        if is_template(value):
            raise InvalidRequestError(f"{name} is a template that was not rendered: {value!r}.")


def generation_request_id(value: Any) -> str:
    """The id in what a user passes as a generation."""
    if isinstance(value, Mapping):
        value = value.get("generation_request_id")
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        raise InvalidRequestError(
            "generation_request_id is the text of a whole result. Pass the result itself (refine.output), or "
            "only its id ({{ ti.xcom_pull('refine')['generation_request_id'] }})."
        )
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError(f"generation_request_id is {value!r}; it must be a text that is not empty.")
    return value.strip()


def first_image_shown(value: Any) -> int:
    """The index of the first image that was not blocked, as far as the result is known; 0 otherwise."""
    results = value.get("results") or () if isinstance(value, Mapping) else ()
    return next((image["index"] for image in results if not image.get("is_blocked")), 0)


def reference_generation(value: Any) -> dict[str, Any]:
    """A generated image: as ``{"generation_request_id", "index"}``."""
    index = value.get("index") if isinstance(value, Mapping) else None
    return {
        "generation_request_id": generation_request_id(value),
        "index": index if given(index) else first_image_shown(value),
    }


def exactly_one(**written: Any) -> None:
    """Refuse arguments that exclude each other, and none of them."""
    present = [name for name, value in written.items() if given(value)]
    if len(present) != 1:
        raise InvalidRequestError(
            f"Exactly one of {' and '.join(written)} must be given; given are {' and '.join(present) or 'none'}."
        )
