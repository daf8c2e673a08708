"""POST refine: change what is under the white of a mask. In every form that has been documented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_getty.emulator.answers import invalid_parameter
from airflow_provider_getty.emulator.drawing.refinement import draw_refinement
from airflow_provider_getty.emulator.operations.call import OLD_DIALECTS, Call, Path, int32
from airflow_provider_getty.emulator.operations.generating import (
    CommonFields,
    Generating,
    Int32,
    ReferenceGeneration,
    generated_image,
    library_image,
    paying_product,
)
from airflow_provider_getty.emulator.operations.uploads import find_mask
from airflow_provider_getty.emulator.settings import Dialect
from airflow_provider_getty.emulator.state import Order, Source

if TYPE_CHECKING:
    from collections.abc import Callable


class RefineImageBody(CommonFields):
    """The body of a refine whose path names the image."""

    prompt: str | None = None
    negative_prompt: str | None = None
    mask_url: str | None = None
    seed: Int32 | None = None


class RefineBody(RefineImageBody):
    """The body of a refine: ``id`` in the words of the reference page, the other two in today's."""

    id: str | None = None
    reference_asset_id: str | None = None
    reference_generation: ReferenceGeneration | None = None


def order_refine(call: Call) -> Order:
    """Check a refine that names its image in the body."""
    body = call.read(RefineBody)
    dialect = call.service.settings.dialect
    find_image = _named_image(call, body, dialect)
    if dialect is Dialect.CURRENT and not body.prompt:
        raise invalid_parameter("prompt", "It is required.")
    return _order(call, body, find_image)


def order_refine_image(call: Call) -> Order:
    """Check a refine that names an image of a generation in its path."""
    body = call.read(RefineImageBody)
    index = int32(call, "index")
    return _order(call, body, lambda: generated_image(call, call.segments["id"], index))


def _named_image(
    call: Call, body: RefineBody, dialect: Dialect
) -> Callable[[], tuple[Source, tuple[int, int]]]:
    """Return how to find the image that is named, once it is clear that one and only one is."""
    asset_id = None if dialect is Dialect.CURRENT else body.id
    reference = body.reference_generation
    if dialect is Dialect.REFERENCE_PAGE:
        if not asset_id:
            raise invalid_parameter("id", "It is required.")
        return lambda: library_image(call, asset_id)
    named = [value for value in (asset_id, body.reference_asset_id, reference) if value]
    if len(named) != 1:
        names = ["reference_asset_id", "reference_generation"]
        if dialect is Dialect.ANY:
            names.insert(0, "id")
        raise invalid_parameter(names[0], f"Exactly one image must be named, as one of {', '.join(names)}.")
    if reference is not None:
        return lambda: generated_image(call, reference.generation_request_id, reference.index)
    return lambda: library_image(call, asset_id or body.reference_asset_id or "")


def _order(
    call: Call, body: RefineImageBody, find_image: Callable[[], tuple[Source, tuple[int, int]]]
) -> Order:
    if not body.mask_url:
        raise invalid_parameter("mask_url", "It is required.")
    product = paying_product(call.account, body)
    source, (width, height) = find_image()
    return Order(
        generation_type=REFINE.generation_type,
        product_id=product.id,
        width=width,
        height=height,
        source=source,
        mask=find_mask(call, body.mask_url),
        prompt=body.prompt,
        negative_prompt=body.negative_prompt,
        seed=body.seed,
        notes=body.notes,
        project_code=body.project_code,
    )


REFINE = Generating(
    name="refine",
    generation_type="refine",
    paths=(Path("/v3/ai/image-generations/refine"),),
    order=order_refine,
    draw=draw_refinement,
)
REFINE_IMAGE = Generating(
    name="refine-image",
    generation_type="refine",
    paths=(Path("/beta/ai/image-generations/{id}/images/{index}/refine", OLD_DIALECTS),),
    order=order_refine_image,
    draw=draw_refinement,
)
GENERATING = (REFINE, REFINE_IMAGE)
