"""`make airflow`: a local Airflow with the provider, the example DAGs and the emulator, until Ctrl-C."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from getty_emulator.server import Emulator
from getty_emulator.state_file import StateFileError

from dev.local_airflow import LocalAirflow
from dev.processes import ProcessFailedError, port_or_free, serve_until_stopped

ROOT = Path(__file__).resolve().parent.parent
DAGS = ROOT / "example_dags"
HOME = ROOT / "build" / "airflow"
AIRFLOW_PORT = 8080
EMULATOR_PORT = 8900
LATENCY = "5-15"  # seconds
OUTPUT = "/tmp/getty"  # noqa: S108 - the examples' default
SETTINGS = {"getty": {"gallery_folders": f"{OUTPUT},{DAGS}"}}  # the requests of a batch are shown too
GREETING = """
Airflow      {airflow}
             Runs the example DAGs; start with {airflow}/dags/getty_refine
             The connection to the emulator is getty_default, under Admin > Connections

Gallery      {airflow}/getty/dags/getty_refine
             Shows the generated images; each run and each task links to it as a tab

Emulator     {getty}
             Shows the library images, the generations and their cost

Ctrl-C stops both.
"""


def main() -> int:
    """Serve until interrupted, and return the exit code."""
    stopped = "Stopped. Runs, generations and logs are kept in build/airflow for the next start."
    return serve_until_stopped(_serve, stopped=stopped)


def _serve() -> None:
    print("Starting Airflow and the emulator; this takes about 20 seconds ...", flush=True)
    HOME.mkdir(parents=True, exist_ok=True)
    with (
        _emulator() as getty,
        LocalAirflow(HOME, DAGS, port=_port(AIRFLOW_PORT), settings=SETTINGS) as airflow,
    ):
        # Stored in Airflow's database instead of its environment, so that the UI can show and test it.
        airflow.api.put_connection("getty_default", getty.connection)
        airflow.wait_for_dags(["getty_refine"])
        print(GREETING.format(airflow=airflow.url, getty=getty.url), flush=True)
        airflow.watch()


@contextmanager
def _emulator() -> Iterator[Emulator]:
    """Run the emulator; like Airflow, it still knows the earlier runs."""
    try:
        with Emulator(port=_port(EMULATOR_PORT), latency=LATENCY, state=HOME / "emulator.state") as getty:
            yield getty
    except StateFileError as error:
        raise ProcessFailedError(str(error)) from None


def _port(preferred: int) -> int:
    port = port_or_free(preferred)
    if port != preferred:
        print(f"Port {preferred} is taken; using {port} instead.")
    return port


if __name__ == "__main__":
    sys.exit(main())
