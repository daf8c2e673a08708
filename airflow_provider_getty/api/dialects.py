"""The dialects of the API: which form of a request to try, and which one a server understands. No I/O."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.answers import Answer
from airflow_provider_getty.api.memory import remembered
from airflow_provider_getty.api.operations import MovedOperation, Operation

log = logging.getLogger(__name__)

_ANY_TOPIC = ""
_learned: dict[tuple[str, str], Dialect] = remembered({})
"""The dialects that servers were found to speak, by base URL and topic."""


def forms(account: Account, operation: Operation[Any]) -> tuple[Dialect, ...]:
    """Return the forms to try, in order."""
    settled = account.dialect
    if settled is Dialect.AUTO:
        settled = _learned.get((account.base_url, _topic(operation)), settled)
    found = operation.forms(settled)
    # For an unknown topic, today's form comes first if the server speaks it for another topic.
    return found[::-1] if (account.base_url, _ANY_TOPIC) in _learned else found


def learn(account: Account, operation: Operation[Any], dialect: Dialect) -> None:
    """Remember that the server has understood this form."""
    _learned[account.base_url, _topic(operation)] = dialect
    if dialect is Dialect.CURRENT and (account.base_url, _ANY_TOPIC) not in _learned:
        _learned[account.base_url, _ANY_TOPIC] = dialect
        log.info(
            "%s speaks today's dialect. Set dialect=current in the connection's extra to skip trying the other one.",
            account.base_url,
        )


def is_unknown_form(operation: Operation[Any], answer: Answer) -> bool:
    """Whether Getty may not know this form; then nothing was created."""
    if isinstance(operation, MovedOperation):
        # Some gateways answer 403 for a path that they do not have.
        is_forbidden = answer.status == HTTPStatus.FORBIDDEN and answer.message == "Forbidden"
        return answer.is_unmatched_route or (is_forbidden and operation.method == "GET")
    # A server that does not know the field reports that the image is missing, or not found.
    is_not_found = answer.status == HTTPStatus.NOT_FOUND and not answer.is_unmatched_route
    return is_not_found or answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def refused_in_both(operation: Operation[Any], first: Answer, second: Answer) -> errors.AnswerError:
    """The error for a request that was refused in both forms: that of the more specific answer."""
    # A class further from the root is more specific, such as InvalidProductError.
    shown, other = sorted((first, second), key=lambda answer: -len(answer.kind.__mro__))
    further = ""
    if (shown.status, shown.code, shown.message) != (other.status, other.code, other.message):
        further = f"The other form was refused as well: {other.error().problem}"
    return shown.error(asked=operation.asked, credit=operation.committed, further=further)


def advice(operation: Operation[Any], answer: Answer, dialect: Dialect) -> str | None:
    """Advice to set the other dialect, if the server may speak that; None: the advice of the error's class."""
    others = [other for other in operation.dialects if other is not dialect]
    if not others or not is_unknown_form(operation, answer) or answer.kind is errors.InvalidProductError:
        return None
    return (
        f"{answer.kind.default_advice} If this server speaks the other dialect, set dialect={others[0].value} "
        "in the connection's extra."
    )


def _topic(operation: Operation[Any]) -> str:
    """The subject on which dialects differ: the path of a call, or how calls name an image."""
    return operation.route if isinstance(operation, MovedOperation) else "image"
