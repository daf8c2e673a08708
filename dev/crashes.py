"""One run of a refine that is killed at one of its steps, and what it cost in the end."""

from __future__ import annotations

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
from dev.processes import ProcessFailedError

if TYPE_CHECKING:
    from dev.airflow_api import AirflowApi

DAGS = Path(__file__).resolve().parent.parent / "tests" / "system" / "crash_dags"
LATENCY = 8  # seconds; a trigger polls first after 5
UNTIL_KILLED = 3600  # seconds of the emulator's clock, which is moved on after the kill
SLOW = 8  # seconds before the server does the work; less than the history_lag of the DAGs
WORKER = "LocalExecutor"
REFUSED_TRY = 2  # on the same disk, a journal that a frozen process has open is refused to this try
_GENERATION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TRIGGERER = 0  # stands for its process among those that were killed


@dataclass(frozen=True)
class Form:
    """A way to run a refine.

    :param instances: how many refines there are; ``processes``, in how many tasks.
    :param victim: ``task``: the process of the task dies, as by the kernel's out-of-memory killer, and its supervisor
        tells Airflow. ``worker``: the supervisor dies too, as with its machine, and Airflow misses their heartbeats.
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
    "deployed": "after the delivery, and a deploy changes `retries`",
    "frozen": "frozen right before the request, until a retry has sent its own",
}
RETRIES = (1, 3)  # before and after the deploy


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    :param killed: whether all were killed that should be.
    :param charges: how often each refine was paid.
    :param tries: of the task instance that took most.
    :param seconds: from the first kill until the run had ended.
    :param pictures: whether the pictures on disk are whole and right, one for each refine.
    :param trouble: the logs of the tasks that failed.
    """

    killed: bool
    state: str
    charges: tuple[int, ...]
    tries: int
    seconds: float
    pictures: bool
    trouble: str

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
            "right picture" + "s" * (len(self.charges) > 1) if self.pictures else "WRONG PICTURE",
        ]
        return ", ".join(filter(None, words))


@dataclass
class Crash:
    """One run, with an emulator of its own, so that faults and charges are those of this run."""

    form: Form
    step: str
    folder: Path
    getty: Emulator
    dags: Path
    run_id: str = ""
    state: str = "queued"
    _dead: set[int] = field(default_factory=set)
    _frozen: list[psutil.Process] = field(default_factory=list)
    _killed_at: float = 0.0
    _ended_at: float = 0.0

    @classmethod
    def at(cls, step: str, form: Form, folder: Path, dags: Path) -> Crash:
        """Prepare a run that is to be killed at this step.

        :param dags: the DAGs, which this may change.
        """
        getty = Emulator(latency=str(UNTIL_KILLED if step == "while-waiting" else LATENCY))
        crash = cls(form, step, folder / f"{form.name}-{step}", getty, dags)
        if step == "deployed":
            crash._deploy(RETRIES[0])
        return crash

    @property
    def dag_id(self) -> str:
        """Return the DAG that it runs."""
        return f"crash_{self.form.name}{'_deployed' * (self.step == 'deployed')}"

    @property
    def connection(self) -> str:
        """Return the id of the connection to its emulator."""
        return f"getty_{self.form.name}_{self.step}".replace("-", "_")

    @property
    def waits_in_triggerer(self) -> bool:
        """Whether the triggerer is to be killed, rather than a worker."""
        return self.step == "while-waiting" and self.form.name != "sync"

    @property
    def killed(self) -> bool:
        """Whether all have been killed that are to be."""
        return len(self._dead) == (1 if self.waits_in_triggerer else self.form.processes)

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self._ended_at > 0

    def start(self, api: AirflowApi) -> None:
        """Start the run."""
        self.folder.mkdir()
        if self.step == "server-works":
            self.getty.fault("slow", "refine", times=self.form.instances, seconds=SLOW)
        conf = {"step": self.step, "folder": str(self.folder), "getty": self.connection}
        self.run_id = api.trigger(self.dag_id, conf)

    def is_deferred(self, api: AirflowApi) -> bool:
        """Whether all instances of the refine are."""
        tasks = api.task_instances(self.dag_id, self.run_id)
        states = [task.state for task in tasks if task.task_id == "refine"]
        return states == ["deferred"] * self.form.processes

    def kill(self) -> None:
        """Kill the tasks that stand at the step, or that wait there for the server."""
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
                if self.step == "deployed":
                    self._deploy(RETRIES[1])
                _kill(pid, with_supervisor=self.form.victim == "worker")
            self.was_killed(pid)

    def thaw(self, api: AirflowApi) -> None:
        """Let frozen processes go on once a later try has submitted, or was refused what they hold."""
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
        """Remember it; a server that was to take until then takes no longer."""
        self._dead.add(pid)
        self._killed_at = self._killed_at or time.monotonic()
        if self.step == "while-waiting":
            self.getty.advance(UNTIL_KILLED)

    def is_in(self, state: str) -> None:
        """Remember the state of the run."""
        self.state = state
        still_there = self.step == "frozen" and any(map(psutil.pid_exists, self._dead))
        if state in {"success", "failed"} and not self.ended and not still_there:
            self._ended_at = time.monotonic()

    def outcome(self, api: AirflowApi) -> Outcome:
        """Return what there is to see at the end."""
        prompts = {each["generation_request_id"]: each["prompt"] for each in self.getty.generations()}
        charges = Counter(prompts[each["generation_request_id"]] for each in self.getty.ledger()["entries"])
        tries = [task.try_number for task in api.task_instances(self.dag_id, self.run_id)]
        return Outcome(
            killed=self.killed,
            state=self.state,
            charges=tuple(charges.values()),
            tries=max(tries, default=0),
            seconds=(self._ended_at or time.monotonic()) - self._killed_at,
            pictures=self._pictures_are_right(prompts),
            trouble=api.failure(self.dag_id, self.run_id),
        )

    def _deploy(self, retries: int) -> None:
        """Change the DAG file, by the file that it reads."""
        new = self.dags / f"{self.dag_id}.new"
        new.write_text(str(retries))
        new.rename(new.with_suffix(".retries"))

    def _server_is_at_work(self, ready: int) -> bool:
        """Whether it is, at the steps where it has to be; when all tasks are ready, they are told to go on there."""
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
        """Compare them with what the emulator gives for the generations that they are named after."""
        files = {_GENERATION.findall(file.name)[0]: file for file in (self.folder / "pictures").glob("*.jpg")}
        if {prompts[each] for each in files} != set(prompts.values()) or len(files) != self.form.instances:
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
    """Kill a task's process, and before it what supervises it, which could still tell Airflow of the death."""
    if with_supervisor:
        _supervisor(pid).kill()
    psutil.Process(pid).kill()


def _freeze(pid: int) -> list[psutil.Process]:
    """Stop a task's process and what supervises it, as a machine that is suspended does."""
    processes = [_supervisor(pid), psutil.Process(pid)]
    for process in processes:
        process.suspend()
    return processes


def _supervisor(pid: int) -> psutil.Process:
    supervisor = psutil.Process(pid).parent()
    if supervisor is None or WORKER not in " ".join(supervisor.cmdline()):
        raise ProcessFailedError(f"The process {pid} is no task of a worker of the {WORKER}.")
    return supervisor
