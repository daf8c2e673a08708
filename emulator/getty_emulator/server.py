"""The emulator in a thread of this process, for tests and other Python programs."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import uvicorn

from getty_emulator.app import server_config
from getty_emulator.control import Control
from getty_emulator.controls import Controls
from getty_emulator.options import ServerOptions
from getty_emulator.service import Service

Result = TypeVar("Result")


@dataclass(kw_only=True, eq=False)
class Emulator(Controls, ServerOptions):
    """An emulator that runs for the duration of a ``with`` block. Its arguments are the command-line options."""

    def __post_init__(self) -> None:
        """Validate the options. Raises ValueError."""
        super().__post_init__()
        self._service = Service(self)
        self._control = Control(self._service)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def url(self) -> str:  # type: ignore[override]
        """Return the URL, without a trailing slash."""
        return url_of(self.host, self.port)

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to this emulator, in Airflow's JSON form."""
        return connection(self.url, self.api_key, self.api_secret)

    def __enter__(self) -> Self:
        """Start the server and wait until it is reachable.

        :raises StateFileError: if it cannot use the state file.
        :raises OSError: if it cannot listen.
        """
        listener = listen(self.host, self.port)
        try:
            self._service.open()
        except BaseException:
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        # The level suppresses uvicorn's "Shutting down" and the like, which would end up in the caller's log.
        self._server = uvicorn.Server(
            server_config(self._service, self, log_config=None, log_level="warning")
        )
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
        """Stop the server, even if calls are still waiting for an answer."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._loop = None
        self._service.close()

    def _do(self, action: Callable[[Control], Result]) -> Result:
        """Run a function in the server's event loop, which owns the state, after all earlier requests."""
        if self._loop is None:
            raise RuntimeError("The emulator is not running: use it in a with block.")

        async def act() -> Result:
            await self._service.settled()
            return action(self._control)

        return asyncio.run_coroutine_threadsafe(act(), self._loop).result()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family)
    # asyncio does this only for sockets whose protocol is set; without it each small answer waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(host: str, port: int) -> str:
    """Return the URL of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def connection(url: str, api_key: str, api_secret: str) -> dict[str, Any]:
    """Return the Airflow connection to an emulator at this URL."""
    return {
        "conn_type": "getty",
        "login": api_key,
        "password": api_secret,
        "host": url,
        "extra": {"token_url": f"{url}/oauth2/token"},
    }
