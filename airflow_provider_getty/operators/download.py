"""GettyDownloadOperator: bring a generated image to a disk or an object store."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowException, BaseOperator

from airflow_provider_getty import arguments
from airflow_provider_getty.hooks.getty import GettyHook

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.storage import Where


_KEY = "getty_download"


class GettyDownloadOperator(BaseOperator):
    """Downloads one image of a finished generation; the destination holds it whole, or stays as it was.

    The result, in XCom, is the destination as a text. Getty requires a licence product that covers the original, and
    that the original was downloaded before.

    :param generation_request_id: the generation: its id, or the result of a task that has it (``refine.output``).
    :param index: which image, from 0. Default: the first that is not blocked, if a result is given; else 0.
    :param destination: a local path, a URI or an ``ObjectStoragePath``. A text that ends in ``/`` is a folder, in
        which the file is named ``<generation_request_id>-<index>-<size_name>.jpg``.
    :param size_name: one of the image's download sizes, such as ``1k`` or ``4k``; a large one may cost.
    :param overwrite: whether to download again what is already there.
    :param product_id: the licence product to download with. Default: the connection's.
    :param project_code: for products that require one. Default: the connection's.
    :param notes: for products that require them.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = (
        "generation_request_id",
        "index",
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
        generation_request_id: arguments.GenerationSource,
        destination: Where,
        index: int | str | None = None,
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
        self.generation_request_id = generation_request_id
        self.destination = destination
        self.index = index
        self.size_name = size_name
        self.overwrite = overwrite
        self.product_id = product_id
        self.project_code = project_code
        self.notes = notes
        self.timeout = arguments.seconds("timeout", timeout)
        self.getty_conn_id = getty_conn_id

    def execute(self, context: Context) -> str:
        """Download, unless the destination is there already."""
        from airflow_provider_getty.api.errors import GettyError  # noqa: PLC0415
        from airflow_provider_getty.outcomes import fail  # noqa: PLC0415

        try:
            return self._download(context, deadline=time.time() + self.timeout)
        except GettyError as error:
            fail(error)

    def _download(self, context: Context, *, deadline: float) -> str:
        from airflow_provider_getty.storage import locate  # noqa: PLC0415

        arguments.all_rendered(self, self.template_fields)
        image = arguments.reference_generation(self.generation_request_id)
        if self.index is not None:
            image["index"] = self.index
        destination = self.destination
        if isinstance(destination, str) and destination.endswith("/"):
            destination += f"{image['generation_request_id']}-{image['index']}-{self.size_name}.jpg"
        location = locate(destination)
        try:
            if not self.overwrite and location.exists():
                self.log.info("%s is there already; nothing is downloaded.", location.shown)
                return str(destination)
            length = GettyHook(self.getty_conn_id).download(
                destination=destination,
                size_name=self.size_name,
                product_id=self.product_id,
                project_code=self.project_code,
                notes=self.notes,
                may_be_started=self._may_be_started(context, {**image, "size_name": self.size_name}),
                deadline=deadline,
                **image,
            )
        except OSError as error:
            raise AirflowException(
                f"{location.shown} cannot be written: {error.strerror or type(error).__name__}. Nothing was left "
                "behind. The generation is paid for, and can be downloaded again."
            ) from error
        self.log.info("Downloaded %d bytes to %s.", length, location.shown)
        return str(destination)

    @staticmethod
    def _may_be_started(context: Context, download: dict[str, Any]) -> bool:
        """Whether an earlier try of this task may have had this download prepared; note that this one has."""
        store: Any = context.get("task_state_store")  # Airflow 3.3 and later
        if store is None:
            return context["ti"].try_number > 1
        known = store.get(_KEY)
        if known != download:
            store.set(_KEY, download)
        return bool(known == download)
