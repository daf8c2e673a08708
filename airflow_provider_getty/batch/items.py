"""The items of a batch: read one after the other from a list, a JSON Lines file or a CSV file, and checked.

An item is the arguments that an operator of its ``operation`` takes. It is known by a key, a digest of what it asks,
so that a file whose lines were moved between two tries is still the same batch.
"""

from __future__ import annotations

import csv
import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import TextIOWrapper
from itertools import pairwise
from reprlib import repr as shortened
from typing import Any, TextIO, TypeAlias

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import GettyError, InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation
from airflow_provider_getty.generating.request import Request, request_of
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.storage import LocationLike, is_location, locate

Requests: TypeAlias = "LocationLike | Sequence[Mapping[str, Any]]"
"""A list of mappings, or where a file of JSON Lines or CSV is."""

_MOST_PROBLEMS = 10
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Item:
    """One generation that is asked for.

    :param number: its place in the batch, from 1.
    :param at: that place as people find it, such as ``line 7``.
    :param operation: the name of the operation, such as ``refine``.
    :param written: its arguments, as a user writes them.
    :param name: what the user calls it, if anything; it names its files.
    """

    number: int
    at: str
    operation: str
    written: Mapping[str, Any]
    name: str | None = None

    @property
    def key(self) -> int:
        """64 bits of a digest of all that it asks, its name included."""
        document = json.dumps([self.operation, self.name, self.written], sort_keys=True, default=_plain)
        return int.from_bytes(hashlib.sha256(document.encode()).digest()[:8])

    @property
    def kind(self) -> type[GeneratingOperation]:
        """The operation's model.

        :raises InvalidRequestError: there is no such operation.
        """
        if self.operation not in GENERATING:
            raise InvalidRequestError(
                f"There is no operation {self.operation!r}: {', '.join(sorted(GENERATING))}."
            )
        return GENERATING[self.operation]

    def request(self, account: Account) -> Request:
        """What to ask of Getty; its mask is read.

        :raises InvalidRequestError: the arguments cannot be used; of the mask, a ``MaskError``.
        """
        return request_of(self.kind, self.written, account)

    def request_without_mask(self, account: Account) -> Request:
        """The same, checked as far as that is possible without reading the mask."""
        written = {name: value for name, value in self.written.items() if value is not None}
        if "mask" in written:
            arguments.exactly_one(mask=written.pop("mask"), mask_url=written.get("mask_url"))
            written.pop("image_size", None)
            written["mask_url"] = account.uploads_url
        return request_of(self.kind, written, account)


@dataclass(frozen=True)
class Items:
    """All items, read anew by each iteration and never held together.

    :param requests: see :data:`Requests`.
    :param operation: of items that name none.
    :param defaults: arguments of items that do not give them.
    """

    requests: Requests
    operation: str = "refine"
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Generator[Item, None, None]:
        for number, (at, document) in enumerate(self._documents(), 1):
            yield self._item(number, at, document)

    def _documents(self) -> Iterator[tuple[str, Any]]:
        if isinstance(self.requests, str) and self.requests.lstrip().startswith("["):
            raise InvalidRequestError(
                "requests is the text of a list. Pass the list itself (upstream.output), or the path of a file."
            )
        if is_location(self.requests):
            yield from _in_file(self.requests)
        elif isinstance(self.requests, Sequence) and not isinstance(self.requests, bytes | bytearray):
            yield from ((f"item {number}", document) for number, document in enumerate(self.requests, 1))
        else:
            raise InvalidRequestError(
                f"requests is {type(self.requests).__name__}; give a list of mappings, or the path or URI of a "
                "file of JSON Lines or CSV."
            )

    def _item(self, number: int, at: str, document: Any) -> Item:
        if not isinstance(document, Mapping):
            raise InvalidRequestError(f"{at} is {shortened(document)}; it must be an object of arguments.")
        written = {**self.defaults, **{name: value for name, value in document.items() if value is not None}}
        operation = str(written.pop("operation", None) or self.operation)
        name = written.pop("name", None)
        if name is not None and (not str(name).strip() or "/" in str(name) or len(str(name)) > _LONGEST_NAME):
            raise InvalidRequestError(
                f"{at}: name is {shortened(name)}; it names files, so it must have 1 to {_LONGEST_NAME} characters "
                "and no '/'."
            )
        return Item(number, at, operation, written, None if name is None else str(name))


