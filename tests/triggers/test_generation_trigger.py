"""GenerationTrigger: waits in the triggerer, where many of its kind share one event loop."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, DeadlineExceededError, GoneError
from airflow_provider_getty.api.virtual_clock import VirtualClock
from airflow_provider_getty.generating.outcomes import Outcome
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.task_runs import only_event


def trigger(generation_request_id: str, *, seconds: float = 60, **arguments: Any) -> GenerationTrigger:
    return GenerationTrigger(generation_request_id, deadline=clock.now() + seconds, **arguments)


def fired(waiting: GenerationTrigger) -> Outcome:
    """What a trigger reports, by way of JSON, in an event loop of its own."""
    payload = asyncio.run(only_event(waiting)).payload
    return Outcome.from_event(json.loads(json.dumps(payload)))


def test_it_fires_once_with_the_finished_generation(getty: Emulator, pending: str) -> None:
    getty.fault("stay-pending", "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    outcome = fired(trigger(pending))
    assert outcome.generation is not None
    assert outcome.generation["generation_request_id"] == pending
    assert outcome.generation["status"] == "completed"
    assert outcome.failure is None
    assert sent(getty).count("get-generation") == 3


def test_its_event_holds_no_signed_url_and_no_secret(getty: Emulator, pending: str) -> None:
    getty.fault("finish-at-once", "get-generation")
    text = json.dumps(asyncio.run(only_event(trigger(pending))).payload)
    assert not [secret for secret in (getty.api_key, getty.api_secret, "http", "signature") if secret in text]


def test_it_is_made_again_from_what_airflow_stores(pending: str) -> None:
    waiting = trigger(pending, submitted=1.5, getty_conn_id="another", poll_interval=3.0, kind="refine")
    path, arguments = waiting.serialize()
    assert path == "airflow_provider_getty.triggers.generation.GenerationTrigger"
    stored = json.loads(json.dumps(arguments))
    assert GenerationTrigger(**stored).serialize() == (path, arguments)


def test_after_a_restart_of_the_triggerer_the_deadline_is_the_same(
    pending: str, getty_clock: VirtualClock
) -> None:
    first = trigger(pending, seconds=60)
    getty_clock.advance(20)
    outcome = fired(GenerationTrigger(**first.serialize()[1]))
    assert getty_clock.elapsed == pytest.approx(60, abs=0.1)
    assert isinstance(outcome.failure, DeadlineExceededError)


def test_after_a_restart_it_goes_on_polling_by_the_age_of_the_generation(pending: str) -> None:
    first = GenerationTrigger(pending, deadline=clock.now() + 60, submitted=clock.now() - 40)
    assert GenerationTrigger(**first.serialize()[1]).submitted == first.submitted


def test_it_says_when_the_time_is_over(pending: str) -> None:
    outcome = fired(trigger(pending, seconds=0.3))
    assert isinstance(outcome.failure, DeadlineExceededError)
    assert f"Status of generation {pending}: not finished" in str(outcome.failure)
    assert Credit.COMMITTED in str(outcome.failure)


def test_a_deadline_that_has_passed_still_gets_a_last_look(getty: Emulator, pending: str) -> None:
    """As after a long outage of the triggerer: what was finished meanwhile is not given up."""
    getty.fault("finish-at-once", "get-generation")
    assert fired(trigger(pending, seconds=-100)).generation is not None


def test_a_deadline_that_has_passed_is_told_at_once(
    pending: str, getty: Emulator, getty_clock: VirtualClock
) -> None:
    assert isinstance(fired(trigger(pending, seconds=-100)).failure, DeadlineExceededError)
    assert getty_clock.elapsed < 1
    assert sent(getty).count("get-generation") == 1


def test_it_gives_the_worker_time_to_end_before_it_fires(
    getty: Emulator, pending: str, getty_clock: VirtualClock
) -> None:
    """Or LocalExecutor takes the task for failed."""
    getty.fault("finish-at-once", "get-generation")
    fired(trigger(pending))
    assert getty_clock.elapsed >= 5


@pytest.mark.parametrize("fault", ["server-error", "queries-per-second", "conflict", "cut-before", "html"])
def test_trouble_that_may_pass_is_waited_out(getty: Emulator, pending: str, fault: str) -> None:
    getty.fault(fault, "get-generation", times=3)
    getty.fault("finish-at-once", "get-generation")
    assert fired(trigger(pending)).generation is not None


def test_trouble_that_lasts_is_told_at_the_deadline(getty: Emulator, pending: str) -> None:
    getty.fault("server-error", "get-generation", times=None, status=503)
    outcome = fired(trigger(pending, seconds=0.5))
    assert isinstance(outcome.failure, DeadlineExceededError)
    assert "the last answer was: Getty answered 503" in str(outcome.failure)


def test_an_error_that_stays_is_told_at_once(getty: Emulator, pending: str) -> None:
    getty.fault("gone", "get-generation")
    outcome = fired(trigger(pending))
    assert isinstance(outcome.failure, GoneError)
    assert "410 GenerationRequestGone" in str(outcome.failure)
    assert sent(getty).count("get-generation") == 1


def test_a_connection_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_GETTY_DEFAULT", '{"conn_type": "getty", "login": "only-a-key"}')
    assert "The Getty API secret is missing" in str(fired(trigger("1")).failure)


def test_a_connection_that_is_not_there_is_told() -> None:
    """As where only the workers have it in their environment."""
    outcome = fired(trigger("1", getty_conn_id="nowhere"))
    assert "Connection nowhere: It is not known in this process" in str(outcome.failure)
    assert Credit.COMMITTED in str(outcome.failure)


def test_a_person_who_ends_the_task_is_told_in_its_log_that_the_generation_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Airflow 3.3 calls it when a deferred task is marked or cleared."""
    caplog.set_level("INFO")
    asyncio.run(GenerationTrigger("a-generation", deadline=0).on_kill())
    assert (
        "Generation a-generation continues at Getty, where it can be collected for six months." in caplog.text
    )
