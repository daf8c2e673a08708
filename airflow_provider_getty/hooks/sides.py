"""The bases of the hook's sync and async methods, which perform operations."""

# ruff: noqa: PLC0415 - heavy modules load when they are used: DAG files stay quick to parse

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from airflow_provider_getty.api import clock, operations
from airflow_provider_getty.api.driving import drive, drive_async
from airflow_provider_getty.api.errors import BadRequestError
from airflow_provider_getty.inputs.storage import LocationLike, locate

if TYPE_CHECKING:
    from airflow_provider_getty.api.account import Account
    from airflow_provider_getty.api.aio import AsyncGettyClient
    from airflow_provider_getty.api.client import GettyClient
    from airflow_provider_getty.api.operations import Operation, Redownload, StartDownload
    from airflow_provider_getty.api.paging import Pages
    from airflow_provider_getty.api.results import Generation, Pending
    from airflow_provider_getty.generating.request import Request
    from airflow_provider_getty.hooks.getty import OperationName

AnswerT = TypeVar("AnswerT")
ItemT = TypeVar("ItemT")

_PATIENCE = 60.0
"""Seconds for which temporary failures are retried without a deadline."""
_DOWNLOAD_PATIENCE = 600.0
"""The same for downloads."""


class SyncSide(ABC):
    """Performs operations with the sync client."""

    @abstractmethod
    def get_conn(self) -> GettyClient:
        """The sync client, with its pooled session."""

    def ask(self, operation: Operation[AnswerT], *, deadline: float | None = None) -> AnswerT:
        """Perform any operation of :mod:`airflow_provider_getty.api.operations`.

        :param deadline: until when (``time.time()``) temporary failures are retried. Default: for a minute.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        return self.get_conn().ask(operation, deadline=_until(deadline))

    def _submit(self, operation: OperationName, **arguments: Any) -> Pending | Generation:
        account = self.get_conn().account
        request = _request(operation, arguments, account)
        return drive(_submission(request, account), self.ask)

    def _items(self, pages: Pages[Any, ItemT]) -> Iterator[ItemT]:
        while pages.next:
            try:
                page = self.ask(pages.next)
            except BadRequestError as error:
                pages.refused(error)
            else:
                yield from pages.take(page)

    def _download(
        self,
        start: StartDownload | Redownload,
        destination: LocationLike,
        deadline: float | None,
        *,
        may_be_started: bool = False,
    ) -> int:
        from airflow_provider_getty.api.downloads import download

        end = _until(deadline, _DOWNLOAD_PATIENCE)
        with locate(destination).publishing() as file:
            return download(self.get_conn(), start, file, deadline=end, may_be_started=may_be_started)


class AsyncSide:
    """Performs operations with the async client.

    :param client: a client of the running event loop, which the caller closes.
    """

    def __init__(self, client: AsyncGettyClient) -> None:
        self.client = client

    async def ask(self, operation: Operation[AnswerT], *, deadline: float | None = None) -> AnswerT:
        """Perform any operation; see :meth:`.getty.GettyHook.ask`."""
        return await self.client.ask(operation, deadline=_until(deadline))

    async def _submit(self, operation: OperationName, **arguments: Any) -> Pending | Generation:
        account = self.client.account
        # Reading and drawing a mask blocks.
        request = await clock.in_thread(_request, operation, arguments, account)
        return await drive_async(_submission(request, account), self.ask)

    async def _items(self, pages: Pages[Any, ItemT]) -> AsyncIterator[ItemT]:
        while pages.next:
            try:
                page = await self.ask(pages.next)
            except BadRequestError as error:
                pages.refused(error)
            else:
                for item in pages.take(page):
                    yield item

    async def _download(
        self,
        start: StartDownload | Redownload,
        destination: LocationLike,
        deadline: float | None,
        *,
        may_be_started: bool = False,
    ) -> int:
        from airflow_provider_getty.api.downloads import download_async

        end = _until(deadline, _DOWNLOAD_PATIENCE)
        async with _publishing(destination) as file:
            return await download_async(self.client, start, file, deadline=end, may_be_started=may_be_started)


def _until(deadline: float | None, patience: float = _PATIENCE) -> float:
    return clock.now() + patience if deadline is None else deadline


def _request(operation: OperationName, arguments: dict[str, Any], account: Account) -> Request:
    from airflow_provider_getty.generating.request import request_of

    return request_of(operations.GENERATING[operation], arguments, account)


def _submission(request: Request, account: Account) -> Generator[Operation[Any], Any, Pending | Generation]:
    """Upload the mask, if there is one, and submit."""
    operation = request.operation
    if upload := request.upload("mask"):
        yield upload
        mask_url = account.uploads_url + upload.file_name
        operation = operation.model_copy(update={"mask_url": mask_url})
    answer: Pending | Generation = yield operation
    return answer


@asynccontextmanager
async def _publishing(destination: LocationLike) -> AsyncIterator[BinaryIO]:
    """Publish a file from threads, as disks and object stores block."""
    location = await clock.in_thread(locate, destination)
    manager = location.publishing()
    file = await clock.in_thread(manager.__enter__)
    try:
        yield file
    except BaseException:
        await clock.in_thread(manager.__exit__, *sys.exc_info())
        raise
    await clock.in_thread(manager.__exit__, None, None, None)
