"""A batch on the emulator that runs without Airflow and can be killed."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from getty_emulator.server import Emulator

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.aio import AsyncGettyClient
from airflow_provider_getty.batch import journal_files
from airflow_provider_getty.batch.downloading import Downloads
from airflow_provider_getty.batch.engine import BatchPlan
from airflow_provider_getty.batch.items import Items
from airflow_provider_getty.batch.run import Batch, BatchResult
from airflow_provider_getty.generating.record import Policy, Task
from airflow_provider_getty.hooks.getty import GettyHook

REFINE = {"image_id": "1473240153", "image_size": [1024, 683], "mask": [[60, 16, 964, 250]]}


def generates(count: int) -> list[dict[str, Any]]:
    """Items that are cheap to generate."""
    return [{"operation": "generate", "prompt": f"picture {number}"} for number in range(1, count + 1)]


def batch(requests: Any, folder: Path, *, round_: int = 0, journal: Any = None, **changes: Any) -> Batch:
    """A batch that keeps its journal and, with ``images``, its images in a folder."""
    hook = GettyHook()
    deadline = clock.now() + changes.pop("timeout", 60.0)
    images = changes.pop("images", None)
    arguments: dict[str, Any] = {
        name: changes.pop(name) for name in ("fail_on", "on_blocked") if name in changes
    }
    items = Items(requests, changes.pop("operation", "refine"), changes.pop("defaults", {}))
    plan = {
        "task": Task(
            dag_id="dag",
            run_id="run",
            task_id="batch",
            map_index=-1,
            round=round_,
            try_number=1,
        ),
        "policy": Policy(history_lag=0.6),
        "deadline": deadline,
        "max_in_flight": 10,
        "generation_timeout": 30.0,
        "poll_interval": 0.05,
        "downloads": images
        and Downloads(
            folder=str(folder / "images"),
            size_name="1k",
            images=images,
            options={},
            deadline=deadline,
        ),
    } | changes
    return Batch(
        hook=hook,
        items=items,
        journal=journal or str(folder / "journal.jsonl"),
        plan=BatchPlan(**plan),
        **{"fail_on": "any", "on_blocked": "fail"} | arguments,
    )


def manifest(ended: Any) -> dict[str, Any]:
    """The result of a successful batch."""
    assert isinstance(ended, BatchResult)
    assert ended.failure is None, ended.failure
    return ended.manifest


def lines(folder: Path) -> list[dict[str, Any]]:
    """The content of the journal."""
    return [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]


def charges(getty: Emulator) -> Counter[str]:
    """How often each prompt was paid for."""
    prompts = {each["generation_request_id"]: each["prompt"] for each in getty.generations()}
    entries = getty.ledger()["entries"]
    return Counter(
        prompts[each["generation_request_id"]] for each in entries if each["operation"] != "start-download"
    )


class Killed(BaseException):
    """SIGKILL."""


@contextmanager
def killed_at(moment: int | None) -> Iterator[Iterator[int]]:
    """Kill the batch at the moment with this number: there is one before and after each externally visible effect.

    These are the requests that change something, the journal's writes, and the downloads. Yields the count of moments.
    """
    moments = itertools.count()

    def pass_moment() -> None:
        if next(moments) == moment:
            raise Killed

    send, fetch = AsyncGettyClient._send, Downloads.fetch
    append = journal_files.LocalJournal.append

    async def killing_send(self: AsyncGettyClient, call: Any, name: str, **how: Any) -> Any:
        if name in ("get_generation", "get_download", "token"):  # these change nothing
            return await send(self, call, name, **how)
        pass_moment()
        answer = await send(self, call, name, **how)
        pass_moment()
        return answer

    async def killing_fetch(self: Downloads, *arguments: Any, **named: Any) -> Any:
        pass_moment()
        files = await fetch(self, *arguments, **named)
        pass_moment()
        return files

    def killing_append(self: Any, data: bytes) -> None:
        pass_moment()
        append(self, data)
        pass_moment()

    with (
        mock.patch.object(AsyncGettyClient, "_send", killing_send),
        mock.patch.object(Downloads, "fetch", killing_fetch),
        mock.patch.object(journal_files.LocalJournal, "append", killing_append),
    ):
        yield moments


def in_loop(coroutine: Any) -> Any:
    """Run it in its own event loop."""
    return asyncio.run(coroutine)
