"""The operations that make new images: from a prompt, from a reference, around a product."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, ClassVar, Self, TypeAlias

from pydantic import Field, model_validator

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.choices import (
    Adherence,
    AspectRatio,
    DepthOfField,
    LensType,
    MediaType,
    Mood,
)
from airflow_provider_getty.api.operations.generating import (
    GeneratingOperation,
    ImageOperation,
    Percentage,
    ReferenceGeneration,
    Seed,
)
from airflow_provider_getty.api.operations.operation import (
    ImageIndex,
    MovedOperation,
    NonEmptyText,
    Operation,
    PathId,
)
from airflow_provider_getty.api.results import EnhancedPrompt, Generation, Pending

__all__ = [
    "BackgroundGeneration",
    "EnhancePrompt",
    "Generate",
    "InfluenceColor",
    "InfluenceComposition",
    "Variations",
]

Level: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class EnhancePrompt(Operation[EnhancedPrompt]):
    """Turn a short prompt into a more detailed one. Only in today's API.

    What it costs is not published; Getty names no credit.
    """

    name: ClassVar[str] = "enhance_prompt"
    method: ClassVar[str] = "POST"
    route: ClassVar[str] = "/v3/ai/enhance-prompt"
    label: ClassVar[str] = "Enhancement of a prompt"
    answers = MappingProxyType({200: EnhancedPrompt})

    prompt: NonEmptyText


class Generate(GeneratingOperation):
    """Make images from a prompt.

    :param prompt: what the images show.
    :param negative_prompt: what they must not show. Like ``seed``, ``lens_type`` and ``depth_of_field``, it is not
        listed by today's API any more: if Getty answers 400, leave it out.
    :param seed: the seed of earlier images, for new ones that look alike.
    """

    name: ClassVar[str] = "generate"
    route: ClassVar[str] = "/v3/ai/image-generations"
    label: ClassVar[str] = "Generation of images"
    generation_type: ClassVar[str | None] = "text_to_image"

    prompt: NonEmptyText
    negative_prompt: str | None = None
    aspect_ratio: AspectRatio | None = None
    media_type: MediaType | None = None
    mood: Mood | None = None
    seed: Seed | None = None
    lens_type: LensType | None = None
    depth_of_field: DepthOfField | None = None


class Variations(GeneratingOperation):
    """Make more images like a generated one."""

    name: ClassVar[str] = "variations"
    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}/images/{index}/variations"
    label: ClassVar[str] = "Variations of image {index} of generation {generation_request_id}"
    generation_type: ClassVar[str | None] = "variation"

    generation_request_id: PathId
    index: ImageIndex = 0


class _Influence(ImageOperation):
    """Make images from a prompt and a reference.

    :param reference_file_registration_id: a file registered as ``ImageReference``, instead of one of Getty's images.
    :param prompt: what the images show.
    :param aspect_ratio: width to height of the images; only in today's API.
    :param negative_prompt: what they must not show. Like ``seed``, it is no longer listed by today's API: if Getty
        answers 400, leave it out.
    """

    reference_file_registration_id: NonEmptyText | None = None
    prompt: NonEmptyText
    negative_prompt: str | None = None
    aspect_ratio: AspectRatio | None = None
    media_type: MediaType | None = None
    mood: Mood | None = None
    seed: Seed | None = None

    @property
    def _image(self) -> str:
        if file := self.reference_file_registration_id:
            return f"registered file {file}"
        return super()._image


class InfluenceColor(_Influence):
    """Make images from a prompt in the colors of a reference.

    :param noise_level: 0 to 1; a higher value differs more from the reference.
        The API of 2024 requires it, today's no longer lists it: if Getty answers 400, set it or leave it out.
    """

    name: ClassVar[str] = "influence_color"
    route: ClassVar[str] = "/v3/ai/image-generations/influence-color-by-image"
    label: ClassVar[str] = "Generation in the colors of {image}"
    generation_type: ClassVar[str | None] = "influence_color_by_image"

    noise_level: Level | None = None


class InfluenceComposition(_Influence):
    """Make images from a prompt with the composition of a reference: its poses, places and depth.

    :param influence_level: 0 to 1; a higher value resembles the reference more.
        The API of 2024 requires it, today's no longer lists it: if Getty answers 400, set it or leave it out.
    """

    name: ClassVar[str] = "influence_composition"
    route: ClassVar[str] = "/v3/ai/image-generations/influence-composition-by-image"
    label: ClassVar[str] = "Generation in the composition of {image}"
    generation_type: ClassVar[str | None] = "influence_composition_by_image"

    influence_level: Level | None = None


class BackgroundGeneration(GeneratingOperation, MovedOperation[Pending | Generation]):
    """Place a product of the customer in a new scene.

    :param reference_file_registration_id: a file registered as ``CustomerProduct``.
    :param prompt: the scene. Today's API no longer lists it as required.
    :param left_percentage: padding beside the product, as a percentage; likewise the other sides.
    :param negative_prompt: what the scene must not show. It is no longer listed by today's API: if Getty answers 400,
        leave it out.
    :param background_file_registration_id: a file registered as ``ImageReference`` that the scene follows; or
    :param background_asset_id: an image of Getty's creative library; or
    :param background_reference_generation: a generated image. At most one; only in today's API.
    :param background_reference_adherence: how closely the scene follows it.
    """

    name: ClassVar[str] = "background_generation"
    route: ClassVar[str] = "/v3/ai/image-generations/background-generations"
    label: ClassVar[str] = "Background for registered file {reference_file_registration_id}"
    generation_type: ClassVar[str | None] = "background_generation"

    reference_file_registration_id: NonEmptyText
    prompt: NonEmptyText
    negative_prompt: str | None = None
    left_percentage: Percentage | None = None
    right_percentage: Percentage | None = None
    top_percentage: Percentage | None = None
    bottom_percentage: Percentage | None = None
    background_file_registration_id: NonEmptyText | None = None
    background_asset_id: NonEmptyText | None = None
    background_reference_generation: ReferenceGeneration | None = None
    background_reference_adherence: Adherence | None = None

    @model_validator(mode="after")
    def _has_one_scene(self) -> Self:
        if len(self._scenes) > 1:
            raise ValueError(f"give at most one of {' and '.join(self._scenes)}")
        if self.background_reference_adherence and not self._scenes:
            raise ValueError("background_reference_adherence needs a reference for the background")
        return self

    @property
    def _scenes(self) -> list[str]:
        names = (
            "background_file_registration_id",
            "background_asset_id",
            "background_reference_generation",
        )
        return [name for name in names if getattr(self, name) is not None]

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """Only today's API takes a reference for the background."""
        return (Dialect.CURRENT,) if self._scenes else super().dialects
