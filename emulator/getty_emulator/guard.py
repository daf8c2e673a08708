"""Keeps web pages out: any page open in a browser can send requests to an emulator on the same machine.

A page of another site can reach it in two ways. It can send a cross-origin request, which the browser marks with
``Origin`` and sends without a preflight only if the body is a form or plain text. Or its host name can resolve to this
machine (DNS rebinding), which shows in ``Host``.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from getty_emulator.faults.wire import Send

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Problem:
    """The reason for refusing a request."""

    status: int
    text: str

    async def send(self, send: Send) -> None:
        """Send it as the answer."""
        body = json.dumps({"detail": self.text}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Guard:
    """Decides which requests are allowed.

    :param names: allowed host names, besides IP addresses and ``localhost``.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = {"localhost", *(name.lower() for name in names)}

    def problem(self, method: str, headers: Mapping[str, str], *, is_control: bool) -> Problem | None:
        """Return why a request is refused, or None."""
        host = headers.get("host", "")
        if not self._is_known(host):
            return Problem(421, f"Unknown host {host!r}. Start the emulator with --allowed-host for it.")
        if not is_control or method in _SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            return Problem(403, "A page of another site may not control the emulator.")
        content_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method != "DELETE" and content_type != "application/json":
            return Problem(415, "Send the header Content-Type: application/json.")
        return None

    def _is_known(self, host: str) -> bool:
        """Return True if a Host header names this server. An IP address cannot be rebound."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True