@dataclass(frozen=True)
class Catalogue:
    """What is remembered of all items: 8 bytes each, so that the journal's lines find theirs.

    :param keys: of all items, in their order.
    """

    keys: array[int]

    @classmethod
    def of(cls, items: Items, check: Callable[[Item], object] = lambda _: None) -> Catalogue:
        """Read all items once.

        :param check: raises a :class:`GettyError` for an item that cannot be used.
        :raises InvalidRequestError: some cannot be used, or repeat others. It names the first ones.
        """
        keys = array("Q")
        problems = 0
        first: list[str] = []
        for item in items:
            keys.append(item.key)
            try:
                check(item)
            except InvalidRequestError as error:
                problems += 1
                if len(first) < _MOST_PROBLEMS:
                    first.append(f"{item.at}: {error.problem}")
            except GettyError as error:
                raise error.with_context(asked=f"{item.at}: {error.asked}") from error.__cause__
        if problems:
            more = f" (and {problems - len(first)} more)" if problems > len(first) else ""
            raise InvalidRequestError(
                f"{problems} of {len(keys)} items cannot be used. {' '.join(first)}{more}"
            )
        catalogue = cls(keys)
        catalogue._refuse_repeated()
        return catalogue

    def __len__(self) -> int:
        return len(self.keys)

    def index(self, key: int) -> int | None:
        """The place of the item with this key, from 0; None: there is none (any more)."""
        place = bisect_left(self._sorted, key)
        if place == len(self._sorted) or self._sorted[place] != key:
            return None
        return self._order[place]

    @cached_property
    def _order(self) -> array[int]:
        return array("Q", sorted(range(len(self.keys)), key=self.keys.__getitem__))

    @cached_property
    def _sorted(self) -> array[int]:
        return array("Q", map(self.keys.__getitem__, self._order))

    def _refuse_repeated(self) -> None:
        for place, (key, next_key) in enumerate(pairwise(self._sorted)):
            if key == next_key:
                repeated, first = sorted((self._order[place] + 1, self._order[place + 1] + 1), reverse=True)
                raise InvalidRequestError(
                    f"Item {repeated} repeats item {first}, and would be paid for as well. Remove it, or give each a "
                    "'name' of its own if both are meant."
                )


def _in_file(where: Any) -> Iterator[tuple[str, Any]]:
    location = locate(where)
    try:
        with location.open() as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
            yield from (_csv(lines) if location.shown.lower().endswith(".csv") else _json_lines(lines))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InvalidRequestError(
            f"The requests {location.shown!r} cannot be read where this task runs: "
            f"{error.strerror or type(error).__name__}."
        ) from None
    except UnicodeDecodeError:
        raise InvalidRequestError(
            f"The requests {location.shown!r} are not UTF-8: save them as UTF-8."
        ) from None


def _json_lines(lines: TextIO) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except ValueError as error:
            raise InvalidRequestError(
                f"line {number} is not JSON ({error}): write one object a line."
            ) from None


def _csv(lines: TextIO) -> Iterator[tuple[str, Any]]:
    reader = csv.DictReader(lines, strict=True)
    try:
        for row in reader:
            at = f"line {reader.line_num}"
            if None in row:
                raise InvalidRequestError(f"{at} has more cells than the first line has names.")
            yield at, {name.strip(): _cell(name, text, at) for name, text in row.items() if text}
    except csv.Error as error:
        raise InvalidRequestError(f"line {reader.line_num} is not CSV: {error}.") from None


def _cell(name: str, text: str, at: str) -> Any:
    """The text, or what it holds if it is an object or a list of JSON."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise InvalidRequestError(f"{at}: {name} is not JSON ({error}).") from None


def _plain(value: object) -> str:
    """What JSON does not have, such as a mask's bytes or a path."""
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else str(value)
