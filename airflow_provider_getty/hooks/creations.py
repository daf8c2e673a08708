"""The hook's methods that make new images, sync and async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from airflow_provider_getty.hooks.sides import AsyncSide, SyncSide

if TYPE_CHECKING:
    from airflow_provider_getty.api.choices import (
        Adherence,
        AspectRatio,
        DepthOfField,
        LensType,
        MediaType,
        Mood,
    )
    from airflow_provider_getty.api.results import Generation, Pending
    from airflow_provider_getty.inputs.arguments import GenerationSource

Creation: TypeAlias = Literal[
    "generate", "variations", "influence_color", "influence_composition", "background_generation"
]
"""The operations that make new images."""


class Creations(SyncSide):
    """Make new images: from a prompt, from a reference, around a product."""

    def generate(
        self,
        prompt: str,
        *,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        lens_type: LensType | None = None,
        depth_of_field: DepthOfField | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Make images from a prompt.

        It may cost a credit. Source: ``POST /v3/ai/image-generations`` in Getty's API reference.

        :param prompt: what the images show.
        :param negative_prompt: what they must not show. Like ``seed``, ``lens_type`` and ``depth_of_field``, it is no
            longer listed by today's API.
        :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``.
        :param media_type: ``photography`` or ``illustration``.
        :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
        :param seed: the seed of earlier images, for new ones that look alike.
        :param lens_type: ``wide_angle`` or ``telephoto``.
        :param depth_of_field: ``shallow`` or ``deep``.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "generate",
            prompt=prompt,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            lens_type=lens_type,
            depth_of_field=depth_of_field,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def variations(
        self,
        generation_request_id: GenerationSource,
        *,
        index: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Make more images like a generated one.

        It may cost a credit.
        Source: ``POST …/{generation_request_id}/images/{index}/variations`` in Getty's API reference.

        :param generation_request_id: the generation: its id, or the result of the task that made it.
        :param index: which image, from 0. Default: the first that is not blocked, if a result is given; else 0.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "variations",
            generation_request_id=generation_request_id,
            index=index,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def influence_color(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        reference_file_registration_id: str | None = None,
        prompt: str,
        noise_level: float | None = None,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Make images from a prompt in the colors of a reference.

        It may cost a credit.
        Source: ``POST /v3/ai/image-generations/influence-color-by-image`` in Getty's API reference.

        :param image_id: an image of Getty's creative library; or
        :param reference_generation: a generated image: the id of its generation (its first image), the result of a
            task, or ``{"generation_request_id": …, "index": …}``. Or
        :param reference_file_registration_id: a file registered as ``ImageReference``. Exactly one of the three.
        :param prompt: what the images show.
        :param noise_level: 0 to 1; a higher value differs more from the reference.
            The API of 2024 requires it, today's no longer lists it.
        :param negative_prompt: what they must not show. Like ``seed``, it is no longer listed by today's API.
        :param aspect_ratio: width to height: ``1:1``, ``3:4``, ``4:3``, ``9:16`` or ``16:9``; only in today's API.
        :param media_type: ``photography`` or ``illustration``.
        :param mood: ``black_and_white``, ``warm``, ``cool``, ``natural``, ``vivid``, ``dramatic`` or ``bold``.
        :param seed: the seed of earlier images, for new ones that look alike.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "influence_color",
            image_id=image_id,
            reference_generation=reference_generation,
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            noise_level=noise_level,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def influence_composition(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        reference_file_registration_id: str | None = None,
        prompt: str,
        influence_level: float | None = None,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Make images from a prompt with the composition of a reference.

        It may cost a credit.
        Source: ``POST /v3/ai/image-generations/influence-composition-by-image`` in Getty's API reference.

        For the other arguments see :meth:`influence_color`.

        :param influence_level: 0 to 1; a higher value resembles the reference more. The API of 2024 requires it,
            today's no longer lists it.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "influence_composition",
            image_id=image_id,
            reference_generation=reference_generation,
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            influence_level=influence_level,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    def background_generation(
        self,
        reference_file_registration_id: str,
        *,
        prompt: str,
        negative_prompt: str | None = None,
        left_percentage: float | None = None,
        right_percentage: float | None = None,
        top_percentage: float | None = None,
        bottom_percentage: float | None = None,
        background_file_registration_id: str | None = None,
        background_asset_id: str | None = None,
        background_reference_generation: GenerationSource | None = None,
        background_reference_adherence: Adherence | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """Place a product of yours in a new scene.

        It may cost a credit.
        Source: ``POST /v3/ai/image-generations/background-generations`` in Getty's API reference.

        :param reference_file_registration_id: the product: a file registered as ``CustomerProduct``.
        :param prompt: the scene.
        :param negative_prompt: what it must not show. Today's API no longer lists it.
        :param left_percentage: room at the left of the product, in percent of the image's width; from 0.
        :param right_percentage: the same at the right.
        :param top_percentage: room above the product, in percent of the image's height; from 0.
        :param bottom_percentage: the same below it.
        :param background_file_registration_id: a registered ``ImageReference`` that the scene follows; or
        :param background_asset_id: an image of Getty's creative library; or
        :param background_reference_generation: a generated image, in the forms of ``reference_generation`` of
            :meth:`refine`. At most one of the three; only in today's API.
        :param background_reference_adherence: how closely the scene follows it: ``flexible`` or ``strong``.
        :param product_id: the AI Generator product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :return: a ``Pending``, or a ``Generation`` if Getty answers with the images at once.
        :raises InvalidRequestError: an argument cannot be used; nothing was sent.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self._submit(
            "background_generation",
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            negative_prompt=negative_prompt,
            left_percentage=left_percentage,
            right_percentage=right_percentage,
            top_percentage=top_percentage,
            bottom_percentage=bottom_percentage,
            background_file_registration_id=background_file_registration_id,
            background_asset_id=background_asset_id,
            background_reference_generation=background_reference_generation,
            background_reference_adherence=background_reference_adherence,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )


