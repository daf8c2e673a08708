"""Reads an HTTP response of Getty as the documented result or as an error.

Sources: the reference page for the results, Getty's API reference for statuses and codes. A service's error
is ``{"ErrorCode", "ErrorMessage"}``, its gateway's ``{"message"}``, the token server's ``{"error",
"error_description"}``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import inf
from reprlib import repr as shortened
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import ValidationError

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.results import folded

_REQUEST_ID_HEADERS = ("x-request-id", "x-amzn-requestid", "x-amz-apigw-id", "x-amz-cf-id")
_QPS_DETAIL = "queries per second"
_LONGEST_QUOTE = 300
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_CHARSET = re.compile(r"charset=[\"']?([\w.-]+)", re.IGNORECASE)
_TERMINAL_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-_])")


def _integer(digits: str) -> float:
    """Python's integer; infinity for thousands of digits, which Python refuses and nothing needs."""
    try:
        return int(digits)
    except ValueError:
        return inf


_JSON = json.JSONDecoder(parse_int=_integer)

_ErrorT = TypeVar("_ErrorT", bound=errors.AnswerError)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response.

    :param headers: with names in lower case.
    :param body: the body; of one streamed into a file, only the first bytes.
    :param received: the length of the body, in bytes.
    :param last: the last bytes of a body streamed into a file.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    received: int = 0
    last: bytes = field(default=b"", repr=False)

    @property
    def code(self) -> str | None:
        """The error's code, such as ``InvalidProduct``."""
        said = (self._fields.get(name) for name in ("errorcode", "code", "error", "type"))
        return next((each for each in said if isinstance(each, str) and _CODE.fullmatch(each)), None)

    @property
    def message(self) -> str | None:
        """The error's text in one short line, with the texts about single fields of ``problem+json``."""
        said = (
            self._fields.get(name)
            for name in ("errormessage", "message", "errordescription", "detail", "title", "error")
        )
        messages = [next((each for each in said if each and isinstance(each, str) and each != self.code), "")]
        of_fields = self._fields.get("errors")
        if isinstance(of_fields, Mapping):
            messages += [f"{name}: {_flat(each)}" for name, each in of_fields.items()]
        elif of_fields:
            messages.append(_flat(of_fields))
        return quoted("; ".join(filter(None, (each.rstrip(". ") for each in messages)))) or None

    @property
    def detail(self) -> str | None:
        """The header ``X-Error-Detail``, which the gateway adds."""
        return quoted(self.headers.get("x-error-detail", "")) or None

    @property
    def request_id(self) -> str | None:
        """Getty's id of the request, for its support."""
        found = (self.headers[name] for name in _REQUEST_ID_HEADERS if name in self.headers)
        return quoted(next(found, "")) or None

    @property
    def is_unmatched_route(self) -> bool:
        """Whether the API has no such path, as opposed to an object that is not found or not allowed."""
        if self.status == HTTPStatus.FORBIDDEN:
            return self.message == "Missing Authentication Token"
        return self.status == HTTPStatus.NOT_FOUND and self.code is None

    @property
    def _new_host(self) -> str:
        """The target of a redirect, without its path and query, which may be signed."""
        try:
            parts = urlsplit(self.headers.get("location", ""))
        except ValueError:
            return "an unreadable address"
        if not (host := parts.netloc.rpartition("@")[2]):
            return "another path"
        return quoted(f"{parts.scheme}://{host}" if parts.scheme else host)

    def seconds_behind(self, now: float, default: float) -> float:
        """By how many seconds the server's clock, shown in the header ``Date``, is behind.

        :param now: the present (Unix time).
        :param default: for an answer without a valid ``Date``.
        """
        try:
            return now - parsedate_to_datetime(self.headers.get("date", "")).timestamp()
        except ValueError:
            return default

    def json(self) -> Any:
        """The body as JSON; anything that follows it is ignored.

        :raises ValueError: it is not JSON.
        """
        if not self.body:
            raise ValueError("it is empty")
        # JSON is UTF-8, unless its first bytes or the content type say otherwise.
        encoding: str = json.detect_encoding(self.body)
        declared = _CHARSET.search(self.headers.get("content-type", ""))
        if declared and encoding == "utf-8":
            encoding = declared[1]
        try:
            try:
                text = self.body.decode(encoding, "replace")
            except LookupError:
                text = self.body.decode(errors="replace")
            return _JSON.raw_decode(text.lstrip())[0]
        except (ValueError, RecursionError):
            raise ValueError("it is not JSON") from None

    def error(
        self,
        kind: type[errors.AnswerError] | None = None,
        *,
        asked: str = "",
        credit: Credit = Credit.UNUSED,
        advice: str | None = None,
        further: str = "",
    ) -> errors.AnswerError:
        """Return this answer as an error.

        :param kind: its class. Default: by status and code.
        :param asked: see :class:`.errors.GettyError`, also for ``credit`` and ``advice``.
        :param further: a sentence to add to the problem.
        """
        named = " ".join(filter(None, (str(self.status), self.code)))
        said = f": {self.message.rstrip('.')}" if self.message else ""
        if self.status // 100 == 3:  # noqa: PLR2004
            said = f", a redirect to {self._new_host}"
        problem = f"Getty answered {named}{said}"
        return self._error(kind or self.kind, problem, further, asked=asked, credit=credit, advice=advice)

    def unexpected(
        self,
        why: ValueError,
        kind: type[errors.UnexpectedAnswerError] = errors.UnexpectedAnswerError,
        *,
        asked: str = "",
        credit: Credit = Credit.UNUSED,
    ) -> errors.UnexpectedAnswerError:
        """Return the error for an answer that should have been a result, but cannot be read."""
        problem = str(why)
        if isinstance(why, ValidationError):  # its own text would repeat the document with its signed URLs
            problem = "; ".join(
                f"{'.'.join(map(str, part['loc'])) or 'the document'}: {part['msg']}" for part in why.errors()
            )
        content_type = quoted(self.headers.get("content-type", "no content type"))
        return self._error(
            kind,
            f"Getty answered {self.status} ({content_type}), which cannot be used: {quoted(problem)}",
            asked=asked,
            credit=credit,
        )

    @property
    def _fields(self) -> dict[str, Any]:
        """The fields of an error by their folded names, including those inside a field ``error``."""
        try:
            document = self.json()
        except ValueError:
            return {}
        if not isinstance(document, Mapping):
            return {}
        fields = {folded(name): value for name, value in document.items()}
        wrapped = fields.get("error")
        if isinstance(wrapped, Mapping):
            fields |= {folded(name): value for name, value in wrapped.items()}
        return fields

    def _error(self, kind: type[_ErrorT], problem: str, further: str = "", **context: Any) -> _ErrorT:
        notes = (
            f"X-Error-Detail: {self.detail}" if self.detail else None,
            f"request id {self.request_id}" if self.request_id else None,
        )
        reference = ", ".join(filter(None, notes))
        problem = f"{problem} ({reference})." if reference else f"{problem}."
        return kind(
            f"{problem} {further}" if further else problem,
            status=self.status,
            code=self.code,
            detail=self.detail,
            request_id=self.request_id,
            **context,
        )

    @property
    def kind(self) -> type[errors.AnswerError]:
        """The class of the error that this answer is, if it is one."""
        if kind := _BY_CODE.get((self.status, folded(self.code or ""))):
            return kind
        if self.status == HTTPStatus.FORBIDDEN and _QPS_DETAIL in (self.detail or "").lower():
            return errors.QueriesPerSecondError  # of an older gateway
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            # It is not settled whether Getty tells its limits apart by the code, the detail or the message.
            hint = " ".join(filter(None, (self.code, self.detail, self.message))).lower()
            if "concurrent" in hint:
                return errors.ConcurrentGenerationsError
            if _QPS_DETAIL in hint:
                return errors.QueriesPerSecondError
        return _BY_STATUS.get(self.status) or _BY_CLASS.get(self.status // 100, errors.UnexpectedAnswerError)


def quoted(text: str) -> str:
    """Return a server's text as one bounded line without control characters, for logs and messages."""
    plain = _TERMINAL_SEQUENCE.sub("", text[: 20 * _LONGEST_QUOTE])
    line = " ".join("".join(char if char.isprintable() else " " for char in plain).split())
    return line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…"


def _flat(value: Any) -> str:
    """Join what is said about one field: a string, or a list of strings."""
    listed = value if isinstance(value, list) else [value]
    return " ".join(each if isinstance(each, str) else shortened(each) for each in listed)


_BY_STATUS: Mapping[int, type[errors.AnswerError]] = {
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.ServerError,
    409: errors.ConflictError,
    410: errors.GoneError,
    429: errors.RateLimitError,
}

_BY_CLASS: Mapping[int, type[errors.AnswerError]] = {
    3: errors.RedirectedError,
    4: errors.BadRequestError,
    5: errors.ServerError,
}

_BY_CODE: Mapping[tuple[int, str], type[errors.AnswerError]] = {
    (400, folded("InvalidProduct")): errors.InvalidProductError,
    (403, folded("ProductQuotaExceeded")): errors.QuotaExceededError,
    (403, folded("NotAuthorized")): errors.NotAuthorizedError,
    (403, folded("NoProducts")): errors.NoProductsError,
    (404, folded("ImageNotFound")): errors.ImageNotFoundError,
    (404, folded("GenerationRequestIdNotFound")): errors.GenerationNotFoundError,
    (429, folded("TooManyConcurrentGenerations")): errors.ConcurrentGenerationsError,
    (429, folded("DailyRequestLimitExceeded")): errors.DailyLimitError,
}
