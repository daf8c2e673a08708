"""GET /v3/products: the products that the account can pay with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from getty_emulator.answers import Answer, invalid_parameter, json_answer
from getty_emulator.operations.call import Access, Call, Operation, Path

if TYPE_CHECKING:
    from getty_emulator.state import Product


async def products(call: Call) -> Answer:
    """List the products; with ``fields=download_requirements`` also the requirements of each."""
    fields = {field for value in call.query().get("fields", []) for field in value.split(",") if field}
    if unknown := fields - {"download_requirements"}:
        raise invalid_parameter("fields", f"Unknown fields: {', '.join(sorted(unknown))}.")
    listed = [_product(product, detailed=bool(fields)) for product in call.account.products]
    return json_answer(200, {"products": listed})


def _product(product: Product, *, detailed: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": product.id,
        "name": product.name,
        "type": product.type,
        "status": product.status,
        "credits_remaining": product.credits_remaining,
    }
    if detailed:
        requirements = {
            "is_note_required": product.note_required,
            "is_project_code_required": product.project_code_required,
            "project_codes": list(product.project_codes),
        }
        content["ai_gen_requirements" if product.type == "aigen" else "download_requirements"] = requirements
    return content


OPERATIONS = (
    Operation(
        "products", "GET", (Path("/v3/products"),), Access.API_KEY_AND_TOKEN, products, frozenset({"fields"})
    ),
)
