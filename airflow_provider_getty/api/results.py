"""Getty's results, read tolerantly.

Source: the answers in Getty's AI Generator reference (200 and 202 of the generating calls, ``download-sizes``,
``download``, ``products``, ``generation-history``). Most fields may be null there, and an odd field must not
lose a generation that is paid for. So only fields without a default are required; any other unreadable field counts as
absent, unreadable items of a list are skipped, and unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import count
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

_Id = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""An id, which must not be blank."""


class _Result(BaseModel):
    """The base of all results, tolerant as described above."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    listing: ClassVar[str | None] = None
    """The list, possibly null, that every answer of this kind has; one without it is not a result."""

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, document: Any) -> Any:
        """Drop nulls, and find fields whose names have another letter case."""
        if not isinstance(document, Mapping):
            return document
        if cls.listing and folded(cls.listing) not in map(folded, document):
            raise ValueError(f"it has no {cls.listing}")
        present = {name: value for name, value in document.items() if value is not None}
        if missing := cls.model_fields.keys() - present.keys():
            spelled = {folded(name): value for name, value in present.items()}
            present |= {name: spelled[folded(name)] for name in missing if folded(name) in spelled}
        return present

    @field_validator("*", mode="wrap")
    @classmethod
    def _absent_if_odd(cls, value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required() or info.field_name == cls.listing:
                raise
            return field.get_default(call_default_factory=True)


@cache
def folded(name: str) -> str:
    """A field's name without letter case and underscores, which vary between servers."""
    return str(name).replace("_", "").casefold()


def _readable(model: type[_Result]) -> BeforeValidator:
    """Validates the items of a list one by one, and skips the unreadable ones."""

    def validate(items: Any) -> tuple[_Result, ...]:
        if isinstance(
            items, Mapping
        ):  # some servers write a list of one without brackets, or number its items
            is_numbered = all(isinstance(item, Mapping) for item in items.values())
            items = list(items.values()) if is_numbered else [items]
        if not isinstance(items, Sequence) or isinstance(items, str):
            raise ValueError("it is not a list")  # noqa: TRY004 - pydantic catches ValueError
        found = []
        for item in items:
            try:
                found.append(model.model_validate(item))
            except ValidationError:
                continue
        return tuple(found)

    return BeforeValidator(validate)


class AccessToken(_Result):
    """An access token and its lifetime in seconds, which older servers write as a string, or omit."""

    access_token: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[!-~]+$")] = Field(
        repr=False
    )
    expires_in: float = Field(default=1800.0, gt=0, allow_inf_nan=False)


class Preview(_Result):
    """A small rendition of a generated image; its URL is signed, so it is a secret."""

    preview_size: str | None = None
    image_url: str | None = Field(default=None, repr=False)
    width: int | None = None
    height: int | None = None


class Image(_Result):
    """One generated image.

    :param index: its number in the generation, from 0. -1 until :class:`Generation` numbers an image without one.
    :param is_blocked: whether Getty's content policy blocked it.
    :param url: signed, so it is a secret.
    """

    index: int = Field(default=-1, ge=0)
    is_blocked: bool = False
    url: str | None = Field(default=None, repr=False)
    preview_urls: Annotated[tuple[Preview, ...], _readable(Preview)] = ()


class OriginalAsset(_Result):
    """The library image that a generation was made from, if it was made from one."""

    id: str | None = None


class StillPending(_Result):
    """202: ask again later."""


class Pending(StillPending):
    """202: Getty has accepted the generation, and is still at work."""

    generation_request_id: _Id
    status: ClassVar[str] = "pending"

    def summary(self) -> dict[str, Any]:
        """Plain JSON of the same shape as :meth:`Generation.summary`."""
        return {
            "generation_request_id": self.generation_request_id,
            "status": self.status,
            "seed": None,
            "results": [],
            "original_asset": None,
        }


