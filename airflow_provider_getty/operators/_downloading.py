"""The work of :class:`.downloading.DownloadingOperator`, imported when a task runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, DeadlineExceededError, DownloadError, GettyError
from airflow_provider_getty.generating.outcomes import fail
from airflow_provider_getty.inputs import arguments, config
from airflow_provider_getty.inputs.folders import join, safe_name
from airflow_provider_getty.inputs.storage import LocationLike, locate
from airflow_provider_getty.inputs.storage_errors import reason_of, without_secrets
from airflow_provider_getty.lineage.assets import announce, known_to_getty
from airflow_provider_getty.lineage.made import Made

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_getty.operators.downloading import DownloadingOperator


def download(task: DownloadingOperator, context: Context) -> str:
    """Download, unless the destination exists, and return the destination as text.

    :raises GettyError: the download failed, and a retry may help.
    :raises AirflowFailException: the download failed for good.
    """
    try:
        return _download(task, context, deadline=clock.now() + config.timeout(task.timeout))
    except DeadlineExceededError as error:
        fail(error.with_context(advice="Clear the task: it continues with this download."))
    except GettyError as error:
        fail(error)


def _download(task: DownloadingOperator, context: Context, *, deadline: float) -> str:
    arguments.all_rendered(task, task.template_fields)
    name = safe_name(task.file_name())
    destination = task.destination
    if isinstance(destination, str) and destination.endswith("/"):
        destination = join(destination, name)
    shown = without_secrets(str(destination))
    try:
        location = locate(destination)
        if not task.overwrite and location.exists():
            task.log.info("%s is there already; nothing is downloaded.", shown)
            return _report(task, context, destination)
        length = task.download(context, destination, deadline=deadline)
    except OSError as error:
        raise DownloadError(
            f"{shown} cannot be written: {reason_of(error)}.",
            credit=Credit.COMMITTED,
            generation_request_id=task.image().get("generation_request_id"),
        ) from error
    task.log.info("Downloaded %d bytes to %s.", length, shown)
    return _report(task, context, destination)


def _report(task: DownloadingOperator, context: Context, destination: LocationLike) -> str:
    """Return the destination as text, and report the file to Airflow's assets and OpenLineage."""
    task.made = (known_to_getty(task, Made(file=destination, **task.image())),)
    announce(task, context, task.made)
    return str(destination)
