"""GettyBackgroundRemovalOperator: cut the subject out of an image."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyBackgroundRemovalOperator(GenerationOperator):
    """Cuts the subject out of an image (``POST /v3/ai/image-generations/background-removal``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; the first
        image that is not blocked is taken), ``{"generation_request_id": …, "index": …}``, or the id alone.
    """

    operation = "background_removal"

    def __init__(
        self,
        *,
        image_id: str | None = None,
        reference_generation: arguments.GenerationSource | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
