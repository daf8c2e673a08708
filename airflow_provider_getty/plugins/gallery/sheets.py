"""Lays out contact sheets: one for each generation, from its submission to its files. No I/O.

People may have edited the results of tasks: ids, numbers and texts are checked, and invalid ones count as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.folders import join, safe_name
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.downloading import DownloadingOperator
from airflow_provider_getty.operators.generation import GenerationOperator
from airflow_provider_getty.plugins.gallery.reading import TaskFacts
from airflow_provider_getty.sensors.generation import GenerationSensor

Kind: TypeAlias = Literal["preview", "mask", "source", "file"]
"""The kind of an image: generated, its mask, the generated image that it was made from, downloaded."""

_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)
_LONGEST_TEXT = 2000
_MAX_IMAGES = 100
_MOST = 2**63


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image of a sheet.

    :param task: the task that it belongs to.
    :param item: the number of a batch's item.
    """

    kind: Kind
    task: TaskFacts
    index: int = 0
    item: int | None = None
    caption: str = ""
    is_blocked: bool = False
    is_downloaded: bool = False


@dataclass(kw_only=True)
class Sheet:
    """The view of one generation."""

    tasks: list[TaskFacts] = field(default_factory=list)
    generation_request_id: str | None = None
    prompt: str = ""
    negative_prompt: str = ""
    original: str | None = None
    seed: int | None = None
    charges: str = ""
    before: list[Frame] = field(default_factory=list)
    previews: dict[int, Frame] = field(default_factory=dict)
    files: list[Frame] = field(default_factory=list)
    downloaded: set[int] = field(default_factory=set)
    name: str = ""
    error: str = ""

    @property
    def frames(self) -> list[Frame]:
        """All images, in the order of their creation."""
        return [*self.before, *(self.previews[index] for index in sorted(self.previews)), *self.files]

    @property
    def blocked(self) -> int:
        """How many images Getty's content policy blocked."""
        return sum(frame.is_blocked for frame in self.previews.values())


@dataclass(frozen=True)
class ShownGeneration:
    """A generation, as far as a task knows it; ``images`` are pairs of an index and whether it is blocked."""

    generation_request_id: str
    seed: int | None = None
    images: tuple[tuple[int, bool], ...] = ()
    original: str | None = None


def made_by(task: TaskFacts) -> ShownGeneration | None:
    """The generation that a task made or waited for, by its result or by the record of its submission.

    A result with another generation than the record, or than the sensor's argument, has been edited.
    """
    recorded = _recorded(task)
    given = asked_for(task) if issubclass(task.kind, GenerationSensor) else None
    if isinstance(task.result, Mapping):
        try:
            found = Generation.model_validate(task.result)
        except ValueError:
            found = None
        generation = identifier(found.generation_request_id) if found else None
        known = recorded or given or generation
        if found and generation and known and generation.casefold() == known.casefold():
            return ShownGeneration(
                generation,
                seed=whole(found.seed),
                images=tuple(
                    (image.index, image.is_blocked)
                    for image in found.results[:_MAX_IMAGES]
                    if whole(image.index) is not None
                ),
                original=identifier(found.original_asset.id) if found.original_asset else None,
            )
    return ShownGeneration(recorded) if recorded else None


def _recorded(task: TaskFacts) -> str | None:
    """The generation that the record of a submission names (Airflow 3.3)."""
    record = task.states.get("getty_submission")
    return identifier(record.get("generation_request_id")) if isinstance(record, Mapping) else None


def asked_for(task: TaskFacts) -> str | None:
    """The id of the generation in a task's arguments, to wait for or to download from."""
    try:
        return identifier(arguments.generation_request_id(task.arguments.get("generation_request_id")))
    except GettyError:
        return None


def source_of(task: TaskFacts) -> tuple[str, int] | None:
    """The generated image in a task's arguments: its generation and index."""
    try:
        found = arguments.reference_generation(task.arguments.get("reference_generation"))
    except (GettyError, TypeError, KeyError, AttributeError):
        return None
    generation, index = identifier(found["generation_request_id"]), whole(found["index"])
    return None if generation is None or index is None else (generation, index)


