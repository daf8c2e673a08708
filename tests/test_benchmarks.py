"""The programs in benchmarks/ measure what they say; small cells, so that they cannot rot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from math import exp, log

import pytest
from airflow.jobs import triggerer_job_runner

pytest.importorskip("trustme", reason="benchmarks are run in the development environment")
if not hasattr(triggerer_job_runner, "TriggerEventEntry"):
    pytest.skip("benchmarks are run on a later Airflow", allow_module_level=True)

from benchmarks import in_flight, limits
from benchmarks.cell import Cell, Result
from benchmarks.promise import promise
from benchmarks.server import GettyShaped, ServerSettings
from benchmarks.tables import Target, table
from benchmarks.uninformed import Uninformed
from benchmarks.workload import Workload, identifier, numbered

pytestmark = pytest.mark.xdist_group("benchmarks")

SMALL = Workload(burst=6, ramp=0.5, median=0.5, longest=1.0)
LIMITED = Workload(burst=200, bursts=2)


@pytest.fixture(scope="module")
def measured() -> dict[str, Result]:
    """One small cell of each contender that needs no other provider; ours in two processes, under a limit."""
    cells = {
        name: Cell(contender=name, workload=SMALL, interval=0.2, window=20.0)
        for name in ("idle", "bare", "aiohttp")
    }
    cells["ours"] = Cell(
        contender="ours", workload=SMALL, processes=2, server_limit=50, client_limit=25, window=20.0
    )
    with ThreadPoolExecutor(len(cells)) as pool:
        return dict(zip(cells, pool.map(Cell.run, cells.values()), strict=True))


@pytest.mark.parametrize("contender", ["idle", "bare", "aiohttp", "ours"])
def test_each_contender_learns_of_the_end_of_each_generation(
    measured: dict[str, Result], contender: str
) -> None:
    result = measured[contender]
    assert result.finished == len(result.lateness) == SMALL.count
    assert result.failed == 0
    assert min(result.lateness) >= 0
    assert max(result.lateness) < 15


def test_the_server_counts_polls_and_connections(measured: dict[str, Result]) -> None:
    assert measured["idle"].seen.polls == measured["idle"].seen.connections == 0
    for name in ("bare", "aiohttp", "ours"):
        seen = measured[name].seen
        assert seen.polls >= SMALL.count
        assert 1 <= seen.most_connections <= seen.connections
    assert sum(measured["ours"].seen.refused) == 0


def test_client_processes_tell_what_they_used(measured: dict[str, Result]) -> None:
    for result in measured.values():
        assert 0 < result.cpu < result.elapsed * result.cell.processes
        assert result.lags


def test_a_row_is_free_of_what_airflow_itself_costs(measured: dict[str, Result]) -> None:
    assert in_flight.Row(measured["idle"], measured["idle"]).cpu_per_generation == 0


def test_each_table_has_a_cell_for_each_heading(measured: dict[str, Result]) -> None:
    row = in_flight.Row(measured["ours"], measured["idle"])
    assert len(row.cells()) == len(in_flight.HEAD)
    under_limit = limits.Row(measured["ours"], Uninformed(SMALL, 50))
    assert len(under_limit.cells()) == len(limits.HEAD)


def test_targets_say_what_was_asked_for(measured: dict[str, Result]) -> None:
    row = limits.Row(measured["ours"], Uninformed(SMALL, 50))
    refused, undone, late = limits.targets([row])
    assert row.is_told
    assert row.taken == sum(measured["ours"].seen.requests) > SMALL.count
    assert (refused.bound, refused.measured) == (0.0, 0.0)
    assert (undone.bound, undone.measured) == (0.0, 0)
    assert late.measured == row.share_of_best > 1


def test_a_target_is_met_or_missed_by_so_much() -> None:
    assert Target("", 2.0, 2.0).verdict == "met"
    assert Target("", 2.0, 3.0).verdict == "missed by 50 %"
    assert Target("", 0.0, 1.0).verdict == "missed"


def test_tables_are_markdown() -> None:
    assert table(("", "n"), [("one", "1")]).splitlines() == [
        "|     |  n |",
        "| --- | -: |",
        "| one |  1 |",
    ]


def test_latencies_are_log_normal_up_to_a_bound() -> None:
    workload = Workload(burst=20_000)
    assert max(workload.latencies) <= workload.longest
    for age in (8.0, 15.0, 25.0):
        drawn = sum(latency <= age for latency in workload.latencies) / workload.count
        assert drawn == pytest.approx(workload.share_finished(age), abs=0.01)
    below_median = workload.share_finished(workload.median)
    above = 1 - below_median
    assert below_median > above  # what would take longer than the bound is drawn again
    assert workload.share_finished(exp(log(workload.longest))) == pytest.approx(1.0)


def test_a_burst_is_spread_over_its_ramp() -> None:
    submitted = LIMITED.submitted
    assert all(earlier < later for earlier, later in pairwise(submitted))
    assert submitted[200] == LIMITED.apart
    assert submitted[199] < LIMITED.ramp


def test_ids_hold_their_number() -> None:
    assert numbered(identifier(1234)) == 1234
    assert len(identifier(0)) == 36


def test_the_server_takes_so_many_requests_in_any_one_second() -> None:
    getty = GettyShaped(ServerSettings(workload=SMALL, certificate="", limit=3))
    getty.start(0.0)
    path = f"/v3/ai/image-generations/{identifier(0)}"
    times = [0.0, 0.25, 0.5, 0.75, 1.0, 1.125, 1.25, 1.375]
    statuses = [getty.answer("GET", path, b"", now=now)[9:12].decode() for now in times]
    refused = [now for now, status in zip(times, statuses, strict=True) if status == "429"]
    assert refused == [0.75, 1.125, 1.375]
    assert sum(getty.seen.refused) == 3


def test_the_schedule_promises_what_one_can_see_without_load() -> None:
    promised = promise(Workload(burst=300), answer_after=0.0)
    assert 0.5 < promised.lateness < 5
    assert 300 < promised.polls < 300 * 10


def test_the_uninformed_scheduler_keeps_the_limit() -> None:
    best = Uninformed(LIMITED, 20).best()
    assert best.requests <= 20 * (LIMITED.end + 30)
    assert 1 < best.lateness < 5


def test_fewer_requests_cost_the_uninformed_scheduler_lateness() -> None:
    scheduler = Uninformed(LIMITED, 20)
    sparing = scheduler.best(700)
    assert sparing.requests <= 700
    assert sparing.lateness > scheduler.best().lateness


def test_the_uninformed_scheduler_polls_once_what_always_takes_as_long() -> None:
    constant = Workload(burst=50, ramp=5.0, median=10.0, sigma=0.001, longest=12.0)
    best = Uninformed(constant, 20).best(50)
    assert best.requests == 50
    assert best.lateness < 0.5


def test_a_poll_is_worth_more_the_longer_ago_the_last_one_was() -> None:
    index = Uninformed(LIMITED, 20)._whittle()
    polled_at_10_s = index[100]
    assert all(earlier <= later for earlier, later in pairwise(polled_at_10_s))
    assert polled_at_10_s[101] < 0.01
    assert polled_at_10_s[200] > 1
