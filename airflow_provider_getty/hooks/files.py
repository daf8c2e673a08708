"""The hook's methods for uploads, registrations and prompts, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from airflow_provider_getty.api import clock, operations, paging
from airflow_provider_getty.hooks.sides import AsyncSide, SyncSide
from airflow_provider_getty.inputs.masks import Mask, MaskSource, make_mask
from airflow_provider_getty.inputs.pictures import PictureSource, make_jpeg, unique_name

if TYPE_CHECKING:
    from airflow_provider_getty.api.choices import Category
    from airflow_provider_getty.api.operations import UploadImage
    from airflow_provider_getty.api.results import Registration


class Files(SyncSide):
    """Upload masks and files, and register files as references or products."""

    def upload_mask(
        self,
        mask: Mask | MaskSource,
        *,
        image_size: Sequence[int] | str | None = None,
        label: str = "mask",
        deadline: float | None = None,
    ) -> str:
        """Upload a mask under a unique name.

        Source: ``PUT /v3/search/by-image/uploads/{file_name}`` in Getty's API reference.

        :param mask: a ``Mask``, or a source for :func:`airflow_provider_getty.inputs.masks.make_mask`.
        :param image_size: width and height in pixels of the image to refine; boxes and polygons need it.
        :param label: the beginning of the upload's name.
        :param deadline: until when (``time.time()``) temporary failures are retried. Default: for a minute.
        :return: the ``mask_url``; Getty keeps the mask for 24 hours.
        :raises MaskError: no mask can be made from this; nothing was sent.
        :raises GettyError: Getty refused it.
        """
        upload = _mask_upload(mask, image_size, label)
        self.ask(upload, deadline=deadline)
        return self.get_conn().account.uploads_url + upload.file_name

    def upload_file(self, file: PictureSource, *, label: str = "file", deadline: float | None = None) -> str:
        """Upload an image to register, under a unique name.

        Source: ``PUT /v3/search/by-image/uploads/{file_name}`` in Getty's API reference.

        :param file: a path, a URI or an ``ObjectStoragePath`` of an image, or its bytes.
        :param label: the beginning of the upload's name.
        :param deadline: until when (``time.time()``) temporary failures are retried. Default: for a minute.
        :return: the ``url`` for a registration; Getty keeps the upload for 24 hours.
        :raises InvalidRequestError: no JPEG can be made from this; nothing was sent.
        :raises GettyError: Getty refused it.
        """
        upload = _file_upload(file, label)
        self.ask(upload, deadline=deadline)
        return self.get_conn().account.uploads_url + upload.file_name

    def register_file(
        self, url: str, *, rights_claimed: Literal[True], category: Category | None = None
    ) -> Registration:
        """Register an uploaded file, for use as a reference or a product.

        Source: ``POST /v3/ai/file-registrations`` in Getty's API reference.

        :param url: what :meth:`upload_file` returned.
        :param rights_claimed: True: you own the file or have a license for it, as Getty requires.
        :param category: ``ImageReference`` for an influence, ``CustomerProduct`` for a background generation.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: Getty did not register it.
        """
        return self.ask(operations.RegisterFile(url=url, rights_claimed=rights_claimed, category=category))

    def get_registration(self, registration_id: str) -> Registration:
        """Look at a registered file.

        Source: ``GET /v3/ai/file-registrations/{registration_id}`` in Getty's API reference.

        :raises NotFoundError: there is no such file.
        :raises GettyError: the call failed otherwise.
        """
        return self.ask(operations.GetRegistration(registration_id=registration_id))

    def delete_registration(self, registration_id: str) -> None:
        """Archive a registered file. Only in today's API.

        Source: ``DELETE /v3/ai/file-registrations/{registration_id}`` in Getty's API reference.

        :raises NotFoundError: there is no such file.
        :raises GettyError: the call failed otherwise.
        """
        self.ask(operations.DeleteRegistration(registration_id=registration_id))

    def registrations(self) -> Iterator[Registration]:
        """Iterate over the registered files; pages are fetched as they are needed. Only in today's API.

        Source: ``GET /v3/ai/file-registrations`` in Getty's API reference.

        :raises GettyError: a call failed.
        """
        return self._items(paging.registration_pages())

    def enhance_prompt(self, prompt: str) -> str:
        """Turn a short prompt into a more detailed one. Only in today's API; Getty publishes no cost.

        Source: ``POST /v3/ai/enhance-prompt`` in Getty's API reference.

        :raises InvalidRequestError: the prompt is empty; nothing was sent.
        :raises GettyError: the call failed.
        """
        return self.ask(operations.EnhancePrompt(prompt=prompt)).enhanced_prompt


class AsyncFiles(AsyncSide):
    """The same methods as coroutines."""

    async def upload_mask(
        self,
        mask: Mask | MaskSource,
        *,
        image_size: Sequence[int] | str | None = None,
        label: str = "mask",
        deadline: float | None = None,
    ) -> str:
        """See :meth:`.getty.GettyHook.upload_mask`."""
        upload = await clock.in_thread(_mask_upload, mask, image_size, label)
        await self.ask(upload, deadline=deadline)
        return self.client.account.uploads_url + upload.file_name

    async def upload_file(
        self, file: PictureSource, *, label: str = "file", deadline: float | None = None
    ) -> str:
        """See :meth:`.getty.GettyHook.upload_file`."""
        upload = await clock.in_thread(_file_upload, file, label)
        await self.ask(upload, deadline=deadline)
        return self.client.account.uploads_url + upload.file_name

    async def register_file(
        self, url: str, *, rights_claimed: Literal[True], category: Category | None = None
    ) -> Registration:
        """See :meth:`.getty.GettyHook.register_file`."""
        return await self.ask(
            operations.RegisterFile(url=url, rights_claimed=rights_claimed, category=category)
        )

    async def get_registration(self, registration_id: str) -> Registration:
        """See :meth:`.getty.GettyHook.get_registration`."""
        return await self.ask(operations.GetRegistration(registration_id=registration_id))

    async def delete_registration(self, registration_id: str) -> None:
        """See :meth:`.getty.GettyHook.delete_registration`."""
        await self.ask(operations.DeleteRegistration(registration_id=registration_id))

    def registrations(self) -> AsyncIterator[Registration]:
        """See :meth:`.getty.GettyHook.registrations`."""
        return self._items(paging.registration_pages())

    async def enhance_prompt(self, prompt: str) -> str:
        """See :meth:`.getty.GettyHook.enhance_prompt`."""
        return (await self.ask(operations.EnhancePrompt(prompt=prompt))).enhanced_prompt


def _mask_upload(mask: Mask | MaskSource, image_size: Sequence[int] | str | None, label: str) -> UploadImage:
    made = mask if isinstance(mask, Mask) else make_mask(mask, image_size=image_size)
    return operations.UploadImage(file_name=unique_name(label), jpeg=made.jpeg)


def _file_upload(file: PictureSource, label: str) -> UploadImage:
    return operations.UploadImage(file_name=unique_name(label), jpeg=make_jpeg(file))
