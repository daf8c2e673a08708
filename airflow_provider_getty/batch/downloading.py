"""The downloads of a batch: each image of an item to a file of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from airflow_provider_getty.api import clock
from airflow_provider_getty.batch.events import Finished, Place
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.inputs.folders import join, safe_name
from airflow_provider_getty.inputs.storage import locate

Images: TypeAlias = Literal["first", "all"]
"""Which images of an item: the first that is not blocked, or all that are not."""

_PATIENCE = 600.0


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """Where images go.

    :param folder: a path or URI.
    :param options: ``product_id``, ``project_code`` and ``notes``, as far as they are given.
    :param deadline: when to give up (``time.time()``).
    """

    folder: str
    size_name: str
    images: Images
    options: Mapping[str, Any]
    deadline: float

    async def fetch(
        self, getty: AsyncGetty, of: Place, finished: Finished, *, may_be_started: bool
    ) -> tuple[str, ...]:
        """Download an item's images; those that are there already stay.

        :param may_be_started: whether an earlier try may have had them prepared, and charged.
        :return: the names of the files in the folder.
        :raises OSError: the folder cannot be written to.
        :raises GettyError: see :meth:`GettyHook.download`.
        """
        indexes = finished.shown[:1] if self.images == "first" else finished.shown
        names = []
        for index in indexes:
            image = safe_name(f"{finished.generation_request_id}-{index}-{self.size_name}.jpg")
            name = f"{of.name or f'{of.number:06}'}-{image}"
            destination = join(self.folder, name)
            if not (
                may_be_started and await clock.in_thread(lambda where: locate(where).exists(), destination)
            ):
                await getty.download(
                    finished.generation_request_id,
                    destination,
                    index=index,
                    size_name=self.size_name,
                    may_be_started=may_be_started,
                    deadline=min(self.deadline, clock.now() + _PATIENCE),
                    **self.options,
                )
            names.append(name)
        return tuple(names)
