"""GettyExtendOperator: continue an image beyond its borders."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyExtendOperator(GenerationOperator):
    """Continues an image beyond its borders (``POST /v3/ai/image-generations/extend``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; the first
        image that is not blocked is taken), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param left_percentage: how much to add at the left, in percent of the image's width; from 0.
    :param right_percentage: likewise at the right.
    :param top_percentage: at the top, in percent of its height.
    :param bottom_percentage: likewise at the bottom.
    :param prompt: what the added portion shows.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    """

    operation = "extend"

    def __init__(
        self,
        *,
        image_id: str | None = None,
        reference_generation: arguments.GenerationSource | None = None,
        left_percentage: float | str | None = None,
        right_percentage: float | str | None = None,
        top_percentage: float | str | None = None,
        bottom_percentage: float | str | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
