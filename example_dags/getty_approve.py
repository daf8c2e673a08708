"""Approve before you pay: look at the previews, then download the large size, or not.

The task `approve` waits, without a worker, until somebody answers under *Required Actions*, where the previews are
shown, or over the REST API. After a *Reject* the download is skipped. Without an answer in two days the task fails;
the generation is kept at Getty, and you can clear the task to ask again.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import DAG, Param

from airflow_provider_getty.links.approval import approval_body
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator

with DAG(
    dag_id="getty_approve",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={
        "prompt": Param("a small white sailing boat at sunset, seen from above", type="string"),
        "folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /"),  # noqa: S108
    },
):
    generate = GettyGenerateOperator(task_id="generate", prompt="{{ params.prompt }}", deferrable=True)
    approve = ApprovalOperator(
        task_id="approve",
        subject="Download this picture in 4k?",
        body=approval_body("generate"),
        response_timeout=timedelta(days=2),
    )
    download = GettyDownloadOperator(
        task_id="download",
        generation_request_id=generate.output,
        size_name="4k",
        destination="{{ params.folder }}",
    )
    generate >> approve >> download
