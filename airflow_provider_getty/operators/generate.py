"""GettyGenerateOperator: make images from a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.api import choices
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.rules import Rule, one_of
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyGenerateOperator(GenerationOperator):
    """Generates images from a prompt (``POST /v3/ai/image-generations``).

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param prompt: what the images show.
    :param negative_prompt: what they must not show. Today's API no longer lists it.
    :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``.
    :param media_type: ``photography`` or ``illustration``.
    :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
    :param seed: the seed of earlier images, for new ones that look alike. Today's API no longer lists it.
    :param lens_type: ``wide_angle`` or ``telephoto``. Today's API no longer lists it.
    :param depth_of_field: ``shallow`` or ``deep``. Today's API no longer lists it.
    """

    operation = "generate"

    template_fields: Sequence[str] = (
        "prompt",
        "negative_prompt",
        "aspect_ratio",
        "media_type",
        "mood",
        "seed",
        "lens_type",
        "depth_of_field",
        *GenerationOperator.template_fields,
    )
    rules: ClassVar[Mapping[str, Rule]] = {
        **GenerationOperator.rules,
        "lens_type": one_of(choices.LensType),
        "depth_of_field": one_of(choices.DepthOfField),
    }

    def __init__(
        self,
        *,
        prompt: arguments.Text,
        negative_prompt: arguments.Text | None = None,
        aspect_ratio: arguments.OneOf[choices.AspectRatio] | None = None,
        media_type: arguments.OneOf[choices.MediaType] | None = None,
        mood: arguments.OneOf[choices.Mood] | None = None,
        seed: arguments.WholeNumber | None = None,
        lens_type: arguments.OneOf[choices.LensType] | None = None,
        depth_of_field: arguments.OneOf[choices.DepthOfField] | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.negative_prompt = negative_prompt
        self.aspect_ratio = aspect_ratio
        self.media_type = media_type
        self.mood = mood
        self.seed = seed
        self.lens_type = lens_type
        self.depth_of_field = depth_of_field
        check = self._check()
        check.required(prompt=prompt)


class GenerateArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    prompt: arguments.Text
    negative_prompt: arguments.Text | None
    aspect_ratio: arguments.OneOf[choices.AspectRatio] | None
    media_type: arguments.OneOf[choices.MediaType] | None
    mood: arguments.OneOf[choices.Mood] | None
    seed: arguments.WholeNumber | None
    lens_type: arguments.OneOf[choices.LensType] | None
    depth_of_field: arguments.OneOf[choices.DepthOfField] | None
