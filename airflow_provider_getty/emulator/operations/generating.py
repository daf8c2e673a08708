"""What all calls that make a generation have in common: who pays, the limits, the charge, 200 or 202.

An operation that generates declares a :class:`Generating`: its name, its paths, how its body becomes an
:class:`~airflow_provider_getty.emulator.state.Order`, and how its images are drawn. All else happens here.
"""

from __future__ import annotations

import asyncio
import math
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from airflow_provider_getty.emulator.answers import (
    Answer,
    generation_gone,
    invalid_parameter,
    json_answer,
    quota_exceeded,
    service_error,
    too_many_generations,
)
from airflow_provider_getty.emulator.operations.call import Access, Call, Operation, Path
from airflow_provider_getty.emulator.operations.generations import pending, result
from airflow_provider_getty.emulator.settings import Dialect
from airflow_provider_getty.emulator.state import (
    IMAGES_PER_GENERATION,
    Charge,
    Generation,
    Order,
    Product,
    Source,
)

if TYPE_CHECKING:
    from PIL.Image import Image

    from airflow_provider_getty.emulator.state import Account

Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31)]
Draw = Callable[["Image", Order, int], "Image"]
"""Draws one image of a generation: from the base image, the order, and the seed of this image."""
_HOLD_STEP = 0.02


class CommonFields(BaseModel):
    """The fields that every generating call takes."""

    model_config = ConfigDict(strict=True, extra="ignore")

    product_id: Int32 | None = None
    project_code: str | None = None
    notes: str | None = None


class ReferenceGeneration(BaseModel):
    """An image of an earlier generation."""

    model_config = ConfigDict(strict=True, extra="ignore")

    generation_request_id: str
    index: Annotated[int, Field(ge=0, lt=2**31)] = 0


@dataclass(frozen=True, slots=True)
class Generating:
    """A generating operation, as it is declared."""

    name: str
    generation_type: str
    """As generation-history names it."""
    paths: tuple[Path, ...]
    order: Callable[[Call], Order]
    """Checks the body and what it refers to, in this order: the fields, the product, the image, the mask."""
    draw: Draw

    def operation(self) -> Operation:
        """Return it as one that can be called."""

        async def handle(call: Call) -> Answer:
            return await generate(call, self.order(call))

        return Operation(self.name, "POST", self.paths, Access.API_KEY_AND_TOKEN, handle)


async def generate(call: Call, order: Order) -> Answer:
    """Start a generation, take the credit, and wait for the result as long as the emulator holds answers."""
    service, account, now = call.service, call.account, call.now()
    limit = account.concurrent_generations
    if limit is not None and account.pending(now) >= limit:
        raise too_many_generations()
    seed = order.seed if order.seed is not None else service.random.randrange(2**31)
    generation = Generation(
        id=str(uuid.uuid4()),
        account=account.key,
        order=order,
        seed=seed,
        created_at=now,
        ready_at=_ready_at(call, now),
        listed_at=_listed_at(call, now),
        blocked=_blocked(call),
    )
    product = find_product(account, order.product_id)
    paid = charge(call, generation, product, order.notes, order.project_code)
    account.add(generation)
    service.save(account, paid, generation)
    if service.settings.dialect is Dialect.CURRENT:
        return pending(generation)
    await _hold(call, generation)
    return (
        json_answer(200, result(call, generation)) if generation.is_ready(call.now()) else pending(generation)
    )


def charge(
    call: Call,
    generation: Generation,
    product: Product,
    notes: str | None,
    project_code: str | None,
    *,
    index: int | None = None,
    size_name: str | None = None,
) -> Charge:
    """Take one credit from the product and write it into the ledger, or refuse. It is the caller's to save."""
    if product.credits_remaining < 1:
        raise quota_exceeded()
    product.credits_remaining -= 1
    paid = Charge(
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
    call.account.charges.append(paid)
    return paid


def paying_product(account: Account, fields: CommonFields) -> Product:
    """Return the product that pays, checked against the notes and the project code that it demands."""
    if not account.ai_products():
        raise service_error(403, "NoProducts", "The account has no active AI Generator product.")
    product = find_product(account, fields.product_id)
    check_requirements(product, fields.notes, fields.project_code)
    return product


def find_product(account: Account, product_id: int | None) -> Product:
    """Return the AI product of this id; without one, the only one. The .NET SDK sends 0 for no id."""
    products = account.ai_products()
    if not product_id and len(products) == 1:
        return products[0]
    for product in products:
        if product.id == product_id:
            return product
    problem = "is not an active AI Generator product" if product_id else "is required with several products"
    raise service_error(400, "InvalidProduct", f"Field: product_id, Message: It {problem}.")


def check_requirements(product: Product, notes: str | None, project_code: str | None) -> None:
    """Refuse notes or a project code that the product does not want as they are."""
    if product.project_code_required and not project_code:
        raise invalid_parameter("project_code", "The product requires a project code.")
    if project_code and not product.project_code_required:
        raise invalid_parameter("project_code", "The product takes no project code.")
    if project_code and product.project_codes and project_code not in product.project_codes:
        raise invalid_parameter("project_code", "It is not one of the product's project codes.")
    if product.note_required and not notes:
        raise invalid_parameter("notes", "The product requires notes.")


def library_image(call: Call, asset_id: str) -> tuple[Source, tuple[int, int]]:
    """Return the library image of this id with its size, or refuse."""
    image = call.service.studio.library.get(asset_id)
    if image is None:
        raise service_error(404, "ImageNotFound", "There is no such image.")
    return Source(asset_id=asset_id), (image.width, image.height)


def generated_image(call: Call, generation_request_id: str, index: int) -> tuple[Source, tuple[int, int]]:
    """Return the image of an earlier generation of the account with its size, or refuse."""
    generation = call.account.generations.get(generation_request_id)
    if generation is None:
        raise service_error(404, "GenerationRequestIdNotFound", "There is no such generation request.")
    if generation.is_gone(call.now()):
        raise generation_gone()
    missing = index >= IMAGES_PER_GENERATION or index in generation.blocked
    if missing or not generation.is_ready(call.now()):
        raise service_error(404, "ImageNotFound", "The generation has no such image, or not yet.")
    source = Source(generation_request_id=generation.id, index=index)
    return source, (generation.order.width, generation.order.height)


def _ready_at(call: Call, now: float) -> float:
    if call.take("stay-pending"):
        return math.inf
    if call.take("finish-at-once"):
        return now
    return now + call.service.settings.latency.sample(call.service.random)


def _listed_at(call: Call, now: float) -> float:
    if call.take("history-hidden"):
        return math.inf
    lag = call.take("history-lag")
    return now + lag.parameters["seconds"] if lag else now


def _blocked(call: Call) -> frozenset[int]:
    fault = call.take("block-images")
    if fault is None:
        return frozenset()
    which = fault.parameters["which"]
    return frozenset(range(IMAGES_PER_GENERATION) if which == "all" else which)


async def _hold(call: Call, generation: Generation) -> None:
    """Wait for the result for at most the configured time, by both clocks: tests may move the emulator's."""
    loop = asyncio.get_running_loop()
    end = loop.time() + call.service.settings.hold
    while not generation.is_ready(call.now()) and (left := end - loop.time()) > 0:  # noqa: ASYNC110 - time passes
        await asyncio.sleep(min(_HOLD_STEP, left))
