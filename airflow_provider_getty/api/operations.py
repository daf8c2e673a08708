"""What one may ask of Getty: each operation is a model of its arguments, and says how it is sent.

Source: the reference page of ``POST /v3/ai/image-generations/refine`` and, for the dialect *current*, the
AI Generator section of Getty's API reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import Enum, auto
from http import HTTPStatus
from string import Formatter
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Self, TypeVar
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.api.results import (
    Download,
    DownloadSizes,
    Generation,
    HistoryPage,
    Pending,
    PendingDownload,
    Products,
)

ResultT_co = TypeVar("ResultT_co", covariant=True)

ProductId = Field(default=None, ge=0, le=2**31 - 1)
# Becomes a segment of the path, in which "." and ".." would lead elsewhere.
GenerationRequestId = Field(pattern="[^.]")
ImageIndex = Field(default=0, ge=0)


class Credentials(Enum):
    """What an operation shows to be let in."""

    KEY = auto()
    """The API key; the access token as well if Getty asks for it with a 401."""
    KEY_AND_TOKEN = auto()


class Operation(BaseModel, Generic[ResultT_co]):
    """One call of the API.

    Arguments that the route names go into the path, the others into the JSON body (GET: into the query);
    what is not set is not sent.

    :raises InvalidRequestError: for arguments that Getty does not take.
    """

    # An id that passed through a template which renders native types is a number.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    method: ClassVar[str] = "GET"
    route: ClassVar[str]
    asks: ClassVar[str]
    """The call in a person's words, for messages."""
    answers: ClassVar[Mapping[int, type[BaseModel] | None]]
    """The statuses that mean success, each with what its body holds; None for nothing that matters."""
    credentials: ClassVar[Credentials] = Credentials.KEY_AND_TOKEN
    content_type: ClassVar[str] = "application/json"
    committed: ClassVar[Credit] = Credit.UNUSED
    """What became of the credit if this call certainly did nothing."""
    at_risk: ClassVar[Credit] = Credit.UNUSED
    """What became of the credit if nobody knows whether this call did its work."""

    def __init__(self, **arguments: Any) -> None:
        try:
            super().__init__(**arguments)
        except ValidationError as error:
            problems = "; ".join(
                ": ".join(filter(None, (".".join(map(str, problem["loc"])), problem["msg"])))
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise InvalidRequestError(
                f"{type(self).__name__} cannot be asked: {problems.replace('Value error, ', '')}."
            ) from None

    @property
    def asked(self) -> str:
        """The call in a person's words, with its arguments."""
        return self.asks.format_map(dict(self))

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The forms that the call has, the one to try first at the front."""
        return (Dialect.CURRENT,)

    def completed_by(self, account: Account) -> Self:
        """The same call, with the account's product and project code where it takes them and has none."""
        defaults = {"product_id": account.product_id, "project_code": account.project_code}
        missing = {name: value for name, value in defaults.items() if getattr(self, name, value) is None}
        return self.model_copy(update=missing) if missing else self

    def path(self, dialect: Dialect) -> str:
        """The path below the account's base URL, with the query."""
        path = self.route.format_map(
            {name: quote(str(getattr(self, name)), safe="") for name in _names_in(self.route)}
        )
        query = self.arguments(dialect) if self.method == "GET" else None
        return f"{path}?{urlencode(query)}" if query else path

    def body(self, dialect: Dialect) -> bytes | None:
        """What is sent with the call."""
        return None if self.method == "GET" else json.dumps(self.arguments(dialect)).encode()

    def arguments(self, dialect: Dialect) -> dict[str, Any]:  # noqa: ARG002 - for subclasses
        """What is sent in the body or the query."""
        return self.model_dump(mode="json", exclude=_names_in(self.route), exclude_none=True)

    def read(self, status: int, document: Any) -> ResultT_co:
        """Turn the JSON of a successful answer into the result.

        :raises ValueError: the answer is not as documented.
        """
        answer = self.answers[status]
        return answer.model_validate(document) if answer else None  # type: ignore[return-value]


class ReferenceGeneration(BaseModel):
    """A generated image: the request that made it, and its index among the results, from 0."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    generation_request_id: str = GenerationRequestId
    index: int = ImageIndex


class GeneratingOperation(Operation[Pending | Generation]):
    """What makes images, and may cost a credit each time it is sent.

    :param product_id: which AI Generator product pays; Getty requires it if the account has several.
    :param project_code: for products that require one; must be absent for the others.
    :param notes: for products that require them.
    """

    method: ClassVar[str] = "POST"
    answers = MappingProxyType({200: Generation, 202: Pending})
    at_risk: ClassVar[Credit] = Credit.UNKNOWN

    product_id: int | None = ProductId
    project_code: str | None = None
    notes: str | None = None


class Refine(GeneratingOperation):
    """Change what lies under the white of a mask, as a prompt says.

    :param image_id: an image of Getty's creative library; or
    :param reference_generation: a generated image. Exactly one of the two.
    :param mask_url: the full URL of the uploaded mask.
    :param prompt: what the refined portion shows. Optional on the reference page, required by today's API.
    :param negative_prompt: what it must not show. Today's API no longer lists it.
    """

    route: ClassVar[str] = "/v3/ai/image-generations/refine"

    image_id: str | None = Field(default=None, min_length=1)
    reference_generation: ReferenceGeneration | None = None
    mask_url: str = Field(min_length=1)
    prompt: str | None = None
    negative_prompt: str | None = None

    @model_validator(mode="after")
    def _has_one_image(self) -> Refine:
        if (self.image_id is None) == (self.reference_generation is None):
            raise ValueError("give exactly one of image_id and reference_generation")
        return self

    @property
    def asked(self) -> str:
        """The call in a person's words."""
        if image := self.reference_generation:
            return f"Refine of image {image.index} of generation {image.generation_request_id}"
        return f"Refine of image {self.image_id}"

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The reference page has no form for a generated image."""
        current = (Dialect.CURRENT,)
        return current if self.reference_generation else (Dialect.REFERENCE_PAGE, *current)

    def arguments(self, dialect: Dialect) -> dict[str, Any]:
        """The reference page calls the image ``id``, today's API ``reference_asset_id``."""
        arguments = super().arguments(dialect)
        if image_id := arguments.pop("image_id", None):
            arguments["id" if dialect is Dialect.REFERENCE_PAGE else "reference_asset_id"] = image_id
        return arguments


class UploadMask(Operation[None]):
    """Upload a mask. The same name overwrites; after 24 hours it is gone."""

    method: ClassVar[str] = "PUT"
    route: ClassVar[str] = "/v3/search/by-image/uploads/{name}"
    asks: ClassVar[str] = "Upload of mask {name}"
    answers = MappingProxyType({200: None})
    credentials: ClassVar[Credentials] = Credentials.KEY
    content_type: ClassVar[str] = "image/jpeg"

    name: str = Field(pattern=r"^[A-Za-z0-9._-]+\.jpe?g$")
    jpeg: bytes = Field(repr=False)

    def body(self, dialect: Dialect) -> bytes:  # noqa: ARG002
        """The JPEG as it is."""
        return self.jpeg


class GetGeneration(Operation[Pending | Generation]):
    """Ask whether a generation is finished."""

    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}"
    asks: ClassVar[str] = "Status of generation {generation_request_id}"
    answers = MappingProxyType({200: Generation, 202: None})
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: str = GenerationRequestId

    @property
    def dialects(self) -> tuple[Dialect, ...]:
        """The reference page and today's API poll in different places."""
        return (Dialect.REFERENCE_PAGE, Dialect.CURRENT)

    def path(self, dialect: Dialect) -> str:
        """The reference page polls under ``beta/``, today's API under ``v3/``."""
        path = super().path(dialect)
        return path.replace("/v3/", "/beta/", 1) if dialect is Dialect.REFERENCE_PAGE else path

    def read(self, status: int, document: Any) -> Pending | Generation:
        """202 while it is pending, whatever its body; 200 with the results of the generation asked for."""
        generation = super().read(status, document)
        if generation is None:
            return Pending(generation_request_id=self.generation_request_id)
        if generation.generation_request_id != self.generation_request_id:
            raise ValueError(f"it is about another generation, {generation.generation_request_id}")
        return generation


