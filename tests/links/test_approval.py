"""What a person is shown who approves: previews by the gallery's URL."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jinja2
import pytest

from airflow_provider_getty.links.approval import approval_body

RESULT = {"results": [{"index": 0, "is_blocked": False}, {"index": 1, "is_blocked": True}]}


def rendered(body: str, *, map_index: int = -1, result: Any = RESULT) -> str:
    """The body as the operator renders it."""

    def xcom_pull(*, task_ids: str, map_indexes: int) -> Any:
        assert (task_ids, map_indexes) == ("generate", map_index)
        return result

    return (
        jinja2.Environment(autoescape=False)
        .from_string(body)
        .render(
            ti=SimpleNamespace(map_index=map_index, xcom_pull=xcom_pull),
            dag=SimpleNamespace(dag_id="a dag"),
            run_id="manual__2026-01-02T03:04:05+00:00",
        )
    )


PAGE = "/getty/dags/a%20dag/runs/manual__2026-01-02T03%3A04%3A05%2B00%3A00/tasks/generate"


def test_previews_are_shown_and_blocked_images_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com/team/")
    base = f"https://airflow.example.com/team{PAGE}"
    assert rendered(approval_body("generate")).split("\n\n") == [
        f"\n![Image 0]({base}/image?kind=preview&size=large&index=0)",
        "Image 1 is blocked by Getty's content policy.",
        f"[Prompt, mask and original]({base})",
    ]


def test_in_a_mapped_task_group_they_are_those_of_the_same_index() -> None:
    text = rendered(approval_body("generate"), map_index=3)
    assert f"{PAGE}/image?kind=preview&size=large&index=0&map_index=3)" in text
    assert f"{PAGE}?map_index=3)" in text
