"""Runs a temporary PostgreSQL server with the programs installed on this machine."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dev.processes import LOOPBACK, ProcessFailedError, everybody_may_enter, free_ports, tail

if TYPE_CHECKING:
    from collections.abc import Iterator

START_SECONDS = 30.0
POLL_SECONDS = 0.1
READY = "database system is ready to accept connections"
USER = "airflow"
UNPRIVILEGED = ("postgres", "nobody")
FORGETFUL = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
)  # it need not survive a power failure


@contextmanager
def temporary_postgres() -> Iterator[Postgres | None]:
    """Start an empty PostgreSQL on a free port; None if none can run."""
    programs, user = _programs(), _user()
    if programs is None or user is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        home = Path(folder)
        data, log, password = home / "data", home / "postgres.log", home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_hex(16))
        runs_as: dict[str, Any] = {"cwd": home}
        if os.geteuid() == 0:
            runs_as |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
            for path in (home, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        with log.open("wb") as output:
            made = subprocess.run(
                [
                    *(programs / "initdb", "-D", data, "-U", USER, "--encoding=UTF8", "--locale=C"),
                    *("--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"),
                ],
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                **runs_as,
            )
        if made.returncode != 0:
            raise ProcessFailedError(f"initdb failed:\n{tail(log)}")
        server = Postgres(programs, data, password.read_text(), log, runs_as)
        try:
            server.start()
            yield server
        finally:
            server.stop()


class Postgres:
    """A PostgreSQL server. `program` is its executable, `url` the SQLAlchemy URL of its database."""

    def __init__(self, programs: Path, data: Path, password: str, log: Path, runs_as: dict[str, Any]) -> None:
        [port] = free_ports(1)
        settings = (f"listen_addresses={LOOPBACK}", f"port={port}", "unix_socket_directories=", *FORGETFUL)
        self.program = programs / "postgres"
        self.url = f"postgresql+psycopg2://{USER}:{password}@{LOOPBACK}:{port}/postgres"
        self._command: list[str | Path] = [
            self.program,
            "-D",
            data,
            *(f"--{setting}" for setting in settings),
        ]
        self._log = log
        self._runs_as = runs_as
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it accepts connections. Raises ProcessFailedError if it does not."""
        starts = self._log.read_text().count(READY)
        with self._log.open("ab") as output:
            process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # only its parent receives a Ctrl-C, and stops it last
                **self._runs_as,
            )
        self._process = process
        deadline = time.monotonic() + START_SECONDS
        while self._log.read_text().count(READY) == starts:
            if process.poll() is not None or time.monotonic() > deadline:
                raise ProcessFailedError(f"PostgreSQL did not start:\n{tail(self._log)}")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop it without waiting for open connections."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, which Debian keeps out of PATH."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((each.parent for each in versions), key=lambda folder: int(folder.parent.name), default=None)


def _user() -> pwd.struct_passwd | None:
    """Return the user to run it as: PostgreSQL refuses root, and other users may not enter every temporary folder."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    if not everybody_may_enter(Path(tempfile.gettempdir())):
        return None
    known = {user.pw_name: user for user in pwd.getpwall()}
    return next((known[name] for name in UNPRIVILEGED if name in known), None)
