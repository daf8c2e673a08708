"""Reads the outcome of each item from the journal of a batch."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Lock
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import Began, Downloaded, Failed, Finished, Owner, Recorded, decode
from airflow_provider_getty.batch.items import Item, Items
from airflow_provider_getty.batch.journal import journal_file
from airflow_provider_getty.plugins.gallery.folders import Folders, NotShownError
from airflow_provider_getty.plugins.gallery.reading import TaskFacts
from airflow_provider_getty.plugins.gallery.sheets import Frame, Sheet, identifier, text, whole

_MAX_BYTES = 64 * 2**20
_MAX_REQUESTS = 20_000
_KEPT_SECONDS = 5.0
_KEPT = 8


@dataclass(frozen=True)
class BatchItem:
    """The outcome of one item."""

    number: int
    name: str = ""
    generation_request_id: str | None = None
    seed: int | None = None
    images: tuple[int, ...] = ()
    blocked: tuple[int, ...] = ()
    files: tuple[str, ...] = ()
    error: str = ""

    @property
    def state(self) -> str:
        """The state, in a word."""
        if self.error:
            return "failed"
        if self.files:
            return "downloaded"
        if self.images:
            return "blocked" if set(self.images) <= set(self.blocked) else "completed"
        return "submitted" if self.generation_request_id else "begun"


@dataclass
class Journals:
    """The journals that were read last. Each is read again after a few seconds."""

    _kept: OrderedDict[object, tuple[float, list[BatchItem]]] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def items(self, folders: Folders, task: TaskFacts) -> list[BatchItem]:
        """The items of a batch that have begun, in their order.

        :raises NotShownError: the journal must not be shown, does not exist, or belongs to another task.
        """
        where = folders.resolve(task.arguments.get("journal"))
        if where is None:
            raise NotShownError("The journal of the batch is outside of the gallery's folders.")
        key = (where, task.dag_id, task.run_id, task.name)
        with self._lock:
            kept = self._kept.get(key)
        if kept and clock.monotonic() - kept[0] < _KEPT_SECONDS:
            return kept[1]
        items = _read(_lines(folders, where), task)
        with self._lock:
            self._kept[key] = (clock.monotonic(), items)
            self._kept.move_to_end(key)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return items


def sheet_of(task: TaskFacts, item: BatchItem, asked: Item | None) -> Sheet:
    """The contact sheet of an item.

    :param asked: its arguments, if they are known.
    """
    written: Mapping[str, Any] = asked.written if asked else {}
    downloaded = {int(found) for name in item.files if (found := _index(name, item)) is not None}
    return Sheet(
        tasks=[task],
        generation_request_id=item.generation_request_id,
        prompt=text(written.get("prompt")),
        negative_prompt=text(written.get("negative_prompt")),
        original=identifier(written.get("image_id")),
        seed=item.seed,
        name=f"{item.number} {item.name}".rstrip(),
        error=item.error,
        previews={
            index: Frame(
                kind="preview",
                task=task,
                index=index,
                item=item.number,
                caption=str(index),
                is_blocked=index in item.blocked,
                is_downloaded=index in downloaded,
            )
            for index in item.images
        },
        files=[
            Frame(kind="file", task=task, index=number, item=item.number, caption="file")
            for number, _ in enumerate(item.files)
        ],
    )


def asked_of(folders: Folders, task: TaskFacts, numbers: Iterable[int]) -> dict[int, Item]:
    """The arguments of some items, by their numbers, from a list or from a file that may be shown."""
    wanted = set(numbers)
    requests = task.arguments.get("requests")
    if isinstance(requests, str):
        requests = folders.resolve(requests)
    if not isinstance(requests, str | list) or not wanted:
        return {}
    operation, defaults = task.arguments.get("operation"), task.arguments.get("defaults")
    items = Items(
        requests,
        operation if isinstance(operation, str) else "refine",
        defaults if isinstance(defaults, Mapping) else {},
    )
    try:
        until = islice(items, min(max(wanted), _MAX_REQUESTS))
        return {item.number: item for item in until if isinstance(item, Item) and item.number in wanted}
    except (InvalidRequestError, OSError):
        return {}


def _lines(folders: Folders, where: str) -> Iterator[bytes]:
    if where.startswith("/"):
        yield from folders.read(where, _MAX_BYTES).splitlines()
        return
    read = 0
    try:
        for line in journal_file(where).peek():
            read += len(line)
            if read > _MAX_BYTES:
                return
            yield line
    except (InvalidRequestError, OSError):
        raise NotShownError("The journal of the batch cannot be read now.") from None


def _read(lines: Iterator[bytes], task: TaskFacts) -> list[BatchItem]:
    owner = Owner(dag_id=task.dag_id, run_id=task.run_id, task_id=task.name)
    is_ours = False
    items: dict[int, BatchItem] = {}
    for line in lines:
        try:
            event, ref = decode(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, Began):
            is_ours = event.owner == owner
            items = {key: replace(item, error="") for key, item in items.items()}
        elif ref and is_ours and whole(ref.number) is not None:
            item = replace(items.get(ref.key, BatchItem(0)), number=ref.number, name=text(ref.name)[:200])
            items[ref.key] = _after(item, event)
    if not is_ours:
        raise NotShownError("The file is not a journal of this task.")
    return sorted(items.values(), key=lambda item: item.number)


def _after(item: BatchItem, event: object) -> BatchItem:
    match event:
        case Recorded(record):
            known = identifier(record.generation_request_id) if record else None
            return item if known == item.generation_request_id else BatchItem(item.number, item.name, known)
        case Finished():
            return replace(
                item,
                generation_request_id=identifier(event.generation_request_id),
                seed=whole(event.seed),
                images=_indexes(event.images),
                blocked=_indexes(event.blocked),
            )
        case Downloaded(files):
            return replace(item, files=tuple(name for name in files if isinstance(name, str))[:100])
        case Failed(error=error):
            return replace(item, error=text(error) or "failed")
    return item


def _indexes(values: Iterable[object]) -> tuple[int, ...]:
    return tuple(index for value in values if (index := whole(value)) is not None)[:100]


def _index(name: str, item: BatchItem) -> str | None:
    """The index of the image in a file, by the file's name."""
    _, found, rest = name.partition(f"{item.generation_request_id}-")
    index = rest.partition("-")[0]
    return index if found and index.isascii() and index.isdigit() and len(index) < 10 else None  # noqa: PLR2004
