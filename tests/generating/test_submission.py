"""The rules of submission, played through with crashes at every step."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.errors import (
    BadRequestError,
    ConcurrentGenerationsError,
    Credit,
    QueriesPerSecondError,
    SubmissionSupersededError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.operations import GeneratingOperation, Refine
from airflow_provider_getty.api.results import Pending
from airflow_provider_getty.generating.steps import Save
from tests.support.submission_world import LAG, Airflow, Fate, Getty, Killed

fates = st.lists(
    st.sampled_from([Fate.ANSWERED, Fate.LOST_BEFORE_THE_WORK, Fate.LOST_AFTER_THE_WORK]), max_size=4
)
kills = st.lists(st.integers(0, 12), max_size=5)
OTHER_INPUTS = Refine(image_id="1", mask_url="-", prompt="another boat")


def refuse_other_inputs(airflow: Airflow) -> None:
    """In a try whose inputs are others than before and after it."""
    asked, airflow.operation = airflow.operation, OTHER_INPUTS
    airflow.getty.fates = [Fate.REFUSED]
    airflow.patience = 0.0
    with pytest.raises(QueriesPerSecondError) as refusal:
        airflow.run()
    assert refusal.value.credit is Credit.EARLIER
    airflow.operation, airflow.patience = asked, 3600.0


def lose(airflow: Airflow) -> None:
    """Getty answers 404 for the task's generation, until that is believed."""
    assert airflow.store
    airflow.store = airflow.store.doubted
    airflow.getty.created.clear()


@pytest.mark.parametrize("has_store", [True, False])
@given(kills=kills, fates=fates, lag=st.sampled_from([0.0, 5.0, LAG - 1]))
def test_whatever_dies_on_the_way_one_generation_is_paid_for_or_people_are_told(
    has_store: bool, kills: list[int], fates: list[Fate], lag: float
) -> None:
    getty = Getty(lag=lag, fates=list(fates))
    airflow = Airflow(getty, has_store=has_store)

    try:
        generation = airflow.until_it_ends(kills)
    except SubmissionUnsureError:
        assert getty.posts >= 1
        assert getty.charges <= 1
    else:
        assert getty.charges == 1
        assert generation == getty.created[0][1].generation_request_id


@given(rounds=st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=4))
def test_a_clear_pays_again_if_and_only_if_the_result_had_been_delivered(
    rounds: list[tuple[int, bool]],
) -> None:
    getty = Getty()
    airflow = Airflow(getty)
    expected = 0
    delivered = True
    for killed_at, is_delivered in rounds:
        airflow.until_it_ends([killed_at])
        expected += delivered
        if is_delivered:
            airflow.deliver()
        delivered = is_delivered
        airflow.clear()

    assert getty.charges == expected


def test_a_try_that_adopts_takes_the_round_over() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.clear()
    airflow.run()
    airflow.deliver()

    assert airflow.run() == "generation-1", "Airflow's own retry after the delivery"
    airflow.clear()
    assert airflow.run() == "generation-2"
    assert (
        airflow.said[-1]
        == "The task has returned generation generation-1 and was cleared: it makes a new one."
    )
    assert airflow.warned == []


def test_a_task_instance_that_was_made_anew_is_as_good_as_cleared() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.run()
    airflow.deliver()
    airflow.tries = 0

    assert airflow.run() == "generation-2"


def test_a_record_of_another_account_is_not_adopted() -> None:
    getty = Getty()
    airflow = Airflow(getty, account="the emulator")
    airflow.run()
    airflow.account = "the real one"

    assert airflow.run() == "generation-2"
    assert any("another Getty account" in message and "generation-1" in message for message in airflow.warned)


def test_the_first_try_asks_once_and_keeps_its_intent_before_and_the_id_after() -> None:
    airflow = Airflow(Getty())

    airflow.run()

    assert airflow.steps == ["Upload", "Save", "Post", "Save"]
    assert airflow.store is not None
    assert airflow.store.generation_request_id == "generation-1"
    assert airflow.said == airflow.warned == []


def test_a_stored_id_is_adopted_without_asking_getty() -> None:
    airflow = Airflow(Getty())
    airflow.run()
    airflow.steps.clear()

    assert airflow.run() == "generation-1"
    assert airflow.steps == ["Save"]
    assert any("generation-1" in line and "costs no further credit" in line for line in airflow.said)


def test_a_stored_intent_is_looked_up_until_the_history_is_certain() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    with pytest.raises(Killed):
        airflow.run(killed_at=2)
    airflow.steps.clear()
    began = getty.now

    airflow.run()

    assert getty.now >= began + LAG
    assert airflow.steps[:2] == ["Save", "LookUp"], "nobody else may submit from here on"
    assert getty.charges == 1


