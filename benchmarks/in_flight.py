"""How many generations one triggerer can wait for, and the cost of each (``python -m benchmarks.in_flight``).

Each contender waits for the same generations, each time in a fresh process under Airflow's own ``TriggerRunner``,
over TLS, against a server in another process. Airflow's own cost is measured with the same number of triggers that
never poll, and subtracted from the CPU time of all others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from statistics import fmean

from benchmarks import ROOT
from benchmarks.cell import Cell, CellError, Result, percentile
from benchmarks.contenders import CONTENDERS
from benchmarks.promise import promise
from benchmarks.server import ServerSettings
from benchmarks.tables import Target, table, target_table
from benchmarks.workload import Workload

COUNTS = (100, 1_000, 5_000, 10_000)
INTERVAL = 5.0
REPORT = ROOT / "build" / "bench" / "in_flight.json"
_FEW = 100  # up to this number, no core is busy: their cells run in parallel
_KB = 1024


class Row:
    """The figures of one contender at one number of generations.

    :param idle: the result for the same number of triggers that never poll.
    """

    def __init__(self, result: Result, idle: Result) -> None:
        self.contender = result.cell.contender
        self.count = result.cell.workload.count
        self.result = result
        self._cpu = max(0.0, result.cpu - idle.cpu)

    @property
    def cpu_per_poll(self) -> float:
        """Milliseconds."""
        return 1000 * self._cpu / max(1, self.result.seen.polls)

    @property
    def cpu_per_generation(self) -> float:
        """Milliseconds."""
        return 1000 * self._cpu / max(1, self.result.finished)

    @property
    def memory(self) -> float:
        """KB per generation."""
        return self.result.memory / _KB / self.count

    @property
    def polls_per_generation(self) -> float:
        """Polls per finished generation."""
        return self.result.seen.polls / max(1, self.result.finished)

    def lag(self, share: float) -> float:
        """The lateness of the event loop in milliseconds, at this quantile."""
        return 1000 * percentile(self.result.lags, share)

    def cpu_at(self, lateness: float) -> float:
        """Milliseconds per generation on a fixed grid with this mean lateness in seconds."""
        # A grid is late by half its interval on average; a shorter interval needs proportionally more polls.
        more = fmean(self.result.cell.workload.latencies) * (
            1 / (2 * lateness) - 1 / self.result.cell.interval
        )
        return self.cpu_per_poll * (self.polls_per_generation + more)

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row in the table."""
        result = self.result
        at_least = "≥ " if result.share_done < 1 else ""
        return (
            CONTENDERS[self.contender].title,
            f"{self.polls_per_generation:.1f}",
            f"{self.cpu_per_poll:.2f}",
            f"{self.cpu_per_generation:.1f}",
            f"{self.memory:.0f}",
            f"{result.seen.most_connections:,}",
            f"{result.seen.connections:,}",
            f"{self.lag(0.5):.1f}",
            f"{self.lag(0.99):.0f}",
            f"{at_least}{result.mean_lateness:.1f}",
            f"{at_least}{percentile(result.lateness, 0.99):.1f}",
            f"{100 * result.share_done:.0f} %",
        )


HEAD = (
    "",
    "polls each",
    "CPU ms/poll",
    "CPU ms each",
    "KB each",
    "connections",
    "opened",
    "lag p50 ms",
    "lag p99 ms",
    "late s",
    "late p99 s",
    "done",
)


def measure(
    counts: Sequence[int], contenders: Sequence[str], *, window: float, workload: Workload
) -> list[Row]:
    """Measure each contender at each number of generations.

    :param window: seconds after which a measurement ends, finished or not.
    :param workload: of any size; each measurement sets its own.
    """

    def cell(contender: str, count: int) -> Cell:
        sized = replace(workload, burst=count)
        return Cell(contender=contender, workload=sized, interval=INTERVAL, window=window)

    named = ("idle", *contenders)
    results = _side_by_side([cell(name, count) for count in counts if count <= _FEW for name in named])
    for count in counts:
        if count > _FEW:
            for name in named:
                title = f"{count:,} x {CONTENDERS[name].title}"
                try:
                    results.append(cell(name, count).run())
                    print(f"measured: {title}", flush=True)
                except CellError as error:
                    print(f"not measured: {title}. {error}", flush=True)  # keep the other measurements
    idle = {result.cell.workload.count: result for result in results if result.cell.contender == "idle"}
    rows = [
        Row(result, idle[result.cell.workload.count]) for result in results if result.cell.contender != "idle"
    ]
    for count, result in idle.items():
        print(
            f"{count:,} triggers that never poll: CPU {1000 * result.cpu / count:.1f} ms and "
            f"{result.memory / _KB / count:.0f} KB each, which is Airflow's own."
        )
    busiest = max((row.result.busiest_server for row in rows), default=0.0)
    print(f"The server used at most {100 * busiest:.0f} % of a core.\n")
    return rows


def _side_by_side(cells: Sequence[Cell]) -> list[Result]:
    if not cells:
        return []
    with ThreadPoolExecutor(len(cells)) as pool:
        return list(pool.map(Cell.run, cells))