class Generation(_Result):
    """200: the finished generation, usually of four images. Getty keeps it for six months."""

    generation_request_id: _Id
    status: ClassVar[str] = "completed"
    seed: int | None = None
    results: Annotated[tuple[Image, ...], _readable(Image)] = ()
    original_asset: OriginalAsset | None = None

    @field_validator("results")
    @classmethod
    def _numbered(cls, results: tuple[Image, ...]) -> tuple[Image, ...]:
        """Give images without an index the first free numbers, in order."""
        taken = {image.index for image in results}
        free = (number for number in count() if number not in taken)
        return tuple(
            image if image.index >= 0 else image.model_copy(update={"index": next(free)}) for image in results
        )

    @field_validator("original_asset")
    @classmethod
    def _with_id(cls, asset: OriginalAsset | None) -> OriginalAsset | None:
        return asset if asset and asset.id else None

    @property
    def blocked(self) -> tuple[Image, ...]:
        """The images that Getty's content policy blocked."""
        return tuple(image for image in self.results if image.is_blocked)

    def summary(self) -> dict[str, Any]:
        """Plain JSON without the signed URLs, fit for XCom, logs and trigger events.

        ``{"generation_request_id", "status", "seed", "results": [{"index", "is_blocked",
        "preview_urls": [{"preview_size", "width", "height"}]}], "original_asset": {"id"} or None}``.
        Signed URLs expire and grant access; ask for the generation again to get fresh ones.
        """
        document = self.model_dump(
            mode="json",
            exclude={"results": {"__all__": {"url": True, "preview_urls": {"__all__": {"image_url"}}}}},
        )
        return {"generation_request_id": self.generation_request_id, "status": self.status, **document}


class DownloadSize(_Result):
    """A size in which a generated image can be downloaded, in pixels."""

    size_name: str
    width: int | None = None
    height: int | None = None


class DownloadSizes(_Result):
    """The sizes in which a generated image can be downloaded."""

    listing: ClassVar[str | None] = "download_sizes"

    download_sizes: Annotated[tuple[DownloadSize, ...], _readable(DownloadSize)] = ()


class PendingDownload(StillPending):
    """202: Getty is still preparing the download."""


class Download(_Result):
    """A download that is ready; its URL is signed, so it is a secret."""

    url: str = Field(min_length=1, repr=False)
    generated_asset_id: str | None = None


class Product(_Result):
    """A license product of the account; those of the AI Generator have the type ``aigen``."""

    id: int
    name: str | None = None
    type: str | None = None
    status: str | None = None
    credits_remaining: int | None = None
    ai_gen_requirements: dict[str, Any] | None = None


class Products(_Result):
    """The account's license products."""

    listing: ClassVar[str | None] = "products"

    products: Annotated[tuple[Product, ...], _readable(Product)] = ()


class Registration(_Result):
    """A file of the customer, registered for use as a reference."""

    id: _Id
    date_created: datetime | None = None
    preview_urls: Annotated[tuple[Preview, ...], _readable(Preview)] = ()


class Registrations(_Result):
    """A page of the registered files; ``result_count`` counts those of all pages, if Getty tells."""

    listing: ClassVar[str | None] = "file_registrations"

    result_count: int | None = Field(default=None, ge=0)
    file_registrations: Annotated[tuple[Registration, ...], _readable(Registration)] = ()


class EnhancedPrompt(_Result):
    """A prompt in more detail."""

    enhanced_prompt: str = Field(min_length=1)


class GenerationOptions(_Result):
    """The settings of a generation besides its prompts."""

    media_type: str | None = None
    aspect_ratio: str | None = None
    mood: str | None = None


class SourceGeneration(_Result):
    """The generated image that a generation was made from."""

    source_generation_request_id: str | None = None
    source_generation_result_index: int | None = None


class HistoryItem(_Result):
    """One generation in the account's history; one that is pending has no results yet.

    :param generation_request_id: empty if the history does not show it.
    :param generation_type: such as ``text_to_image``, ``refine`` or ``background_generation``.
    :param product_revoked_date: when the account lost the product that paid.
    """

    generation_request_id: str = ""
    generation_date: datetime | None = None
    generation_type: str | None = None
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    generation_options: GenerationOptions | None = None
    product_id: int | None = None
    product_revoked_date: datetime | None = None
    notes: str | None = None
    project_code: str | None = None
    original_asset: OriginalAsset | None = None
    source_generation_request: SourceGeneration | None = None
    results: Annotated[tuple[Image, ...], _readable(Image)] = ()

    @model_validator(mode="after")
    def _is_recognizable(self) -> Self:
        """An item without an id is useless, unless its notes or its prompt tell to which task it may belong."""
        if not (self.generation_request_id.strip() or self.notes or self.prompt):
            raise ValueError("it has no id")
        return self


class HistoryPage(_Result):
    """A page of the account's history; ``result_count`` counts those of all pages, if Getty tells."""

    listing: ClassVar[str | None] = "generations"

    result_count: int | None = Field(default=None, ge=0)
    generations: Annotated[tuple[HistoryItem, ...], _readable(HistoryItem)] = ()
