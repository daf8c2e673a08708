"""GettyHook: an Airflow connection as a client of Getty's AI Generator."""

# ruff: noqa: PLC0415 - requests, aiohttp and Pillow load when they are used: DAG files stay quick to parse

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import unquote, urlsplit

from airflow.providers.common.compat.connection import get_async_connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException
from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import GETTY_URL, Account
from airflow_provider_getty.api.errors import ConfigurationError, GettyError
from airflow_provider_getty.hooks import metrics
from airflow_provider_getty.hooks.collecting import Collecting
from airflow_provider_getty.hooks.connection import account_of, coordinator_id
from airflow_provider_getty.hooks.creations import Creation, Creations
from airflow_provider_getty.hooks.edits import Edit, Edits
from airflow_provider_getty.hooks.files import Files

if TYPE_CHECKING:
    from airflow.sdk import Connection

    from airflow_provider_getty.api.aio import AsyncGettyClient
    from airflow_provider_getty.api.client import GettyClient
    from airflow_provider_getty.api.results import Product
    from airflow_provider_getty.api.schedule import Schedules
    from airflow_provider_getty.hooks.async_getty import AsyncGetty

log = logging.getLogger(__name__)

OperationName: TypeAlias = Literal[Creation, Edit]
"""The generating operations; :data:`..api.operations.GENERATING` has the model of each."""


class GettyHook(Creations, Edits, Collecting, Files, BaseHook):
    """Calls Getty's AI Generator with the credentials of an Airflow connection.

    Temporary failures (429, 409, 5xx, broken connections) are retried for a minute, or until a method's ``deadline``,
    unless a credit could be used twice.

    :meth:`async_session` has the same methods as coroutines.

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
        """The connection form of Airflow 3.1, which does not support declared fields: extras are entered as JSON."""
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
        return self._read_account()

    def _read_account(self) -> Account:
        connection = self.get_connection(self.getty_conn_id)
        coordinator = None
        if named := self._coordinator_id(connection):
            try:
                coordinator = self.get_connection(named)
            except AirflowNotFoundException:
                raise self._unknown(named) from None
        return self._account(connection, coordinator)

    def get_conn(self) -> GettyClient:
        """The sync client of this hook, with its pooled session."""
        return self._client

    @cached_property
    def _client(self) -> GettyClient:
        from airflow_provider_getty.api.client import GettyClient

        observer = metrics.Metrics(self.getty_conn_id, every=0.0)
        return GettyClient(self.account, on_token=mask_secret, observer=observer, reread=self._read_account)

    async def get_async_conn(self) -> AsyncGettyClient:
        """Open an async client for the running event loop; the caller closes it.

        :raises ConfigurationError: the connection cannot be used, or is unknown in this process.
        """
        return async_client_of(await self.get_async_account(), self.getty_conn_id)

    @asynccontextmanager
    async def async_session(self) -> AsyncIterator[AsyncGetty]:
        """Open the same methods as coroutines: ``async with hook.async_session() as getty: await getty.products()``.

        :raises ConfigurationError: the connection cannot be used, or is unknown in this process.
        """
        from airflow_provider_getty.hooks.async_getty import AsyncGetty

        async with await self.get_async_conn() as client:
            yield AsyncGetty(client)

    async def get_async_account(self) -> Account:
        """The account that the connection describes, looked up without blocking the event loop.

        :raises ConfigurationError: the connection cannot be used, or is unknown in this process.
        """
        try:
            with clock.at_work():
                connection = await get_async_connection(self.getty_conn_id, hook=self)
        except AirflowNotFoundException:
            raise self._unknown() from None
        coordinator = None
        if named := self._coordinator_id(connection):
            try:
                with clock.at_work():
                    coordinator = await get_async_connection(named)
            except AirflowNotFoundException:
                raise self._unknown(named) from None
        # In a trigger, mask_secret would block the event loop, or deadlock with the supervisor.
        account = await clock.in_thread(self._account, connection, coordinator)
        await clock.in_thread(metrics.connect)
        return account

    def _unknown(self, coordinator: str | None = None) -> ConfigurationError:
        what = f"Its coordinator, the connection {coordinator}," if coordinator else "It"
        return ConfigurationError(
            f"{what} is not known in this process; the triggerer has to know it as well as the workers.",
            asked=f"Connection {self.getty_conn_id}",
        )

    def _coordinator_id(self, connection: Connection) -> str | None:
        try:
            return coordinator_id(connection)
        except ConfigurationError as error:
            raise error.with_context(asked=f"Connection {self.getty_conn_id}") from None

    def _account(self, connection: Connection, coordinator: Connection | None = None) -> Account:
        if connection.login:
            mask_secret(connection.login.strip())  # by itself, Airflow masks only the password
        if connection.password:
            mask_secret(connection.password.strip())
        try:
            account = account_of(connection, coordinator)
            password = urlsplit(account.coordinator or "").password
        except ConfigurationError as error:
            raise error.with_context(asked=f"Connection {self.getty_conn_id}") from None
        if password:
            mask_secret(password)
            mask_secret(unquote(password))
        return account

    def test_connection(self) -> tuple[bool, str]:
        """Fetch a token and list the products, which costs no credit.

        The message is also logged: Airflow shows only that of a failed test.

        :return: whether the connection works, and the AI Generator products with their credits, or the reason.
        """
        try:
            products = self.products()
        except GettyError as error:
            return False, str(error)
        generators = [_described(product) for product in products if product.type == "aigen"]
        if not generators:
            return False, "Getty accepted the credentials, but the account has no AI Generator product."
        message = f"Getty accepted the credentials. AI Generator products: {', '.join(generators)}."
        log.info("%s", message)
        return True, message


def _described(product: Product) -> str:
    from airflow_provider_getty.api.answers import quoted

    credits_left = product.credits_remaining
    counted = "" if credits_left is None else f"; {credits_left} credits left"
    return f"{product.id} ({quoted(product.name or product.type or '')}{counted})"


def async_client_of(
    account: Account,
    getty_conn_id: str,
    *,
    schedules: Schedules | None = None,
    log_level: int = logging.INFO,
) -> AsyncGettyClient:
    """Open an async client for the running event loop; the caller closes it.

    :param getty_conn_id: the connection to name in metrics.
    :param schedules: the schedules of an earlier client, with the durations that they have learned.
    :param log_level: the level of the lines about generations and downloads that succeed.
    """
    from airflow_provider_getty.api.aio import AsyncGettyClient

    def on_token(token: str) -> Awaitable[None]:
        return clock.in_thread(mask_secret, token)

    return AsyncGettyClient(
        account,
        on_token=on_token,
        observer=metrics.Metrics(getty_conn_id),
        reread=GettyHook(getty_conn_id).get_async_account,
        schedules=schedules,
        log_level=log_level,
    )
