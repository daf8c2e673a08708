"""GettyBackgroundRemovalOperator: cut the subject out of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyBackgroundRemovalOperator(GenerationOperator):
    """Cuts the subject out of an image (``POST /v3/ai/image-generations/background-removal``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; its first
        image that is not blocked), ``{"generation_request_id": …, "index": …}``, or the id alone.
    """

    operation = "background_removal"

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        *GenerationOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"reference_generation": "json"}

    def __init__(
        self,
        *,
        image_id: arguments.Text | None = None,
        reference_generation: arguments.Generated | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image_id = image_id
        self.reference_generation = reference_generation
        check = self._check()
        check.exactly_one(image_id=image_id, reference_generation=reference_generation)


class BackgroundRemovalArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    image_id: arguments.Text | None
    reference_generation: arguments.Generated | None
