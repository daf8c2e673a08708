"""What the clients do, as metrics of Airflow: they go where Airflow's own go (StatsD, Datadog, OpenTelemetry)."""

from __future__ import annotations

import logging
import math
import re
import threading
from collections import Counter
from functools import cache
from inspect import signature
from typing import Any

from airflow_provider_getty.api import clock

log = logging.getLogger(__name__)


class Metrics:
    """The :class:`..api.observing.Observer` that tells Airflow.

    =============================================  =======  =====================================================
    ``getty.requests.{operation}.{status}``        counter  requests; the status is ``none`` where no answer came
    ``getty.rate_limited``                         counter  those that were answered with 429
    ``getty.waiting.{connection}``                 gauge    generations and downloads that are waited for
    ``getty.rate.{connection}``                    gauge    requests per second that may be sent at the moment
    ``getty.poll_lateness.{connection}``           gauge    seconds after they were due that polls were sent: mean
    ``getty.poll_lateness_max.{connection}``       gauge    and the largest
    =============================================  =======  =====================================================

    The connection and the status are part of the names because plain StatsD has no tags.

    :param getty_conn_id: the connection that the client was opened for.
    :param every: seconds for which what is seen is gathered before Airflow is told.
    """

    def __init__(self, getty_conn_id: str, *, every: float = 1.0) -> None:
        self._connection = re.sub(r"[^A-Za-z0-9_-]", "_", getty_conn_id)
        self._every = every
        self._lock = threading.Lock()
        self._told_at = -math.inf
        self._requests: Counter[tuple[str, int | None]] = Counter()
        self._polls = 0
        self._late = self._latest = 0.0

    def requested(self, operation: str, status: int | None) -> None:
        """Count a request."""
        with self._lock:
            self._requests[operation, status] += 1
            if clock.monotonic() - self._told_at >= self._every:
                self._tell()

    def polled(self, late: float) -> None:
        """Take note of the lateness of a poll, in seconds."""
        with self._lock:
            self._polls += 1
            self._late += late
            self._latest = max(self._latest, late)

    def waiting(self, generations: int, rate: float) -> None:
        """Tell what is the case at the moment."""
        with self._lock:
            self._gauge("waiting", generations)
            self._gauge("rate", rate)
            self._tell()

    def _tell(self) -> None:
        self._told_at = clock.monotonic()
        for (operation, status), count in self._requests.items():
            _emit("incr", f"getty.requests.{operation}.{status or 'none'}", count)
            if status == 429:  # noqa: PLR2004
                _emit("incr", "getty.rate_limited", count)
        self._requests.clear()
        if self._polls:
            self._gauge("poll_lateness", self._late / self._polls)
            self._gauge("poll_lateness_max", self._latest)
        self._polls, self._late, self._latest = 0, 0.0, 0.0

    def _gauge(self, name: str, value: float) -> None:
        _emit("gauge", f"getty.{name}.{self._connection}", value)


def _emit(kind: str, name: str, value: float) -> None:
    try:
        getattr(_stats(), kind)(name, value)
    except Exception:  # a broken metrics system must not fail a generation that is paid for
        log.debug("The metric %s could not be told.", name, exc_info=True)


@cache
def _stats() -> Any:
    """Airflow's own stats.

    The process in which a triggerer runs its triggers has none of its own: they are started here, as Airflow 3.2 and
    3.3 start them in a task; 3.1 starts them by itself.
    """
    from airflow.providers.common.compat.sdk import Stats, conf  # noqa: PLC0415

    try:
        from airflow.sdk.observability.metrics import stats_utils  # noqa: PLC0415
    except ImportError:
        return Stats
    factory_of: Any = stats_utils.get_stats_factory
    start: Any = Stats.initialize
    if signature(factory_of).parameters:  # Airflow 3.2
        start(factory=factory_of(Stats))
    else:
        start(factory=factory_of(), export_legacy_names=conf.getboolean("metrics", "legacy_names_on"))
    return Stats
