"""What one can look at and change, the start page, the command line."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from random import Random
from urllib.parse import urlsplit

import pytest
import requests
from getty_emulator.__main__ import create_parser, greeting, main
from getty_emulator.latency import Latency
from getty_emulator.options import ServerOptions
from getty_emulator.server import Emulator

from emulator.tests.support import documentation
from emulator.tests.support.emulator_client import Client, jpeg_mask


def test_the_journal_shows_which_credentials_went_where_but_not_their_values(getty: Client) -> None:
    generation = getty.refined()
    records = getty.emulator.requests()
    assert [record["operation"] for record in records] == ["upload", "token", "refine"]
    refine = records[-1]
    assert (refine["method"], refine["path"]) == ("POST", "/v3/ai/image-generations/refine")
    assert (refine["status"], refine["account"], refine["has_authorization"]) == (200, "demo-key", True)
    shown = requests.get(f"{getty.emulator.url}/_emulator/requests", timeout=5).text
    assert getty.token() not in shown
    assert getty.secret not in shown
    assert getty.emulator.generations()[0]["generation_request_id"] == generation


def test_a_request_that_matches_nothing_is_in_the_journal(getty: Client) -> None:
    getty.call("GET", "/v3/nothing?secret=x")
    record = getty.emulator.requests()[-1]
    assert (record["operation"], record["status"], record["query_names"]) == (None, 403, ("secret",))


def test_what_a_client_sent_before_it_was_gone_is_seen_and_meets_no_later_fault(getty: Client) -> None:
    getty.token()
    request = requests.Request(
        "POST",
        f"{getty.emulator.url}/v3/ai/image-generations",
        json={"prompt": "balloons"},
        headers={"Api-Key": getty.key, "Authorization": f"Bearer {getty.token()}"},
    ).prepare()
    address = urlsplit(getty.emulator.url)
    head = "".join(
        f"{name}: {value}\r\n" for name, value in {"Host": address.netloc, **request.headers}.items()
    )
    assert isinstance(request.body, bytes)
    sent = f"POST {request.path_url} HTTP/1.1\r\n{head}\r\n".encode() + request.body
    for _ in range(20):
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(sent)
    getty.emulator.fault("server-error", times=None)
    assert [record["fault"] for record in getty.emulator.requests()[1:]] == [None] * 20
    assert getty.emulator.ledger()["total"] == 20


def test_the_clock_moves_forward_only(getty: Client) -> None:
    base = f"{getty.emulator.url}/_emulator/clock"
    before = requests.post(base, json={"advance": 0}, timeout=5).json()["now"]
    after = requests.post(base, json={"advance": 3600}, timeout=5).json()["now"]
    assert 3600 <= after - before < 3660
    assert requests.post(base, json={"advance": -1}, timeout=5).status_code == 422


def test_a_reset_forgets_everything(getty: Client) -> None:
    getty.refined()
    getty.emulator.fault("server-error", times=None)
    getty.emulator.configure_account(queries_per_second=1)
    requests.post(f"{getty.emulator.url}/_emulator/reset", json={}, timeout=5)
    assert getty.emulator.ledger() == {"entries": [], "total": 0, "totals": {"demo-key": 0}}
    assert (getty.emulator.generations(), getty.emulator.requests()) == ([], [])
    getty._token = None
    assert [getty.call("GET", "/v3/products").status_code for _ in range(2)] == [200, 200]


def test_an_account_is_changed_over_http_and_a_limit_taken_away(getty: Client) -> None:
    base = f"{getty.emulator.url}/_emulator/accounts"
    changed = requests.post(
        f"{base}/demo-key", json={"queries_per_second": 1, "credits_remaining": 5}, timeout=5
    )
    assert changed.json()["queries_per_second"] == 1
    assert changed.json()["products"][0]["credits_remaining"] == 5
    requests.post(f"{base}/demo-key", json={"queries_per_second": None}, timeout=5)
    assert requests.get(base, timeout=5).json()[0]["queries_per_second"] is None
    assert requests.post(f"{base}/nobody", json={}, timeout=5).status_code == 404
    assert requests.post(f"{base}/demo-key", json={"color": "red"}, timeout=5).status_code == 422


def test_the_images_come_with_an_address_and_a_box_inside_them(getty: Client) -> None:
    for image in getty.emulator.images():
        assert image["id"].isdigit()
        left, top, right, bottom = image["mask_box"]
        assert 0 <= left < right <= image["width"]
        assert 0 <= top < bottom <= image["height"]
        assert requests.get(image["url"], timeout=20).headers["Content-Type"] == "image/jpeg"


def test_a_generation_comes_with_the_mask_that_it_was_made_with(getty: Client) -> None:
    mask = jpeg_mask(box=(5, 5, 300, 300))
    getty.refined(mask_url=getty.mask_url(mask))
    getty.mask_url(jpeg_mask(box=(9, 9, 90, 90)))
    [listed] = requests.get(f"{getty.emulator.url}/_emulator/generations", timeout=5).json()
    assert requests.get(listed["mask"], timeout=5).content == mask
    assert listed["mask"] == getty.emulator.generations()[0]["mask"]


def test_the_server_itself_logs_nothing_at_its_start_and_end(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever runs an emulator in a thread has a log of their own."""
    caplog.set_level(logging.INFO)
    with Emulator() as emulator:
        requests.get(emulator.url, timeout=5)
    assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []


