"""The emulator in a thread of this process, for tests and for whoever wants one in Python."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import uvicorn

from getty_emulator.app import create_service, server_config
from getty_emulator.control import AccountRequest, Control
from getty_emulator.settings import (
    DEFAULT_CREDITS,
    Credentials,
    Dialect,
    Latency,
    Settings,
    Voice,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

Result = TypeVar("Result")


class Emulator:
    """A Getty to talk to, while the ``with`` block lasts.

    The arguments are the options of the command line. ``port=0`` takes a free one.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        api_key: str = "demo-key",
        api_secret: str = "demo-secret",  # noqa: S107 - for an emulator
        accounts: tuple[tuple[str, str], ...] = (),
        latency: str = "0",
        hold: float = 0,
        download_latency: float = 0,
        dialect: str = "any",
        credits: int = DEFAULT_CREDITS,  # noqa: A002 - it is called so everywhere else
        queries_per_second: int | None = None,
        concurrent_generations: int | None = None,
        concurrency_refusal: str = "service",
        state: str | PathLike[str] | None = None,
    ) -> None:
        self.api_key, self.api_secret = api_key, api_secret
        settings = Settings(
            accounts=(Credentials(api_key, api_secret), *(Credentials(*account) for account in accounts)),
            dialect=Dialect(dialect),
            latency=Latency.parse(latency),
            hold=hold,
            download_latency=download_latency,
            credits=credits,
            queries_per_second=queries_per_second,
            concurrent_generations=concurrent_generations,
            concurrency_refusal=Voice(concurrency_refusal),
            state=None if state is None else Path(state),
        )
        self._service = create_service(settings)
        self._control = Control(self._service)
        self._host, self._port = host, port
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:
        """Return the address, without a slash at its end."""
        return f"http://{self._host}:{self._port}"

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to this emulator, as its JSON form is written."""
        return connection(self.url, self.api_key, self.api_secret)

    def __enter__(self) -> Self:
        """Start the server and wait until it can be reached. Raises StateFileError for a state it cannot use."""
        listener = socket.create_server((self._host, self._port))
        try:
            self._service.open()
        except BaseException:
            listener.close()
            raise
        # asyncio does this only for sockets whose protocol is set; without it each small answer waits 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._port = listener.getsockname()[1]
        # The level is for uvicorn's "Shutting down" and the like, which would mix with the log of the caller.
        self._server = uvicorn.Server(server_config(self._service, log_config=None, log_level="warning"))
        started = threading.Event()

        def serve() -> None:
            async def main() -> None:
                self._loop = asyncio.get_running_loop()
                self._loop.call_soon(started.set)
                await self._server.serve([listener])

            asyncio.run(main())

        # Not uvicorn's own run(): it would install signal handlers, and asyncio.run closes the loop and its threads.
        self._thread = threading.Thread(target=serve, name="getty-emulator", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server, whatever is still waiting for an answer."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._loop = None
        self._service.close()

    def fault(
        self, name: str, operation: str | None = None, times: int | None = 1, **parameters: Any
    ) -> dict[str, Any]:
        """Switch a fault on for the next ``times`` calls, or with ``times=None`` for all."""
        return self._do(lambda: self._control.add_fault(name, operation, times, parameters))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._do(self._control.clear_faults)

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._do(lambda: self._control.advance(seconds))

    def ledger(self) -> dict[str, Any]:
        """Return ``entries`` (one per charge), ``total`` and ``totals`` by account."""
        return self._do(self._control.ledger)

    def requests(self) -> list[dict[str, Any]]:
        """Return the latest requests, oldest first."""
        return self._do(self._control.requests)

    def generations(self) -> list[dict[str, Any]]:
        """Return all generations, oldest first."""
        return self._do(lambda: self._control.generations(self.url))

    def images(self) -> list[dict[str, Any]]:
        """Return the images one may refine."""
        return self._do(lambda: self._control.images(self.url))

    def accounts(self) -> list[dict[str, Any]]:
        """Return the accounts."""
        return self._do(self._control.accounts)

    def configure_account(self, key: str | None = None, **changes: Any) -> dict[str, Any]:
        """Change the products or limits of an account: the fields of ``POST /_emulator/accounts/{key}``."""
        wanted = AccountRequest.model_validate(changes)
        return self._do(lambda: self._control.configure_account(key or self.api_key, wanted))

    def reset(self) -> None:
        """Go back to the start: no uploads, generations, charges, faults; the clock at the present."""
        self._do(self._control.reset)

    def _do(self, action: Callable[[], Result]) -> Result:
        """Run something in the server's event loop, where its state lives."""
        if self._loop is None:
            raise RuntimeError("The emulator is not running: use it in a with block.")

        async def act() -> Result:
            return action()

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result()


def connection(url: str, api_key: str, api_secret: str) -> dict[str, Any]:
    """Return the Airflow connection to an emulator at this address."""
    return {
        "conn_type": "getty",
        "login": api_key,
        "password": api_secret,
        "host": url,
        "extra": {"token_url": f"{url}/oauth2/token"},
    }
