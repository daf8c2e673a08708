"""The work of a trial on a cluster, and its outcome."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dev.cluster.cluster import Cluster

_GENERATION = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VARYING = re.compile(r"0x[0-9a-f]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")
_ERROR = re.compile(r"(?:\S+ (?:error|critical) |    (?=[A-Z]\w*: ))\s*(.*)")
_CREDITS = 100_000
SHOWN = 110  # characters shown of a cause
FEW = 10


@dataclass(frozen=True)
class Amount:
    """The number of tasks or items of each kind."""

    refines: int
    sensors: int
    in_triggerer: int
    batch: int

    def counts(self) -> dict[str, tuple[str, int]]:
        """Return the kind of work and its count, by DAG."""
        return {
            "getty_cluster_refines": ("refine", self.refines),
            "getty_cluster_sensors": ("sensor", self.sensors),
            "getty_cluster_triggerer": ("in_triggerer", self.in_triggerer),
            "getty_cluster_batch": ("batch", self.batch),
        }


@dataclass(frozen=True)
class EarlierTry:
    """A try after which a task needed another one, with the time and cause of its end."""

    task: str
    number: int
    ended: str
    cause: str


@dataclass
class Work:
    """The runs of a trial, identified by a label."""

    cluster: Cluster
    amount: Amount
    label: str
    runs: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Write the batch's requests, and start all runs."""
        items = [{"prompt": prompt} for prompt in self._prompts("batch", self.amount.batch)]
        requests = "".join(f"{json.dumps(item)}\n" for item in items)
        self.cluster.s3.bucket.at(f"{self.label}/requests.jsonl").write_text(requests)
        for dag_id, (_, count) in self.amount.counts().items():
            conf = {"label": self.label, "count": count}
            self.runs[dag_id] = self.cluster.airflow.api.trigger(dag_id, conf)

    def has_ended(self) -> bool:
        """Return True if all runs of the cluster have ended."""
        return not self.cluster.airflow.api.unfinished_runs()

    def unfinished(self) -> str:
        """Return the number of tasks by state, except for successful ones."""
        tasks = [
            task
            for dag_id, run_id in self.runs.items()
            for task in self.cluster.airflow.api.task_instances(dag_id, run_id)
        ]
        states = Counter(f"{task.task_id} {task.state}" for task in tasks if task.state != "success")
        return ", ".join(f"{count} {state}" for state, count in states.items())

    def done(self) -> int:
        """Return the progress: a number that grows with each finished task and each charge."""
        succeeded: int = self.cluster.airflow.api.page_of_tasks(state="success", limit=1)["total_entries"]
        [account] = self.cluster.getty.look("accounts")
        charged: int = _CREDITS - account["products"][0]["credits_remaining"]
        return succeeded + charged

    def hosts_at_work(self) -> set[str]:
        """Return the workers that run a task, and the triggerers in which a task waits."""
        api = self.cluster.airflow.api
        running = api.page_of_tasks(state="running", limit=100)["task_instances"]
        waiting = api.page_of_tasks(state="deferred", limit=100)["task_instances"]
        jobs = [task["triggerer_job"] for task in waiting if task["triggerer_job"]]
        return {task["hostname"] for task in running} | {job["hostname"] for job in jobs}

    def trigger_of_batch(self) -> tuple[int, str] | None:
        """Return the batch's trigger and its triggerer, or None if the batch does not wait."""
        dag_id = "getty_cluster_batch"
        [task] = self.cluster.airflow.api.raw_task_instances(dag_id, self.runs[dag_id])
        if task["state"] != "deferred" or not task["triggerer_job"]:
            return None
        return task["trigger"]["id"], task["triggerer_job"]["hostname"]

    def problems(self) -> Iterator[str]:
        """Yield the problems once all runs have ended."""
        api = self.cluster.airflow.api
        for dag_id, run_id in self.runs.items():
            tasks = api.task_instances(dag_id, run_id)
            wrong = [task for task in tasks if task.state != "success"]
            for task in wrong[:FEW]:
                log = api.task_log(dag_id, run_id, task)
                yield f"{dag_id}.{task.name} is {task.state}. End of its log:\n{log[-2000:]}"
            if len(wrong) > FEW:
                yield f"... and {len(wrong) - FEW} more of {dag_id}."
        prompts = {
            each["generation_request_id"]: each["prompt"] for each in self.cluster.getty.look("generations")
        }
        charges = self.charges(prompts)
        for what, count in self.amount.counts().values():
            for prompt in self._prompts(what, count):
                if charges[prompt] != 1:
                    yield f"Paid {charges[prompt]} times: {prompt}"
        yield from self._picture_problems("refines", "refine", prompts)
        yield from self._picture_problems("batch", "batch", prompts)

    def charges(self, prompts: dict[str, str]) -> Counter[str]:
        """Return the number of charges for each prompt."""
        return Counter(
            prompts[each["generation_request_id"]] for each in self.cluster.getty.look("ledger")["entries"]
        )

    def earlier_tries(self) -> Iterator[EarlierTry]:
        """Yield all tries except the last one of each task."""
        api = self.cluster.airflow.api
        for dag_id, run_id in self.runs.items():
            for task in api.task_instances(dag_id, run_id):
                name = f"{dag_id.removeprefix('getty_cluster_')}.{task.task_id}"
                recorded = api.tries(dag_id, run_id, task) if task.try_number > 1 else {}
                for number in range(1, task.try_number):
                    # A task that Airflow queues again has used up a try, which Airflow does not record.
                    ended = recorded[number]["end_date"] if number in recorded else None
                    log = api.task_log(dag_id, run_id, replace(task, try_number=number))
                    yield EarlierTry(name, number, ended or "", cause(log))

    def _prompts(self, what: str, count: int) -> list[str]:
        return [f"{self.label} {what} {number}: balloons" for number in range(count)]

    def _picture_problems(self, folder: str, what: str, prompts: dict[str, str]) -> Iterator[str]:
        mine = {each for each, prompt in prompts.items() if prompt.startswith(f"{self.label} {what} ")}
        fs: Any = self.cluster.s3.bucket.at("").fs
        found = Counter[str]()
        for name in fs.find(f"{self.cluster.s3.bucket.name}/{self.label}/{folder}"):
            found[_GENERATION.findall(name)[0]] += 1
            try:
                with Image.open(BytesIO(fs.cat_file(name))) as picture:
                    picture.load()
            except OSError as error:
                yield f"{name} is incomplete: {error}"
        for each in mine:
            if found[each] != 1:
                yield f"{found[each]} pictures instead of one of {prompts[each]}, generation {each}"


def cause(log: str) -> str:
    """Return the cause of the end according to a log, without varying ids and numbers."""
    errors = [found[1] for line in log.splitlines() if (found := _ERROR.match(line))]
    if not errors:
        return "nothing in its log: it was killed, or never started"
    return _VARYING.sub("…", errors[-1])[:SHOWN].replace("|", "/")
