"""GettyRefineOperator: change the part of an image under a mask, as a prompt says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from airflow_provider_getty.inputs.masks import MaskSource
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyRefineOperator(GenerationOperator):
    """Uploads a mask and submits a refine (``POST /v3/ai/image-generations/refine``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library, neither an illustration nor a vector; or
    :param reference_generation: a generated image: the result of a task that made it (``refine.output``; its first
        image that is not blocked), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param mask: what to refine: a path, URI or ``ObjectStoragePath`` of an image, its bytes, or boxes and polygons;
        see :func:`airflow_provider_getty.inputs.masks.make_mask`. Or
    :param mask_url: the URL of a mask that was uploaded with the same API key less than 24 hours ago.
    :param image_size: width and height in pixels of the image on which boxes and polygons are drawn.
    :param prompt: what the refined portion shows.
    :param negative_prompt: what it must not show.
    """

    operation = "refine"

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        "mask",
        "mask_url",
        "image_size",
        "prompt",
        "negative_prompt",
        *GenerationOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "reference_generation": "json",
        "mask": "json",
        "image_size": "json",
    }

    def __init__(
        self,
        *,
        image_id: arguments.Text | None = None,
        reference_generation: arguments.Generated | None = None,
        mask: MaskSource | XComArg | None = None,
        mask_url: arguments.Text | None = None,
        image_size: arguments.ImageSize | None = None,
        prompt: arguments.Text | None = None,
        negative_prompt: arguments.Text | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image_id = image_id
        self.reference_generation = reference_generation
        self.mask = mask
        self.mask_url = mask_url
        self.image_size = image_size
        self.prompt = prompt
        self.negative_prompt = negative_prompt
        check = self._check()
        check.exactly_one(image_id=image_id, reference_generation=reference_generation)
        check.exactly_one(mask=mask, mask_url=mask_url)


class RefineArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    image_id: arguments.Text | None
    reference_generation: arguments.Generated | None
    mask: MaskSource | XComArg | None
    mask_url: arguments.Text | None
    image_size: arguments.ImageSize | None
    prompt: arguments.Text | None
    negative_prompt: arguments.Text | None
