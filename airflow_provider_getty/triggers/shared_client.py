"""One client per event loop and account: all triggers of an account share connections, token, budget and poller."""

from __future__ import annotations

import asyncio
import contextvars
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.memory import remembered
from airflow_provider_getty.api.schedule import Schedules
from airflow_provider_getty.hooks.getty import GettyHook, async_client_of

if TYPE_CHECKING:
    from airflow_provider_getty.api.aio import AsyncGettyClient


@dataclass(slots=True)
class _LookUp:
    """The account of a connection, for as long as triggers use the connection."""

    task: asyncio.Task[Account]
    users: int = 0


@dataclass(slots=True)
class _Shared:
    """The client of an account, for as long as triggers use it."""

    client: AsyncGettyClient
    users: int = 0


@dataclass(slots=True)
class _LoopState:
    look_ups: dict[str, _LookUp] = field(default_factory=dict)
    clients: dict[Account, _Shared] = field(default_factory=dict)


_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, _LoopState] = remembered(WeakKeyDictionary())
_learned: WeakKeyDictionary[asyncio.AbstractEventLoop, defaultdict[Account, Schedules]] = remembered(
    WeakKeyDictionary()
)
"""The schedules of accounts, which are kept while nothing is waited for."""


class shared_client:  # noqa: N801 - used like contextlib's functions; a class is lighter, and thousands are open
    """The client of the running event loop for the account of this connection; the last one to leave closes it.

    :raises ConfigurationError: the connection cannot be used.
    """

    __slots__ = ("_account", "_getty_conn_id")

    def __init__(self, getty_conn_id: str) -> None:
        self._getty_conn_id = getty_conn_id
        self._account: Account | None = None

    async def __aenter__(self) -> AsyncGettyClient:
        state = _loops.setdefault(asyncio.get_running_loop(), _LoopState())
        look_up = state.look_ups.get(self._getty_conn_id)
        if look_up is None:
            look_up = state.look_ups[self._getty_conn_id] = _LookUp(_looking_up(self._getty_conn_id))
        look_up.users += 1
        try:
            # A canceled trigger must not cancel the look-up of the others.
            self._account = await asyncio.shield(look_up.task)
            shared = state.clients.get(self._account)
            if shared is None:
                learned = _learned.setdefault(asyncio.get_running_loop(), defaultdict(Schedules))
                client = async_client_of(self._account, self._getty_conn_id, schedules=learned[self._account])
                shared = state.clients[self._account] = _Shared(client)
        except BaseException:
            self._leave_look_up(state)
            raise
        shared.users += 1
        return shared.client

    async def __aexit__(self, *_: object) -> None:
        state = _loops[asyncio.get_running_loop()]
        if self._account is None:
            raise RuntimeError("It was not entered.")
        shared = state.clients[self._account]
        shared.users -= 1
        if not shared.users:
            del state.clients[self._account]
        self._leave_look_up(state)
        if not shared.users:
            await shared.client.close()

    def _leave_look_up(self, state: _LoopState) -> None:
        look_up = state.look_ups[self._getty_conn_id]
        look_up.users -= 1
        if not look_up.users:
            look_up.task.cancel()
            del state.look_ups[self._getty_conn_id]
            if not state.look_ups:
                del _loops[asyncio.get_running_loop()]


def _looking_up(getty_conn_id: str) -> asyncio.Task[Account]:
    # Not in the context of one trigger, as it serves all of them.
    loop = asyncio.get_running_loop()
    return loop.create_task(GettyHook(getty_conn_id).get_async_account(), context=contextvars.Context())
