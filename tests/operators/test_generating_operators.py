"""Every operator that makes images: what all of them get from their base."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG
from getty_emulator.server import Emulator

from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.operators.generation import GenerationOperator
from tests.support.generating_cases import CASES, Case, Ready
from tests.support.getty_journal import sent
from tests.support.submission_stores import die_before_the_id_is_stored, without_a_store
from tests.support.task_runs import DAG_ID, Worker, needs_store


@pytest.fixture(params=CASES, ids=lambda case: case.operation)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def ready(case: Case, getty: Emulator) -> Ready:
    return case.prepare(getty)


def test_there_is_a_case_for_every_operation() -> None:
    assert {case.operation for case in CASES} == set(GENERATING)


def test_it_brings_the_images_for_one_credit(ready: Ready) -> None:
    run = Worker().run(ready.task())
    assert run.state == "success", run.message
    assert run.result["status"] == "completed"
    assert run.result["results"]
    assert ready.credits == 1


def test_it_makes_the_kind_of_images_that_its_name_says(ready: Ready) -> None:
    Worker().run(ready.task())
    generation = ready.getty.generations()[-1]
    published = GENERATING[ready.case.operation].generation_type
    assert generation["generation_type"] == published or published is None


def test_a_deferrable_one_waits_without_a_worker(ready: Ready) -> None:
    worker = Worker()
    ready.getty.fault("stay-pending", ready.case.emulated)
    deferred = worker.run(ready.task(deferrable=True))
    assert deferred.state == "deferred", deferred.message
    ready.getty.fault("finish-at-once", "get-generation")
    run = worker.resume(deferred)
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert ready.credits == 1


def test_it_is_mapped_over_what_a_user_writes(ready: Ready) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = ready.case.operator.partial(task_id="a_task", **ready.arguments).expand(notes=["one", "two"])
    run = Worker().run(mapped, map_index=1)
    assert run.state == "success", run.message
    assert ready.getty.generations()[-1]["notes"].endswith(" a_dag.a_task[1] | two")


def test_a_mapped_one_may_take_all_its_arguments_from_the_mapping(ready: Ready) -> None:
    with DAG(DAG_ID, schedule=None):
        mapped = ready.case.operator.partial(task_id="a_task").expand_kwargs([ready.arguments])
    run = Worker().run(mapped, map_index=0)
    assert run.state == "success", run.message


def test_whatever_a_user_writes_may_be_a_template(ready: Ready) -> None:
    templates = {name: f"{{{{ dag_run.conf.{name} }}}}" for name in ready.arguments}
    run = Worker(conf=ready.arguments).run(ready.task(**templates))
    assert run.state == "success", run.message
    assert set(run.rendered) == set(ready.case.operator.template_fields)


def test_the_template_fields_are_the_arguments_of_the_operation_and_the_common_ones(case: Case) -> None:
    arguments = set(inspect.signature(case.operator.__init__).parameters) - {"self", "kwargs"}
    assert set(case.operator.template_fields) == arguments | set(GenerationOperator.template_fields)
    fields = set(GENERATING[case.operation].model_fields) | {"getty_conn_id"}
    assert set(case.operator.template_fields) - {"mask", "image_size"} == fields


def test_each_argument_is_described(case: Case) -> None:
    described = case.operator.__doc__ or ""
    arguments = set(inspect.signature(case.operator.__init__).parameters) - {"self", "kwargs"}
    assert [name for name in arguments if f":param {name}:" not in described] == []


def test_default_arguments_of_the_dag_reach_it(ready: Ready) -> None:
    with DAG(DAG_ID, schedule=None, default_args=ready.arguments):
        task = ready.case.operator(task_id="a_task")
    assert Worker().run(task).state == "success"


def rendered_to(value: Any) -> Any:
    """A template for a value, unless it is no scalar."""
    return value if value is None or isinstance(value, dict) else f"{{{{ {value!r} }}}}"


def refusal(ready: Ready, change: dict[str, Any]) -> str:
    """The error in the DAG file, if there is one."""
    try:
        ready.task(**change)
    except InvalidRequestError as error:
        return str(error)
    return ""


WRONG = [
    pytest.param(case, change, said, id=f"{case.operation}-{next(iter(change))}")
    for case in CASES
    for change, said in (
        *case.wrong,
        ({"product_id": "spring"}, "product_id"),
        ({"notes": "{{ '{{' }}"}, "notes"),
    )
]


@pytest.mark.parametrize(("case", "change", "said"), WRONG)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    getty: Emulator, case: Case, change: dict[str, Any], said: str
) -> None:
    """In the DAG file where it shows there; and, from a template, when the task runs."""
    ready = case.prepare(getty)
    if message := refusal(ready, change):
        assert message.startswith("Task ")
        assert any(name in message for name in change)
        change = {name: rendered_to(value) for name, value in change.items()}
        if refusal(ready, change):
            return  # what excludes each other does so whatever it is rendered to
    task = ready.task(**change)
    run = Worker().run(task, retries_left=True)
    assert (run.state, sent(getty)) == ("failed", [])
    assert isinstance(run.error, AirflowFailException)
    assert said in run.message
    assert Credit.UNUSED in run.message


ALTERNATIVES = ("image_id", "reference_generation", "reference_file_registration_id")


def test_two_images_or_none_are_an_error_in_the_dag_file(ready: Ready) -> None:
    names = [name for name in ALTERNATIVES if name in ready.case.operator.template_fields]
    if len(names) < 2:
        pytest.skip("it takes one kind of image, or none")
    with pytest.raises(InvalidRequestError, match="must be given, not none"):
        ready.task(**dict.fromkeys(names))
    for other in names[1:]:
        with pytest.raises(InvalidRequestError, match=f"must be given, not image_id and {other}"):
            ready.task(**{other: "1"})


def test_an_answer_that_is_lost_is_not_paid_for_twice(ready: Ready) -> None:
    ready.getty.fault("cut-after", ready.case.emulated)
    run = Worker().run(ready.task())
    assert run.state == "success", run.message
    assert (ready.credits, ready.submissions) == (1, 1)


@pytest.fixture(params=[pytest.param("the store", marks=needs_store), "the marker alone", "the inputs alone"])
def memory(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """By what a retry finds what an earlier try submitted."""
    if request.param == "the marker alone":
        without_a_store(monkeypatch)
    return str(request.param)


# Of the others, the history does not show all inputs: the mask, the sides, the level, …
SHOWN_WHOLE = {"generate", "variations", "background_removal"}


def test_a_retry_adopts_what_was_submitted_before_its_id_was_stored(ready: Ready, memory: str) -> None:
    """Unless nobody can tell whether it is the same: then it fails, and pays no second time."""
    worker = Worker()
    marker = "none" if memory == "the inputs alone" else "notes"
    die_before_the_id_is_stored(worker, ready.task(marker=marker))

    retried = worker.run(ready.task(marker=marker), retries_left=True)

    generation = ready.getty.generations()[-1]["generation_request_id"]
    if memory == "the inputs alone" and ready.case.operation not in SHOWN_WHOLE:
        assert isinstance(retried.error, AirflowFailException)
        assert Credit.UNKNOWN in retried.message
        assert generation in retried.message
    else:
        assert retried.state == "success", retried.message
        assert retried.result["generation_request_id"] == generation
    assert (ready.credits, ready.submissions) == (1, 1)


@pytest.mark.parametrize(
    ("on_blocked", "state"), [("fail", "failed"), ("skip", "skipped"), ("ignore", "success")]
)
def test_blocked_images_are_dealt_with_as_told(ready: Ready, on_blocked: str, state: str) -> None:
    ready.getty.fault("block-images", ready.case.emulated)
    assert Worker().run(ready.task(on_blocked=on_blocked)).state == state
    assert ready.credits == 1


def test_a_refusal_ends_the_task_at_once_and_free_of_charge(ready: Ready) -> None:
    ready.getty.fault("quota-exceeded", ready.case.emulated, times=None)
    run = Worker().run(ready.task(), retries_left=True)
    assert isinstance(run.error, AirflowFailException)
    assert "403 ProductQuotaExceeded" in run.message
    assert ready.credits == 0
