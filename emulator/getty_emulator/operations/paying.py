"""The products of an account, their requirements for a call, and the charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from getty_emulator.answers import invalid_parameter, quota_exceeded, service_error
from getty_emulator.state import Charge, Generation, Product

if TYPE_CHECKING:
    from getty_emulator.operations.bodies import GeneratingBody
    from getty_emulator.operations.call import Call
    from getty_emulator.state import Account


def paying_product(account: Account, body: GeneratingBody) -> Product:
    """Return the paying product, after checking the notes and project code that it requires."""
    if not account.ai_products():
        raise service_error(403, "NoProducts", "The account has no active AI Generator product.")
    product = find_product(account, body.product_id)
    check_requirements(product, body.notes, body.project_code)
    return product


def find_product(account: Account, product_id: int | None) -> Product:
    """Return the AI product with this id or, without an id, the only one. The .NET SDK sends 0 for no id."""
    products = account.ai_products()
    if not product_id and len(products) == 1:
        return products[0]
    for product in products:
        if product.id == product_id:
            return product
    problem = "is not an active AI Generator product" if product_id else "is required with several products"
    raise service_error(400, "InvalidProduct", f"Field: product_id, Message: It {problem}.")


def check_requirements(product: Product, notes: str | None, project_code: str | None) -> None:
    """Refuse notes or a project code that do not meet the product's requirements."""
    if product.project_code_required and not project_code:
        raise invalid_parameter("project_code", "The product requires a project code.")
    if project_code and not product.project_code_required:
        raise invalid_parameter("project_code", "The product takes no project code.")
    if project_code and product.project_codes and project_code not in product.project_codes:
        raise invalid_parameter("project_code", "It is not one of the product's project codes.")
    if product.note_required and not notes:
        raise invalid_parameter("notes", "The product requires notes.")


def new_charge(
    call: Call,
    generation: Generation,
    product: Product,
    notes: str | None,
    project_code: str | None,
    *,
    index: int | None = None,
    size_name: str | None = None,
) -> Charge:
    """Return an unsettled charge of one credit, or refuse if the product has no credits left."""
    if product.credits_remaining < 1:
        raise quota_exceeded()
    return Charge(
        time=call.now(),
        account=call.account.key,
        operation=call.operation.name,
        generation_request_id=generation.id,
        product_id=product.id,
        credits=1,
        notes=notes,
        project_code=project_code,
        index=index,
        size_name=size_name,
    )


def settle(call: Call, product: Product, charges: list[Charge], generation: Generation) -> None:
    """Charge the credits and record them in the ledger together with what they pay for, or do nothing.

    Raises StateFileError.
    """
    credits_used = sum(charge.credits for charge in charges)
    product.credits_remaining -= credits_used
    try:
        call.service.save(call.account, *charges, generation)
    except BaseException:
        product.credits_remaining += credits_used
        raise
    call.account.charges.extend(charges)
