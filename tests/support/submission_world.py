"""A small Getty and a small Airflow that simulate the rules of submission."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum, auto
from itertools import count
from typing import Any

from airflow_provider_getty.api.errors import (
    BadRequestError,
    ConcurrentGenerationsError,
    Credit,
    NoAnswerError,
    PermissionDeniedError,
    QueriesPerSecondError,
    ServerError,
    SubmissionSupersededError,
)
from airflow_provider_getty.api.operations import GeneratingOperation, Refine
from airflow_provider_getty.api.results import HistoryItem, OriginalAsset, Pending
from airflow_provider_getty.generating.record import Policy, Record, Task
from airflow_provider_getty.generating.steps import LookUp, Post, Save, Say, Upload, Wait
from airflow_provider_getty.generating.submission import Submission

LAG = 60.0


class Fate(Enum):
    """The fate of a POST."""

    ANSWERED = auto()
    REFUSED = auto()
    LOST_BEFORE_THE_WORK = auto()
    LOST_AFTER_THE_WORK = auto()
    MASK_REFUSED = auto()
    FULL = auto()
    SUPERSEDED = auto()
    """It is not sent: another process has taken the task over."""


class Killed(BaseException):
    """SIGKILL."""


@dataclass
class Getty:
    """Creates generations, which appear in its history some seconds later."""

    lag: float = 0.0
    now: float = 1_000_000.0
    created: list[tuple[float, HistoryItem]] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    history_is_forbidden: bool = False
    history_is_down: bool = False
    drops_notes: bool = False
    posts: int = 0
    ids: Any = field(default_factory=lambda: (f"generation-{number}" for number in count(1)))

    def post(self, operation: GeneratingOperation) -> Pending:
        self.posts += 1
        fate = self.fates.pop(0) if self.fates else Fate.ANSWERED
        if fate is Fate.REFUSED:
            raise QueriesPerSecondError("Too Many Requests", status=429)
        if fate is Fate.FULL:
            raise ConcurrentGenerationsError("Too many generations are pending", status=429)
        if fate is Fate.SUPERSEDED:
            raise SubmissionSupersededError("Another try has taken over.")
        if fate is Fate.MASK_REFUSED:
            raise BadRequestError("mask_url: the upload has expired", status=400)
        if fate is Fate.LOST_BEFORE_THE_WORK:
            raise NoAnswerError("cut", credit=Credit.UNKNOWN)
        item = HistoryItem(
            generation_request_id=next(self.ids),
            generation_date=datetime.fromtimestamp(self.now, UTC),
            notes=None if self.drops_notes else operation.notes,
            generation_type=operation.generation_type,
            prompt=getattr(operation, "prompt", None),
            original_asset=OriginalAsset(id=operation.image_id) if isinstance(operation, Refine) else None,
        )
        self.created.append((self.now, item))
        if fate is Fate.LOST_AFTER_THE_WORK:
            raise NoAnswerError("cut", credit=Credit.UNKNOWN)
        return Pending(generation_request_id=item.generation_request_id)

    def history(self, since: float) -> list[HistoryItem]:
        if self.history_is_forbidden:
            raise PermissionDeniedError("no", status=403)
        if self.history_is_down:
            raise ServerError("down", status=503)
        return [item for at, item in reversed(self.created) if since <= at <= self.now - self.lag]

    @property
    def charges(self) -> int:
        return len(self.created)


@dataclass
class Airflow:
    """Runs the task, one try at a time, with or without a state store."""

    getty: Getty
    has_store: bool = True
    policy: Policy = field(default_factory=lambda: Policy(history_lag=LAG))
    operation: GeneratingOperation = field(
        default_factory=lambda: Refine(image_id="1", mask_url="-", prompt="a boat")
    )
    patience: float = 3600.0
    waits_for_slot: bool = True
    account: str = ""
    store: Record | None = None
    round: int = 0
    first_began: float | None = None
    tries: int = 0
    said: list[str] = field(default_factory=list)
    warned: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    store_fails: bool = False
    clock_set_by: float = 0.0
    """Seconds by which the worker's clock was changed."""
    ahead: float = 0.0
    """Seconds by which the worker's clock is ahead of Getty's, as Getty's answers show."""

    def run(self, *, killed_at: int | None = None) -> str:
        """A try that is killed before the step with this number, or right after the step's effect on Getty."""
        getty = self.getty
        self.tries += 1
        task = Task(
            dag_id="dag", run_id="run", task_id="task", map_index=-1, round=self.round,
            try_number=self.tries, earlier=None if self.has_store else self.first_began,
        )  # fmt: skip
        self.first_began = self.first_began or getty.now
        submission = Submission(
            task=task,
            operation=self.operation,
            policy=self.policy,
            inputs="a digest of the mask",
            deadline=getty.now + self.patience,
            clock=lambda: getty.now + self.clock_set_by,
            monotonic=lambda: getty.now,
            ahead=lambda: self.ahead,
            has_store=self.has_store,
            waits_for_slot=self.waits_for_slot,
            account=self.account,
        )
        steps = submission.submit(self.store if self.has_store else None)
        reply: Any = None
        for number in count():
            try:
                step = steps.throw(reply) if isinstance(reply, Exception) else steps.send(reply)
            except StopIteration as stop:
                return str(stop.value.generation_request_id)
            if isinstance(step, Say):
                (self.warned if step.is_warning else self.said).append(step.message)
                reply = None
                continue
            if number == killed_at:
                raise Killed
            try:
                reply = self._do(step)
            except Exception as error:  # noqa: BLE001 - any error is thrown into the generator
                reply = error
            self.steps.append(type(step).__name__)
            getty.now += 0.5
        raise AssertionError("count() is endless")

    def _do(self, step: Any) -> Any:
        match step:
            case Save(record, is_needed):
                if self.store_fails and is_needed:
                    raise OSError("The store is full.")
                self.store = self.store if self.store_fails else record
            case Upload():
                return {"mask_url": "https://getty/mask.jpg"}
            case Post(operation):
                return self.getty.post(operation)
            case LookUp(since):
                return self.getty.history(since)
            case Wait(seconds):
                self.getty.now += seconds
        return None

    def deliver(self) -> None:
        if self.store:
            self.store = replace(self.store, delivered=True)

    def clear(self) -> None:
        self.round += 1
        self.first_began = None

    def until_it_ends(self, kills: list[int]) -> str:
        """Run tries until one ends; some are killed."""
        for killed_at in kills:
            try:
                return self.run(killed_at=killed_at)
            except Killed:
                self.getty.now += 5
        return self.run()
