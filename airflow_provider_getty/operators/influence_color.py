"""GettyInfluenceColorOperator: make images in the colors of another."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyInfluenceColorOperator(GenerationOperator):
    """Makes images in the colors of another (``POST /v3/ai/image-generations/influence-color-by-image``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; the first
        image that is not blocked is taken), ``{"generation_request_id": …, "index": …}``, or the id alone; or
    :param reference_file_registration_id: a file registered as ``ImageReference``; see
        :class:`GettyRegisterFileOperator`.
    :param prompt: what the images show.
    :param noise_level: 0 to 1: more differs more from the reference. The API of 2024 requires it, today's no longer
        lists it.
    :param negative_prompt: what they must not show. Today's API no longer lists it.
    :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``; only of today's API.
    :param media_type: ``photography`` or ``illustration``.
    :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
    :param seed: of earlier images, for new ones that look alike. Today's API no longer lists it.
    """

    operation = "influence_color"

    def __init__(
        self,
        *,
        image_id: str | None = None,
        reference_generation: arguments.GenerationSource | None = None,
        reference_file_registration_id: str | None = None,
        prompt: str,
        noise_level: float | str | None = None,
        negative_prompt: str | None = None,
        aspect_ratio: str | None = None,
        media_type: str | None = None,
        mood: str | None = None,
        seed: int | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
