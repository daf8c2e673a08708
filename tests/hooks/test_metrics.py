"""What the clients do is reported to Airflow's metrics, under names that plain StatsD can hold."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.hooks import metrics
from airflow_provider_getty.hooks.metrics import Metrics


@pytest.fixture
def stats(monkeypatch: pytest.MonkeyPatch) -> mock.Mock:
    """Airflow's stats, which remember what they are given."""
    stats = mock.Mock()
    monkeypatch.setattr(metrics, "_stats", lambda: stats)
    return stats


def reported(stats: mock.Mock) -> list[tuple[Any, ...]]:
    return [(name, *args) for name, args, _ in stats.method_calls]


def test_requests_are_counted_by_operation_and_status(stats: mock.Mock) -> None:
    observer = Metrics("getty_default", every=0)
    observer.requested("refine", 202)
    observer.requested("refine", None)
    observer.requested("get_generation", 429)
    assert reported(stats) == [
        ("incr", "getty.requests.refine.202", 1),
        ("incr", "getty.requests.refine.none", 1),
        ("incr", "getty.requests.get_generation.429", 1),
        ("incr", "getty.rate_limited", 1),
    ]


def test_requests_are_gathered_for_a_while(stats: mock.Mock, getty_clock: VirtualClock) -> None:
    observer = Metrics("getty_default", every=1)
    for _ in range(3):
        observer.requested("get_generation", 202)
    assert reported(stats) == [("incr", "getty.requests.get_generation.202", 1)]
    getty_clock.advance(1)
    observer.requested("get_generation", 202)
    assert reported(stats)[1:] == [("incr", "getty.requests.get_generation.202", 3)]


def test_gauges_name_the_connection_as_metrics_may(stats: mock.Mock) -> None:
    observer = Metrics("getty.of us", every=0)
    observer.polled(1.0)
    observer.polled(3.0)
    observer.waiting(7, 2.5)
    assert reported(stats) == [
        ("gauge", "getty.waiting.getty_of_us", 7),
        ("gauge", "getty.rate.getty_of_us", 2.5),
        ("gauge", "getty.poll_lateness.getty_of_us", 2.0),
        ("gauge", "getty.poll_lateness_max.getty_of_us", 3.0),
    ]


def test_a_broken_metrics_system_fails_nothing(stats: mock.Mock, monkeypatch: pytest.MonkeyPatch) -> None:
    stats.incr.side_effect = OSError("no such host")
    Metrics("getty_default", every=0).requested("refine", 202)
    monkeypatch.setattr(metrics, "_stats", mock.Mock(side_effect=OSError))
    metrics.connect()
