"""Measures the cost of a batch of many generate requests against the emulator in a separate process.

    python -m benchmarks.batch [--items 10000] [--limit 200]

Runs a tenth of the items first, then all of them, each in a separate process: the difference shows how memory grows
with the number of items. The emulator refuses requests above the limit, so each 429 is a request too many.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks import ROOT
from benchmarks.tables import table

_CONN_ID = "getty_benchmark"
_FULL = 0.95  # of the part of the limit that the client uses


class Counting:
    """An observer that counts requests by operation and by second, during and after submission."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.last_submission = 0.0
        self.by_name: Counter[str] = Counter()
        self.by_second: Counter[int] = Counter()
        self.refused = 0

    def requested(self, operation: str, status: int | None) -> None:
        """Count."""
        age = time.monotonic() - self.began
        self.by_name[operation] += 1
        self.by_second[int(age)] += 1
        self.refused += status == 429  # noqa: PLR2004
        if operation == "generate":
            self.last_submission = age

    def polled(self, late: float) -> None:
        """Do nothing."""

    def waiting(self, generations: int, rate: float) -> None:
        """Do nothing."""


def run(items: int, in_flight: int, limit: int) -> dict[str, Any]:
    """Run a batch in this process, and return its figures."""
    from airflow_provider_getty.api.aio import AsyncGettyClient  # noqa: PLC0415 - after the environment is set
    from airflow_provider_getty.batch.engine import BatchPlan  # noqa: PLC0415
    from airflow_provider_getty.batch.items import Items  # noqa: PLC0415
    from airflow_provider_getty.batch.run import Batch, BatchResult  # noqa: PLC0415
    from airflow_provider_getty.generating.record import Policy, Task  # noqa: PLC0415
    from airflow_provider_getty.hooks.getty import GettyHook  # noqa: PLC0415

    counting = Counting()
    with tempfile.TemporaryDirectory(prefix="batch-") as folder:
        file = Path(folder, "items.jsonl")
        with file.open("w") as lines:
            for number in range(items):
                lines.write(json.dumps({"prompt": f"a boat on lake {number}"}) + "\n")
        task = Task(
            dag_id="bench",
            run_id="bench",
            task_id="batch",
            map_index=-1,
            round=0,
            try_number=1,
        )
        plan = BatchPlan(
            task=task,
            policy=Policy(),
            deadline=time.time() + 3600,
            max_in_flight=in_flight,
            generation_timeout=600,
            kind="generate",
        )
        batch = Batch(
            hook=GettyHook(_CONN_ID),
            items=Items(str(file), "generate"),
            journal=f"{folder}/journal.jsonl",
            plan=plan,
            fail_on="any",
            on_blocked="fail",
            client_of=lambda account, _, **how: AsyncGettyClient(account, observer=counting, **how),
        )
        before = resource.getrusage(resource.RUSAGE_SELF)
        started = time.monotonic()
        ended = batch.begin()
        wall = time.monotonic() - started
    if not isinstance(ended, BatchResult) or ended.failure:
        raise SystemExit(f"The batch failed: {ended}")
    after = resource.getrusage(resource.RUSAGE_SELF)
    whole = range(1, int(counting.last_submission))  # seconds with items left to submit
    full = _FULL * limit / 1.04  # the margin of api.pace
    return {
        "items": items,
        "seconds": wall,
        "requests per item": counting.by_name.total() / items,
        "polls per item": counting.by_name["get_generation"] / items,
        "CPU per item (ms)": 1000
        * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        / items,
        "memory before (MB)": before.ru_maxrss / 1024,
        "peak memory (MB)": after.ru_maxrss / 1024,
        "429s": counting.refused,
        "budget full, of the time (%)": 100
        * sum(counting.by_second[at] >= full for at in whole)
        / max(1, len(whole)),
        "requests, of the limit (%)": 100
        * sum(counting.by_second[at] for at in whole)
        / (max(1, len(whole)) * limit),
        "charged": ended.manifest["charged"],
    }


@contextmanager
def emulator(limit: int, latency: str) -> Iterator[str]:
    """Run an emulator in a separate process; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "getty_emulator",
        "--port",
        str(port),
        "--latency",
        latency,
    ]
    command += ["--queries-per-second", str(limit), "--credits", "1000000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                requests.get(f"{address}/_emulator/", timeout=5)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--limit", type=int, default=200, help="requests per second")
    parser.add_argument("--in-flight", type=int, default=2_000)
    parser.add_argument(
        "--latency", default="lognormal:15:0.6", help="latency of the emulator's generations, in seconds"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(json.dumps(run(chosen.items, chosen.in_flight, chosen.limit)))
        return 0
    results = []
    for items in (max(1, chosen.items // 10), chosen.items):
        with emulator(chosen.limit, chosen.latency) as address:
            connection = {
                "conn_type": "getty",
                "login": "demo-key",
                "password": "demo-secret",
                "host": address,
                "extra": {"token_url": f"{address}/oauth2/token", "max_requests_per_second": chosen.limit},
            }
            command = [sys.executable, "-m", "benchmarks.batch", "--here", "--items", str(items)]
            command += ["--limit", str(chosen.limit), "--in-flight", str(chosen.in_flight)]
            environment = os.environ | {f"AIRFLOW_CONN_{_CONN_ID.upper()}": json.dumps(connection)}
            process = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
            results.append(json.loads(process.stdout.splitlines()[-1]))
    names = list(results[0])
    print(
        table(
            ["", *(f"{each['items']:,} items" for each in results)],
            [[name, *(f"{each[name]:,.1f}" for each in results)] for name in names if name != "items"],
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
