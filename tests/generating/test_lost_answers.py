"""A submission whose answer is lost: it is found in the history, or reported to a person."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.errors import (
    Credit,
    RateLimitError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.operations import Generate
from airflow_provider_getty.api.polling import CERTAIN_AFTER
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.record import Policy
from tests.support.submission_world import LAG, Airflow, Fate, Getty, Killed


@pytest.mark.parametrize("on_unsure", ["fail", "resubmit"])
@pytest.mark.parametrize("has_store", [True, False])
@pytest.mark.parametrize("lag", [0.0, LAG / 2, 100 * LAG])
@given(fates=st.lists(st.sampled_from(list(Fate)[2:4]), min_size=8, max_size=8))
def test_a_second_lost_answer_is_the_last(
    on_unsure: Any, has_store: bool, lag: float, fates: list[Fate]
) -> None:
    getty = Getty(lag=lag, fates=fates)
    airflow = Airflow(getty, has_store=has_store, policy=Policy(history_lag=LAG, on_unsure=on_unsure))

    for _ in range(
        2 if has_store else 1
    ):  # an unsure task is not retried: where nothing is kept, that is all
        try:
            airflow.run()
        except SubmissionUnsureError as error:
            assert f"{getty.posts} unknown" in str(error)  # noqa: PT017 - a generation is fine, too

    assert getty.posts <= 2


def test_the_second_ambiguity_is_not_retried_and_counts_what_may_have_been_charged() -> None:
    getty = Getty(lag=100 * LAG, fates=[Fate.LOST_AFTER_THE_WORK] * 3)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError, match="0 charged, 2 unknown"):
        airflow.run()

    with pytest.raises(SubmissionUnsureError, match="0 charged, 2 unknown"):
        airflow.run()

    assert getty.charges == 2


def test_where_nothing_is_kept_the_count_says_what_is_not_known_of_earlier_tries() -> None:
    getty = Getty(lag=100 * LAG)
    airflow = Airflow(getty, has_store=False)
    for _ in range(2):
        with pytest.raises(Killed):
            airflow.run(killed_at=3)
        getty.now += 5
    getty.fates = [Fate.LOST_AFTER_THE_WORK]

    with pytest.raises(SubmissionUnsureError, match="0 charged, 2 unknown; all earlier tries count as one"):
        airflow.run()


def test_a_success_after_a_lost_answer_says_what_may_have_been_charged() -> None:
    getty = Getty(lag=100 * LAG, fates=[Fate.LOST_AFTER_THE_WORK])
    airflow = Airflow(getty)

    airflow.run()

    assert airflow.store is not None
    assert (airflow.store.charged, airflow.store.unknown) == (1, 1)
    assert any("Looking it up in the generation history" in message for message in airflow.warned)
    assert any("1 charged, 1 unknown" in message for message in airflow.warned)


def test_two_generations_with_one_marker_are_both_named() -> None:
    getty = Getty(lag=LAG * 3, fates=[Fate.LOST_AFTER_THE_WORK, Fate.LOST_AFTER_THE_WORK])
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    getty.now += LAG * 4

    assert airflow.run() == "generation-1"

    assert airflow.store is not None
    assert (airflow.store.charged, airflow.store.unknown) == (2, 0)
    assert any("generation-1, generation-2" in message for message in airflow.warned)
    assert any("Adopting generation generation-1" in message for message in airflow.said)


def test_a_history_that_cannot_be_read_leaves_the_task_unsure() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)
    before = getty.now

    with pytest.raises(SubmissionUnsureError) as failure:
        airflow.run()

    assert failure.value.credit is Credit.UNKNOWN
    assert not failure.value.may_retry
    assert airflow.store is not None
    assert airflow.store.marker in str(failure.value)
    assert 'on_unsure_submission="resubmit"' in str(failure.value)
    assert getty.posts == 1
    assert failure.value.status == 403, "a callback can tell why"
    assert getty.now - before == pytest.approx(CERTAIN_AFTER, abs=5), "a refusal that is repeated is believed"

    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    assert getty.posts == 1, "nor does a retry submit again"


def test_a_history_that_was_refused_by_mistake_is_read_again() -> None:
    class Recovering(Getty):
        def history(self, since: float) -> list[HistoryItem]:
            self.history_is_forbidden = self.now < 1_000_010
            return super().history(since)

    airflow = Airflow(Recovering(fates=[Fate.LOST_AFTER_THE_WORK]))
    assert airflow.run() == "generation-1"
    assert airflow.getty.charges == 1


def test_a_clock_that_is_set_forward_does_not_make_the_history_certain() -> None:
    class SetForward(Getty):
        def history(self, since: float) -> list[HistoryItem]:
            airflow.clock_set_by = 600.0
            return super().history(since)

    airflow = Airflow(SetForward(lag=LAG - 5, fates=[Fate.LOST_AFTER_THE_WORK]))
    assert airflow.run() == "generation-1"
    assert airflow.getty.posts == 1


@pytest.mark.parametrize("drops_notes", [False, True])
def test_a_clock_that_is_ahead_of_gettys_hides_nothing(*, drops_notes: bool) -> None:
    airflow = Airflow(
        Getty(fates=[Fate.LOST_AFTER_THE_WORK], drops_notes=drops_notes), clock_set_by=3000.0, ahead=3000.0
    )
    if drops_notes:
        with pytest.raises(SubmissionUnsureError, match="generation-1"):
            airflow.run()
    else:
        assert airflow.run() == "generation-1"
    assert airflow.getty.posts == 1


def test_a_clock_of_gettys_that_is_wrong_hides_nothing() -> None:
    airflow = Airflow(Getty(fates=[Fate.LOST_AFTER_THE_WORK]), ahead=-172_800.0)
    assert airflow.run() == "generation-1"
    assert airflow.getty.posts == 1


def test_what_a_slow_history_shows_is_from_before_it_was_asked() -> None:
    class Slow(Getty):
        def history(self, since: float) -> list[HistoryItem]:
            shown = super().history(since)
            self.now += LAG
            return shown

    airflow = Airflow(Slow(lag=LAG - 5, fates=[Fate.LOST_AFTER_THE_WORK]))
    assert airflow.run() == "generation-1"
    assert airflow.getty.posts == 1


def test_a_generation_that_the_history_shows_without_its_id_leaves_the_task_unsure() -> None:
    class Nameless(Getty):
        def history(self, since: float) -> list[HistoryItem]:
            return [item.model_copy(update={"generation_request_id": ""}) for item in super().history(since)]

    airflow = Airflow(Nameless(fates=[Fate.LOST_AFTER_THE_WORK]))
    with pytest.raises(SubmissionUnsureError, match="with its marker, but without an id"):
        airflow.run()
    assert airflow.getty.posts == 1


@pytest.mark.parametrize("has_store", [True, False])
def test_an_unsure_task_says_what_a_clear_does(has_store: bool) -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    with pytest.raises(SubmissionUnsureError) as unsure:
        Airflow(getty, has_store=has_store).run()

    assert ("clearing this task adopts it" in str(unsure.value)) is has_store
    assert ("cleared, the task submits again" in str(unsure.value)) is not has_store


def test_a_generation_whose_marker_was_dropped_is_to_be_collected_by_its_id() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], drops_notes=True)
    with pytest.raises(SubmissionUnsureError) as unsure:
        Airflow(getty).run()

    assert "generation-1" in str(unsure.value)
    assert "If it is, collect it with a GenerationSensor; if not" in str(unsure.value)


def test_on_unsure_resubmit_submits_again() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty, policy=Policy(history_lag=LAG, on_unsure="resubmit"))

    assert airflow.run() == "generation-1"
    assert getty.posts == 2


def test_on_unsure_resubmit_submits_again_only_once_in_a_try() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK] * 3, history_is_forbidden=True)

    with pytest.raises(SubmissionUnsureError, match="could not be read"):
        Airflow(getty, policy=Policy(history_lag=LAG, on_unsure="resubmit")).run()
    assert getty.posts == 2


def test_on_unsure_resubmit_waits_for_a_history_that_is_down_no_longer_than_for_a_certain_one() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK], history_is_down=True)
    began = getty.now

    Airflow(getty, policy=Policy(history_lag=LAG, on_unsure="resubmit"), clock_set_by=600.0).run()
    assert LAG <= getty.now - began < 2 * LAG


def test_on_unsure_resubmit_submits_again_after_an_earlier_try_was_unsure() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    airflow.clear()
    airflow.policy = Policy(history_lag=LAG, on_unsure="resubmit")

    assert airflow.run() == "generation-1"


def test_after_an_unsure_failure_a_clear_adopts_what_has_appeared() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    getty.history_is_forbidden = False
    airflow.clear()

    assert airflow.run() == "generation-1"
    assert getty.charges == 1


def test_a_clear_allows_for_two_lost_answers_again() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK] * 2, history_is_forbidden=True)
    airflow = Airflow(getty)
    with pytest.raises(SubmissionUnsureError):
        airflow.run()
    getty.history_is_forbidden = False
    airflow.clear()

    assert airflow.run() == "generation-1"
    assert getty.posts == 3


def test_what_was_made_from_the_same_inputs_long_before_is_not_the_tasks() -> None:
    airflow = Airflow(Getty())
    airflow.getty.post(airflow.operation)
    airflow.getty.now += 2000.0
    airflow.getty.fates = [Fate.LOST_BEFORE_THE_WORK]

    assert airflow.run() == "generation-2"


def without_a_marker(getty: Getty) -> Airflow:
    return Airflow(getty, policy=Policy(history_lag=LAG, marker=False), operation=Generate(prompt="a boat"))


def test_without_a_marker_the_only_one_with_the_same_inputs_is_adopted() -> None:
    airflow = without_a_marker(Getty(fates=[Fate.LOST_AFTER_THE_WORK]))

    assert airflow.run() == "generation-1"
    assert airflow.getty.posts == 1


def test_without_a_marker_one_of_two_with_the_same_inputs_is_not_chosen() -> None:
    airflow = without_a_marker(Getty())
    airflow.getty.post(airflow.operation)
    airflow.getty.fates = [Fate.LOST_AFTER_THE_WORK]

    with pytest.raises(SubmissionUnsureError, match="the same inputs: generation-1, generation-2"):
        airflow.run()


def test_without_a_marker_none_is_chosen_while_another_may_have_the_same_inputs() -> None:
    airflow = without_a_marker(Getty())
    airflow.getty.post(airflow.operation)
    at, item = airflow.getty.created[0]
    airflow.getty.created[0] = at, item.model_copy(update={"generation_type": None})
    airflow.getty.fates = [Fate.LOST_AFTER_THE_WORK]

    with pytest.raises(SubmissionUnsureError, match="generation-1"):
        airflow.run()


def test_a_deadline_before_certainty_leaves_the_task_unsure() -> None:
    airflow = Airflow(Getty(fates=[Fate.LOST_BEFORE_THE_WORK]), patience=LAG / 2)

    with pytest.raises(SubmissionUnsureError):
        airflow.run()


@pytest.mark.parametrize("has_store", [True, False])
def test_where_nothing_is_kept_a_lost_answer_is_not_forgotten_for_a_slot(has_store: bool) -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK, Fate.REFUSED, Fate.REFUSED, Fate.LOST_BEFORE_THE_WORK])
    airflow = Airflow(getty, has_store=has_store, waits_for_slot=False)
    if has_store:
        with pytest.raises(RateLimitError):
            airflow.run()
    with pytest.raises(SubmissionUnsureError, match="0 charged, 2 unknown"):
        airflow.run()


def test_at_the_deadline_a_submission_that_was_lost_is_not_repeated() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK])

    with pytest.raises(SubmissionUnsureError, match="the deadline has passed"):
        Airflow(getty, patience=LAG + 1).run()

    assert getty.posts == 1
