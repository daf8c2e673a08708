"""The cluster: services, an API server, a scheduler, a DAG processor, two Celery workers and two triggerers."""

from __future__ import annotations

import shutil
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

import requests

from dev.cluster.services import S3, Getty, Redis
from dev.local_airflow import COMPONENTS, LocalAirflow
from dev.postgres import Postgres, temporary_postgres
from dev.processes import NotInstalledError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

WORKERS = ("worker-1", "worker-2")
TRIGGERERS = ("triggerer-1", "triggerer-2")
POLL_SECONDS = 2.0
COORDINATOR = "getty_redis"


class Cluster:
    """A cluster that runs for the duration of its `with` block, in an emptied folder.

    Each Airflow process uses its component's name as its host name. All logs, including those of tasks, are on the
    shared disk.

    :param dags: folders of DAGs.
    :param getty: the emulator's options, with underscores in their names.
    :param tasks_per_worker: how many tasks a worker runs at a time.
    :param heartbeat_timeout: seconds without a heartbeat after which Airflow considers a task dead.
    """

    def __init__(
        self,
        folder: Path,
        dags: Mapping[str, Path],
        getty: Mapping[str, object],
        *,
        tasks_per_worker: int = 4,
        heartbeat_timeout: int = 60,
    ) -> None:
        self.folder = folder
        self._dags = dags
        self._tasks_per_worker = tasks_per_worker
        self._heartbeat_timeout = heartbeat_timeout
        self._getty_options = getty
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Start everything. Raises NotInstalledError if a program is missing."""
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "dags").mkdir(parents=True)
        for name, dags in self._dags.items():
            (self.folder / "dags" / name).symlink_to(dags, target_is_directory=True)
        self.redis = Redis(self.folder / "redis")
        self.s3 = S3(self.folder)
        self.getty = Getty(self.folder, self._getty_options)
        postgres = stack.enter_context(temporary_postgres())
        if postgres is None:
            raise NotInstalledError(
                "No PostgreSQL can run here. Install one, for example by apt-get install postgresql, dnf install "
                "postgresql-server, or brew install postgresql."
            )
        self.postgres: Postgres = postgres
        for service in (self.redis, self.s3, self.getty):
            stack.callback(service.stop)
            service.start()
        self.airflow = stack.enter_context(
            LocalAirflow(
                self.folder / "airflow",
                self.folder / "dags",
                database_url=postgres.url,
                settings=self._settings(postgres.url),
                components=self._components(),
            )
        )
        self.airflow.api.put_connection("aws_default", self.s3.connection)
        self.airflow.api.put_connection(COORDINATOR, self.redis.connection)
        self.connect()

    def connect(self, *, coordinated: bool = False) -> None:
        """Store the connection to the emulator, with or without a coordinator in Redis."""
        extra = {"coordinator": COORDINATOR} if coordinated else {}
        connection: dict[str, Any] = self.getty.connection
        self.airflow.api.put_connection("getty_default", connection | {"extra": connection["extra"] | extra})

    def keep_alive(self) -> None:
        """Restart exited components: a restart of PostgreSQL ends triggerers and the DAG processor (Airflow 3.3.2)."""
        for service in (self.redis, self.s3, self.getty):
            service.ensure_alive()
        for component, code in self.airflow.revive().items():
            print(
                f"{time.strftime('%X')}  {component} exited with code {code} and was restarted",
                flush=True,
            )

    def is_up(self) -> bool:
        """Return True if the API server answers. Raises requests.RequestException if it does not."""
        self.airflow.api.login()
        return True

    def wait(self, seconds: float) -> None:
        """Wait, and restart exited components meanwhile."""
        self.wait_until(lambda: False, seconds)

    def wait_until(self, is_true: Callable[[], bool], seconds: float) -> bool:
        """Wait for a condition for at most `seconds`; return True if it has become true.

        While the API server is down, no condition is true.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.keep_alive()
            try:
                if is_true():
                    return True
            except requests.RequestException:
                pass
            time.sleep(min(POLL_SECONDS, max(0.0, deadline - time.monotonic())))
        return False

    def _components(self) -> dict[str, Sequence[str]]:
        alone: dict[str, Sequence[str]] = {
            name: command for name, command in COMPONENTS.items() if name != "triggerer"
        }
        workers: dict[str, Sequence[str]] = {
            name: (
                *("celery", "worker", "--celery-hostname", name, "--skip-serve-logs", "--without-gossip"),
                *("--queues", "default,batches", "--concurrency", str(self._tasks_per_worker)),
                *("--pid", str(self.folder / f"{name}.pid")),
            )
            for name in WORKERS
        }
        triggerers: dict[str, Sequence[str]] = {
            name: ("triggerer", "--skip-serve-logs", "--pid", str(self.folder / f"{name}.pid"))
            for name in TRIGGERERS
        }
        return alone | workers | triggerers

    def _settings(self, database_url: str) -> dict[str, dict[str, object]]:
        return {
            "core": {
                "executor": "CeleryExecutor",
                "parallelism": 64,
                "max_active_tasks_per_dag": 64,
                "hostname_callable": "dev.local_airflow.component_name",
            },
            "celery": {
                "broker_url": self.redis.url,
                "result_backend": database_url.replace("postgresql+", "db+postgresql+"),
            },
            "api": {"maximum_page_limit": 1000},
            "dag_processor": {"refresh_interval": 30, "min_file_process_interval": 30},
            "scheduler": {
                "scheduler_heartbeat_sec": 2,
                "scheduler_idle_sleep_time": 1,
                "task_instance_heartbeat_timeout": self._heartbeat_timeout,
                "task_instance_heartbeat_timeout_detection_interval": 5,
                # A killed worker holds messages. A task that is stuck in the queue too often fails permanently.
                "task_queued_timeout": 120,
                "num_stuck_in_queued_retries": 20,
                "task_queued_timeout_check_interval": 10,
            },
        }
