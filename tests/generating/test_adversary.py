"""A machine looks for a sequence of tries, kills, freezes, clears, deploys and lost answers that pays twice unsaid.

``make adversary`` runs it for long; ``ADVERSARY_EXAMPLES`` says how long.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_getty.api.errors import (
    Credit,
    GettyError,
    NoAnswerError,
    QuotaExceededError,
    ServerError,
    SubmissionSupersededError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.operations import GeneratingOperation, Refine
from airflow_provider_getty.api.results import HistoryItem, OriginalAsset, Pending
from airflow_provider_getty.generating.claim import TRUSTED_FOR, Claim
from airflow_provider_getty.generating.record import Policy, Record, Task
from airflow_provider_getty.generating.steps import LookUp, Post, Save, Say, Upload, Wait
from airflow_provider_getty.generating.submission import Submission

LAG = 60.0
EXAMPLES = int(os.environ.get("ADVERSARY_EXAMPLES", "150"))

NOTES: dict[str, Callable[[str], str | None]] = {
    "kept": str,
    "cut at 100": lambda notes: notes[:100],
    "lower-cased": str.lower,
    "letters only": lambda notes: "".join(filter(str.isalnum, notes)),
    "dropped": lambda _: None,
}


@dataclass
class Memory:
    """The task state store."""

    record: Record | None = None

    def load(self) -> Record | None:
        return self.record

    def save(self, record: Record | None) -> None:
        self.record = record


@dataclass
class Process:
    """A try of the task, wherever it runs; one that takes no steps is frozen, or cut off from Airflow."""

    claim: Claim
    steps: Any = None
    reply: Any = None
    step: Any = None
    said: list[str] = field(default_factory=list)
    end: Any = None


class OneTask(RuleBasedStateMachine):
    """One task, its store, and Getty."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000_000.0
        self.store = Memory()
        self.processes: list[Process] = []
        self.max_tries = self.retries = 1
        self.try_number = 0
        self.prompt, self.account = "a boat", "one"
        self.created: list[tuple[float, HistoryItem]] = []
        self.lost = 0
        """Answers that no try has received."""
        self.reasons = 1
        """Why one may pay for a generation: the first, after a delivery and a clear, for other inputs."""
        self.messages: list[str] = []
        self.is_cleared_after_delivery = False

    @initialize(notes=st.sampled_from(list(NOTES)), lag=st.sampled_from([0.0, 20.0, 59.0, 200.0, 1e9]))
    def getty(self, notes: str, lag: float) -> None:
        """A Getty that shows notes and generations in its own way."""
        self.alter, self.lag = NOTES[notes], lag
        self.marker, self.on_unsure = True, "fail"

    # What Airflow and people do

    @rule()
    def start_a_try(self) -> None:
        """A retry by Airflow, which has given the last try up; that one may still be alive."""
        self.try_number += 1
        self.now += 2 * TRUSTED_FOR  # Airflow is not faster than that
        process = Process(Claim(self.store, lambda: self.now))
        submission = Submission(
            task=Task(
                dag_id="d",
                run_id="r",
                task_id="t",
                map_index=-1,
                round=self.max_tries,
                try_number=self.try_number,
            ),
            operation=Refine(image_id="1", mask_url="-", prompt=self.prompt, notes="x" * 90),
            policy=Policy(marker=self.marker, history_lag=LAG, on_unsure=self.on_unsure),  # type: ignore[arg-type]
            account=self.account,
            inputs="mask",
            deadline=self.now + 3600,
            clock=lambda: self.now,
            jitter=lambda: 0.5,
        )
        process.steps = submission.submit(process.claim.load())
        self.processes.append(process)

    @rule(retries=st.integers(0, 3))
    def deploy(self, retries: int) -> None:
        """A DAG file with another number of retries: of a try that runs, nothing changes."""
        self.retries = retries

    @rule()
    def clear(self) -> None:
        """A person clears the task, which delivers it to another round."""
        if self.store.record and self.store.record.delivered:
            self.is_cleared_after_delivery = True
        self.max_tries = self.try_number + self.retries

    @rule(prompt=st.sampled_from(["a boat", "a cat"]), account=st.sampled_from(["one", "other"]))
    def change(self, prompt: str, account: str) -> None:
        """Other inputs, or a connection that names another account."""
        if (prompt, account) != (self.prompt, self.account):
            self.reasons += 1
        self.prompt, self.account = prompt, account

    @rule(seconds=st.sampled_from([1.0, 10.0, 61.0, 400.0]))
    def let_time_pass(self, seconds: float) -> None:
        """Everybody who takes no step is frozen for so long."""
        self.now += seconds

    @precondition(lambda self: self.processes)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """SIGKILL."""
        process = data.draw(st.sampled_from(self.processes))
        self.processes.remove(process)

    @precondition(lambda self: self.processes)
    @rule(
        data=st.data(),
        steps=st.integers(1, 60),
        fate=st.sampled_from(["answered"] * 3 + ["lost", "done", "no"]),
    )
    def run(self, data: st.DataObject, steps: int, fate: str) -> None:
        """Let a process do some steps; the last one started, more often than not."""
        process = data.draw(st.sampled_from([*self.processes, *self.processes[-1:] * 3]))
        for _ in range(steps):
            if process not in self.processes:
                return
            self._advance(process, fate)

    def _advance(self, process: Process, fate: str) -> None:
        steps = process.steps
        try:
            step = (
                steps.throw(process.reply)
                if isinstance(process.reply, GettyError)
                else steps.send(process.reply)
            )
        except StopIteration as stop:
            return self._ended(process, stop.value.generation_request_id)
        except GettyError as error:
            return self._ended(process, error)
        try:
            process.reply = self._do(step, process, fate)
        except GettyError as error:
            process.reply = error
        return None

    def _do(self, step: Any, process: Process, fate: str) -> Any:
        match step:
            case Save(record):
                return process.claim.save(record)
            case Upload():
                return {"mask_url": f"https://getty/{self.now}.jpg"}
            case Post(operation):
                process.claim.check()
                return self._post(operation, fate)
            case LookUp(since):
                shown = [item for at, item in self.created if since <= at <= self.now - self.lag]
                return shown[::-1]
            case Wait(seconds):
                self.now += seconds
            case Say(message):
                self.messages.append(message)
        return None

    def _post(self, operation: GeneratingOperation, fate: str) -> Pending:
        if fate == "no":
            raise QuotaExceededError("no credits", status=403)
        if fate == "lost":
            self.lost += 1
            raise ServerError("503", status=503, credit=Credit.UNKNOWN)
        item = HistoryItem(
            generation_request_id=f"generation-{len(self.created) + 1}",
            generation_type="refine",
            prompt=operation.prompt,  # type: ignore[attr-defined]
            notes=operation.notes and self.alter(operation.notes),
            original_asset=OriginalAsset(id="1"),
        )
        self.created.append((self.now, item))
        self.sent.append((operation.notes or "", self.max_tries))
        if fate == "done":
            self.lost += 1
            raise NoAnswerError("cut", credit=Credit.UNKNOWN)
        return Pending(generation_request_id=item.generation_request_id)

    @property
    def sent(self) -> list[tuple[str, int]]:
        """Of what was created: the notes, and the round."""
        return self.__dict__.setdefault("_sent", [])  # type: ignore[no-any-return]

    def _ended(self, process: Process, end: str | GettyError) -> None:
        is_last = process is self.processes[-1]
        self.processes.remove(process)
        if isinstance(end, GettyError):
            self.messages.append(str(end))
            if is_last and isinstance(end, SubmissionUnsureError) and self.store.record:
                assert self.store.record.charges in str(end)
            assert isinstance(end, SubmissionUnsureError | SubmissionSupersededError | QuotaExceededError)
            return
        record = self.store.record
        if not is_last or record is None or record.generation_request_id != end:
            return
        created = sum(record.marker in notes for notes, _ in self.sent)
        assert record.charged <= created <= record.charged + record.unknown, (
            "what is reported is what is true"
        )
        if self.is_cleared_after_delivery:
            self.reasons += 1
            self.is_cleared_after_delivery = False
        self.store.record = replace(record, delivered=True)

    # What must hold

    @invariant()
    def a_round_pays_for_one_and_for_one_ambiguity(self) -> None:
        """Of one submission, no round creates more than two generations, whatever answers are lost."""
        markers = Counter((notes.split(" ")[0], round_) for notes, round_ in self.sent)
        assert all(count <= 2 for count in markers.values()), markers

    @invariant()
    def nothing_that_is_paid_for_is_lost_without_a_word(self) -> None:
        """A generation is in the store, looked for by the store's record, or named in a message."""
        record, said = self.store.record, "\n".join(self.messages)
        for (_, item), (notes, _) in zip(self.created, self.sent, strict=True):
            marker = notes.partition(" | ")[0]
            is_known = record is not None and (
                item.generation_request_id in (record.generation_request_id, record.previous)
                or (record.marker == marker and record.unknown)
            )
            is_said = item.generation_request_id in said or marker in said or "unknown" in said
            was_answered = any(process.reply and not process.end for process in self.processes)
            assert is_known or is_said or was_answered, item


TestOneTask = OneTask.TestCase
TestOneTask.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
