"""A minimal HTTPS server that answers polls like Getty and like the services of the other providers.

It runs in a separate process (``python -m benchmarks.server``), reads its settings from a line of JSON on its standard
input, and its start time from another line; it writes its report when its input ends.

It answers polls from a table, without a framework, so that it uses clearly less CPU time than any client: the
measurements are of the client. Its report shows how busy the server itself was.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from benchmarks.workload import Workload, identifier, numbered

_LAG_EVERY = 0.05
_POLLS = ("/v3/ai/image-generations/", "/beta/ai/image-generations/", "/jobs/", "/api/2.2/jobs/runs/get")


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """The settings of a server.

    :param workload: its generations; any other generation is finished immediately.
    :param certificate: path of the PEM file with certificate and key.
    :param limit: requests accepted in any one second, beyond which it answers 429; 0: no limit.
    :param answer_after: seconds until a request is answered, to simulate a network and a service.
    """

    workload: Workload
    certificate: str
    limit: int = 0
    answer_after: float = 0.02


@dataclass
class Seen:
    """A server's counts since the start; the lists have one number for each second.

    :param connections: opened connections.
    :param most_connections: the largest number of connections open at the same time.
    :param polls: requests for a generation, including those answered with 429.
    :param refused: all requests answered with 429.
    :param cpu: seconds of CPU time that the server used.
    :param lag: the longest delay of its event loop, in seconds.
    """

    connections: int = 0
    most_connections: int = 0
    polls: int = 0
    requests: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    lag: float = 0.0


class GettyShaped:
    """The state of the server: the finished generations and the counts."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.seen = Seen()
        self.open = 0
        self._finished = settings.workload.finished
        self._start: float | None = None
        self._accepted: deque[float] = deque(maxlen=settings.limit)

    def start(self, at: float) -> None:
        """Start the workload at this time (``time.monotonic()``), and count from now on."""
        self._start = at
        self.seen = Seen(connections=self.open, most_connections=self.open)

    def connected(self) -> None:
        """Count a new connection."""
        self.open += 1
        self.seen.connections += 1
        self.seen.most_connections = max(self.seen.most_connections, self.open)

    def answer(self, method: str, path: str, body: bytes, *, now: float) -> bytes:
        """Return the whole answer to a request received at this time (``time.monotonic()``)."""
        second = max(0, int(now - self._start)) if self._start is not None else 0
        _count(self.seen.requests, second)
        self.seen.polls += path.startswith(_POLLS)
        if self._is_over_limit(now):
            _count(self.seen.refused, second)
            return _TOO_MANY
        if method == "POST" and path == "/oauth2/token":
            return _TOKEN
        if path.startswith("/api/2.2/jobs/runs/get"):
            return _RUN_DONE if self._is_finished(json.loads(body)["run_id"] - 1, now) else _RUNNING
        if not path.startswith(_POLLS):
            return _UNKNOWN
        id_ = path.rpartition("/")[2]
        number = numbered(id_)
        if self._is_finished(number, now):
            return _result(id_)
        # HttpSensor's trigger keeps waiting while it gets 404.
        return _UNKNOWN if path.startswith("/jobs/") else _pending(id_)

    def _is_finished(self, number: int, now: float) -> bool:
        if number >= len(self._finished):
            return True
        return self._start is not None and now - self._start >= self._finished[number]

    def _is_over_limit(self, now: float) -> bool:
        if not self.settings.limit:
            return False
        if len(self._accepted) == self.settings.limit and now - self._accepted[0] < 1.0:
            return True
        self._accepted.append(now)
        return False


