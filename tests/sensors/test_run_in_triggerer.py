"""GenerationSensor(run_in_triggerer=True): no process is ever started for its task."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import DAG, Asset, BaseOperator, task, task_group
from airflow.triggers.base import BaseTrigger
from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import Credit, InvalidRequestError
from airflow_provider_getty.sensors.generation import GenerationSensor
from airflow_provider_getty.triggers.generation import GenerationTrigger
from tests.support.getty_journal import sent
from tests.support.submitted import left_pending
from tests.support.task_runs import DAG_ID, Worker
from tests.support.triggerer_runs import Triggerer

in_the_triggerer = pytest.mark.skipif(
    not hasattr(BaseTrigger, "render_template_fields"),
    reason="Airflow 3.3 and later start tasks in the triggerer",
)


def sensor(source: Any, **arguments: Any) -> GenerationSensor:
    return GenerationSensor(
        **{
            "task_id": "wait",
            "generation_request_id": source,
            "run_in_triggerer": True,
            "poke_interval": 0.05,
            "timeout": 60,
        }
        | arguments
    )


class Source(BaseOperator):
    """A task whose output is a generation."""


@in_the_triggerer
def test_it_waits_and_returns_the_finished_generation_as_a_dict(getty: Emulator, pending: str) -> None:
    getty.fault("stay-pending", "get-generation", times=2)
    getty.fault("finish-at-once", "get-generation")
    run = Triggerer().run(sensor(pending))
    assert run.state == "success"
    assert (run.result["generation_request_id"], run.result["status"]) == (pending, "completed")
    assert len(run.result["results"]) == 4
    assert sent(getty).count("get-generation") == 3


@in_the_triggerer
def test_what_is_finished_is_known_at_once(
    getty: Emulator, pending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker has to end first."""
    getty.fault("finish-at-once", "get-generation")
    assert Triggerer().run(sensor(pending)).state == "success"
    assert sent(getty).count("get-generation") == 1


@in_the_triggerer
@pytest.mark.parametrize("output", [lambda id_: id_, lambda id_: {"generation_request_id": id_}])
def test_it_takes_the_output_of_a_task(getty: Emulator, pending: str, output: Any) -> None:
    with DAG(DAG_ID, schedule=None):
        source = Source(task_id="source")
        wait = sensor(source.output)
    getty.fault("finish-at-once", "get-generation")
    assert wait.upstream_task_ids == {"source"}
    assert Triggerer(xcoms={("source", -1): output(pending)}).run(wait).state == "success"


@in_the_triggerer
def test_a_result_that_is_completed_already_passes_without_a_call(getty: Emulator) -> None:
    completed = {
        "generation_request_id": "1",
        "status": "completed",
        "seed": 7,
        "results": [{"index": 0, "is_blocked": False, "preview_urls": []}],
        "original_asset": None,
    }
    with DAG(DAG_ID, schedule=None):
        wait = sensor(Source(task_id="source").output)
    run = Triggerer(xcoms={("source", -1): completed}).run(wait)
    assert (run.state, run.result) == ("success", completed)
    assert sent(getty) == []


