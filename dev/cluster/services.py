"""The services of a cluster besides Airflow: Redis, an S3 server and the emulator, each a process on a free port."""

from __future__ import annotations

import os
import re
import signal
import socket
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import requests
from getty_emulator.server import connection

from dev.processes import LOOPBACK, NotInstalledError, ProcessFailedError, ProcessFamily, free_ports, tail
from dev.redis_server import NEEDED, redis_program
from tests.support.real_stores import S3Bucket

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from subprocess import Popen

START_SECONDS = 30.0
POLL_SECONDS = 0.1
API_KEY, API_SECRET = "cluster-key", "cluster-secret"
REQUEST_SECONDS = 60.0
BUCKET = "getty"
_REQUEST = re.compile(r"[A-Z]+ \S+ (\d{3}|no answer) ")


class Service:
    """A program that listens on its own port, and can be down for a while."""

    def __init__(self, name: str, command: Sequence[str], port: int, log: Path) -> None:
        self.name = name
        self.port = port
        self._command = command
        self._log = log
        self._processes = ProcessFamily(os.environ)
        self._process: Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is reachable. Raises ProcessFailedError if it is not."""
        self._process = self._processes.start(self._command, log=self._log)
        deadline = time.monotonic() + START_SECONDS
        while not self._listens():
            self._processes.ensure_alive()
            if time.monotonic() > deadline:
                raise ProcessFailedError(f"{self.name} does not answer. End of its log:\n{tail(self._log)}")
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """Kill it, as in a machine failure. It can be started again."""
        if self._process is not None:
            self._processes.signal(self._process, signal.SIGKILL)
            self._processes.kill(self._process)
            self._process = None

    def ensure_alive(self) -> None:
        """Raise ProcessFailedError if it has exited by itself."""
        self._processes.ensure_alive()

    def stop(self) -> None:
        """Stop it permanently."""
        self._processes.stop()

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((LOOPBACK, self.port)) == 0


class Redis(Service):
    """Celery's broker. Its content survives a restart."""

    def __init__(self, folder: Path) -> None:
        program = redis_program()
        if program is None:
            raise NotInstalledError(
                f"{NEEDED} For example: apt-get install redis-server, dnf install valkey, or brew install redis."
            )
        folder.mkdir(parents=True, exist_ok=True)
        [port] = free_ports(1)
        settings = ("--bind", LOOPBACK, "--port", str(port), "--dir", str(folder), "--save", "")
        super().__init__(
            "Redis", (program, *settings, "--appendonly", "yes"), port, folder.parent / "logs" / "redis.log"
        )
        self.program = program
        self.url = f"redis://{LOOPBACK}:{port}/0"

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to it, on a database that Celery does not use."""
        return {"conn_type": "redis", "host": LOOPBACK, "port": self.port, "extra": {"db": 1}}


class S3(Service):
    """An S3 server in memory (moto), with one bucket."""

    def __init__(self, folder: Path) -> None:
        [port] = free_ports(1)
        command = (sys.executable, "-m", "moto.server", "--host", LOOPBACK, "--port", str(port))
        super().__init__("The S3 server", command, port, folder / "logs" / "s3.log")
        self.url = f"http://{LOOPBACK}:{port}"
        self.bucket = S3Bucket(self.url, BUCKET)

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to it."""
        extra = {"endpoint_url": self.url, "region_name": "us-east-1"}
        return {"conn_type": "aws", "login": "any", "password": "any", "extra": extra}

    def start(self) -> None:
        """Start it, and create the bucket."""
        super().start()
        self.bucket.at("").fs.makedirs(BUCKET, exist_ok=True)


class Getty(Service):
    """The emulator in its own process, which keeps its state while it is down.

    :param options: its command-line options, with underscores in their names.
    """

    def __init__(self, folder: Path, options: Mapping[str, object]) -> None:
        [port] = free_ports(1)
        fixed = {"api_key": API_KEY, "api_secret": API_SECRET, "port": port, "state": folder / "getty.state"}
        arguments = [
            part
            for name, value in {**fixed, **options}.items()
            for part in (f"--{name.replace('_', '-')}", str(value))
        ]
        command = (sys.executable, "-m", "getty_emulator", *arguments)
        super().__init__("The emulator", command, port, folder / "logs" / "emulator.log")
        self.url = f"http://{LOOPBACK}:{port}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy from the environment cannot reach our loopback

    @property
    def connection(self) -> dict[str, Any]:
        """Return the Airflow connection to it."""
        return connection(self.url, API_KEY, API_SECRET)

    def log_size(self) -> int:
        """Return the size of its log."""
        return self._log.stat().st_size

    def statuses(self, begin: int) -> Counter[str]:
        """Count its answers by status, from this size of its log on."""
        lines = self._log.read_bytes()[begin:].decode().splitlines()
        return Counter(found[1] for line in lines if (found := _REQUEST.match(line)))

    def look(self, what: str) -> Any:
        """Return its ledger, generations, requests or accounts."""
        answer = self._session.get(f"{self.url}/_emulator/{what}", timeout=REQUEST_SECONDS)
        answer.raise_for_status()
        return answer.json()
