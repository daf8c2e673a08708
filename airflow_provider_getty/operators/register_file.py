"""GettyRegisterFileOperator: let Getty work with an image of yours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.pictures import PictureSource


class GettyRegisterFileOperator(BaseOperator):
    """Uploads an image of yours and registers it with Getty (``POST /v3/ai/file-registrations``).

    The result, in XCom, is the id of the registration as a text, for the ``reference_file_registration_id`` of other
    operators. It costs no credit; each run registers the image anew.

    :param file: a path, URI or ``ObjectStoragePath`` of an image, or its bytes. What is not a JPEG of at most 10 MB
        is made into one, with white for what is transparent.
    :param rights_claimed: True: you acknowledge that you own the image or have a licence for it. Getty registers no
        other.
    :param category: ``ImageReference`` for an influence or the background of a product, ``CustomerProduct`` for a
        product that gets a new background.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = ("file", "category", "getty_conn_id")
    ui_color = "#e8e2f4"

    def __init__(
        self,
        *,
        file: PictureSource,
        rights_claimed: bool,
        category: str,
        timeout: arguments.Seconds = timedelta(minutes=10),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if rights_claimed is not True:
            raise InvalidRequestError(
                f"rights_claimed is {rights_claimed!r}; it must be True: only what you own or have a licence for can "
                "be registered."
            )
        self.file = file
        self.rights_claimed = rights_claimed
        self.category = category
        self.timeout = arguments.seconds("timeout", timeout)
        self.getty_conn_id = getty_conn_id

    def execute(self, context: Context) -> str:  # noqa: ARG002 - Airflow calls it so
        """Upload and register."""
        from airflow_provider_getty.api.errors import GettyError  # noqa: PLC0415
        from airflow_provider_getty.generating.outcomes import fail  # noqa: PLC0415

        try:
            return self._register(deadline=clock.now() + self.timeout)
        except GettyError as error:
            fail(error)

    def _register(self, *, deadline: float) -> str:
        from airflow_provider_getty.api.operations import RegisterFile, UploadImage  # noqa: PLC0415
        from airflow_provider_getty.inputs.pictures import make_jpeg, unique_name  # noqa: PLC0415

        arguments.all_rendered(self, self.template_fields)
        client = GettyHook(self.getty_conn_id).get_conn()
        name = unique_name(self.task_id)
        registration = RegisterFile(
            url=client.account.uploads_url + name,
            rights_claimed=self.rights_claimed,
            category=self.category,
        )
        client.ask(UploadImage(file_name=name, jpeg=make_jpeg(self.file)), deadline=deadline)
        registered = client.ask(registration, deadline=deadline)
        self.log.info("Registered as %s.", registered.id)
        return registered.id
