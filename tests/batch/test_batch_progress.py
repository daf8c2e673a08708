"""What the lines of a journal add up to, and what the policies make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.errors import InvalidRequestError
from airflow_provider_getty.batch.events import (
    Began,
    Downloaded,
    Ended,
    Failed,
    Finished,
    ItemRef,
    Owner,
    Recorded,
)
from airflow_provider_getty.batch.items import Catalogue, Items
from airflow_provider_getty.batch.outcome import failure, manifest, succeeded
from airflow_provider_getty.batch.progress import Progress, Status
from airflow_provider_getty.generating.record import Record

CATALOGUE = Catalogue.of(Items([{"prompt": f"{number}"} for number in range(4)], "generate"))
OWNER = Owner(dag_id="dag", run_id="run", task_id="task")
INTENT = Record(fingerprint="f", marker="m", round=0, intended=1.5)
SUBMITTED = replace(INTENT, generation_request_id="id")
FINISHED = Finished(generation_request_id="id", seed=7, images=(0, 1), blocked=())
FAILED = Failed(error="no", may_retry=True)


def after(*events: Any, index: int = 0, **arguments: Any) -> Progress:
    progress = Progress(CATALOGUE, **arguments)
    for event in (Began(OWNER, 0), *events):
        progress.apply(event, ItemRef(index + 1, CATALOGUE.keys[index]))
    return progress


def counts(progress: Progress, *names: str) -> list[int]:
    return [progress.counts()[name] for name in names]


@pytest.mark.parametrize(
    ("events", "downloads", "status"),
    [
        ([Recorded(INTENT)], False, Status.INTENDED),
        ([Recorded(INTENT), Recorded(None)], False, Status.NEW),
        ([Recorded(SUBMITTED)], False, Status.SUBMITTED),
        ([Recorded(SUBMITTED), FINISHED], False, Status.COMPLETED),
        ([Recorded(SUBMITTED), FINISHED], True, Status.GENERATED),
        ([Recorded(SUBMITTED), FINISHED, Downloaded(("a",))], True, Status.COMPLETED),
        ([Recorded(SUBMITTED), FAILED], False, Status.FAILED),
        ([Recorded(SUBMITTED), FAILED, Began(OWNER, 0)], False, Status.SUBMITTED),
        ([Recorded(SUBMITTED), FINISHED, FAILED, Began(OWNER, 1)], True, Status.GENERATED),
        ([Recorded(INTENT), FAILED, Began(OWNER, 0)], False, Status.INTENDED),
        ([Recorded(INTENT), Recorded(None), FAILED, Began(OWNER, 0)], False, Status.NEW),
    ],
)
def test_how_far_an_item_is(events: list[Any], downloads: bool, status: Status) -> None:
    assert after(*events, downloads=downloads).status(1) is status


@pytest.mark.parametrize(
    ("on_blocked", "blocked", "status", "failures"),
    [
        ("fail", (0,), Status.COMPLETED, 0),
        ("fail", (0, 1), Status.BLOCKED, 1),
        ("fail_any", (0,), Status.BLOCKED, 1),
        ("ignore", (0, 1), Status.BLOCKED, 0),
    ],
)
def test_what_counts_as_blocked(
    on_blocked: Any, blocked: tuple[int, ...], status: Status, failures: int
) -> None:
    progress = after(Recorded(SUBMITTED), replace(FINISHED, blocked=blocked), on_blocked=on_blocked)
    assert progress.status(1) is status
    assert len(progress.failures) == failures


def test_a_generation_that_is_made_anew_is_charged_twice_and_submitted_once() -> None:
    again = replace(SUBMITTED, generation_request_id="another")
    progress = after(Recorded(SUBMITTED), Recorded(None), Recorded(INTENT), Recorded(again), Recorded(again))
    assert counts(progress, "submitted", "charged") == [1, 2]


def test_what_is_unknown_of_another_account_stays_unknown() -> None:
    other = replace(INTENT, marker="n", account="another", intended=2.5)
    assert counts(after(Recorded(INTENT), Recorded(other)), "charged", "unknown") == [0, 2]
    submitted = replace(other, generation_request_id="new")
    assert counts(after(Recorded(INTENT), Recorded(other), Recorded(submitted)), "charged", "unknown") == [
        1,
        1,
    ]
    refused = after(Recorded(INTENT), Recorded(other), Recorded(INTENT))
    assert counts(refused, "charged", "unknown") == [0, 1], "as before"


def test_a_generation_that_getty_does_not_know_is_unknown_until_its_marker_is_found() -> None:
    doubted = after(Recorded(SUBMITTED), Recorded(SUBMITTED.doubted))
    assert counts(doubted, "submitted", "charged", "unknown") == [0, 0, 1]
    assert doubted.status(1) is Status.INTENDED
    assert counts(
        after(Recorded(SUBMITTED), Recorded(SUBMITTED.doubted), Recorded(SUBMITTED)), "charged", "unknown"
    ) == [1, 0]


def test_a_generation_is_counted_once_if_what_was_to_replace_it_is_refused() -> None:
    progress = after(Recorded(SUBMITTED), Recorded(replace(INTENT, previous="id")), Recorded(SUBMITTED))

    assert counts(progress, "submitted", "charged", "unknown") == [1, 1, 0]


def test_after_a_success_and_a_clear_all_is_new() -> None:
    done = [Recorded(SUBMITTED), FINISHED, Ended(succeeded=True, counts={})]
    assert after(*done, Began(OWNER, 0)).status(1) is Status.COMPLETED
    cleared = after(*done, Began(OWNER, 1))
    assert cleared.status(1) is Status.NEW
    assert counts(cleared, "charged", "completed", "submitted") == [0, 0, 0]


def test_after_a_failure_and_a_clear_what_is_done_stays() -> None:
    progress = after(Recorded(SUBMITTED), FINISHED, Ended(succeeded=False, counts={}), Began(OWNER, 1))
    assert progress.status(1) is Status.COMPLETED


def test_a_journal_serves_one_task_of_one_run() -> None:
    with pytest.raises(
        InvalidRequestError, match="belongs to task task of dag in run run; this is task task of dag in"
    ):
        after(Began(replace(OWNER, run_id="another"), 0))


def test_items_that_are_no_longer_in_the_batch_are_counted() -> None:
    progress = Progress(CATALOGUE)
    progress.apply(Recorded(SUBMITTED), ItemRef(1, 12345))
    assert progress.left_behind == ["id"]
    assert counts(progress, "submitted", "charged") == [0, 1]


@pytest.mark.parametrize(
    ("events", "downloads", "is_left"),
    [
        ([FINISHED], False, False),
        ([FINISHED], True, True),
        ([FINISHED, Downloaded(("a",))], True, False),
        ([replace(FINISHED, blocked=(0, 1))], True, False),
    ],
)
def test_what_is_collected_of_an_item_that_is_no_longer_in_the_batch_is_not_left_behind(
    events: list[Any], *, downloads: bool, is_left: bool
) -> None:
    progress = Progress(CATALOGUE, downloads=downloads)
    for event in (Recorded(SUBMITTED), *events):
        progress.apply(event, ItemRef(1, 12345))
    assert progress.left_behind == (["id"] if is_left else [])
    assert counts(progress, "charged") == [1]


def test_a_request_of_an_item_that_is_no_longer_in_the_batch_is_named_until_it_was_refused() -> None:
    progress = Progress(CATALOGUE)
    progress.apply(Recorded(INTENT), ItemRef(1, 12345))
    assert progress.left_behind == [f"that with the marker {INTENT.marker}"]
    progress.apply(Recorded(None), ItemRef(1, 12345))
    assert progress.left_behind == []


EVENTS = st.sampled_from(
    [Recorded(INTENT), Recorded(SUBMITTED), Recorded(None), FINISHED, Downloaded(("a",)), FAILED]
)


@given(st.lists(st.tuples(EVENTS, st.integers(0, 3)), max_size=40), st.booleans())
def test_every_item_is_counted_once_whatever_happens(lines: list[tuple[Any, int]], downloads: bool) -> None:
    progress = Progress(CATALOGUE, downloads=downloads)
    for event, index in lines:
        progress.apply(event, ItemRef(index + 1, CATALOGUE.keys[index]))
    others = [
        progress.status(number)
        for number in range(1, 5)
        if progress.status(number) in (Status.NEW, Status.INTENDED)
    ]
    submitted = [item for item, _ in progress.under_way() if progress.status(item.number) is Status.SUBMITTED]
    assert sum(counts(progress, "completed", "blocked", "failed")) + len(others) + len(submitted) == 4
    assert min(progress.counts().values()) >= 0


@pytest.mark.parametrize(
    ("fail_on", "completed", "blocked", "on_blocked", "expected"),
    [
        ("any", 10, 0, "fail", True),
        ("any", 9, 1, "fail", False),
        ("any", 9, 1, "ignore", True),
        ("any", 9, 0, "fail", False),
        ("all", 1, 0, "fail", True),
        ("all", 0, 10, "fail", False),
        (0.1, 9, 1, "fail", True),
        (0.1, 8, 1, "fail", False),
        (0, 10, 0, "fail", True),
        (0, 9, 0, "fail", False),
        (1.0, 0, 0, "fail", True),
    ],
)
def test_when_a_batch_has_failed(
    fail_on: Any, completed: int, blocked: int, on_blocked: Any, expected: bool
) -> None:
    assert (
        succeeded({"total": 10, "completed": completed, "blocked": blocked}, fail_on, on_blocked) is expected
    )


def test_a_batch_of_nothing_is_a_success() -> None:
    assert all(
        succeeded({"total": 0, "completed": 0, "blocked": 0}, each, "fail") for each in ("any", "all", 0.5)
    )


def test_the_message_says_what_became_of_items_and_credits_and_what_to_do() -> None:
    progress = after(Recorded(SUBMITTED), FAILED)
    parts = failure(manifest("s3://b/j.jsonl", progress), "no credits.", may_retry=True)
    assert " ".join(parts.values()) == (
        "Of 4 items, 0 are completed, 0 blocked, 1 failed, 3 not finished. "
        "1 generation was charged. Nothing more was submitted: no credits. "
        "First failures: Item 1: no The journal is s3://b/j.jsonl. "
        "A retry or a clear continues from the journal: it collects what is paid for, and submits only what is not."
    )


def test_only_the_first_failures_are_in_the_manifest_and_they_are_short() -> None:
    progress = after(*[Failed(error="x" * 10_000, may_retry=False)] * 12)
    assert len(progress.failures) == 10
    assert len(progress.failures[0]["error"]) == 500
