"""The body of an ``ApprovalOperator``, which shows a person what was generated before more is paid for."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import conf

from airflow_provider_getty.links.getty import GALLERY_PREFIX

_BODY = """\
{{%- set results = ti.xcom_pull(task_ids='{task}', map_indexes=ti.map_index)['results'] -%}}
{{%- set page = '{prefix}/dags/' ~ (dag.dag_id | urlencode) ~ '/runs/' ~ (run_id | urlencode)
    ~ '/tasks/{task}' -%}}
{{%- set mapped = 'map_index=' ~ ti.map_index if ti.map_index >= 0 else '' -%}}
{{%- for image in results %}}
{{% if image.is_blocked -%}}
Image {{{{ image.index }}}} is blocked by Getty's content policy.
{{%- else -%}}
![Image {{{{ image.index }}}}]({{{{ page }}}}/image?kind=preview&size=large&index={{{{ image.index }}}}\
{{{{ '&' ~ mapped if mapped }}}})
{{%- endif %}}
{{% endfor %}}
[Prompt, mask and original]({{{{ page }}}}{{{{ '?' ~ mapped if mapped }}}})
"""


def approval_body(task_id: str) -> str:
    """Return the Markdown of ``ApprovalOperator(body=…)``: the previews of the generation of another task.

    It is a template, rendered when the operator runs. The images come from the gallery of this Airflow, so they are
    shown to people who may see the DAG, for as long as Getty keeps the generation; no signed URL is in the text.

    :param task_id: the task that generates, or the sensor that waited, in the same DAG; if it is mapped, in the same
        mapped task group as the approval.
    """
    base = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    return _BODY.format(task=task_id, prefix=f"{base}{GALLERY_PREFIX}")
