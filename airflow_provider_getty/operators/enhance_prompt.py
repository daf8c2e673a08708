"""GettyEnhancePromptOperator: turn a short prompt into a detailed one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Unpack

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.operators.checked import CheckedOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.inputs.task_arguments import TaskArguments


class GettyEnhancePromptOperator(CheckedOperator):
    """Turns a short prompt into a more detailed one (``POST /v3/ai/enhance-prompt``); only in today's API.

    The result, in XCom, is the prompt as text. Getty publishes no cost.

    :param prompt: the prompt.
    :param timeout: how long the task may take, in seconds of wall-clock time or as a ``timedelta``.
    :param getty_conn_id: a connection of the type ``getty``.
    """

    template_fields: Sequence[str] = ("prompt", "getty_conn_id")
    ui_color = "#e8e2f4"

    def __init__(
        self,
        *,
        prompt: arguments.Text,
        timeout: arguments.Seconds = timedelta(minutes=10),
        getty_conn_id: str = GettyHook.default_conn_name,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt
        self.timeout = arguments.in_seconds(timeout)
        self.getty_conn_id = getty_conn_id
        self._check().required(prompt=prompt)

    def execute(self, context: Context) -> str:  # noqa: ARG002 - Airflow calls it so
        """Ask for the prompt."""
        from airflow_provider_getty.operators._asking import enhance_prompt  # noqa: PLC0415

        return enhance_prompt(self)
