"""Many generations under the account's request limit (``python -m benchmarks.limits``).

The server answers 429 to requests above its limit in any one second. The connections of our triggerers have their
share of the limit, or none. The reference is the best scheduler without foreknowledge, which knows the distribution of
the latencies and the limit.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from benchmarks import ROOT
from benchmarks.cell import Cell, Result, percentile
from benchmarks.tables import Target, table, target_table
from benchmarks.uninformed import Outcome, Uninformed
from benchmarks.workload import Workload

CASES = ((20, 200), (50, 1_000))
STEADY_AFTER = 10  # seconds
REPORT = ROOT / "build" / "bench" / "limits.json"
_PATIENCE = 30.0  # seconds after the end of the last generation


class Row:
    """The outcome of one workload, and the best possible one.

    :param best: with all requests that the limit allows.
    :param likewise: the best with the number of our accepted requests.
    """

    def __init__(self, result: Result, scheduler: Uninformed) -> None:
        self.result = result
        self.cell = result.cell
        self.taken = sum(result.seen.requests) - sum(result.seen.refused)
        self.best: Outcome = scheduler.best()
        self.likewise: Outcome = scheduler.best(self.taken)

    @property
    def is_told(self) -> bool:
        """True if the limit is configured."""
        return self.cell.client_limit is not None

    @property
    def name(self) -> str:
        """The setup, as a label."""
        told = "told" if self.is_told else "not told"
        processes = "1 process" if self.cell.processes == 1 else f"{self.cell.processes} processes"
        return f"{self.cell.server_limit}/s, {self.cell.workload.burst:,} in flight, {processes}, {told}"

    @property
    def share_of_best(self) -> float:
        """The ratio of our mean lateness to the best one with as many requests."""
        return self.result.mean_lateness / self.likewise.lateness

    def cells(self) -> tuple[str, ...]:
        """Return the cells of the row in the table."""
        result = self.result
        return (
            self.name,
            f"{sum(result.seen.requests):,}",
            f"{100 * result.refused_share(after=STEADY_AFTER):.1f} %",
            f"{100 * result.refused_share():.1f} %",
            f"{result.failed}",
            f"{100 * result.share_done:.0f} %",
            f"{result.mean_lateness:.2f}",
            f"{percentile(result.lateness, 0.99):.1f}",
            f"{self.likewise.lateness:.2f}",
            f"{self.best.lateness:.2f}",
        )


HEAD = (
    "",
    "requests",
    "429s, steady",
    "429s, all",
    "failed",
    "done",
    "late s",
    "late p99 s",
    "best, as many",
    "best, all",
)


def measure(cases: Sequence[tuple[int, int]], processes: Sequence[int], workload: Workload) -> list[Row]:
    """Measure each case with these numbers of processes, with and without the limit; one limit's cells run in parallel.

    :param workload: of any size; each case sets its own.
    """
    rows: list[Row] = []
    for limit, count in cases:
        sized = replace(workload, burst=count)
        cells = [
            Cell(
                contender="ours",
                workload=sized,
                processes=number,
                server_limit=limit,
                client_limit=limit / number if is_told else None,
                window=sized.end + _PATIENCE,
            )
            for number in processes
            for is_told in (True, False)
        ]
        with ThreadPoolExecutor(len(cells)) as pool:
            results = list(pool.map(Cell.run, cells))
        scheduler = Uninformed(sized, limit)
        rows.extend(Row(result, scheduler) for result in results)
    return rows


def targets(rows: Sequence[Row]) -> list[Target]:
    """Return the targets of our trigger."""
    return [
        target
        for row in rows
        for target in (
            Target(
                f"{row.name}: 429s in steady state, %",
                0.0 if row.is_told else 2.0,
                100 * row.result.refused_share(after=STEADY_AFTER),
            ),
            Target(f"{row.name}: failed or not done", 0.0, row.cell.workload.count - row.result.finished),
            Target(f"{row.name}: lateness, of the best", 1.2, row.share_of_best),
        )
    ]


def _save(rows: Sequence[Row], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    documents = [
        {
            "limit": row.cell.server_limit,
            "count": row.cell.workload.burst,
            "processes": row.cell.processes,
            "told": row.is_told,
            "requests": row.result.seen.requests,
            "refused": row.result.seen.refused,
            "failed": row.result.failed,
            "share_done": row.result.share_done,
            "lateness": row.result.mean_lateness,
            "lateness_p99": percentile(row.result.lateness, 0.99),
            "best_with_as_many_requests": row.likewise.lateness,
            "best": row.best.lateness,
        }
        for row in rows
    ]
    path.write_text(json.dumps(documents, indent=1))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limits", description=__doc__)
    parser.add_argument("--limit", type=int, nargs="+", help="requests per second; requires --count")
    parser.add_argument(
        "--count", type=int, nargs="+", help="generations in flight, one number for each limit"
    )
    parser.add_argument("--processes", type=int, nargs="+", default=(1, 3))
    parser.add_argument("--bursts", type=int, default=2, help="how often this number is submitted")
    parser.add_argument("--apart", type=float, default=Workload.apart, help="seconds between bursts")
    parser.add_argument("--median", type=float, default=Workload.median, help="latency in seconds")
    parser.add_argument("--longest", type=float, default=Workload.longest, help="latency in seconds")
    parser.add_argument(
        "--ramp", type=float, default=Workload.ramp, help="seconds over which they are submitted"
    )
    parser.add_argument("--json", type=Path, default=REPORT, help="file for the figures")
    options = parser.parse_args(arguments)
    if (options.limit is None) != (options.count is None) or len(options.limit or ()) != len(
        options.count or ()
    ):
        parser.error("--limit and --count must be given together, with one count for each limit")
    cases = list(zip(options.limit, options.count, strict=True)) if options.limit else CASES
    workload = Workload(
        burst=1,
        bursts=options.bursts,
        apart=options.apart,
        ramp=options.ramp,
        median=options.median,
        longest=options.longest,
    )
    rows = measure(cases, options.processes, workload)
    print(table(HEAD, [row.cells() for row in rows]), end="\n\n")
    print("### Targets\n")
    print(target_table(targets(rows)), end="\n\n")
    _save(rows, options.json)


if __name__ == "__main__":
    main()
