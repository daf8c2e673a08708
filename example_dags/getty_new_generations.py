"""Download what anybody has generated with the account: an asset's watcher starts a run for new generations.

`NewGenerationTrigger` looks at the account's history every minute, in the triggerer. Its events say what was made.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, AssetWatcher, Context, Param, task

from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.triggers.new_generation import NewGenerationTrigger

new_generations = Asset(
    "new generations",
    watchers=[AssetWatcher(name="history", trigger=NewGenerationTrigger(notes="to be downloaded"))],
)

with DAG(
    dag_id="getty_new_generations",
    schedule=new_generations,
    catchup=False,
    tags=["getty"],
    doc_md=__doc__,
    params={"folder": Param("/tmp/getty/", type="string", description="A path or URI that ends in /")},  # noqa: S108
):

    @task
    def generation_ids(**context: Context) -> list[str]:
        """The generations with an image that is not blocked, of the events that started this run."""
        events = context["triggering_asset_events"][new_generations]  # type: ignore[index]
        made = [event.extra["payload"] for event in events]
        return [each["generation_request_id"] for each in made if each["images"]]

    GettyDownloadOperator.partial(
        task_id="download",
        destination="{{ params.folder }}",
        map_index_template="{{ task.generation_request_id }}",
    ).expand(generation_request_id=generation_ids())
