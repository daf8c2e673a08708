"""Refine a generated image again: first the sky, then the lake of what came of it."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator

with DAG(
    dag_id="getty_refine_again",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={"folder": "/tmp/getty/"},  # noqa: S108
):
    refine_sky = GettyRefineOperator(
        task_id="refine_sky",
        image_id="1473240153",
        image_size=(1024, 683),
        mask=[(60, 16, 964, 250)],
        prompt="golden stars and a silver moon",
        deferrable=True,
    )
    refine_lake = GettyRefineOperator(
        task_id="refine_lake",
        reference_generation=refine_sky.output,
        image_size=(1024, 683),
        mask=[(240, 430, 820, 660)],
        prompt="sailing boats with white sails",
        deferrable=True,
    )
    GettyDownloadOperator(
        task_id="download",
        generation_request_id=refine_lake.output,
        destination="{{ params.folder }}",
    )
