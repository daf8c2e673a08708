"""GettyBackgroundGenerationOperator: place a product of yours in a new scene."""

from __future__ import annotations

from typing import Any

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.generation import GenerationOperator


class GettyBackgroundGenerationOperator(GenerationOperator):
    """Places a product of yours in a new scene (``POST …/image-generations/background-generations``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param reference_file_registration_id: the product: a file registered as ``CustomerProduct``; see
        :class:`GettyRegisterFileOperator`.
    :param prompt: the scene.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    :param left_percentage: room beside the product at the left, in percent of the image's width; from 0.
    :param right_percentage: likewise at the right.
    :param top_percentage: at the top, in percent of its height.
    :param bottom_percentage: likewise at the bottom.
    :param background_file_registration_id: a file registered as ``ImageReference`` that the scene follows; or
    :param background_asset_id: an image of Getty's creative library; or
    :param background_reference_generation: a generated image, in the forms of ``reference_generation`` of
        :class:`GettyRefineOperator`. At most one of the three; only of today's API.
    :param background_reference_adherence: how closely the scene follows it: ``flexible`` or ``strong``.
    """

    operation = "background_generation"

    def __init__(
        self,
        *,
        reference_file_registration_id: str,
        prompt: str,
        negative_prompt: str | None = None,
        left_percentage: float | str | None = None,
        right_percentage: float | str | None = None,
        top_percentage: float | str | None = None,
        bottom_percentage: float | str | None = None,
        background_file_registration_id: str | None = None,
        background_asset_id: str | None = None,
        background_reference_generation: arguments.GenerationSource | None = None,
        background_reference_adherence: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._keep(locals())
