"""Derives the progress of a batch from the lines of its journal. No I/O.

An item takes one byte; it takes more only while it is under way, or if it has failed after it was paid for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Ended,
    Event,
    Failed,
    Finished,
    ItemEvent,
    ItemRef,
    Owner,
    Recorded,
)
from airflow_provider_getty.batch.items import Catalogue, Item
from airflow_provider_getty.generating.record import Record
from airflow_provider_getty.inputs.arguments import BatchOnBlocked

SHOWN_FAILURES = 10
_LONGEST_ERROR = 500


class Status(IntEnum):
    """The state of an item."""

    NEW = 0
    INTENDED = 1
    """About to be submitted, or interrupted meanwhile: there may be a generation."""
    SUBMITTED = 2
    GENERATED = 3
    """Its images have yet to be downloaded."""
    COMPLETED = 4
    BLOCKED = 5
    FAILED = 6


@dataclass(slots=True)
class Entry:
    """The submission of an item that is under way."""

    record: Record
    name: str | None = None
    finished: Finished | None = None

    @property
    def status(self) -> Status:
        """The state of the item, unless it failed."""
        if self.finished:
            return Status.GENERATED
        return Status.SUBMITTED if self.record.generation_request_id else Status.INTENDED


@dataclass
class Progress:
    """The sum of the lines of a journal; :meth:`apply` takes them one by one, in order.

    :param catalogue: the items of the batch.
    :param on_blocked: which items with blocked images count as failed.
    :param downloads: whether images are downloaded.
    """

    catalogue: Catalogue
    on_blocked: BatchOnBlocked = "fail"
    downloads: bool = False
    owner: Owner | None = None
    round: int = 0
    succeeded: bool | None = None
    """Whether the last try succeeded; None if it has not ended."""
    failures: list[dict[str, Any]] = field(default_factory=list)
    """The first items that failed: ``item`` (its number), ``name`` (or None) and ``error``."""
    may_retry: bool = False
    """Whether another try may succeed with an item that failed."""
    _status: bytearray = field(init=False)
    _entries: dict[int, Entry] = field(default_factory=dict)
    _left_behind: dict[int, Record] = field(default_factory=dict)
    """The submissions whose items are no longer in the batch, by key."""
    _tally: list[int] = field(init=False)
    _submitted: int = 0
    _charged: int = 0
    _unknown: dict[str, int] = field(default_factory=dict)
    """By marker, how many requests may have created an unknown generation, if any."""
    _downloaded: int = 0

    def __post_init__(self) -> None:
        self._forget()

    def apply(self, event: Event, item: ItemRef | None) -> None:
        """Add the next line."""
        match event:
            case Began():
                self._begin(event)
            case Ended(succeeded=succeeded):
                self.succeeded = succeeded
            case _ if item:
                number = self.catalogue.number(item.key)
                if number is not None:
                    self._item(number, item.name, event)
                else:
                    self._leave_behind(item.key, event)

    def status(self, number: int) -> Status:
        """The state of an item."""
        return Status(self._status[number])

    def entry(self, number: int) -> Entry | None:
        """The submission of an item that is under way."""
        return self._entries.get(number)

    def ref(self, item: Item) -> ItemRef:
        """Return the reference to an item that lines use."""
        return ItemRef(item.number, self.catalogue.key(item.number), item.name)

    def under_way(self) -> Iterator[tuple[ItemRef, Entry]]:
        """The items that have been submitted and have not ended."""
        for number, entry in list(self._entries.items()):
            if self.status(number) in (Status.SUBMITTED, Status.GENERATED):
                yield ItemRef(number, self.catalogue.key(number), entry.name), entry

    def keep_to(self, account: str) -> None:
        """Have items that are under way in another account submitted again: this account cannot poll or download them.

        :param account: see :func:`~.generating.record.account_digest`.
        """
        for number, entry in self._entries.items():
            is_under_way = self.status(number) in (Status.SUBMITTED, Status.GENERATED)
            if is_under_way and entry.record.account != account:
                entry.finished = None
                self._move(number, Status.INTENDED)

    @property
    def left_behind(self) -> list[str]:
        """Generations of removed items that nobody has collected: by id, or by marker if one may have been created."""
        return [
            each.generation_request_id or f"that with the marker {each.marker}"
            for each in self._left_behind.values()
            if not each.delivered and (each.generation_request_id or each.marker in self._unknown)
        ]

    def counts(self) -> dict[str, int]:
        """Count the batch.

        :return: items: ``total``, ``submitted``, ``completed``, ``blocked``, ``failed``; generations: ``charged``, and
            ``unknown``, the requests that may have created one; images: ``downloaded``.
        """
        return {
            "total": len(self.catalogue),
            "submitted": self._submitted,
            "completed": self._tally[Status.COMPLETED] + self._tally[Status.GENERATED],
            "blocked": self._tally[Status.BLOCKED],
            "failed": self._tally[Status.FAILED],
            "charged": self._charged,
            "unknown": sum(self._unknown.values()),
            "downloaded": self._downloaded,
        }

    def _begin(self, event: Began) -> None:
        if self.owner and self.owner != event.owner:
            raise InvalidRequestError(f"The journal belongs to {self.owner}; this is {event.owner}.")
        if self.succeeded and event.round != self.round:
            self._forget()  # its result was returned, and a person wants another one
        self.owner, self.round, self.succeeded = event.owner, event.round, None
        self.failures, self.may_retry = [], False
        for number in range(1, len(self._status)) if self._tally[Status.FAILED] else ():
            if self._status[number] == Status.FAILED:
                entry = self._entries.get(number)
                self._move(number, entry.status if entry else Status.NEW)

    def _item(self, number: int, name: str | None, event: ItemEvent) -> None:
        entry = self._entries.get(number)
        match event:
            case Recorded(None):
                if self._entries.pop(number, None) and entry:
                    self._submitted -= entry.record.generation_request_id is not None
                    self._unknown.pop(entry.record.marker, None)
                self._move(number, Status.NEW)
            case Recorded(Record() as record):
                before = entry.record if entry else None
                self._charge(record, before)
                self._submitted += bool(record.generation_request_id) - bool(
                    before and before.generation_request_id
                )
                self._entries[number] = Entry(record, name)
                self._move(number, self._entries[number].status)
            case Finished():
                self._finish(number, name, event)
            case Downloaded(files):
                self._downloaded += len(files)
                self._close(number, Status.COMPLETED)
            case Failed(error=error):
                self._fail(number, name, error, may_retry=event.may_retry)
                self._move(number, Status.FAILED)

    def _finish(self, number: int, name: str | None, event: Finished) -> None:
        if event.blocked and (not event.shown or self.on_blocked == "fail_any"):
            self._close(number, Status.BLOCKED)
            if self.on_blocked != "ignore":
                self._fail(
                    number,
                    name,
                    f"Generation {event.generation_request_id}: Getty's content policy blocked {len(event.blocked)} "
                    f"of {len(event.images)} images.",
                    may_retry=False,
                )
        elif self.downloads and (entry := self._entries.get(number)):
            entry.finished = event
            self._move(number, Status.GENERATED)
        else:
            self._close(number, Status.COMPLETED)

    def _leave_behind(self, key: int, event: ItemEvent) -> None:
        before = self._left_behind.get(key)
        match event:
            case Recorded(None) if before:
                del self._left_behind[key]
                self._unknown.pop(before.marker, None)
            case Recorded(Record() as record):
                self._charge(record, before)
                self._left_behind[key] = record
            case Finished() | Downloaded() if before:
                is_collected = isinstance(event, Downloaded) or not (self.downloads and event.shown)
                self._left_behind[key] = replace(before, delivered=is_collected)

    def _charge(self, record: Record, before: Record | None) -> None:
        """Count the charged and the unknown generations of a record.

        Unknown generations of the same item's record for another account stay unknown.
        """
        if before and before.marker != record.marker and before.intended > record.intended:
            self._unknown.pop(before.marker, None)  # the request that was to replace this one was refused
        self._charged += _is_new(record, before) - _is_doubted(record, before)
        self._unknown[record.marker] = max(record.unknown, int(record.generation_request_id is None))
        if not self._unknown[record.marker]:
            del self._unknown[record.marker]

    def _fail(self, number: int, name: str | None, error: str, *, may_retry: bool) -> None:
        self.may_retry = self.may_retry or may_retry
        if len(self.failures) < SHOWN_FAILURES:
            self.failures.append({"item": number, "name": name, "error": error[:_LONGEST_ERROR]})

    def _close(self, number: int, status: Status) -> None:
        self._entries.pop(number, None)
        self._move(number, status)

    def _move(self, number: int, status: Status) -> None:
        self._tally[self._status[number]] -= 1
        self._tally[status] += 1
        self._status[number] = status

    def _forget(self) -> None:
        self._status = bytearray(len(self.catalogue) + 1)  # the numbers of items begin at 1
        self._tally = [0] * len(Status)
        self._tally[Status.NEW] = len(self.catalogue)
        self._entries, self._left_behind = {}, {}
        self._submitted = self._charged = self._downloaded = 0
        self._unknown = {}


def _is_doubted(record: Record, before: Record | None) -> bool:
    """Whether Getty no longer knows the generation that the record had."""
    had = before.generation_request_id if before and before.marker == record.marker else None
    return had is not None and record.generation_request_id is None and record.previous != had


def _is_new(record: Record, before: Record | None) -> bool:
    """Whether the record has a generation that was not counted before.

    An earlier generation returns if the request that was to replace it is refused.
    """
    counted = (before.generation_request_id, before.previous) if before else ()
    return record.generation_request_id is not None and record.generation_request_id not in counted