def test_a_refusal_forgets_the_intent_so_that_the_next_try_asks_at_once() -> None:
    airflow = Airflow(Getty(fates=[Fate.REFUSED]), patience=0.0)
    with pytest.raises(QueriesPerSecondError) as refusal:
        airflow.run()
    assert refusal.value.credit is Credit.UNUSED
    airflow.steps.clear()
    assert airflow.store is None

    airflow.run()

    assert airflow.steps == ["Upload", "Save", "Post", "Save"]


def test_a_refusal_is_told_and_waited_out() -> None:
    airflow = Airflow(Getty(fates=[Fate.REFUSED]))

    assert airflow.run() == "generation-1"
    assert airflow.steps == ["Upload", "Save", "Post", "Wait", "Post", "Save"]
    assert any("Next attempt in" in line for line in airflow.warned)


def test_a_store_that_fails_hides_no_refusal() -> None:
    class LastBreath(Getty):
        def post(self, operation: GeneratingOperation) -> Pending:
            airflow.store_fails = True
            return super().post(operation)

    airflow = Airflow(LastBreath(fates=[Fate.REFUSED]), patience=0.0)
    with pytest.raises(QueriesPerSecondError):
        airflow.run()


def test_a_task_waits_for_a_free_slot_unless_it_can_leave_its_worker() -> None:
    getty = Getty(fates=[Fate.FULL])
    assert Airflow(getty).run() == "generation-1"

    getty = Getty(fates=[Fate.FULL])
    with pytest.raises(ConcurrentGenerationsError):
        Airflow(getty, waits_for_slot=False).run()
    assert getty.posts == 1


def test_a_process_that_was_superseded_sends_nothing_and_leaves_the_record_to_the_other() -> None:
    airflow = Airflow(Getty(fates=[Fate.SUPERSEDED]))

    with pytest.raises(SubmissionSupersededError):
        airflow.run()
    assert airflow.steps == ["Upload", "Save", "Post"]


def test_a_process_that_is_superseded_while_getty_answers_names_what_it_has_paid_for() -> None:
    class Superseded(Airflow):
        def _do(self, step: Any) -> Any:
            if isinstance(step, Save) and step.record and step.record.generation_request_id:
                raise SubmissionSupersededError("Another try has taken over.")
            return super()._do(step)

    airflow = Superseded(Getty())
    with pytest.raises(SubmissionSupersededError) as superseded:
        airflow.run()

    assert "Generation generation-1 was created, but another try has taken over." in str(superseded.value)
    assert superseded.value.credit is Credit.COMMITTED
    assert airflow.store
    assert airflow.store.marker in str(superseded.value)


def test_a_generation_that_getty_does_not_know_is_made_again_if_the_history_has_none() -> None:
    airflow = Airflow(Getty())
    airflow.run()
    lose(airflow)

    assert airflow.run() == "generation-2"
    assert airflow.getty.posts == 2


def test_but_not_if_that_would_be_the_third_request_of_a_round() -> None:
    airflow = Airflow(Getty(fates=[Fate.LOST_BEFORE_THE_WORK]))
    airflow.run()
    lose(airflow)

    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    assert airflow.getty.posts == 2


def test_other_inputs_are_submitted_anew_after_a_clear() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.clear()
    airflow.operation = OTHER_INPUTS

    assert airflow.run() == "generation-2"
    assert getty.charges == 2


def test_what_was_paid_for_is_still_adopted_after_other_inputs_were_refused() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    refuse_other_inputs(airflow)

    assert airflow.run() == "generation-1"
    assert getty.charges == 1


def test_a_lost_answer_is_still_looked_up_after_other_inputs_were_refused() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    refuse_other_inputs(airflow)
    getty.history_is_forbidden = False

    assert airflow.run() == "generation-1"
    assert getty.charges == 1


def test_an_attempt_that_is_left_behind_is_named_by_its_marker() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    assert airflow.store
    marker = airflow.store.marker
    airflow.operation = OTHER_INPUTS

    airflow.run()
    assert (
        f"The inputs have changed. An earlier attempt with the marker {marker} is left behind (0 charged, 1 unknown)."
        in airflow.warned
    )


def test_a_task_that_delivered_and_is_retried_by_airflow_itself_pays_no_second_time() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.deliver()

    assert airflow.run() == "generation-1"
    assert getty.charges == 1


def test_a_mask_that_is_refused_is_uploaded_once_more() -> None:
    airflow = Airflow(Getty(fates=[Fate.MASK_REFUSED]))

    assert airflow.run() == "generation-1"
    assert airflow.steps == ["Upload", "Save", "Post", "Save", "Upload", "Save", "Post", "Save"]


def test_a_mask_that_is_refused_twice_is_given_up() -> None:
    airflow = Airflow(Getty(fates=[Fate.MASK_REFUSED, Fate.MASK_REFUSED]))

    with pytest.raises(BadRequestError):
        airflow.run()
    assert airflow.store is None
