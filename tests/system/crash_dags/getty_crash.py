"""Refine and download in four forms; a run stands still where its parameter says, until it is killed there.

The operators are the shipped ones. What they call is wrapped from outside, for as long as they run.
"""

from __future__ import annotations

import os
import time
from asyncio import iscoroutinefunction
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import aiohttp
import urllib3
from airflow.sdk import DAG
from upath import UPath

from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.batch.engine import Engine
from airflow_provider_getty.batch.journal import Journal
from airflow_provider_getty.batch.submitting import ItemSubmitter
from airflow_provider_getty.generating.submitter import SubmissionStore, Submitter
from airflow_provider_getty.operators.batch import GettyBatchOperator
from airflow_provider_getty.operators.download import GettyDownloadOperator
from airflow_provider_getty.operators.refine import GettyRefineOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    Call = Callable[..., Any]

IMAGE = {"image_id": "1473240153", "image_size": (1024, 683), "mask": [(60, 16, 964, 250)]}


def before(call: Call, stand: Call, *, nth: int = 1) -> Call:
    """Stand still before the nth time that something is called."""
    times = count(1)

    @wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if next(times) == nth:
            stand()
        return call(*args, **kwargs)

    return wrapper


def after(call: Call, stand: Call, *, nth: int = 1) -> Call:
    """Stand still after the nth time that something was called."""
    times = count(1)

    @wraps(call)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        if next(times) == nth:
            stand()
        return result

    @wraps(call)
    async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
        result = await call(*args, **kwargs)
        if next(times) == nth:
            stand()
        return result

    return async_wrapper if iscoroutinefunction(call) else wrapper


def within_an_image(read1: Call, stand: Call) -> Call:
    """Stand still when the first bytes of an image have arrived."""
    first = count()

    @wraps(read1)
    def wrapper(response: urllib3.HTTPResponse, amt: int | None = None, **arguments: Any) -> bytes:
        if not response.headers.get("Content-Type", "").startswith("image/"):
            return cast("bytes", read1(response, amt, **arguments))
        if next(first):
            stand()
        return cast("bytes", read1(response, 4096, **arguments))

    return wrapper


def within_a_stream(iter_chunked: Call, stand: Call) -> Call:
    """Stand still when the first bytes of a stream, as which only images come, have arrived."""

    @wraps(iter_chunked)
    async def wrapper(stream: aiohttp.StreamReader, _: int) -> AsyncIterator[bytes]:
        is_first = True
        async for chunk in iter_chunked(stream, 4096):
            yield chunk
            if is_first:
                stand()
            is_first = False

    return wrapper


# The first thing that a task saves is its intent, the second its generation's id.
POINTS: dict[str, Callable[[Call], AbstractContextManager[object]]] = {
    "before-upload": lambda stand: wrapped(Submitter, "_upload", before, stand),
    "after-upload": lambda stand: wrapped(Submitter, "_upload", after, stand),
    "after-intent": lambda stand: wrapped(SubmissionStore, "save", after, stand),
    "server-works": lambda stand: wrapped(SubmissionStore, "save", after, stand),
    "after-reply": lambda stand: wrapped(SubmissionStore, "save", before, stand, nth=2),
    "after-id": lambda stand: wrapped(SubmissionStore, "save", after, stand, nth=2),
    "while-waiting": lambda stand: wrapped(GettyClient, "wait_for", before, stand),
    "on-resume": lambda stand: wrapped(SubmissionStore, "deliver", before, stand),
    "mid-download": lambda stand: wrapped(urllib3.HTTPResponse, "read1", within_an_image, stand),
    "frozen": lambda stand: wrapped(Submitter, "_post", before, stand),
    "host-changed": lambda stand: wrapped(SubmissionStore, "save", after, stand, nth=2),
    "deployed": lambda stand: wrapped(SubmissionStore, "deliver", after, stand),
    "cleared": lambda stand: wrapped(SubmissionStore, "save", after, stand, nth=2),
    "triggerer-frozen": lambda _: nullcontext(),
}
# A batch has two items under way: its first two saves are their intents, the third is an id.
POINTS_OF_BATCH: dict[str, Callable[[Call], AbstractContextManager[object]]] = {
    "before-upload": lambda stand: wrapped(ItemSubmitter, "_upload", before, stand),
    "after-upload": lambda stand: wrapped(ItemSubmitter, "_upload", after, stand),
    "after-intent": lambda stand: wrapped(ItemSubmitter, "_save", after, stand),
    "server-works": lambda stand: wrapped(ItemSubmitter, "_save", after, stand, nth=2),
    "after-reply": lambda stand: wrapped(ItemSubmitter, "_save", before, stand, nth=3),
    "after-id": lambda stand: wrapped(ItemSubmitter, "_save", after, stand, nth=3),
    "while-waiting": lambda _: nullcontext(),
    "on-resume": lambda stand: wrapped(Engine, "_download", before, stand),
    "mid-download": lambda stand: wrapped(aiohttp.StreamReader, "iter_chunked", within_a_stream, stand),
    "frozen": lambda stand: wrapped(ItemSubmitter, "_post", before, stand),
    "host-changed": lambda stand: wrapped(ItemSubmitter, "_save", after, stand, nth=3),
    "deployed": lambda stand: wrapped(Journal, "end", after, stand),
    "cleared": lambda stand: wrapped(ItemSubmitter, "_save", after, stand, nth=3),
    "triggerer-frozen": lambda _: nullcontext(),
}
GOES_ON = frozenset({"server-works", "while-waiting", "frozen"})  # when told so


