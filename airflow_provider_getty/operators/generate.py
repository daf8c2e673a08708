"""GettyGenerateOperator: make images from a prompt."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.operators.generation import GenerationOperator


class GettyGenerateOperator(GenerationOperator):
    """Generates images from a prompt (``POST /v3/ai/image-generations``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param prompt: what the images show.
    :param negative_prompt: what they must not show. Today's API no longer lists it.
    :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``.
    :param media_type: ``photography`` or ``illustration``.
    :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
    :param seed: of earlier images, for new ones that look alike. Today's API no longer lists it.
    :param lens_type: ``wide_angle`` or ``telephoto``. Today's API no longer lists it.
    :param depth_of_field: ``shallow`` or ``deep``. Today's API no longer lists it.
    """

    operation = "generate"

    def __init__(
        self,
        *,
        prompt: str,
        negative_prompt: str | None = None,
        aspect_ratio: str | None = None,
        media_type: str | None = None,
        mood: str | None = None,
        seed: int | str | None = None,
        lens_type: str | None = None,
        depth_of_field: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
