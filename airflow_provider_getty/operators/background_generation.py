"""GettyBackgroundGenerationOperator: place your product in a new scene."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.api import choices
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.rules import ID, SOURCE, Rule, one_of
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyBackgroundGenerationOperator(GenerationOperator):
    """Places your product in a new scene (``POST …/image-generations/background-generations``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param reference_file_registration_id: the product: a file registered as ``CustomerProduct``; see
        :class:`.GettyRegisterFileOperator`.
    :param prompt: the scene.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    :param left_percentage: room beside the product at the left, in percent of the image's width; from 0.
    :param right_percentage: likewise at the right.
    :param top_percentage: at the top, in percent of its height.
    :param bottom_percentage: likewise at the bottom.
    :param background_file_registration_id: a file registered as ``ImageReference`` that the scene follows; or
    :param background_asset_id: an image of Getty's creative library; or
    :param background_reference_generation: a generated image, in the forms of ``reference_generation`` of
        :class:`.GettyRefineOperator`. At most one of the three; only in today's API.
    :param background_reference_adherence: how closely the scene follows it: ``flexible`` or ``strong``.
    """

    operation = "background_generation"

    template_fields: Sequence[str] = (
        "reference_file_registration_id",
        "prompt",
        "negative_prompt",
        "left_percentage",
        "right_percentage",
        "top_percentage",
        "bottom_percentage",
        "background_file_registration_id",
        "background_asset_id",
        "background_reference_generation",
        "background_reference_adherence",
        *GenerationOperator.template_fields,
    )
    rules: ClassVar[Mapping[str, Rule]] = {
        **GenerationOperator.rules,
        "background_file_registration_id": ID,
        "background_asset_id": ID,
        "background_reference_generation": SOURCE,
        "background_reference_adherence": one_of(choices.Adherence),
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"background_reference_generation": "json"}

    def __init__(
        self,
        *,
        reference_file_registration_id: arguments.Text,
        prompt: arguments.Text,
        negative_prompt: arguments.Text | None = None,
        left_percentage: arguments.Number | None = None,
        right_percentage: arguments.Number | None = None,
        top_percentage: arguments.Number | None = None,
        bottom_percentage: arguments.Number | None = None,
        background_file_registration_id: arguments.Text | None = None,
        background_asset_id: arguments.Text | None = None,
        background_reference_generation: arguments.Generated | None = None,
        background_reference_adherence: arguments.OneOf[choices.Adherence] | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.reference_file_registration_id = reference_file_registration_id
        self.prompt = prompt
        self.negative_prompt = negative_prompt
        self.left_percentage = left_percentage
        self.right_percentage = right_percentage
        self.top_percentage = top_percentage
        self.bottom_percentage = bottom_percentage
        self.background_file_registration_id = background_file_registration_id
        self.background_asset_id = background_asset_id
        self.background_reference_generation = background_reference_generation
        self.background_reference_adherence = background_reference_adherence
        check = self._check()
        check.required(reference_file_registration_id=reference_file_registration_id, prompt=prompt)
        check.at_most_one(
            background_file_registration_id=background_file_registration_id,
            background_asset_id=background_asset_id,
            background_reference_generation=background_reference_generation,
        )


class BackgroundGenerationArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    reference_file_registration_id: arguments.Text
    prompt: arguments.Text
    negative_prompt: arguments.Text | None
    left_percentage: arguments.Number | None
    right_percentage: arguments.Number | None
    top_percentage: arguments.Number | None
    bottom_percentage: arguments.Number | None
    background_file_registration_id: arguments.Text | None
    background_asset_id: arguments.Text | None
    background_reference_generation: arguments.Generated | None
    background_reference_adherence: arguments.OneOf[choices.Adherence] | None
