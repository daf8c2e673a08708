"""A small HTTP proxy that tunnels (CONNECT) and forwards to a configured server, and records the requested hosts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class TunnelProxy:
    """The proxy from the tests' point of view.

    :param status: the answer to CONNECT and to plain HTTP, unless it is 200.
    """

    status: int = 200
    address: str = ""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """The requested hosts and ports, each with its ``Proxy-Authorization``."""


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def tunnel_proxy(status: int = 200) -> Iterator[TunnelProxy]:
    """Run a proxy on a free port."""
    proxy = TunnelProxy(status)
    tunnels: list[socket.socket] = []

    class Handler(BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            proxy.asked.append((self.path, self.headers.get("Proxy-Authorization")))
            if proxy.status != 200:
                self.send_error(proxy.status)
                return
            host, _, port = self.path.rpartition(":")
            with socket.create_connection((host, int(port))) as upstream:
                tunnels.extend((upstream, self.connection))
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=_pump, args=(upstream, self.connection), daemon=True)
                back.start()
                _pump(self.connection, upstream)
                back.join()

        def do_GET(self) -> None:
            proxy.asked.append((self.path, self.headers.get("Proxy-Authorization")))
            self.send_error(proxy.status)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False  # so that closing waits for these threads
    proxy.address = f"127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        for end in tunnels:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        server.server_close()
        thread.join()
