"""`make cluster-test`: runs many tasks on a cluster while each part fails once, and checks charges and retries.

`--small` runs a few tasks of each kind, with three faults, in three minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from dev.cluster.cluster import Cluster
from dev.cluster.faults import ALL, FEW, Fault
from dev.cluster.work import Amount, Work
from dev.processes import NotInstalledError, ProcessFailedError, stopping_on_signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".cluster"
DAGS = {"cluster": Path(__file__).parent / "dags"}
STALLED_SECONDS = 300.0  # without progress
COORDINATORS = {
    "without": ("alone",),
    "with": ("coordinated",),
    "both": ("alone", "coordinated"),
}
AMOUNTS = tuple(each.name for each in fields(Amount))


@dataclass(frozen=True)
class Size:
    """The size of a trial. `in_flight` applies to the batch, `latency` to the generations.

    :param coordinators: a label for each round, "alone" or "coordinated".
    """

    amount: Amount
    in_flight: int
    queries_per_second: int
    latency: str
    faults: tuple[Fault, ...]
    coordinators: tuple[str, ...]
    heartbeat_timeout: int


SMALL = Size(
    Amount(refines=20, sensors=10, in_triggerer=10, batch=60),
    in_flight=40,
    queries_per_second=10,
    latency="lognormal:12:0.4",
    faults=FEW,
    coordinators=COORDINATORS["with"],
    heartbeat_timeout=30,
)
FULL = Size(
    Amount(refines=300, sensors=100, in_triggerer=100, batch=2000),
    in_flight=200,
    queries_per_second=20,
    latency="lognormal:40:0.6",
    faults=ALL,
    coordinators=COORDINATORS["both"],
    heartbeat_timeout=60,
)


class StalledError(Exception):
    """The work makes no progress."""


@dataclass
class Trial:
    """Some work, with faults that occur while it runs."""

    cluster: Cluster
    work: Work
    faults: tuple[Fault, ...]
    happened: list[tuple[float, float, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    started: float = 0.0
    seconds: float = 0.0
    statuses: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Run the work, record the time of each fault, and collect the problems at the end."""
        self.started, log = time.time(), self.cluster.getty.log_size()
        self.work.start()
        for fault in self.faults:
            if self._wait_until(partial(fault.is_due, self.work)):
                self._strike(fault)
            else:
                self.problems.append(f"The work ended before this fault could occur: {fault.name}")
        self._wait_until(lambda: False)
        self.seconds = time.time() - self.started
        self.statuses = self.cluster.getty.statuses(log)
        self.problems += self.work.problems()

    def _strike(self, fault: Fault) -> None:
        self._say(fault.name)
        began = time.time()
        fault.strike(self.cluster, self.work)
        self.happened.append((began, time.time(), fault.name))
        done: list[int] = []  # the next fault waits for progress

        def has_progressed() -> bool:
            done.append(self.work.done())
            return done[-1] > done[0]

        self._wait_until(has_progressed)
        self._say(f"progress again after {time.time() - began:.0f} s")

    def _wait_until(self, is_true: Callable[[], bool]) -> bool:
        """Wait until a condition is true or the work has ended; return the condition. Raises StalledError."""
        outcome: list[bool] = []

        def is_true_or_over() -> bool:
            if is_true():
                outcome.append(True)
            elif self.work.has_ended():
                outcome.append(False)
            return bool(outcome)

        done = -1
        while not self.cluster.wait_until(is_true_or_over, STALLED_SECONDS):
            before, done = done, self.work.done()
            if done == before:
                raise StalledError(f"No progress for {STALLED_SECONDS:.0f} s: {self.work.unfinished()}")
        return outcome[0]

    def report(self) -> Iterator[str]:
        """Yield the report, in Markdown."""
        total, refused = sum(self.statuses.values()), self.statuses["429"]
        yield f"\n{self.work.label}: {self.seconds:.0f} s, {total:,} requests, {total / self.seconds:.1f} per second"
        yield f"{100 * refused / total:.1f} % of the requests were refused with 429.\n"
        yield "| Fault | After s | For s | Tries that ended before the next |\n|---|--:|--:|--:|"
        tries = list(self.work.earlier_tries())
        ended = Counter(self.during(each.ended) for each in tries)
        for began, over, name in self.happened:
            yield f"| {name} | {began - self.started:.0f} | {over - began:.0f} | {ended[name]} |"
        yield "\n| Task | Try | Ended by | During or after | Tasks |\n|---|--:|---|---|--:|"
        rows = Counter((each.task, each.number, each.cause, self.during(each.ended)) for each in tries)
        for (task, number, cause, fault), count in sorted(rows.items()):
            yield f"| {task} | {number} | {cause} | {fault} | {count} |"

    def during(self, when: str) -> str:
        """Return the current or latest fault at a time in ISO format."""
        at = datetime.fromisoformat(when).timestamp() if when else 0.0
        return next((name for began, _, name in reversed(self.happened) if began <= at), "-")

    @staticmethod
    def _say(text: str) -> None:
        print(f"{time.strftime('%X')}  {text}", flush=True)


def main() -> int:
    """Run the trial, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a few tasks of each kind, with three faults")
    parser.add_argument("--queries-per-second", type=int, help="the account's limit")
    parser.add_argument(
        "--coordinator", choices=COORDINATORS, help="whether processes share the limit through a coordinator"
    )
    for name in AMOUNTS:
        parser.add_argument(f"--{name.replace('_', '-')}", type=int)
    arguments = vars(parser.parse_args())
    size = SMALL if arguments["small"] else FULL
    amount = replace(
        size.amount, **{name: arguments[name] for name in AMOUNTS if arguments[name] is not None}
    )
    try:
        with stopping_on_signals():
            problems = _try(
                replace(
                    size,
                    amount=amount,
                    queries_per_second=arguments["queries_per_second"] or size.queries_per_second,
                    coordinators=COORDINATORS.get(arguments["coordinator"], size.coordinators),
                )
            )
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped.")
        return 130
    except NotInstalledError as error:
        print(f"\nThe trial did not run. {error}")
        return 0 if arguments["small"] else 1
    except (ProcessFailedError, StalledError, requests.RequestException) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    print("", *(problems or ["Each request was paid once, and every picture is complete."]), sep="\n")
    return 1 if problems else 0


def _try(size: Size) -> list[str]:
    """Run the trial with each coordinator, and return the problems."""
    os.environ["GETTY_CLUSTER_IN_FLIGHT"] = str(size.in_flight)
    getty = {"queries_per_second": size.queries_per_second, "latency": size.latency}
    problems: list[str] = []
    with Cluster(HOME, DAGS, getty, heartbeat_timeout=size.heartbeat_timeout) as cluster:
        cluster.airflow.wait_for_dags(size.amount.counts())
        for label in size.coordinators:
            cluster.connect(coordinated=label == "coordinated")
            trial = Trial(cluster, Work(cluster, size.amount, label), size.faults)
            trial.run()
            print("\n".join(trial.report()), flush=True)
            problems += trial.problems
    return problems


if __name__ == "__main__":
    sys.exit(main())
