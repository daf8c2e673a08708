"""The faults that occur in a trial of a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from dev.cluster.cluster import TRIGGERERS, WORKERS

if TYPE_CHECKING:
    from dev.cluster.cluster import Cluster
    from dev.cluster.services import Service
    from dev.cluster.work import Work

END_SECONDS = 120.0  # in which a worker ends its tasks, and a triggerer hands its triggers over
TAKEN_OVER_SECONDS = 180.0
BACK_SECONDS = 120.0
SETTLE_SECONDS = 5.0
ATTEMPTS = 3

Strike: TypeAlias = "Callable[[Cluster, Work], None]"
Due: TypeAlias = "Callable[[Work], bool]"


@dataclass(frozen=True)
class Fault:
    """A failure that is over when `strike` returns.

    :param is_due: returns True while the failure would affect running work.
    """

    name: str
    is_due: Due
    strike: Strike


def killed(component: str, seconds: float) -> Fault:
    """SIGKILL of a busy worker or triggerer, which restarts after `seconds`."""

    def strike(cluster: Cluster, _: Work) -> None:
        cluster.airflow.kill(component)
        cluster.wait(seconds)
        cluster.airflow.start(component)

    return Fault(
        f"{component} killed, back after {seconds:.0f} s", lambda w: component in w.hosts_at_work(), strike
    )


def frozen(component: str, seconds: float) -> Fault:
    """SIGSTOP of a worker that runs tasks, and SIGCONT after Airflow has moved them to another worker."""

    def strike(cluster: Cluster, _: Work) -> None:
        cluster.airflow.freeze(component)
        cluster.wait(seconds)
        cluster.airflow.thaw()

    return Fault(f"{component} frozen for {seconds:.0f} s", lambda w: component in w.hosts_at_work(), strike)


def batch_frozen() -> Fault:
    """SIGSTOP of the triggerer that holds the batch, and SIGCONT once the other one holds it."""

    def strike(cluster: Cluster, work: Work) -> None:
        for _ in range(ATTEMPTS):
            before = work.trigger_of_batch()
            if before is None:
                return
            number, host = before
            cluster.airflow.freeze(host)
            cluster.wait_until(partial(_has_changed, work, before), TAKEN_OVER_SECONDS)
            now = work.trigger_of_batch()
            cluster.airflow.thaw()
            if now is not None and now[0] == number:
                return
            # The trigger fired before the freeze: try again when the batch waits again.
            cluster.wait_until(lambda: work.trigger_of_batch() is not None, TAKEN_OVER_SECONDS)

    return Fault(
        "the triggerer of the batch frozen until the other one had it",
        lambda w: w.trigger_of_batch() is not None,
        strike,
    )


def rolling_restart() -> Fault:
    """SIGTERM to one process after another, as in a deployment."""

    def strike(cluster: Cluster, _: Work) -> None:
        for component in ("dag-processor", "scheduler", *TRIGGERERS, *WORKERS, "api-server"):
            cluster.airflow.end(component, timeout=END_SECONDS)
            cluster.airflow.start(component)
            cluster.wait(SETTLE_SECONDS)
        cluster.wait_until(cluster.is_up, BACK_SECONDS)

    return Fault("rolling restart by SIGTERM", _is_busy, strike)


def redis_away(seconds: float) -> Fault:
    """Redis dies, and with it all connections of Celery and of the coordinator."""
    return _away("Redis", lambda cluster: cluster.redis, seconds)


def postgres_restarted() -> Fault:
    """All connections to the database break."""

    def strike(cluster: Cluster, _: Work) -> None:
        cluster.postgres.stop()
        cluster.postgres.start()
        cluster.wait_until(cluster.is_up, BACK_SECONDS)

    return Fault("PostgreSQL restarted", _is_busy, strike)


def getty_away(seconds: float) -> Fault:
    """The emulator dies while it answers calls, and restarts with its ledger."""
    return _away("Getty", lambda cluster: cluster.getty, seconds)


def _away(name: str, service: Callable[[Cluster], Service], seconds: float) -> Fault:
    def strike(cluster: Cluster, _: Work) -> None:
        service(cluster).kill()
        cluster.wait(seconds)
        service(cluster).start()

    return Fault(f"{name} away for {seconds:.0f} s", _is_busy, strike)


def airflow_away(seconds: float) -> Fault:
    """The API server and the scheduler die."""

    def strike(cluster: Cluster, _: Work) -> None:
        for component in ("api-server", "scheduler"):
            cluster.airflow.kill(component)
        cluster.wait(seconds)
        for component in ("api-server", "scheduler"):
            cluster.airflow.start(component)
        cluster.wait_until(cluster.is_up, BACK_SECONDS)

    return Fault(f"API server and scheduler away for {seconds:.0f} s", _is_busy, strike)


def _has_changed(work: Work, before: tuple[int, str]) -> bool:
    return work.trigger_of_batch() != before


def _is_busy(work: Work) -> bool:
    """Return True if a task runs in a worker or waits in a triggerer."""
    return bool(work.hosts_at_work())


FEW = (killed("worker-1", 10), batch_frozen(), postgres_restarted())
ALL = (
    killed("worker-1", 60),
    killed("triggerer-1", 60),
    frozen("worker-2", 60),
    batch_frozen(),
    rolling_restart(),
    redis_away(20),
    postgres_restarted(),
    getty_away(90),
    airflow_away(30),
)
