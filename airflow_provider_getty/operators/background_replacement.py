"""GettyBackgroundReplacementOperator: put the subject of an image before another background."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyBackgroundReplacementOperator(GenerationOperator):
    """Puts the subject of an image before another background; only of today's API.

    ``POST /v3/ai/image-generations/background-replacement``.

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; the first
        image that is not blocked is taken), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param prompt: the background, of which Getty makes four; or
    :param background_color: its color, as ``#RRGGBB``, of which Getty makes one.
    :param negative_prompt: what the background must not show.
    :param media_type: ``photography`` or ``illustration``.
    """

    operation = "background_replacement"

    def __init__(
        self,
        *,
        image_id: str | None = None,
        reference_generation: arguments.GenerationSource | None = None,
        prompt: str | None = None,
        background_color: str | None = None,
        negative_prompt: str | None = None,
        media_type: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
