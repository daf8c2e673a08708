"""Refine many images: one mapped task instance for each."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator

IMAGES = [
    {
        "image_id": "1473240153",
        "image_size": [1024, 683],
        "mask": [[60, 16, 964, 250]],
        "prompt": "red and golden hot air balloons over the mountains",
    },
    {
        "image_id": "1250731946",
        "image_size": [1024, 683],
        "mask": [[30, 150, 640, 412]],
        "prompt": "sailing boats with orange sails",
    },
    {
        "image_id": "1409562238",
        "image_size": [1024, 683],
        "mask": [[420, 20, 1000, 330]],
        "prompt": "a golden moon and stars",
    },
]

with DAG(
    dag_id="getty_refine_many",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={"folder": "/tmp/getty/"},  # noqa: S108
):
    refine = GettyRefineOperator.partial(
        task_id="refine",
        deferrable=True,
        on_blocked="skip",
        max_active_tis_per_dagrun=16,
        map_index_template="{{ task.prompt }}",
    ).expand_kwargs(IMAGES)
    GettyDownloadOperator.partial(
        task_id="download",
        destination="{{ params.folder }}",
        map_index_template="{{ task.generation_request_id['generation_request_id'] }}",
    ).expand(generation_request_id=refine.output)
