"""The extra links of operators and sensors: the original at Getty, the gallery, the emulator.

Airflow asks for links in the worker, whenever a task ends or defers, and keeps the answers as XComs. A task that never
has a worker, such as a sensor with ``run_in_triggerer``, has no links.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from airflow_provider_getty.api.account import is_loopback
from airflow_provider_getty.api.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

ORIGINALS_URL = "https://www.gettyimages.com/detail/"
GALLERY_PREFIX = "/getty"
"""The path of the gallery, below Airflow's base URL."""


class GettyOriginalLink(BaseOperatorLink):
    """The page at Getty of the library image that a generation was made from."""

    name: ClassVar[str] = "Original at Getty"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the page's URL; empty if the image is not from the library, or not known yet."""
        image_id = _original(operator, ti_key)
        return f"{ORIGINALS_URL}{quote(image_id, safe='')}" if image_id else ""


class GettyGalleryLink(BaseOperatorLink):
    """The images of the task, in the gallery of this Airflow."""

    name: ClassVar[str] = "Gallery"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Return the URL of the task's page, below ``[api] base_url``."""
        map_index = -1 if ti_key.map_index is None else ti_key.map_index
        return base_url() + task_page(ti_key.dag_id, ti_key.run_id, ti_key.task_id, map_index)


class GettyEmulatorLink(BaseOperatorLink):
    """The start page of the emulator, if the connection leads to one."""

    name: ClassVar[str] = "Emulator"

    def get_link(self, operator: Any, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002
        """Return the page's URL; empty if the connection leads to Getty itself, or cannot be read."""
        try:
            url: str = operator.hook.account.base_url
        except ConfigurationError:
            return ""
        # A server on this machine is not Getty.
        return f"{url}/" if is_loopback(urlsplit(url).hostname or "") else ""


def base_url() -> str:
    """Airflow's address from ``[api] base_url``, without a trailing slash; empty if it is not set."""
    return str(conf.get("api", "base_url", fallback="") or "").rstrip("/")


def task_page(dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> str:
    """Return the path of a task's page in the gallery, below Airflow's base URL."""
    query = f"?map_index={map_index}" if map_index >= 0 else ""
    return GALLERY_PREFIX + _path(dag_id, run_id, task_id) + query


def image_path(dag_id: str, run_id: str, task_id: str, map_index: int = -1, **which: str | int) -> str:
    """Return the path of an image of a task in the gallery, below Airflow's base URL.

    :param which: ``kind`` (``preview``, ``mask``, ``source``, ``file``; default: ``preview``), ``index`` (default: 0),
        ``size`` (``thumb``, ``large``) and, for a batch, ``item``.
    """
    query = urlencode({"kind": "preview", "index": 0, **which, "map_index": map_index})
    return f"{GALLERY_PREFIX}{_path(dag_id, run_id, task_id)}/image?{query}"


def _path(dag_id: str, run_id: str, task_id: str) -> str:
    dag, run, task = (quote(each, safe="") for each in (dag_id, run_id, task_id))
    return f"/dags/{dag}/runs/{run}/tasks/{task}"


def _original(operator: Any, ti: Any) -> str | None:
    """The id of the library image: from the arguments, else from the result."""
    image_id = getattr(operator, "image_id", None)
    if isinstance(image_id, str) and image_id.strip():
        return image_id.strip()
    for argument in ("reference_generation", "generation_request_id"):
        if found := _original_asset(getattr(operator, argument, None)):
            return found
    if getattr(operator, "generation_request_id", None) and hasattr(ti, "xcom_pull"):
        return _original_asset(ti.xcom_pull())  # before it ends, a sensor may know only the generation's id
    return None


def _original_asset(generation: object) -> str | None:
    """The original of a result in XCom."""
    asset = generation.get("original_asset") if isinstance(generation, Mapping) else None
    found = asset.get("id") if isinstance(asset, Mapping) else None
    return found if isinstance(found, str) and found else None
