"""Finds the image that a request names, and converts it to a JPEG."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.inputs.arguments import is_template
from airflow_provider_getty.inputs.folders import join
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.plugins.gallery.folders import Folders, NotShownError
from airflow_provider_getty.plugins.gallery.journals import BatchItem, Journals
from airflow_provider_getty.plugins.gallery.pictures import MAX_BYTES, Size, mask_rendition, rendition
from airflow_provider_getty.plugins.gallery.pool import in_pool
from airflow_provider_getty.plugins.gallery.previews import Previews
from airflow_provider_getty.plugins.gallery.reading import TaskFacts
from airflow_provider_getty.plugins.gallery.sheets import Kind, file_of, made_by, mask_of, source_of


@dataclass(frozen=True)
class Wanted:
    """Selects an image of a task.

    :param index: the index of the image, or of a batch item's file.
    :param item: the number of a batch's item.
    """

    kind: Kind
    size: Size = "thumb"
    index: int = 0
    item: int | None = None


async def jpeg(
    task: TaskFacts, wanted: Wanted, folders: Folders, journals: Journals, previews: Previews, files: Executor
) -> bytes:
    """The image as a JPEG.

    :raises NotShownError: there is no such image, or it must not be shown.
    :raises TimeoutError: it takes too long.
    """
    item = None
    if issubclass(task.kind, GettyBatchOperator):
        item = await in_pool(files, lambda: _item(journals.items(folders, task), wanted.item))
    match wanted.kind:
        case "preview" | "source":
            generation, index = _generated(task, wanted, item)
            return await previews.jpeg(task.dag_id, _connection(task), generation, index, wanted.size)
        case "mask":
            return await in_pool(files, lambda: _mask(task, wanted, folders))
        case "file":
            where = _file(task, wanted, item)
            return await in_pool(files, lambda: rendition(folders.read(where, MAX_BYTES), wanted.size))


def _generated(task: TaskFacts, wanted: Wanted, item: BatchItem | None) -> tuple[str, int]:
    """The generation and the index, if the task has such an image."""
    if wanted.kind == "source":
        found = source_of(task)
    elif item:
        shown = set(item.images) - set(item.blocked)
        found = (item.generation_request_id, wanted.index) if item.generation_request_id else None
        found = found if wanted.index in shown else None
    else:
        made = made_by(task)
        found = (made.generation_request_id, wanted.index) if made else None
        found = found if made and (wanted.index, False) in made.images else None
    if found is None:
        raise NotShownError("The task has no such image.")
    return found


def _mask(task: TaskFacts, wanted: Wanted, folders: Folders) -> bytes:
    if (found := mask_of(task)) is None:
        raise NotShownError("The task has no mask.")
    mask, image_size = found
    if isinstance(mask, str) and not mask.lstrip().startswith(("[", "{")):
        return rendition(folders.read(mask, MAX_BYTES), wanted.size)
    return mask_rendition(mask, image_size, wanted.size)


def _file(task: TaskFacts, wanted: Wanted, item: BatchItem | None) -> str:
    if item is None:
        if (where := file_of(task)) is None:
            raise NotShownError("The task has no file.")
        return where
    folder = task.arguments.get("download_to")
    try:
        if isinstance(folder, str) and 0 <= wanted.index < len(item.files):
            return str(join(folder, item.files[wanted.index]))
    except InvalidRequestError:
        pass
    raise NotShownError("The item has no such file.")


def _item(items: list[BatchItem], number: int | None) -> BatchItem:
    for item in items:
        if item.number == number:
            return item
    raise NotShownError("There is no such item.")


def _connection(task: TaskFacts) -> str:
    conn_id = task.arguments.get("getty_conn_id")
    if not isinstance(conn_id, str) or not conn_id or is_template(conn_id):
        raise NotShownError("Airflow no longer knows with which connection the task ran.")
    return conn_id
