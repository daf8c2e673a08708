"""One measurement: a contender, a workload, a fresh server and fresh client processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import trustme
from cryptography.fernet import Fernet

from benchmarks import ROOT
from benchmarks.contenders import ADDRESS, CONTENDERS, Contender, Wait
from benchmarks.runner import TRIALS, Measured
from benchmarks.server import Seen, ServerSettings
from benchmarks.supervisor import Supervisor
from benchmarks.workload import Workload

_WARM_WITHIN = 120.0
_LEAD = 0.5  # seconds between the last trial and the start
_FERNET_KEY = Fernet.generate_key().decode()
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One measurement: the contender, the workload and the server.

    :param contender: a name in :data:`.contenders.CONTENDERS`.
    :param interval: seconds between polls of the contenders that poll on a fixed grid.
    :param processes: the number of triggerers that share the generations.
    :param server_limit: requests that the server accepts in any one second; 0: all.
    :param client_limit: ``max_requests_per_second`` of our connection, in each process.
    :param window: seconds from the start after which the measurement ends, finished or not.
    """

    contender: str
    workload: Workload
    interval: float = 5.0
    processes: int = 1
    server_limit: int = 0
    client_limit: float | None = None
    window: float = 60.0

    def run(self) -> Result:
        """Run the measurement.

        :raises CellError: a process died.
        """
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
            return _run(self, folder, stack)


class CellError(Exception):
    """A process of a measurement failed."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The figures of a measurement, in seconds and bytes, summed over all client processes.

    :param lateness: for each generation, the time from its end until the client knew. If the client never knew, the
        time until the end of the measurement, as a lower bound.
    :param finished: the number of generations that the client knew to be finished.
    :param failed: the number of waits that ended in an error.
    """

    cell: Cell
    seen: Seen
    lateness: list[float]
    finished: int
    failed: int
    cpu: float
    elapsed: float
    memory: float
    lags: list[float]

    @property
    def mean_lateness(self) -> float:
        """Seconds; a lower bound if the client did not learn of the end of some generations."""
        return fmean(self.lateness)

    @property
    def share_done(self) -> float:
        """The share of generations that the client knew to be finished, from 0 to 1."""
        return self.finished / self.cell.workload.count

    @cached_property
    def busiest_server(self) -> float:
        """The largest share of a core that the server used in any second."""
        return max(self.seen.cpu, default=0.0)

    def refused_share(self, *, after: int = 0) -> float:
        """The share of requests answered with 429, counted from `after` seconds on, from 0 to 1."""
        return sum(self.seen.refused[after:]) / max(1, sum(self.seen.requests[after:]))


def percentile(numbers: list[float], share: float) -> float:
    """The number below which this share of the numbers is."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def _run(cell: Cell, folder: Path, stack: ExitStack) -> Result:
    contender = CONTENDERS[cell.contender]
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(
        str(folder / "server.pem")
    )
    server = stack.enter_context(_Server(cell, folder / "server.pem").running())
    environment = _environment(cell, contender, server.address, folder / "authority.pem")
    clients = [_Client(cell, contender, environment, folder / f"{n}.json") for n in range(cell.processes)]
    for client in clients:
        stack.enter_context(client.running())
    for client in clients:
        client.wait_until_warm()
    start, wall = time.monotonic() + _LEAD, time.time() + _LEAD
    server.start(start)
    for place, client in enumerate(clients):
        client.give(list(range(place, cell.workload.count, cell.processes)), wall)
    measured = [client.measured() for client in clients]
    ended = time.monotonic()
    return _result(cell, server.seen(), clients, measured, start, ended)


def _result(
    cell: Cell, seen: Seen, clients: list[_Client], measured: list[Measured], start: float, ended: float
) -> Result:
    learned: dict[int, float] = {}
    failed = 0
    for client, one in zip(clients, measured, strict=True):
        failed += len(one.failed)
        for id_ in one.failed:
            one.learned.pop(id_, None)
        learned |= {client.numbers[id_ - TRIALS - 1]: at for id_, at in one.learned.items()}
    lateness = [
        max(0.0, learned.get(number, ended) - start - finished)
        for number, finished in enumerate(cell.workload.finished)
    ]
    return Result(
        cell=cell,
        seen=seen,
        lateness=lateness,
        finished=len(learned),
        failed=failed,
        cpu=sum(one.cpu for one in measured),
        elapsed=max(one.elapsed for one in measured),
        memory=sum(one.memory for one in measured),
        lags=[lag for one in measured for lag in one.lags],
    )


class _Server:
    """The server's process."""

    def __init__(self, cell: Cell, certificate: Path) -> None:
        self._settings = ServerSettings(
            workload=cell.workload, certificate=str(certificate), limit=cell.server_limit
        )

    @contextmanager
    def running(self) -> Iterator[_Server]:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with _ending(self._process):
            self._tell(asdict(self._settings))
            self.address = f"https://127.0.0.1:{self._hear()['port']}"
            yield self

    def start(self, at: float) -> None:
        self._tell({"start": at})

    def seen(self) -> Seen:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.close()
        return Seen(**self._hear())

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin  # noqa: S101
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout  # noqa: S101
        if line := self._process.stdout.readline():
            return json.loads(line)  # type: ignore[no-any-return]
        raise CellError("The server died.")