def wrapped(
    owner: type, name: str, wrap: Call, stand: Call, **arguments: Any
) -> AbstractContextManager[object]:
    """Replace a method by its wrapped form."""
    return mock.patch.object(owner, name, wrap(getattr(owner, name), stand, **arguments))


@contextmanager
def standing_still(
    context: Context, points: dict[str, Callable[[Call], AbstractContextManager[object]]]
) -> Iterator[None]:
    """At the step, once for each task instance: leave the process's id, and stay there."""
    step = context["params"]["step"]
    file = Path(context["params"]["folder"], f"{context['ti'].map_index}.pid")

    def stand() -> None:
        if file.exists():
            return
        file.with_suffix(".new").write_text(str(os.getpid()))
        file.with_suffix(".new").rename(file)
        while not (step in GOES_ON and file.with_name("go").exists()):
            time.sleep(0.05)

    is_before_clear = step == "cleared" and not file.with_name("cleared").exists()
    with points[step](stand) if step and not is_before_clear else nullcontext():
        yield


class Refine(GettyRefineOperator):
    def execute(self, context: Context) -> dict[str, Any]:
        with standing_still(context, POINTS):
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        with standing_still(context, POINTS):
            return super().execute_complete(context, event)


class Download(GettyDownloadOperator):
    def execute(self, context: Context) -> str:
        with standing_still(context, POINTS):
            return super().execute(context)


class Batch(GettyBatchOperator):
    def execute(self, context: Context) -> dict[str, Any]:
        with standing_still(context, POINTS_OF_BATCH):
            return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        with standing_still(context, POINTS_OF_BATCH):
            return super().execute_complete(context, event)


class BatchOnS3(Batch):
    """Keeps its journal in an S3 store, whose address only the run knows."""

    def execute(self, context: Context) -> dict[str, Any]:
        self._move(context)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        self._move(context)
        return super().execute_complete(context, event)

    def _move(self, context: Context) -> None:
        self.journal = UPath(
            f"s3://pictures/{context['run_id']}/{context['params']['step']}.jsonl",
            key="any",
            secret="any",
            endpoint_url=context["params"]["s3"],
        )


def dag(dag_id: str) -> DAG:
    """A DAG whose tasks are tried again soon; a deploy can write how often into a file."""
    deployed = Path(__file__).with_name(f"{dag_id}.retries")
    return DAG(
        dag_id=dag_id,
        schedule=None,
        catchup=False,
        params={"step": "", "folder": "", "getty": "getty_default", "s3": ""},
        default_args={
            "retries": int(deployed.read_text()) if deployed.exists() else 5,
            "retry_delay": timedelta(seconds=1),
            "getty_conn_id": "{{ params.getty }}",
        },
    )


HOW: dict[str, Any] = {**IMAGE, "task_id": "refine", "history_lag": 10, "poll_interval": 2, "timeout": 300}
WHERE: dict[str, Any] = {"task_id": "download", "destination": "{{ params.folder }}/pictures/"}

for suffix in ("", "_deployed", "_cleared"):
    with dag(f"crash_sync{suffix}"):
        Download(generation_request_id=Refine(prompt="balloons", deferrable=False, **HOW).output, **WHERE)

    with dag(f"crash_deferrable{suffix}"):
        Download(generation_request_id=Refine(prompt="balloons", deferrable=True, **HOW).output, **WHERE)

    with dag(f"crash_mapped{suffix}"):
        refines = Refine.partial(deferrable=True, **HOW).expand(prompt=["balloons", "kites"])
        Download.partial(**WHERE).expand(generation_request_id=refines.output)

    for form, operator in (("batch", Batch), ("batch_on_s3", BatchOnS3)):
        with dag(f"crash_{form}{suffix}"):
            operator(
                requests=[{"prompt": "balloons"}, {"prompt": "kites"}],
                defaults=IMAGE,
                journal="{{ params.folder }}/journal.jsonl",
                download_to="{{ params.folder }}/pictures",
                deferrable=True,
                **{name: value for name, value in HOW.items() if name not in IMAGE},
            )
