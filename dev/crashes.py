"""One run of a refine that is killed at one of its steps, and its final cost."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from getty_emulator.server import Emulator

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.client import GettyClient
from airflow_provider_getty.api.operations import GetDownload
from dev.processes import LOOPBACK, ProcessFailedError

if TYPE_CHECKING:
    from dev.airflow_api import AirflowApi

DAGS = Path(__file__).resolve().parent.parent / "tests" / "system" / "crash_dags"
LATENCY = 8  # seconds; a trigger polls first after 5
UNTIL_KILLED = 3600  # seconds of the emulator's clock, which is advanced after the kill
SLOW = 8  # seconds before the server does the work; less than the history_lag of the DAGs
WORKER = "LocalExecutor"
REFUSED_TRY = 2  # on the same disk, this try cannot open a journal that a frozen process has open
_GENERATION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TRIGGERER = 0  # represents its process in the set of killed processes


@dataclass(frozen=True)
class Form:
    """A way to run a refine.

    :param instances: the number of refines; ``processes``, the number of their tasks.
    :param victim: ``task``: the task's process dies, as from the kernel's out-of-memory killer, and its supervisor
        tells Airflow. ``worker``: the supervisor dies too, as in a machine failure, and Airflow misses heartbeats.
    """

    name: str
    instances: int
    victim: str
    processes: int = 1


FORMS = (
    Form("sync", 1, "worker"),
    Form("deferrable", 1, "task"),
    Form("mapped", 2, "worker", processes=2),
    Form("batch", 2, "worker"),
    Form("batch_on_s3", 2, "worker"),
)
STEPS = {
    "before-upload": "before the upload",
    "after-upload": "after the upload",
    "after-intent": "after the intent was saved",
    "server-works": "while the server is doing the work",
    "after-reply": "after the reply, before the id is stored",
    "after-id": "after the id, before the deferral or wait",
    "while-waiting": "while waiting (if deferred: the triggerer dies)",
    "on-resume": "on resume, with the result in hand",
    "mid-download": "mid-download",
    "host-changed": "after the id, and the connection's host is spelled differently from then on",
    "deployed": "after the delivery, and a deploy changes `retries` from 1 to 3",
    "cleared": "after a success and a clear; a deploy changes `retries` from 1 to 2 (a charge for each round)",
    "frozen": "frozen right before the request, until a retry has sent its own",
    "triggerer-frozen": "while waiting: the triggerer is frozen until another one has taken over",
}
DEPLOYED = {"deployed": 3, "cleared": 2}  # retries; before, 1
WHILE_WAITING = ("while-waiting", "triggerer-frozen")
STEPS_ON_S3 = (
    "after-intent",
    "after-reply",
    "host-changed",
    "deployed",
    "cleared",
    "frozen",
    "triggerer-frozen",
)
LEFT_OUT = {
    ("triggerer-frozen", "sync"),  # it does not wait in a triggerer
    ("cleared", "mapped"),  # Airflow 3.3.2 ended the cleared run without its mapped downloads
}
CELLS = [
    (step, form)
    for step in STEPS
    for form in FORMS
    if (step, form.name) not in LEFT_OUT and (form.name != "batch_on_s3" or step in STEPS_ON_S3)
]
# Each step once, each form several times, within the time budget of the test suite. The slowest come first.
SAMPLE = [
    (step, next(form for form in FORMS if form.name == name))
    for step, name in {
        "cleared": "batch",
        "deployed": "deferrable",
        "frozen": "sync",
        "triggerer-frozen": "batch",
        "after-intent": "batch_on_s3",
        "host-changed": "batch_on_s3",
        "mid-download": "sync",
        "on-resume": "deferrable",
        "before-upload": "sync",
        "after-upload": "mapped",
        "server-works": "deferrable",
        "after-reply": "batch",
        "after-id": "mapped",
        "while-waiting": "deferrable",
    }.items()
]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    :param killed: True if all intended victims were killed.
    :param rounds: how often a user requested each refine.
    :param charges: how often each refine was charged.
    :param tries: the largest number of tries of a task instance.
    :param seconds: from the first kill to the end of the run.
    :param pictures: True if the pictures on disk are complete and correct, one for each refine.
    :param trouble: the logs of the failed tasks.
    """

    killed: bool
    state: str
    rounds: int
    charges: tuple[int, ...]
    tries: int
    seconds: float
    pictures: bool
    trouble: str

    @property
    def is_right(self) -> bool:
        """True if it was killed, charged as often as requested, and delivered."""
        return (
            self.killed
            and self.state == "success"
            and self.pictures
            and bool(self.charges)
            and set(self.charges) == {self.rounds}
        )

    def __str__(self) -> str:
        """Return the text of a cell of the table."""
        if not self.killed:
            return f"NOT KILLED ({self.state})"
        paid = " + ".join(map(str, self.charges)) or "0"
        words = [
            "" if self.state == "success" else self.state.upper(),
            f"{paid} charge{'s' * (paid != '1')}",
            "1 try" if self.tries == 1 else f"{self.tries} tries",
            f"{self.seconds:.0f} s",
            "right picture" + "s" * (sum(self.charges) > 1) if self.pictures else "WRONG PICTURE",
        ]
        return ", ".join(filter(None, words))


