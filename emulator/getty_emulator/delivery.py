"""How an answer goes out: properly, or not at all, or broken in one of the ways that a fault asks for."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from getty_emulator.answers import (
    Answer,
    Refused,
    gateway_error,
    generation_gone,
    json_answer,
    quota_exceeded,
    service_error,
    too_many_downloads,
    too_many_generations,
    too_many_queries,
)
from getty_emulator.settings import Voice

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from getty_emulator.faults import Fault

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]

_HTML = b"<!DOCTYPE html>\n<html><head><title>Error</title></head><body><h1>Service unavailable</h1></body></html>\n"
_OTHER_ID = "00000000-0000-4000-8000-000000000000"
_SUCCESS = range(200, 300)
_SILENCE = 3600
"""Seconds after which a call without reply is given up."""


def instead_of_work(fault: Fault) -> Answer | None:  # noqa: PLR0911 - one for each fault
    """Return the answer that a fault gives in place of the work; None when it gives none at all."""
    match fault.kind.name:
        case "gone":
            return generation_gone().answer
        case "quota-exceeded":
            return quota_exceeded().answer
        case "queries-per-second":
            return too_many_queries().answer
        case "concurrent-generations":
            return too_many_generations(Voice(fault.parameters["voice"])).answer
        case "daily-limit":
            return too_many_downloads().answer
        case "conflict":
            return service_error(
                409, "ConcurrencyConflict", "Another request changed this at the same time."
            ).answer
        case "refuse":
            return _refusal(**fault.parameters)
        case "server-error" | "html":
            return altered(fault, Answer(200))
        case _:
            return None


def altered(fault: Fault, answer: Answer) -> Answer:  # noqa: PLR0911 - one for each fault
    """Return what a fault makes of the answer to work that was done."""
    match fault.kind.name:
        case "server-error":
            return _server_error(fault.parameters["status"])
        case "html":
            return Answer(fault.parameters["status"], _HTML, "text/html; charset=utf-8")
        case "empty-body":
            return Answer(answer.status, b"", answer.content_type)
        case "truncated-json":
            return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.content_type)
        case "missing-id" if answer.status in _SUCCESS:
            return json_answer(202, {})
        case "other-id" if answer.status in _SUCCESS:
            return json_answer(answer.status, {**json.loads(answer.body), "generation_request_id": _OTHER_ID})
        case _:
            return answer


async def deliver(fault: Fault | None, answer: Answer, request_id: str, receive: Receive, send: Send) -> bool:
    """Send the answer, and return whether a whole one was sent."""
    headers = [("X-Request-Id", request_id), *answer.headers]
    if answer.content_type:
        headers.append(("Content-Type", answer.content_type))
    match fault.kind.name if fault else None:
        case "no-reply":
            await _disconnected(receive)
        case "cut-before" | "cut-after":
            _transport(send).abort()
            await _disconnected(receive)
        case "cut-body":
            await _write(send, answer, headers, len(answer.body), answer.body[: len(answer.body) // 2])
            _transport(send).abort()
            await _disconnected(receive)
        case "wrong-length" if fault:
            length = max(0, len(answer.body) + int(fault.parameters["difference"]))
            await _write(send, answer, headers, length, answer.body)
            _transport(send).close()
            await _disconnected(receive)
        case _:
            await _send(send, answer, headers)
            return True
    return False


def _refusal(status: int, code: str | None) -> Answer:
    phrase = HTTPStatus(status).phrase
    return (service_error(status, code, phrase) if code else gateway_error(status, phrase)).answer


def _server_error(status: int) -> Answer:
    """500 comes from the service, the others from the gateway before it."""
    phrase = HTTPStatus(status).phrase
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return service_error(status, "InternalServerError", phrase).answer
    return json_answer(status, {"message": phrase})


async def _send(send: Send, answer: Answer, headers: list[tuple[str, str]]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    raw.append((b"Content-Length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})


async def _write(
    send: Send, answer: Answer, headers: list[tuple[str, str]], length: int, body: bytes
) -> None:
    """Write straight to the connection what uvicorn would refuse to send, and let it reach the client."""
    transport = _transport(send)
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in [*headers, ("Content-Length", str(length))]]
    transport.write("\r\n".join([*lines, "", ""]).encode() + body)
    while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110 - has no event
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)


def _transport(send: Any) -> asyncio.Transport:
    """Return the connection. In uvicorn (0.34 to 0.54) ``send`` is a method of the object that holds it."""
    transport: asyncio.Transport = send.__self__.transport
    return transport


async def _disconnected(receive: Receive) -> None:
    """Wait until the client is gone: uvicorn answers 500 for an application that returns without an answer."""
    try:
        async with asyncio.timeout(_SILENCE):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        return


def internal_error() -> Refused:
    """Say that the emulator itself failed."""
    return service_error(500, "InternalServerError", "The emulator failed; its log says why.")
