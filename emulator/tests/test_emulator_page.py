"""The start page: what it shows, finds and lets one do, and that nothing in it comes from elsewhere."""

from __future__ import annotations

import json
import re

import pytest
import requests
from getty_emulator.in_process import Getty
from getty_emulator.page import Query, content, dag_of

from emulator.tests.support.direct import content_of, generate, generated, refine
from emulator.tests.support.emulator_client import Client, Start


def page(getty: Client, query: str = "") -> str:
    answer = requests.get(f"{getty.emulator.url}/{query}", timeout=10)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def direct() -> Getty:
    return Getty()


def test_texts_of_users_are_shown_as_texts(getty: Client) -> None:
    evil = "<script>alert(1)</script> balloons"
    getty.refined(prompt=evil, notes=evil)
    getty.emulator.fault("set-fields", fields={"</script><b>": evil})
    for view in ("generations", "ledger", "faults", "requests", "images"):
        text = page(getty, f"?view={view}&q=%3Cscript%3Ealert")
        assert "<script>" not in text
        assert "</script><b>" not in text


def test_nothing_is_loaded_from_elsewhere_and_no_other_site_may_frame_it(getty: Client) -> None:
    getty.refined()
    answer = requests.get(getty.emulator.url, timeout=10)
    sources = re.findall(r'(?:src|href|action)="([^"]*)"', answer.text)
    assert sources
    assert all(source.startswith(("/", "data:,")) and not source.startswith("//") for source in sources)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    [nonce] = set(re.findall(r'nonce="([^"]+)"', answer.text))
    assert f"script-src 'nonce-{nonce}'" in policy
    assert "unsafe" not in policy


def test_all_generations_can_be_reached_page_by_page(direct: Getty) -> None:
    made = [generated(direct) for _ in range(45)]
    shown = []
    for number in (1, 2, 3):
        values = content(direct._service, Query("generations", "", number))
        assert (values["pages"], values["found"], values["total_generations"]) == (3, 45, 45)
        shown += [generation["id"] for generation in values["generations"]]
    assert sorted(shown) == sorted(made)
    beyond = content(direct._service, Query("generations", "", 99))
    assert [generation["id"] for generation in beyond["generations"]] == shown[40:]


def test_the_page_says_how_many_there_are_and_leads_to_the_others(getty: Client) -> None:
    for _ in range(21):
        assert getty.call("POST", "/v3/ai/image-generations", json={"prompt": "stars"}).ok
    first, second = page(getty), page(getty, "?page=2")
    assert "21 of 21 generations, newest first" in first
    assert (first.count("<article"), second.count("<article")) == (20, 1)
    assert "Page 1 of 2" in first
    assert '<a href="/?view=generations&amp;page=2">Older</a>' in first
    assert '<a href="/?view=generations">Newer</a>' in second
    assert '<input type="search" name="q"' in first


def test_the_ledger_is_a_table(getty: Client) -> None:
    getty.refined(notes="airflow:1a2b skies.refine | spring")
    rows = re.findall("<tr><td>(.*?)</td></tr>", page(getty, "?view=ledger"))
    assert rows[0] == "skies</td><td>1"
    assert "<td>refine</td><td>1</td><td>airflow:1a2b skies.refine | spring</td>" in rows[1]


def test_what_can_be_switched_has_a_button(getty: Client) -> None:
    getty.emulator.fault("gone", times=None)
    text = page(getty, "?view=faults")
    addresses = re.findall(r'<button data-method="(\w+)" data-url="([^"]+)"', text)
    assert {(method, re.sub(r"\d+", "1", url)) for method, url in addresses} == {
        ("DELETE", "/_emulator/faults/1"),
        ("DELETE", "/_emulator/faults"),
        ("POST", "/_emulator/clock"),
        ("POST", "/_emulator/reset"),
    }
    assert '<button class="main">Switch on</button>' in text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LANTERNS", 1),
        ("spring_campaign", 1),
        ("lanterns spring_campaign", 1),
        ("lanterns boats", 0),
        ("pending", 1),
        ("refine", 1),
        ("1473240153", 1),
        ("", 3),
    ],
)
def test_generations_are_found_by_any_word(text: str, found: int) -> None:
    getty = Getty(latency="5")
    refine(getty, prompt="two lanterns", notes="airflow:1a2b spring_campaign.refine_it | by hand")
    generate(getty, prompt="boats")
    getty.advance(5)
    generate(getty, prompt="a city")
    assert content(getty._service, Query("generations", text, 1))["found"] == found


