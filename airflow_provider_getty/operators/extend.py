"""GettyExtendOperator: continue an image beyond its borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyExtendOperator(GenerationOperator):
    """Continues an image beyond its borders (``POST /v3/ai/image-generations/extend``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; its first
        image that is not blocked), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param left_percentage: how much to add at the left, in percent of the image's width; from 0.
    :param right_percentage: likewise at the right.
    :param top_percentage: at the top, in percent of its height.
    :param bottom_percentage: likewise at the bottom.
    :param prompt: what the added portion shows.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    """

    operation = "extend"

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        "left_percentage",
        "right_percentage",
        "top_percentage",
        "bottom_percentage",
        "prompt",
        "negative_prompt",
        *GenerationOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"reference_generation": "json"}

    def __init__(
        self,
        *,
        image_id: arguments.Text | None = None,
        reference_generation: arguments.Generated | None = None,
        left_percentage: arguments.Number | None = None,
        right_percentage: arguments.Number | None = None,
        top_percentage: arguments.Number | None = None,
        bottom_percentage: arguments.Number | None = None,
        prompt: arguments.Text | None = None,
        negative_prompt: arguments.Text | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image_id = image_id
        self.reference_generation = reference_generation
        self.left_percentage = left_percentage
        self.right_percentage = right_percentage
        self.top_percentage = top_percentage
        self.bottom_percentage = bottom_percentage
        self.prompt = prompt
        self.negative_prompt = negative_prompt
        check = self._check()
        check.exactly_one(image_id=image_id, reference_generation=reference_generation)
        check.one_above_zero(
            left_percentage=left_percentage,
            right_percentage=right_percentage,
            top_percentage=top_percentage,
            bottom_percentage=bottom_percentage,
        )


class ExtendArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    image_id: arguments.Text | None
    reference_generation: arguments.Generated | None
    left_percentage: arguments.Number | None
    right_percentage: arguments.Number | None
    top_percentage: arguments.Number | None
    bottom_percentage: arguments.Number | None
    prompt: arguments.Text | None
    negative_prompt: arguments.Text | None
