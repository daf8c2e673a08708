"""GettyInfluenceColorOperator: make images in the colors of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.api import choices
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.rules import Rule, number
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyInfluenceColorOperator(GenerationOperator):
    """Makes images in the colors of another (``POST /v3/ai/image-generations/influence-color-by-image``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; its first
        image that is not blocked), ``{"generation_request_id": …, "index": …}``, or the id alone; or
    :param reference_file_registration_id: a file registered as ``ImageReference``; see
        :class:`.GettyRegisterFileOperator`.
    :param prompt: what the images show.
    :param noise_level: 0 to 1: a higher value differs more from the reference.
        The API of 2024 requires it; today's no longer lists it.
    :param negative_prompt: what they must not show. Today's API no longer lists it.
    :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``; only in today's API.
    :param media_type: ``photography`` or ``illustration``.
    :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
    :param seed: the seed of earlier images, for new ones that look alike. Today's API no longer lists it.
    """

    operation = "influence_color"

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        "reference_file_registration_id",
        "prompt",
        "noise_level",
        "negative_prompt",
        "aspect_ratio",
        "media_type",
        "mood",
        "seed",
        *GenerationOperator.template_fields,
    )
    rules: ClassVar[Mapping[str, Rule]] = {
        **GenerationOperator.rules,
        "noise_level": number(1),
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"reference_generation": "json"}

    def __init__(
        self,
        *,
        image_id: arguments.Text | None = None,
        reference_generation: arguments.Generated | None = None,
        reference_file_registration_id: arguments.Text | None = None,
        prompt: arguments.Text,
        noise_level: arguments.Number | None = None,
        negative_prompt: arguments.Text | None = None,
        aspect_ratio: arguments.OneOf[choices.AspectRatio] | None = None,
        media_type: arguments.OneOf[choices.MediaType] | None = None,
        mood: arguments.OneOf[choices.Mood] | None = None,
        seed: arguments.WholeNumber | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image_id = image_id
        self.reference_generation = reference_generation
        self.reference_file_registration_id = reference_file_registration_id
        self.prompt = prompt
        self.noise_level = noise_level
        self.negative_prompt = negative_prompt
        self.aspect_ratio = aspect_ratio
        self.media_type = media_type
        self.mood = mood
        self.seed = seed
        check = self._check()
        check.exactly_one(
            image_id=image_id,
            reference_generation=reference_generation,
            reference_file_registration_id=reference_file_registration_id,
        )
        check.required(prompt=prompt)


class InfluenceColorArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    image_id: arguments.Text | None
    reference_generation: arguments.Generated | None
    reference_file_registration_id: arguments.Text | None
    prompt: arguments.Text
    noise_level: arguments.Number | None
    negative_prompt: arguments.Text | None
    aspect_ratio: arguments.OneOf[choices.AspectRatio] | None
    media_type: arguments.OneOf[choices.MediaType] | None
    mood: arguments.OneOf[choices.Mood] | None
    seed: arguments.WholeNumber | None
