"""From one photograph of a product: the product in several scenes, and cut out.

Getty removes backgrounds from images of its own library and from generated ones, so the product is cut out of a scene
that was made of it: a calm one.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_getty.operators.background_generation import GettyBackgroundGenerationOperator
from airflow_provider_getty.operators.background_removal import GettyBackgroundRemovalOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.register_file import GettyRegisterFileOperator

with DAG(
    dag_id="getty_product",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={
        "photograph": Param(
            None,
            type=["null", "string"],
            description="A path or URI of an image. Empty: getty_product.jpg beside this DAG",
        ),
        "scenes": Param(
            ["in the mountains at dawn", "in a meadow on a sunny day"],
            type="array",
            items={"type": "string"},
            description="What the product is shown in",
        ),
        "folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /"),  # noqa: S108
    },
):
    register = GettyRegisterFileOperator(
        task_id="register",
        file="{{ params.photograph or dag.folder ~ '/getty_product.jpg' }}",
        rights_claimed=True,  # you say so: the photograph is yours, or you have a license for it
        category="CustomerProduct",
    )

    @task
    def scenes(params: dict[str, Any]) -> list[str]:
        """One instance of the next task for each."""
        found: list[str] = params["scenes"]
        return found

    show = GettyBackgroundGenerationOperator.partial(
        task_id="show",
        reference_file_registration_id=register.output,
        deferrable=True,
        map_index_template="{{ task.prompt }}",
    ).expand(prompt=scenes())
    calm = GettyBackgroundGenerationOperator(
        task_id="calm",
        reference_file_registration_id=register.output,
        prompt="on a plain wooden table",
        deferrable=True,
    )
    cut_out = GettyBackgroundRemovalOperator(
        task_id="cut_out",
        reference_generation=calm.output,
        deferrable=True,
    )
    GettyDownloadOperator.partial(
        task_id="download_scene",
        destination="{{ params.folder }}",
        map_index_template="{{ task.generation_request_id['generation_request_id'] }}",
    ).expand(generation_request_id=show.output)
    GettyDownloadOperator(
        task_id="download_cut_out",
        generation_request_id=cut_out.output,
        destination="{{ params.folder }}",
    )
