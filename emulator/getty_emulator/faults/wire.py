"""Faults of the connection: the answer is lost, cut short, slow or invalid HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from getty_emulator.answers import Answer
from getty_emulator.faults.kind import Kind, Moment, Parameter, Parameters, is_duration, is_integer, one_of

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_SILENCE = 3600
"""Seconds to wait until the client of an unanswered call disconnects."""
_DROPS_PER_SECOND = 10
_WHOLE_FORMS = ("http-1.0", "early-hints")
"""The forms of odd HTTP that deliver the whole answer."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The connection of one call, and the answer to send over it."""

    answer: Answer
    headers: list[tuple[str, str]]
    receive: Receive
    send: Send

    async def start(self, length: int) -> None:
        """Send status and headers."""
        raw = [(name.encode(), value.encode("latin-1")) for name, value in self.headers]
        raw.append((b"Content-Length", str(length).encode()))
        await self.send({"type": "http.response.start", "status": self.answer.status, "headers": raw})

    async def write_past_uvicorn(self, length: int, body: bytes) -> None:
        """Write directly to the connection what uvicorn would refuse to send, and wait until it has been sent."""
        transport = self.transport
        lines = [f"HTTP/1.1 {self.answer.status} {HTTPStatus(self.answer.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in [*self.headers, ("Content-Length", str(length))]]
        transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110 - has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)

    @property
    def transport(self) -> asyncio.Transport:
        """Return the connection. In uvicorn 0.34 to 0.54, ``send`` is a method of the object that holds it."""
        sender: Any = self.send
        transport: asyncio.Transport = sender.__self__.transport
        return transport

    async def disconnected(self) -> None:
        """Wait until the client disconnects: uvicorn answers 500 if an application returns without an answer."""
        try:
            async with asyncio.timeout(_SILENCE):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return


async def whole(wire: Wire, _: Parameters | None = None) -> bool:
    """Send the answer unchanged."""
    await wire.start(len(wire.answer.body))
    await wire.send({"type": "http.response.body", "body": wire.answer.body})
    return True


async def _never(wire: Wire, _: Parameters) -> bool:
    await wire.disconnected()
    return False


async def _cut(wire: Wire, _: Parameters) -> bool:
    wire.transport.abort()
    await wire.disconnected()
    return False


async def _cut_body(wire: Wire, _: Parameters) -> bool:
    body = wire.answer.body
    await wire.write_past_uvicorn(len(body), body[: len(body) // 2])
    wire.transport.abort()
    await wire.disconnected()
    return False


async def _wrong_length(wire: Wire, parameters: Parameters) -> bool:
    body = wire.answer.body
    await wire.write_past_uvicorn(max(0, len(body) + parameters["difference"]), body)
    wire.transport.close()
    await wire.disconnected()
    return False


async def _drip(wire: Wire, parameters: Parameters) -> bool:
    """Send the body in pieces at even intervals over the given seconds."""
    body, seconds = wire.answer.body, parameters["seconds"]
    drops = max(2, min(len(body), round(seconds * _DROPS_PER_SECOND)))
    await wire.start(len(body))
    for number in range(drops):
        if wire.transport.is_closing():
            return False
        if number:
            await asyncio.sleep(seconds / (drops - 1))
        piece = body[number * len(body) // drops : (number + 1) * len(body) // drops]
        await wire.send({"type": "http.response.body", "body": piece, "more_body": number < drops - 1})
    return True


async def _odd_http(wire: Wire, parameters: Parameters) -> bool:
    """Send the answer as unusual or invalid HTTP, and close the connection."""
    status = f"{wire.answer.status} {HTTPStatus(wire.answer.status).phrase}"
    body, headers = wire.answer.body, [f"{name}: {value}" for name, value in wire.headers]
    length = f"Content-Length: {len(body)}"
    start, chunk = f"HTTP/1.1 {status}", b"%x\r\n%b\r\n" % (len(body), body)
    match parameters["form"]:
        case "http-1.0":  # the body ends with the connection
            start = f"HTTP/1.0 {status}"
        case "two-lengths":
            headers += [length, f"Content-Length: {len(body) + 1}"]
        case "early-hints":
            start = f"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n{start}"
            headers += [length]
        case "cut-chunks":
            headers += ["Transfer-Encoding: chunked"]
            body = chunk
        case _:
            start = "Not HTTP"
    wire.transport.write("\r\n".join([start, *headers, "Connection: close", "", ""]).encode() + body)
    wire.transport.close()
    await wire.disconnected()
    return parameters["form"] in _WHOLE_FORMS


def arrives_whole(name: str, parameters: Parameters) -> bool:
    """Return True if this fault still delivers a whole answer."""
    return name == "drip" or (name == "odd-http" and parameters["form"] in _WHOLE_FORMS)


KINDS = (
    Kind("no-reply", Moment.AFTER, "The work is done, but the reply never arrives.", deliver=_never),
    Kind("cut-before", Moment.BEFORE, "The connection is cut, and the work is not done.", deliver=_cut),
    Kind(
        "cut-after",
        Moment.AFTER,
        "The connection is cut after the work is done, before any reply.",
        deliver=_cut,
    ),
    Kind(
        "cut-body",
        Moment.AFTER,
        "The connection is cut halfway through the body of the answer.",
        deliver=_cut_body,
    ),
    Kind(
        "wrong-length",
        Moment.AFTER,
        "Content-Length differs from the length of the body.",
        parameters={
            "difference": Parameter(
                1, "bytes announced in addition to those sent; may be negative", is_integer
            )
        },
        deliver=_wrong_length,
    ),
    Kind(
        "odd-http",
        Moment.AFTER,
        "The answer is unusual or invalid HTTP, and the connection is closed after it.",
        parameters={
            "form": Parameter(
                "two-lengths",
                "http-1.0 (no length), two-lengths (that differ), early-hints (103, then the answer), "
                "cut-chunks (no final chunk) or no-http",
                one_of("http-1.0", "two-lengths", "early-hints", "cut-chunks", "no-http"),
            )
        },
        deliver=_odd_http,
    ),
    Kind(
        "drip",
        Moment.AFTER,
        "The body of the answer arrives slowly, in small pieces.",
        parameters={"seconds": Parameter(30.0, "real seconds until it is complete", is_duration)},
        deliver=_drip,
    ),
)
