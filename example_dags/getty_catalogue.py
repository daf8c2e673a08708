"""Refine a catalogue in one task: submit each line of a file, wait without a worker, download.

The file is beside this one, or wherever the parameter says: a path or a URI, of JSON Lines or CSV. Its lines are
arguments of ``GettyRefineOperator``, and a name for the image. The journal says what became of each line; a retry
continues from there, and pays for nothing twice. Each image is an asset of its own, under the alias of the task.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetAlias, Param

from airflow_provider_getty.operators.batch import GettyBatchOperator

with DAG(
    dag_id="getty_catalogue",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={
        "catalogue": Param(
            None,
            type=["null", "string"],
            description="JSON Lines, or CSV if its name ends in .csv. Empty: getty_catalogue.jsonl beside this DAG",
        ),
        "folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /"),  # noqa: S108
    },
):
    GettyBatchOperator(
        task_id="refine",
        requests="{{ params.catalogue or dag.folder ~ '/getty_catalogue.jsonl' }}",
        operation="refine",
        defaults={"image_size": (1024, 683)},
        journal="{{ params.folder }}journals/{{ run_id }}.jsonl",
        download_to="{{ params.folder }}",
        fail_on=0.05,  # more than 5 % of the lines
        deferrable=True,
        outlets=[AssetAlias("catalogue images")],
    )
