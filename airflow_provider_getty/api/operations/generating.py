"""The bases of the operations that generate images; :data:`GENERATING` lists those."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.choices import LARGEST
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.operations.operation import (
    ImageIndex,
    NonEmptyText,
    Operation,
    PathId,
    ProductId,
)
from airflow_provider_getty.api.results import Generation, Pending

__all__ = [
    "GENERATING",
    "GeneratingOperation",
    "ImageOperation",
    "ReferenceGeneration",
]

Seed: TypeAlias = Annotated[int, Field(ge=-LARGEST - 1, le=LARGEST)]
Percentage: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Of the width, at the left and right, or of the height of the image."""

_by_name: dict[str, type[GeneratingOperation]] = {}
GENERATING: Mapping[str, type[GeneratingOperation]] = MappingProxyType(_by_name)
"""Every generating operation by its name."""


class ReferenceGeneration(BaseModel):
    """A generated image: the request that made it, and its index among the results, from 0."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    generation_request_id: PathId
    index: ImageIndex = 0


class GeneratingOperation(Operation[Pending | Generation]):
    """Generates images, and may cost a credit each time it is sent.

    A subclass that declares a ``name`` is listed in :data:`GENERATING`.

    :param product_id: the AI Generator product that pays; Getty requires it if the account has several.
    :param project_code: for products that require one; the others must not get one.
    :param notes: for products that require them.
    """

    generation_type: ClassVar[str | None]
    """Its type in Getty's history; None if Getty does not publish it."""
    method: ClassVar[str] = "POST"
    answers = MappingProxyType({200: Generation, 202: Pending})
    at_risk: ClassVar[Credit] = Credit.UNKNOWN

    product_id: ProductId | None = None
    project_code: str | None = None
    notes: str | None = None

    def read(self, status: int, document: Any) -> Pending | Generation:
        """Treat a 200 without images as pending: it is polled like a 202."""
        answer = super().read(status, document)
        if isinstance(answer, Generation) and not answer.results:
            return Pending(generation_request_id=answer.generation_request_id)
        return answer

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """List the operation."""
        if "name" in vars(cls):
            _by_name[cls.name] = cls


class ImageOperation(GeneratingOperation):
    """Generates images from an existing one.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image. Exactly one of the two.
    """

    on_reference_page: ClassVar[bool] = False
    """Whether the reference page has a form of it, which names the image ``id``."""

    image_id: NonEmptyText | None = None
    reference_generation: ReferenceGeneration | None = None

    @model_validator(mode="after")
    def _has_one_image(self) -> Self:
        names = [name for name in type(self).model_fields if name == "image_id" or name in _REFERENCES]
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"give exactly one of {', '.join(names[:-1])} and {names[-1]}")
        return self

    @property
    def asked(self) -> str:
        """The call in words, with its image."""
        return self.label.format(image=self._image)

    @property
    def _image(self) -> str:
        if generated := self.reference_generation:
            return f"image {generated.index} of generation {generated.generation_request_id}"
        return f"image {self.image_id}"

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The reference page's form comes first; it exists only for images of the library."""
        if self.on_reference_page and self.image_id:
            return (Dialect.REFERENCE_PAGE, Dialect.CURRENT)
        return (Dialect.CURRENT,)

    def arguments(self, dialect: Dialect) -> dict[str, Any]:
        """The reference page names the image ``id``, today's API ``reference_asset_id``."""
        arguments = super().arguments(dialect)
        if image_id := arguments.pop("image_id", None):
            arguments["id" if dialect is Dialect.REFERENCE_PAGE else "reference_asset_id"] = image_id
        return arguments


_REFERENCES = ("reference_generation", "reference_file_registration_id")
