"""How far a batch is: what its journal's lines add up to. No I/O.

It takes a byte for each item; more only for items that are under way, or failed after they were paid for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, Literal, TypeAlias

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Ended,
    Event,
    Failed,
    Finished,
    Kept,
    OfItem,
    Owner,
    Place,
)
from airflow_provider_getty.batch.items import Catalogue
from airflow_provider_getty.generating.submission import Record

OnBlocked: TypeAlias = Literal["fail", "fail_any", "ignore"]
"""Which items count as failed for their blocked images: those with all blocked, those with any, none."""

SHOWN_FAILURES = 10
_LONGEST_ERROR = 500


class Status(IntEnum):
    """How far an item is."""

    NEW = 0
    INTENDED = 1
    """About to be submitted, or cut off while it was: perhaps there is a generation."""
    SUBMITTED = 2
    GENERATED = 3
    """Its images are still to be downloaded."""
    COMPLETED = 4
    BLOCKED = 5
    FAILED = 6


_OVER = frozenset({Status.COMPLETED, Status.BLOCKED, Status.FAILED})


@dataclass(slots=True)
class Entry:
    """What is known of an item that is under way."""

    record: Record
    name: str | None = None
    finished: Finished | None = None

    @property
    def status(self) -> Status:
        """How far it is."""
        if self.finished:
            return Status.GENERATED
        return Status.SUBMITTED if self.record.generation_request_id else Status.INTENDED


@dataclass
class Progress:
    """Told every line of the journal, in order.

    :param downloads: whether images are to be downloaded.
    """

    catalogue: Catalogue
    on_blocked: OnBlocked = "fail"
    downloads: bool = False
    owner: Owner | None = None
    round: int = 0
    succeeded: bool | None = None
    """How the last try ended; None: it has not."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """The first items that failed: ``{"item", "error"}``."""
    may_retry: bool = False
    """Whether another try may mend a failure."""
    left_behind: int = 0
    """Submissions of items that are no longer in the batch."""
    _status: bytearray = field(init=False)
    _entries: dict[int, Entry] = field(default_factory=dict)
    _tally: list[int] = field(init=False)
    _submitted: int = 0
    _charged: int = 0
    _downloaded: int = 0

    def __post_init__(self) -> None:
        self._forget()

    def apply(self, event: Event, of: Place | None) -> None:
        """Take in the next line."""
        match event:
            case Began():
                self._begin(event)
            case Ended(succeeded=succeeded):
                self.succeeded = succeeded
            case _ if of:
                index = self.catalogue.index(of.key)
                if index is not None:
                    self._item(index, of, event)
                elif isinstance(event, Kept) and event.record and event.record.generation_request_id:
                    self.left_behind += 1

    def status(self, index: int) -> Status:
        """How far an item is."""
        return Status(self._status[index])

    def entry(self, index: int) -> Entry | None:
        """What is known of an item that is under way."""
        return self._entries.get(index)

    def under_way(self) -> Iterator[tuple[int, Entry]]:
        """The items that are submitted and not over."""
        for index, entry in list(self._entries.items()):
            if self.status(index) in (Status.SUBMITTED, Status.GENERATED):
                yield index, entry

    def place(self, index: int, name: str | None = None) -> Place:
        """How lines refer to an item."""
        entry = self._entries.get(index)
        return Place(index + 1, self.catalogue.keys[index], entry.name if entry else name)

    def counts(self) -> dict[str, int]:
        """Items: ``total``, ``submitted``, ``completed``, ``blocked``, ``failed``; generations: ``charged``; images:
        ``downloaded``.
        """  # noqa: D205 - a list
        return {
            "total": len(self.catalogue),
            "submitted": self._submitted,
            "completed": self._tally[Status.COMPLETED] + self._tally[Status.GENERATED],
            "blocked": self._tally[Status.BLOCKED],
            "failed": self._tally[Status.FAILED],
            "charged": self._charged,
            "downloaded": self._downloaded,
        }

    def _begin(self, event: Began) -> None:
        if self.owner and self.owner != event.owner:
            raise InvalidRequestError(f"The journal is that of {self.owner}; this is {event.owner}.")
        if self.succeeded and event.round != self.round:
            self._forget()  # its result was returned, and a person wants another
        self.owner, self.round, self.succeeded = event.owner, event.round, None
        self.failures, self.may_retry = [], False
        for index in range(len(self._status)) if self._tally[Status.FAILED] else ():
            if self._status[index] == Status.FAILED:
                entry = self._entries.get(index)
                self._move(index, entry.status if entry else Status.NEW)

    def _item(self, index: int, of: Place, event: OfItem) -> None:
        entry = self._entries.get(index)
        match event:
            case Kept(None):
                if self._entries.pop(index, None) and entry and entry.record.generation_request_id:
                    self._submitted -= 1
                self._move(index, Status.NEW)
            case Kept(Record() as record):
                new_id = record.generation_request_id
                if new_id and new_id != (entry and entry.record.generation_request_id):
                    self._charged += 1
                    self._submitted += not (entry and entry.record.generation_request_id)
                self._entries[index] = Entry(record, of.name)
                self._move(index, self._entries[index].status)
            case Finished():
                self._finish(index, event)
            case Downloaded(files):
                self._downloaded += len(files)
                self._close(index, Status.COMPLETED)
            case Failed(error=error):
                self._fail(index, error, may_retry=event.may_retry)
                self._move(index, Status.FAILED)

    def _finish(self, index: int, event: Finished) -> None:
        if event.blocked and (not event.shown or self.on_blocked == "fail_any"):
            self._close(index, Status.BLOCKED)
            if self.on_blocked != "ignore":
                self._fail(
                    index,
                    f"Generation {event.generation_request_id}: Getty's content policy withheld {len(event.blocked)} "
                    f"of {len(event.images)} images.",
                    may_retry=False,
                )
        elif self.downloads and (entry := self._entries.get(index)):
            entry.finished = event
            self._move(index, Status.GENERATED)
        else:
            self._close(index, Status.COMPLETED)

    def _fail(self, index: int, error: str, *, may_retry: bool) -> None:
        self.may_retry = self.may_retry or may_retry
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append({"item": index + 1, "error": error[:_LONGEST_ERROR]})

    def _close(self, index: int, status: Status) -> None:
        self._entries.pop(index, None)
        self._move(index, status)

    def _move(self, index: int, status: Status) -> None:
        self._tally[self._status[index]] -= 1
        self._tally[status] += 1
        self._status[index] = status

    def _forget(self) -> None:
        self._status = bytearray(len(self.catalogue))
        self._tally = [0] * len(Status)
        self._tally[Status.NEW] = len(self.catalogue)
        self._entries = {}
        self._submitted = self._charged = self._downloaded = 0
