"""Checks which AI Generator product pays, and what it requires.

Getty refuses a wrong choice at no cost, but names neither the account's products nor their requirements. A product list
that does not follow the reference of ``GET /v3/products`` is not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.answers import quoted
from airflow_provider_getty.api.errors import (
    BadRequestError,
    GettyError,
    InvalidProductError,
    InvalidRequestError,
)
from airflow_provider_getty.api.memory import remembered
from airflow_provider_getty.api.operations import GeneratingOperation, ListProducts
from airflow_provider_getty.api.results import Product

if TYPE_CHECKING:
    from airflow_provider_getty.api.client import GettyClient

_CHOOSE = "Nothing was submitted; set {} in the task or in the connection's extra."

_PRODUCT_WORDS = ("product", "project_code", "project code", "notes")

known: dict[Account, tuple[Product, ...]] = remembered({})
"""The products of the accounts in this process; empty for one whose products could not be listed."""


def check_listed(client: GettyClient, operation: GeneratingOperation, *, marker: bool) -> None:
    """:func:`check` the operation; the products are listed once per process and account.

    They are not listed for an operation with a product, a project code and notes: Getty names any error in those.

    :param marker: whether a marker is sent in the notes.
    :raises InvalidRequestError: see :func:`check`; never if the products cannot be listed.
    :raises GettyError: no token can be fetched, so nothing can be submitted either.
    """
    account = client.account
    operation = operation.completed_by(account)
    if operation.product_id and operation.project_code and (operation.notes or marker):
        return
    if account not in known:
        listing = ListProducts()
        try:
            known[account] = client.ask(listing).products
        except GettyError as error:
            if error.asked != listing.asked and not error.worth_waiting:
                raise
            known[account] = ()
    try:
        check(operation, known[account], marker=marker)
    except InvalidRequestError:
        del known[account]  # a long-lived process must notice when the account is changed
        raise


def explained(
    refusal: BadRequestError, client: GettyClient, operation: GeneratingOperation, *, marker: bool
) -> BadRequestError:
    """Add to the advice what the account's products allow, if that is why Getty refused the operation.

    :param marker: whether a marker was sent in the notes.
    """
    said = refusal.problem.lower()
    if not (isinstance(refusal, InvalidProductError) or any(word in said for word in _PRODUCT_WORDS)):
        return refusal
    try:
        check(operation.completed_by(client.account), client.ask(ListProducts()).products, marker=marker)
    except InvalidRequestError as error:
        return refusal.with_context(advice=f"{error.problem} {error.advice}")
    except GettyError:
        return refusal  # nothing more can be learned now
    return refusal


def check(operation: GeneratingOperation, products: Iterable[Product], *, marker: bool) -> None:
    """Refuse a generation that the account's products do not allow.

    :param operation: with the account's defaults; see :meth:`~.operations.Operation.completed_by`.
    :param products: all of the account; without an active one of the type ``aigen``, anything is allowed.
    :param marker: whether a marker is sent in the notes.
    :raises InvalidRequestError: no product is chosen of several, or one that the account does not have; or the
        product requires notes or a project code, takes no project code, or takes other ones.
    """
    generators = [product for product in products if product.type == "aigen"]
    active = [product for product in generators if (product.status or "active").lower() == "active"]
    if not active:
        return
    if operation.product_id:
        chosen = [product for product in generators if product.id == operation.product_id]
        problem = f"product_id {operation.product_id} is not one of the account's AI Generator products"
    else:
        chosen = active if len(active) == 1 else []
        problem = "The account has several AI Generator products, and no product_id is given"
    if not chosen:
        names = ", ".join(map(_name, active))
        raise _refused(operation, f"{problem}: {names}.", _CHOOSE.format("product_id"))
    _check_requirements(operation, chosen[0], marker=marker)


def _check_requirements(operation: GeneratingOperation, product: Product, *, marker: bool) -> None:
    requirements = product.ai_gen_requirements or {}
    code = operation.project_code
    takes_code = requirements.get("is_project_code_required")
    listed = requirements.get("project_codes")
    codes = [str(each) for each in listed] if isinstance(listed, list) else []
    name = f"Product {_name(product)}"
    allowed = f"a project code{', one of ' + quoted(', '.join(codes)) if codes else ''}"
    if requirements.get("is_note_required") is True and not operation.notes and not marker:
        raise _refused(operation, f"{name} requires notes.", "Nothing was submitted; set notes in the task.")
    if takes_code is True and not code:
        raise _refused(operation, f"{name} requires {allowed}.", _CHOOSE.format("project_code"))
    if takes_code is True and codes and code not in codes:
        raise _refused(operation, f"{name} requires {allowed}, not {code}.", _CHOOSE.format("project_code"))
    if takes_code is False and code:
        raise _refused(
            operation,
            f"{name} takes no project code, but {code} is given.",
            "Nothing was submitted; remove project_code from the task or from the connection's extra.",
        )


def _name(product: Product) -> str:
    return f"{product.id} ({quoted(product.name)})" if product.name else str(product.id)


def _refused(operation: GeneratingOperation, problem: str, advice: str) -> InvalidRequestError:
    return InvalidRequestError(problem, asked=operation.asked, advice=advice)
