"""Reports to OpenLineage what a task has read and made. Imported only when Airflow requests it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.openlineage.facet import Dataset, ExternalQueryRunFacet
from airflow.providers.openlineage.extractors import OperatorLineage

from airflow_provider_getty.lineage import names
from airflow_provider_getty.lineage.facet import GettyRunFacet
from airflow_provider_getty.lineage.made import Made

if TYPE_CHECKING:
    from airflow_provider_getty.operators.checked import CheckedOperator

LARGEST = 200
"""The most generations of one task that are reported as datasets: a batch may have ten thousand."""
_ARGUMENTS = (
    "image_id",
    "background_asset_id",
    "generation_request_id",
    "reference_generation",
    "background_reference_generation",
    "mask",
    "mask_url",
    "file",
    "requests",
)


def lineage(
    task: CheckedOperator, made: Sequence[Made] = (), *, charged: int | None = None
) -> OperatorLineage[Any, Any]:
    """The inputs of a task, and its outputs so far.

    :param charged: how many generations the task submitted, each of which may cost a credit; None: unknown.
    """

    def datasets(found: Iterable[names.Name]) -> list[Any]:
        return [Dataset(namespace=each.namespace, name=each.name) for each in dict.fromkeys(found)]

    shown = made[:LARGEST]
    read = list(names.inputs({name: getattr(task, name, None) for name in _ARGUMENTS}))
    written: list[names.Name] = []
    for each in shown:
        read += names.inputs(each.arguments)
        generation = each.generation_request_id and names.generation(each.generation_request_id)
        file = names.stored(each.file) if each.file is not None else None
        if generation and (each.arguments or not file):  # another task has made the generation of a download
            written.append(generation)
        if file:
            written.append(file)
    read = [each for each in read if each not in written]
    ids = list(dict.fromkeys(each.generation_request_id for each in shown if each.generation_request_id))
    return OperatorLineage(
        inputs=datasets(read),
        outputs=datasets(written),
        run_facets=_run_facets(task, ids, charged) if ids or charged else {},
    )


def _run_facets(task: CheckedOperator, ids: list[str], charged: int | None) -> dict[str, Any]:
    operation = getattr(task, "operation", None)
    facets: dict[str, Any] = {
        "getty": GettyRunFacet(operation=operation, generationRequestIds=ids, creditsAtMost=charged)
    }
    if len(ids) == 1:
        facets["externalQuery"] = ExternalQueryRunFacet(externalQueryId=ids[0], source="getty")
    return facets
