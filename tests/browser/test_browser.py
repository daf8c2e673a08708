"""The pages in a browser: links, tabs, the gallery, the connection form; on a desktop, a phone, in the dark."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from PIL import Image

from tests.browser.conftest import PAGE_MILLISECONDS, PHONE, RUN_SECONDS, Seen, log_in
from tests.support.whole_airflow import ONE_AT_A_TIME

pytestmark = [ONE_AT_A_TIME, pytest.mark.real_time]

Look = Callable[..., Any]
Photograph = Callable[[Any, str], None]
PROMPT = "red and golden hot air balloons over the mountains"


def of_run(seen: Seen, dag: str = "getty_refine") -> str:
    """The path of a run in Airflow; in the gallery it is the same, below its prefix."""
    return f"/dags/{dag}/runs/{quote(seen.runs[dag], safe='')}"


def widths(frame: Any) -> list[int]:
    """The widths in pixels of the small images of a page, once all have been loaded."""
    for each in frame.locator(".frame img").all():
        each.scroll_into_view_if_needed()
    _wait_until(frame, "[...document.querySelectorAll('.frame img')].every(image => image.complete)")
    found: list[int] = frame.eval_on_selector_all(
        ".frame img", "found => found.map(image => image.naturalWidth)"
    )
    return found


def _wait_until(frame: Any, condition: str) -> None:
    """Wait for a condition; Playwright's own way to do so is forbidden by the page's Content-Security-Policy."""
    for _ in range(PAGE_MILLISECONDS // 100):
        if frame.evaluate(condition):
            return
        frame.wait_for_timeout(100)
    raise AssertionError(condition)


def captions(frame: Any) -> list[str]:
    """What is written below the images."""
    return [text.strip() for text in frame.locator("figcaption").all_inner_texts()]


ONE_REFINE = ["original at Getty", "mask", "0 downloaded", "1", "2", "3", "file, 1k"]


def test_a_task_links_to_its_original_its_images_and_the_emulator(seen: Seen, look: Look) -> None:
    page = look(f"{of_run(seen)}/tasks/wait/details")
    links = {
        name: page.get_by_role("link", name=name, exact=True) for name in ("Original at Getty", "Emulator")
    }
    for link in links.values():
        link.wait_for()
    assert links["Original at Getty"].get_attribute("href") == "https://www.gettyimages.com/detail/1473240153"
    assert links["Emulator"].get_attribute("href") == f"{seen.getty.url}/"
    gallery = page.locator(f"a[href='{seen.url}/getty{of_run(seen)}/tasks/wait']")
    gallery.click()
    page.locator("h1", has_text="wait").wait_for()
    assert captions(page.main_frame) == ONE_REFINE


def test_the_gallery_is_a_tab_of_the_task(seen: Seen, look: Look, photograph: Photograph) -> None:
    page = look(f"{of_run(seen)}/tasks/refine")
    page.get_by_role("link", name="Gallery", exact=True).click()
    frame = page.locator("iframe").element_handle().content_frame()
    frame.get_by_text(PROMPT).first.wait_for()
    assert captions(frame) == ONE_REFINE
    assert widths(frame) == [480] * 6
    photograph(page, "gallery_tab")


@pytest.mark.parametrize("dag", ["getty_refine", "getty_catalogue"])
def test_the_gallery_is_a_tab_of_the_run_and_of_the_dag(seen: Seen, look: Look, dag: str) -> None:
    for path in (of_run(seen, dag), f"/dags/{dag}"):
        page = look(path)
        page.get_by_role("link", name="Gallery", exact=True).click()
        frame = page.locator("iframe").element_handle().content_frame()
        frame.locator(".frame img").first.wait_for()
        assert all(width == 480 for width in widths(frame))


def test_what_is_shown_is_what_was_made(seen: Seen, look: Look, photograph: Photograph) -> None:
    page = look(f"/getty{of_run(seen)}")
    assert page.locator("h3").all_inner_texts() == [PROMPT]
    assert captions(page.main_frame) == ONE_REFINE
    assert widths(page.main_frame) == [480] * 6
    made = next(each for each in seen.getty.generations() if each["prompt"] == PROMPT)
    footer = page.locator("footer").inner_text()
    assert made["generation_request_id"] in footer
    assert str(made["seed"]) in footer
    assert "1 charged" in footer
    photograph(page, "gallery")


def test_an_image_opens_large_and_closes(seen: Seen, look: Look) -> None:
    page = look(f"/getty{of_run(seen)}")
    made = next(each for each in seen.getty.generations() if each["prompt"] == PROMPT)
    [file] = seen.folder.glob(f"{made['generation_request_id']}*.jpg")
    page.locator(".file a.picture").click()
    large = page.locator(".large:target img")
    large.wait_for()
    _wait_until(page.main_frame, "document.querySelector('.large:target img').naturalWidth > 0")
    with Image.open(file) as stored:
        assert large.evaluate("image => [image.naturalWidth, image.naturalHeight]") == list(stored.size)
    page.locator(".large:target .close").click()
    assert page.locator(".large:target img").count() == 0


def test_a_batch_shows_its_items(seen: Seen, look: Look, photograph: Photograph) -> None:
    page = look(f"/getty{of_run(seen, 'getty_catalogue')}/tasks/refine")
    assert page.locator("article").count() == 4
    assert page.locator(".chosen").count() == 4
    assert all(width == 480 for width in widths(page.main_frame))
    page.evaluate("scrollTo(0, 0)")
    photograph(page, "gallery_batch")


def test_it_reads_well_on_a_phone(seen: Seen, look: Look, photograph: Photograph) -> None:
    page = look(f"/getty{of_run(seen)}", size=PHONE)
    assert widths(page.main_frame) == [480] * 6
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0], (
        "nothing is wider than the screen"
    )
    page.evaluate("scrollTo(0, 0)")
    photograph(page, "gallery_phone")


def test_it_is_dark_where_people_want_it_dark(seen: Seen, look: Look, photograph: Photograph) -> None:
    colors = []
    for scheme in ("light", "dark"):
        page = look(f"/getty{of_run(seen)}", scheme=scheme)
        page.wait_for_load_state("load")
        colors.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert widths(page.main_frame) == [480] * 6
    assert colors == ["rgb(246, 244, 239)", "rgb(22, 21, 19)"]
    photograph(page, "gallery_dark")


def test_a_browser_finds_nothing_to_complain_of(seen: Seen, look: Look) -> None:
    """Such as what the Content-Security-Policy forbids."""
    page = look(f"/getty{of_run(seen)}")
    widths(page.main_frame)  # what is still under way when it is loaded again is canceled
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("requestfailed", lambda request: complaints.append(request.url))
    page.reload()
    widths(page.main_frame)
    assert complaints == []
    hosts = page.evaluate("performance.getEntriesByType('resource').map(each => new URL(each.name).host)")
    assert set(hosts) == {seen.url.split("/")[2]}


def test_a_browser_finds_nothing_to_complain_of_while_the_page_of_the_emulator_renews_itself(
    seen: Seen, look: Look
) -> None:
    complaints: list[str] = []
    page = look(f"/getty{of_run(seen)}")
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(seen.getty.url)
    for _ in range(3):
        with page.expect_request(f"{seen.getty.url}/"):
            pass
    assert complaints == []


def test_who_has_not_logged_in_sees_nothing_and_is_led_to_the_form(seen: Seen, look: Look) -> None:
    page = look(f"/getty{of_run(seen)}", is_known=False)
    page.locator("h1", has_text="401").wait_for()
    assert PROMPT not in page.content()
    assert page.locator("img").count() == 0
    page.get_by_role("link", name="Log in to Airflow").click()
    log_in(page, seen.airflow)
    page.goto(f"{seen.url}/getty{of_run(seen)}")
    assert captions(page.main_frame) == ONE_REFINE


def test_after_a_logout_the_browser_shows_no_image_that_it_has_kept(seen: Seen, look: Look) -> None:
    page = look(f"/getty{of_run(seen)}")
    assert widths(page.main_frame) == [480] * 6
    images = page.eval_on_selector_all(".frame img", "found => found.map(image => image.src)")
    assert [page.goto(image).status for image in images] == [200] * 6
    page.context.clear_cookies()
    assert [page.goto(image).status for image in images] == [401] * 6


def test_an_approval_shows_the_previews_and_downloads_after_a_yes(
    seen: Seen, look: Look, photograph: Photograph
) -> None:
    api = seen.airflow.api
    run_id = api.trigger("getty_approve", {"folder": f"{seen.folder}/"})
    for _ in range(int(RUN_SECONDS)):
        states = {each.task_id: each.state for each in api.task_instances("getty_approve", run_id)}
        if states.get("approve") in ("awaiting_input", "deferred"):
            break
        time.sleep(1)
    run = quote(run_id, safe="")
    page = look(f"/dags/getty_approve/runs/{run}/tasks/approve/required_actions")
    page.get_by_text("Download this picture in 4k?").first.wait_for()
    page.locator("img[src*='/getty/']").nth(3).wait_for()
    _wait_until(
        page.main_frame,
        "[...document.querySelectorAll(\"img[src*='/getty/']\")].filter(each => each.naturalWidth > 400).length == 4",
    )
    photograph(page, "approval")
    page.get_by_role("button", name="Approve").click()
    assert api.wait("getty_approve", run_id, timeout=RUN_SECONDS) == "success"
    made = api.xcom("getty_approve", run_id, "generate")["generation_request_id"]
    assert (seen.folder / f"{made}-0-4k.jpg").is_file()
    page = look(f"/getty/dags/getty_approve/runs/{run}")
    assert widths(page.main_frame) == [480] * 5
    assert (
        page.eval_on_selector_all(".picture", "all => all.map(each => each.scrollHeight - each.clientHeight)")
        == [0] * 5
    ), "no image is cut off, although they are square"
    heights = page.eval_on_selector_all(".picture", "all => all.map(each => each.clientHeight)")
    assert len(set(heights)) == 1


def test_the_connection_form_asks_for_key_and_secret(seen: Seen, look: Look, photograph: Photograph) -> None:
    page = look("/connections")
    page.get_by_role("button", name="Add Connection").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").press_sequentially("getty")
    page.get_by_role("option", name=re.compile("getty", re.IGNORECASE)).click()
    for label in ("Base URL", "API key", "API secret"):
        dialog.get_by_text(label).first.wait_for()
    dialog.get_by_text("Extra Fields", exact=True).first.click()
    for label in ("Token URL", "Product ID", "Project code", "Dialect", "Timeout (seconds)"):
        dialog.get_by_text(label).first.wait_for()
    photograph(page, "connection_form")
