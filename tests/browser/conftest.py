"""A browser, and a whole Airflow for it to look at, which is below a path as behind a proxy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from getty_emulator.server import Emulator
from PIL import Image

from dev.local_airflow import LocalAirflow
from tests.support.whole_airflow import warm_up

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "example_dags"
PICTURES = ROOT / "docs" / "images"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RUN_SECONDS = 300.0
PAGE_MILLISECONDS = 60_000  # a loaded machine takes its time
DESKTOP, PHONE = (1280, 820), (390, 844)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser, driven by Playwright."""
    if not os.environ.get("GETTY_BROWSER_TESTS"):
        pytest.skip("these tests start a whole Airflow and a browser: make browser-test runs them")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: make browser-test"
    )
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip(f"no browser is installed: none of {', '.join(BROWSERS)} is on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, headless=True, args=OPTIONS)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Seen:
    """What there is to look at.

    :param url: Airflow's, with the path below which it is.
    :param runs: a finished run of each example, by its DAG.
    """

    url: str
    getty: Emulator
    airflow: LocalAirflow
    runs: dict[str, str]
    folder: Path


@pytest.fixture(scope="session")
def seen(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """An Airflow that has run examples, and whose gallery is on."""
    folder = tmp_path_factory.mktemp("getty")
    settings = {"getty": {"gallery_folders": f"{folder},{EXAMPLES}"}}
    with (
        Emulator(strict=True, latency="1") as getty,
        LocalAirflow(
            tmp_path_factory.mktemp("airflow"),
            EXAMPLES,
            {"getty_default": getty.connection},
            path="/team",
            settings=settings,
            admin="ada",
        ) as airflow,
    ):
        dags = ("getty_refine", "getty_catalogue")
        airflow.wait_for_dags(dags)
        warm_up(airflow)
        runs = {}
        for dag in dags:
            run = runs[dag] = airflow.api.trigger(dag, {"folder": f"{folder}/"})
            assert airflow.api.wait(dag, run, timeout=RUN_SECONDS) == "success", airflow.api.failure(dag, run)
        yield Seen(airflow.url, getty, airflow, runs, folder)


def log_in(page: Any, airflow: LocalAirflow) -> None:
    """Fill in Airflow's form, which the page shows, and wait for what comes next."""
    page.locator("input[type=password]").wait_for()
    page.locator("input").first.fill(airflow.admin)
    page.locator("input[type=password]").fill(airflow.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/login" not in url)


@pytest.fixture(scope="session")
def cookies(chromium: Any, seen: Seen) -> Any:
    """The cookies of somebody who has logged in."""
    context = chromium.new_context()
    context.set_default_timeout(PAGE_MILLISECONDS)
    page = context.new_page()
    page.goto(f"{seen.url}/")
    log_in(page, seen.airflow)
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def look(chromium: Any, seen: Seen, cookies: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page of Airflow as somebody who has logged in, or not."""
    contexts = []

    def look(
        path: str, size: tuple[int, int] = DESKTOP, scheme: str = "light", *, is_known: bool = True
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,
            reduced_motion="reduce",
            storage_state=cookies if is_known else None,
        )
        contexts.append(context)
        context.set_default_timeout(PAGE_MILLISECONDS)
        page = context.new_page()
        page.goto(f"{seen.url}{path}", wait_until="domcontentloaded")
        return page

    yield look
    for context in contexts:
        context.close()


@pytest.fixture
def photograph(tmp_path: Path) -> Callable[[Any, str], None]:
    """Keeps what a page looks like, for the documentation."""
    folder = PICTURES if os.environ["GETTY_BROWSER_TESTS"] == "pictures" else tmp_path

    def photograph(page: Any, name: str) -> None:
        with Image.open(BytesIO(page.screenshot())) as picture:
            picture.convert("RGB").save(folder / f"{name}.jpg", quality=85, optimize=True)

    return photograph
