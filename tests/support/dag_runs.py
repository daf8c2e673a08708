"""A script that parses or runs the example DAGs in a separate process with its own Airflow home.

``python dag_runs.py parse`` prints the modules that parsing loads, and the warnings; ``python dag_runs.py run FOLDER``
runs each DAG with ``dag.test()`` and prints the states of its tasks. The last line of the output is JSON.
"""

from __future__ import annotations

import json
import os
import runpy
import sys
import warnings
from pathlib import Path
from typing import Any

EXAMPLES = sorted((Path(__file__).parents[2] / "example_dags").glob("*.py"))

NEED_A_PERSON = ("getty_approve",)
"""``dag.test()`` cannot ask a human; ``tests/system`` runs these DAGs."""


def parse() -> dict[str, list[str]]:
    """The modules that the DAG files load in addition to ``airflow.sdk``, and their warnings."""
    import airflow.sdk  # noqa: PLC0415

    for lazy in ("DAG", "Param", "BaseOperator", "BaseSensorOperator", "BaseHook"):
        getattr(airflow.sdk, lazy)
    before = set(sys.modules)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for example in EXAMPLES:
            runpy.run_path(str(example))
    ours = ("example_dags", "airflow_provider_getty")
    return {
        "loaded": sorted(set(sys.modules) - before),
        "warnings": [str(one.message) for one in caught if any(part in one.filename for part in ours)],
    }


def run(folder: Path) -> dict[str, dict[str, list[str]]]:
    """The states of the task instances, by DAG and task."""
    try:
        from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415
    except ImportError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag  # type: ignore[no-redef]  # noqa: PLC0415
    from airflow_provider_getty.api import schedule  # noqa: PLC0415
    from airflow_provider_getty.triggers import batch, generation  # noqa: PLC0415

    vars(batch)["WORKER_ENDS_IN"] = vars(generation)["WORKER_ENDS_IN"] = 0.1
    schedule.SHORTEST_DELAY = schedule.LONGEST_DELAY = 0.1
    bag = DagBag(str(EXAMPLES[0].parent))
    if bag.import_errors:
        sys.exit(str(bag.import_errors))
    ended: dict[str, dict[str, list[str]]] = {}
    for dag_id, dag in bag.dags.items():
        if dag_id in NEED_A_PERSON:
            continue
        finished: Any = dag.test(run_conf={"folder": f"{folder / dag_id}/"})
        states = ended.setdefault(dag_id, {})
        for instance in finished.get_task_instances():
            states.setdefault(instance.task_id, []).append(str(instance.state))
    return ended


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["parse"]:
            answer: dict[str, Any] = parse()
        case ["run", folder]:
            answer = run(Path(folder))
        case _:
            sys.exit(__doc__)
    sys.stdout.flush()
    os.write(1, f"\n{json.dumps(answer)}\n".encode())
