"""Refine an image: submit, wait in the triggerer, download.

The three tasks of the main job, each of which can fail, be retried and be looked at by itself. Reads the connection
``getty_default``; the parameters can be changed when the DAG is triggered.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator
from airflow_provider_getty.sensors.generation import GenerationSensor

with DAG(
    dag_id="getty_refine",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={
        "image_id": Param("1473240153", type="string", description="An image of Getty's creative library"),
        "image_size": Param(
            [1024, 683], type="array", items={"type": "integer"}, description="Its width and height in pixels"
        ),
        "boxes": Param(
            [[60, 16, 964, 250]],
            type="array",
            items={"type": "array"},  # else Airflow's form makes text of each
            description="What to refine: boxes of left, top, right, bottom in pixels",
        ),
        "prompt": "red and golden hot air balloons over the mountains",
        "folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /"),  # noqa: S108
    },
):
    refine = GettyRefineOperator(
        task_id="refine",
        image_id="{{ params.image_id }}",
        image_size="{{ params.image_size }}",
        mask="{{ params.boxes }}",
        prompt="{{ params.prompt }}",
        wait_for_completion=False,
    )
    wait = GenerationSensor(
        task_id="wait",
        generation_request_id=refine.output,
        deferrable=True,
    )
    download = GettyDownloadOperator(
        task_id="download",
        generation_request_id=wait.output,
        destination="{{ params.folder }}",
    )
    refine >> wait >> download
