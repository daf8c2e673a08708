"""Real stores in this process: an SFTP server (asyncssh) on a folder, and an S3 server (moto)."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
from upath import UPath


@dataclass
class SftpFolder:
    """A folder that an SFTP server exposes as its root.

    :param cut_after: after this number of bytes of an upload, the connection is cut.
    :param refuses: the error with which the server answers writes.
    """

    root: Path
    port: int = 0
    cut_after: int | None = None
    refuses: Exception | None = None
    written: int = field(default=0, init=False)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list, init=False)

    def at(self, path: str) -> Any:
        """A path on the server, with its own connection."""
        return UPath(
            f"sftp://127.0.0.1:{self.port}/{path}",
            username="getty",
            password="any",
            port=self.port,
            skip_instance_cache=True,
        )

    def files(self) -> dict[str, bytes]:
        """The content of the folder."""
        return {str(p.relative_to(self.root)): p.read_bytes() for p in self.root.rglob("*") if p.is_file()}


class _Server(asyncssh.SSHServer):
    def __init__(self, folder: SftpFolder) -> None:
        self._folder = folder

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._folder.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        return False


class _Files(asyncssh.SFTPServer):
    def __init__(self, folder: SftpFolder, channel: Any) -> None:
        super().__init__(channel, chroot=os.fsencode(folder.root))
        self._folder = folder
        self._channel = channel

    def write(self, file_obj: object, offset: int, data: bytes) -> Any:
        if self._folder.refuses:
            raise self._folder.refuses
        if self._folder.cut_after is not None and self._folder.written + len(data) > self._folder.cut_after:
            super().write(file_obj, offset, data[: self._folder.cut_after - self._folder.written])
            self._channel.get_connection().abort()
            raise asyncssh.SFTPConnectionLost("cut")
        self._folder.written += len(data)
        return super().write(file_obj, offset, data)


@contextmanager
def sftp_server(root: Path) -> Iterator[SftpFolder]:
    """Serve a folder over SFTP, without authentication."""
    asyncssh.set_log_level("WARNING")
    folder = SftpFolder(root)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> Any:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=partial(_Server, folder),
            server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
            sftp_factory=partial(_Files, folder),
        )

    async def close(acceptor: Any) -> None:
        acceptor.close()
        for connection in folder.connections:
            connection.abort()
            await connection.wait_closed()
        await acceptor.wait_closed()

    acceptor = asyncio.run_coroutine_threadsafe(listen(), loop).result(30)
    folder.port = acceptor.get_port()
    try:
        yield folder
    finally:
        asyncio.run_coroutine_threadsafe(close(acceptor), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


@dataclass
class S3Bucket:
    """A bucket of an S3 server."""

    endpoint: str
    name: str = "pictures"

    def at(self, path: str, *, endpoint: str | None = None, bucket: str | None = None) -> Any:
        """An object of the bucket."""
        return UPath(
            f"s3://{bucket or self.name}/{path}",
            key="any",
            secret="any",
            endpoint_url=endpoint or self.endpoint,
            config_kwargs={"retries": {"max_attempts": 1}, "connect_timeout": 5},
            skip_instance_cache=True,
        )

    def objects(self) -> dict[str, bytes]:
        """The content of the bucket."""
        fs = self.at("").fs
        return {name.partition("/")[2]: fs.cat_file(name) for name in fs.find(self.name)}


@contextmanager
def s3_server() -> Iterator[S3Bucket]:
    """Serve S3 with an empty bucket."""
    from moto.server import ThreadedMotoServer  # noqa: PLC0415 - it takes a second

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # otherwise it prints each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        bucket = S3Bucket(f"http://127.0.0.1:{port}")
        bucket.at("").fs.makedirs(bucket.name, exist_ok=True)  # moto keeps it for the whole process
        yield bucket
    finally:
        server.stop()
