"""`make demo`: a real Airflow refines an image on the emulator, from the mask to the result."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from getty_emulator.server import Emulator
from PIL import Image

from dev.local_airflow import LocalAirflow
from dev.picture import side_by_side
from dev.processes import ProcessFailedError, stopping_on_signals

if TYPE_CHECKING:
    from dev.airflow_api import TaskInstance

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = ROOT / "build" / "demo"
PICTURE = OUTPUT / "refinement.png"
DAG_ID = "getty_refine"
LATENCY = "8"  # seconds; long enough to see the sensor defer
RUN_SECONDS = 120.0
SHOWN = frozenset(
    {"queued", "running", "deferred", "success", "failed", "up_for_retry", "upstream_failed", "skipped"}
)
REMARKS = {
    ("refine", "success"): "mask uploaded, refine submitted",
    ("wait", "deferred"): "no process waits; the triggerer polls",
    ("wait", "success"): "generation complete",
    ("download", "success"): "refined image stored",
}


class DemoFailedError(Exception):
    """The DAG run failed."""


def main() -> int:
    """Run the demo and return the exit code."""
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    try:
        with stopping_on_signals():
            _run()
    except KeyboardInterrupt:
        print("\nInterrupted. Everything is stopped.")
        return 130
    except (DemoFailedError, ProcessFailedError, TimeoutError, requests.RequestException) as error:
        print(f"\n{error}")
        return 1
    return 0


def _run() -> None:
    with Emulator(latency=LATENCY) as getty, tempfile.TemporaryDirectory(prefix="getty-demo-") as home:
        print(f"Emulator   {getty.url}, a local Getty with its own credits")
        print("Airflow    starting: database, scheduler, triggerer, DAG processor, API server")
        started = time.monotonic()
        with LocalAirflow(Path(home), ROOT / "example_dags", {"getty_default": getty.connection}) as airflow:
            airflow.wait_for_dags([DAG_ID])
            print(f"Airflow    {airflow.url}, ready after {time.monotonic() - started:.0f} s")
            wish = _wish(getty)
            print(f"DAG        {DAG_ID}: {wish['prompt']!r} into image {wish['image_id']}\n")
            _refine(airflow, wish)
        _report(getty, wish)


def _wish(getty: Emulator) -> dict[str, Any]:
    """Return the parameters of the DAG: the first library image and the refine that the emulator suggests for it."""
    image = getty.images()[0]
    return {
        "image_id": image["id"],
        "image_size": [image["width"], image["height"]],
        "boxes": [image["mask_box"]],
        "prompt": image["prompt"],
        "folder": f"{OUTPUT.as_uri()}/",
    }


def _refine(airflow: LocalAirflow, wish: dict[str, Any]) -> None:
    """Run the DAG, and print a line for each state of each task."""
    started = time.monotonic()

    def show(task: TaskInstance) -> None:
        if task.state in SHOWN:
            remark = REMARKS.get((task.task_id, task.state), "")
            print(f"{time.monotonic() - started:7.1f} s  {task.name:10}{task.state:10}{remark}".rstrip())

    run_id = airflow.api.trigger(DAG_ID, wish)
    if airflow.api.wait(DAG_ID, run_id, timeout=RUN_SECONDS, on_change=show) == "success":
        return
    raise DemoFailedError(airflow.api.failure(DAG_ID, run_id))


def _report(getty: Emulator, wish: dict[str, Any]) -> None:
    """Draw the picture, and print where it is, its cost, and what to run next."""
    refined = next(OUTPUT.glob("*.jpg"))
    _draw(getty, wish, refined).save(PICTURE)
    cost = getty.ledger()["total"]
    print(f"""
Refined    {refined.relative_to(ROOT)}
Cost       {cost} credit{"s" * (cost != 1)}, according to the emulator's ledger
Picture    {PICTURE.relative_to(ROOT)}

Next       make test       run all tests
           make airflow    click through a local Airflow with all example DAGs""")


def _draw(getty: Emulator, wish: dict[str, Any], refined: Path) -> Image.Image:
    image = next(each for each in getty.images() if each["id"] == wish["image_id"])
    with requests.Session() as session:
        session.trust_env = False  # a proxy from the environment cannot reach our loopback
        original = session.get(image["url"], timeout=30).content
        mask = session.get(getty.generations()[-1]["mask"], timeout=30).content
    panels = {
        f"Original: {image['title']}": original,
        "Mask: white is refined": mask,
        f"Result: {wish['prompt']}": refined.read_bytes(),
    }
    return side_by_side([(caption, Image.open(BytesIO(data))) for caption, data in panels.items()])


if __name__ == "__main__":
    sys.exit(main())
