"""The operations that change an existing image."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.choices import HEX_COLOR, MediaType
from airflow_provider_getty.api.operations.generating import ImageOperation, Percentage
from airflow_provider_getty.api.operations.operation import NonEmptyText

__all__ = ["BackgroundRemoval", "BackgroundReplacement", "Extend", "ObjectRemoval", "Refine"]


class Refine(ImageOperation):
    """Change the part of an image under the white of a mask, as a prompt says.

    :param mask_url: the full URL of the uploaded mask.
    :param prompt: what the refined portion shows. Optional on the reference page, required by today's API.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    """

    name: ClassVar[str] = "refine"
    route: ClassVar[str] = "/v3/ai/image-generations/refine"
    label: ClassVar[str] = "Refine of {image}"
    generation_type: ClassVar[str | None] = "refine"
    on_reference_page: ClassVar[bool] = True

    mask_url: NonEmptyText
    prompt: str | None = None
    negative_prompt: str | None = None

    def check(self, account: Account) -> None:
        """Require a prompt for today's API; if the reference page's form is tried as well, Getty decides."""
        if not self.prompt and self.forms(account.dialect) == (Dialect.CURRENT,):
            raise self._refused("prompt: today's API requires it")


class Extend(ImageOperation):
    """Continue an image beyond its borders. The longest side of the result is as long as before.

    :param left_percentage: how much to add at the left, as a percentage; likewise the other sides. At least one is
        above 0.
    :param prompt: what the added portion shows.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    """

    name: ClassVar[str] = "extend"
    route: ClassVar[str] = "/v3/ai/image-generations/extend"
    label: ClassVar[str] = "Extension of {image}"
    generation_type: ClassVar[str | None] = "extend"
    on_reference_page: ClassVar[bool] = True

    left_percentage: Percentage | None = None
    right_percentage: Percentage | None = None
    top_percentage: Percentage | None = None
    bottom_percentage: Percentage | None = None
    prompt: str | None = None
    negative_prompt: str | None = None

    @model_validator(mode="after")
    def _extends(self) -> Self:
        sides = (self.left_percentage, self.right_percentage, self.top_percentage, self.bottom_percentage)
        if not any(sides):
            raise ValueError(
                "give at least one of left_percentage, right_percentage, top_percentage and bottom_percentage "
                "above 0"
            )
        return self


class BackgroundRemoval(ImageOperation):
    """Cut the subject out of an image."""

    name: ClassVar[str] = "background_removal"
    route: ClassVar[str] = "/v3/ai/image-generations/background-removal"
    label: ClassVar[str] = "Background removal of {image}"
    generation_type: ClassVar[str | None] = "background_removal"


class BackgroundReplacement(ImageOperation):
    """Put the subject of an image in front of another background. Only in today's API.

    :param prompt: the background; Getty makes four. Or
    :param background_color: its color, as ``#RRGGBB``; Getty makes one. Exactly one of the two: Getty does not
        document the result of both.
    :param negative_prompt: what the background must not show.
    """

    name: ClassVar[str] = "background_replacement"
    route: ClassVar[str] = "/v3/ai/image-generations/background-replacement"
    label: ClassVar[str] = "Background replacement of {image}"
    generation_type: ClassVar[str | None] = None

    prompt: NonEmptyText | None = None
    background_color: Annotated[str, Field(pattern=HEX_COLOR)] | None = None
    negative_prompt: str | None = None
    media_type: MediaType | None = None

    @model_validator(mode="after")
    def _has_one_background(self) -> Self:
        if (self.prompt is None) == (self.background_color is None):
            raise ValueError("give exactly one of prompt and background_color")
        return self


class ObjectRemoval(ImageOperation):
    """Remove the object under the white of a mask.

    :param mask_url: the full URL of the uploaded mask.
    """

    name: ClassVar[str] = "object_removal"
    route: ClassVar[str] = "/v3/ai/image-generations/object-removal"
    label: ClassVar[str] = "Object removal of {image}"
    generation_type: ClassVar[str | None] = "object_removal"

    mask_url: NonEmptyText
