"""Reads the finished items of a batch from its journal, for assets, lineage and the contact sheet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Ended,
    Event,
    Finished,
    ItemRef,
    Recorded,
    decode,
)
from airflow_provider_getty.batch.items import Catalogue, Item, Items
from airflow_provider_getty.inputs.storage import LocationLike, locate


@dataclass(frozen=True)
class MadeItem:
    """An item whose generation is finished.

    :param item: the item.
    :param finished: its generation.
    :param files: the names of its downloaded images, in the order of the images that were not blocked.
    """

    item: Item
    finished: Finished
    files: tuple[str, ...] = ()


def made_items(items: Items, journal: LocationLike) -> Iterator[MadeItem]:
    """Yield the items that were finished when the batch's last try ended, in the order of the batch.

    In an object store, the lines of a try that is still running are not read.

    :raises InvalidRequestError: items cannot be used.
    :raises OSError: the journal cannot be read.
    """
    found = _finished(journal)
    if not found:
        return
    catalogue = Catalogue.of(items)
    for item in items:
        if isinstance(item, Item) and (known := found.get(catalogue.key(item.number))):
            finished, files = known
            yield MadeItem(item, finished, files)


def _finished(journal: LocationLike) -> dict[int, tuple[Finished, tuple[str, ...]]]:
    """The finished generations and the files of their images, by the key of the item."""
    found: dict[int, tuple[Finished, tuple[str, ...]]] = {}
    began, succeeded = None, False
    for event, item in _events(journal):
        match event:
            case Began():
                if succeeded and began and began.round != event.round:
                    found.clear()  # a person wanted another result
                began, succeeded = event, False
            case Ended():
                succeeded = event.succeeded
            case Recorded(record) if item:
                known = found.get(item.key)
                if known and (
                    record is None or record.generation_request_id != known[0].generation_request_id
                ):
                    del found[item.key]
            case Finished() if item:
                found[item.key] = (event, ())
            case Downloaded(files) if item and item.key in found:
                found[item.key] = (found[item.key][0], files)
    return found


def _events(journal: LocationLike) -> Iterator[tuple[Event, ItemRef | None]]:
    with locate(journal).open() as lines:
        for line in lines:
            with suppress(ValueError):  # the last line of an object says which parts were joined
                yield decode(line)
