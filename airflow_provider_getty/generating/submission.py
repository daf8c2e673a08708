"""Never pay twice: the rules by which a task submits its generation once, whatever dies on the way.

Getty's API has neither an idempotency key nor a way to cancel. So a task keeps a :class:`.record.Record` in Airflow's
task state store: before it submits its intent, with a marker that it also sends in ``notes``; afterwards the
generation's id. The next try of the task adopts what was submitted, by the id or, if that was lost, by the marker in
Getty's generation history. It submits again only if it is certain that nothing was created, and only once in a round;
if that cannot be known, it fails and says so.

Nothing here does I/O. :meth:`Submission.submit` is a generator: it yields steps, and is sent the outcome of each.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from secrets import token_hex

from airflow_provider_getty.api.errors import (
    BadRequestError,
    ConcurrentGenerationsError,
    Credit,
    GettyError,
    RateLimitError,
    SubmissionSupersededError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.operations import GeneratingOperation
from airflow_provider_getty.api.patience import Patience
from airflow_provider_getty.api.polling import CERTAIN_AFTER
from airflow_provider_getty.api.results import Generation, Pending
from airflow_provider_getty.generating.claim import TRUSTED_FOR
from airflow_provider_getty.generating.history import LOOK_BACK, Found, marker_of, search, with_marker
from airflow_provider_getty.generating.record import MAX_UNKNOWN, Policy, Record, Task, fingerprint
from airflow_provider_getty.generating.steps import LookUp, Post, Save, Say, Steps, Upload, Wait

_MAX_REFUSALS = 2
"""How many 429s without a named limit a task accepts before it waits without its worker. An excess of requests is over
after a second; a repeated 429 means that too many generations are pending."""
_LOOK_AGAIN_IN = 3.0
_NAMELESS = "The history shows a generation with its marker, but without an id."


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One task's way to its generation.

    :param operation: the operation, before its mask is uploaded.
    :param policy: the user's choices.
    :param deadline: when to stop waiting for refusals and uncertainty to pass (Unix time).
    :param clock: returns the present (Unix time).
    :param monotonic: returns seconds that nobody can set. None: ``clock``.
    :param account: see :func:`.record.account_digest`.
    :param inputs: the digest of the mask to upload; see :attr:`.request.Request.inputs`.
    :param ahead: returns the seconds by which the clock is ahead of Getty's, as far as known.
    :param has_store: whether records are stored; only then does the marker have a random part.
    :param waits_for_slot: whether to wait, instead of raising, while the account has too many generations pending.
    :param owner: a random name of this submission.
    :param jitter: returns random numbers from 0 to 1.
    """

    task: Task
    operation: GeneratingOperation
    policy: Policy
    deadline: float
    clock: Callable[[], float]
    monotonic: Callable[[], float] | None = None
    account: str = ""
    inputs: str = ""
    ahead: Callable[[], float]
    has_store: bool
    waits_for_slot: bool
    owner: str = field(default_factory=lambda: token_hex(8))
    jitter: Callable[[], float] = random.random

    def submit(self, record: Record | None) -> Steps[Pending | Generation]:
        """Submit the operation, or adopt what an earlier attempt submitted.

        :param record: the stored record of this task, if any.
        :return: Getty's answer; a ``Pending`` for an adopted generation.
        :raises SubmissionUnsureError: it is unknown whether a generation was created.
        :raises SubmissionSupersededError: another process submits for this task.
        :raises GettyError: the upload or the submission failed, and no credit was used.
        """
        ours = self._new(record)
        if record is None and self.task.earlier is not None:
            # Without a store, an earlier try of this round may have sent the same request.
            record = replace(ours, intended=self.task.earlier, attempts=1, unknown=1)
        if record:
            reason = self._not_adopted(record, ours)
            if not reason:
                return (yield from self._take_over(record))
            if record.generation_request_id or record.unknown:
                yield Say(reason, is_warning=not record.delivered)
        return (yield from self._create(ours, if_refused=record and replace(record, owner=self.owner)))

    def _new(self, former: Record | None) -> Record:
        asked = fingerprint(self.operation, self.inputs)
        return Record(
            fingerprint=asked,
            account=self.account,
            marker=marker_of(self.task, asked, self.owner if self.has_store else ""),
            round=self.task.round,
            try_number=self.task.try_number,
            owner=self.owner,
            intended=0.0,
            previous=former.generation_request_id if former else None,
        )

    def _not_adopted(self, record: Record, ours: Record) -> str:
        """Why this task does not adopt what the record describes; empty if it does."""
        generation = record.generation_request_id
        what = f"Generation {generation}" if generation else "An earlier attempt"
        marked = f" with the marker {record.marker}" if record.unknown else ""
        left = f"{what}{marked} is left behind"
        if record.account != ours.account:
            return f"The connection names another Getty account now. {left} ({record.charges})."
        if record.fingerprint != ours.fingerprint:
            return f"The inputs have changed. {left} ({record.charges})."
        if record.delivered and record.is_before_a_clear(self.task):
            return f"The task has returned generation {generation} and was cleared: it makes a new one."
        return ""

    def _take_over(self, record: Record) -> Steps[Pending | Generation]:
        """Adopt what the record describes; create it if it is certain that nothing was created."""
        is_new_round = record.is_before_a_clear(self.task)
        record = replace(
            record,
            owner=self.owner,
            round=self.task.round,
            try_number=self.task.try_number,
            attempts=0 if is_new_round else record.attempts,
        )
        # From here on, no other process submits with this record.
        yield Save(record)
        if record.generation_request_id:
            yield Say(
                f"Adopting generation {record.generation_request_id}, which an earlier try submitted: "
                "it costs no further credit."
            )
            return Pending(generation_request_id=record.generation_request_id)
        try:
            # The former owner may still send while it counts the record as unchanged.
            adopted = yield from self._look_up(record, max(TRUSTED_FOR, self.policy.history_lag))
        except SubmissionUnsureError:
            if self.policy.on_unsure == "fail":
                raise
            adopted = None
        return adopted or (yield from self._create(record, if_refused=record))

    def _create(self, record: Record, *, if_refused: Record | None) -> Steps[Pending | Generation]:
        """Submit, and again if the first attempt is lost and it is certain that it created nothing.

        :param if_refused: the record to store if nothing was created: it may hold an earlier generation.
        """
        is_second_upload = False
        while True:
            if record.attempts >= MAX_UNKNOWN:
                raise self._unsure(record, f"{record.attempts} requests were sent without an answer.")
            attempt = replace(
                record,
                attempts=record.attempts + 1,
                unknown=record.unknown + 1,
                intended=record.intended or self.clock(),
            )
            try:
                answer = yield from self._attempt(attempt, if_refused)
            except BadRequestError as error:
                # The mask may have expired while the task waited; it is uploaded again under a new name.
                if is_second_upload or not self.inputs or "mask" not in error.problem:
                    raise self._with_earlier(error, if_refused) from None
                is_second_upload = True
                continue
            except GettyError as error:
                raise self._with_earlier(error, if_refused) from None
            if answer:
                return answer
            record = if_refused = attempt
            adopted = yield from self._after_a_lost_answer(record)
            if adopted:
                return adopted

    @staticmethod
    def _with_earlier(error: GettyError, earlier: Record | None) -> GettyError:
        """The error of a request that used no credit, while an earlier one did, or may have."""
        is_half_true = error.credit is Credit.UNUSED and earlier is not None and earlier.is_owed
        return error.with_context(credit=Credit.EARLIER) if is_half_true else error

    def _attempt(self, attempt: Record, if_refused: Record | None) -> Steps[Pending | Generation | None]:
        """Submit; None if it is unknown whether that created a generation."""
        operation = self.operation.model_copy(update=(yield Upload()))
        if self.policy.marker:
            operation = operation.model_copy(update={"notes": with_marker(operation.notes, attempt.marker)})
        yield Save(attempt)
        # Without a store, only this process knows of requests that got no answer.
        leaves = not self.waits_for_slot and (
            self.has_store or attempt.attempts == 1 or self.task.earlier is not None
        )
        patience = Patience(self.deadline, (ConcurrentGenerationsError,) if leaves else ())
        failures = 0
        while True:
            try:
                answer: Pending | Generation = yield Post(operation)
            except SubmissionSupersededError:
                raise
            except GettyError as error:
                if error.credit is Credit.UNKNOWN:
                    yield Say(f"{error} Looking it up in the generation history.", is_warning=True)
                    return None
                failures += 1
                delay = patience.after(error, failures, now=self.clock(), jitter=self.jitter())
                may_be_full = failures >= _MAX_REFUSALS and isinstance(error, RateLimitError)
                if delay is not None and not (leaves and may_be_full):
                    yield Say(f"{error} Next attempt in {delay:.1f} s.", is_warning=True)
                    yield Wait(delay, refusal=error)
                    continue
                is_worth_keeping = if_refused and (if_refused.generation_request_id or if_refused.unknown)
                yield Save(if_refused if is_worth_keeping else None, is_needed=False)
                raise
            return (yield from self._known(attempt, (answer.generation_request_id,), answer))

    def _known(
        self, record: Record, ids: tuple[str, ...], answer: Pending | Generation
    ) -> Steps[Pending | Generation]:
        """Store the generations that the record's requests have created."""
        answered = min(len(ids), record.unknown)
        record = replace(
            record,
            generation_request_id=ids[0],
            charged=len(ids),
            unknown=record.unknown - answered,
            attempts=max(0, record.attempts - answered),
        )
        try:
            yield Save(record)
        except SubmissionSupersededError as error:
            raise SubmissionSupersededError(
                f"Generation {ids[0]} was created, but {error.problem[0].lower()}{error.problem[1:]}",
                asked=self.operation.asked,
                credit=Credit.COMMITTED,
                advice=f"That try finds it by the marker {record.marker} in Getty's history.",
            ) from None
        if len(ids) > 1 or record.unknown:
            yield Say(
                f"More than one credit may have been used ({self._counted(record)}). The generations are "
                f"{', '.join(ids)}; others, if any, have the marker {record.marker} in Getty's history.",
                is_warning=True,
            )
        return answer

    def _after_a_lost_answer(self, record: Record) -> Steps[Pending | Generation | None]:
        try:
            adopted = yield from self._look_up(record, self.policy.history_lag)
        except SubmissionUnsureError:
            if self.policy.on_unsure == "fail" or record.attempts >= MAX_UNKNOWN:
                raise
            return None
        if adopted is None and self.clock() >= self.deadline:
            raise self._unsure(record, "The history does not show it, but the deadline has passed.")
        return adopted

    def _look_up(self, record: Record, certain_after: float) -> Steps[Pending | Generation | None]:
        """Find the generation in the history; None if it is certain that nothing was created.

        As nothing more is sent with this record, any generation of it will be in the history after some time.

        :param certain_after: seconds from now after which the history is certain.
        :raises SubmissionUnsureError: it cannot be known.
        """
        began = self._times()
        give_up_at = self.deadline
        if self.policy.on_unsure == "resubmit":
            give_up_at = min(give_up_at, began[0] + certain_after)
        refused_since: float | None = None
        while True:
            trouble: GettyError | None = None
            found = Found()
            # A slow answer shows the state before the request, and a clock that was set forward proves nothing.
            waited = min(now - then for now, then in zip(self._times(), began, strict=True))
            # A clock behind Getty's does no harm, and a wrong clock of Getty's must not hide anything.
            sought = replace(record, intended=record.intended - max(0.0, self.ahead()))
            try:
                items = yield LookUp(since=sought.intended - LOOK_BACK)
            except GettyError as error:
                trouble = error
            else:
                found = search(items, sought, self.operation, by_marker=self.policy.marker)
                if ours := self._ours(record, found):
                    yield Say(
                        f"Adopting generation {ours[0]}, which an earlier request created: it costs no further credit."
                    )
                    return (yield from self._known(record, ours, Pending(generation_request_id=ours[0])))
            now = self.clock()
            if trouble is None and waited >= certain_after:
                if found.alike or found.is_nameless:
                    raise self._unsure(record, _NAMELESS, alike=found.alike)
                return None
            # A refusal may be a mistake of Getty's: like that of a poll, it counts once it is repeated.
            is_refused = trouble is not None and not trouble.may_retry
            refused_since = (now if refused_since is None else refused_since) if is_refused else None
            if now >= give_up_at or (refused_since is not None and now >= refused_since + CERTAIN_AFTER):
                raise self._unsure(
                    record,
                    f"The history could not be read: {trouble.problem}"
                    if trouble
                    else "The deadline passed before the history was certain: allow more than history_lag "
                    f"({self.policy.history_lag:.0f} s).",
                    refusal=trouble,
                )
            yield Wait(_LOOK_AGAIN_IN)

    def _times(self) -> tuple[float, float]:
        return self.clock(), (self.monotonic or self.clock)()

    def _ours(self, record: Record, found: Found) -> tuple[str, ...]:
        """The generations that are certainly the record's."""
        if self.policy.marker:
            return found.ours
        if len(found.ours) > 1:
            raise self._unsure(
                record, f"{len(found.ours)} generations have the same inputs: {', '.join(found.ours)}."
            )
        return () if found.alike else found.ours

    def _counted(self, record: Record) -> str:
        """The charges, certain and possible; without a store, all earlier tries count as one request."""
        return record.charges + ("" if self.task.earlier is None else "; all earlier tries count as one")

    def _unsure(
        self,
        record: Record,
        why: str = "",
        *,
        alike: tuple[str, ...] = (),
        refusal: GettyError | None = None,
    ) -> SubmissionUnsureError:
        if alike:
            why = f"The history shows {', '.join(alike)} with the same inputs, but without the marker."
            look = "Check in Getty's generation history whether it is this task's."
            found = "If it is, collect it with a GenerationSensor"
        else:
            sought = f"the marker {record.marker} in the notes" if self.policy.marker else "the same inputs"
            look = f"Look in Getty's generation history for {sought}."
            found = (
                "If it is there, clearing this task adopts it"
                if self.has_store
                else "If it is there, collect it with a GenerationSensor: cleared, the task submits again, as this "
                "Airflow keeps no state"
            )
        known = f"So far: {self._counted(record)}."
        return SubmissionUnsureError(
            " ".join(filter(None, ("An earlier attempt may have created this generation.", why, known))),
            asked=self.operation.asked,
            credit=Credit.UNKNOWN,
            refusal=refusal,
            advice=f"{look} {found}; if not, or if a second credit does not matter, clear it with "
            'on_unsure_submission="resubmit".',
        )
