"""GettyBackgroundReplacementOperator: put the subject of an image in front of another background."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Unpack

from airflow_provider_getty.api import choices
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.rules import Rule
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.inputs.task_arguments import GenerationArguments


class GettyBackgroundReplacementOperator(GenerationOperator):
    """Puts the subject of an image in front of another background; only in today's API.

    ``POST /v3/ai/image-generations/background-replacement``.

    It may cost a credit. See :class:`.GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image: the result of a task that made it (``generate.output``; its first
        image that is not blocked), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param prompt: the background; Getty makes four. Or
    :param background_color: its color, as ``#RRGGBB``; Getty makes one.
    :param negative_prompt: what the background must not show.
    :param media_type: ``photography`` or ``illustration``.
    """

    operation = "background_replacement"

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        "prompt",
        "background_color",
        "negative_prompt",
        "media_type",
        *GenerationOperator.template_fields,
    )
    rules: ClassVar[Mapping[str, Rule]] = {
        **GenerationOperator.rules,
        "background_color": Rule(
            lambda value: isinstance(value, str) and re.match(choices.HEX_COLOR, value) is not None,
            "#RRGGBB",
        ),
    }
    template_fields_renderers: ClassVar[dict[str, str]] = {"reference_generation": "json"}

    def __init__(
        self,
        *,
        image_id: arguments.Text | None = None,
        reference_generation: arguments.Generated | None = None,
        prompt: arguments.Text | None = None,
        background_color: arguments.Text | None = None,
        negative_prompt: arguments.Text | None = None,
        media_type: arguments.OneOf[choices.MediaType] | None = None,
        **kwargs: Unpack[GenerationArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.image_id = image_id
        self.reference_generation = reference_generation
        self.prompt = prompt
        self.background_color = background_color
        self.negative_prompt = negative_prompt
        self.media_type = media_type
        check = self._check()
        check.exactly_one(image_id=image_id, reference_generation=reference_generation)
        check.exactly_one(prompt=prompt, background_color=background_color)


class BackgroundReplacementArguments(arguments.RequestArguments, total=False):
    """The request's arguments, as a decorated function returns them."""

    image_id: arguments.Text | None
    reference_generation: arguments.Generated | None
    prompt: arguments.Text | None
    background_color: arguments.Text | None
    negative_prompt: arguments.Text | None
    media_type: arguments.OneOf[choices.MediaType] | None
