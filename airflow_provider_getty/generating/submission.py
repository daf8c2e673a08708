"""Never pay twice: the rules by which a task submits its generation once, whatever dies on the way.

Getty's API has neither an idempotency key nor a cancel. So a task keeps a record in Airflow's task state store: its
intent before it submits, with a marker that it sends along in ``notes``, and the generation's id afterwards. Whoever
runs the task next adopts what was submitted: by the id or, if that was lost, by the marker in Getty's generation
history. It submits anew only when it is certain that nothing was created, and says so when that cannot be known.

Nothing here does I/O. :meth:`Submission.submit` is a generator: it yields what is to be done, and is sent what came
of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeAlias, TypeVar

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.errors import BadRequestError, Credit, GettyError, SubmissionUnsureError
from airflow_provider_getty.api.operations import GENERATING, GeneratingOperation
from airflow_provider_getty.api.results import Generation, HistoryItem, Pending
from airflow_provider_getty.inputs.arguments import OnUnsure

ResultT = TypeVar("ResultT")

_LOOK_AGAIN_IN = 3.0
_CLOCK_SKEW = 300.0  # between this machine and Getty
_LONGEST_READABLE = 60
# What Getty or the account adds to a generation that does not ask for it; of a generated image, its original.
_FILLED_IN = frozenset(
    {"seed", "product_id", "project_code", "media_type", "aspect_ratio", "mood", "image_id"}
)


@dataclass(frozen=True, kw_only=True)
class Task:
    """The task instance that submits.

    :param round: another one after a person has cleared the task; the same in Airflow's own retries.
    :param began: when this try began (Unix time): whatever an earlier try sent, it sent before.
    :param earlier: since when earlier tries of this round may have submitted (Unix time). None: this is the first.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    round: int
    began: float
    earlier: float | None

    def marker(self, fingerprint: str) -> str:
        """What finds the generation in Getty's history, and tells a person who reads it there which task it is of."""
        mapped = f"[{self.map_index}]" if self.map_index >= 0 else ""
        identity = [self.dag_id, self.run_id, self.task_id, self.round, fingerprint]
        return (
            f"airflow:{f'{self.dag_id}.{self.task_id}'[:_LONGEST_READABLE]}{mapped}#{_digest(identity)[:12]}"
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the task state store keeps of a submission.

    :param fingerprint: of the inputs.
    :param marker: what was sent in the notes.
    :param round: the task's round when it submitted.
    :param intended: when it was about to submit (Unix time).
    :param generation_request_id: None as long as there is but the intent.
    :param delivered: whether the task has returned the result.
    """

    fingerprint: str
    marker: str
    round: int
    intended: float
    generation_request_id: str | None = None
    delivered: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, for the store."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a user may choose.

    :param marker: whether to send the marker in ``notes``. Without it, what the history shows of the inputs is
        compared, which another task with the same inputs can match too.
    :param history_lag: seconds after which a generation is certain to be in the history.
    :param on_unsure: what to do if nobody can tell whether a generation was created.
    """

    marker: bool = True
    history_lag: float = 60.0
    on_unsure: OnUnsure = "fail"


@dataclass(frozen=True)
class Save:
    """Keep the record, durably, before going on. None: forget what is kept."""

    record: Record | None


@dataclass(frozen=True)
class Upload:
    """Upload what the operation needs, and send back the fields that refer to it, such as ``mask_url``."""


@dataclass(frozen=True)
class Post:
    """Send the operation; send back the answer, or throw in its error."""

    operation: GeneratingOperation


@dataclass(frozen=True)
class LookUp:
    """Send back the items of the generation history since then (Unix time), or throw in the error."""

    since: float


@dataclass(frozen=True)
class Wait:
    """Let some seconds pass."""

    seconds: float


Step: TypeAlias = Save | Upload | Post | LookUp | Wait


Steps: TypeAlias = Generator[Step, Any, ResultT]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One task's way to its generation.

    :param operation: what is asked; what it needs is not uploaded yet.
    :param inputs: a digest of what is to be uploaded.
    :param deadline: until when (Unix time) certainty is waited for.
    """

    task: Task
    operation: GeneratingOperation
    policy: Policy
    deadline: float
    inputs: str = ""
    clock: Callable[[], float] = clock.now

    def submit(self, record: Record | None) -> Steps[Pending | Generation]:
        """Submit the operation, or adopt what an earlier attempt submitted.

        :param record: what the store holds of this task.
        :return: what Getty answered; of an adopted generation, that it is pending.
        :raises SubmissionUnsureError: nobody can tell whether a generation was created.
        :raises GettyError: the upload or the submission failed, and no credit was used.
        """
        operation = self.operation
        fingerprint = _digest([type(operation).__name__, operation.model_dump(mode="json"), self.inputs])
        marker = self.task.marker(fingerprint)
        if record is None and self.task.earlier is not None:
            # Without a store, an earlier try of this round may have sent just what this one would send.
            record = Record(
                fingerprint=fingerprint, marker=marker, round=self.task.round, intended=self.task.earlier
            )
        if record and self._is_open(record, fingerprint):
            try:
                adopted = yield from self._adopt(record, sent_by=self.task.began)
            except SubmissionUnsureError:
                if self.policy.on_unsure == "fail":
                    raise
            else:
                if adopted:
                    return adopted
        return (yield from self._create(fingerprint, marker))

    def _is_open(self, record: Record, fingerprint: str) -> bool:
        """Whether the record is of a generation that this task still has to deliver."""
        delivered_before_a_clear = record.delivered and record.round != self.task.round
        return record.fingerprint == fingerprint and not delivered_before_a_clear

    def _create(self, fingerprint: str, marker: str) -> Steps[Pending | Generation]:
        is_second_upload = is_resubmission = False
        while True:
            try:
                answer = yield from self._attempt(fingerprint, marker)
            except SubmissionUnsureError:
                if self.policy.on_unsure == "fail" or is_resubmission:
                    raise
                is_resubmission = True
            except BadRequestError as error:
                if is_second_upload or not self.inputs or "mask" not in error.problem:
                    raise
                is_second_upload = (
                    True  # the mask may have expired while the task waited; another gets a new name
                )
            else:
                if answer:
                    return answer

    def _attempt(self, fingerprint: str, marker: str) -> Steps[Pending | Generation | None]:
        """Submit once; None: the attempt was lost, and it is certain that it created nothing."""
        operation = self.operation.model_copy(update=(yield Upload()))
        if self.policy.marker:
            operation = operation.model_copy(update={"notes": _with_marker(operation.notes, marker)})
        intent = Record(fingerprint=fingerprint, marker=marker, round=self.task.round, intended=self.clock())
        yield Save(intent)
        try:
            answer: Pending | Generation = yield Post(operation)
        except GettyError as error:
            if error.credit is Credit.UNKNOWN:
                adopted = yield from self._adopt(intent, sent_by=self.clock())
                if adopted or self.clock() < self.deadline:
                    return adopted
                error = error.with_context(credit=operation.committed)
            yield Save(None)
            raise error from error.__cause__
        yield Save(replace(intent, generation_request_id=answer.generation_request_id))
        return answer

    def _adopt(self, record: Record, *, sent_by: float) -> Steps[Pending | None]:
        """Take over what the record is of; None: it is certain that nothing was created.

        :param sent_by: until when the attempt can have been sent.
        :raises SubmissionUnsureError: that cannot be known.
        """
        certain_at = sent_by + self.policy.history_lag
        give_up_at = self.deadline
        if self.policy.on_unsure == "resubmit":
            give_up_at = min(give_up_at, certain_at)
        generation_request_id = record.generation_request_id
        while generation_request_id is None:
            trouble = None
            try:
                items = yield LookUp(since=record.intended - _CLOCK_SKEW)
            except GettyError as error:
                trouble = error
            else:
                generation_request_id = self._found(items, record)
                if generation_request_id:
                    break
                if self.clock() >= certain_at:
                    return None
            if self.clock() >= give_up_at or (trouble and not trouble.may_retry):
                raise self._unsure(
                    record, f"The history could not be read: {trouble.problem}" if trouble else ""
                )
            yield Wait(_LOOK_AGAIN_IN)
        yield Save(replace(record, generation_request_id=generation_request_id))
        return Pending(generation_request_id=generation_request_id)

    def _found(self, items: Iterable[HistoryItem], record: Record) -> str | None:
        if self.policy.marker:
            ids = [item.generation_request_id for item in items if record.marker in (item.notes or "")]
            return ids[0] if ids else None
        ids = [item.generation_request_id for item in items if _has_inputs(item, self.operation)]
        if len(ids) > 1:
            raise self._unsure(record, f"{len(ids)} generations have its inputs: {', '.join(ids)}.")
        return ids[0] if ids else None

    def _unsure(self, record: Record, why: str) -> SubmissionUnsureError:
        sought = f"the marker {record.marker} in the notes" if self.policy.marker else "the same inputs"
        return SubmissionUnsureError(
            " ".join(filter(None, ("An earlier attempt may have created this generation.", why))),
            asked=self.operation.asked,
            credit=Credit.UNKNOWN,
            advice=f"Look in Getty's generation history for {sought}. If it is there, clearing this task adopts it; "
            'if not, or if a second credit does not matter, clear it with on_unsure_submission="resubmit".',
        )


def _has_inputs(item: HistoryItem, operation: GeneratingOperation) -> bool:
    """Whether what the history shows of a generation contradicts none of the inputs."""
    published = {other.generation_type for other in GENERATING.values()} - {None}
    if operation.generation_type and item.generation_type in published - {operation.generation_type}:
        return False
    asked = operation.model_dump(mode="json")
    if "reference_generation" in asked:
        asked |= asked["reference_generation"] or {"generation_request_id": None, "index": None}
    shown = item.model_dump(
        include={"prompt", "negative_prompt", "seed", "notes", "product_id", "project_code"}
    )
    if item.generation_options:
        shown |= item.generation_options.model_dump()
    if item.original_asset:
        shown["image_id"] = item.original_asset.id
    if source := item.source_generation_request:
        shown["generation_request_id"] = source.source_generation_request_id
        shown["index"] = source.source_generation_result_index
    return all(
        value in (None, "", asked[name]) or (asked[name] is None and name in _FILLED_IN)
        for name, value in shown.items()
        if name in asked  # a variation, for example, may be shown with the prompt of its original
    )


def _with_marker(notes: str | None, marker: str) -> str:
    return f"{notes} [{marker}]" if notes else marker


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
