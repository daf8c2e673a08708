"""One call of one operation, and how an operation is declared."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

from pydantic import BaseModel, ValidationError

from getty_emulator.answers import JSON, Answer, invalid_parameter, service_error
from getty_emulator.settings import Dialect

if TYPE_CHECKING:
    from getty_emulator.faults import Fault
    from getty_emulator.service import Service
    from getty_emulator.state import Account

Body = TypeVar("Body", bound=BaseModel)
LARGEST_PAGE = 1000
ALL_DIALECTS = frozenset(Dialect)
OLD_DIALECTS = frozenset({Dialect.ANY, Dialect.REFERENCE_PAGE})
NEW_DIALECTS = frozenset({Dialect.ANY, Dialect.CURRENT})


class Access(Enum):
    """What a call must present."""

    OPEN = auto()
    API_KEY = auto()
    API_KEY_AND_TOKEN = auto()


@dataclass(frozen=True, slots=True)
class Path:
    """A path, with ``{names}`` for its variable segments, and the dialects that serve it."""

    template: str
    dialects: frozenset[Dialect] = ALL_DIALECTS


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that Getty's API does."""

    name: str
    method: str
    paths: tuple[Path, ...]
    access: Access
    handle: Callable[[Call], Awaitable[Answer]]


@dataclass(slots=True)
class Call:
    """A request as an operation sees it."""

    service: Service
    operation: Operation
    segments: dict[str, str]
    """The variable segments of the path, decoded."""
    query_string: bytes
    headers: dict[str, str]
    """By lower-case name."""
    origin: str
    """``http://host:port`` as the client wrote it: links in answers begin with it."""
    body: bytes = field(default=b"", repr=False)
    signed_in: Account | None = None

    @property
    def account(self) -> Account:
        """Return whose call it is; calls with open access have no account."""
        if self.signed_in is None:
            raise LookupError(f"{self.operation.name} is open to everyone.")
        return self.signed_in

    def now(self) -> float:
        """Return the emulator's time."""
        return self.service.clock.now()

    def take(self, fault: str) -> Fault | None:
        """Return the fault of this name that hits the call, if one does, and count the hit."""
        return self.service.faults.take(self.operation.name, fault)

    def query(self) -> dict[str, list[str]]:
        """Return the parameters of the query; ``name[]`` counts as ``name``."""
        found: dict[str, list[str]] = {}
        for name, values in parse_qs(self.query_string.decode("latin-1"), keep_blank_values=True).items():
            found.setdefault(name.removesuffix("[]"), []).extend(values)
        return found

    def parameter(self, name: str) -> str | None:
        """Return a parameter of the query, if it is there and not empty."""
        return next((value for value in self.query().get(name, []) if value), None)

    def number(self, name: str, default: int, largest: int) -> int:
        """Return a parameter of the query that is a number from 1 on."""
        text = self.parameter(name) or str(default)
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
            raise invalid_parameter(name, f"It must be a number from 1 to {largest}.")
        return int(text)

    def read(self, model: type[Body]) -> Body:
        """Read the JSON body. Fields that are null count as absent, unknown ones are passed over.

        Getty's reference page names application/json as the default of Content-Type.
        """
        content_type = self.headers.get("content-type", JSON).partition(";")[0].strip().lower()
        if not (content_type in {"application/json", "text/json"} or content_type.endswith("+json")):
            raise service_error(415, "UnsupportedMediaType", "The body must be application/json.")
        try:
            content = json.loads(self.body)
        except ValueError:
            raise service_error(400, "MalformedRequest", "The body is not JSON.") from None
        if not isinstance(content, dict):
            raise service_error(400, "MalformedRequest", "The body is not a JSON object.")
        return validated(model, {name: value for name, value in content.items() if value is not None})


def validated(model: type[Body], content: dict[str, Any]) -> Body:
    """Return the content as the model, or refuse the first value that is wrong."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise invalid_parameter(".".join(map(str, first["loc"])), first["msg"]) from None


def int32(call: Call, segment: str) -> int:
    """Read a segment of the path that is a number."""
    text = call.segments[segment]
    if not (text.isascii() and text.isdigit() and int(text) < 2**31):
        raise invalid_parameter(segment, f"The value {text[:20]!r} is not valid for Int32.")
    return int(text)
