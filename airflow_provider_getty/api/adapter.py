"""The transport of ``requests``: it uses the trust store of :mod:`.network`, and keeps to the limits of a call.

The timeout of a socket applies to each read. An answer that drips, even in its headers, would never end, so each read
gets no more than what is left of the call's time.
"""

from __future__ import annotations

import io
import math
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import OK, HTTPResponse, parse_headers
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from airflow_provider_getty.api import clock, network

_ends: ContextVar[float] = ContextVar("ends", default=math.inf)
_is_fresh: ContextVar[bool] = ContextVar("is_fresh", default=False)


@contextmanager
def limits(*, ends: float, is_fresh: bool) -> Iterator[None]:
    """Limit the requests within the block.

    :param ends: when their reads fail (``clock.monotonic()``).
    :param is_fresh: whether to take no connection that has been idle for longer than :data:`.network.FRESH_SECONDS`.
    """
    tokens = _ends.set(ends), _is_fresh.set(is_fresh)
    try:
        yield
    finally:
        _ends.reset(tokens[0])
        _is_fresh.reset(tokens[1])


class Adapter(HTTPAdapter):
    """Connects with the given TLS context.

    :param tls: the certificates to trust.
    """

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__(pool_maxsize=20)

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        """Create pools whose connections read within the call's time."""
        super().init_poolmanager(*arguments, **named, ssl_context=self._tls)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        """Create the same pools behind a proxy."""
        manager = super().proxy_manager_for(
            proxy, **named, ssl_context=self._tls, proxy_ssl_context=self._tls
        )
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Leave the context as it is: requests would load certifi's certificates into it for each connection."""


class _Reader(io.RawIOBase):
    """Reads from a socket until the call's time is over."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw  # a socket.SocketIO

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = _ends.get() - clock.monotonic()
        if left <= 0:
            raise TimeoutError("The answer took too long to arrive.")
        if left < math.inf:
            connection = self._raw._sock  # noqa: SLF001 - SocketIO does not show it otherwise
            timeout = connection.gettimeout()
            connection.settimeout(left if timeout is None else min(timeout, left))
        read: int | None = self._raw.readinto(buffer)
        return read

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


class _Response(HTTPResponse):
    def __init__(self, sock: Any, *arguments: Any, **named: Any) -> None:
        super().__init__(sock, *arguments, **named)
        self.fp = io.BufferedReader(_Reader(self.fp.detach()))

    def _read_status(self) -> tuple[str, int, str]:
        """Skip interim answers, such as 103 Early Hints.

        http.client skips only 100 (Python 3.11). Any other one would be taken for the answer, and the real answer for
        that of the connection's next call.
        """
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc]
            if status >= OK:
                return version, status, reason
            parse_headers(self.fp)


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Freshness(HTTPConnectionPool):
    """Knows since when each connection has been idle."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        since = getattr(connection, "idle_since", math.inf)
        if _is_fresh.get() and clock.monotonic() > since + network.FRESH_SECONDS:
            connection.close()  # it connects again by itself
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn:
            conn.idle_since = clock.monotonic()
        super()._put_conn(conn)


class _Pool(_Freshness):
    ConnectionCls = _Connection


class _SecurePool(_Freshness, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}
