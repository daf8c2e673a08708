"""DownloadingOperator: the base of the operators that download an image to a disk or an object store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.links.getty import GettyOriginalLink
from airflow_provider_getty.operators.checked import CheckedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_getty.inputs.storage import LocationLike
    from airflow_provider_getty.inputs.task_arguments import TaskArguments


class DownloadingOperator(CheckedOperator):
    """Downloads an image to a destination, which holds the complete image, or stays as it was.

    The result, in XCom, is the destination as text.

    :param destination: a local path, a URI or an ``ObjectStoragePath``. A text that ends in ``/`` is a folder.
    :param size_name: one of the image's download sizes, such as ``1k`` or ``4k``; a large one may cost.
    :param overwrite: whether to download even if the file exists.
    :param product_id: the license product to download with. Default: the connection's.
    :param project_code: for products that require one. Default: the connection's.
    :param notes: for products that require them.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``. Default: ``[getty]
        timeout`` of Airflow's configuration, 1 hour unless it is set.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = (
        "destination",
        "size_name",
        "product_id",
        "project_code",
        "notes",
        "getty_conn_id",
    )
    operator_extra_links = (GettyOriginalLink(), *CheckedOperator.operator_extra_links)
    ui_color = "#e2f0e8"

    def __init__(
        self,
        *,
        destination: LocationLike | XComArg,
        size_name: arguments.Text = "1k",
        overwrite: bool = False,
        product_id: arguments.WholeNumber | None = None,
        project_code: arguments.Text | None = None,
        notes: arguments.Text | None = None,
        timeout: arguments.Seconds | None = None,
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.destination: Any = destination
        self.size_name: Any = size_name
        self.overwrite = overwrite
        self.product_id: Any = product_id
        self.project_code: Any = project_code
        self.notes: Any = notes
        self.timeout = arguments.seconds_given(timeout)
        self.getty_conn_id = getty_conn_id
        self._check().required(destination=destination, size_name=size_name)

    def file_name(self) -> str:
        """The name of the file in a folder.

        :raises InvalidRequestError: the arguments cannot be used.
        """
        raise NotImplementedError

    def image(self) -> dict[str, Any]:
        """The known properties of the image, among ``generation_request_id``, ``index`` and ``seed``."""
        return {}

    def download(self, context: Context, destination: LocationLike, *, deadline: float) -> int:
        """Download to the destination, and return the length in bytes.

        :param deadline: when to give up (``time.time()``).
        :raises OSError: the destination cannot be written to.
        :raises GettyError: the download failed otherwise.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        """Download, unless the destination exists."""
        from airflow_provider_getty.operators._downloading import download  # noqa: PLC0415

        return download(self, context)
