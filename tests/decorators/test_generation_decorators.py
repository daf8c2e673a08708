"""``@task.getty_refine`` and its kin: a function says what is asked, and all else is as with the operator."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, task
from getty_emulator.server import Emulator

from airflow_provider_getty import get_provider_info
from airflow_provider_getty.api.operations import GENERATING
from airflow_provider_getty.decorators import generation
from airflow_provider_getty.decorators.generation import getty_generate, getty_influence_color, getty_refine
from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.inputs.masks import make_mask
from tests.support.submission_stores import die_before_the_id_is_stored
from tests.support.task_runs import DAG_ID, HAS_STORE, Worker, needs_store

IMAGE_ID, SIZE, BOXES = "1473240153", (1024, 683), [(60, 16, 964, 250)]
A_REFINE = {"image_id": IMAGE_ID, "image_size": SIZE, "mask": BOXES, "prompt": "hot air balloons"}
NAMES = [decorator["name"] for decorator in get_provider_info()["task-decorators"]]


def made_by(decorated: Any, *arguments: Any, **named: Any) -> Any:
    """The task that calling a decorated function makes."""
    with DAG(DAG_ID, schedule=None):
        return decorated(*arguments, **named).operator


def refine(returned: Any = A_REFINE, **options: Any) -> Any:
    """A task whose function returns this."""

    @getty_refine(**options)
    def refine() -> Any:
        return returned

    return made_by(refine)


def nothing() -> dict[str, Any]:
    return {}


def test_airflow_offers_one_for_every_generating_operation() -> None:
    operations = {made_by(getattr(task, name)(nothing)).operation for name in NAMES}
    assert operations == set(GENERATING)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_called_as_airflow_shows_it(name: str) -> None:
    assert getattr(generation, name).__name__ == name
    assert made_by(getattr(generation, name)(nothing)).custom_operator_name == f"@task.{name}"


def test_what_the_function_returns_is_asked_for(getty: Emulator) -> None:
    run = Worker().run(refine())
    assert run.state == "success", run.message
    assert run.result["status"] == "completed"
    [asked] = getty.generations()
    assert (asked["source"]["asset_id"], asked["prompt"]) == (IMAGE_ID, "hot air balloons")
    assert asked["generation_request_id"] == run.result["generation_request_id"]
    assert getty.ledger()["total"] == 1


def a_generation() -> dict[str, Any]:
    hook = GettyHook()
    mask_url = hook.upload_mask(BOXES, image_size=SIZE)
    return hook.refine(image_id=IMAGE_ID, mask_url=mask_url, prompt="balloons").summary()


def a_product() -> str:
    hook = GettyHook()
    url = hook.upload_file(make_mask(BOXES, image_size=SIZE).jpeg)
    return hook.register_file(url=url, rights_claimed=True, category="CustomerProduct").id


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("getty_generate", lambda: {"prompt": "boats"}),
        ("getty_refine", lambda: A_REFINE),
        ("getty_extend", lambda: {"image_id": IMAGE_ID, "left_percentage": 20, "prompt": "sea"}),
        ("getty_variations", lambda: {"generation_request_id": a_generation()}),
        ("getty_background_removal", lambda: {"reference_generation": a_generation()}),
        ("getty_object_removal", lambda: {"image_id": IMAGE_ID, "mask": BOXES, "image_size": SIZE}),
        ("getty_influence_color", lambda: {"image_id": IMAGE_ID, "prompt": "sea", "noise_level": 0.5}),
        (
            "getty_influence_composition",
            lambda: {"image_id": IMAGE_ID, "prompt": "sea", "influence_level": 0.5},
        ),
        (
            "getty_background_generation",
            lambda: {"reference_file_registration_id": a_product(), "prompt": "on a table"},
        ),
        ("getty_background_replacement", lambda: {"image_id": IMAGE_ID, "prompt": "a beach"}),
    ],
)
def test_each_of_them_generates(getty: Emulator, name: str, asked: Callable[[], dict[str, Any]]) -> None:
    returned = asked()
    paid_before = getty.ledger()["total"]

    def generate() -> dict[str, Any]:
        return returned

    run = Worker().run(made_by(getattr(generation, name)(generate)))
    assert run.state == "success", run.message
    assert getty.ledger()["total"] == paid_before + 1


def test_the_function_is_given_its_arguments_rendered_and_the_context_that_it_names(getty: Emulator) -> None:
    @getty_refine
    def refine(subject: str, *, number: str, run_id: str) -> dict[str, Any]:
        return {**A_REFINE, "prompt": f"{number} {subject} in {run_id}"}

    made = made_by(refine, "{{ dag_run.conf.subject }}", number="{{ 1 + 1 }}")
    run = Worker(conf={"subject": "balloons"}).run(made)
    assert run.state == "success", run.message
    assert getty.generations()[0]["prompt"] == "2 balloons in a_run"


def test_arguments_of_the_decorator_are_rendered_and_hold_unless_returned(getty: Emulator) -> None:
    made = refine(
        {"mask": BOXES, "prompt": "a moon"},
        image_id="{{ dag_run.conf.image }}",
        image_size=SIZE,
        prompt="stars",
        notes="for {{ run_id }}",
    )
    run = Worker(conf={"image": IMAGE_ID}).run(made)
    assert run.state == "success", run.message
    [asked] = getty.generations()
    assert (asked["source"]["asset_id"], asked["prompt"]) == (IMAGE_ID, "a moon")
    assert asked["notes"].endswith(" | for a_run")


def test_what_was_asked_is_shown_with_the_rendered_arguments(getty: Emulator) -> None:
    run = Worker().run(refine())
    assert run.rendered["prompt"] == "hot air balloons"
    assert {"op_args", "op_kwargs", "mask", "product_id"} <= set(run.rendered)


def test_what_the_function_returns_is_no_template(getty: Emulator) -> None:
    """It may come from a catalogue, or a model, which must not read the connections."""
    run = Worker().run(refine({**A_REFINE, "prompt": "{{ conn.getty_default.password }}"}))
    assert isinstance(run.error, AirflowFailException)
    assert "prompt is a template that was not rendered" in run.message
    assert getty.requests() == []


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "returned None; it must return a mapping of arguments: image_id, "),
        (["balloons"], "returned ['balloons']; it must return a mapping"),
        ({**A_REFINE, "promt": "balloons"}, "returned promt; the arguments are image_id, "),
        ({**A_REFINE, "deferrable": True}, "returned deferrable; the arguments are image_id, "),
        ({1: 2}, "returned 1; the arguments are"),
        ({}, "Exactly one of mask and mask_url"),
        ({**A_REFINE, "reference_generation": "an-id"}, "exactly one of image_id and reference_generation"),
        ({**A_REFINE, "mask": [[5, 5, 5, 5]]}, "5"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    getty: Emulator, returned: Any, said: str
) -> None:
    run = Worker().run(refine(returned), retries_left=True)
    assert isinstance(run.error, AirflowFailException)
    assert said in run.message
    assert getty.requests() == []


def test_what_the_function_raises_is_raised(getty: Emulator) -> None:
    @getty_generate
    def generate() -> dict[str, Any]:
        raise LookupError("no such product")

    run = Worker().run(made_by(generate), retries_left=True)
    assert (run.state, run.message) == ("up_for_retry", "no such product")
    assert getty.requests() == []


def test_an_async_function_is_refused_in_the_dag_file() -> None:
    async def generate() -> dict[str, Any]:
        return {}

    with pytest.raises(ValueError, match=r"@task\.getty_generate does not take async functions"):
        made_by(getty_generate(generate))


def test_what_only_its_operator_takes_is_checked_in_the_dag_file() -> None:
    with pytest.raises(ValueError, match="noise_level is 2; it must be a number from 0 to 1"):
        made_by(getty_influence_color(noise_level=2)(nothing))


@pytest.mark.parametrize("multiple_outputs", [False, True])
def test_the_result_is_one_xcom_unless_told_otherwise(multiple_outputs: bool) -> None:
    """What the function is said to return is not what the task returns."""
    options: Any = {"multiple_outputs": True} if multiple_outputs else {}

    @getty_generate(**options)
    def generate() -> dict[str, str]:
        return {"prompt": "boats"}

    assert made_by(generate).multiple_outputs is multiple_outputs


def test_it_waits_without_a_worker(getty: Emulator) -> None:
    calls = []

    @getty_refine(deferrable=True)
    def refine() -> dict[str, Any]:
        calls.append(1)
        return A_REFINE

    worker = Worker()
    getty.fault("stay-pending", "refine")
    deferred = worker.run(made_by(refine))
    assert deferred.state == "deferred", deferred.message
    getty.fault("finish-at-once", "get-generation")
    run = worker.resume(deferred)
    assert (run.state, run.result["status"]) == ("success", "completed")
    assert (len(calls), getty.ledger()["total"]) == (1, 1)
    if HAS_STORE:
        assert run.rendered["prompt"] == "hot air balloons"


def test_what_cannot_be_kept_can_be_waited_for(getty: Emulator) -> None:
    worker = Worker()
    getty.fault("stay-pending", "refine")
    deferred = worker.run(
        refine({**A_REFINE, "mask": make_mask(BOXES, image_size=SIZE).jpeg}, deferrable=True)
    )
    getty.fault("finish-at-once", "get-generation")
    run = worker.resume(deferred)
    assert run.state == "success", run.message


def test_it_is_mapped(getty: Emulator) -> None:
    @getty_refine(image_size=SIZE, image_id=IMAGE_ID)
    def refine(prompt: str, box: tuple[int, ...]) -> dict[str, Any]:
        return {"prompt": prompt, "mask": [box]}

    with DAG(DAG_ID, schedule=None):
        output: Any = refine.partial(box=BOXES[0]).expand(prompt=["balloons", "stars"])
        mapped = output.operator
    run = Worker().run(mapped, map_index=1)
    assert run.state == "success", run.message
    [asked] = getty.generations()
    assert asked["prompt"] == "stars"
    assert asked["notes"].endswith(" a_dag.refine[1]")


def test_a_retry_adopts_what_was_submitted(getty: Emulator) -> None:
    worker = Worker()
    die_before_the_id_is_stored(worker, refine())
    run = worker.run(refine())
    assert run.state == "success", run.message
    assert getty.ledger()["total"] == 1


def changing_its_mind(**more: Any) -> Any:
    """A function that returns something else each time."""
    prompts = iter(["balloons", "stars", "birds"])

    @getty_refine
    def refine() -> dict[str, Any]:
        return {**A_REFINE, "prompt": next(prompts), **more}

    return refine


@needs_store
def test_a_retry_adopts_even_if_the_function_would_return_something_else(getty: Emulator) -> None:
    worker, refine = Worker(), changing_its_mind()
    die_before_the_id_is_stored(worker, made_by(refine))
    run = worker.run(made_by(refine))
    assert run.state == "success", run.message
    assert [asked["prompt"] for asked in getty.generations()] == ["balloons"]


def test_after_a_clear_the_function_is_called_again(getty: Emulator) -> None:
    worker, refine = Worker(), changing_its_mind()
    assert worker.run(made_by(refine)).state == "success"
    worker.clear("refine")
    assert worker.run(made_by(refine)).state == "success"
    assert sorted(asked["prompt"] for asked in getty.generations()) == ["balloons", "stars"]


def test_a_mask_of_bytes_is_not_kept_but_adopted_if_it_is_the_same(getty: Emulator) -> None:
    mask = make_mask(BOXES, image_size=SIZE).jpeg
    worker = Worker()
    die_before_the_id_is_stored(worker, refine({**A_REFINE, "mask": mask}))
    run = worker.run(refine({**A_REFINE, "mask": mask}))
    assert run.state == "success", run.message
    assert getty.ledger()["total"] == 1
    json.dumps(worker.store)


def test_a_submission_that_waits_for_a_place_asks_for_the_same(getty: Emulator) -> None:
    """The function is called again only where there is no store."""
    worker, refine = Worker(), changing_its_mind()
    getty.fault("concurrent-generations", "refine", times=1, voice="service")
    made = made_by(refine.override(deferrable=True))
    deferred = worker.run(made)
    assert deferred.told["next_method"] == "submit_again", deferred.message
    run = worker.resume(deferred, {"deadline": deferred.trigger.deadline, "attempts": 1})
    assert run.state == "success", run.message
    assert [asked["prompt"] for asked in getty.generations()] == ["balloons" if HAS_STORE else "stars"]
    assert getty.ledger()["total"] == 1
