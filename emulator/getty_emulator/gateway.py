"""The front door: finds the operation of a request, lets it pass or not, and sends what comes of it.

This is plain ASGI rather than routes of a framework for three reasons: Getty's gateway answers unmatched routes and
methods in its own way, the faults need the bare connection, and polling thousands of generations has to be cheap.
"""

from __future__ import annotations

import asyncio
import logging
import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from getty_emulator.answers import Answer, Refused, gateway_error
from getty_emulator.authentication import check_token, sign_in
from getty_emulator.delivery import altered, deliver, instead_of_work, internal_error
from getty_emulator.fault_kinds import Moment
from getty_emulator.journal import Request
from getty_emulator.operations import OPERATIONS
from getty_emulator.operations.call import Access, Call, Operation
from getty_emulator.operations.uploads import LARGEST

if TYPE_CHECKING:
    from getty_emulator.delivery import Message, Receive, Send
    from getty_emulator.faults import Fault
    from getty_emulator.service import Service

log = logging.getLogger("getty_emulator")
_CONTROL = "/_emulator"


class Gateway:
    """The ASGI application: Getty's operations here, the start page and the switches in the application behind."""

    def __init__(self, service: Service, behind: Any) -> None:
        self._service = service
        self._behind = behind
        self._routes = [
            (operation.method, _pattern(path.template), operation)
            for operation in OPERATIONS
            for path in operation.paths
            if service.settings.dialect in path.dialects
        ]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one request."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in {"/", _CONTROL} or path.startswith(_CONTROL + "/"):
            await self._behind(scope, receive, _with_request_id(send))
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        record = self._record(scope, headers)
        operation, segments = self._match(scope["method"], scope.get("raw_path", path.encode()))
        call = None
        if operation is not None:
            record.operation = operation.name
            origin = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
            call = Call(self._service, operation, segments, scope["query_string"], headers, origin)
            call.body = await _body(receive)
        fault, answer = await self._answer(call, record)
        if await deliver(fault, answer, uuid.uuid4().hex, receive, send):
            record.status = answer.status
        log.info("%s %s %s %s", record.method, record.path, record.status or "no answer", record.fault or "")

    async def _answer(self, call: Call | None, record: Request) -> tuple[Fault | None, Answer]:
        """Return the answer, and the fault that decides how the call ends."""
        fault = None
        try:
            if call is None:
                raise gateway_error(403, "Missing Authentication Token")
            self._admit(call)
            if slow := call.take("slow"):
                record.fault = slow.kind.name
                await asyncio.sleep(float(slow.parameters["seconds"]))
            if call.operation.access is Access.API_KEY_AND_TOKEN:
                check_token(call)
            fault = self._service.faults.take_outcome(call.operation.name)
            if fault is not None:
                record.fault = fault.kind.name
            if fault is not None and fault.moment is Moment.BEFORE:
                return fault, instead_of_work(fault) or Answer(500)
            answer = await call.operation.handle(call)
        except Refused as refused:
            answer = refused.answer
        except Exception:
            log.exception("The emulator failed at %s %s", record.method, record.path)
            answer = internal_error().answer
        if call is not None and call.signed_in is not None:
            record.account = call.signed_in.key
        return fault, altered(fault, answer) if fault else answer

    def _admit(self, call: Call) -> None:
        if call.operation.access is not Access.OPEN:
            call.signed_in = sign_in(call)

    def _match(self, method: str, raw_path: bytes) -> tuple[Operation | None, dict[str, str]]:
        path = raw_path.decode("latin-1")
        for known_method, pattern, operation in self._routes:
            if known_method == method and (found := pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}

    def _record(self, scope: Any, headers: dict[str, str]) -> Request:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        record = Request(
            time=self._service.clock.now(),
            method=scope["method"],
            path=scope["path"],
            query_names=tuple(name for name, _ in query),
            header_names=tuple(headers),
            has_api_key="api-key" in headers,
            has_authorization="authorization" in headers,
        )
        self._service.journal.add(record)
        return record


def _pattern(template: str) -> re.Pattern[str]:
    """Return the pattern of a path; a ``{name}`` stands for one segment or a part of one."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+?)", re.escape(template)))


async def _body(receive: Receive) -> bytes:
    """Read the body to its end, but keep no more of it than shows that it is too large."""
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


def _with_request_id(send: Send) -> Send:
    async def send_with_id(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), (b"X-Request-Id", uuid.uuid4().hex.encode())]
        await send(message)

    return send_with_id
