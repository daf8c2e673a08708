"""GettyRefineOperator: what becomes of the task, and of the credit, when Getty does not do as it is asked."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit
from airflow_provider_getty.generating.submitter import SubmissionStore
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import TaskRun, Worker


def run(**changes: object) -> TaskRun:
    """A run whose task has retries left."""
    return Worker().run(refine(**changes), retries_left=True)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("quota-exceeded", ["403 ProductQuotaExceeded", "Add credits"]),
        ("upload-expired", ["400"]),
        ("gone", ["410 GenerationRequestGone"]),
    ],
)
def test_a_refusal_ends_the_task_at_once_and_free_of_charge(
    getty: Emulator, fault: str, said: list[str]
) -> None:
    getty.fault(fault, "refine", times=None)
    refused = run()
    assert refused.state == "failed"
    assert isinstance(refused.error, AirflowFailException)
    assert refused.message.startswith("Refine of image 1473240153: Getty answered ")
    assert Credit.UNUSED in refused.message
    assert [text for text in said if text not in refused.message] == []
    assert getty.ledger()["total"] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"image_id": "999"}, "404 ImageNotFound"),
        (
            {"image_id": None, "reference_generation": "00000000-0000-4000-8000-000000000000"},
            "404",
        ),
    ],
)
def test_what_getty_does_not_know_ends_the_task_at_once(
    getty: Emulator, arguments: dict[str, object], said: str
) -> None:
    refused = run(**arguments)
    assert refused.state == "failed"
    assert said in refused.message
    assert Credit.UNUSED in refused.message
    assert getty.ledger()["total"] == 0


def test_a_wrong_secret_ends_the_task_at_once(getty: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    uri = f"getty://{getty.api_key}:wrong-secret@{getty.url.removeprefix('http://')}/http"
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", uri)
    refused = run()
    assert refused.state == "failed"
    assert "Check the connection's API key and API secret" in refused.message
    assert "refine" not in sent(getty)


@pytest.mark.parametrize("fault", ["queries-per-second", "concurrent-generations", "conflict"])
def test_what_passes_is_waited_out(getty: Emulator, caplog: pytest.LogCaptureFixture, fault: str) -> None:
    getty.fault(fault, "refine", times=2)
    waited = run()
    assert waited.state == "success"
    assert sent(getty).count("refine") == 3
    assert getty.ledger()["total"] == 1
    assert caplog.text.count("Next attempt in") == 2


def test_trouble_with_the_upload_is_waited_out(getty: Emulator) -> None:
    getty.fault("server-error", "upload", times=2)
    assert run().state == "success"
    assert sent(getty).count("upload") == 3


def test_an_expired_token_is_renewed(getty: Emulator) -> None:
    getty.fault("token-expired", "refine")
    assert run().state == "success"
    assert sent(getty) == ["upload", "token", "refine", "token", "refine"]


def test_a_limit_that_lasts_until_the_timeout_leaves_the_task_to_its_retries(getty: Emulator) -> None:
    """Nothing was submitted, so a retry pays for the first time."""
    getty.fault("concurrent-generations", "refine", times=None, voice="service")
    began = clock.monotonic()
    limited = run(timeout=60)
    assert clock.monotonic() - began == pytest.approx(60, abs=0.5)
    assert limited.state == "up_for_retry"
    assert Credit.UNUSED in limited.message
    assert "429 TooManyConcurrentGenerations" in limited.message


AMBIGUOUS = [
    ("server-error", {"work": "after"}),
    ("cut-after", {}),
    ("cut-body", {}),
    ("html", {}),
    ("truncated-json", {}),
    ("empty-body", {}),
    ("missing-id", {}),
]


@pytest.mark.parametrize(("fault", "parameters"), AMBIGUOUS)
def test_what_getty_did_without_saying_so_is_found_in_the_history(
    getty: Emulator, fault: str, parameters: dict[str, Any]
) -> None:
    getty.fault(fault, "refine", **parameters)
    adopted = run()
    assert adopted.state == "success"
    assert sent(getty).count("refine") == 1
    [generation] = getty.generations()
    assert adopted.result["generation_request_id"] == generation["generation_request_id"]


@pytest.mark.parametrize(
    ("fault", "parameters"), [("server-error", {"work": "before", "status": 503}), ("cut-before", {})]
)
def test_what_getty_certainly_did_not_do_is_submitted_anew(
    getty: Emulator, fault: str, parameters: dict[str, Any]
) -> None:
    getty.fault(fault, "refine", **parameters)
    assert run(history_lag=0.1).state == "success"
    assert sent(getty).count("refine") == 2
    assert getty.ledger()["total"] == 1


def test_when_the_history_cannot_tell_the_task_says_that_it_is_unsure(getty: Emulator) -> None:
    getty.fault("cut-after", "refine")
    getty.fault("history-hidden", "refine")
    unsure = run(timeout=30)
    assert unsure.state == "failed"
    assert isinstance(unsure.error, AirflowFailException)
    assert Credit.UNKNOWN in unsure.message
    assert "a_dag.refine in the notes" in unsure.message
    assert 'on_unsure_submission="resubmit"' in unsure.message
    assert sent(getty).count("refine") == 1


def test_an_unsure_task_resubmits_if_it_is_told_to(getty: Emulator) -> None:
    getty.fault("cut-after", "refine")
    getty.fault("history-hidden", "refine")
    assert run(timeout=600, history_lag=60, on_unsure_submission="resubmit").state == "success"
    assert sent(getty).count("refine") == 2


@pytest.mark.parametrize("deferrable", [False, True])
def test_what_is_not_finished_in_time_is_left_to_a_retry_which_pays_nothing(
    getty: Emulator, *, deferrable: bool
) -> None:
    worker, task = Worker(), refine(deferrable=deferrable, timeout=60)
    began = clock.monotonic()
    getty.fault("stay-pending", "refine")
    late = worker.run(task, retries_left=True)
    if deferrable:
        assert late.state == "deferred"
        late = worker.resume(late, retries_left=True)
    assert clock.monotonic() - began == pytest.approx(60, abs=0.5)
    assert late.state == "up_for_retry"
    [generation] = getty.generations()
    assert late.message.startswith(
        f"Status of generation {generation['generation_request_id']}: not finished"
    )
    assert Credit.COMMITTED in late.message
    if worker.store:  # Airflow 3.3
        assert late.message.endswith("Clear the task: it keeps waiting for this generation.")


def test_where_airflow_keeps_no_state_a_task_that_is_late_says_how_to_collect_its_generation(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SubmissionStore, "exists", False)
    getty.fault("stay-pending", "refine")
    assert "Collect it with a GenerationSensor: cleared, the task submits again" in run(timeout=60).message


@pytest.mark.parametrize("deferrable", [False, True])
def test_the_time_of_the_upload_counts_against_the_timeout(getty: Emulator, *, deferrable: bool) -> None:
    worker, task = Worker(), refine(deferrable=deferrable, timeout=60)
    getty.fault("server-error", "upload", times=3)
    getty.fault("stay-pending", "refine")
    began = clock.monotonic()
    late = worker.run(task)
    if deferrable:
        late = worker.resume(late)
    assert clock.monotonic() - began == pytest.approx(60, abs=0.5)
    assert "not finished" in late.message


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize(
    "fault", ["server-error", "queries-per-second", "conflict", "html", "other-id", "cut-body"]
)
def test_trouble_with_a_poll_is_waited_out(getty: Emulator, fault: str, *, deferrable: bool) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    getty.fault(fault, "get-generation", times=3)
    getty.fault("finish-at-once", "get-generation")
    ended = worker.run(refine(deferrable=deferrable))
    if deferrable:
        ended = worker.resume(ended)
    assert ended.state == "success"
    assert getty.ledger()["total"] == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_generation_that_is_gone_ends_the_task_for_good(getty: Emulator, *, deferrable: bool) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    if deferrable:
        deferred = worker.run(refine(deferrable=True), retries_left=True)
        getty.fault("gone", "get-generation")
        ended = worker.resume(deferred)
    else:
        getty.fault("gone", "get-generation")
        ended = worker.run(refine(deferrable=False), retries_left=True)
    assert ended.state == "failed"
    assert isinstance(ended.error, AirflowFailException)
    assert "410 GenerationRequestGone" in ended.message
    assert Credit.GONE in ended.message


def test_a_wait_that_airflow_gives_up_is_left_to_a_retry(getty: Emulator) -> None:
    """No trigger reported, as when no triggerer runs."""
    worker = Worker()
    getty.fault("stay-pending", "refine")
    deferred = worker.run(refine(deferrable=True), retries_left=True)
    assert worker.fail_by_timeout(deferred, retries_left=True).state == "up_for_retry"


@pytest.mark.parametrize(
    ("on_blocked", "some", "all_of_them"),
    [
        ("fail", "success", "failed"),
        ("fail_any", "failed", "failed"),
        ("skip", "success", "skipped"),
        ("ignore", "success", "success"),
    ],
)
@pytest.mark.parametrize("deferrable", [False, True])
def test_the_task_decides_what_blocked_images_mean(
    getty: Emulator, on_blocked: str, some: str, all_of_them: str, *, deferrable: bool
) -> None:
    for which, state in ([0, 2], some), ("all", all_of_them):
        worker = Worker()
        getty.fault("block-images", "refine", which=which)
        if deferrable:
            getty.fault("stay-pending", "refine")
            getty.fault("stay-pending", "get-generation")
            getty.fault("finish-at-once", "get-generation")
        ended = worker.run(refine(deferrable=deferrable, on_blocked=on_blocked), retries_left=True)
        if deferrable:
            ended = worker.resume(ended)
        assert ended.state == state
        if state == "success":
            blocked = [image["index"] for image in ended.result["results"] if image["is_blocked"]]
            assert blocked == ([0, 1, 2, 3] if which == "all" else which)
        if state == "failed":
            assert Credit.COMMITTED in ended.message
            assert "blocked" in ended.message