class _Connection(asyncio.Protocol):
    """The part of HTTP/1.1 with keep-alive that these clients use."""

    transport: asyncio.Transport

    def __init__(self, getty: GettyShaped) -> None:
        self._getty = getty
        self._received = b""

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._getty.connected()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._getty.open -= 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end].decode("latin-1")
            length = _content_length(head)
            if len(self._received) < end + 4 + length:
                return
            body = self._received[end + 4 : end + 4 + length]
            self._received = self._received[end + 4 + length :]
            method, path, _ = head.split(" ", 2)
            asyncio.get_running_loop().call_later(
                self._getty.settings.answer_after, self._answer, method, path, body
            )

    def _answer(self, method: str, path: str, body: bytes) -> None:
        answer = self._getty.answer(method, path, body, now=time.monotonic())
        if not self.transport.is_closing():
            self.transport.write(answer)


def _content_length(head: str) -> int:
    if head.startswith("GET ") and "jobs/runs" not in head:
        return 0
    _, found, rest = head.lower().partition("content-length:")
    return int(rest.split("\r\n", 1)[0]) if found else 0


def _count(seconds: list[int], second: int) -> None:
    seconds.extend([0] * (second + 1 - len(seconds)))
    seconds[second] += 1


def _http(status: str, document: Any, *headers: str) -> bytes:
    body = json.dumps(document, separators=(",", ":"))
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: application/json; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-cache",
        "Date: Sun, 22 Nov 2026 12:00:00 GMT",
        "X-Request-Id: 0f9a2c7e6b5d4c3a8f1e2d3c4b5a6978",
        *headers,
    )
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


_TOKEN = _http("200 OK", {"access_token": "t" * 700, "token_type": "Bearer", "expires_in": 1800})
_UNKNOWN = _http("404 Not Found", {"ErrorCode": "NotFound", "ErrorMessage": "Not finished, or unknown."})
_TOO_MANY = _http(
    "429 Too Many Requests",
    {"message": "Too Many Requests"},
    "X-Error-Detail: Account Over Queries Per Second Limit",
)
_RUNNING = _http("200 OK", {"run_id": 1, "state": {"life_cycle_state": "RUNNING", "state_message": ""}})
_RUN_DONE = _http(
    "200 OK",
    {
        "run_id": 1,
        "state": {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS", "state_message": ""},
    },
)


def _template(status: str, document: Any) -> tuple[bytes, bytes]:
    before, _, after = _http(status, document).partition(identifier(0).encode())
    return before, after


_PENDING = _template("202 Accepted", {"generation_request_id": identifier(0)})
_RESULT = _template(
    "200 OK",
    {
        "generation_request_id": identifier(0),
        "seed": 42,
        "results": [
            {
                "index": index,
                "is_blocked": False,
                "url": f"https://delivery.example/{'p' * 60}/{index}.jpg?signature={'s' * 86}",
                "preview_urls": [],
            }
            for index in range(4)
        ],
        "original_asset": {"id": "1322277517"},
    },
)


def _pending(id_: str) -> bytes:
    return id_.encode().join(_PENDING)


def _result(id_: str) -> bytes:
    return id_.encode().join(_RESULT)


async def _watch(getty: GettyShaped) -> None:
    """Record how busy the server itself is."""
    used, since = time.process_time(), time.monotonic()
    while True:
        before = time.monotonic()
        await asyncio.sleep(_LAG_EVERY)
        now = time.monotonic()
        getty.seen.lag = max(getty.seen.lag, now - before - _LAG_EVERY)
        if now - since >= 1.0:
            getty.seen.cpu.append((time.process_time() - used) / (now - since))
            used, since = time.process_time(), now


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    document = json.loads(await reader.readline())
    settings = ServerSettings(**document | {"workload": Workload(**document["workload"])})
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.certificate)
    getty = GettyShaped(settings)
    server = await loop.create_server(
        lambda: _Connection(getty), "127.0.0.1", 0, ssl=context, backlog=4096, ssl_handshake_timeout=600
    )
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    if line := await reader.readline():
        getty.start(json.loads(line)["start"])
        watching = asyncio.create_task(_watch(getty))
        await reader.read()
        watching.cancel()
    print(json.dumps(asdict(getty.seen)), flush=True)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve())
