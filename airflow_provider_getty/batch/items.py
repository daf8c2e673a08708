"""Reads and checks the items of a batch one by one, from a list or a file.

An item consists of the arguments that the operator of its ``operation`` takes. A key identifies it, a digest of its
request that does not depend on its position, its name, or the notation of its arguments.
"""

from __future__ import annotations

import hashlib
import json
import logging
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from reprlib import repr as shortened
from typing import Any, TypeAlias

from airflow_provider_getty.api.account import GETTY_URL, Account
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation
from airflow_provider_getty.batch.item_files import Document, Unusable, read_documents
from airflow_provider_getty.generating.record import fingerprint
from airflow_provider_getty.generating.request import (
    Request,
    check_prompt,
    check_values,
    operation_of,
    request_of,
)
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.masks import make_mask
from airflow_provider_getty.inputs.shapes import read_list
from airflow_provider_getty.inputs.storage import LocationLike, is_location

Requests: TypeAlias = "LocationLike | Sequence[Mapping[str, Any]]"
"""A list of mappings, or the location of a file of JSON Lines, of a JSON array, or of CSV."""

_SHOWN_PROBLEMS = 10
_LONGEST_NAME = 180
"""Bytes in UTF-8: a file name has at most 255, of which the rest takes up to 75."""
_PENDING_MASK = f"{GETTY_URL}/mask.jpg"


@dataclass(frozen=True, slots=True)
class Item:
    """One generation of the batch.

    :param number: its position in the batch, from 1.
    :param at: its position for people, such as ``line 7``.
    :param operation: the name of the operation, such as ``refine``.
    :param written: its arguments, as the user writes them.
    :param name: the user's name for it, if any, which begins the names of its files.
    """

    number: int
    at: str
    operation: str
    written: Mapping[str, Any]
    name: str | None = None

    @property
    def kind(self) -> type[GeneratingOperation]:
        """The operation's model.

        :raises InvalidRequestError: there is no such operation.
        """
        if self.operation not in GENERATING:
            raise InvalidRequestError(
                f"operation is {self.operation!r}; it must be one of {', '.join(sorted(GENERATING))}."
            )
        return GENERATING[self.operation]

    def request(self, account: Account) -> Request:
        """Make the request to Getty; the mask is read.

        :raises InvalidRequestError: the arguments cannot be used; of the mask, a ``MaskError``.
        :raises OSError: the mask cannot be read now.
        """
        return request_of(self.kind, self.written, account, log_level=logging.DEBUG)

    def without_mask(self) -> GeneratingOperation:
        """Make the operation without reading the mask, and so check the other arguments.

        :raises InvalidRequestError: they cannot be used.
        """
        written = dict(self.written)
        if "mask_url" in self.kind.model_fields:
            mask = written.pop("mask", None)
            written.pop("image_size", None)
            arguments.exactly_one(mask=mask, mask_url=written.get("mask_url"))
            written.setdefault("mask_url", _PENDING_MASK)
        return operation_of(self.kind, written)

    def key(self, operation: GeneratingOperation) -> int:
        """Return 64 bits of a digest of the item's request.

        :param operation: the result of :meth:`without_mask`.
        """
        mask = self._mask()
        inputs = "" if mask is None else json.dumps(mask, sort_keys=True, default=str)
        return _digest(fingerprint(operation, inputs))

    def _mask(self) -> Any:
        """Identify the mask: by its path, its boxes and polygons, its bytes, or its pixels."""
        source, size = self.written.get("mask"), self.written.get("image_size")
        if isinstance(source, str) and source.lstrip().startswith(("[", "{")):
            source = read_list(source)
        if source is None or is_location(source):
            return source and str(source)
        if isinstance(source, list | tuple) and not any(isinstance(shape, Mapping) for shape in source):
            return [source, read_list(size) if isinstance(size, str) else size]
        if isinstance(source, bytes | bytearray):
            return hashlib.sha256(source).hexdigest()
        return make_mask(source, image_size=size, log_level=logging.DEBUG).digest


@dataclass(frozen=True)
class Items:
    """All items. Each iteration reads them again; they are never in memory together.

    :param requests: see :data:`Requests`.
    :param operation: the operation of items that do not name one.
    :param defaults: the arguments of items that do not give them.
    """

    requests: Requests
    operation: str = "refine"
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Generator[Item | Unusable, None, None]:
        for number, document in enumerate(self._documents(), 1):
            if isinstance(document, Unusable):
                yield document
                continue
            at, written = document
            try:
                yield self._item(number, at, written)
            except InvalidRequestError as error:
                yield Unusable(at, error.problem)

    def _documents(self) -> Iterator[Document]:
        if isinstance(self.requests, str) and self.requests.lstrip().startswith("["):
            raise InvalidRequestError(
                "requests is the text of a list. Pass the list itself (upstream.output), or the path of a file."
            )
        if is_location(self.requests):
            yield from read_documents(self.requests)  # type: ignore[arg-type]
        elif isinstance(self.requests, Sequence) and not isinstance(self.requests, bytes | bytearray):
            yield from ((f"item {number}", document) for number, document in enumerate(self.requests, 1))
        else:
            raise InvalidRequestError(
                f"requests is {type(self.requests).__name__}; give a list of mappings, or the path or URI of a "
                "file of JSON Lines or CSV."
            )

    def _item(self, number: int, at: str, document: Any) -> Item:
        if not isinstance(document, Mapping):
            raise InvalidRequestError(f"it is {shortened(document)}; it must be a mapping of arguments.")
        written = {**_given(self.defaults), **_given(document)}
        for argument, value in {**written, **document}.items():
            if "prompt" in str(argument):
                check_prompt(str(argument), value)
        name = written.get("name")
        name = None if name is None else _checked_name(str(name))
        check_values(written)
        operation = str(written.pop("operation", None) or self.operation)
        written.pop("name", None)
        return Item(number, at, operation, written, name)