def test_the_ledger_shows_the_credits_of_each_dag(direct: Getty) -> None:
    for notes in ("airflow:1a one.task", "airflow:2b two.task | mine", "airflow:3c one.other[3]", "by hand"):
        generate(direct, notes=notes)
    generate(direct)
    values = content(direct._service, Query("ledger", "", 1))
    assert dict(values["by_dag"]) == {"one": 2, "two": 1, "no DAG": 2}
    assert len(values["entries"]) == 5
    assert dag_of("Airflow:0F my-dag.task") == "my-dag"


def test_a_fault_is_cleared_alone_or_with_all(getty: Client) -> None:
    first = getty.emulator.fault("gone", times=None)
    getty.emulator.fault("server-error", "refine", times=3, status=504)
    text = page(getty, "?view=faults")
    assert f'data-url="/_emulator/faults/{first["id"]}"' in text
    assert "operation=refine" in text
    assert "status=504" in text
    url = f"{getty.emulator.url}/_emulator/faults"
    assert requests.delete(f"{url}/{first['id']}", timeout=5).status_code == 200
    assert requests.delete(f"{url}/{first['id']}", timeout=5).status_code == 404
    assert [fault["fault"] for fault in requests.get(url, timeout=5).json()] == ["server-error"]


def test_the_form_knows_every_fault_and_its_parameters(getty: Client) -> None:
    text = page(getty, "?view=faults")
    known = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert known
    listed = json.loads(known[1])
    shown = requests.get(f"{getty.emulator.url}/_emulator/", timeout=5).json()["faults"]
    assert [kind["fault"] for kind in listed["kinds"]] == [kind["fault"] for kind in shown]


def test_an_empty_page_says_what_will_show_and_every_view_has_one(getty: Client) -> None:
    assert "Nothing yet" in page(getty)
    assert 'data-live="list"' in page(getty), "it is refreshed when something comes"
    assert "setInterval(refresh, " in page(getty)
    assert "No charges yet" in page(getty, "?view=ledger")
    assert "No fault is on" in page(getty, "?view=faults")
    assert "No requests yet" in page(getty, "?view=requests")
    assert "1473240153" in page(getty, "?view=images")


@pytest.mark.parametrize("query", ["?view=nothing", "?page=x", "?page=-1", "?page=999999999999", "?q=%00%ff"])
def test_a_query_that_makes_no_sense_shows_the_page(getty: Client, query: str) -> None:
    getty.refined()
    assert "generations, newest first" in page(getty, query)


def test_an_image_that_is_pending_or_being_drawn_has_a_frame_of_its_shape(start: Start) -> None:
    getty = start(latency="60")
    getty.refined()
    pending = page(getty)
    assert pending.count('<div class="frame r-land">pending</div>') == 4
    getty.emulator.advance(60)
    assert page(getty).count('<div class="frame r-land"><img') == 6, "original, mask and results"
    for shape in ("wide", "land", "square", "tall"):
        assert re.search(rf"\.r-{shape} {{ aspect-ratio: [\d /]+; }}", pending)


def test_blocked_pending_and_gone_images_keep_their_frame(direct: Getty) -> None:
    direct.fault("block-images", which=[0])
    blocked = content_of(generate(direct))["generation_request_id"]
    [shown] = content(direct._service, Query("generations", "", 1))["generations"]
    assert (shown["id"], shown["results"][0], len(shown["results"])) == (blocked, None, 4)
    direct.advance(181 * 24 * 3600)
    [shown] = content(direct._service, Query("generations", "", 1))["generations"]
    assert shown["state"] == "gone"