@dataclass
class Crash:
    """One run with its own emulator, so that faults and charges belong to this run."""

    form: Form
    step: str
    folder: Path
    getty: Emulator
    dags: Path
    s3: str
    run_id: str = ""
    state: str = "queued"
    _dead: set[int] = field(default_factory=set)
    _frozen: list[psutil.Process] = field(default_factory=list)
    _killed_at: float = 0.0
    _ended_at: float = 0.0

    @classmethod
    def at(cls, step: str, form: Form, folder: Path, dags: Path, s3: str) -> Crash:
        """Prepare a run to be killed at this step.

        :param dags: the folder of DAGs, which the run may change.
        :param s3: the URL of an S3 server.
        """
        getty = Emulator(latency=str(UNTIL_KILLED if step in WHILE_WAITING else LATENCY))
        crash = cls(form, step, folder / f"{form.name}-{step}", getty, dags, s3)
        if step in DEPLOYED:
            crash._deploy(1)
        return crash

    @property
    def dag_id(self) -> str:
        """Return the id of its DAG: a separate DAG if the step changes it."""
        return f"crash_{self.form.name}{f'_{self.step}' * (self.step in DEPLOYED)}"

    @property
    def rounds(self) -> int:
        """Return how often the user requests it."""
        return 2 if self.step == "cleared" else 1

    @property
    def has_stored_connection(self) -> bool:
        """True if its connection is in Airflow's database, because the step changes it."""
        return self.step == "host-changed"

    @property
    def connection(self) -> str:
        """Return the id of the connection to its emulator."""
        return f"getty_{self.form.name}_{self.step}".replace("-", "_")

    @property
    def waits_in_triggerer(self) -> bool:
        """True if the victim is the triggerer instead of a worker."""
        return self.step in WHILE_WAITING and self.form.name != "sync"

    @property
    def killed(self) -> bool:
        """True if all victims have been killed."""
        return len(self._dead) == (1 if self.waits_in_triggerer else self.form.processes)

    @property
    def ended(self) -> bool:
        """True if the run has ended."""
        return self._ended_at > 0

    def start(self, api: AirflowApi) -> None:
        """Start the run."""
        self.folder.mkdir()
        if self.step == "server-works":
            self.getty.fault("slow", "refine", times=self.form.instances, seconds=SLOW)
        if self.has_stored_connection:
            api.put_connection(self.connection, self.getty.connection)
        conf = {"step": self.step, "folder": str(self.folder), "getty": self.connection, "s3": self.s3}
        self.run_id = api.trigger(self.dag_id, conf)

    def is_deferred(self, api: AirflowApi) -> bool:
        """True if all instances of the refine are deferred."""
        tasks = api.task_instances(self.dag_id, self.run_id)
        states = [task.state for task in tasks if task.task_id == "refine"]
        return states == ["deferred"] * self.form.processes

    def kill(self, api: AirflowApi) -> None:
        """Kill the tasks that have reached the step, or wait there for the server."""
        if self.waits_in_triggerer or self.killed:
            return
        pids = [int(file.read_text()) for file in self.folder.glob("*.pid")]
        if not self._server_is_at_work(len(pids)):
            return
        for pid in pids:
            if pid in self._dead or not psutil.pid_exists(pid):
                continue
            if self.step == "frozen":
                self._frozen += _freeze(pid)
            else:
                self._change(api)
                _kill(pid, with_supervisor=self.form.victim == "worker")
            self.was_killed(pid)

    def thaw(self, api: AirflowApi) -> None:
        """Resume frozen processes once a later try has submitted, or could not open their journal."""
        if not (self._frozen and self.killed):
            return
        is_paid = self.getty.ledger()["total"] >= self.form.instances
        tries = [task.try_number for task in api.task_instances(self.dag_id, self.run_id)]
        if is_paid or max(tries) > REFUSED_TRY:
            (self.folder / "go").touch()
            for process in self._frozen:
                process.resume()
            self._frozen = []

    def was_killed(self, pid: int) -> None:
        """Record the victim, and let generations that were to last until the kill complete."""
        self._dead.add(pid)
        self._killed_at = self._killed_at or time.monotonic()
        if self.step in WHILE_WAITING:
            self.getty.advance(UNTIL_KILLED)

    def is_in(self, state: str, api: AirflowApi) -> None:
        """Record the state of the run, and clear it once if the step requires it."""
        cleared = self.folder / "cleared"
        if self.step == "cleared" and state == "success" and not cleared.exists():
            cleared.touch()
            api.clear(self.dag_id, self.run_id)
            return
        self.state = state
        still_there = self.step == "frozen" and any(map(psutil.pid_exists, self._dead))
        if state in {"success", "failed"} and not self.ended and not still_there:
            self._ended_at = time.monotonic()

    def outcome(self, api: AirflowApi) -> Outcome:
        """Return the outcome of the ended run."""
        prompts = {each["generation_request_id"]: each["prompt"] for each in self.getty.generations()}
        charges = Counter(prompts[each["generation_request_id"]] for each in self.getty.ledger()["entries"])
        tasks = api.task_instances(self.dag_id, self.run_id) if self.run_id else []
        tries = [task.try_number for task in tasks]
        return Outcome(
            killed=self.killed,
            state=self.state,
            rounds=self.rounds,
            charges=tuple(charges.values()),
            tries=max(tries, default=0),
            seconds=(self._ended_at or time.monotonic()) - self._killed_at,
            pictures=self._pictures_are_right(prompts),
            trouble=api.failure(self.dag_id, self.run_id) if self.run_id else "It was not started.",
        )

    def _change(self, api: AirflowApi) -> None:
        """Make the step's change before the task is tried again."""
        if self.step in DEPLOYED:
            self._deploy(DEPLOYED[self.step])
        if self.has_stored_connection:
            text = json.dumps(self.getty.connection).replace(LOOPBACK, "localhost")
            api.put_connection(self.connection, json.loads(text))

    def _deploy(self, retries: int) -> None:
        """Change the DAG by changing the file that it reads."""
        new = self.dags / f"{self.dag_id}.new"
        new.write_text(str(retries))
        new.rename(new.with_suffix(".retries"))

    def _server_is_at_work(self, ready: int) -> bool:
        """Whether it is, at the steps where it has to be; when all tasks are ready, they are told to continue there."""
        if self.step not in {"server-works", "while-waiting"}:
            return True
        if ready < self.form.processes:
            return False
        (self.folder / "go").touch()
        requests = self.getty.requests()
        if self.step == "server-works":
            return [each["fault"] for each in requests].count("slow") >= self.form.instances
        return [each["operation"] for each in requests].count("get-generation") > 1

    def _pictures_are_right(self, prompts: dict[str, str]) -> bool:
        """Compare them with the emulator's images of the generations in their names."""
        files = {_GENERATION.findall(file.name)[0]: file for file in (self.folder / "pictures").glob("*.jpg")}
        if {prompts[each] for each in files} != set(prompts.values()) or len(files) != len(prompts):
            return False
        account = Account(
            api_key=self.getty.api_key, api_secret=self.getty.api_secret, base_url=self.getty.url
        )
        with GettyClient(account) as client:
            return all(file.read_bytes() == _picture(client, each) for each, file in files.items())


def _picture(client: GettyClient, generation_request_id: str) -> bytes:
    download = GetDownload(generation_request_id=generation_request_id, index=0)
    ready = client.wait_for(download, deadline=time.time() + 30)
    picture = BytesIO()
    client.fetch_image(ready.url, picture, asked=download.asked)
    return picture.getvalue()


def _kill(pid: int, *, with_supervisor: bool) -> None:
    """Kill a task's supervisor, which could still report the death to Airflow, and then the task's process."""
    if with_supervisor:
        _supervisor(pid).kill()
    psutil.Process(pid).kill()


def _freeze(pid: int) -> list[psutil.Process]:
    """Freeze a task's process and its supervisor, as on a suspended machine."""
    processes = [_supervisor(pid), psutil.Process(pid)]
    for process in processes:
        process.suspend()
    return processes


def _supervisor(pid: int) -> psutil.Process:
    supervisor = psutil.Process(pid).parent()
    if supervisor is None or WORKER not in " ".join(supervisor.cmdline()):
        raise ProcessFailedError(f"Process {pid} is not a task of a worker of the {WORKER}.")
    return supervisor
