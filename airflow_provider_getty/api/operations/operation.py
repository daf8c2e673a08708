"""The base of all operations: models of their arguments that define the call and read its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, auto
from string import Formatter
from typing import Annotated, Any, ClassVar, Generic, Self, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.choices import LARGEST
from airflow_provider_getty.api.errors import Credit, InvalidRequestError

__all__ = ["Credentials", "MovedOperation", "Operation"]

ResultT_co = TypeVar("ResultT_co", covariant=True)

NonEmptyText: TypeAlias = Annotated[str, Field(min_length=1)]
# Becomes a segment of the path, in which "." and ".." would lead elsewhere.
PathId: TypeAlias = Annotated[str, Field(pattern="[^.]")]
ImageIndex: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]
ProductId: TypeAlias = Annotated[int, Field(ge=0, le=LARGEST)]


class Credentials(Enum):
    """The credentials that an operation sends."""

    KEY = auto()
    """The API key; after a 401, the access token as well."""
    KEY_AND_TOKEN = auto()


class Operation(BaseModel, Generic[ResultT_co]):
    """One call of the API.

    Arguments that the route names go into the path, the others into the JSON body, or the query of a GET. None and
    empty strings count as not given, and are not sent.

    :raises InvalidRequestError: Getty does not accept the arguments.
    """

    # A template that renders native types turns an id of digits into a number.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    name: ClassVar[str]
    """Snake case; the same for hook methods, operators, batch items and metrics."""
    method: ClassVar[str] = "GET"
    route: ClassVar[str]
    """The path in today's API; arguments stand in braces."""
    label: ClassVar[str]
    """The call in words, for messages; arguments stand in braces."""
    answers: ClassVar[Mapping[int, type[BaseModel] | None]]
    """The statuses that mean success, each with the model of its body; None if the body does not matter."""
    credentials: ClassVar[Credentials] = Credentials.KEY_AND_TOKEN
    content_type: ClassVar[str] = "application/json"
    committed: ClassVar[Credit] = Credit.UNUSED
    """The state of the credit after a call that certainly had no effect."""
    at_risk: ClassVar[Credit] = Credit.UNUSED
    """The state of the credit after a call that may or may not have had an effect."""

    def __init__(self, **arguments: Any) -> None:
        # A template renders an unset value to an empty string.
        given = {name: value for name, value in arguments.items() if not _is_unset(value)}
        try:
            super().__init__(**given)
        except ValidationError as error:
            problems = "; ".join(
                ": ".join(filter(None, (".".join(map(str, problem["loc"])), _said(problem))))
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise self._refused(problems.replace("Value error, ", "")) from None

    @property
    def asked(self) -> str:
        """The call in words, with its arguments."""
        return self.label.format_map(dict(self))

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The forms of the call, the one to try first in front."""
        return (Dialect.CURRENT,)

    def forms(self, dialect: Dialect) -> tuple[Dialect, ...]:
        """The forms to try with a server of this dialect: that one if the call has it, else all of them."""
        return (dialect,) if dialect in self.dialects else self.dialects

    def completed_by(self, account: Account) -> Self:
        """The same call with the account's product and project code as defaults."""
        defaults = {"product_id": account.product_id, "project_code": account.project_code}
        missing = {name: value for name, value in defaults.items() if getattr(self, name, value) is None}
        return self.model_copy(update=missing) if missing else self

    def check(self, account: Account) -> None:
        """Refuse arguments that are incomplete for this account and its dialect.

        :raises InvalidRequestError: they are.
        """

    def path(self, dialect: Dialect) -> str:
        """The path below the account's base URL, with the query."""
        path = self.route.format_map(
            {name: quote(str(getattr(self, name)), safe="") for name in _names_in(self.route)}
        )
        query = self.arguments(dialect) if self.method == "GET" else None
        return f"{path}?{_query(query)}" if query else path

    def body(self, dialect: Dialect) -> bytes | None:
        """Return the request's body, if it has one."""
        return None if self.method in ("GET", "DELETE") else json.dumps(self.arguments(dialect)).encode()

    def arguments(self, dialect: Dialect) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """Return the fields of the body or the query."""
        return self.model_dump(mode="json", exclude=_names_in(self.route), exclude_none=True)

    def read(self, status: int, document: Any) -> ResultT_co:
        """Turn the JSON of a successful answer into the result.

        :raises ValueError: the answer is not as documented.
        """
        answer = self.answers[status]
        return answer.model_validate(document) if answer else None  # type: ignore[return-value]

    @classmethod
    def _refused(cls, problem: str) -> InvalidRequestError:
        return InvalidRequestError(f"{cls.__name__} cannot be sent: {problem}.")


class MovedOperation(Operation[ResultT_co], Generic[ResultT_co]):
    """A call whose path begins with ``beta/`` on the reference page, and with ``v3/`` today."""

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The path of the reference page first."""
        return (Dialect.REFERENCE_PAGE, Dialect.CURRENT)

    def path(self, dialect: Dialect) -> str:
        """``/beta/…`` of the reference page, ``/v3/…`` of today."""
        path = super().path(dialect)
        return path.replace("/v3/", "/beta/", 1) if dialect is Dialect.REFERENCE_PAGE else path


def _said(problem: Mapping[str, Any]) -> str:
    return "there is no such argument" if problem["type"] == "extra_forbidden" else str(problem["msg"])


def _is_unset(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value)


def _names_in(route: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(route) if name}


def _query(arguments: Mapping[str, Any]) -> str:
    """Encode a query. Lists repeat their name, which is the default of OpenAPI."""
    written = {
        name: str(value).lower() if isinstance(value, bool) else value for name, value in arguments.items()
    }
    return urlencode(written, doseq=True)
