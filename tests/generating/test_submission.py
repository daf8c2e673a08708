"""The rules of submission, played through with crashes at every step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_getty.api.errors import (
    BadRequestError,
    Credit,
    NoAnswerError,
    QueriesPerSecondError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.operations import (
    BackgroundRemoval,
    BackgroundReplacement,
    Generate,
    GeneratingOperation,
    Refine,
    Variations,
)
from airflow_provider_getty.api.results import HistoryItem
from airflow_provider_getty.generating.submission import Policy, Task, _has_inputs
from tests.support.submission_world import LAG, Airflow, Fate, Getty, Killed

fates = st.lists(
    st.sampled_from([Fate.ANSWERED, Fate.LOST_BEFORE_THE_WORK, Fate.LOST_AFTER_THE_WORK]), max_size=4
)
kills = st.lists(st.integers(0, 12), max_size=5)


@pytest.mark.parametrize("has_store", [True, False])
@given(kills=kills, fates=fates, lag=st.sampled_from([0.0, 5.0, LAG - 1]))
def test_whatever_dies_on_the_way_one_generation_is_paid_for(
    has_store: bool, kills: list[int], fates: list[Fate], lag: float
) -> None:
    getty = Getty(lag=lag, fates=list(fates))
    airflow = Airflow(getty, has_store=has_store)

    generation = airflow.until_it_ends(kills)

    assert getty.charges == 1
    assert generation == getty.created[0][1].generation_request_id


@given(rounds=st.lists(st.tuples(kills, fates, st.booleans()), min_size=1, max_size=4))
def test_a_clear_pays_again_if_and_only_if_the_result_had_been_delivered(
    rounds: list[tuple[list[int], list[Fate], bool]],
) -> None:
    getty = Getty()
    airflow = Airflow(getty)
    expected = 0
    delivered = True
    for kills_, fates_, is_delivered in rounds:
        getty.fates = list(fates_)
        airflow.until_it_ends(kills_)
        expected += delivered
        if is_delivered:
            airflow.deliver()
        delivered = is_delivered
        airflow.clear()

    assert getty.charges == expected


def test_the_first_try_asks_once_and_keeps_its_intent_before_and_the_id_after() -> None:
    airflow = Airflow(Getty())

    airflow.run()

    assert airflow.steps == ["Upload", "Save", "Post", "Save"]
    assert airflow.store is not None
    assert airflow.store.generation_request_id == "generation-1"


def test_a_stored_id_is_adopted_without_asking_getty() -> None:
    airflow = Airflow(Getty())
    airflow.run()
    airflow.steps.clear()

    assert airflow.run() == "generation-1"
    assert airflow.steps == ["Save"]


def test_a_stored_intent_is_looked_up_until_the_history_is_certain() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    with pytest.raises(Killed):
        airflow.run(killed_at=2)
    airflow.steps.clear()
    began = getty.now

    airflow.run()

    assert getty.now >= began + LAG
    assert airflow.steps[0] == "LookUp"
    assert getty.charges == 1


def test_a_refusal_forgets_the_intent_so_that_the_next_try_asks_at_once() -> None:
    airflow = Airflow(Getty(fates=[Fate.REFUSED]))
    with pytest.raises(QueriesPerSecondError):
        airflow.run()
    airflow.steps.clear()

    airflow.run()

    assert airflow.steps == ["Upload", "Save", "Post", "Save"]


def test_other_inputs_are_submitted_anew_after_a_clear() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.clear()
    airflow.operation = Refine(image_id="1", mask_url="-", prompt="another boat")

    assert airflow.run() == "generation-2"
    assert getty.charges == 2


def test_a_task_that_delivered_and_is_retried_by_airflow_itself_pays_no_second_time() -> None:
    getty = Getty()
    airflow = Airflow(getty)
    airflow.run()
    airflow.deliver()

    assert airflow.run() == "generation-1"
    assert getty.charges == 1


def test_a_history_that_cannot_be_read_leaves_the_task_unsure() -> None:
    getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty)

    with pytest.raises(SubmissionUnsureError) as failure:
        airflow.run()

    assert failure.value.credit is Credit.UNKNOWN
    assert not failure.value.may_retry
    assert airflow.store is not None
    assert airflow.store.marker in str(failure.value)
    assert 'on_unsure_submission="resubmit"' in str(failure.value)
    assert getty.posts == 1
    assert "Wait" not in airflow.steps, "it will not become readable"


def test_an_unsure_task_may_be_told_to_submit_anew() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK], history_is_forbidden=True)
    airflow = Airflow(getty, policy=Policy(history_lag=LAG, on_unsure="resubmit"))

    assert airflow.run() == "generation-1"
    assert getty.posts == 2


def test_it_does_so_once_in_a_try() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK] * 3, history_is_forbidden=True)

    with pytest.raises(SubmissionUnsureError):
        Airflow(getty, policy=Policy(history_lag=LAG, on_unsure="resubmit")).run()
    assert getty.posts == 2


def test_a_task_that_was_unsure_before_may_be_told_to_submit_anew() -> None:
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


def test_a_deadline_before_certainty_leaves_the_task_unsure() -> None:
    airflow = Airflow(Getty(fates=[Fate.LOST_BEFORE_THE_WORK]), patience=LAG / 2)

    with pytest.raises(SubmissionUnsureError):
        airflow.run()


def test_the_marker_names_the_task_and_keeps_the_users_notes() -> None:
    getty = Getty()
    airflow = Airflow(getty, operation=Refine(image_id="1", mask_url="-", notes="for the campaign"))

    airflow.run()

    notes = getty.created[0][1].notes or ""
    assert notes.startswith("for the campaign [airflow:dag.task#")
    assert len(notes) < 60


def test_markers_differ_by_run_map_index_round_and_inputs() -> None:
    task = Task(dag_id="d", run_id="r", task_id="t", map_index=-1, round=0, began=0, earlier=None)
    others = [replace(task, run_id="s"), replace(task, map_index=1), replace(task, round=1)]

    markers = {task.marker("f"), task.marker("g"), *(other.marker("f") for other in others)}

    assert len(markers) == 5


def test_a_mask_that_is_refused_is_uploaded_once_more() -> None:
    airflow = Airflow(Getty(fates=[Fate.MASK_REFUSED]))

    assert airflow.run() == "generation-1"
    assert airflow.steps == ["Upload", "Save", "Post", "Save", "Upload", "Save", "Post", "Save"]


def test_a_mask_that_is_refused_twice_is_given_up() -> None:
    airflow = Airflow(Getty(fates=[Fate.MASK_REFUSED, Fate.MASK_REFUSED]))

    with pytest.raises(BadRequestError):
        airflow.run()
    assert airflow.store is None


def test_at_the_deadline_a_submission_that_certainly_failed_is_not_repeated() -> None:
    getty = Getty(fates=[Fate.LOST_BEFORE_THE_WORK])

    with pytest.raises(NoAnswerError) as failure:
        Airflow(getty, patience=LAG + 1).run()

    assert failure.value.credit is Credit.UNUSED
    assert getty.posts == 1


class TestWithoutMarker:
    """For accounts that may not send notes."""

    policy = Policy(marker=False, history_lag=LAG)

    def test_no_note_is_sent(self) -> None:
        getty = Getty()
        Airflow(getty, policy=self.policy).run()

        assert getty.created[0][1].notes is None

    def test_a_single_generation_with_the_same_inputs_is_adopted(self) -> None:
        getty = Getty(fates=[Fate.LOST_AFTER_THE_WORK])

        assert Airflow(getty, policy=self.policy).run() == "generation-1"
        assert getty.charges == 1

    def test_one_with_other_inputs_is_not(self) -> None:
        getty = Getty(fates=[Fate.ANSWERED, Fate.LOST_BEFORE_THE_WORK])
        other = Refine(image_id="1", mask_url="-", prompt="a cat")
        Airflow(getty, policy=self.policy, operation=other).run()

        assert Airflow(getty, policy=self.policy).run() == "generation-2"

    def test_one_of_another_image_is_not(self) -> None:
        getty = Getty(fates=[Fate.ANSWERED, Fate.LOST_BEFORE_THE_WORK])
        other = Refine(image_id="2", mask_url="-", prompt="a boat")
        Airflow(getty, policy=self.policy, operation=other).run()

        assert Airflow(getty, policy=self.policy).run() == "generation-2"

    def test_more_than_one_leaves_the_task_unsure_and_names_them(self) -> None:
        getty = Getty(fates=[Fate.ANSWERED, Fate.LOST_AFTER_THE_WORK])
        Airflow(getty, policy=self.policy).run()

        with pytest.raises(SubmissionUnsureError, match="generation-2, generation-1"):
            Airflow(getty, policy=self.policy).run()


IMAGE_OF_A_GENERATION = {"generation_request_id": "first", "index": 2}
FROM_IT = {"source_generation_request_id": "first", "source_generation_result_index": 2}


@pytest.mark.parametrize(
    ("operation", "shown", "is_ours"),
    [
        (
            Generate(prompt="a boat"),
            {"generation_type": "text_to_image", "prompt": "a boat", "seed": 7},
            True,
        ),
        (Generate(prompt="a boat"), {"generation_type": "of tomorrow", "prompt": "a boat"}, True),
        (Generate(prompt="a boat"), {"generation_type": "refine", "prompt": "a boat"}, False),
        (Generate(prompt="a boat"), {"prompt": "a boat", "negative_prompt": "people"}, False),
        (
            Generate(prompt="a boat"),
            {"prompt": "a boat", "generation_options": {"aspect_ratio": "1:1"}},
            True,
        ),
        (
            Generate(prompt="a boat", aspect_ratio="16:9"),
            {"prompt": "a boat", "generation_options": {"aspect_ratio": "1:1"}},
            False,
        ),
        (Generate(prompt="a boat"), {"prompt": "a boat", "product_id": 7, "project_code": "spring"}, True),
        (Generate(prompt="a boat", product_id=8), {"prompt": "a boat", "product_id": 7}, False),
        (BackgroundRemoval(image_id="1"), {"original_asset": {"id": "1"}, "prompt": ""}, True),
        (BackgroundRemoval(image_id="1"), {"original_asset": {"id": "2"}}, False),
        (
            BackgroundRemoval(image_id="1"),
            {"original_asset": {"id": "1"}, "source_generation_request": FROM_IT},
            False,
        ),
        (
            BackgroundRemoval(reference_generation=IMAGE_OF_A_GENERATION),
            {"original_asset": {"id": "1"}, "source_generation_request": FROM_IT},
            True,
        ),
        (
            BackgroundRemoval(reference_generation=IMAGE_OF_A_GENERATION | {"index": 3}),
            {"source_generation_request": FROM_IT},
            False,
        ),
        (
            Variations(**IMAGE_OF_A_GENERATION),
            {"prompt": "a boat", "source_generation_request": FROM_IT},
            True,
        ),
        (Variations(generation_request_id="second"), {"source_generation_request": FROM_IT}, False),
        (
            BackgroundReplacement(image_id="1", prompt="a beach"),
            {"generation_type": "background_generation"},
            True,
        ),
    ],
)
def test_what_the_history_shows_is_compared_with_what_was_asked(
    operation: GeneratingOperation, shown: dict[str, Any], *, is_ours: bool
) -> None:
    assert _has_inputs(HistoryItem(generation_request_id="new", **shown), operation) == is_ours
