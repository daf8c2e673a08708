"""One call of one operation, and the declaration of an operation."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from getty_emulator.answers import JSON, Answer, invalid_parameter, service_error
from getty_emulator.options import Dialect

if TYPE_CHECKING:
    from getty_emulator.faults.active import Fault
    from getty_emulator.service import Service
    from getty_emulator.state import Account

REDIRECTED = "redirected"
"""The parameter that the fault ``redirect`` adds to a query."""
COUNTS = ("all", "page", "none")
"""What ``result_count`` can count under the fault ``odd-pages``."""
LARGEST_PAGE = 1000
ALL_DIALECTS = frozenset(Dialect)
OLD_DIALECTS = frozenset({Dialect.ANY, Dialect.REFERENCE_PAGE})
NEW_DIALECTS = frozenset({Dialect.ANY, Dialect.CURRENT})


@dataclass(frozen=True, slots=True)
class Only:
    """Marks a field that only some dialects have."""

    dialects: frozenset[Dialect]


class Fields(BaseModel):
    """The fields of a body."""

    model_config = ConfigDict(strict=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _check_names(cls, content: Any, info: ValidationInfo) -> Any:
        """Remove nulls or, if strict, refuse nulls and fields that the dialect does not have."""
        if not isinstance(content, dict):
            return content
        context = info.context or {}
        if context.get("strict"):
            for name, value in content.items():
                if not cls._has(name, context["dialect"]):
                    raise PydanticCustomError("unknown", "There is no such field.", {"field": name})
                if value is None:
                    raise PydanticCustomError("null", "It must not be null.", {"field": name})
        return {name: value for name, value in content.items() if value is not None}

    @classmethod
    def _has(cls, name: str, dialect: Dialect) -> bool:
        field = cls.model_fields.get(name)
        if field is None:
            return False
        return all(dialect in mark.dialects for mark in field.metadata if isinstance(mark, Only))


Body = TypeVar("Body", bound=Fields)
Item = TypeVar("Item")


class Access(Enum):
    """The credentials that a call must present."""

    OPEN = auto()
    API_KEY = auto()
    API_KEY_AND_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Path:
    """A path, with ``{names}`` for its variable segments, and the dialects that serve it."""

    template: str
    dialects: frozenset[Dialect] = ALL_DIALECTS
    is_superseded: bool = False
    """True for a path that Getty has replaced. A strict emulator does not serve it."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of Getty's API."""

    name: str
    method: str
    paths: tuple[Path, ...]
    access: Access
    handle: Callable[[Call], Awaitable[Answer]]
    query: frozenset[str] = frozenset()
    """The query parameters that it knows; any other is refused. Calls with open access accept all."""


@dataclass(slots=True)
class Call:
    """A request as an operation sees it."""

    service: Service
    operation: Operation
    path: str
    """As sent."""
    segments: dict[str, str]
    """The variable segments of the path, decoded."""
    query_string: bytes
    headers: Mapping[str, str]
    """By lower-case name."""
    origin: str
    """``http://host:port`` as the client wrote it. Links in answers start with it."""
    body: bytes = field(default=b"", repr=False)
    signed_in: Account | None = None

    @property
    def account(self) -> Account:
        """Return the caller's account. Raises LookupError for calls with open access."""
        if self.signed_in is None:
            raise LookupError(f"{self.operation.name} is open to everyone.")
        return self.signed_in

    def now(self) -> float:
        """Return the emulator's time."""
        return self.service.clock.now()

    def take(self, fault: str) -> Fault | None:
        """Return the fault of this name that hits the call, if one does, and count the hit."""
        return self.service.faults.take(self, fault)

    def query(self) -> dict[str, list[str]]:
        """Return the query parameters; unless strict, ``name[]`` counts as ``name``."""
        found: dict[str, list[str]] = {}
        for name, values in parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True).items():
            known = name if self.service.strict else name.removesuffix("[]")
            found.setdefault(known, []).extend(values)
        return found

    def check_query(self) -> None:
        """Refuse query parameters that the operation does not know and, if strict, empty ones."""
        if self.operation.access is Access.OPEN:
            return
        for name, values in self.query().items():
            if name not in self.operation.query and name != REDIRECTED:
                raise invalid_parameter(name, "It is not recognized.")
            if self.service.strict and not all(values):
                raise invalid_parameter(name, "It is empty.")

    def parameter(self, name: str) -> str | None:
        """Return a query parameter, or None if it is missing or empty."""
        return next((value for value in self.query().get(name, []) if value), None)

    def number(self, name: str, default: int, largest: int) -> int:
        """Return a numeric query parameter from 1 to ``largest``."""
        text = self.parameter(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
            raise invalid_parameter(name, f"It must be a number from 1 to {largest}.")
        return int(text)

    def page_of(self, items: list[Item]) -> tuple[int | None, list[Item]]:
        """Return ``result_count`` and the requested page; refuse a page beyond the end."""
        page, size = self.number("page", 1, 2**31 - 1), self.number("page_size", 30, LARGEST_PAGE)
        counts = "all"
        if odd := self.take("odd-pages"):
            size = min(size, odd.parameters["most"])
            page = page if odd.parameters["turns"] else 1
            counts = odd.parameters["counts"]
        start = (page - 1) * size
        if page > 1 and start >= len(items):
            raise service_error(400, "InvalidPage", f"Page {page} is beyond the end.")
        shown = items[start : start + size]
        return {"all": len(items), "page": len(shown), "none": None}[counts], shown

    def read(self, model: type[Body]) -> Body:
        """Read the JSON body. Unless strict, null fields count as absent, and unknown ones are ignored.

        Getty's reference page names application/json as the default of Content-Type.
        """
        content_type = self.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        is_like_json = content_type == "text/json" or content_type.endswith("+json")
        if content_type != JSON and (self.service.strict or not is_like_json):
            raise service_error(415, "UnsupportedMediaType", "The body must be application/json.")
        try:
            content = json.loads(self.body)
        except ValueError:
            raise service_error(400, "MalformedRequest", "The body is not JSON.") from None
        if not isinstance(content, dict):
            raise service_error(400, "MalformedRequest", "The body is not a JSON object.")
        context = {"strict": self.service.strict, "dialect": self.service.dialect}
        try:
            return model.model_validate(content, context=context)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            names = [*map(str, first["loc"]), *filter(None, [first.get("ctx", {}).get("field")])]
            raise invalid_parameter(".".join(names), first["msg"]) from None


def int32(call: Call, segment: str) -> int:
    """Read a numeric segment of the path."""
    text = call.segments[segment]
    if not (text.isascii() and text.isdigit() and int(text) < 2**31):
        raise invalid_parameter(segment, f"The value {text[:20]!r} is not valid for Int32.")
    return int(text)
