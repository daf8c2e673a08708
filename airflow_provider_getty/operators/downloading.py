"""DownloadingOperator: what the operators that bring an image to a disk or an object store have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, BaseOperator

from airflow_provider_getty.api import clock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.storage import LocationLike


class DownloadingOperator(BaseOperator):
    """Brings an image to a destination, which holds it whole, or stays as it was.

    The result, in XCom, is the destination as a text.

    :param destination: a local path, a URI or an ``ObjectStoragePath``. A text that ends in ``/`` is a folder.
    :param size_name: one of the image's download sizes, such as ``1k`` or ``4k``; a large one may cost.
    :param overwrite: whether to download again what is already there.
    :param product_id: the licence product to download with. Default: the connection's.
    :param project_code: for products that require one. Default: the connection's.
    :param notes: for products that require them.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``.
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
    ui_color = "#e2f0e8"

    def __init__(
        self,
        *,
        destination: LocationLike,
        size_name: str = "1k",
        overwrite: bool = False,
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        timeout: arguments.Seconds = timedelta(hours=1),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.size_name = size_name
        self.overwrite = overwrite
        self.product_id = product_id
        self.project_code = project_code
        self.notes = notes
        self.timeout = arguments.seconds("timeout", timeout)
        self.getty_conn_id = getty_conn_id

    def file_name(self) -> str:
        """The name of the file in a folder.

        :raises InvalidRequestError: the arguments cannot be used.
        """
        raise NotImplementedError

    def download(self, context: Context, destination: LocationLike, *, deadline: float) -> int:
        """Download to the destination, and return the length in bytes.

        :param deadline: when to give up (``time.time()``).
        :raises OSError: the destination cannot be written to.
        :raises GettyError: in every other way in which it may fail.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> str:
        """Download, unless the destination is there already."""
        from airflow_provider_getty.api.errors import GettyError  # noqa: PLC0415
        from airflow_provider_getty.generating.outcomes import fail  # noqa: PLC0415

        try:
            return self._bring(context, deadline=clock.now() + self.timeout)
        except GettyError as error:
            fail(error)

    def _bring(self, context: Context, *, deadline: float) -> str:
        from airflow_provider_getty.inputs.folders import join, safe_name  # noqa: PLC0415
        from airflow_provider_getty.inputs.storage import locate  # noqa: PLC0415
        from airflow_provider_getty.inputs.storage_errors import without_secrets  # noqa: PLC0415

        arguments.all_rendered(self, self.template_fields)
        name = safe_name(self.file_name())
        destination = self.destination
        if isinstance(destination, str) and destination.endswith("/"):
            destination = join(destination, name)
        shown = without_secrets(str(destination))
        try:
            location = locate(destination)
            if not self.overwrite and location.exists():
                self.log.info("%s is there already; nothing is downloaded.", shown)
                return str(destination)
            length = self.download(context, destination, deadline=deadline)
        except OSError as error:
            raise AirflowException(
                f"{shown} cannot be written: {error.strerror or type(error).__name__}. Nothing was left "
                "behind. The generation is paid for, and can be downloaded again."
            ) from error
        self.log.info("Downloaded %d bytes to %s.", length, shown)
        return str(destination)
