"""The lines of a journal, about the batch and its items. They hold no secrets and no signed URLs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any, TypeAlias

from airflow_provider_getty.api.results import Generation
from airflow_provider_getty.generating.record import Record, Task


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The task of a batch. Its journal serves no other."""

    dag_id: str
    run_id: str
    task_id: str

    @classmethod
    def of(cls, task: Task) -> Owner:
        """The owner; its ``task_id`` includes the map index of a mapped task."""
        return cls(dag_id=task.dag_id, run_id=task.run_id, task_id=task.task_id)

    def __str__(self) -> str:
        return f"task {self.task_id} of {self.dag_id} in run {self.run_id}"


@dataclass(frozen=True)
class Began:
    """A try of the task has begun.

    :param round: see :class:`~.generating.record.Task`.
    """

    owner: Owner
    round: int


@dataclass(frozen=True)
class Recorded:
    """The state of an item's submission: its intent, then its generation; None if nothing was created."""

    record: Record | None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """An item's generation is finished.

    :param images: the indexes of all its images.
    :param blocked: the indexes of the images that Getty's content policy blocked.
    """

    generation_request_id: str
    seed: int | None
    images: tuple[int, ...]
    blocked: tuple[int, ...]

    @classmethod
    def of(cls, generation: Generation) -> Finished:
        """Return what the journal keeps of a generation."""
        return cls(
            generation_request_id=generation.generation_request_id,
            seed=generation.seed,
            images=tuple(image.index for image in generation.results),
            blocked=tuple(image.index for image in generation.blocked),
        )

    @property
    def shown(self) -> tuple[int, ...]:
        """The images that were not blocked."""
        return tuple(index for index in self.images if index not in self.blocked)


@dataclass(frozen=True)
class Downloaded:
    """An item's images have been downloaded as these files."""

    files: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Failed:
    """An item failed in this try.

    :param may_retry: whether another try may succeed, and cannot pay twice.
    """

    error: str
    may_retry: bool


@dataclass(frozen=True)
class Ended:
    """A try has ended.

    :param succeeded: whether the task succeeded.
    :param counts: see :meth:`.progress.Progress.counts`.
    """

    succeeded: bool
    counts: Mapping[str, int]


ItemEvent: TypeAlias = Recorded | Finished | Downloaded | Failed
Event: TypeAlias = Began | Ended | ItemEvent


@dataclass(frozen=True, slots=True)
class ItemRef:
    """Identifies an item of the batch.

    :param number: its position in the batch, from 1; it may change between two tries.
    :param key: a digest of its request, which does not change.
    :param name: the user's name for it, if any.
    """

    number: int
    key: int
    name: str | None = None

    def __str__(self) -> str:
        return f"Item {self.number} ({self.name})" if self.name else f"Item {self.number}"


def encode(event: Event, item: ItemRef | None, *, at: float) -> bytes:
    """Encode a line.

    :param item: the item; None for a line about the whole batch.
    :param at: the present (Unix time).
    """
    document: dict[str, Any] = {"at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")}
    if item:
        document |= {"item": item.number, "key": f"{item.key:016x}"} | (
            {"name": item.name} if item.name else {}
        )
    match event:
        case Began(owner, round_):
            document |= {"event": "began", **asdict(owner), "round": round_}
        case Recorded(None):
            document |= {"event": "forgotten"}
        case Recorded(Record() as record):
            name = "submitted" if record.generation_request_id else "intended"
            document |= {"event": name, **record.as_json()}
        case Finished() | Downloaded() | Failed() | Ended():
            document |= {"event": type(event).__name__.lower(), **asdict(event)}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> tuple[Event, ItemRef | None]:
    """Decode a line.

    :raises ValueError: it is not the line of a journal.
    """
    try:
        document = json.loads(line)
        item = (
            ItemRef(document["item"], int(document["key"], 16), document.get("name"))
            if "key" in document
            else None
        )
        return _event(document), item
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _event(document: dict[str, Any]) -> Event:
    def read(cls: type) -> Any:
        # Fields that an earlier version did not write have their defaults. JSON lists become tuples again.
        values = ((each.name, document[each.name]) for each in fields(cls) if each.name in document)
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in values})

    match document["event"]:
        case "began":
            return Began(read(Owner), document["round"])
        case "forgotten":
            return Recorded(None)
        case "intended" | "submitted":
            return Recorded(read(Record))
        case name if name in _READ:
            event: Event = read(_READ[name])
            return event
        case name:
            raise ValueError(f"{str(name)[:50]!r} is no event of this version of the package")


_READ = {cls.__name__.lower(): cls for cls in (Finished, Downloaded, Failed, Ended)}
