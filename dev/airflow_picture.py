"""Takes a screenshot of a run in Airflow's UI."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from getty_emulator.server import Emulator
from PIL import Image

from dev.local_airflow import LocalAirflow

EXAMPLES = Path(__file__).resolve().parent.parent / "example_dags"
DAG_ID = "getty_refine"
SIZE = (1280, 660)  # pixels
LOADED_AFTER = 30_000  # milliseconds of the page's own clock
SECONDS = 180


def page_of_a_run(browser: str) -> Image.Image:
    """Run the example in a real Airflow on an emulator, and take a screenshot of the run's page."""
    with tempfile.TemporaryDirectory() as folder, Emulator(latency="6") as getty:
        home = Path(folder)
        with LocalAirflow(home / "airflow", EXAMPLES, {"getty_default": getty.connection}) as airflow:
            airflow.wait_for_dags([DAG_ID])
            run_id = airflow.api.trigger(DAG_ID, {"folder": f"{(home / 'pictures').as_uri()}/"})
            airflow.api.wait(DAG_ID, run_id, timeout=SECONDS)
            file = home / "page.png"
            options = (
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--hide-scrollbars",
                f"--user-data-dir={home / 'profile'}",
                f"--virtual-time-budget={LOADED_AFTER}",
                f"--window-size={SIZE[0]},{SIZE[1]}",
                f"--screenshot={file}",
            )
            page = f"{airflow.url}/dags/{DAG_ID}/runs/{run_id}"
            subprocess.run([browser, *options, page], check=True, capture_output=True, timeout=SECONDS)
            with Image.open(file) as picture:
                return picture.convert("RGB")
