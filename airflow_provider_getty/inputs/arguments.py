"""What a user may pass to operators, sensors and triggers, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Literal, TypeAlias, get_args

from airflow_provider_getty.api.errors import InvalidRequestError

Seconds: TypeAlias = float | timedelta

GenerationSource: TypeAlias = str | Mapping[str, Any]
"""A generation_request_id, or the result of a task that has one, such as ``refine.output``."""

OnBlocked: TypeAlias = Literal["fail", "fail_any", "skip", "ignore"]
"""What a task does about images that Getty's content policy withheld: ``fail`` or ``skip`` if all are,
``fail_any`` if any is, ``ignore`` leaves it to what comes after."""

Marker: TypeAlias = Literal["notes", "none"]
"""Where a submission carries its marker."""

OnUnsure: TypeAlias = Literal["fail", "resubmit"]
"""What to do if nobody can tell whether a generation was created."""


def seconds(name: str, value: Seconds) -> float:
    """A duration in seconds, which must be more than 0."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise InvalidRequestError(f"{name} is {value!r}; it must be a timedelta or seconds, more than 0.")
    return float(value)


def optional_seconds(name: str, value: Seconds | None) -> float | None:
    """:func:`seconds`, or None."""
    return None if value is None else seconds(name, value)


def one_of(name: str, value: Any, allowed: Any) -> Any:
    """One of the values of a ``Literal``."""
    if value not in get_args(allowed):
        raise InvalidRequestError(f"{name} is {value!r}; it must be one of {', '.join(get_args(allowed))}.")
    return value


def all_rendered(owner: object, template_fields: Iterable[str]) -> None:
    """Refuse text that is still a template."""
    for name in template_fields:
        value = getattr(owner, name)
        if isinstance(value, str) and ("{{" in value or "{%" in value):
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
        "index": first_image_shown(value) if index is None else index,
    }


_ALTERNATIVES = (
    ("image_id", "reference_generation", "reference_file_registration_id"),
    ("mask", "mask_url"),
)


def check_alternatives(written: Mapping[str, Any]) -> None:
    """Refuse two of an operation's arguments that exclude each other, and none of them.

    :param written: all arguments that the operation has; None is what is not given.
    """
    for names in _ALTERNATIVES:
        given = {name: written[name] for name in names if name in written}
        if len(given) > 1:
            exactly_one(**given)


def exactly_one(**given: Any) -> None:
    """Refuse arguments that exclude each other, and none of them."""
    present = [name for name, value in given.items() if value is not None]
    if len(present) != 1:
        raise InvalidRequestError(
            f"Exactly one of {' and '.join(given)} must be given; given are {' and '.join(present) or 'none'}."
        )
