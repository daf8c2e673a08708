"""A machine looks for a sequence of tries, kills, freezes, clears, deploys and lost answers that pays twice unsaid.

It plays against the emulator, in this process and without sockets, with the package's own protocol; the emulator's
ledger is the judge. ``make adversary`` runs it for long; ``ADVERSARY_EXAMPLES`` says how long.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from getty_emulator.in_process import Getty
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import (
    AnswerError,
    Credit,
    GettyError,
    SubmissionSupersededError,
    SubmissionUnsureError,
)
from airflow_provider_getty.api.memory import forget
from airflow_provider_getty.api.operations import GENERATING, Generate
from airflow_provider_getty.generating.claim import TRUSTED_FOR, Claim
from airflow_provider_getty.generating.record import Policy, Record, Task, account_digest
from airflow_provider_getty.generating.request import Request
from airflow_provider_getty.generating.steps import Post, Save, Say
from airflow_provider_getty.generating.submission import Submission
from airflow_provider_getty.generating.submitter import Submitter
from airflow_provider_getty.inputs.masks import make_mask
from tests.support.direct_getty import FATES, DirectClient, DirectHook, SettableClock

LAG = 60.0
EXAMPLES = int(os.environ.get("ADVERSARY_EXAMPLES", "60"))
MASK = make_mask([(60, 16, 964, 250)], image_size=(1024, 683))
HOSTS = ("https://api.gettyimages.com", "http://127.0.0.1:8900", "http://localhost:8900")
NOTES = ("kept", "cut", "lower-case", "drop-hash", "drop-non-ascii", "drop")

TROUBLE: list[dict[str, Any]] = [
    {"fault": "refuse", "status": 403},
    {"fault": "server-error", "status": 503},
    {"fault": "html"},
    {"fault": "odd-history-item"},
    {"fault": "odd-pages", "most": 1, "counts": "none"},
    {"fault": "odd-pages", "most": 1, "turns": False},
    {"fault": "nulls"},
]


@dataclass
class Memory:
    """The task state store."""

    record: Record | None = None

    def load(self) -> Record | None:
        return self.record

    def save(self, record: Record | None) -> None:
        self.record = record


@dataclass(eq=False)
class Process:
    """A try of the task, wherever it runs; one that takes no steps is frozen, or cut off from Airflow."""

    claim: Claim
    submitter: Submitter
    task: Task
    steps: Any
    reply: Any = None
    created: int = 0
    """Generations that its requests have created."""


@dataclass(frozen=True)
class Charge:
    """A generation that was paid for: by which request, for which inputs, in which round."""

    id: str
    marker: str
    fingerprint: str
    round: int


class OneTask(RuleBasedStateMachine):
    """One task, its store, and two accounts of Getty."""

    def __init__(self) -> None:
        super().__init__()
        forget()
        self.clock = SettableClock()
        self.stack = ExitStack()
        self.stack.enter_context(clock.replaced_by(self.clock))
        self.store = Memory()
        self.processes: list[Process] = []
        self.max_tries = self.retries = 1
        self.try_number = 0
        self.prompt, self.account, self.host = "a boat", "one", HOSTS[0]
        self.charges: list[Charge] = []
        self.reasons = 1
        """Why one may pay for a generation: the first, after a delivery and a clear, for other inputs."""
        self.messages: list[str] = []
        self.is_cleared_after_delivery = False

    @initialize(
        operation=st.sampled_from(["refine", "generate"]),
        marker=st.sampled_from([True, True, False]),
        notes=st.sampled_from(NOTES),
        lag=st.sampled_from([0, 20, 59, 200, None]),
        skew=st.sampled_from([0, -360, 1800]),
    )
    def begin(self, operation: str, *, marker: bool, notes: str, lag: int | None, skew: int) -> None:
        """Getty shows notes and generations in its own way, by a clock of its own; None: it never shows any."""
        self.operation, self.marker = operation, marker
        self.lasting: list[dict[str, Any]] = []
        if notes != "kept":
            self.lasting.append({"fault": "notes-altered", "change": notes})
        if lag is None:
            self.lasting.append({"fault": "history-hidden"})
        elif lag:
            self.lasting.append({"fault": "history-lag", "seconds": lag})
        self.gettys = {
            key: Getty(strict=True, api_key=f"key-{key}", now=lambda: self.clock.time - skew, seed=number)
            for number, key in enumerate(("one", "other"))
        }
        self.paid = dict.fromkeys(self.gettys, 0)
        for getty in self.gettys.values():
            self._switch_on(getty)

    def teardown(self) -> None:
        """Nothing is left to the next sequence."""
        self.stack.close()

    def _switch_on(self, getty: Getty, **fault: Any) -> None:
        """Make the next submission go wrong, or none."""
        getty.clear_faults()
        for lasting in [*self.lasting, *([fault] if fault else [])]:
            arguments = {"operation": self.operation, "times": 1 if lasting is fault else None} | lasting
            getty.fault(arguments.pop("fault"), **arguments)

    # What Airflow and people do

    @rule()
    def start_a_try(self) -> None:
        """A retry by Airflow, which has given the last try up; that one may still be alive."""
        self.try_number += 1
        self.clock.time += 2 * TRUSTED_FOR  # Airflow is not faster than that
        account = Account(
            api_key=f"key-{self.account}", api_secret="demo-secret", base_url=self.host,
            token_url=f"{self.host}/oauth2/token",
        )  # fmt: skip
        hook: Any = DirectHook(DirectClient(self.gettys[self.account], account))
        written = {"prompt": self.prompt, "notes": "x" * 90}
        if self.operation == "refine":
            written |= {"image_id": "1473240153", "mask_url": account.uploads_url}
        request = Request(GENERATING[self.operation](**written), MASK if self.operation == "refine" else None)
        task = Task(
            dag_id="d",
            run_id="r",
            task_id="t",
            map_index=-1,
            round=self.max_tries,
            try_number=self.try_number,
        )
        policy = Policy(marker=self.marker, history_lag=LAG)
        submitter = Submitter(request, hook, policy, self.clock.time + 3600)
        claim = Claim(self.store, self.clock.now)
        steps = Submission(
            task=task,
            operation=request.operation,
            inputs=request.inputs,
            account=account_digest(account),
            policy=policy,
            deadline=submitter.deadline,
            clock=self.clock.now,
            ahead=lambda: hook.client.ahead_of_getty,
            has_store=True,
            waits_for_slot=True,
            jitter=lambda: 0.5,
        ).submit(claim.load())
        self.processes.append(Process(claim, submitter, task, steps))

    @rule(retries=st.integers(0, 3))
    def deploy(self, retries: int) -> None:
        """A DAG file with another number of retries: of a try that runs, nothing changes."""
        self.retries = retries

    @rule()
    def clear(self) -> None:
        """A person clears the task, which delivers it to another round."""
        if self.store.record and self.store.record.delivered:
            self.reasons += not self.is_cleared_after_delivery
            self.is_cleared_after_delivery = True
        self.max_tries = self.try_number + self.retries

    @rule(prompt=st.sampled_from(["a boat", "a cat"]), account=st.sampled_from(["one", "one", "other"]))
    def change(self, prompt: str, account: str) -> None:
        """Other inputs, or a connection that names another account."""
        if (prompt, account) != (self.prompt, self.account):
            self.reasons += 1
        self.prompt, self.account = prompt, account

    @rule(host=st.sampled_from(HOSTS))
    def spell_the_host_otherwise(self, host: str) -> None:
        """A connection, or a pool of workers, with another name of the same server."""
        self.host = host

    @rule(seconds=st.sampled_from([1.0, 10.0, 61.0, 400.0]))
    def let_time_pass(self, seconds: float) -> None:
        """Everybody who takes no step is frozen for so long."""
        self.clock.time += seconds

    @precondition(lambda self: self.marker)
    @rule(
        prompt=st.sampled_from(["a boat", "a cat"]),
        notes=st.sampled_from(["", "airflow:0123456789abcdef d.u"]),
    )
    def somebody_else_generates(self, prompt: str, notes: str) -> None:
        """The same account makes the same picture, with other notes."""
        account = Account(
            api_key="key-one",
            api_secret="demo-secret",
            base_url=HOSTS[0],
            token_url=f"{HOSTS[0]}/oauth2/token",
        )
        self._switch_on(self.gettys["one"])
        DirectClient(self.gettys["one"], account).ask(Generate(prompt=prompt, notes=notes))
        self.paid["one"] += 1

    @rule(trouble=st.sampled_from(TROUBLE), times=st.sampled_from([1, 3, 100]))
    def the_history_is_in_trouble(self, trouble: dict[str, Any], times: int) -> None:
        """For some look-ups, which may be fewer: another submission ends it."""
        arguments = dict(trouble)
        self.gettys[self.account].fault(
            arguments.pop("fault"), "generation-history", times=times, **arguments
        )

    @precondition(lambda self: self.store.record and self.store.record.generation_request_id)
    @rule()
    def getty_does_not_know_it(self) -> None:
        """A poll was answered 404 until it was believed."""
        if self.store.record and not self.store.record.delivered and not self.processes:
            self.store.record = self.store.record.doubted

    @precondition(lambda self: self.processes)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        """SIGKILL."""
        self.processes.pop(data.draw(st.integers(0, len(self.processes) - 1)))

    @precondition(lambda self: self.processes)
    @rule(
        data=st.data(),
        steps=st.integers(1, 100),
        fate=st.sampled_from(["answered", "answered", "lost", "done", "refused"]),
    )
    def run(self, data: st.DataObject, steps: int, fate: str) -> None:
        """Let a process do some steps; the last one started, more often than not."""
        process = self.processes[min(data.draw(st.integers(0, 5)), len(self.processes) - 1)]
        fault = data.draw(st.sampled_from(FATES[fate]))
        for _ in range(steps):
            if process not in self.processes:
                return
            self._advance(process, fault)

    def _advance(self, process: Process, fault: dict[str, Any]) -> None:
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
        if isinstance(step, Say):
            self.messages.append(step.message)
        if isinstance(step, Post):
            self._switch_on(process.submitter.hook.client.getty, **fault)  # type: ignore[attr-defined]
        seen = process.claim._seen
        try:
            process.reply = process.submitter._do(step, process.claim, process.task)
        except GettyError as error:
            process.reply = error
        if isinstance(step, Save):
            seen = step.record
        self._account(process, seen)
        return None

    def _account(self, process: Process, record: Record | None) -> None:
        """Look into the ledgers for what was paid since."""
        for key, getty in self.gettys.items():
            entries = getty.ledger()["entries"]
            for entry in entries[self.paid[key] :]:
                assert record, "who sends has a record"
                process.created += 1
                generation = entry["generation_request_id"]
                self.charges.append(Charge(generation, record.marker, record.fingerprint, process.task.round))
            self.paid[key] = len(entries)

    def _ended(self, process: Process, end: str | GettyError) -> None:
        # Airflow takes no result of a try that it, or a person, has given up.
        is_last = process.task.try_number == self.try_number and process.task.round == self.max_tries
        self.processes.remove(process)
        record = self.store.record
        if isinstance(end, GettyError):
            self.messages.append(str(end))
            if is_last and isinstance(end, SubmissionUnsureError) and record:
                assert record.charges in str(end)
            assert isinstance(end, SubmissionUnsureError | SubmissionSupersededError | AnswerError)
            if end.credit is Credit.UNUSED:
                assert not process.created, "no message claims what is not true"
            return
        if not is_last or record is None or record.generation_request_id != end:
            return
        created = sum(record.marker == charge.marker for charge in self.charges)
        # Without a marker, one that the task made before for the same inputs cannot be told from it.
        adoptable = created if self.marker else sum(c.fingerprint == record.fingerprint for c in self.charges)
        assert created <= record.charged + record.unknown, "what is reported is what is true"
        assert record.charged <= adoptable, "what is reported is what is true"
        assert end in [charge.id for charge in self.charges], "it is the task's own"
        self.is_cleared_after_delivery = False
        self.store.record = replace(record, delivered=True)

    # What must hold

    @invariant()
    def a_round_pays_for_one_and_for_one_ambiguity(self) -> None:
        """Of one submission, no round creates more than two generations, whatever answers are lost."""
        counts = Counter((charge.marker, charge.round) for charge in self.charges)
        assert all(count <= 2 for count in counts.values()), counts

    @invariant()
    def a_submission_is_made_for_a_reason(self) -> None:
        """As many as there are reasons: the inputs, the account, a result that was returned and a clear."""
        assert len({charge.marker for charge in self.charges}) <= self.reasons

    @invariant()
    def nothing_that_is_paid_for_is_lost_without_a_word(self) -> None:
        """A generation is in the store, looked for by the store's record, or named in a message."""
        record, said = self.store.record, "\n".join(self.messages)
        for charge in self.charges:
            is_known = record is not None and (
                charge.id in (record.generation_request_id, record.previous)
                or (record.marker == charge.marker and record.unknown)
            )
            is_said = charge.id in said or charge.marker in said
            is_under_way = any(process.reply for process in self.processes)
            assert is_known or is_said or is_under_way, charge


TestOneTask = OneTask.TestCase
TestOneTask.settings = settings(max_examples=EXAMPLES, stateful_step_count=40, deadline=None)
