"""GettyHook: an Airflow connection as a client of Getty's AI Generator."""

# ruff: noqa: PLC0415 - requests, aiohttp and Pillow load when they are used: DAG files stay quick to parse

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.connection import get_async_connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from airflow_provider_getty.api.account import GETTY_URL, Account, Dialect
from airflow_provider_getty.api.errors import ConfigurationError, GettyError

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_getty.api.aio import AsyncGettyClient
    from airflow_provider_getty.api.client import GettyClient
    from airflow_provider_getty.api.operations import ReferenceGeneration
    from airflow_provider_getty.api.results import (
        DownloadSize,
        Generation,
        HistoryItem,
        Pending,
        Product,
    )
    from airflow_provider_getty.masks import Mask, MaskSource
    from airflow_provider_getty.storage import Where

_PATIENCE = 60.0
_HISTORY_PAGE = 100


class GettyHook(BaseHook):
    """Speaks to Getty's AI Generator with the credentials of an Airflow connection.

    Trouble that may pass (429, 409, 5xx, broken connections) is waited out for a minute, or until the
    deadline that a method is given, as long as no credit can be used twice.

    :param getty_conn_id: a connection of the type ``getty``.
    """

    conn_name_attr = "getty_conn_id"
    default_conn_name = "getty_default"
    conn_type = "getty"
    hook_name = "Getty Images"

    def __init__(self, getty_conn_id: str = default_conn_name) -> None:
        super().__init__()
        self.getty_conn_id = getty_conn_id

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, Any]:
        """The connection form of Airflow 3.1, which knows no declared fields: extras are entered as JSON."""
        return {
            "hidden_fields": ["port", "schema"],
            "relabeling": {"host": "Base URL", "login": "API key", "password": "API secret"},
            "placeholders": {"host": GETTY_URL},
        }

    @cached_property
    def account(self) -> Account:
        """The account that the connection describes.

        :raises ConfigurationError: the connection cannot be used.
        """
        return self._account(self.get_connection(self.getty_conn_id))

    def get_conn(self) -> GettyClient:
        """The sync client, with its pooled session: one per hook."""
        return self._client

    @cached_property
    def _client(self) -> GettyClient:
        from airflow_provider_getty.api.client import GettyClient

        return GettyClient(self.account, on_token=mask_secret)

    async def get_async_conn(self) -> AsyncGettyClient:
        """A new async client, for the running event loop; to be closed by the caller.

        :raises ConfigurationError: the connection cannot be used, or is not known here.
        """
        from airflow_provider_getty.api.aio import AsyncGettyClient

        try:
            connection = await get_async_connection(self.getty_conn_id, hook=self)
        except AirflowNotFoundException:
            raise ConfigurationError(
                "It is not known in this process; the triggerer has to know it as well as the workers.",
                asked=f"Connection {self.getty_conn_id}",
            ) from None
        # In a trigger, mask_secret would block the event loop, or deadlock with the supervisor.
        account = await asyncio.to_thread(self._account, connection)
        return AsyncGettyClient(account, on_token=lambda token: asyncio.to_thread(mask_secret, token))

    def _account(self, connection: Connection) -> Account:
        if connection.login:
            mask_secret(connection.login)  # Airflow masks only the password by itself
        if connection.password:
            mask_secret(connection.password)
        try:
            return account_of(connection)
        except ConfigurationError as error:
            error.asked = f"Connection {self.getty_conn_id}"
            raise

    def test_connection(self) -> tuple[bool, str]:
        """Fetch a token and list the products: authorised, and free."""
        try:
            products = self.products()
        except GettyError as error:
            return False, str(error)
        generators = [product for product in products if product.type == "aigen"]
        if not generators:
            return False, "Getty accepted the credentials, but the account has no AI Generator product."
        listed = ", ".join(f"{product.id} ({product.name or product.type})" for product in generators)
        return True, f"Getty accepted the credentials. AI Generator products: {listed}."

    def upload_mask(
        self,
        mask: Mask | MaskSource,
        *,
        image_size: Sequence[int] | str | None = None,
        label: str = "mask",
        deadline: float | None = None,
    ) -> str:
        """Upload a mask under a name that nothing else uses.

        :param mask: a made one, or what :func:`airflow_provider_getty.masks.make_mask` makes one of.
        :param image_size: width and height in pixels of the image to refine.
        :param label: begins the name of the upload.
        :param deadline: until when (``time.time()``) trouble is waited out.
        :return: the ``mask_url`` for :meth:`refine`; Getty keeps the mask for 24 hours.
        :raises MaskError: no mask can be made of this; nothing was sent.
        :raises GettyError: Getty did not take it.
        """
        from airflow_provider_getty.api.operations import UploadMask
        from airflow_provider_getty.masks import Mask, make_mask, unique_name

        made = mask if isinstance(mask, Mask) else make_mask(mask, image_size=image_size)
        name = unique_name(label)
        self._client.ask(UploadMask(name=name, jpeg=made.jpeg), deadline=deadline or _soon())
        return self.account.uploads_url + name

    def refine(
        self,
        *,
        image_id: str | None = None,
        reference_generation: ReferenceGeneration | None = None,
        mask_url: str,
        deadline: float | None = None,
        **arguments: Any,
    ) -> Pending | Generation:
        """Submit a refine; see :class:`airflow_provider_getty.api.operations.Refine` for the arguments.

        It may cost a credit each time it is called.

        :param deadline: until when (``time.time()``) trouble is waited out that came before any generation.
        :raises GettyError: its ``credit`` says whether a credit may have been used.
        """
        from airflow_provider_getty.api.operations import Refine

        operation = Refine(
            image_id=image_id, reference_generation=reference_generation, mask_url=mask_url, **arguments
        )
        return self._client.ask(operation, deadline=deadline or _soon())

    def get_generation(self, generation_request_id: str) -> Pending | Generation:
        """Ask once whether a generation is finished; a finished one comes with fresh signed URLs."""
        from airflow_provider_getty.api.operations import GetGeneration

        return self._client.ask(GetGeneration(generation_request_id=generation_request_id), deadline=_soon())

    def wait_for_generation(
        self, generation_request_id: str, *, deadline: float, poll_interval: float | None = None
    ) -> Generation:
        """Poll until the generation is finished.

        :param deadline: when to give up (``time.time()``).
        :param poll_interval: a fixed number of seconds between polls. None: by the age of the generation.
        :raises DeadlineExceededError: it is not finished in time; it can still be collected later.
        """
        from airflow_provider_getty.api.operations import GetGeneration

        operation = GetGeneration(generation_request_id=generation_request_id)
        return self._client.wait_for(operation, deadline=deadline, interval=poll_interval)

    def download_sizes(self, generation_request_id: str, index: int = 0) -> tuple[DownloadSize, ...]:
        """The sizes in which a generated image can be downloaded."""
        from airflow_provider_getty.api.operations import GetDownloadSizes

        operation = GetDownloadSizes(generation_request_id=generation_request_id, index=index)
        return self._client.ask(operation, deadline=_soon()).download_sizes

    def download(
        self,
        generation_request_id: str,
        destination: Where,
        *,
        index: int = 0,
        size_name: str = "1k",
        product_id: int | str | None = None,
        project_code: str | None = None,
        notes: str | None = None,
        may_be_started: bool = False,
        deadline: float | None = None,
    ) -> int:
        """Download a generated image; the destination holds it whole, or stays as it was.

        :param destination: a local path, a URI or an ``ObjectStoragePath``.
        :param size_name: one of :meth:`download_sizes`; a large one may cost.
        :param may_be_started: whether an earlier call may have started it; then that is used, and not paid again.
        :param deadline: when to give up (``time.time()``); default: in 10 minutes.
        :return: the length in bytes.
        :raises OSError: the destination cannot be written to.
        :raises GettyError: in every way in which it may fail.
        """
        from airflow_provider_getty.api.operations import StartDownload
        from airflow_provider_getty.downloads import download
        from airflow_provider_getty.storage import locate, publishing

        operation = StartDownload(
            generation_request_id=generation_request_id,
            index=index,
            size_name=size_name,
            product_id=product_id,
            project_code=project_code,
            notes=notes,
        )
        with publishing(locate(destination)) as file:
            return download(
                self._client,
                operation,
                file,
                deadline=deadline or time.time() + 600,
                may_be_started=may_be_started,
            )

    def products(self) -> tuple[Product, ...]:
        """The account's licence products; those of the AI Generator have the type ``aigen``."""
        from airflow_provider_getty.api.operations import ListProducts

        return self._client.ask(ListProducts(), deadline=_soon()).products

    def history(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> Iterator[HistoryItem]:
        """The account's generations, the newest first, fetched page by page.

        :param since: only those that were made then or later; and
        :param until: only those that were made then or earlier.
        """
        from airflow_provider_getty.api.operations import GetHistory

        seen = set()
        for page in count(1):
            operation = GetHistory(page=page, page_size=_HISTORY_PAGE, date_start=since, date_end=until)
            answer = self._client.ask(operation, deadline=_soon())
            for item in answer.generations:
                # What is generated meanwhile moves the rest to later pages.
                if item.generation_request_id not in seen:
                    seen.add(item.generation_request_id)
                    yield item
            if page * _HISTORY_PAGE >= answer.result_count or not answer.generations:
                return


def account_of(connection: Connection) -> Account:
    """The account that an Airflow connection describes.

    The base URL is the host if it has a scheme, or is made of schema, host and port.

    :raises ConfigurationError: it cannot be used.
    """
    extras = _extras(connection.extra)
    host = (connection.host or "").strip()
    if host and "://" not in host:
        port = f":{connection.port}" if connection.port else ""
        host = f"{connection.schema or 'https'}://{host}{port}"
    timeout = _number(extras, "timeout", float)
    project_code = extras.get("project_code")
    return Account(
        api_key=connection.login or "",
        api_secret=connection.password or "",
        base_url=host or GETTY_URL,
        token_url=str(extras.get("token_url", "")),
        product_id=_number(extras, "product_id", int),
        project_code=None if project_code is None else str(project_code),
        dialect=extras.get("dialect", Dialect.AUTO),
        max_requests_per_second=_number(extras, "max_requests_per_second", float),
        timeout=Account.timeout if timeout is None else timeout,
    )


_EXTRAS = {"token_url", "product_id", "project_code", "dialect", "max_requests_per_second", "timeout"}


def _extras(text: str | None) -> dict[str, Any]:
    try:
        extras = json.loads(text or "{}")
    except ValueError:
        raise ConfigurationError("Its extra is not JSON.") from None
    if not isinstance(extras, dict):
        raise ConfigurationError("Its extra is not a JSON object.")
    if unknown := sorted(set(extras) - _EXTRAS):
        raise ConfigurationError(
            f"Its extra has the unknown {', '.join(unknown)}; known are {', '.join(sorted(_EXTRAS))}."
        )
    # The connection form stores what is left empty as an empty text or null.
    return {name: value for name, value in extras.items() if value not in (None, "")}


def _number(extras: dict[str, Any], name: str, kind: type[Any]) -> Any:
    if (value := extras.get(name)) is None:
        return None
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise ValueError
        return kind(value)
    except (TypeError, ValueError):
        whole = "whole " if kind is int else ""
        raise ConfigurationError(f"{name} is {value!r}; it must be a {whole}number.") from None


def _soon() -> float:
    return time.time() + _PATIENCE
