"""GettyEnhancePromptOperator: have a short prompt made into a more detailed one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_getty.api import clock
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments

if TYPE_CHECKING:
    from airflow.sdk import Context


class GettyEnhancePromptOperator(BaseOperator):
    """Has a short prompt made into a more detailed one (``POST /v3/ai/enhance-prompt``); only of today's API.

    The result, in XCom, is the prompt as a text. Getty names no credit for it.

    :param prompt: the prompt.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = ("prompt", "getty_conn_id")
    ui_color = "#e8e2f4"

    def __init__(
        self,
        *,
        prompt: str,
        timeout: arguments.Seconds = timedelta(minutes=10),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.timeout = arguments.seconds("timeout", timeout)
        self.getty_conn_id = getty_conn_id

    def execute(self, context: Context) -> str:  # noqa: ARG002 - Airflow calls it so
        """Ask for the prompt."""
        from airflow_provider_getty.api.errors import GettyError  # noqa: PLC0415
        from airflow_provider_getty.api.operations import EnhancePrompt  # noqa: PLC0415
        from airflow_provider_getty.generating.outcomes import fail  # noqa: PLC0415

        try:
            arguments.all_rendered(self, self.template_fields)
            operation = EnhancePrompt(prompt=self.prompt)
            client = GettyHook(self.getty_conn_id).get_conn()
            return client.ask(operation, deadline=clock.now() + self.timeout).enhanced_prompt
        except GettyError as error:
            fail(error)
