"""Runs a complete Airflow in its own folder: scheduler, triggerer, DAG processor and API server."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeAlias

import requests

from dev.airflow_api import AirflowApi
from dev.processes import LOOPBACK, ProcessFailedError, ProcessFamily, free_ports, tail

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path
    from subprocess import Popen

Settings: TypeAlias = "Mapping[str, Mapping[str, object]]"
Components: TypeAlias = "Mapping[str, Sequence[str]]"

START_SECONDS = 120.0
IMPORT_SECONDS = 20.0
POLL_SECONDS = 0.25
COMPONENTS = {name: (name,) for name in ("api-server", "scheduler", "dag-processor", "triggerer")}
COMPONENT_VARIABLE = "LOCAL_AIRFLOW_COMPONENT"


class LocalAirflow:
    """An Airflow that runs for the duration of its `with` block, with its REST API as `api`.

    It does not read or write the caller's own Airflow: it inherits no `AIRFLOW_*` variable, and keeps its database,
    configuration and logs in `home`. `connections` are given by id, in Airflow's JSON form.
    `path` is the path of its base URL, as behind a proxy. `database_url` is a SQLAlchemy URL that replaces the SQLite
    database in `home`; `settings` are Airflow's, by section and key, and override those set here.
    `components` are its processes by name, with their arguments to the `airflow` command; each process finds its name
    in the environment variable `COMPONENT_VARIABLE`.
    `admin` is the name of the only user, who logs in with `password`; without it, everybody is an admin.
    """

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        connections: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        port: int | None = None,
        path: str = "",
        database_url: str | None = None,
        settings: Settings | None = None,
        components: Components = COMPONENTS,
        admin: str = "",
    ) -> None:
        self.home = home
        self.logs = home / "processes"
        free_port, *log_ports = free_ports(3)
        port = port or free_port
        self.url = f"http://{LOOPBACK}:{port}{path}"
        self.admin, self.password = admin, token_urlsafe() if admin else ""
        self.api = AirflowApi(self.url, (admin, self.password) if admin else None)
        self._commands = components
        self._components: dict[str, Popen[bytes]] = {}
        self._frozen: dict[str, Popen[bytes]] = {}
        self._processes = ProcessFamily(
            _clean_environment()
            | {"AIRFLOW_HOME": str(home)}
            | _variables(_settings(dags_folder, self.url, port, *log_ports))
            | _variables({"database": {"sql_alchemy_conn": database_url}} if database_url else {})
            | _variables({"core": _login(admin, self._passwords)} if admin else {})
            | _variables(settings or {})
            | {f"AIRFLOW_CONN_{name.upper()}": json.dumps(each) for name, each in (connections or {}).items()}
        )

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop all processes and their children."""
        self.api.close()
        self._processes.stop()

    def wait_for_dags(self, wanted: Collection[str]) -> None:
        """Wait until Airflow has parsed these DAGs, which its health page does not wait for."""
        started = time.monotonic()
        while missing := set(wanted) - self.api.dag_ids():
            self._processes.ensure_alive()
            waited = time.monotonic() - started
            # In a reused home, import errors of the previous run stay until the file is parsed again.
            if waited > IMPORT_SECONDS and (errors := self.api.import_errors()):
                raise ProcessFailedError("\n".join(errors))
            if waited > START_SECONDS:
                raise ProcessFailedError(f"Airflow does not find {missing}. {self._tail('dag-processor')}")
            time.sleep(POLL_SECONDS)

    def kill(self, component: str) -> None:
        """Kill a component and its children with SIGKILL."""
        self._processes.kill(self._components.pop(component))

    def end(self, component: str, *, timeout: float) -> None:
        """Terminate a component with SIGTERM, as a deployment does; kill it after `timeout` seconds."""
        self._processes.end(self._components.pop(component), timeout=timeout)

    def freeze(self, component: str) -> None:
        """Freeze a component and its children with SIGSTOP; a replacement can be started."""
        self._frozen[component] = self._components.pop(component)
        self._processes.signal(self._frozen[component], signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume frozen components, alongside any replacement."""
        for component, process in self._frozen.items():
            self._processes.signal(process, signal.SIGCONT)
            self._components.setdefault(component, process)
        self._frozen.clear()

    def start(self, component: str) -> None:
        """Start or restart a component."""
        log = self.logs / f"{component}.log"
        command = (sys.executable, "-m", "airflow", *self._commands[component])
        self._components[component] = self._processes.start(
            command, log=log, env={COMPONENT_VARIABLE: component}
        )

    def revive(self) -> dict[str, int]:
        """Restart the components that have exited by themselves; return their exit codes."""
        ended = {name: code for name, each in self._components.items() if (code := each.poll()) is not None}
        for component in ended:
            self.kill(component)  # its remaining children
            self.start(component)
        return ended

    def ensure_alive(self) -> None:
        """Raise ProcessFailedError if a component has exited."""
        self._processes.ensure_alive()

    def watch(self) -> NoReturn:
        """Wait until interrupted. Raises ProcessFailedError if a component exits."""
        while True:
            self.ensure_alive()
            time.sleep(1)

    @property
    def _passwords(self) -> Path:
        return self.home / "passwords.json"

    def _start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if self.admin:
            self._passwords.write_text(json.dumps({self.admin: self.password}))
        migrate = (sys.executable, "-m", "airflow", "db", "migrate")
        self._processes.run(migrate, log=self.logs / "db-migrate.log")
        for component in self._commands:
            self.start(component)
        deadline = time.monotonic() + START_SECONDS
        while True:
            self._processes.ensure_alive()
            try:
                return self.api.login()
            except requests.RequestException as error:
                if time.monotonic() > deadline:
                    raise ProcessFailedError(
                        f"Airflow does not answer. {self._tail('api-server')}"
                    ) from error
            time.sleep(POLL_SECONDS)

    def _tail(self, component: str) -> str:
        return f"End of the {component} log:\n{tail(self.logs / f'{component}.log')}"


def component_name() -> str:
    """Return the calling component's name, as Airflow's `hostname_callable`, because all share one machine."""
    return os.environ[COMPONENT_VARIABLE]


def _clean_environment() -> dict[str, str]:
    """Return our environment without variables that refer to another Airflow or slow this one down."""
    # Without bytecode files, Airflow 3.3 takes 6 s to import instead of 2.4 s.
    dropped = {name for name in os.environ if name.startswith("AIRFLOW_")} | {"PYTHONDONTWRITEBYTECODE"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {"NO_PROXY": f"{LOOPBACK},localhost", "no_proxy": f"{LOOPBACK},localhost"}


def _settings(
    dags_folder: Path, url: str, port: int, worker_log_port: int, trigger_log_port: int
) -> Settings:
    """Return Airflow's settings: local, without login, with short intervals."""
    return {
        "core": {
            "dags_folder": dags_folder,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "executor": "LocalExecutor",
            "parallelism": 4,  # SQLite and many writers: "database is locked", seen in 3.3.2
            "simple_auth_manager_all_admins": True,
            "test_connection": "Enabled",
            "execution_api_server_url": f"{url}/execution/",
        },
        "api": {"host": LOOPBACK, "port": port, "base_url": url},
        "dag_processor": {"refresh_interval": 5},  # a changed file is parsed at the next one
        "scheduler": {"scheduler_heartbeat_sec": 1, "scheduler_idle_sleep_time": 0.3},
        "logging": {"worker_log_server_port": worker_log_port, "trigger_log_server_port": trigger_log_port},
        "usage_data_collection": {"enabled": False},
    }


def _login(admin: str, passwords: Path) -> Mapping[str, object]:
    """Return the settings of an Airflow that requires login."""
    return {
        "simple_auth_manager_all_admins": False,
        "simple_auth_manager_users": f"{admin}:admin",
        "simple_auth_manager_passwords_file": passwords,
    }


def _variables(settings: Settings) -> dict[str, str]:
    """Return settings as environment variables."""
    return {
        f"AIRFLOW__{section.upper()}__{key.upper()}": str(value)
        for section, options in settings.items()
        for key, value in options.items()
    }