def growth(rows: Sequence[Row]) -> str:
    """Return a table of the growth of each figure when the number of generations grows tenfold."""
    head = ("", "from to", "CPU each", "KB each", "connections", "lag p99", "lateness")
    found = {(row.contender, row.count): row for row in rows}
    lines = [
        (
            CONTENDERS[row.contender].title,
            f"{row.count:,} to {10 * row.count:,}",
            _factor(larger.cpu_per_generation, row.cpu_per_generation),
            _factor(larger.memory, row.memory),
            _factor(larger.result.seen.most_connections, row.result.seen.most_connections),
            _factor(larger.lag(0.99), row.lag(0.99)),
            _factor(larger.result.mean_lateness, row.result.mean_lateness),
        )
        for row in rows
        if (larger := found.get((row.contender, 10 * row.count)))
    ]
    return table(head, lines) if lines else ""


def _factor(larger: float, smaller: float) -> str:
    return f"x {larger / smaller:.2g}" if smaller else "-"


def targets(rows: Sequence[Row]) -> list[Target]:
    """Return the measured targets of our trigger."""
    found = {(row.contender, row.count): row for row in rows}
    answer_after = ServerSettings.answer_after
    all_: list[Target] = []
    for count in sorted({row.count for row in rows}):
        if (ours := found.get(("ours", count))) is None:
            continue
        peers = {name: found.get((name, count)) for name in CONTENDERS}
        at = f"{count:,}: "
        late = ours.result.mean_lateness
        if count == 1_000:  # noqa: PLR2004
            if bare := peers["bare"]:
                share = ours.cpu_per_generation / bare.cpu_at(late)
                all_.append(Target(at + "CPU each, of the bare loop's at our lateness", 1.0, share))
                share = ours.cpu_per_poll / bare.cpu_per_poll
                all_.append(Target(at + "CPU per poll, of the bare loop's", 2.0, share))
            if sensor := peers["http_sensor"]:
                share = ours.cpu_per_generation / sensor.cpu_at(late)
                all_.append(Target(at + "CPU each, of HttpSensor's at our lateness", 1 / 7, share))
            most = ours.result.seen.most_connections
            all_.append(Target(at + "connections at the same time", 20, most))
        if count > 1_000:  # noqa: PLR2004
            if shared := peers["aiohttp"]:
                share = ours.cpu_per_poll / shared.cpu_per_poll
                all_.append(Target(at + "CPU per poll, of shared aiohttp's", 1.0, share))
            promised = promise(ours.result.cell.workload, answer_after=answer_after).lateness
            all_.append(Target(at + "share that is not done", 0.0, 1 - ours.result.share_done))
            all_.append(Target(at + f"lateness, of the promised {promised:.2f} s", 1.1, late / promised))
        if count >= 1_000:  # noqa: PLR2004
            all_.append(Target(at + "KB each", 30, ours.memory))
    return all_


def _save(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = [
        {
            "contender": row.contender,
            "count": row.count,
            "cpu_per_poll_ms": row.cpu_per_poll,
            "cpu_per_generation_ms": row.cpu_per_generation,
            "memory_kb": row.memory,
            "polls": row.result.seen.polls,
            "connections": row.result.seen.most_connections,
            "connections_opened": row.result.seen.connections,
            "lag_p50_ms": row.lag(0.5),
            "lag_p99_ms": row.lag(0.99),
            "lateness": row.result.mean_lateness,
            "lateness_p99": percentile(row.result.lateness, 0.99),
            "share_done": row.result.share_done,
            "failed": row.result.failed,
            "server_cpu": row.result.busiest_server,
        }
        for row in rows
    ]
    path.write_text(json.dumps(documents, indent=1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    known = [name for name in CONTENDERS if name != "idle"]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.in_flight", description=__doc__)
    parser.add_argument("--count", type=int, nargs="+", default=COUNTS, help="numbers of generations")
    parser.add_argument("--contender", nargs="+", choices=known, default=known)
    parser.add_argument("--window", type=float, default=60.0, help="seconds after which a cell ends")
    parser.add_argument("--median", type=float, default=Workload.median, help="latency in seconds")
    parser.add_argument("--longest", type=float, default=Workload.longest, help="latency in seconds")
    parser.add_argument(
        "--ramp", type=float, default=Workload.ramp, help="seconds over which they are submitted"
    )
    parser.add_argument("--json", type=Path, default=REPORT, help="file for the figures")
    options = parser.parse_args(arguments)
    contenders = [name for name in options.contender if _is_installed(CONTENDERS[name].package)]
    for name in set(options.contender) - set(contenders):
        print(f"{CONTENDERS[name].title} is skipped: {CONTENDERS[name].package} is not installed.")
    workload = Workload(burst=1, ramp=options.ramp, median=options.median, longest=options.longest)
    rows = measure(options.count, contenders, window=options.window, workload=workload)
    for count in options.count:
        print(f"### {count:,} generations\n")
        print(table(HEAD, [row.cells() for row in rows if row.count == count]), end="\n\n")
    if factors := growth(rows):
        print("### Growth when the number of generations grows tenfold\n")
        print(factors, end="\n\n")
    if goals := targets(rows):
        print("### Targets\n")
        print(target_table(goals), end="\n\n")
    _save(rows, options.json)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False


if __name__ == "__main__":
    main()
