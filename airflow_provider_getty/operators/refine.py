"""GettyRefineOperator: change a part of an image, as a mask and a prompt say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_getty import arguments
from airflow_provider_getty.operators.generation import GenerationOperator

if TYPE_CHECKING:
    from airflow_provider_getty.masks import Mask, MaskSource
    from airflow_provider_getty.operators.submitting import Request


class GettyRefineOperator(GenerationOperator):
    """Uploads a mask and submits a refine (``POST /v3/ai/image-generations/refine``).

    It may cost a credit. See :class:`GenerationOperator` for waiting, the result and the other arguments.

    :param image_id: an image of Getty's creative library, neither an illustration nor a vector; or
    :param reference_generation: a generated image: the result of a task that made it (``refine.output``; the first
        image that is not blocked is taken), ``{"generation_request_id": …, "index": …}``, or the id alone.
    :param mask: what to refine: a path, URI or ``ObjectStoragePath`` of an image, its bytes, or boxes and polygons;
        see :func:`airflow_provider_getty.masks.make_mask`. Or
    :param mask_url: the URL of a mask that was uploaded with the same API key less than 24 hours ago.
    :param image_size: width and height in pixels of the image on which boxes and polygons are drawn.
    :param prompt: what the refined portion shows.
    :param negative_prompt: what it must not show.
    """

    template_fields: Sequence[str] = (
        "image_id",
        "reference_generation",
        "mask",
        "mask_url",
        "image_size",
        "prompt",
        "negative_prompt",
        *GenerationOperator.template_fields,
    )

    def __init__(
        self,
        *,
        image_id: str | None = None,
        reference_generation: arguments.GenerationSource | None = None,
        mask: MaskSource | None = None,
        mask_url: str | None = None,
        image_size: Sequence[int] | str | None = None,
        prompt: str | None = None,
        negative_prompt: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        arguments.exactly_one(image_id=image_id, reference_generation=reference_generation)
        arguments.exactly_one(mask=mask, mask_url=mask_url)
        self.image_id = image_id
        self.reference_generation = reference_generation
        self.mask = mask
        self.mask_url = mask_url
        self.image_size = image_size
        self.prompt = prompt
        self.negative_prompt = negative_prompt

    def request(self) -> Request:
        """The refine, and the upload of its mask."""
        from airflow_provider_getty.api.operations import Refine  # noqa: PLC0415
        from airflow_provider_getty.masks import make_mask  # noqa: PLC0415
        from airflow_provider_getty.operators.submitting import Request  # noqa: PLC0415

        arguments.exactly_one(image_id=self.image_id, reference_generation=self.reference_generation)
        arguments.exactly_one(mask=self.mask, mask_url=self.mask_url)
        uploads_url = self.hook.account.uploads_url
        refine = Refine(
            image_id=self.image_id,
            reference_generation=self.reference_generation
            and arguments.reference_generation(self.reference_generation),
            mask_url=self.mask_url if self.mask is None else uploads_url,
            prompt=self.prompt,
            negative_prompt=self.negative_prompt,
            product_id=self.product_id,
            project_code=self.project_code,
            notes=self.notes,
        )
        if self.mask is None:
            if not refine.mask_url.startswith(uploads_url):
                self.log.warning("mask_url is not below %s, where Getty keeps uploads.", uploads_url)
            return Request(refine)
        mask = make_mask(self.mask, image_size=self.image_size)
        return Request(refine, mask.digest, lambda deadline: {"mask_url": self._upload(mask, deadline)})

    def _upload(self, mask: Mask, deadline: float) -> str:
        mask_url = self.hook.upload_mask(mask, label=self.task_id, deadline=deadline)
        self.log.info("Uploaded the mask as %s.", mask_url)
        return mask_url
