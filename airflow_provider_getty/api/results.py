"""What Getty answers.

Source: the answers in Getty's AI Generator reference (200 and 202 of the generating calls,
``download-sizes``, ``download``, ``products``, ``generation-history``). Fields not listed here are ignored.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, model_validator


class _Answer(BaseModel):
    """Lenient about what Getty does not settle: what is paid for must not be lost to a stray field."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, document: Any) -> Any:
        if isinstance(document, dict):
            return {name: value for name, value in document.items() if value is not None}
        return document


class AccessToken(_Answer):
    """What the token endpoint grants, for so many seconds; older servers write those as a string."""

    access_token: str = Field(min_length=1, repr=False)
    expires_in: float = Field(gt=0, allow_inf_nan=False)


class Preview(_Answer):
    """A small rendition of a generated image; its URL is signed, so it is a secret."""

    preview_size: str | None = None
    image_url: str | None = Field(default=None, repr=False)
    width: int | None = None
    height: int | None = None


class Image(_Answer):
    """One generated image.

    :param index: its place in the generation, from 0.
    :param is_blocked: whether Getty's content policy withheld it.
    :param url: signed, so it is a secret.
    """

    index: int
    is_blocked: bool = False
    url: str | None = Field(default=None, repr=False)
    preview_urls: tuple[Preview, ...] = ()


class OriginalAsset(_Answer):
    """The library image that a generation was made from."""

    id: str


class StillPending(_Answer):
    """202: ask again later."""


class Pending(StillPending):
    """202: Getty has accepted the generation, and is still at work."""

    generation_request_id: str = Field(min_length=1)
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


class Generation(_Answer):
    """200: the finished generation, usually of four images. Getty keeps it for six months."""

    generation_request_id: str = Field(min_length=1)
    status: ClassVar[str] = "completed"
    seed: int | None = None
    results: tuple[Image, ...] = ()
    original_asset: OriginalAsset | None = None

    @property
    def blocked(self) -> tuple[Image, ...]:
        """The images that Getty's content policy withheld."""
        return tuple(image for image in self.results if image.is_blocked)

    def summary(self) -> dict[str, Any]:
        """Plain JSON without the signed URLs: what may lie in XCom, logs and trigger events.

        ``{"generation_request_id", "status", "seed", "results": [{"index", "is_blocked",
        "preview_urls": [{"preview_size", "width", "height"}]}], "original_asset": {"id"} or None}``.
        Signed URLs expire and grant access; ask for the generation again to get fresh ones.
        """
        document = self.model_dump(
            mode="json",
            exclude={"results": {"__all__": {"url": True, "preview_urls": {"__all__": {"image_url"}}}}},
        )
        return {"generation_request_id": self.generation_request_id, "status": self.status, **document}


class DownloadSize(_Answer):
    """A size in which a generated image can be downloaded, in pixels."""

    size_name: str
    width: int | None = None
    height: int | None = None


class DownloadSizes(_Answer):
    """The sizes in which a generated image can be downloaded."""

    download_sizes: tuple[DownloadSize, ...]


class PendingDownload(StillPending):
    """202: Getty is still preparing the download."""


class Download(_Answer):
    """A download that is ready; its URL is signed, so it is a secret."""

    url: str = Field(min_length=1, repr=False)
    generated_asset_id: str | None = None


class Product(_Answer):
    """A licence product of the account; those of the AI Generator have the type ``aigen``."""

    id: int
    name: str | None = None
    type: str | None = None
    status: str | None = None
    credits_remaining: int | None = None
    ai_gen_requirements: dict[str, Any] | None = None


class Products(_Answer):
    """The account's licence products."""

    products: tuple[Product, ...]


class Registration(_Answer):
    """A file of the customer, registered for use as a reference."""

    id: str = Field(min_length=1)
    date_created: datetime | None = None
    preview_urls: tuple[Preview, ...] = ()


class Registrations(_Answer):
    """A page of the registered files; ``result_count`` counts all pages, where Getty tells it."""

    result_count: int | None = None
    file_registrations: tuple[Registration, ...] = ()


class EnhancedPrompt(_Answer):
    """A prompt in more detail."""

    enhanced_prompt: str = Field(min_length=1)


class GenerationOptions(_Answer):
    """What a generation was asked for besides its prompts."""

    media_type: str | None = None
    aspect_ratio: str | None = None
    mood: str | None = None


class SourceGeneration(_Answer):
    """The generated image that a generation was made from."""

    source_generation_request_id: str | None = None
    source_generation_result_index: int | None = None


class HistoryItem(_Answer):
    """One generation in the account's history; one that is pending has no results yet.

    :param generation_type: such as ``text_to_image``, ``refine`` or ``background_generation``.
    :param product_revoked_date: since when the product that paid is no longer the account's.
    """

    generation_request_id: str
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
    results: tuple[Image, ...] = ()


class HistoryPage(_Answer):
    """A page of the account's history; ``result_count`` counts all pages."""

    result_count: int
    generations: tuple[HistoryItem, ...]
