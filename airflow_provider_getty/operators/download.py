"""GettyDownloadOperator: download a generated image to a disk or an object store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.downloading import DownloadingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.storage import LocationLike
    from airflow_provider_getty.inputs.task_arguments import DownloadArguments


_KEY = "getty_download"


class GettyDownloadOperator(DownloadingOperator):
    """Downloads one image of a finished generation; the destination holds the complete image, or stays as it was.

    The result, in XCom, is the destination as text; in a folder, the file is named
    ``<generation_request_id>-<index>-<size_name>.jpg``. Getty requires a license product that covers the original,
    and that the original was downloaded before. See :class:`.DownloadingOperator` for the other arguments.

    :param generation_request_id: the generation: its id, or the result of the task that made it (``refine.output``).
    :param index: which image, from 0. Default: the first that is not blocked, if a result is given; else 0.
    """

    template_fields: Sequence[str] = (
        "generation_request_id",
        "index",
        *DownloadingOperator.template_fields,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"generation_request_id": "json"}

    def __init__(
        self,
        *,
        generation_request_id: arguments.Generated,
        index: arguments.WholeNumber | None = None,
        **kwargs: Unpack[DownloadArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.generation_request_id = generation_request_id
        self.index = index
        self._check().required(generation_request_id=generation_request_id)

    def file_name(self) -> str:
        """A name that is unique for each image, generation and size."""
        image = self._image()
        return f"{image['generation_request_id']}-{image['index']}-{self.size_name}.jpg"

    def image(self) -> dict[str, Any]:
        """The generation and the index of the image, and the seed if the generation was given as a result."""
        source = self.generation_request_id
        seed = source.get("seed") if isinstance(source, Mapping) else None
        image = self._image()
        return {**image, "index": int(image["index"]), "seed": seed}

    def download(self, context: Context, destination: LocationLike, *, deadline: float) -> int:
        """Download; continue with what an earlier try had prepared."""
        image = self._image()
        return self.hook.download(
            destination=destination,
            size_name=self.size_name,
            product_id=self.product_id if arguments.given(self.product_id) else None,
            project_code=self.project_code or None,
            notes=self.notes or None,
            may_be_started=self._may_be_started(context, {**image, "size_name": self.size_name}),
            deadline=deadline,
            **image,
        )

    def _image(self) -> dict[str, Any]:
        image = arguments.reference_generation(self.generation_request_id)
        return image | {"index": self.index} if arguments.given(self.index) else image

    @staticmethod
    def _may_be_started(context: Context, download: dict[str, Any]) -> bool:
        """Whether an earlier try of this task may have had this download prepared; record that this one does."""
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        if store is None:
            return context["ti"].try_number > 1
        known = store.get(_KEY)
        if known != download:
            store.set(_KEY, download)
        return bool(known == download)