class _Client:
    """A measured process, and its supervisor."""

    def __init__(self, cell: Cell, contender: Contender, environment: dict[str, str], report: Path) -> None:
        self.numbers: list[int] = []
        self._cell = cell
        self._contender = contender
        self._environment = environment
        self._report = report

    @contextmanager
    def running(self) -> Iterator[None]:
        ours, theirs = socket.socketpair()
        # All processes get equal shares; the first ones get one more if needed.
        count = len(range(self._place, self._cell.workload.count, self._cell.processes))
        settings = {"count": count, "window": self._cell.window + 2 * _LEAD, "report": str(self._report)}
        with ours, theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.runner", json.dumps(settings)],
                cwd=ROOT,
                env=self._environment,
                stdin=theirs.fileno(),
            )
            theirs.close()
            self._supervisor = Supervisor(self._contender, ours, _FERNET_KEY)
            self._supervisor.start()
            with _ending(self._process):
                yield

    @property
    def _place(self) -> int:
        return int(self._report.stem)

    def wait_until_warm(self) -> None:
        if not self._supervisor.warm.wait(_WARM_WITHIN) or self._process.poll() is not None:
            raise CellError(f"The client of {self._cell.contender} did not finish its warm-up.")

    def give(self, numbers: list[int], start: float) -> None:
        """Wait for these generations of the workload, which starts at this time (``time.time()``)."""
        workload = self._cell.workload
        self.numbers = numbers
        self._supervisor.give(
            [
                Wait(
                    number=number,
                    submitted=start + workload.submitted[number],
                    finished=start + workload.finished[number],
                    interval=self._cell.interval,
                )
                for number in numbers
            ]
        )

    def measured(self) -> Measured:
        if code := self._process.wait(timeout=self._cell.window + _WARM_WITHIN):
            raise CellError(f"The client of {self._cell.contender} exited with code {code}.")
        measured = Measured(**json.loads(self._report.read_text()))
        measured.learned = {int(id_): at for id_, at in measured.learned.items()}
        return measured


@contextmanager
def _ending(process: subprocess.Popen[Any]) -> Iterator[None]:
    with process:  # also closes its pipes
        try:
            yield
        finally:
            process.kill()


def _environment(cell: Cell, contender: Contender, address: str, authority: Path) -> dict[str, str]:
    """The environment of a measured process, without the caller's Airflow settings and proxies."""
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "AIRFLOW_HOME": os.environ["AIRFLOW_HOME"],
        "AIRFLOW__CORE__FERNET_KEY": _FERNET_KEY,
        "SSL_CERT_FILE": str(authority),
        ADDRESS: address,
    }
    for id_, connection in contender.connections(address).items():
        if cell.client_limit is not None:
            connection.setdefault("extra", {})["max_requests_per_second"] = cell.client_limit
        environment[f"AIRFLOW_CONN_{id_.upper()}"] = json.dumps(connection)
    return environment
