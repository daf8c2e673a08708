"""Many processes on one account (``python -m benchmarks.fleet``).

Two triggerers with 80 generations each, and eight workers that use a fresh process for each refine, share an account
whose limit the server counts over a sliding second. Their connections have no limit, the whole limit, or a part of it
each, or they share it through a coordinator. Whenever a generation is finished, another one is submitted, so demand
always exceeds the limit.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import math
import multiprocessing
import os
import random
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from airflow_provider_getty.api import redis_link  # noqa: F401 - as Celery has loaded redis before it forks
from airflow_provider_getty.api.account import Account, Dialect
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.operations import GetGeneration, Refine, UploadImage
from benchmarks import ROOT
from benchmarks.tables import Target, table, target_table
from dev.processes import stopping_on_signals
from dev.redis_server import NEEDED, temporary_redis

REPORT = ROOT / "build" / "bench" / "fleet.json"
_FORK = multiprocessing.get_context("fork")
_PENDING = 80  # per triggerer
_MEDIAN, _SIGMA, _SHORTEST, _LONGEST = 40.0, 0.6, 10.0, 150.0
_TRIP = 0.02
_DEADLINE = 3600.0


@dataclass
class Server:
    """Serves the part of Getty's API that this benchmark needs, in its own thread."""

    limit: int
    port: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    is_counting: bool = False
    ends: dict[str, float] = field(default_factory=dict)
    _recent: deque[float] = field(default_factory=deque)
    _chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve on a free port."""
        loop, is_ready = asyncio.new_event_loop(), threading.Event()

        async def start() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1000)
            self.port = server.sockets[0].getsockname()[1]
            is_ready.set()

        def run() -> None:
            loop.run_until_complete(start())
            loop.run_forever()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        is_ready.wait()
        yield
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")
                fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
                method, path, _ = lines[0].split(" ")
                await reader.readexactly(int(fields.get("content-length", 0)))
                status, document = self._answer(method, path, time.monotonic())
                body = json.dumps(document).encode()
                await asyncio.sleep(_TRIP)
                detail = "X-Error-Detail: Account Over Queries Per Second Limit\r\n" if status == 429 else ""  # noqa: PLR2004
                writer.write(
                    f"HTTP/1.1 {status} -\r\n{detail}Content-Length: {len(body)}\r\n\r\n".encode() + body
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def _answer(self, method: str, path: str, now: float) -> tuple[int, dict[str, Any]]:
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= self.limit:
            self.refused += self.is_counting
            return 429, {"message": "Too Many Requests"}
        self._recent.append(now)
        sender = "workers"
        try:
            if path.endswith("/oauth2/token"):
                return 200, {"access_token": "a-token", "expires_in": 1800}
            if method == "PUT":
                return 200, {}
            if method == "POST":
                return 202, {"generation_request_id": self.begin(now)}
            id_ = path.rpartition("/")[2]
            sender = f"triggerer {_number(id_) % 2}"
            if now < self.ends[id_]:
                return 202, {"generation_request_id": id_}
            return 200, {"generation_request_id": id_, "results": [{"index": 0}]}
        finally:
            self.accepted[sender] += self.is_counting

    def begin(self, now: float) -> str:
        """Start a generation, and return its id."""
        id_ = f"g-{next(self._numbers)}"
        latency = self._chance.lognormvariate(math.log(_MEDIAN), _SIGMA)
        self.ends[id_] = now + min(max(latency, _SHORTEST), _LONGEST)
        return id_


def _number(id_: str) -> int:
    return int(id_.split("-")[1])


def triggerer(orders: Connection, account: Account) -> None:
    """Wait for each generation whose id arrives, and report when its end was known."""

    async def run() -> None:
        async with AsyncGettyClient(account) as client:

            async def wait_for(id_: str) -> None:
                poll = GetGeneration(generation_request_id=id_)
                await client.wait_for(
                    poll, deadline=time.time() + _DEADLINE, first_poll_in=5.0, kind="refine"
                )
                orders.send((id_, time.monotonic()))

            async with asyncio.TaskGroup() as group:
                asyncio.get_running_loop().add_reader(
                    orders.fileno(), lambda: group.create_task(wait_for(orders.recv()))
                )
                await asyncio.sleep(_DEADLINE)

    asyncio.run(run())


def worker(orders: Connection, account: Account) -> None:
    """Submit a refine in a new process for each order."""
    while orders.recv():
        if child := os.fork():
            os.waitpid(child, 0)
            continue
        with GettyClient(account) as client:
            deadline = time.time() + _DEADLINE
            client.ask(UploadImage(file_name="mask.jpg", jpeg=b"a mask"), deadline=deadline)
            refine = Refine(image_id="1", mask_url="https://getty/mask.jpg", prompt="a boat")
            pending = client.ask(refine, deadline=deadline)
        orders.send((account.api_key, pending.generation_request_id))
        os._exit(0)


@dataclass(frozen=True)
class Way:
    """How the processes know the limit: the part that the connections of each kind have."""

    name: str
    triggerer: float | None = None
    worker: float | None = None
    is_coordinated: bool = False


def ways(limit: int, workers: int) -> list[Way]:
    """Return all compared ways."""
    return [
        Way("not told"),
        Way("told the whole", limit, limit),
        Way("told a part", 0.35 * limit, 0.3 * limit / workers),
        Way("coordinated, not told", is_coordinated=True),
        Way("coordinated, told", limit, limit, is_coordinated=True),
    ]


def measure(way: Way, chosen: argparse.Namespace, redis: str) -> dict[str, float]:
    """Measure one way, and return the figures."""
    server = Server(chosen.limit)
    with server.running():

        def account(limit: float | None) -> Account:
            return Account(
                api_key="key",
                api_secret="secret",  # noqa: S106
                base_url=f"http://127.0.0.1:{server.port}",
                dialect=Dialect.CURRENT,
                max_requests_per_second=limit,
                coordinator=redis if way.is_coordinated else None,
            )

        with (
            _processes(triggerer, account(way.triggerer), 2) as triggerers,
            _processes(worker, account(way.worker), chosen.workers) as idle,
        ):
            return _observe(server, triggerers, idle, warm_up=chosen.warm_up, seconds=chosen.seconds)


@contextmanager
def _processes(role: Any, account: Account, number: int) -> Iterator[list[Connection]]:
    pipes = [_FORK.Pipe() for _ in range(number)]
    processes = [_FORK.Process(target=_lead, args=(role, theirs, account)) for _, theirs in pipes]
    for process in processes:
        process.start()
    try:
        yield [ours for ours, _ in pipes]
    finally:
        for process in processes:
            if process.pid:
                os.killpg(process.pid, signal.SIGKILL)
            process.join()


def _lead(role: Any, orders: Connection, account: Account) -> None:
    """Run the role in a process group with its children."""
    os.setpgrp()
    role(orders, account)


def _observe(
    server: Server,
    triggerers: list[Connection],
    workers: list[Connection],
    *,
    warm_up: float,
    seconds: float,
) -> dict[str, float]:
    began, pending, ordered = time.monotonic(), set[str](), 0
    for _ in range(_PENDING * len(triggerers)):
        id_ = server.begin(began - random.uniform(0, _MEDIAN))  # noqa: S311
        pending.add(id_)
        triggerers[_number(id_) % 2].send(id_)
    idle, submitted, lateness, finished = list(workers), Counter[int](), list[float](), 0
    while (age := time.monotonic() - began) < warm_up + seconds:
        if age >= warm_up:
            server.is_counting = True
        while idle and len(pending) + ordered < _PENDING * len(triggerers):
            idle.pop(0).send("submit")
            ordered += 1
        for ready in wait([*triggerers, *workers], timeout=0.1):
            assert isinstance(ready, Connection)  # noqa: S101
            one, other = ready.recv()
            if ready in workers:
                ordered -= 1
                idle.append(ready)
                pending.add(other)
                submitted[workers.index(ready)] += server.is_counting
                triggerers[_number(other) % 2].send(other)
            else:
                pending.discard(one)
                finished += server.is_counting
                if server.is_counting:
                    lateness.append(other - server.ends[one])
    server.is_counting = False
    lateness.sort()
    accepted = server.accepted.total()
    polls = [server.accepted[f"triggerer {k}"] for k in range(len(triggerers))]
    per_worker = [submitted[k] for k in range(len(workers))]
    return {
        "accepted/s": accepted / seconds,
        "of the limit (%)": 100 * accepted / seconds / server.limit,
        "429s (%)": 100 * server.refused / max(1, accepted + server.refused),
        "late s": lateness[len(lateness) // 2] if lateness else math.nan,
        "late at most s": lateness[-1] if lateness else math.nan,
        "triggerers, largest of smallest": max(polls) / max(1, min(polls)),
        "workers, largest of smallest": max(per_worker) / max(1, min(per_worker)),
        "requests per refine": (accepted + server.refused) / max(1, min(finished, submitted.total())),
    }


def main() -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=10, help="requests per second of the account")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument(
        "--seconds", type=float, default=45.0, help="duration of each measurement, after the warm-up"
    )
    parser.add_argument("--warm-up", type=float, default=25.0, help="seconds before each measurement")
    parser.add_argument("--only", help="measure only the way with this name")
    parser.add_argument("--report", type=Path, default=REPORT)
    chosen = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    with stopping_on_signals(), temporary_redis() as redis:
        if redis is None:
            print(NEEDED)
            return 1
        measured = {
            way.name: measure(way, chosen, f"{redis.url[:-1]}{number}")
            for number, way in enumerate(ways(chosen.limit, chosen.workers))
            if chosen.only in (None, way.name)
        }
    names = list(next(iter(measured.values())))
    print(
        table(
            ["", *measured],
            [[name, *(f"{figures[name]:.2f}" for figures in measured.values())] for name in names],
        )
    )
    print()
    print(target_table(list(_targets(measured))))
    chosen.report.parent.mkdir(parents=True, exist_ok=True)
    chosen.report.write_text(json.dumps(measured, indent=1))
    return 0


def _targets(measured: dict[str, dict[str, float]]) -> Iterator[Target]:
    for name, figures in measured.items():
        is_coordinated = name.startswith("coordinated")
        unused, refused, requests = (7, 0.5, 6) if is_coordinated else (25, 3, 7)
        yield Target(f"{name}: unused (%)", unused, 100 - figures["of the limit (%)"])
        yield Target(f"{name}: 429s (%)", refused, figures["429s (%)"])
        yield Target(f"{name}: requests per refine", requests, figures["requests per refine"])
        if is_coordinated:
            for kind in ("triggerers", "workers"):
                share = f"{kind}, largest of smallest"
                yield Target(f"{name}: {share}", 1.2, figures[share])


if __name__ == "__main__":
    sys.exit(main())