def mask_of(task: TaskFacts) -> tuple[Any, Any] | None:
    """The mask in a task's arguments: its location, or shapes and the size of their image."""
    mask = task.arguments.get("mask")
    return (mask, task.arguments.get("image_size")) if isinstance(mask, str | list | dict) and mask else None


def file_of(task: TaskFacts) -> str | None:
    """The destination of a download, by its arguments."""
    destination = task.arguments.get("destination")
    if not isinstance(destination, str) or not issubclass(task.kind, DownloadingOperator):
        return None
    if not destination.endswith("/"):
        return destination
    operator = object.__new__(task.kind)
    vars(operator).update(task.arguments)
    try:
        return str(join(destination, safe_name(operator.file_name())))
    except (GettyError, TypeError, KeyError, ValueError, AttributeError):
        return None


def sheets_of(tasks: Iterable[TaskFacts]) -> list[Sheet]:
    """One sheet for each generation, with all tasks that used it; without batches."""
    sheets: dict[object, Sheet] = {}
    for task in tasks:
        made = made_by(task)
        if issubclass(task.kind, GettyBatchOperator):
            continue
        if issubclass(task.kind, GenerationOperator):
            sheet = _sheet(sheets, made.generation_request_id if made else None, task)
            _submitted(sheet, task)
        elif issubclass(task.kind, GenerationSensor):
            sheet = _sheet(sheets, made.generation_request_id if made else asked_for(task), task)
        elif issubclass(task.kind, DownloadingOperator):
            sheet, made = _sheet(sheets, asked_for(task), task), None
            _downloaded(sheet, task)
        else:
            continue
        if made:
            _seen(sheet, task, made)
    return list(sheets.values())


def _sheet(sheets: dict[object, Sheet], generation: str | None, task: TaskFacts) -> Sheet:
    sheet = sheets.setdefault(
        generation or (task.task_id, task.map_index), Sheet(generation_request_id=generation)
    )
    sheet.tasks.append(task)
    return sheet


def _submitted(sheet: Sheet, task: TaskFacts) -> None:
    sheet.prompt = text(task.arguments.get("prompt"))
    sheet.negative_prompt = text(task.arguments.get("negative_prompt"))
    sheet.original = identifier(task.arguments.get("image_id"))
    if source_of(task):
        sheet.before.append(Frame(kind="source", task=task, caption="made from"))
    if mask_of(task):
        sheet.before.append(Frame(kind="mask", task=task, caption="mask"))
    record = task.states.get("getty_submission")
    if isinstance(record, Mapping):
        charged, unknown = whole(record.get("charged")) or 0, whole(record.get("unknown")) or 0
        sheet.charges = f"{charged} charged" + (f", {unknown} unknown" if unknown else "")


def _seen(sheet: Sheet, task: TaskFacts, made: ShownGeneration) -> None:
    sheet.seed = made.seed if made.seed is not None else sheet.seed
    sheet.original = sheet.original or made.original
    for index, is_blocked in made.images:
        sheet.previews[index] = Frame(
            kind="preview",
            task=task,
            index=index,
            caption=str(index),
            is_blocked=is_blocked,
            is_downloaded=index in sheet.downloaded,
        )


def _downloaded(sheet: Sheet, task: TaskFacts) -> None:
    if task.state != "success" or not file_of(task):
        return
    size = text(task.arguments.get("size_name"))
    sheet.files.append(Frame(kind="file", task=task, caption=f"file, {size}" if size else "file"))
    if issubclass(task.kind, GettyDownloadOperator):
        index = whole(task.arguments.get("index"))
        if index is None:
            index = _first_shown(task.arguments.get("generation_request_id"))
        sheet.downloaded.add(index)
        if index in sheet.previews:
            frame = sheet.previews[index]
            sheet.previews[index] = Frame(**{**vars(frame), "is_downloaded": True})


def _first_shown(generation: Any) -> int:
    try:
        return whole(arguments.first_image_shown(generation)) or 0
    except (TypeError, KeyError, AttributeError):
        return 0


def identifier(value: object) -> str | None:
    """An id, if it is one that Getty could have given."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def whole(value: object) -> int | None:
    """The number, if it is a whole one from 0 with at most 63 bits."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def text(value: object) -> str:
    """The text, shortened."""
    if not isinstance(value, str):
        return ""
    return value if len(value) <= _LONGEST_TEXT else f"{value[:_LONGEST_TEXT]} …"
