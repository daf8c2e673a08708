"""What a failed task says of the credit is true of all its tries, not only of the last request."""

from __future__ import annotations

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import Credit
from tests.support.refine_tasks import late, refine
from tests.support.task_runs import Worker, needs_store


def test_a_refusal_after_a_lost_answer_does_not_say_that_no_credit_was_used(getty: Emulator) -> None:
    getty.fault("cut-after", "refine")
    getty.fault("history-hidden", "refine", times=None)
    getty.configure_account(credits_remaining=1)
    refused = Worker().run(refine(history_lag=5))
    assert "403 ProductQuotaExceeded" in refused.message
    assert getty.ledger()["total"] == 1
    assert Credit.EARLIER in refused.message
    assert Credit.UNUSED not in refused.message


@needs_store
@pytest.mark.parametrize("changes", [{"mask": "/no/such/mask.png"}, {"prompt": "None"}])
def test_an_argument_that_cannot_be_used_any_more_does_not_hide_what_is_pending(
    getty: Emulator, changes: dict[str, str]
) -> None:
    worker = late(getty)

    refused = worker.run(refine(**changes))

    assert refused.state == "failed"
    assert Credit.EARLIER in refused.message
    assert getty.ledger()["total"] == 1


def test_the_first_refusal_says_that_no_credit_was_used(getty: Emulator) -> None:
    getty.fault("quota-exceeded", "refine", times=None)
    assert Credit.UNUSED in Worker().run(refine()).message


@needs_store
@pytest.mark.parametrize("state", [{"a": 1}, "text", {"fingerprint": "f"}])
def test_a_state_that_somebody_else_wrote_is_refused_and_says_what_deleting_it_means(
    getty: Emulator, state: object
) -> None:
    worker = Worker()
    worker.store["getty_submission"] = state
    refused = worker.run(refine(), retries_left=True)
    assert refused.state == "failed"
    assert "The task's state 'getty_submission' cannot be read" in refused.message
    assert getty.ledger()["total"] == 0
