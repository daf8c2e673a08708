"""GettyVariationsOperator: make more images like a generated one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyVariationsOperator(GenerationOperator):
    """Makes more images like a generated one (``POST …/{generationRequestId}/images/{index}/variations``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param generation_request_id: the generation: its id, or the result of the task that made it (``generate.output``).
    :param index: which image, from 0. Default: the first that is not blocked, if a result is given; else 0.
    """

    operation = "variations"

    template_fields: Sequence[str] = (
        "generation_request_id",
        "index",
        *GenerationOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"generation_request_id": "json"}

    def __init__(
        self,
        *,
        generation_request_id: arguments.Generated,
        index: arguments.WholeNumber | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.generation_request_id = generation_request_id
        self.index = index
        check = self._check()
        check.required(generation_request_id=generation_request_id)


class VariationsArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    generation_request_id: arguments.Generated
    index: arguments.WholeNumber | None
