"""Who may see the gallery, and what a browser may do with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from getty_emulator.server import Emulator

from airflow_provider_getty.operators.refine import GettyRefineOperator as Ours
from tests.support.airflow_database import RUN
from tests.support.gallery_world import GalleryWorld
from tests.support.getty_journal import sent
from tests.support.refine_tasks import refine
from tests.support.task_runs import Worker

pytestmark = [pytest.mark.real_time, pytest.mark.filterwarnings("default")]

OF_DAG = "/getty/dags/a_dag"
OF_RUN = f"{OF_DAG}/runs/{RUN}"
OF_TASK = f"{OF_RUN}/tasks/refine"
PREVIEW = f"{OF_TASK}/image?kind=preview&index=0"
ALL = [OF_DAG, OF_RUN, OF_TASK, PREVIEW]
all_addresses = pytest.mark.parametrize("address", ALL, ids=["DAG", "run", "task", "image"])


@pytest.fixture
def refined(world: GalleryWorld, getty: Emulator, folder: Path) -> GalleryWorld:
    """A refine that has succeeded."""
    task = world.store_task(refine())
    world.ran(task, Worker().run(task))
    getty._service.journal.clear()
    return world


@all_addresses
def test_who_may_see_the_dag_sees_it(refined: GalleryWorld, address: str) -> None:
    assert refined.get(address).status_code == 200


@all_addresses
def test_who_is_not_logged_in_sees_nothing(refined: GalleryWorld, getty: Emulator, address: str) -> None:
    answer = refined.get(address, None)
    assert (answer.status_code, sent(getty)) == (401, [])
    assert "hot air balloons" not in answer.text


@all_addresses
def test_who_may_not_see_the_dag_sees_nothing(refined: GalleryWorld, getty: Emulator, address: str) -> None:
    answer = refined.get(address, "stranger")
    assert (answer.status_code, sent(getty)) == (403, [])
    assert "hot air balloons" not in answer.text


@all_addresses
@pytest.mark.parametrize("user", ["viewer", "stranger"])
def test_all_dags_at_once_are_none(refined: GalleryWorld, address: str, user: str) -> None:
    """Airflow takes ~ for the question whether somebody may see any DAG."""
    assert refined.get(address.replace("/a_dag", "/~"), user).status_code == 404
    assert refined.get(address.replace("/a_dag", "/%7E"), user).status_code == 404


def test_an_encoded_slash_leads_to_no_other_dag(refined: GalleryWorld, getty: Emulator) -> None:
    for address in (
        f"/getty/dags/a_dag%2Fruns%2F{RUN}",
        "/getty/dags/another_dag/..%2Fa_dag",
        "/getty/dags/another_dag%2F..%2Fa_dag",
        "/getty/dags/%2E%2E%2Fdags%2Fa_dag",
        f"{OF_RUN}/tasks/..%2F..%2F..%2Fetc%2Fpasswd/image?kind=file",
        f"{OF_RUN}/tasks/refine%2Fimage?kind=preview",
        "/getty/static/..%2Ftemplates%2Fbase.html",
    ):
        answer = refined.get(address, "stranger")
        assert answer.status_code in (403, 404), address
        assert "hot air balloons" not in answer.text
    assert sent(getty) == []


@pytest.mark.parametrize("odd", ["%00", "%7F", "%C2%85"])
def test_a_name_with_control_characters_is_none(refined: GalleryWorld, odd: str) -> None:
    """PostgreSQL fails on NUL."""
    for address in (f"{OF_DAG}{odd}", f"{OF_RUN}{odd}", f"{OF_TASK}{odd}", f"{OF_TASK}{odd}/image?kind=mask"):
        answer = refined.get(address)
        assert (answer.status_code, "nothing with this name" in answer.text) == (404, True)


def test_a_slash_at_the_end_leads_to_no_host_that_the_request_names(refined: GalleryWorld) -> None:
    for address in (*(f"{each}/" for each in ALL[:-1]), PREVIEW.replace("?", "/?")):
        answer = refined.client.get(address, headers={"Host": "evil.example"}, follow_redirects=False)
        assert (answer.status_code, "location" in answer.headers) == (404, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_it_can_only_be_looked_at(refined: GalleryWorld, getty: Emulator, method: str) -> None:
    from tests.support.gallery_users import token  # noqa: PLC0415 - warns

    headers = {"Authorization": f"Bearer {token('viewer')}", "Origin": "https://evil.example"}
    for address in ALL:
        answer = refined.client.request(method, address, headers=headers)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
        assert "access-control-allow-origin" not in answer.headers
    assert sent(getty) == []


def test_images_are_kept_by_the_browser_of_one_person_alone(refined: GalleryWorld) -> None:
    headers = refined.get(PREVIEW).headers
    assert headers["cache-control"] == "private, max-age=300"
    assert {"Authorization", "Cookie"} <= set(headers["vary"].split(", "))
    for user in (None, "stranger"):
        assert refined.get(PREVIEW, user).headers["cache-control"] == "no-store"


def test_the_dag_in_a_query_does_not_decide(refined: GalleryWorld) -> None:
    assert refined.get(f"{OF_RUN}?dag_id=another_dag", "stranger").status_code == 403


@pytest.mark.parametrize("address", [*ALL, f"{OF_DAG}/runs/no_such_run", "/getty/static/gallery.css"])
def test_a_browser_runs_and_loads_nothing_from_elsewhere(refined: GalleryWorld, address: str) -> None:
    headers = refined.get(address).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "SAMEORIGIN"
    assert "public" not in headers["cache-control"] or address.endswith(".css")


def test_the_pages_need_no_scripts(refined: GalleryWorld) -> None:
    for address in ALL[:-1]:
        html = refined.get(address).text
        assert "<script" not in html
        assert "style=" not in html
        assert " on" not in html.partition("<body>")[2].replace(" on ", "")


def test_no_page_waits_for_getty(refined: GalleryWorld, getty: Emulator) -> None:
    for address in ALL[:-1]:
        refined.get(address)
    assert sent(getty) == []


def test_no_signed_url_and_no_secret_reaches_a_browser(refined: GalleryWorld, getty: Emulator) -> None:
    for address in ALL:
        answer = refined.get(address)
        for secret in ("signature", getty.api_key, getty.api_secret, getty.url):
            assert secret.encode() not in answer.content


def test_nothing_is_shown_until_folders_are_set(
    refined: GalleryWorld, getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__GETTY__GALLERY_FOLDERS")
    page = refined.get(OF_TASK)
    assert page.status_code == 200
    assert "[getty] gallery_folders" in page.text
    assert "<img" not in page.text
    assert (refined.get(PREVIEW).status_code, sent(getty)) == (404, [])


class GettyRefineOperator(BaseOperator):
    """No operator of ours, though it is called like one."""

    template_fields = ("image_id", "mask", "prompt", "getty_conn_id")
    __module__ = "unusual_prefix_1234_a_dag"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image_id, self.mask, self.prompt, self.getty_conn_id = (
            "1",
            "/m.png",
            "a forgery",
            "getty_default",
        )

    def execute(self, context: Any) -> Any:
        """Do nothing."""


def test_an_operator_that_is_merely_named_like_ours_is_not_shown(
    world: GalleryWorld, getty: Emulator, folder: Path
) -> None:
    (folder / "m.png").write_bytes(b"")
    task = world.store_task(GettyRefineOperator(task_id="refine"))
    arguments = {"prompt": "a forgery", "getty_conn_id": "getty_default", "mask": str(folder / "m.png")}
    world.ran(
        task,
        rendered=arguments,
        result={"generation_request_id": "g", "results": [{"index": 0, "is_blocked": False}]},
    )
    for address in (OF_DAG, OF_RUN, OF_TASK):
        assert "a forgery" not in world.get(address).text
    assert "no task of Getty" in world.get(OF_TASK).text
    for kind in ("preview", "mask", "source", "file"):
        assert world.get(f"{OF_TASK}/image?kind={kind}").status_code == 404
    assert sent(getty) == []


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("unusual_prefix_1234_a_dag", "GettyRefineOperator"),
        ("airflow_provider_getty.operators.refine", "Sequence"),
        ("airflow_provider_getty.operators.refine", "no_such_name"),
        ("airflow_provider_getty.operators", "GettyRefineOperator"),
        ("airflow_provider_getty.no_such_module", "GettyRefineOperator"),
        ("os", "system"),
        (None, None),
        (["airflow_provider_getty.operators.refine"], {}),
    ],
)
def test_only_the_classes_of_the_provider_are_ours(module: Any, name: Any) -> None:
    from airflow_provider_getty.plugins.gallery.reading import kind_of  # noqa: PLC0415 - warns

    assert kind_of("airflow_provider_getty.operators.refine", "GettyRefineOperator") is Ours
    assert kind_of(module, name) is None


def test_links_stay_below_a_base_url_with_a_path(refined: GalleryWorld) -> None:
    from fastapi.testclient import TestClient  # noqa: PLC0415 - warns

    from tests.support.gallery_users import token  # noqa: PLC0415 - likewise

    client = TestClient(refined.client.app, root_path="/airflow")
    page = client.get(f"/airflow{OF_TASK}", headers={"Authorization": f"Bearer {token('viewer')}"})
    assert page.status_code == 200
    assert f'src="/airflow{OF_TASK}/image?' in page.text.replace("%3A", ":").replace("%2B", "+")
    assert 'href="/getty' not in page.text
    assert 'href="/airflow/dags/a_dag/runs/' in page.text
