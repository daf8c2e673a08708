"""Serves every generating call: the paying product, the limits, the charge, 200 or 202.

A generating operation declares a :class:`Generating`: its name, its body, and how its images are drawn. Everything else
happens here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from getty_emulator.answers import Answer, json_answer, too_many_generations
from getty_emulator.drawing.variation import draw_variation
from getty_emulator.operations.bodies import LONGER_SIDE
from getty_emulator.operations.call import Access, Call, Operation, Path
from getty_emulator.operations.generations import pending, result
from getty_emulator.operations.notes import altered_notes
from getty_emulator.operations.paying import new_charge, paying_product, settle
from getty_emulator.options import Dialect, Voice
from getty_emulator.state import IMAGES_PER_GENERATION, Generation, Order

if TYPE_CHECKING:
    from PIL.Image import Image

    from getty_emulator.operations.bodies import GeneratingBody
    from getty_emulator.state import Product

Draw = Callable[["Image", Order, int], "Image"]
"""Draws one image of a generation from the original, the order and the image's seed."""
GENERATIONS = "/v3/ai/image-generations"
BETA_GENERATIONS = "/beta/ai/image-generations"
_HOLD_STEP = 0.02
_SQUARE = (LONGER_SIDE, LONGER_SIDE)
_OF_THE_ORDER = ("prompt", "negative_prompt", "seed", "notes", "project_code")
_NOT_OPTIONS = {
    "product_id",
    "background_reference_generation",
    "mask_url",
    "id",
    "reference_asset_id",
    "reference_generation",
    "reference_file_registration_id",
}


@dataclass(frozen=True, slots=True)
class Generating:
    """The declaration of a generating operation."""

    name: str
    generation_type: str
    """Its name in generation-history."""
    body: type[GeneratingBody]
    draw: Draw = draw_variation
    paths: tuple[Path, ...] = ()
    """The paths that serve it. Default: its name, in every dialect."""

    def operation(self) -> Operation:
        """Return the callable operation."""

        async def handle(call: Call) -> Answer:
            order, product = self.order(call)
            return await generate(call, order, product)

        paths = self.paths or (Path(f"{GENERATIONS}/{self.name}"),)
        return Operation(self.name, "POST", paths, Access.API_KEY_AND_TOKEN, handle)

    def order(self, call: Call) -> tuple[Order, Product]:
        """Check the body and what it refers to, in this order: fields, product, image, mask."""
        body = call.read(self.body)
        body.check(call)
        product = paying_product(call.account, body)
        original = body.original(call)
        width, height = body.size(original.size if original else _SQUARE)
        content = body.model_dump(exclude_none=True, exclude=_NOT_OPTIONS)
        asked: dict[str, Any] = {name: content.pop(name, None) for name in _OF_THE_ORDER}
        order = Order(
            generation_type=self.generation_type,
            product_id=product.id,
            width=width,
            height=height,
            source=original.source if original else None,
            mask=body.mask(call),
            images=body.images(),
            options=content,
            **asked,
        )
        return order, product


async def generate(call: Call, order: Order, product: Product) -> Answer:
    """Start a generation, charge the credit, and wait for the result for the configured ``hold``."""
    service, account, now = call.service, call.account, call.now()
    limit = account.concurrent_generations
    if limit is not None and account.pending(now) >= limit:
        raise too_many_generations(Voice(account.concurrency_refusal))
    seed = order.seed if order.seed is not None else service.random.randrange(2**31)
    generation = Generation(
        id=service.new_id(),
        account=account.key,
        order=order,
        seed=seed,
        created_at=now,
        ready_at=_ready_at(call, now),
        listed_at=_listed_at(call, now),
        blocked=_blocked(call),
    )
    paid = new_charge(call, generation, product, order.notes, order.project_code)
    if altered := call.take("notes-altered"):
        generation.order = replace(order, notes=altered_notes(order.notes, **altered.parameters))
    settle(call, product, [paid], generation)
    account.add(generation)
    if service.dialect is Dialect.CURRENT:
        return pending(generation)
    await _hold(call, generation)
    return (
        json_answer(200, result(call, generation)) if generation.is_ready(call.now()) else pending(generation)
    )


def _ready_at(call: Call, now: float) -> float:
    if call.take("stay-pending"):
        return math.inf
    if call.take("finish-at-once"):
        return now
    return now + call.service.latency.sample(call.service.random)


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
    """Wait for the result for at most the configured time, by both clocks, since tests may move the emulator's."""
    service = call.service
    left = service.options.hold
    while not generation.is_ready(call.now()) and left > 0:
        step = min(_HOLD_STEP, left)
        await service.sleep(step)
        left -= step
