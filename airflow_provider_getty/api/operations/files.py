"""The operations for files of the customer: upload, and registration as a reference or a product."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from airflow_provider_getty.api.account import Dialect
from airflow_provider_getty.api.choices import Category
from airflow_provider_getty.api.operations.operation import (
    Credentials,
    MovedOperation,
    NonEmptyText,
    Operation,
    PathId,
)
from airflow_provider_getty.api.results import Registration, Registrations

__all__ = [
    "DeleteRegistration",
    "GetRegistration",
    "ListRegistrations",
    "RegisterFile",
    "UploadImage",
]


class UploadImage(Operation[None]):
    """Upload a mask, or a file to register. It replaces an upload of the same name; Getty keeps it for 24 hours."""

    name: ClassVar[str] = "upload"
    method: ClassVar[str] = "PUT"
    route: ClassVar[str] = "/v3/search/by-image/uploads/{file_name}"
    label: ClassVar[str] = "Upload of {file_name}"
    answers = MappingProxyType({200: None, 201: None, 204: None})
    credentials: ClassVar[Credentials] = Credentials.KEY
    content_type: ClassVar[str] = "image/jpeg"

    file_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+\.jpe?g$")]
    jpeg: bytes = Field(repr=False)

    def body(self, dialect: Dialect) -> bytes:  # noqa: ARG002
        """The JPEG, unchanged."""
        return self.jpeg


class RegisterFile(MovedOperation[Registration]):
    """Register an uploaded file, for use as a reference.

    :param url: the full URL of the upload.
    :param rights_claimed: the customer owns the file or has a license for it; Getty accepts no other files.
    :param category: ``ImageReference`` for an influence, ``CustomerProduct`` for a background generation.
    """

    name: ClassVar[str] = "register_file"
    method: ClassVar[str] = "POST"
    route: ClassVar[str] = "/v3/ai/file-registrations"
    label: ClassVar[str] = "Registration of {url}"
    answers = MappingProxyType({200: Registration})

    url: NonEmptyText
    rights_claimed: Literal[True]
    category: Category | None = None


class GetRegistration(MovedOperation[Registration]):
    """Ask for a registered file, with previews."""

    name: ClassVar[str] = "get_registration"
    route: ClassVar[str] = "/v3/ai/file-registrations/{registration_id}"
    label: ClassVar[str] = "Registered file {registration_id}"
    answers = MappingProxyType({200: Registration})

    registration_id: PathId


class ListRegistrations(Operation[Registrations]):
    """Ask for a page of the registered files. Only in today's API."""

    name: ClassVar[str] = "registrations"
    route: ClassVar[str] = "/v3/ai/file-registrations"
    label: ClassVar[str] = "Registered files, page {page}"
    answers = MappingProxyType({200: Registrations})

    page: int = Field(default=1, ge=1)
    page_size: int = Field(default=30, ge=1)


class DeleteRegistration(Operation[None]):
    """Archive a registered file. Only in today's API."""

    name: ClassVar[str] = "delete_registration"
    method: ClassVar[str] = "DELETE"
    route: ClassVar[str] = GetRegistration.route
    label: ClassVar[str] = "Deletion of registered file {registration_id}"
    answers = MappingProxyType({200: None, 204: None})

    registration_id: PathId
