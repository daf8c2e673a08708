"""GettyRegisterFileOperator: upload and register an image of yours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, Unpack

from airflow_provider_getty.api import choices
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.checked import CheckedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from airflow_provider_getty.inputs.pictures import PictureSource
    from airflow_provider_getty.inputs.task_arguments import TaskArguments


class GettyRegisterFileOperator(CheckedOperator):
    """Uploads an image of yours and registers it with Getty (``POST /v3/ai/file-registrations``).

    The result, in XCom, is the id of the registration as text, for the ``reference_file_registration_id`` of other
    operators. It costs no credit; each run registers the image again.

    :param file: a path, URI or ``ObjectStoragePath`` of an image, or its bytes. Anything but a JPEG of at most
        10 MB is converted to one, with white in place of transparency.
    :param rights_claimed: True: you acknowledge that you own the image or have a license for it. Getty registers
        no other images.
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
        file: PictureSource | XComArg,
        rights_claimed: Literal[True],
        category: arguments.OneOf[choices.Category],
        timeout: arguments.Seconds = timedelta(minutes=10),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.file: Any = file
        self.rights_claimed = rights_claimed
        self.category = category
        self.timeout = arguments.in_seconds(timeout)
        self.getty_conn_id = getty_conn_id
        self._check().required(file=file, rights_claimed=rights_claimed, category=category)

    def execute(self, context: Context) -> str:  # noqa: ARG002 - Airflow calls it so
        """Upload and register."""
        from airflow_provider_getty.operators._asking import register_file  # noqa: PLC0415

        return register_file(self)
