"""The downloads of a batch: each image goes to its own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import InvalidRequestError, TransportError
from airflow_provider_getty.api.operations import StartDownload
from airflow_provider_getty.batch.events import Finished, ItemRef
from airflow_provider_getty.hooks.async_getty import AsyncGetty
from airflow_provider_getty.inputs.arguments import Images
from airflow_provider_getty.inputs.folders import join, probe, safe_name
from airflow_provider_getty.inputs.storage import locate
from airflow_provider_getty.inputs.storage_errors import reason_of, without_secrets

SIZE_NAMES = ("1k", "4k")
"""The download sizes that Getty documents."""
OPTIONS = ("product_id", "project_code", "notes")
"""The names that ``download_options`` may have."""
_PATIENCE = 600.0
_FINAL = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError, FileExistsError)


@dataclass(frozen=True, kw_only=True)
class Downloads:
    """Where images go, and how they are requested.

    :param folder: a path or URI.
    :param size_name: one of :data:`SIZE_NAMES`.
    :param images: which images of an item to download.
    :param options: arguments of the download, of those in :data:`OPTIONS`.
    :param deadline: when to give up (Unix time).
    """

    folder: str
    size_name: str
    images: Images
    options: Mapping[str, Any]
    deadline: float

    def check(self) -> None:
        """Make sure that images can be requested and written: write a file to the folder, and remove it.

        :raises InvalidRequestError: an option cannot be used, or the folder is not writable.
        :raises TransportError: the folder is not writable now.
        """
        if not self.folder.strip():
            raise InvalidRequestError(
                "download_to is empty: name a folder, or leave it out to download nothing."
            )
        if self.size_name not in SIZE_NAMES:
            raise InvalidRequestError(
                f"size_name is {self.size_name!r}; it must be one of {', '.join(SIZE_NAMES)}."
            )
        if unknown := [str(name) for name in self.options if name not in OPTIONS]:
            raise InvalidRequestError(
                f"download_options has {', '.join(unknown)}; it may have {', '.join(OPTIONS)}."
            )
        try:
            StartDownload(generation_request_id="check", index=0, size_name=self.size_name, **self.options)
        except InvalidRequestError as error:
            raise InvalidRequestError(f"download_options cannot be used: {error.problem}") from None
        try:
            probe(self.folder)
        except OSError as error:
            shown = f"download_to {without_secrets(self.folder)!r}"
            if isinstance(error, _FINAL):
                raise InvalidRequestError(f"{shown} cannot be written: {reason_of(error)}.") from error
            raise TransportError(
                f"{shown} cannot be written now: {reason_of(error)}.",
                advice="Check that its storage can be reached from here.",
            ) from error

    async def fetch(
        self, getty: AsyncGetty, item: ItemRef, finished: Finished, *, may_be_started: bool
    ) -> tuple[str, ...]:
        """Download an item's images; existing files stay.

        :param may_be_started: whether an earlier try may have had them prepared, and charged.
        :return: the names of the files in the folder.
        :raises OSError: a file cannot be written.
        :raises GettyError: see :meth:`GettyHook.download`.
        """
        indexes = finished.shown[:1] if self.images == "first" else finished.shown
        names = []
        for index in indexes:
            image = safe_name(f"{finished.generation_request_id}-{index}-{self.size_name}.jpg")
            name = f"{item.name or f'{item.number:06}'}-{image}"
            await self._fetch(getty, finished, index, name, may_be_started=may_be_started)
            names.append(name)
        return tuple(names)

    async def _fetch(
        self, getty: AsyncGetty, finished: Finished, index: int, name: str, *, may_be_started: bool
    ) -> None:
        destination = join(self.folder, name)
        if may_be_started and await clock.in_thread(lambda: locate(destination).exists()):
            return
        await getty.download(
            finished.generation_request_id,
            destination,
            index=index,
            size_name=self.size_name,
            may_be_started=may_be_started,
            deadline=min(self.deadline, clock.now() + _PATIENCE),
            **self.options,
        )