@in_the_triggerer
@pytest.mark.parametrize("name", ["source", "getty_conn_id"])
def test_a_name_that_is_not_there_is_an_error_as_in_a_worker(
    getty: Emulator, pending: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = Triggerer(conf={}).run(sensor(**{"source": pending} | {name: "{{ dag_run.conf.id }}"}))
    assert run.state == "failed"
    assert "A template cannot be rendered: " in caplog.text
    assert "has no attribute 'id'" in caplog.text
    assert sent(getty) == []


@in_the_triggerer
@pytest.mark.parametrize(
    "template",
    [
        "{{ dag_run.conf.id }}",
        "{{ params.id }}",
        "{{ ti.xcom_pull('source')['generation_request_id'] }}",
        "{{ ti.xcom_pull(task_ids='source', map_indexes=-1).generation_request_id }}",
        "{{ task_instance.xcom_pull('source')['generation_request_id'] }}",
    ],
)
def test_templates_are_rendered_in_the_triggerer(
    getty: Emulator, pending: str, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_ANOTHER", json.dumps(getty.connection))
    monkeypatch.delenv("AIRFLOW_CONN_GETTY_DEFAULT")
    getty.fault("finish-at-once", "get-generation")
    triggerer = Triggerer(
        conf={"id": pending, "connection": "another"},
        xcoms={("source", -1): {"generation_request_id": pending}},
    )
    wait = sensor(template, getty_conn_id="{{ dag_run.conf.connection }}", params={"id": pending})
    assert triggerer.run(wait).state == "success"


@in_the_triggerer
def test_in_a_mapped_task_group_each_waits_for_the_generation_of_its_own(getty: Emulator) -> None:
    with DAG(DAG_ID, schedule=None):

        @task
        def source(number: int) -> int:
            return number

        made: list[Any] = []

        @task_group
        def refined(number: int) -> None:
            made.append(sensor(source(number)))

        refined.expand(number=[1, 2])
    ids = left_pending(getty, 2)
    getty.fault("finish-at-once", "get-generation", times=None)
    triggerer = Triggerer(xcoms={("refined.source", index): id_ for index, id_ in enumerate(ids)})
    for index, id_ in enumerate(ids):
        run = triggerer.run(made[0], map_index=index)
        assert (run.state, run.result["generation_request_id"]) == ("success", id_)


@in_the_triggerer
def test_nothing_is_pushed_if_the_task_pushes_nothing(getty: Emulator, pending: str) -> None:
    getty.fault("finish-at-once", "get-generation")
    run = Triggerer().run(sensor(pending, do_xcom_push=False))
    assert (run.state, run.result) == ("success", None)


@in_the_triggerer
@pytest.mark.parametrize("retries", [0, 3])
def test_an_error_that_stays_fails_for_good_and_is_told_in_the_log(
    getty: Emulator, pending: str, caplog: pytest.LogCaptureFixture, retries: int
) -> None:
    """With retries it fails in a worker, as only a worker can say that there is nothing to retry."""
    getty.fault("gone", "get-generation")
    run = Triggerer().run(sensor(pending, retries=retries))
    assert run.state == "failed"
    assert isinstance(run.error, AirflowFailException if retries else type(None))
    assert "410 GenerationRequestGone" in caplog.text
    assert Credit.GONE in caplog.text


@in_the_triggerer
@pytest.mark.parametrize("retries", [0, 3])
def test_the_timeout_counts_from_the_start_of_the_task_also_after_a_restart_of_the_triggerer(
    getty: Emulator, pending: str, caplog: pytest.LogCaptureFixture, retries: int
) -> None:
    began = clock.monotonic()
    wait = sensor(pending, timeout=timedelta(seconds=60), retries=retries)
    run = Triggerer().run(wait, began=clock.now() - 20)
    assert clock.monotonic() - began == pytest.approx(40, abs=0.1)
    assert run.state == "failed"
    said = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert said[:4] == [
        f"Asked: Status of generation {pending}",
        "Answered: not finished after 60 s.",
        f"Credit: {Credit.COMMITTED}",
        "To do: Clear the sensor to keep waiting; that costs nothing.",
    ]
    assert sent(getty).count("get-generation") > 1


@in_the_triggerer
def test_its_poke_interval_is_kept(getty: Emulator, pending: str) -> None:
    Triggerer().run(sensor(pending, poke_interval=20))
    assert sent(getty).count("get-generation") == pytest.approx(3, abs=1)


@in_the_triggerer
@pytest.mark.parametrize(
    "trouble", [{"timeout": 0.3}, {"generation_request_id": "nobodys"}, {"on_blocked": "skip"}]
)
def test_what_is_to_be_skipped_is_skipped(getty: Emulator, trouble: dict[str, Any]) -> None:
    getty.fault("block-images", "refine", which="all")
    [pending] = left_pending(getty)
    if "on_blocked" in trouble:
        getty.fault("finish-at-once", "get-generation")
    else:
        trouble = trouble | {"soft_fail": True}
    assert Triggerer().run(sensor(pending, **trouble)).state == "skipped"


@in_the_triggerer
@pytest.mark.parametrize(
    ("on_blocked", "state"), [("fail", "success"), ("fail_any", "failed"), ("ignore", "success")]
)
def test_it_decides_what_blocked_images_mean(getty: Emulator, on_blocked: str, state: str) -> None:
    getty.fault("block-images", "refine", which=[1])
    [pending] = left_pending(getty)
    getty.fault("finish-at-once", "get-generation")
    assert Triggerer().run(sensor(pending, on_blocked=on_blocked)).state == state


@in_the_triggerer
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{{ ti.xcom_pull('nowhere').id }}", "A template cannot be rendered: 'None' has no attribute 'id'"),
        ("{{ ti.xcom_pull('nowhere') or '' }}", "it must be text that is not empty"),
        ("{{ dag_run.conf.nothing.there }}", "A template cannot be rendered"),
        ("{{ '{{ x }}' }}", "is a template that was not rendered"),
        ("{{ {'generation_request_id': '1'} }}", "text of a whole result"),
    ],
)
def test_what_is_no_generation_is_refused_before_anything_is_sent(
    getty: Emulator, caplog: pytest.LogCaptureFixture, source: Any, problem: str
) -> None:
    assert Triggerer().run(sensor(source)).state == "failed"
    assert sent(getty) == []
    assert problem in caplog.text