class _OfImage(Operation[ResultT_co], Generic[ResultT_co]):
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: str = GenerationRequestId
    index: int = ImageIndex


class GetDownloadSizes(_OfImage[DownloadSizes]):
    """Ask in which sizes a generated image can be downloaded."""

    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}/images/{index}/download-sizes"
    asks: ClassVar[str] = "Download sizes of image {index} of generation {generation_request_id}"
    answers = MappingProxyType({200: DownloadSizes})


class StartDownload(_OfImage[bool]):
    """Have Getty prepare a download. A large size may cost.

    False: one of this image is being prepared already, in whatever size.
    """

    method: ClassVar[str] = "PUT"
    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}/images/{index}/download"
    asks: ClassVar[str] = "Download of image {index} of generation {generation_request_id} in {size_name}"
    answers = MappingProxyType({200: None, 202: None, 409: None})
    at_risk: ClassVar[Credit] = Credit.DOWNLOAD_UNKNOWN

    size_name: str = Field(min_length=1)
    product_id: int | None = ProductId
    project_code: str | None = None
    notes: str | None = None

    def read(self, status: int, document: Any) -> bool:  # noqa: ARG002 - GetDownload reads what is in it
        """Whether this call has started it."""
        return status != HTTPStatus.CONFLICT


class GetDownload(_OfImage[PendingDownload | Download]):
    """Ask whether a download is ready."""

    route: ClassVar[str] = StartDownload.route
    asks: ClassVar[str] = "Download of image {index} of generation {generation_request_id}"
    answers = MappingProxyType({200: Download, 202: None})

    def read(self, status: int, document: Any) -> PendingDownload | Download:
        """202 while it is being prepared, 200 with its URL."""
        return super().read(status, document) or PendingDownload()


class ListProducts(Operation[Products]):
    """Ask for the account's licence products and what they require."""

    route: ClassVar[str] = "/v3/products?fields=download_requirements"
    asks: ClassVar[str] = "List of products"
    answers = MappingProxyType({200: Products})


class GetHistory(Operation[HistoryPage]):
    """Ask for a page of the account's generations, the newest first."""

    route: ClassVar[str] = "/v3/ai/generation-history"
    asks: ClassVar[str] = "Generation history, page {page}"
    answers = MappingProxyType({200: HistoryPage})

    page: int = Field(default=1, ge=1)
    page_size: int = Field(default=30, ge=1, le=1000)
    date_start: datetime | None = None
    date_end: datetime | None = None


def _names_in(route: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(route) if name}
