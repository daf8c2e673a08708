"""The work of the operators that generate nothing, imported when a task runs: register a file, enhance a prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.operations import EnhancePrompt, RegisterFile, UploadImage
from airflow_provider_getty.generating.outcomes import fail
from airflow_provider_getty.inputs import arguments
from airflow_provider_getty.inputs.pictures import make_jpeg, unique_name
from airflow_provider_getty.inputs.storage_errors import unreadable

if TYPE_CHECKING:
    from airflow_provider_getty.operators.enhance_prompt import GettyEnhancePromptOperator
    from airflow_provider_getty.operators.register_file import GettyRegisterFileOperator


def enhance_prompt(task: GettyEnhancePromptOperator) -> str:
    """Ask for a more detailed prompt, and return it.

    :raises GettyError: the request failed, and a retry may help.
    :raises AirflowFailException: the request failed for good.
    """
    deadline = clock.now() + task.timeout
    try:
        arguments.all_rendered(task, task.template_fields)
        operation = EnhancePrompt(prompt=task.prompt)
        return task.hook.get_conn().ask(operation, deadline=deadline).enhanced_prompt
    except GettyError as error:
        fail(error)


def register_file(task: GettyRegisterFileOperator) -> str:
    """Upload and register a file, and return the id of its registration.

    :raises GettyError: the request failed, and a retry may help.
    :raises AirflowFailException: the request failed for good.
    """
    deadline = clock.now() + task.timeout
    try:
        arguments.all_rendered(task, task.template_fields)
        client = task.hook.get_conn()
        name = unique_name(task.task_id)
        registration = RegisterFile(
            url=client.account.uploads_url + name,
            rights_claimed=task.rights_claimed,
            category=task.category,
        )
        client.ask(UploadImage(file_name=name, jpeg=_jpeg(task)), deadline=deadline)
        registered = client.ask(registration, deadline=deadline)
    except GettyError as error:
        fail(error)
    task.log.info("Registered as %s.", registered.id)
    return registered.id


def _jpeg(task: GettyRegisterFileOperator) -> bytes:
    try:
        return make_jpeg(task.file)
    except OSError as error:
        raise unreadable("The file", error) from error
