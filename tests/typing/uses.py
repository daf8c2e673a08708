"""Right and wrong uses of what users type. A type checker must report each line that is marked, and no other."""

# pyright: strict

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG

from airflow_provider_getty.decorators.generation import getty_generate, getty_refine
from airflow_provider_getty.inputs.arguments import Template
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.extend import GettyExtendOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator, RefineArguments
from airflow_provider_getty.operators.register_file import GettyRegisterFileOperator
from airflow_provider_getty.sensors.generation import GenerationSensor

with DAG("uses", schedule=None):
    generate = GettyGenerateOperator(
        task_id="generate",
        prompt="boats",
        aspect_ratio="16:9",
        mood=Template("{{ params.mood }}"),
        seed="{{ params.seed }}",
        retries=2,
        retry_delay=timedelta(minutes=1),
        deferrable=True,
        timeout=600,
        on_blocked="skip",
    )
    refine = GettyRefineOperator(
        task_id="refine",
        reference_generation=generate.output,
        mask=[(0, 0, 9, 9)],
        image_size=(99, 99),
        prompt=generate.output,
    )
    GettyExtendOperator(task_id="extend", image_id="1", left_percentage=12.5)
    GenerationSensor(task_id="wait", generation_request_id=refine.output, mode="reschedule", soft_fail=True)
    GettyDownloadOperator(task_id="download", generation_request_id=refine.output, destination="/tmp/")
    GettyRegisterFileOperator(task_id="register", file=b"", rights_claimed=True, category="ImageReference")
    GettyBatchOperator(task_id="batch", requests=[{"image_id": "1"}], journal="/tmp/j", fail_on=0.5)
    GettyRefineOperator.partial(task_id="mapped", retries=1).expand(image_id=["1", "2"])

    GettyGenerateOperator(task_id="a", promt="boats")  # error
    GettyGenerateOperator(task_id="b")  # error
    GettyGenerateOperator(prompt="boats")  # error
    GettyGenerateOperator(task_id="c", prompt="boats", retires=3)  # error
    GettyGenerateOperator(task_id="d", prompt="boats", retries="3")  # error
    GettyGenerateOperator(task_id="e", prompt="boats", on_blocked="explode")  # error
    GettyGenerateOperator(task_id="f", prompt="boats", deferrable="yes")  # error
    GettyGenerateOperator(task_id="g", prompt="boats", aspect_ratio="2:1")  # error
    GettyGenerateOperator(task_id="h", prompt="boats", timeout="600")  # error
    GettyGenerateOperator(task_id="i", prompt=5)  # error
    GettyRefineOperator(task_id="j", image_id=["1"])  # error
    GettyExtendOperator(task_id="k", image_id="1", left_percentage=[1])  # error
    GenerationSensor(task_id="l", generation_request_id=5)  # error
    GenerationSensor(task_id="m", generation_request_id="1", poke_intervall=5)  # error
    GettyDownloadOperator(task_id="n", generation_request_id="1")  # error
    GettyDownloadOperator(task_id="o", generation_request_id="1", destination="/x", overwrite="no")  # error
    GettyRegisterFileOperator(task_id="p", file="x", rights_claimed=False, category="ImageReference")  # error
    GettyRegisterFileOperator(task_id="q", file="x", rights_claimed=True, category="Cat")  # error
    GettyBatchOperator(task_id="r", requests=[{}], journal="/tmp/j", on_blocked="skip")  # error
    GettyBatchOperator(task_id="s", requests=[{}], journal="/tmp/j", operation="refin")  # error

    @getty_refine(image_size=(99, 99), deferrable=True, retries=2)
    def sky(image_id: str) -> RefineArguments:
        return {"image_id": image_id, "mask": [(0, 0, 9, 9)], "prompt": "stars"}

    @getty_generate
    def boats() -> dict[str, str]:
        return {"prompt": "boats"}

    sky("1")
    boats()
    sky.partial(image_id="1")
    sky(1)  # error
    boats("1")  # error
    getty_refine(promt="stars")  # error
    getty_refine(retires=2)  # error
    getty_generate(aspect_ratio="2:1")  # error
    getty_generate(on_blocked="explode")  # error

    def wrong() -> RefineArguments:
        return {"image": "1"}  # error
