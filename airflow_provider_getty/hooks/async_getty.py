"""AsyncGetty: what GettyHook does, without blocking the event loop."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, TypeVar

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.downloads import download_async
from airflow_provider_getty.api.operations import Operation
from airflow_provider_getty.api.paging import Pages
from airflow_provider_getty.hooks.calls import Calls
from airflow_provider_getty.hooks.work import Transfer, Upload, Wait, Work, soon
from airflow_provider_getty.inputs.storage import LocationLike, locate, publishing

AnswerT = TypeVar("AnswerT")
PartT = TypeVar("PartT")
ItemT = TypeVar("ItemT")


class AsyncGetty(Calls):
    """The methods of :class:`.getty.GettyHook`, to be awaited; see :meth:`.getty.GettyHook.async_session`.

    :param client: of the running event loop; whoever opened it closes it.
    """

    def __init__(self, client: AsyncGettyClient) -> None:
        self.client = client

    async def ask(self, operation: Operation[AnswerT], *, deadline: float | None = None) -> AnswerT:
        """See :meth:`.getty.GettyHook.ask`."""
        return await self.client.ask(operation, deadline=deadline or soon())

    async def _perform(
        self, asked: Operation[AnswerT] | Work[AnswerT], part: Callable[[Any], PartT]
    ) -> PartT:
        return part(await self._do(asked))

    async def _turn(self, pages: Pages[Any, ItemT]) -> AsyncIterator[ItemT]:
        while pages.next:
            for item in pages.take(await self.ask(pages.next)):
                yield item

    async def _do(self, asked: Operation[Any] | Work[Any]) -> Any:
        match asked:
            case Operation():
                return await self.ask(asked)
            case Upload():
                upload = await clock.in_thread(asked.operation)
                await self.ask(upload, deadline=asked.deadline)
                return self.client.account.uploads_url + upload.file_name
            case Wait():
                return await self.client.wait_for(
                    asked.poll, deadline=asked.deadline, interval=asked.poll_interval, kind=asked.kind
                )
            case Transfer():
                start = asked.start
                async with _publishing(asked.destination) as file:
                    return await download_async(
                        self.client, start, file, deadline=asked.end, may_be_started=asked.may_be_started
                    )
        raise TypeError(f"{type(asked).__name__} is nothing to do.")


@asynccontextmanager
async def _publishing(destination: LocationLike) -> AsyncIterator[BinaryIO]:
    """Publish a file in threads, as a disk or an object store blocks."""
    manager = publishing(await clock.in_thread(locate, destination))
    file = await clock.in_thread(manager.__enter__)
    try:
        yield file
    except BaseException:
        await clock.in_thread(manager.__exit__, *sys.exc_info())
        raise
    await clock.in_thread(manager.__exit__, None, None, None)