def test_no_secret_is_logged_or_shown(getty: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        url = getty.refine().json()["results"][0]["url"]
        getty.session.get(url, timeout=20)
        getty.emulator.requests()  # it is answered after the call before was logged
    ours = "\n".join(
        record.getMessage() for record in caplog.records if record.name.startswith("getty_emulator")
    )
    assert "/media/" in ours
    assert "signature" not in ours
    assert getty.secret not in ours + repr(ServerOptions()) + repr(getty.emulator)


@pytest.mark.parametrize(
    ("text", "low", "high"), [("3", 3, 3), ("0", 0, 0), ("2-20", 2, 20), ("lognormal:15:0", 15, 15)]
)
def test_a_latency_is_a_number_a_range_or_a_lognormal(text: str, low: float, high: float) -> None:
    samples = [Latency.parse(text).sample(Random(seed)) for seed in range(50)]
    assert low <= round(min(samples), 6) <= round(max(samples), 6) <= high


def test_a_lognormal_latency_has_the_median_it_was_given() -> None:
    random = Random(1)
    samples = sorted(Latency.parse("lognormal:15:0.6").sample(random) for _ in range(4001))
    assert 14 < samples[2000] < 16


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "5-2", "lognormal:15", "lognormal:0:1", "nan", "inf", "lognormal:5:-1"]
)
def test_a_latency_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not a latency"):
        Latency.parse(text)


def test_an_account_is_written_with_a_colon(capsys: pytest.CaptureFixture[str]) -> None:
    read = create_parser().parse_args(["--account", "key:se:cret"])
    assert read.other_accounts == [("key", "se:cret")]
    with pytest.raises(SystemExit):
        create_parser().parse_args(["--account", "key"])
    assert "KEY:SECRET" in capsys.readouterr().err


def test_strictness_is_a_switch_of_the_command_line() -> None:
    assert create_parser().parse_args(["--strict"]).strict is True
    assert create_parser().parse_args([]).strict is False


def test_the_greeting_names_the_address_the_images_and_the_connection() -> None:
    from airflow.models.connection import Connection  # noqa: PLC0415 - takes seconds

    text = greeting(ServerOptions(port=8900))
    assert "1473240153" in text
    assert "WARNING" not in text
    written = [line.split("=", 1)[1].strip("'") for line in text.splitlines() if "AIRFLOW_CONN" in line]
    for value in written:
        connection = Connection.from_json(value) if value.startswith("{") else Connection(uri=value)
        assert (connection.conn_type, connection.login, connection.password) == (
            "getty",
            "demo-key",
            "demo-secret",
        )
        assert connection.host == "http://127.0.0.1:8900"
        assert connection.extra_dejson == {"token_url": "http://127.0.0.1:8900/oauth2/token"}
    assert len(written) == 2


def test_an_address_that_others_can_reach_is_warned_about() -> None:
    assert "WARNING" in greeting(ServerOptions(host="0.0.0.0", port=8900))


def test_the_command_line_refuses_what_it_does_not_understand(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--latency", "soon"])
    assert "latency" in capsys.readouterr().err


def test_the_pytest_plugin_imports_nothing_heavy() -> None:
    code = (
        "import sys, getty_emulator.pytest_plugin;"
        "print([name for name in ('fastapi', 'uvicorn', 'PIL', 'pydantic', 'airflow') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_emulator_can_be_started_again_on_another_port() -> None:
    emulator = Emulator()
    with emulator:
        first = emulator.url
        assert requests.get(first, timeout=5).status_code == 200
    with pytest.raises(requests.ConnectionError):
        requests.get(first, timeout=1)
    with pytest.raises(RuntimeError, match="not running"):
        emulator.ledger()


def test_the_tables_of_the_documentation_follow_from_the_code() -> None:
    """``python -m emulator.tests.support.documentation`` writes them."""
    page = documentation.PAGE.read_text()
    assert page.count("<!-- end -->") == len(documentation.TABLES)
    assert page == documentation.with_tables(page)
