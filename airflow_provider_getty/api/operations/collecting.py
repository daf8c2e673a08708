"""The operations that collect generations and download images."""

from __future__ import annotations

from contextlib import suppress
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Generic

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.choices import SizeName
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.api.operations.operation import (
    ImageIndex,
    MovedOperation,
    NonEmptyText,
    Operation,
    PathId,
    ProductId,
    ResultT_co,
)
from airflow_provider_getty.api.results import Download, DownloadSizes, Generation, Pending, PendingDownload

__all__ = ["GetDownload", "GetDownloadSizes", "GetGeneration", "NoImages", "Redownload", "StartDownload"]


class NoImages(ValueError):  # noqa: N818 - errors.NoImagesError is what becomes of it
    """A finished generation lists no images."""


class GetGeneration(MovedOperation[Pending | Generation]):
    """Ask whether a generation is finished."""

    name: ClassVar[str] = "get_generation"
    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}"
    label: ClassVar[str] = "Status of generation {generation_request_id}"
    answers = MappingProxyType({200: Generation, 202: None})
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: PathId

    def read(self, status: int, document: Any) -> Pending | Generation:
        """Read a 202 as pending, whatever its body; a 200 must be about the requested generation."""
        generation = super().read(status, document)
        if not isinstance(generation, Generation):
            return Pending(generation_request_id=self.generation_request_id)
        if generation.generation_request_id.casefold() != self.generation_request_id.casefold():
            raise ValueError(f"it is about another generation, {generation.generation_request_id}")
        if not generation.results:
            raise NoImages("it has no images")
        return generation


class _GeneratedImageOperation(Operation[ResultT_co], Generic[ResultT_co]):
    committed: ClassVar[Credit] = Credit.COMMITTED
    at_risk: ClassVar[Credit] = Credit.COMMITTED

    generation_request_id: PathId
    index: ImageIndex = 0


class GetDownloadSizes(_GeneratedImageOperation[DownloadSizes]):
    """Ask in which sizes a generated image can be downloaded."""

    name: ClassVar[str] = "download_sizes"
    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}/images/{index}/download-sizes"
    label: ClassVar[str] = "Download sizes of image {index} of generation {generation_request_id}"
    answers = MappingProxyType({200: DownloadSizes})


class StartDownload(_GeneratedImageOperation[bool | Download]):
    """Have Getty prepare a download. A large size may cost.

    The result is True if it is being prepared; False if that is uncertain, or if a download of this image was already
    being prepared, in any size; a :class:`Download` if it is ready at once.
    """

    name: ClassVar[str] = "start_download"
    method: ClassVar[str] = "PUT"
    route: ClassVar[str] = "/v3/ai/image-generations/{generation_request_id}/images/{index}/download"
    label: ClassVar[str] = "Download of image {index} of generation {generation_request_id} in {size_name}"
    answers = MappingProxyType({200: None, 202: None, 409: None})
    at_risk: ClassVar[Credit] = Credit.DOWNLOAD_UNKNOWN

    size_name: NonEmptyText
    product_id: ProductId | None = None
    project_code: str | None = None
    notes: str | None = None

    def read(self, status: int, document: Any) -> bool | Download:
        """Whether this call has certainly started the download; the download itself if the answer has its URL."""
        if status == HTTPStatus.OK:
            with suppress(ValueError):
                return Download.model_validate(document)
        return status == HTTPStatus.ACCEPTED


class GetDownload(_GeneratedImageOperation[PendingDownload | Download]):
    """Ask whether a download is ready."""

    name: ClassVar[str] = "get_download"
    route: ClassVar[str] = StartDownload.route
    label: ClassVar[str] = "Download of image {index} of generation {generation_request_id}"
    answers = MappingProxyType({200: Download, 202: None})

    def read(self, status: int, document: Any) -> PendingDownload | Download:
        """Read a 202 as still being prepared."""
        return super().read(status, document) or PendingDownload()


class Redownload(Operation[Download]):
    """Download an image again.

    The cost is not published. As Getty may answer that the product's quota is exceeded, the call is not repeated if its
    answer is lost.

    :param generated_asset_id: the id that the first download returned.
    :param product_id: the product to use. Getty requires it even if the account has only one.
    """

    name: ClassVar[str] = "redownload"
    method: ClassVar[str] = "POST"
    route: ClassVar[str] = "/v3/ai/redownloads"
    label: ClassVar[str] = "Redownload of {generated_asset_id} in {size_name}"
    answers = MappingProxyType({200: Download})
    at_risk: ClassVar[Credit] = Credit.DOWNLOAD_UNKNOWN

    generated_asset_id: NonEmptyText
    size_name: SizeName
    product_id: ProductId | None = None
    project_code: str | None = None
    notes: str | None = None

    def check(self, account: Account) -> None:
        """Require a product of the call or of the account."""
        if self.completed_by(account).product_id is None:
            raise self._refused("product_id: Getty requires it")
