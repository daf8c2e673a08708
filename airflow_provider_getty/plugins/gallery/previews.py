"""Fetches previews from Getty with the connection of the task, so that no signed URL ever reaches a browser.

Nothing here blocks the API server: at most a few previews are under way at a time, each for a bounded time; tokens,
answers and pictures are kept in memory for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, TypeVar

from airflow.sdk.log import mask_secret

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.api.operations import GetGeneration
from airflow_provider_getty.api.results import Generation, Image, Pending
from airflow_provider_getty.plugins.gallery.folders import NotShownError
from airflow_provider_getty.plugins.gallery.pictures import PictureCache, Size, rendition

ResultT = TypeVar("ResultT")

SECONDS = 20.0
"""Seconds for which a browser waits for a preview."""
_AT_A_TIME = 8
_WAITING = 500
_SILENT_SECONDS = 10.0
_ACCOUNT_SECONDS = 60.0
_ANSWER_SECONDS = 60.0  # signed URLs are valid for minutes at least
_IDLE_SECONDS = 600.0
_MAX_ANSWERS = 2000
_WIDE_ENOUGH = 480


@dataclass
class _Kept:
    """A value that is looked up once for all concurrent requests, and kept for some time."""

    task: asyncio.Future[Any]
    until: float


@dataclass
class _Client:
    client: AsyncGettyClient
    users: int = 0
    last_used: float = 0.0


@dataclass
class Previews:
    """Previews of generations, for one event loop.

    :param account_of: looks up the account of a connection; called in a thread.
    """

    account_of: Callable[[str, str], Account]
    pictures: PictureCache = field(default_factory=PictureCache)
    _kept: dict[object, _Kept] = field(default_factory=dict)
    _clients: dict[Account, _Client] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_A_TIME))
    _closing: set[asyncio.Future[None]] = field(default_factory=set)
    _silent: dict[Account, float] = field(default_factory=dict)
    _waiting: int = 0

    async def jpeg(
        self, dag_id: str, getty_conn_id: str, generation_request_id: str, index: int, size: Size
    ) -> bytes:
        """A preview as a JPEG.

        :raises NotShownError: there is no preview.
        :raises TimeoutError: it takes too long, or too many are requested.
        """
        if self._waiting >= _WAITING:
            raise TimeoutError
        self._waiting += 1
        account = None
        try:
            async with clock.timeout(SECONDS):
                account = await self._account(dag_id, getty_conn_id)
                key = (account, generation_request_id, index, size)
                if (kept := self.pictures.get(key)) is None:
                    # A browser has six connections to a server, and Airflow's own pages need them.
                    if self._is_silent(account):
                        raise TimeoutError
                    async with self._slots:
                        original = await self._fetch(account, generation_request_id, index, size)
                        kept = await clock.in_thread(rendition, original, size)
                    self.pictures.put(key, kept)
                return kept
        except GettyError as error:
            raise NotShownError(f"Getty does not show it: {error.problem}") from None
        except TimeoutError:
            if account and not self._is_silent(account):
                self._silent[account] = clock.monotonic() + _SILENT_SECONDS
            raise
        finally:
            self._waiting -= 1

    def _is_silent(self, account: Account) -> bool:
        """Whether a request to Getty has recently had no answer."""
        return clock.monotonic() < self._silent.get(account, 0.0)

    async def close(self) -> None:
        """Close all connections."""
        for kept in self._clients.values():
            await kept.client.close()
        self._clients.clear()

    async def _account(self, dag_id: str, getty_conn_id: str) -> Account:
        def look_up() -> Awaitable[Account]:
            return clock.in_thread(self.account_of, dag_id, getty_conn_id)

        return await self._once((dag_id, getty_conn_id), _ACCOUNT_SECONDS, look_up)

    async def _fetch(self, account: Account, generation_request_id: str, index: int, size: Size) -> bytes:
        shared = self._client(account)
        shared.users += 1
        try:
            generation = await self._once(
                (account, generation_request_id),
                _ANSWER_SECONDS,
                lambda: shared.client.ask(
                    GetGeneration(generation_request_id=generation_request_id),
                    deadline=clock.now() + SECONDS,
                ),
            )
            url = _url(generation, index, size)
            into = BytesIO()
            await shared.client.fetch_image(url, into, asked=f"Preview of {generation_request_id}")
            return into.getvalue()
        finally:
            shared.users -= 1
            shared.last_used = clock.monotonic()

    def _client(self, account: Account) -> _Client:
        self._close_idle()
        if account not in self._clients:
            client = AsyncGettyClient(account, on_token=_mask, log_level=logging.DEBUG)
            self._clients[account] = _Client(client, last_used=clock.monotonic())
        return self._clients[account]

    def _close_idle(self) -> None:
        before = clock.monotonic() - _IDLE_SECONDS
        for account, kept in list(self._clients.items()):
            if not kept.users and kept.last_used < before:
                del self._clients[account]
                closing = asyncio.ensure_future(kept.client.close())
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    async def _once(self, key: object, seconds: float, look_up: Callable[[], Awaitable[ResultT]]) -> ResultT:
        now = clock.monotonic()
        if len(self._kept) > _MAX_ANSWERS:
            self._kept = {key: kept for key, kept in self._kept.items() if kept.until > now}
        kept = self._kept.get(key)
        if kept is None or kept.until < now or (kept.task.done() and _failed(kept.task)):
            kept = self._kept[key] = _Kept(asyncio.ensure_future(look_up()), now + seconds)
            kept.task.add_done_callback(_failed)  # retrieves its error even if nobody waits for it any more
        # A request that stops waiting does not cancel it for the others.
        found: ResultT = await asyncio.shield(kept.task)
        return found


def _failed(task: asyncio.Future[Any]) -> bool:
    return task.cancelled() or task.exception() is not None


def _url(generation: Pending | Generation, index: int, size: Size) -> str:
    if isinstance(generation, Pending):
        raise NotShownError("The generation is not finished.")
    image = next((image for image in generation.results if image.index == index), None)
    if image is None:
        raise NotShownError("There is no such image.")
    if image.is_blocked:
        raise NotShownError("Getty's content policy blocked it.")
    if url := _preview(image, _WIDE_ENOUGH if size == "thumb" else 10 * _WIDE_ENOUGH):
        return url
    raise NotShownError("Getty has no preview of it.")


def _preview(image: Image, width: int) -> str | None:
    """The smallest rendition that is wide enough; otherwise the largest."""
    shown = sorted(
        (preview for preview in image.preview_urls if preview.image_url),
        key=lambda preview: preview.width or 0,
    )
    wide = [preview for preview in shown if (preview.width or 0) >= width]
    best = wide[:1] or shown[-1:]
    return best[0].image_url if best else image.url


def _mask(token: str) -> Awaitable[None]:
    return clock.in_thread(mask_secret, token)
