"""A plain HTTP server that answers as configured, and records each request with its time and connection."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from airflow_provider_getty.api import clock

TOKEN = b'{"access_token": "recorded-token", "expires_in": 1800}'


@dataclass(frozen=True)
class Seen:
    """A received request."""

    method: str
    path: str
    headers: dict[str, str]
    at: float
    connection: int


@dataclass
class Recorder:
    """Grants a token, and answers everything else with one answer.

    :param interim: statuses that precede each answer, such as 103.
    :param per_connection: requests that it answers per connection; it closes the connection at the next one.
    """

    status: int = 200
    interim: tuple[int, ...] = ()
    per_connection: float = math.inf
    body: bytes = b'{"products": []}'
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    def shown(self, header: str, path: str) -> str | None:
        """A header of the last request for the path."""
        return [seen for seen in self.seen if path in seen.path][-1].headers.get(header)


@contextmanager
def recording(*, wrap: Callable[[Any], Any] = lambda listener: listener, **answer: Any) -> Iterator[Recorder]:
    """Run a recorder on a free port; ``wrap`` may put TLS around its socket."""
    recorder = Recorder(**answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            port = self.client_address[1]
            if [seen.connection for seen in recorder.seen].count(port) >= recorder.per_connection:
                self.close_connection = True
                return
            recorder.seen.append(Seen(self.command, self.path, headers, clock.monotonic(), port))
            is_token = self.path.endswith("/oauth2/token")
            body = TOKEN if is_token else recorder.body
            for interim in recorder.interim:
                self.send_response_only(interim)
                self.send_header("Link", "</style.css>; rel=preload")
                self.end_headers()
            self.send_response(200 if is_token else recorder.status)
            for name, value in ({} if is_token else recorder.headers).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    server.socket = wrap(server.socket)
    recorder.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield recorder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
