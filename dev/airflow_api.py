"""A client for the few calls of Airflow's REST API (v2) that run a DAG and inspect its outcome."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

POLL_SECONDS = 0.25
REQUEST_SECONDS = 120.0  # an API server's first calls are slow on a loaded machine
PAGE = 1000  # Airflow returns fewer unless its settings allow this number
FINISHED = frozenset({"success", "failed"})


@dataclass(frozen=True)
class TaskInstance:
    """One task of a run, as returned by the API. `map_index` is -1 for an unmapped task."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int

    @property
    def name(self) -> str:
        """The task's id, with the map index of a mapped one."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class AirflowApi:
    """The REST API of an Airflow whose SimpleAuthManager treats everybody as an admin.

    If it does not, `person` is a user's name and password.
    """

    def __init__(self, url: str, person: tuple[str, str] | None = None) -> None:
        self.url = url
        self._person = person
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy from the environment cannot reach our loopback

    def close(self) -> None:
        """Close the pooled connections."""
        self._session.close()

    def login(self) -> None:
        """Get a token. Raises requests.RequestException until the API server is up."""
        method = "POST" if self._person else "GET"
        fields = dict(zip(("username", "password"), self._person, strict=True)) if self._person else None
        answer = self._session.request(method, f"{self.url}/auth/token", json=fields, timeout=REQUEST_SECONDS)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that Airflow has parsed and stored."""
        return {dag["dag_id"] for dag in self._get("dags", limit=100)["dags"]}

    def import_errors(self) -> list[str]:
        """Return a traceback for each DAG file that could not be imported."""
        return [error["stack_trace"] for error in self._get("importErrors")["import_errors"]]

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run now and return its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        run_id: str = self._request("POST", f"dags/{dag_id}/dagRuns", json=body)["dag_run_id"]
        return run_id

    def clear(self, dag_id: str, run_id: str) -> None:
        """Clear all tasks of a run, as a user does to run it again."""
        self._request("POST", f"dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False})

    def wait(
        self,
        dag_id: str,
        run_id: str,
        *,
        timeout: float,
        on_change: Callable[[TaskInstance], object] = lambda _: None,
    ) -> str:
        """Wait until a run has finished, and return its state, success or failed.

        Calls `on_change` once for each observed state of a task. Raises TimeoutError after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        seen: dict[str, TaskInstance] = {}
        while True:
            # Read the run first: if it has finished, the tasks read after it have finished as well.
            state: str = self._get(f"dags/{dag_id}/dagRuns/{run_id}")["state"]
            for task in self.task_instances(dag_id, run_id):
                if seen.get(task.name) != task:
                    seen[task.name] = task
                    on_change(task)
            if state in FINISHED:
                return state
            if time.monotonic() > deadline:
                states = ", ".join(f"{task.name} {task.state}" for task in seen.values())
                raise TimeoutError(
                    f"The run {run_id} of {dag_id} is still {state} after {timeout:.0f} s: {states}."
                )
            time.sleep(POLL_SECONDS)

    def run_states(self, dag_id: str) -> dict[str, str]:
        """Return the state of each run of a DAG, by run id."""
        runs = self._get(f"dags/{dag_id}/dagRuns", limit=100)["dag_runs"]
        return {run["dag_run_id"]: run["state"] for run in runs}

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        """Return the tasks of a run; each mapped instance is one entry."""
        return [
            TaskInstance(**{key: each[key] for key in TaskInstance.__dataclass_fields__})
            for each in self.raw_task_instances(dag_id, run_id)
        ]

    def unfinished_runs(self) -> int:
        """Return how many runs of all DAGs are queued or running."""
        query: dict[str, Any] = {"state": ["queued", "running"], "limit": 1}
        found: int = self._get("dags/~/dagRuns", **query)["total_entries"]
        return found

    def page_of_tasks(self, **query: str | int) -> Any:
        """Return tasks of all runs as returned by the API: `task_instances`, and their number as `total_entries`."""
        return self._get("dags/~/dagRuns/~/taskInstances", **query)

    def raw_task_instances(self, dag_id: str, run_id: str) -> list[Any]:
        """Return the tasks of a run with all their fields in the API."""
        return self._pages(f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", "task_instances")

    def tries(self, dag_id: str, run_id: str, task: TaskInstance) -> dict[int, Any]:
        """Return the recorded tries of a task by number, as returned by the API."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}"
        mapped = f"/{task.map_index}" if task.map_index >= 0 else ""
        return {each["try_number"]: each for each in self._get(f"{path}{mapped}/tries")["task_instances"]}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value") -> Any:
        """Return a task's XCom, in the JSON form in which it is stored."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self._get(path, deserialize="false")["value"]

    def task_log(self, dag_id: str, run_id: str, task: TaskInstance) -> str:
        """Return the log of a task's latest try, with the end of each traceback last."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task.task_id}/logs/{task.try_number}"
        try:
            events = self._get(path, map_index=task.map_index, full_content="true")["content"]
        except requests.HTTPError as error:  # for example, of a task that never started
            if error.response.status_code == requests.codes.not_found:
                return ""
            raise
        return "\n".join(line for event in events for line in _lines(event))

    def failure(self, dag_id: str, run_id: str) -> str:
        """Return the logs of the tasks that failed in a run."""
        failed = [task for task in self.task_instances(dag_id, run_id) if task.state == "failed"]
        logs = [f"The log of {task.name}:\n{self.task_log(dag_id, run_id, task)}" for task in failed]
        return "\n\n".join(logs)

    def put_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """Store a connection, given in Airflow's JSON form, replacing one with the same id."""
        entity = {**fields, "connection_id": conn_id, "extra": json.dumps(fields.get("extra", {}))}
        action = {"action": "create", "action_on_existence": "overwrite", "entities": [entity]}
        answer = self._request("PATCH", "connections", json={"actions": [action]})
        if errors := answer["create"]["errors"]:
            raise requests.HTTPError(f"Airflow refuses the connection {conn_id}: {errors}")

    def _pages(self, path: str, of: str) -> list[Any]:
        found: list[Any] = []
        while True:
            page = self._get(path, limit=PAGE, offset=len(found))
            found += page[of]
            if len(found) >= page["total_entries"] or not page[of]:
                return found

    def _get(self, path: str, **query: str | int) -> Any:
        return self._request("GET", path, params=query)

    def _request(self, method: str, path: str, **arguments: Any) -> Any:
        url = f"{self.url}/api/v2/{path}"
        answer = self._session.request(method, url, timeout=REQUEST_SECONDS, **arguments)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}", response=answer)
        return answer.json()


def _lines(event: str | Mapping[str, Any]) -> Iterator[str]:
    """Render an event of a task's log: a structured one, or a line printed by a process."""
    if isinstance(event, str):
        yield event
        return
    if "::group::" in event["event"] or "::endgroup::" in event["event"]:  # markers for the UI's log view
        return
    yield f"{event.get('timestamp') or '':.19} {event.get('level', ''):8}{event['event']}"
    for error in event.get("error_detail") or ():
        yield from (f"    {frame['filename']}:{frame['lineno']} {frame['name']}" for frame in error["frames"])
        yield f"    {error['exc_type']}: {error['exc_value']}"
