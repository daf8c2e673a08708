"""Refine an image in one task, which submits, and waits without holding a worker.

The download's event of the asset ``bouquet`` says which file, generation, prompt and seed it is.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator

with DAG(
    dag_id="getty_refine_deferrable",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={"folder": "/tmp/getty/"},  # noqa: S108
):
    refine = GettyRefineOperator(
        task_id="refine",
        image_id="1328876514",
        image_size=(1024, 768),
        mask=[(352, 60, 672, 384)],
        prompt="a bouquet of pink flowers",
        deferrable=True,
        timeout=600,
    )
    GettyDownloadOperator(
        task_id="download",
        generation_request_id=refine.output,
        destination="{{ params.folder }}",
        outlets=[Asset("bouquet")],
    )