@in_the_triggerer
def test_neither_the_log_nor_the_result_holds_a_signed_url_or_a_secret(
    getty: Emulator, pending: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    getty.fault("finish-at-once", "get-generation")
    run = Triggerer().run(sensor(pending))
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("airflow")]
    text = json.dumps(run.result) + "\n".join(ours)
    assert not [secret for secret in (getty.api_key, getty.api_secret, "signature=") if secret in text]


@in_the_triggerer
def test_a_try_that_fails_leaves_no_result_of_an_earlier_one(getty: Emulator, pending: str) -> None:
    getty.fault("finish-at-once", "get-generation")
    triggerer = Triggerer()
    wait = sensor(pending)
    assert triggerer.run(wait).result
    getty.fault("gone", "get-generation")
    again = triggerer.run(wait, try_number=2)
    assert (again.state, again.result) == ("failed", None)


def test_where_a_worker_starts_it_all_the_same_it_is_deferrable(getty: Emulator, pending: str) -> None:
    """As Airflow before 3.3 and dag.test() do."""
    worker = Worker()
    deferred = worker.run(sensor(pending))
    assert isinstance(deferred.trigger, GenerationTrigger)
    getty.fault("finish-at-once", "get-generation")
    run = worker.resume(deferred)
    assert (run.state, run.result["generation_request_id"]) == ("success", pending)


def test_the_serialized_dag_is_the_same_each_time_it_is_parsed() -> None:
    assert sensor("1").start_trigger_args == sensor("1").start_trigger_args


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"outlets": [Asset("image")]}, "outlets would have no effect"),
        ({"execution_timeout": timedelta(hours=1)}, "execution_timeout would have no effect"),
        ({"on_execute_callback": print}, "on_execute_callback would have no effect"),
        ({"on_skipped_callback": print}, "on_skipped_callback would have no effect"),
        ({"on_success_callback": print}, "on_success_callback would have no effect"),
        ({"never_fail": True}, "never_fail would have no effect"),
        ({"multiple_outputs": True}, "multiple_outputs would have no effect"),
        ({"map_index_template": "{{ x }}"}, "map_index_template would have no effect"),
    ],
)
def test_what_needs_a_worker_is_an_error_in_the_dag_file(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidRequestError, match=problem):
        sensor("1", **arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"user_defined_macros": {"x": 1}},
        {"user_defined_filters": {"x": str}},
        {"jinja_environment_kwargs": {"trim_blocks": True}},
        {"render_template_as_native_obj": True},
    ],
)
def test_templates_that_need_a_worker_are_an_error_in_the_dag_file(options: dict[str, Any]) -> None:
    [name] = options
    dag = DAG("a_dag", schedule=None, **options)
    with pytest.raises(InvalidRequestError, match=f"{name} would have no effect"):
        sensor("{{ params.id }}", dag=dag)


def test_values_that_do_not_reach_the_triggerer_are_an_error_in_the_dag_file() -> None:
    with DAG(DAG_ID, schedule=None):
        source = Source(task_id="source")
        mapped = Source.partial(task_id="mapped").expand(email=["1", "2"])
        refused: list[tuple[dict[str, Any], str]] = [
            ({"source": source.output.map(str)}, r"map\(\), zip\(\) and concat\(\) of outputs need one"),
            ({"source": mapped.output}, "all outputs of the mapped mapped are not one generation"),
            ({"source": {"generation_request_id": source.output}}, "the output of a task"),
            ({"source": "1", "getty_conn_id": source.output}, "getty_conn_id an id or a template"),
        ]
        for number, (arguments, problem) in enumerate(refused):
            with pytest.raises(InvalidRequestError, match=problem):
                sensor(task_id=f"wait_{number}", **arguments)

        @task_group
        def of_each(number: int) -> None:
            with pytest.raises(InvalidRequestError, match="the output of a task"):
                sensor(number)

        of_each.expand(number=[1, 2])


def test_a_sensor_that_is_mapped_by_itself_is_an_error_in_the_dag_file() -> None:
    with (
        DAG(DAG_ID, schedule=None),
        pytest.raises(InvalidRequestError, match="Put it into a mapped task group"),
    ):
        GenerationSensor.partial(task_id="wait", run_in_triggerer=True)
