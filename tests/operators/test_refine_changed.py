"""GettyRefineOperator: what is paid for by a task that runs again after something has changed, or seems to have."""

from __future__ import annotations

import json

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.inputs import masks
from tests.support.refine_tasks import late, refine
from tests.support.submission_stores import without_a_store
from tests.support.task_runs import Worker, needs_store


@needs_store
def test_a_clear_with_another_prompt_submits_the_new_prompt(
    getty: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    worker = late(getty)
    worker.clear("refine")

    second = worker.run(refine(prompt="a boat"))

    assert second.state == "success"
    assert [generation["prompt"] for generation in getty.generations()] == ["hot air balloons", "a boat"]
    assert "The inputs have changed" in caplog.text


@needs_store
def test_a_typo_that_getty_refuses_does_not_make_the_task_forget_what_it_has_paid_for(
    getty: Emulator,
) -> None:
    worker = late(getty)
    getty.fault("refuse", "refine", times=2)
    assert worker.run(refine(prompt="hot air baloons")).state == "failed"
    worker.clear("refine")
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 1


@needs_store
def test_another_mask_is_another_input(getty: Emulator) -> None:
    worker = late(getty)

    worker.run(refine(mask=[(0, 0, 50, 50)]))

    assert getty.ledger()["total"] == 2


@needs_store
def test_a_result_that_the_policy_refused_is_adopted_when_the_policy_changes(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("block-images", "refine", which=[1])
    refused = worker.run(refine(on_blocked="fail_any"))
    assert refused.state == "failed"
    assert "the task adopts this generation" in refused.message
    worker.clear("refine")

    assert worker.run(refine(on_blocked="ignore")).state == "success"
    assert getty.ledger()["total"] == 1
    worker.clear("refine")
    assert worker.run(refine(on_blocked="ignore")).state == "success"
    assert getty.ledger()["total"] == 2, "it was delivered now"


@needs_store
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (0, 2), (2, 0)])
@pytest.mark.parametrize("store_is_there", [True, False])
def test_a_deploy_that_changes_retries_is_no_clear(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, before: int, after: int, *, store_is_there: bool
) -> None:
    if not store_is_there:
        without_a_store(monkeypatch)
    worker = late(getty, retries=before)
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine(retries=after)).state == "success"
    assert getty.ledger()["total"] == 1


@needs_store
@pytest.mark.parametrize("skew", [-360, 360, 1800])
def test_a_worker_whose_clock_is_wrong_adopts_what_was_submitted(
    monkeypatch: pytest.MonkeyPatch, skew: int
) -> None:
    """By Getty's clock, as its answers tell it."""
    with Emulator(strict=True, clock_skew=skew) as getty:
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection))
        getty.fault("cut-after", "refine")
        assert Worker().run(refine(history_lag=5)).state == "success"
        assert [entry["operation"] for entry in getty.ledger()["entries"]] == ["refine"]


@needs_store
def test_a_retry_after_the_delivery_adopts_even_if_a_deploy_has_changed_retries(getty: Emulator) -> None:
    worker = Worker()
    first = worker.run(refine(retries=1))

    retried = worker.run(refine(retries=3))

    assert retried.result["generation_request_id"] == first.result["generation_request_id"]
    assert getty.ledger()["total"] == 1


@needs_store
def test_another_account_of_the_connection_gets_a_generation_of_its_own(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    worker = late(getty)
    with Emulator(strict=True, api_key="another-key", api_secret="its-secret") as other:
        monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(other.connection))

        assert worker.run(refine()).state == "success"
    assert "names another Getty account now" in caplog.text


@needs_store
def test_the_same_host_under_another_name_is_the_same_account(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = late(getty)
    host = getty.connection["host"].replace("127.0.0.1", "localhost")
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", json.dumps(getty.connection | {"host": host}))
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 1


@needs_store
def test_an_encoder_that_writes_the_mask_otherwise_changes_nothing(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = late(getty)
    monkeypatch.setattr(masks, "_QUALITIES", (87,))
    getty.fault("finish-at-once", "get-generation")

    assert worker.run(refine()).state == "success"
    assert getty.ledger()["total"] == 1