class AsyncCreations(AsyncSide):
    """The same methods as coroutines."""

    async def generate(
        self,
        prompt: str,
        *,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        lens_type: LensType | None = None,
        depth_of_field: DepthOfField | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.generate`."""
        return await self._submit(
            "generate",
            prompt=prompt,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            lens_type=lens_type,
            depth_of_field=depth_of_field,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def variations(
        self,
        generation_request_id: GenerationSource,
        *,
        index: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.variations`."""
        return await self._submit(
            "variations",
            generation_request_id=generation_request_id,
            index=index,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def influence_color(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        reference_file_registration_id: str | None = None,
        prompt: str,
        noise_level: float | None = None,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.influence_color`."""
        return await self._submit(
            "influence_color",
            image_id=image_id,
            reference_generation=reference_generation,
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            noise_level=noise_level,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def influence_composition(
        self,
        image_id: str | None = None,
        *,
        reference_generation: GenerationSource | None = None,
        reference_file_registration_id: str | None = None,
        prompt: str,
        influence_level: float | None = None,
        negative_prompt: str | None = None,
        aspect_ratio: AspectRatio | None = None,
        media_type: MediaType | None = None,
        mood: Mood | None = None,
        seed: int | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.influence_composition`."""
        return await self._submit(
            "influence_composition",
            image_id=image_id,
            reference_generation=reference_generation,
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            influence_level=influence_level,
            negative_prompt=negative_prompt,
            aspect_ratio=aspect_ratio,
            media_type=media_type,
            mood=mood,
            seed=seed,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )

    async def background_generation(
        self,
        reference_file_registration_id: str,
        *,
        prompt: str,
        negative_prompt: str | None = None,
        left_percentage: float | None = None,
        right_percentage: float | None = None,
        top_percentage: float | None = None,
        bottom_percentage: float | None = None,
        background_file_registration_id: str | None = None,
        background_asset_id: str | None = None,
        background_reference_generation: GenerationSource | None = None,
        background_reference_adherence: Adherence | None = None,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
    ) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.background_generation`."""
        return await self._submit(
            "background_generation",
            reference_file_registration_id=reference_file_registration_id,
            prompt=prompt,
            negative_prompt=negative_prompt,
            left_percentage=left_percentage,
            right_percentage=right_percentage,
            top_percentage=top_percentage,
            bottom_percentage=bottom_percentage,
            background_file_registration_id=background_file_registration_id,
            background_asset_id=background_asset_id,
            background_reference_generation=background_reference_generation,
            background_reference_adherence=background_reference_adherence,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
