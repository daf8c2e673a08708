"""The values that arguments may have, checked when the DAG file is read and again when the task runs.

Free of pydantic and of :mod:`..api.operations`, so that a DAG file stays quick to parse.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from reprlib import repr as shortened
from types import MappingProxyType
from typing import Any, get_args

from airflow_provider_getty.api import choices
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.arguments import (
    Marker,
    OnBlocked,
    OnUnsure,
    comes_later,
    exactly_one,
    given,
)


@dataclass(frozen=True)
class Rule:
    """The values that an argument may have.

    :param allows: tells whether a value is allowed.
    :param must_be: the end of the message "it must be …".
    """

    allows: Callable[[Any], bool]
    must_be: str


def whole(at_least: int, at_most: int) -> Rule:
    """Allow whole numbers in a range, also as text."""

    def allows(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return False
        try:
            return at_least <= int(value) <= at_most and (isinstance(value, str) or value == int(value))
        except (ValueError, OverflowError):
            return False

    return Rule(allows, f"a whole number from {at_least} to {at_most}")


def number(at_most: float | None = None) -> Rule:
    """Allow numbers from 0, up to a maximum if there is one, also as text."""
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
# A template that renders native types turns an id of digits into a number.
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
"""The rules of the arguments that operators share, by name; operators add their own.

None, and blank text in a template field, count as not given.
"""


@dataclass(frozen=True)
class Check:
    """Refuses arguments that cannot be used, in messages that name the task.

    :param task_id: the task.
    :param templated: the arguments that may be templates or outputs of other tasks.
    :param rules: see :data:`RULES`.
    """

    task_id: str
    templated: Iterable[str] = ()
    rules: Mapping[str, Rule] = field(default_factory=lambda: RULES)

    def values(self, written: Mapping[str, Any]) -> None:
        """Refuse values that their rules do not allow.

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
        """Refuse none, or more than one, of these arguments.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        try:
            exactly_one(**written)
        except InvalidRequestError as error:
            raise error.with_context(asked=f"Task {self.task_id}") from None

    def at_most_one(self, **written: Any) -> None:
        """Refuse more than one of these arguments.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        present = [name for name, value in written.items() if given(value)]
        if len(present) > 1:
            raise self.refusal(
                f"At most one of {' and '.join(written)} may be given, not {' and '.join(present)}"
            )

    def one_above_zero(self, **written: Any) -> None:
        """Refuse numbers if none of them is above 0.

        :raises InvalidRequestError: the message names the task and the arguments.
        """
        values = [value for value in written.values() if given(value)]
        if not any(comes_later(value) or float(value) > 0 for value in values):
            raise self.refusal(f"At least one of {', '.join(written)} must be above 0")

    def refusal(self, problem: str) -> InvalidRequestError:
        """The error, with the name of the task."""
        return InvalidRequestError(f"{problem}.", asked=f"Task {self.task_id}")
