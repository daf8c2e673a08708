"""The hook's methods that change an image, sync and async."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias

from airflow_provider_getty.hooks.sides import AsyncSide, SyncSide

if TYPE_CHECKING:
    from airflow_provider_getty.api.choices import MediaType
    from airflow_provider_getty.api.results import Generation, Pending
    from airflow_provider_getty.inputs.arguments import GenerationSource
    from airflow_provider_getty.inputs.masks import MaskSource

Edit: TypeAlias = Literal[
    "refine", "extend", "object_removal", "background_removal", "background_replacement"
]
"""The operations that change an image."""


class Edits(SyncSide):
    """Change an image of Getty's library, or a generated one."""

    def refine(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        mask: MaskSource | None = None,
        mask_url: str | None = None,
        image_size: Sequence[int] | str | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Change the part of an image under the white of a mask, as a prompt says.

        It may cost a credit. Source: ``POST /v3/ai/image-generations/refine`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Exactly one of the two.
        :param mask: a path, URI or ``ObjectStoragePath`` of an image, its bytes, or boxes and polygons, which
            is uploaded; see :func:`airflow_provider_getty.inputs.masks.make_mask`. Or
        :param mask_url: the URL that :meth:`upload_mask` returned. Exactly one of the two.
        :param image_size: width and height in pixels of the image; boxes and polygons need it.
        :param prompt: what the refined portion shows. Optional on the reference page, required by today's API.
        :param negative_prompt: what it must not show. Today's API no longer lists it.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "refine",
            image_id=image_id,
            reference_generation=reference_generation,
            mask=mask,
            mask_url=mask_url,
            image_size=image_size,
            prompt=prompt,
            negative_prompt=negative_prompt,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def extend(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        left_percentage: float | None = None,
        right_percentage: float | None = None,
        top_percentage: float | None = None,
        bottom_percentage: float | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Continue an image beyond its borders. The longest side of the result is as long as before.

        It may cost a credit. Source: ``POST /v3/ai/image-generations/extend`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Exactly one of the two.
        :param left_percentage: how much to add at the left, in percent of the image's width; from 0.
        :param right_percentage: the same at the right.
        :param top_percentage: how much to add at the top, in percent of the image's height; from 0.
        :param bottom_percentage: the same at the bottom. At least one of the four must be above 0.
        :param prompt: what the added portion shows.
        :param negative_prompt: what it must not show. Today's API no longer lists it.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "extend",
            image_id=image_id,
            reference_generation=reference_generation,
            left_percentage=left_percentage,
            right_percentage=right_percentage,
            top_percentage=top_percentage,
            bottom_percentage=bottom_percentage,
            prompt=prompt,
            negative_prompt=negative_prompt,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def object_removal(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        mask: MaskSource | None = None,
        mask_url: str | None = None,
        image_size: Sequence[int] | str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Remove the object under the white of a mask.

        It may cost a credit. Source: ``POST /v3/ai/image-generations/object-removal`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Exactly one of the two.
        :param mask: a path, URI or ``ObjectStoragePath`` of an image, its bytes, or boxes and polygons, which
            is uploaded; see :func:`airflow_provider_getty.inputs.masks.make_mask`. Or
        :param mask_url: the URL that :meth:`upload_mask` returned. Exactly one of the two.
        :param image_size: width and height in pixels of the image; boxes and polygons need it.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "object_removal",
            image_id=image_id,
            reference_generation=reference_generation,
            mask=mask,
            mask_url=mask_url,
            image_size=image_size,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def background_removal(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Cut the subject out of an image.

        It may cost a credit. Source: ``POST /v3/ai/image-generations/background-removal`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Exactly one of the two.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "background_removal",
            image_id=image_id,
            reference_generation=reference_generation,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def background_replacement(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        prompt: str | None = None,
        background_color: str | None = None,
        negative_prompt: str | None = None,
        media_type: MediaType | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Put the subject of an image in front of another background. Only in today's API.

        It may cost a credit.
        Source: ``POST /v3/ai/image-generations/background-replacement`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Exactly one of the two.
        :param prompt: the background; Getty makes four. Or
        :param background_color: its color, as ``#RRGGBB``; Getty makes one. Exactly one of the two.
        :param negative_prompt: what the background must not show.
        :param media_type: ``photography`` or ``illustration``.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "background_replacement",
            image_id=image_id,
            reference_generation=reference_generation,
            prompt=prompt,
            background_color=background_color,
            negative_prompt=negative_prompt,
            media_type=media_type,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )


class AsyncEdits(AsyncSide):
    """The same methods as coroutines."""

    async def refine(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        mask: MaskSource | None = None,
        mask_url: str | None = None,
        image_size: Sequence[int] | str | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.refine`."""
        return await self._submit(
            "refine",
            image_id=image_id,
            reference_generation=reference_generation,
            mask=mask,
            mask_url=mask_url,
            image_size=image_size,
            prompt=prompt,
            negative_prompt=negative_prompt,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def extend(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        left_percentage: float | None = None,
        right_percentage: float | None = None,
        top_percentage: float | None = None,
        bottom_percentage: float | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.extend`."""
        return await self._submit(
            "extend",
            image_id=image_id,
            reference_generation=reference_generation,
            left_percentage=left_percentage,
            right_percentage=right_percentage,
            top_percentage=top_percentage,
            bottom_percentage=bottom_percentage,
            prompt=prompt,
            negative_prompt=negative_prompt,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def object_removal(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        mask: MaskSource | None = None,
        mask_url: str | None = None,
        image_size: Sequence[int] | str | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.object_removal`."""
        return await self._submit(
            "object_removal",
            image_id=image_id,
            reference_generation=reference_generation,
            mask=mask,
            mask_url=mask_url,
            image_size=image_size,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def background_removal(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.background_removal`."""
        return await self._submit(
            "background_removal",
            image_id=image_id,
            reference_generation=reference_generation,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def background_replacement(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        prompt: str | None = None,
        background_color: str | None = None,
        negative_prompt: str | None = None,
        media_type: MediaType | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.background_replacement`."""
        return await self._submit(
            "background_replacement",
            image_id=image_id,
            reference_generation=reference_generation,
            prompt=prompt,
            background_color=background_color,
            negative_prompt=negative_prompt,
            media_type=media_type,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
