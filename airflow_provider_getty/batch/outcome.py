"""The outcome of a batch, and what it means for the task."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_getty.api.errors import GettyError
from airflow_provider_getty.batch.progress import Progress
from airflow_provider_getty.inputs.arguments import BatchOnBlocked, FailOn

log = logging.getLogger(__name__)


class GettyBatchException(AirflowException):
    """The failure of a batch, which Airflow may retry.

    An ``on_failure_callback`` finds its attributes in ``context["exception"]``.

    :param parts: the parts of the message by their labels in the log, among them ``Credit``.
    :param manifest: see :func:`manifest`; None if the batch did not reach its items.
    :param error: the single error that ended it, if there was one.
    """

    may_retry = True

    def __init__(
        self,
        parts: Mapping[str, str],
        *,
        manifest: Mapping[str, Any] | None = None,
        error: GettyError | None = None,
    ) -> None:
        super().__init__(" ".join(filter(None, parts.values())))
        self.manifest = manifest
        self.error = error
        self.status = error.status if error else None
        """HTTP status of Getty's answer, if one ended the batch."""
        self.code = error.code if error else None
        """Getty's ``ErrorCode``, likewise."""
        self.credit = parts.get("Credit", "")
        self.generation_request_id = error.generation_request_id if error else None


class GettyBatchFailException(GettyBatchException, AirflowFailException):
    """The failure of a batch that no retry can fix."""

    may_retry = False


def fail(
    parts: Mapping[str, str],
    *,
    may_retry: bool,
    manifest: Mapping[str, Any] | None = None,
    error: GettyError | None = None,
) -> NoReturn:
    """Fail the task of a batch, after logging each part of the failure in its own line, as the log does not wrap.

    :raises GettyBatchException: a retry may help.
    :raises GettyBatchFailException: no retry can help.
    """
    for label, text in parts.items():
        if text:
            log.error("%s: %s", label, text)
    kind = GettyBatchException if may_retry else GettyBatchFailException
    raise kind(parts, manifest=manifest, error=error) from None


def succeeded(counts: Mapping[str, int], fail_on: FailOn, on_blocked: BatchOnBlocked) -> bool:
    """Whether the batch counts as a success. Items that were not submitted count as failed."""
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
    """Return the task's result: ``journal``, the counts, and the first ``failures``. It is small for any batch."""
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
            " An unknown one may have been created: a retry looks it up in Getty's history before it submits "
            "again."
        )
    return sentence


def failure(manifest: Mapping[str, Any], stopped: str, *, may_retry: bool) -> dict[str, str]:
    """Say what became of the items and the credits, and what to do, in the parts that :func:`fail` takes."""
    over = manifest["completed"] + manifest["blocked"] + manifest["failed"]
    first = " ".join(_shown(each) for each in manifest["failures"][:3])
    advice = (
        "A retry or a clear continues from the journal: it collects what is paid for, and submits only what is not."
        if may_retry
        else "Fix what failed and clear the task: it submits only that; what is paid for is kept."
    )
    return {
        "Items": f"Of {manifest['total']} items, {manifest['completed']} are completed, {manifest['blocked']} blocked, "
        f"{manifest['failed']} failed, {manifest['total'] - over} not finished.",
        "Credit": spent(manifest),
        "Stopped": f"Nothing more was submitted: {stopped}" if stopped else "",
        "Answered": f"First failures: {first}" if first else "",
        "Journal": f"The journal is {manifest['journal']}.",
        "To do": advice,
    }


def _shown(failure: Mapping[str, Any]) -> str:
    name = f" ({failure['name']})" if failure["name"] else ""
    return f"Item {failure['item']}{name}: {failure['error']}"
