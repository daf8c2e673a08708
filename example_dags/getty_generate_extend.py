"""Generate a square image, and continue it for each aspect ratio that a campaign needs.

``reference_generation=generate.output`` picks the first of the four generated images that is not blocked. Of each
extension, too, the first image that is not blocked is downloaded.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, task

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.extend import GettyExtendOperator
from airflow_provider_getty.operators.generate import GettyGenerateOperator

with DAG(
    dag_id="getty_generate_extend",
    schedule=None,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={
        "prompt": "white sailing boats at sunset",
        "surroundings": Param(
            "open water and a clear sky", type="string", description="What is added around it"
        ),
        "aspect_ratios": Param(
            ["16:9", "9:16", "4:3"],
            type="array",
            items={"type": "string", "pattern": "^[1-9][0-9]*:[1-9][0-9]*$"},
            description="Width to height of what is made of the square, such as 16:9",
        ),
        "folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /"),  # noqa: S108
    },
):
    generate = GettyGenerateOperator(
        task_id="generate",
        prompt="{{ params.prompt }}",
        aspect_ratio="1:1",
        deferrable=True,
    )

    @task
    def margins(params: dict[str, Any]) -> list[dict[str, float]]:
        """What a square lacks to have each aspect ratio, as the arguments of an extension."""
        lacking = []
        for aspect_ratio in params["aspect_ratios"]:
            width, height = map(int, aspect_ratio.split(":"))
            beside, above = max(width / height - 1, 0) * 50, max(height / width - 1, 0) * 50
            lacking.append(
                {
                    "left_percentage": beside,
                    "right_percentage": beside,
                    "top_percentage": above,
                    "bottom_percentage": above,
                }
            )
        return lacking

    extend = GettyExtendOperator.partial(
        task_id="extend",
        reference_generation=generate.output,
        prompt="{{ params.surroundings }}",
        deferrable=True,
        map_index_template="{{ task.left_percentage | round }} % beside, {{ task.top_percentage | round }} % above",
    ).expand_kwargs(margins())
    GettyDownloadOperator.partial(
        task_id="download",
        destination="{{ params.folder }}",
        map_index_template="{{ task.generation_request_id['generation_request_id'] }}",
    ).expand(generation_request_id=extend.output)
