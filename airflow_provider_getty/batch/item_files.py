"""Reads the items of a batch from a file: JSON Lines, or CSV as spreadsheets write it.

A line that cannot be read is an :class:`Unusable` one, so that all of them can be named together.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from io import TextIOWrapper
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, TextIO, TypeAlias, get_args

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.inputs.storage import LocationLike, locate

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab"}
_TEXTS = frozenset({"prompt", "negative_prompt", "notes", "name", "project_code", "operation"})
"""Arguments whose cells are taken as they are, although they may begin as JSON does."""
_NO_TEXT_FILES = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook",
    ".xls": "an Excel workbook",
    ".ods": "an OpenDocument spreadsheet",
    ".numbers": "a Numbers spreadsheet",
    ".parquet": "a Parquet file",
}


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line or an item that cannot be used.

    :param at: where it is, such as ``line 7``.
    """

    at: str
    problem: str


Document: TypeAlias = "tuple[str, Any] | Unusable"
"""Where an item is, such as ``line 7``, and what is written there."""


def read_documents(where: LocationLike) -> Iterator[Document]:
    """Read the items of a file, one after the other.

    :param where: the path or URI of a file. ``.csv`` and ``.tsv`` are tables, anything else is JSON Lines.
    :raises InvalidRequestError: the file cannot be read.
    """
    location = locate(where)
    suffix = PurePosixPath(location.shown.lower()).suffix
    if kind := _NO_TEXT_FILES.get(suffix):
        raise InvalidRequestError(
            f"The requests {location.shown!r} are {kind}: save them as CSV (UTF-8) or as JSON Lines."
        )
    try:
        with location.open() as file, TextIOWrapper(file, encoding="utf-8-sig", newline="") as lines:
            yield from (_table(lines) if suffix in (".csv", ".tsv") else _json_lines(lines))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, PermissionError) as error:
        raise InvalidRequestError(
            f"The requests {location.shown!r} cannot be read where this task runs: "
            f"{error.strerror or type(error).__name__}."
        ) from None
    except UnicodeDecodeError:
        raise InvalidRequestError(
            f"The requests {location.shown!r} are not UTF-8: save them as UTF-8 (in Excel: CSV UTF-8)."
        ) from None


def _json_lines(lines: TextIO) -> Iterator[Document]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        at = f"line {number}"
        try:
            yield at, json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Unusable(at, f"it is not JSON ({error}): write one object a line.")


def _table(lines: TextIO) -> Iterator[Document]:
    first = lines.readline()
    skipped = 0
    separator = ""
    if declared := re.fullmatch(r'"?sep=(.)"?\s*', first, re.IGNORECASE):  # Excel's own first line
        separator, first, skipped = declared[1], lines.readline(), 1
    separator = separator or max(_SEPARATORS, key=first.count)
    reader = csv.reader(chain([first], lines), delimiter=separator, strict=True)
    try:
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in next(reader, [])]
        if names and not known_arguments().intersection(names):
            raise InvalidRequestError(
                f"line {skipped + 1} of the requests names no argument ({', '.join(map(repr, names))}): the first "
                f"line names the arguments, such as prompt. The separator was taken to be "
                f"{_SEPARATORS.get(separator, repr(separator))}."
            )
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _row(names, row, f"line {skipped + reader.line_num}")
    except csv.Error as error:
        at = f"line {skipped + reader.line_num}"
        yield Unusable(at, f"it is not CSV: {error}. What follows was not read.")


def _row(names: list[str], row: list[str], at: str) -> Document:
    if any(cell.strip() for cell in row[len(names) :]):
        return Unusable(at, "it has more cells than the first line has names.")
    document = {}
    for name, text in zip(names, row, strict=False):
        if name and text.strip():
            try:
                document[name] = _cell(name, text)
            except ValueError as error:
                return Unusable(at, f"{name} is not JSON ({error}).")
    return at, document


def _cell(name: str, text: str) -> Any:
    """Return the text; the number, if a comma is its decimal point; or the value, if it is JSON."""
    if name in _TEXTS:
        return text
    text = text.strip()
    if name in _decimals() and re.fullmatch(r"[+-]?\d*,\d+", text):
        return text.replace(",", ".")
    return json.loads(text) if text.startswith(("{", "[")) else text


@cache
def known_arguments() -> frozenset[str]:
    """All arguments that an item may have."""
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
