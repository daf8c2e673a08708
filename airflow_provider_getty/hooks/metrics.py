"""Reports the clients' requests and polls as Airflow metrics (StatsD, Datadog, OpenTelemetry)."""

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
    """An :class:`~.api.observing.Observer` that reports to Airflow. It never raises, nor waits for an answer.

    =============================================  =======  =====================================================
    ``getty.requests.{operation}.{status}``        counter  requests; the status is ``none`` if there was no answer
    ``getty.rate_limited``                         counter  requests that were answered with 429
    ``getty.waiting.{connection}``                 gauge    generations and downloads that are being waited for
    ``getty.rate.{connection}``                    gauge    requests per second that may be sent at the moment
    ``getty.poll_lateness.{connection}``           gauge    mean seconds by which polls were late
    ``getty.poll_lateness_max.{connection}``       gauge    the largest of these
    =============================================  =======  =====================================================

    The names include connection and status, as plain StatsD has no tags. They do not include the host: with plain
    StatsD, the gauges of several processes overwrite each other unless its prefix names the host.

    :param getty_conn_id: the connection of the client.
    :param every: seconds between two reports of requests; 0: report each request.
    """

    def __init__(self, getty_conn_id: str, *, every: float = 1.0) -> None:
        self._connection = re.sub(r"[^A-Za-z0-9_-]", "_", getty_conn_id)
        self._every = every
        self._lock = threading.Lock()
        self._reported_at = -math.inf
        self._requests: Counter[tuple[str, int | None]] = Counter()
        self._polls = 0
        self._lateness_sum = self._lateness_max = 0.0

    def requested(self, operation: str, status: int | None) -> None:
        """Count a request."""
        with self._lock:
            self._requests[operation, status] += 1
            if clock.monotonic() - self._reported_at >= self._every:
                self._report()

    def polled(self, late: float) -> None:
        """Record the lateness of a poll, in seconds."""
        with self._lock:
            self._polls += 1
            self._lateness_sum += late
            self._lateness_max = max(self._lateness_max, late)

    def waiting(self, generations: int, rate: float) -> None:
        """Report the number of pending generations and downloads, and the rate."""
        with self._lock:
            self._gauge("waiting", generations)
            self._gauge("rate", rate)
            self._report()

    def _report(self) -> None:
        self._reported_at = clock.monotonic()
        for (operation, status), count in self._requests.items():
            _emit("incr", f"getty.requests.{operation}.{status or 'none'}", count)
            if status == 429:  # noqa: PLR2004
                _emit("incr", "getty.rate_limited", count)
        self._requests.clear()
        if self._polls:
            self._gauge("poll_lateness", self._lateness_sum / self._polls)
            self._gauge("poll_lateness_max", self._lateness_max)
        self._polls, self._lateness_sum, self._lateness_max = 0, 0.0, 0.0

    def _gauge(self, name: str, value: float) -> None:
        _emit("gauge", f"getty.{name}.{self._connection}", value)


def connect() -> None:
    """Load the metrics system, which blocks, so that reporting does not."""
    try:
        _stats()
    except Exception:
        log.debug("Airflow's metrics cannot be used.", exc_info=True)


def _emit(kind: str, name: str, value: float) -> None:
    try:
        getattr(_stats(), kind)(name, value)
    except Exception:  # a broken metrics system must not fail a generation that is paid for
        log.debug("The metric %s could not be reported.", name, exc_info=True)


@cache
def _stats() -> Any:
    """Return Airflow's own stats.

    Airflow 3.2 and 3.3 do not initialize them in the process that runs triggers, so this function does, as they do in a
    task. Airflow 3.1 initializes them by itself.
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