@dataclass(frozen=True)
class Catalogue:
    """The keys of all items, 8 bytes each, by which the journal's lines find their items.

    :param keys: the keys of all items, in their order.
    :param repeats: by number, the original keys of items whose request repeats an earlier one.
    """

    keys: array[int]
    repeats: Mapping[int, int] = field(default_factory=dict)

    @staticmethod
    def of(items: Items, check: Callable[[GeneratingOperation], object] = lambda _: None) -> Catalogue:
        """Read all items.

        :param check: raises an ``InvalidRequestError`` if an operation cannot be used.
        :raises InvalidRequestError: some items cannot be used, or repeat others; the first ten are named.
        """
        keys, names = array("Q"), array("Q")
        problems: list[str] = []
        unusable = 0
        for item in items:
            try:
                if isinstance(item, Unusable):
                    raise InvalidRequestError(item.problem)
                operation = item.without_mask()
                check(operation)
                keys.append(item.key(operation))
                names.append(_digest(item.name) if item.name else 0)
            except InvalidRequestError as error:
                unusable += 1
                if len(problems) < _SHOWN_PROBLEMS:
                    problems.append(f"{item.at}: {error.problem}")
        if unusable:
            more = f" (and {unusable - len(problems)} more)" if unusable > len(problems) else ""
            raise InvalidRequestError(
                f"{unusable} of {unusable + len(keys)} items cannot be used. {' '.join(problems)}{more}"
            )
        return _catalogue(keys, names)

    def __len__(self) -> int:
        return len(self.keys)

    def key(self, number: int) -> int:
        """Return the key of an item."""
        return self.keys[number - 1]

    def number(self, key: int) -> int | None:
        """Return the number of the item with this key; None if the batch has no such item."""
        found = bisect_left(self._sorted, key)
        if found == len(self._sorted) or self._sorted[found] != key:
            return None
        return self._order[found]

    def has(self, item: Item) -> bool:
        """Whether this is the item that was read with this number."""
        if item.number > len(self):
            return False
        return item.key(item.without_mask()) == self.repeats.get(item.number, self.key(item.number))

    @cached_property
    def _order(self) -> array[int]:
        return array("Q", sorted(range(1, len(self.keys) + 1), key=self.key))

    @cached_property
    def _sorted(self) -> array[int]:
        return array("Q", map(self.key, self._order))


def _catalogue(keys: array[int], names: array[int]) -> Catalogue:
    """Give repeated items keys of their own, provided that all of them have different names.

    :param names: digests of the names; 0: no name.
    :raises InvalidRequestError: repeated items lack different names.
    """
    order = sorted(range(len(keys)), key=keys.__getitem__)
    distinct, repeats = array("Q", keys), {}
    for key, group in groupby(order, key=keys.__getitem__):
        first, *others = group
        taken = {0, names[first]}
        for times, index in enumerate(others, 1):
            if names[index] in taken or not names[first]:
                raise InvalidRequestError(
                    f"Item {index + 1} repeats item {first + 1} and would be paid for again. Remove it, or, if "
                    "both are meant, give each its own 'name'."
                )
            taken.add(names[index])
            distinct[index] = _digest(f"{key}#{times}")
            repeats[index + 1] = key
    return Catalogue(distinct, repeats)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) or 1


def _given(document: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are neither None nor empty strings."""
    return {name: value for name, value in document.items() if value is not None and value != ""}


def _checked_name(name: str) -> str:
    encoded = name.encode(errors="surrogatepass")
    is_printable = all(character.isprintable() for character in name)
    if not name.strip() or not is_printable or {"/", "\\"} & set(name) or name.strip() in (".", ".."):
        raise InvalidRequestError(
            f"name is {shortened(name)}; it names files, so it must be printable, have neither '/' nor "
            "'\\', and be neither '.' nor '..'."
        )
    if len(encoded) > _LONGEST_NAME:
        raise InvalidRequestError(
            f"name is {shortened(name)}, {len(encoded)} bytes in UTF-8; it names files, so it may have at "
            f"most {_LONGEST_NAME} bytes."
        )
    return name
