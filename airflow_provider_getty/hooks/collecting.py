"""The hook's methods for finished generations and for the account, sync and async."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_provider_getty.api import operations, paging
from airflow_provider_getty.hooks.sides import AsyncSide, SyncSide

if TYPE_CHECKING:
    from airflow_provider_getty.api.choices import MediaType
    from airflow_provider_getty.api.results import DownloadSize, Generation, HistoryItem, Pending, Product
    from airflow_provider_getty.inputs.storage import LocationLike


class Collecting(SyncSide):
    """Wait for generations, download them, and look at the account's history and products."""

    def get_generation(self, generation_request_id: str) -> Pending | Generation:
        """Ask once whether a generation is finished.

        Source: ``GET /v3/ai/image-generations/{generation_request_id}`` in Getty's API reference.

        :return: a ``Pending``, or a ``Generation`` with fresh signed URLs.
        :raises GenerationNotFoundError: this account has no such generation.
        :raises GoneError: it was deleted, as Getty keeps generations for six months.
        :raises GettyError: the call failed otherwise.
        """
        return self.ask(operations.GetGeneration(generation_request_id=generation_request_id))

    def wait_for_generation(
        self,
        generation_request_id: str,
        *,
        deadline: float,
        poll_interval: float | None = None,
        kind: str = "",
    ) -> Generation:
        """Poll until a generation is finished.

        :param deadline: when to give up (``time.time()``).
        :param poll_interval: a fixed number of seconds between polls. Default: by the generation's age.
        :param kind: the operation, such as ``refine``: typical durations are learned for each kind.
        :return: the generation, with signed URLs.
        :raises DeadlineExceededError: it is not finished in time; it can still be collected later.
        :raises GettyError: it cannot be collected at all.
        """
        poll = operations.GetGeneration(generation_request_id=generation_request_id)
        return self.get_conn().wait_for(poll, deadline=deadline, interval=poll_interval, kind=kind)

    def download_sizes(self, generation_request_id: str, index: int = 0) -> tuple[DownloadSize, ...]:
        """Ask in which sizes a generated image can be downloaded.

        Source: ``GET …/{generation_request_id}/images/{index}/download-sizes`` in Getty's API reference.

        :param index: which image, from 0.
        :return: each size, with its name, width and height in pixels.
        :raises NotFoundError: there is no such image, or it is still pending.
        :raises GettyError: the call failed otherwise.
        """
        sizes = operations.GetDownloadSizes(generation_request_id=generation_request_id, index=index)
        return self.ask(sizes).download_sizes

    def download(
        self,
        generation_request_id: str,
        destination: LocationLike,
        *,
        index: int = 0,
        size_name: str = "1k",
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        may_be_started: bool = False,
        deadline: float | None = None,
    ) -> int:
        """Download a generated image. A large size may cost.

        Source: ``PUT`` and ``GET …/{generation_request_id}/images/{index}/download`` in Getty's API reference.

        :param destination: a local path, a URI or an ``ObjectStoragePath``; it holds the complete image, or stays
            as it was.
        :param index: which image, from 0.
        :param size_name: one of the image's download sizes.
        :param product_id: the product that pays. Default: the connection's.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :param may_be_started: whether an earlier call may have started it. If so, that download is used, and not paid
            for again.
        :param deadline: when to give up (``time.time()``). Default: in 10 minutes.
        :return: the length in bytes.
        :raises OSError: the destination cannot be written to.
        :raises GettyError: its ``credit`` says whether the download may have been charged.
        """
        start = operations.StartDownload(
            generation_request_id=generation_request_id,
            index=index,
            size_name=size_name,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
        return self._download(start, destination, deadline, may_be_started=may_be_started)

    def redownload(
        self,
        generated_asset_id: str,
        destination: LocationLike,
        *,
        size_name: str = "1k",
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        deadline: float | None = None,
    ) -> int:
        """Download an image again. The cost is not published.

        Source: ``POST /v3/ai/redownloads`` in Getty's API reference.

        :param generated_asset_id: the id that the first download logged.
        :param destination: a local path, a URI or an ``ObjectStoragePath``; it holds the complete image, or stays
            as it was.
        :param size_name: ``1k`` or ``4k``.
        :param product_id: the product to use. Default: the connection's; Getty requires one.
        :param project_code: for products that require one. Default: the connection's.
        :param notes: for products that require them.
        :param deadline: when to give up (``time.time()``). Default: in 10 minutes.
        :return: the length in bytes.
        :raises OSError: the destination cannot be written to.
        :raises GettyError: its ``credit`` says whether the download may have been charged.
        """
        start = operations.Redownload(
            generated_asset_id=generated_asset_id,
            size_name=size_name,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
        return self._download(start, destination, deadline)

    def history(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        media_type: MediaType | None = None,
        product_ids: Iterable[int] | None = None,
        company_generations: bool | None = None,
    ) -> Iterator[HistoryItem]:
        """Iterate over the account's generations, the newest first; pages are fetched as they are needed.

        Source: ``GET /v3/ai/generation-history`` in Getty's API reference.

        :param since: only generations made then or later.
        :param until: only generations made then or earlier. A date without a time zone is in UTC.
        :param media_type: only photographs, or only illustrations.
        :param product_ids: only generations for which these products paid.
        :param company_generations: include those of the whole company, if the account may see them.
        :raises InvalidRequestError: a filter cannot be used; nothing was sent.
        :raises PermissionDeniedError: the account may see only its own generations.
        :raises GettyError: a call failed otherwise.
        """
        return self._items(
            paging.history_pages(
                since=since,
                until=until,
                media_type=media_type,
                product_ids=product_ids,
                company_generations=company_generations,
            )
        )

    def history_item(self, generation_request_id: str) -> HistoryItem:
        """Look a generation up in the account's history.

        Source: ``GET /v3/ai/generation-history/{generation_request_id}`` in Getty's API reference.

        :raises NotFoundError: the history has no such generation.
        :raises GettyError: the call failed otherwise.
        """
        return self.ask(operations.GetHistoryItem(generation_request_id=generation_request_id))

    def products(self) -> tuple[Product, ...]:
        """List the account's license products, with their requirements and, if Getty tells, their credits.

        Source: ``GET /v3/products`` in Getty's API reference.

        :raises GettyError: the call failed.
        """
        return self.ask(operations.ListProducts()).products


class AsyncCollecting(AsyncSide):
    """The same methods as coroutines."""

    async def get_generation(self, generation_request_id: str) -> Pending | Generation:
        """See :meth:`.getty.GettyHook.get_generation`."""
        return await self.ask(operations.GetGeneration(generation_request_id=generation_request_id))

    async def wait_for_generation(
        self,
        generation_request_id: str,
        *,
        deadline: float,
        poll_interval: float | None = None,
        kind: str = "",
    ) -> Generation:
        """See :meth:`.getty.GettyHook.wait_for_generation`."""
        poll = operations.GetGeneration(generation_request_id=generation_request_id)
        return await self.client.wait_for(poll, deadline=deadline, interval=poll_interval, kind=kind)

    async def download_sizes(self, generation_request_id: str, index: int = 0) -> tuple[DownloadSize, ...]:
        """See :meth:`.getty.GettyHook.download_sizes`."""
        sizes = operations.GetDownloadSizes(generation_request_id=generation_request_id, index=index)
        return (await self.ask(sizes)).download_sizes

    async def download(
        self,
        generation_request_id: str,
        destination: LocationLike,
        *,
        index: int = 0,
        size_name: str = "1k",
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        may_be_started: bool = False,
        deadline: float | None = None,
    ) -> int:
        """See :meth:`.getty.GettyHook.download`."""
        start = operations.StartDownload(
            generation_request_id=generation_request_id,
            index=index,
            size_name=size_name,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
        return await self._download(start, destination, deadline, may_be_started=may_be_started)

    async def redownload(
        self,
        generated_asset_id: str,
        destination: LocationLike,
        *,
        size_name: str = "1k",
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        deadline: float | None = None,
    ) -> int:
        """See :meth:`.getty.GettyHook.redownload`."""
        start = operations.Redownload(
            generated_asset_id=generated_asset_id,
            size_name=size_name,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
        return await self._download(start, destination, deadline)

    def history(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        media_type: MediaType | None = None,
        product_ids: Iterable[int] | None = None,
        company_generations: bool | None = None,
    ) -> AsyncIterator[HistoryItem]:
        """See :meth:`.getty.GettyHook.history`."""
        return self._items(
            paging.history_pages(
                since=since,
                until=until,
                media_type=media_type,
                product_ids=product_ids,
                company_generations=company_generations,
            )
        )

    async def history_item(self, generation_request_id: str) -> HistoryItem:
        """See :meth:`.getty.GettyHook.history_item`."""
        return await self.ask(operations.GetHistoryItem(generation_request_id=generation_request_id))

    async def products(self) -> tuple[Product, ...]:
        """See :meth:`.getty.GettyHook.products`."""
        return (await self.ask(operations.ListProducts())).products
