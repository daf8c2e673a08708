"""GettyRedownloadOperator: download an image again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.downloading import DownloadingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.storage import LocationLike
    from airflow_provider_getty.inputs.task_arguments import DownloadArguments


class GettyRedownloadOperator(DownloadingOperator):
    """Downloads an image again (``POST /v3/ai/redownloads``), in the same or in another size.

    The result, in XCom, is the destination as text; in a folder, the file is named
    ``<generated_asset_id>-<size_name>.jpg``. Getty requires a ``product_id``, the task's or the connection's, and does
    not publish the cost: a call whose answer is lost is not repeated. See :class:`.DownloadingOperator` for the
    other arguments.

    :param generated_asset_id: the id that the first download logged.
    """

    template_fields: Sequence[str] = ("generated_asset_id", *DownloadingOperator.template_fields)

    def __init__(self, *, generated_asset_id: arguments.Text, **kwargs: Unpack[DownloadArguments]) -> None:
        super().__init__(**kwargs)
        self.generated_asset_id: Any = generated_asset_id
        self._check().required(generated_asset_id=generated_asset_id)

    def file_name(self) -> str:
        """A name that is unique for each image and size."""
        return f"{self.generated_asset_id}-{self.size_name}.jpg"

    def download(self, context: Context, destination: LocationLike, *, deadline: float) -> int:  # noqa: ARG002
        """Request it once, and fetch it."""
        return self.hook.redownload(
            self.generated_asset_id,
            destination,
            size_name=self.size_name,
            product_id=self.product_id if arguments.given(self.product_id) else None,
            project_code=self.project_code or None,
            notes=self.notes or None,
            deadline=deadline,
        )
