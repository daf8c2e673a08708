"""Reads the items of a batch from a file: JSON Lines, a JSON array, or CSV as spreadsheets write it.

An unreadable line becomes an :class:`Unusable`, so that one message can name all of them.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from io import TextIOWrapper
from itertools import chain
from pathlib import PurePosixPath
from reprlib import repr as shortened
from typing import Any, TextIO, TypeAlias, get_args

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.inputs.storage import LocationLike, locate
from airflow_provider_getty.inputs.storage_errors import reason_of

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_TEXTS = frozenset({"prompt", "negative_prompt", "notes", "name", "project_code", "operation"})
"""Arguments whose cells are taken literally, even if they look like JSON."""
_BINARY_SUFFIXES = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".ods": "an OpenDocument spreadsheet",
    ".numbers": "a Numbers spreadsheet",
    ".parquet": "a Parquet file",
}
_BINARY_SIGNATURES = {
    b"\x1f\x8b": "compressed with gzip",
    b"PK\x03\x04": "a workbook or another ZIP archive",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet file",
}
"""The first bytes of files that are not text, whatever their names."""
_JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line or an item that cannot be used.

    :param at: its position, such as ``line 7``.
    :param problem: why it cannot be used, to follow the position in a message.
    """

    at: str
    problem: str


Document: TypeAlias = "tuple[str, Any] | Unusable"
"""The position of an item, such as ``line 7``, and its content."""


def read_documents(where: LocationLike) -> Iterator[Document]:
    """Read the items of a file one by one.

    :param where: the path or URI of a file. ``.csv`` and ``.tsv`` are tables; anything else is JSON Lines or, if it
        begins with ``[``, a JSON array, which is read as a whole.
    :raises InvalidRequestError: the file cannot be read.
    """
    location = locate(where)
    suffix = PurePosixPath(location.shown.lower()).suffix
    if kind := _BINARY_SUFFIXES.get(suffix):
        raise _binary_file(location.shown, kind)
    try:
        with location.open() as file:
            first = file.read(4)
            if kind := next(
                (_BINARY_SIGNATURES[each] for each in _BINARY_SIGNATURES if first.startswith(each)), None
            ):
                raise _binary_file(location.shown, kind)
            if b"\0" in first:  # UTF-16, whose bytes would be read as characters
                raise _not_utf_8(location.shown)
            file.seek(0)
            with TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
                yield from (_table(lines) if suffix in (".csv", ".tsv") else _json_documents(lines, suffix))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InvalidRequestError(
            f"The requests {location.shown!r} cannot be read where this task runs: {reason_of(error)}."
        ) from None
    except UnicodeDecodeError:
        raise _not_utf_8(location.shown) from None


def _binary_file(shown: str, kind: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The requests {shown!r} are {kind}: save them as CSV (UTF-8) or as JSON Lines."
    )


def _not_utf_8(shown: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The requests {shown!r} are not UTF-8: save them as UTF-8 (in Excel: CSV UTF-8)."
    )


def _json_documents(lines: TextIO, suffix: str) -> Iterator[Document]:
    first = lines.readline()
    if not first.lstrip().startswith("["):
        yield from _json_lines(chain([first], lines), suffix)
        return
    try:
        documents = json.loads(first + lines.read(), object_pairs_hook=_written_once)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestError(
            f"The requests begin like a JSON array, but are not one ({error})."
        ) from None
    yield from ((f"item {number}", document) for number, document in enumerate(documents, 1))


def _json_lines(lines: Iterable[str], suffix: str) -> Iterator[Document]:
    hint = "" if suffix in _JSON_SUFFIXES else " (The name of a table must end in .csv or .tsv.)"
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        at = f"line {number}"
        try:
            yield at, json.loads(line, object_pairs_hook=_written_once)
        except (ValueError, RecursionError) as error:
            yield Unusable(at, f"it is not JSON ({error}): write one object per line.{hint}")
            hint = ""


def _written_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary, and refuse repeated names: with two prompts, it is unknown which one is meant."""
    if repeated := _repeated(name for name, _ in pairs):
        raise ValueError(f"{shortened(repeated)} appears twice")
    return dict(pairs)


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, times in Counter(names).items() if name and times > 1), None)


def _table(lines: TextIO) -> Iterator[Document]:
    first = lines.readline()
    skipped = 0
    separator = ""
    while first and not first.strip():
        first, skipped = lines.readline(), skipped + 1
    if declared := re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE):  # a first line that Excel reads
        separator, first, skipped = declared[1], lines.readline(), skipped + 1
    if not first:
        raise InvalidRequestError(
            "The requests are an empty table: was the file complete when this task began?"
        )
    separator = separator or max(_SEPARATORS, key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    try:
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in next(reader, [])]
        if names and not known_arguments().intersection(names):
            raise InvalidRequestError(
                f"line {skipped + 1} of the requests names no argument ({', '.join(map(repr, names))}): the first "
                f"line must name the arguments, such as prompt. The separator was taken to be "
                f"{_SEPARATORS.get(separator, repr(separator))}."
            )
        if repeated := _repeated(names):
            raise InvalidRequestError(
                f"line {skipped + 1} of the requests names {repeated} twice: rename or remove one of the columns."
            )
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _row(names, row, f"line {skipped + reader.line_num}")
    except csv.Error as error:
        at = f"line {skipped + reader.line_num}"
        yield Unusable(at, f"it is not CSV: {error}. The rest was not read.")


def _row(names: list[str], row: list[str], at: str) -> Document:
    if any(cell.strip() for cell in row[len(names) :]):
        return Unusable(at, "it has more cells than the first line.")
    document = {}
    for name, text in zip(names, row, strict=False):
        if name and text.strip():
            try:
                document[name] = _cell(name, text)
            except ValueError as error:
                return Unusable(at, f"{name} is not JSON ({error}).")
    return at, document


def _cell(name: str, text: str) -> Any:
    """Return the text of a cell, with a decimal point for a decimal comma; or its value if it is JSON."""
    if name in _TEXTS:
        return text
    text = text.strip()
    if name in _decimals() and re.fullmatch(r"[+-]?\d*,\d+", text):
        return text.replace(",", ".")
    return json.loads(text) if text.startswith(("{", "[")) else text


@cache
def known_arguments() -> frozenset[str]:
    """The arguments that an item may have."""
    fields = chain.from_iterable(kind.model_fields for kind in GENERATING.values())
    return frozenset(fields) | {"operation", "name", "mask", "image_size"}


@cache
def _decimals() -> frozenset[str]:
    def holds_float(annotation: Any) -> bool:
        return annotation is float or any(map(holds_float, get_args(annotation)))

    return frozenset(
        name
        for kind in GENERATING.values()
        for name, field in kind.model_fields.items()
        if holds_float(field.annotation)
    )
