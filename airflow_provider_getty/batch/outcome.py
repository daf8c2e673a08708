"""How a batch ended, and what that means for its task."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_getty.batch.progress import Progress
from airflow_provider_getty.inputs.arguments import BatchOnBlocked, FailOn


def succeeded(counts: Mapping[str, int], fail_on: FailOn, on_blocked: BatchOnBlocked) -> bool:
    """Return True if the policy takes the batch for a success. What was not submitted counts as failed."""
    good = counts["completed"] + (counts["blocked"] if on_blocked == "ignore" else 0)
    bad = counts["total"] - good
    match fail_on:
        case "any":
            return bad == 0
        case "all":
            return good > 0 or counts["total"] == 0
        case share:
            return bad <= share * counts["total"]


def manifest(journal: str, progress: Progress) -> dict[str, Any]:
    """Return the task's result: ``journal``, the counts, and the first ``failures``. Small, whatever the batch."""
    return {"journal": journal, **progress.counts(), "failures": progress.failures}


def spent(counts: Mapping[str, int]) -> str:
    """Say what became of the credits, such as "3 generations were charged, 1 unknown"."""
    charged, unknown = counts["charged"], counts["unknown"]
    if not charged and not unknown:
        return "Nothing was charged."
    noun = "generation was" if charged == 1 else "generations were"
    sentence = f"{charged} {noun} charged" + (f", {unknown} unknown." if unknown else ".")
    if unknown:
        sentence += (
            " Of an unknown one nobody knows whether it was created: a retry looks it up in Getty's history "
            "before it submits again."
        )
    return sentence


def failure(manifest: Mapping[str, Any], stopped: str, *, may_retry: bool) -> str:
    """Say what became of the items and the credits, and what to do."""
    over = manifest["completed"] + manifest["blocked"] + manifest["failed"]
    first = " ".join(_shown(each) for each in manifest["failures"][:3])
    advice = (
        "A retry or a clear goes on from the journal: it collects what is paid for, and submits only what is not."
        if may_retry
        else "Fix what failed and clear the task: it submits only that; what is paid for is kept."
    )
    sentences = [
        (
            f"Of {manifest['total']} items, {manifest['completed']} are completed, {manifest['blocked']} blocked, "
            f"{manifest['failed']} failed, {manifest['total'] - over} not finished."
        ),
        spent(manifest),
        f"Nothing more was submitted: {stopped}" if stopped else "",
        f"First failures: {first}" if first else "",
        f"The journal is {manifest['journal']}.",
        advice,
    ]
    return " ".join(filter(None, sentences))


def _shown(failure: Mapping[str, Any]) -> str:
    name = f" ({failure['name']})" if failure["name"] else ""
    return f"Item {failure['item']}{name}: {failure['error']}"
