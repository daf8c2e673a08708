"""The types of arguments, and how tasks read them; :mod:`.rules` has the values that they may have.

Free of pydantic and of :mod:`..api.operations`, so that a DAG file stays quick to parse.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NewType, TypeAlias, TypedDict, TypeVar

from airflow_provider_getty.api.errors import InvalidRequestError

if TYPE_CHECKING:
    from airflow.sdk import XComArg

T = TypeVar("T")

Template = NewType("Template", str)
"""A Jinja template for an argument with a fixed set of values: ``aspect_ratio=Template("{{ params.ratio }}")``.

At runtime, any string with a template will do. This type lets type checkers find a misspelled value.
"""

# Strings, so that Airflow's XComArg is not imported just for a type.
Text: TypeAlias = "str | XComArg"
WholeNumber: TypeAlias = "int | str | XComArg"
Number: TypeAlias = "float | str | XComArg"
OneOf: TypeAlias = "T | Template | XComArg"
GenerationSource: TypeAlias = str | Mapping[str, Any]
"""A ``generation_request_id``, or the result of a task, which has one."""
Generated: TypeAlias = "GenerationSource | XComArg"
"""The same, or the output of a task that has yet to run, such as ``refine.output``."""
ImageSize: TypeAlias = "Sequence[int] | str | XComArg"

Seconds: TypeAlias = float | timedelta
OnBlocked: TypeAlias = Literal["fail", "fail_any", "skip", "ignore"]
"""How a task handles images that Getty's content policy blocked: ``fail`` or ``skip`` if all are blocked,
``fail_any`` if any is, ``ignore`` leaves it to later tasks."""
BatchOnBlocked: TypeAlias = Literal["fail", "fail_any", "ignore"]
"""Which items of a batch count as failed: those with all images blocked, those with any, or none."""
Images: TypeAlias = Literal["first", "all"]
"""The images of an item to download: the first that is not blocked, or all that are not."""
FailOn: TypeAlias = Literal["any", "all"] | float
"""When a batch fails: if any item has, if all have, or if more than a share of them has, from 0 to 1."""
Marker: TypeAlias = Literal["notes", "none"]
"""Where a submission carries its marker."""
OnUnsure: TypeAlias = Literal["fail", "resubmit"]
"""How a task handles an earlier try that may have created a generation."""


class RequestArguments(TypedDict, total=False):
    """The arguments that every operation has."""

    product_id: WholeNumber | None
    project_code: Text | None
    notes: Text | None


def given(value: Any) -> bool:
    """Whether there is a value: not None, and not the blank text that a template renders for a missing one."""
    return value is not None and not (isinstance(value, str) and not value.strip())


def is_template(value: Any) -> bool:
    """Whether it is text that Airflow has yet to render."""
    return isinstance(value, str) and ("{{" in value or "{%" in value)


def comes_later(value: Any) -> bool:
    """Whether Airflow has yet to render or resolve it: a template, or a reference such as ``refine.output``."""
    return is_template(value) or hasattr(value, "iter_references")


def in_seconds(value: Seconds) -> float:
    """A duration in seconds."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def seconds_given(value: Seconds | None) -> float | None:
    """A duration in seconds; None leaves it to Airflow's configuration, see :mod:`.config`."""
    return None if value is None else in_seconds(value)


def all_rendered(owner: object, template_fields: Iterable[str]) -> None:
    """Refuse text that is still a template.

    :raises InvalidRequestError: the message names the argument.
    """
    for name in template_fields:
        value = getattr(owner, name)
        if is_template(value):
            raise InvalidRequestError(f"{name} is a template that was not rendered: {value!r}.")


def generation_request_id(value: Any) -> str:
    """The id of a generation, given as an id or as a result.

    :raises InvalidRequestError: it is neither.
    """
    if isinstance(value, Mapping):
        value = value.get("generation_request_id")
    elif isinstance(value, str) and value.lstrip().startswith("{"):
        raise InvalidRequestError(
            "generation_request_id is the text of a whole result. Pass the result itself (refine.output), or "
            "only its id ({{ ti.xcom_pull('refine')['generation_request_id'] }})."
        )
    if not isinstance(value, str) or not value.strip():
        raise InvalidRequestError(f"generation_request_id is {value!r}; it must be text that is not empty.")
    return value.strip()


def first_image_shown(value: Any) -> int:
    """The index of the first image of a result that was not blocked; 0 without a result, or if all were."""
    results = value.get("results") or () if isinstance(value, Mapping) else ()
    return next((image["index"] for image in results if not image.get("is_blocked")), 0)


def reference_generation(value: Any) -> dict[str, Any]:
    """A generated image as ``{"generation_request_id", "index"}``.

    :raises InvalidRequestError: it has no id.
    """
    index = value.get("index") if isinstance(value, Mapping) else None
    return {
        "generation_request_id": generation_request_id(value),
        "index": index if given(index) else first_image_shown(value),
    }


def exactly_one(**written: Any) -> None:
    """Refuse none, or more than one, of these arguments.

    :raises InvalidRequestError: the message names the arguments.
    """
    present = [name for name, value in written.items() if given(value)]
    if len(present) != 1:
        raise InvalidRequestError(
            f"Exactly one of {' and '.join(written)} must be given, not {' and '.join(present) or 'none'}."
        )
