"""Finds a task's generation in Getty's history, by its marker or by its inputs. No I/O.

A server may truncate, lower-case or strip the notes. So the marker comes first in the notes and is plain ASCII, and the
search looks only for its digest, whatever surrounds it. A generation with the same inputs and without any marker may
still be the task's: a person has to decide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.record import Record, Task, digest, same_id

LOOK_BACK = 3600.0
"""Seconds before the intent from which the history is read, as clocks differ."""
# A generation with the same inputs that is older than the intent by more seconds is not the task's.
_SAME_INPUTS_WITHIN = 900.0

_DIGEST = 16
_LONGEST_READABLE = 60
_MARKER = re.compile(rf"airflow[0-9a-f]{{{_DIGEST}}}")
_UNREADABLE = "\ufffd"
"""Replaces undecodable bytes. A text that contains it counts neither as equal nor as different."""
_OPTIONS = ("media_type", "aspect_ratio", "mood")


class Likeness(Enum):
    """How a generation in the history compares with the request."""

    DIFFERENT = auto()
    UNCERTAIN = auto()
    """Nothing contradicts the request, but the history does not show all of it."""
    SAME = auto()


@dataclass(frozen=True)
class Found:
    """The generations in the history that belong, or may belong, to a record.

    :param ours: the ids of the task's generations, the oldest first.
    :param alike: the ids of generations that may be the task's.
    :param is_nameless: whether a generation has the task's marker but no id.
    """

    ours: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    is_nameless: bool = False


def marker_of(task: Task, fingerprint: str, salt: str) -> str:
    """The marker: ``airflow:6c9249fb1e8a3f21 my_dag.refine[3]``.

    :param salt: makes it unique if a store keeps it; empty if a retry has to compute the same one.
    """
    mapped = f"[{task.map_index}]" if task.map_index >= 0 else ""
    identity = [task.dag_id, task.run_id, task.task_id, task.map_index, task.round, fingerprint, salt]
    name = f"{task.dag_id}.{task.task_id}".encode("ascii", "ignore").decode()[:_LONGEST_READABLE]
    return f"airflow:{digest(identity)[:_DIGEST]} {name}{mapped}"


def with_marker(notes: str | None, marker: str) -> str:
    """The notes to send, with the marker in front."""
    return f"{marker} | {notes}" if notes else marker


def has_marker(notes: str | None, marker: str) -> bool:
    """Whether the notes contain the marker, however they were altered."""
    sought = _MARKER.search(_letters(marker))
    return sought is not None and sought.group() in _letters(notes)


def is_marked(notes: str | None) -> bool:
    """Whether the notes contain the marker of any task."""
    return bool(_MARKER.search(_letters(notes)))


def search(
    items: Iterable[HistoryItem], record: Record, operation: GeneratingOperation, *, by_marker: bool
) -> Found:
    """Find the generations of a record.

    :param items: the history, the newest first.
    :param by_marker: whether the marker was sent.
    """
    ours, alike, is_nameless = [], [], False
    for item in items:
        name = item.generation_request_id or "one without an id"
        if same_id(item.generation_request_id, record.previous):
            continue
        if by_marker and has_marker(item.notes, record.marker):
            if item.generation_request_id:
                ours.append(name)
            is_nameless = is_nameless or not item.generation_request_id
            continue
        if is_marked(item.notes) or _is_older(item, record):
            continue
        likeness = compare(item, operation)
        if likeness is Likeness.SAME and not by_marker and item.generation_request_id:
            ours.append(name)
        elif likeness is not Likeness.DIFFERENT:
            alike.append(name)
    return Found(tuple(reversed(ours)), tuple(reversed(alike)), is_nameless)


def compare(item: HistoryItem, operation: GeneratingOperation) -> Likeness:
    """Compare a generation, as the history shows it, with the request."""
    asked = {
        name: value
        for name, value in operation.model_dump(mode="json", exclude_none=True).items()
        if name != "notes" and value != ""  # a server may alter the notes
    }
    if source := asked.pop("reference_generation", None):
        asked |= source
    shown = _shown(item)
    published = {other.generation_type for other in GENERATING.values()} - {None}
    expected = operation.generation_type
    if expected and item.generation_type in published - {expected}:
        return Likeness.DIFFERENT
    for name in ("image_id", "generation_request_id", "prompt", "negative_prompt"):
        # The history shows the original of a generated image, and the prompt of the original for a variation.
        is_filled_in = name == "image_id" or (name == "prompt" and name not in type(operation).model_fields)
        if shown.get(name) and name not in asked and not is_filled_in:
            return Likeness.DIFFERENT
    if any(name in shown and not _equal(shown[name], value) for name, value in asked.items()):
        return Likeness.DIFFERENT
    compared = asked.keys() & shown.keys()
    if not compared:
        return Likeness.DIFFERENT
    is_complete = compared == asked.keys() and expected is not None and item.generation_type == expected
    return Likeness.SAME if is_complete else Likeness.UNCERTAIN


def _shown(item: HistoryItem) -> dict[str, Any]:
    shown: dict[str, Any] = {
        name: getattr(item, name)
        for name in ("prompt", "negative_prompt", "seed", "product_id", "project_code")
    }
    if options := item.generation_options:
        shown |= {name: getattr(options, name) for name in _OPTIONS}
    if item.original_asset:
        shown["image_id"] = item.original_asset.id
    if source := item.source_generation_request:
        shown["generation_request_id"] = source.source_generation_request_id
        shown["index"] = source.source_generation_result_index
    return {
        name: value
        for name, value in shown.items()
        if value not in (None, "") and _UNREADABLE not in str(value)
    }


def _equal(shown: Any, asked: Any) -> bool:
    if isinstance(shown, str):
        return bool(shown.strip().casefold() == asked.strip().casefold())
    return bool(shown == asked)


def _is_older(item: HistoryItem, record: Record) -> bool:
    made = item.generation_date
    if made is None or made.tzinfo is None:
        return False
    return made.timestamp() < record.intended - _SAME_INPUTS_WITHIN


def _letters(text: str | None) -> str:
    return re.sub("[^0-9a-z]", "", (text or "").lower())
