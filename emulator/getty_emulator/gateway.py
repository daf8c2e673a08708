"""The ASGI application: Getty's operations, the control API and the start page.

Getty's part is plain ASGI instead of a framework's routes for three reasons: its gateway answers unmatched routes and
methods in its own way, the faults need the raw connection, and polling thousands of generations must be cheap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from getty_emulator.api import Api
from getty_emulator.faults.wire import Wire, whole
from getty_emulator.guard import Guard
from getty_emulator.operations.uploads import LARGEST

if TYPE_CHECKING:
    from getty_emulator.faults.wire import Receive, Send
    from getty_emulator.service import Service

_CONTROL = "/_emulator"


class Gateway:
    """Routes each request to Getty's API or to the application behind it."""

    def __init__(self, service: Service, behind: Any, guard: Guard) -> None:
        self._api = Api(service)
        self._behind = behind
        self._guard = guard

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        is_control = path == _CONTROL or path.startswith(_CONTROL + "/")
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())
        }
        if problem := self._guard.problem(scope.get("method", "GET"), headers, is_control=is_control):
            await problem.send(send)
            return
        if is_control or path == "/" or scope["type"] != "http":
            await self._behind(scope, receive, send)
            return
        reply = await self._api.answer(
            scope["method"],
            scope.get("raw_path", path.encode()).decode("latin-1"),
            scope["query_string"].decode("latin-1"),
            headers,
            f"{scope['scheme']}://{headers.get('host', 'localhost')}",
            await _body(receive),
        )
        fault, answer = reply.fault, reply.answer
        wire = Wire(answer, list(answer.headers), receive, send)
        if fault is not None and fault.kind.deliver:
            is_whole = await fault.kind.deliver(wire, fault.parameters)
        else:
            is_whole = await whole(wire)
        reply.completed(is_whole=is_whole)


async def _body(receive: Receive) -> bytes:
    """Read the whole body, but keep only enough of it to show that it is too large."""
    chunks: list[bytes] = []
    kept = 0
    more = True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        if kept <= LARGEST:
            chunks.append(chunk)
            kept += len(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)
