"""Child processes that write to log files, and can be stopped together with their own children."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

import psutil
import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LOOPBACK = "127.0.0.1"
STOP_SECONDS = 4.0  # Airflow 3.3.2's triggerer takes 10 s even when idle


class ProcessFailedError(Exception):
    """A process did not start, or exited early. The message contains the end of its log."""


class NotInstalledError(ProcessFailedError):
    """This machine lacks a program. The message says how to install it."""


class ProcessFamily:
    """Processes that start and stop together, in one environment.

    Each one leads its own session: a Ctrl-C in the terminal reaches only the parent, which then stops the others and
    their children.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._running: dict[subprocess.Popen[bytes], Path] = {}
        self._may_end = set[subprocess.Popen[bytes]]()

    def start(
        self, command: Sequence[str], *, log: Path, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a long-running process. `env` adds to the shared environment."""
        return self._spawn(command, log, env or {})

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a process that was started here, and its children, with SIGKILL."""
        _signal_sessions({process.pid}, signal.SIGKILL)
        process.wait()
        del self._running[process]

    def end(self, process: subprocess.Popen[bytes], *, timeout: float) -> None:
        """Terminate a process that was started here; after `timeout` seconds kill whatever is left of it."""
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout)
        self.kill(process)

    def signal(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        """Send a signal to a process that was started here, and to its children; from then on, it may exit."""
        _signal_sessions({process.pid}, number)
        self._may_end.add(process)

    def run(self, command: Sequence[str], *, log: Path) -> None:
        """Run a process to its end. Raises ProcessFailedError if it fails."""
        process = self._spawn(command, log, {})
        if process.wait() != 0:
            raise ProcessFailedError(self._obituary(process))
        del self._running[process]

    def ensure_alive(self) -> None:
        """Raise ProcessFailedError if any of them has exited."""
        for process in self._running:
            if process.poll() is not None and process not in self._may_end:
                raise ProcessFailedError(self._obituary(process))

    def stop(self) -> None:
        """Terminate all processes at once; after `STOP_SECONDS` kill whatever is left of their sessions.

        The signal goes to the session leaders, which know in which order to end their own children.
        """
        for process in self._running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running:
            with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):  # a second Ctrl-C: kill at once
                process.wait(timeout=max(0, deadline - time.monotonic()))
        _signal_sessions({process.pid for process in self._running}, signal.SIGKILL)
        for process in self._running:
            process.wait()
        self._running.clear()

    def _spawn(self, command: Sequence[str], log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                env={**self._env, **env},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[process] = log
        return process

    def _obituary(self, process: subprocess.Popen[bytes]) -> str:
        log = self._running[process]
        return f"{log.stem} exited with code {process.returncode}. End of its log:\n{tail(log)}"


def tail(log: Path, lines: int = 30) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def free_ports(count: int) -> list[int]:
    """Return distinct free ports of the loopback interface."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def port_or_free(preferred: int) -> int:
    """Return the preferred port, or a free one if it is taken."""
    with socket.socket() as probe:
        taken = probe.connect_ex((LOOPBACK, preferred)) == 0
    return free_ports(1)[0] if taken else preferred


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn SIGTERM, and the signal of a closing terminal, into the KeyboardInterrupt of a Ctrl-C."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT as well: a shell starts background processes with SIGINT ignored.
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def serve_until_stopped(serve: Callable[[], object], *, stopped: str) -> int:
    """Serve until a signal arrives, and return the exit code.

    :param stopped: printed once it has stopped.
    """
    try:
        with stopping_on_signals():
            serve()
    except KeyboardInterrupt:
        print(f"\n{stopped}")
    except (ProcessFailedError, requests.RequestException) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _signal_sessions(leaders: set[int], number: signal.Signals) -> None:
    """Send a signal by session, not by process group: Airflow 3.3 runs each task in its own group."""
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) in leaders:
                os.kill(pid, number)


def everybody_may_enter(folder: Path) -> bool:
    """Return True if processes of every user can access the folder."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (folder, *folder.parents))
