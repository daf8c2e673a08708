"""The server is safe from web pages, from impossible options, and from a disk that is full."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import uvicorn
from getty_emulator.__main__ import main
from getty_emulator.in_process import Getty
from getty_emulator.options import ServerOptions, declared_options
from getty_emulator.server import Emulator

from emulator.tests.support.direct import GENERATIONS, generate, generated, sign_in
from emulator.tests.support.emulator_client import Client

RESET = "/_emulator/reset"


def test_a_page_of_another_site_cannot_control_the_emulator(getty: Client) -> None:
    getty.refined()
    url = getty.emulator.url
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": url.replace("127.0.0.1", "localhost")},
    ):
        answer = requests.post(url + RESET, json={}, headers=headers, timeout=5)
        assert answer.status_code == 403, headers
        assert requests.delete(f"{url}/_emulator/faults", headers=headers, timeout=5).status_code == 403
    for body in ({"data": "{}"}, {"data": {"a": "b"}}, {"files": {"a": b"b"}}):
        assert requests.post(url + RESET, timeout=5, **body).status_code == 415
    plain = requests.post(url + RESET, data="{}", headers={"Content-Type": "text/plain"}, timeout=5)
    assert plain.status_code == 415
    assert getty.emulator.ledger()["total"] == 1
    assert requests.post(url + RESET, json={}, headers={"Origin": url}, timeout=5).status_code == 200


def test_a_name_that_was_rebound_to_this_machine_reaches_nothing(getty: Client) -> None:
    for path in ("/", "/_emulator/ledger", "/v3/products"):
        for host in ("evil.example", "evil.example:80", "localhost.evil.example", "", "[::1"):
            answer = requests.get(getty.emulator.url + path, headers={"Host": host}, timeout=5)
            assert answer.status_code in {400, 421}, (path, host)
        port = getty.emulator.port
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", "192.168.1.7", "[::1]:8900"):
            answer = requests.get(getty.emulator.url + path, headers={"Host": host}, timeout=5)
            assert answer.status_code != 421, (path, host)


def test_a_name_may_be_allowed() -> None:
    with Emulator(allowed_hosts=("getty",)) as emulator:
        answer = requests.get(f"{emulator.url}/_emulator/ledger", headers={"Host": "getty:8900"}, timeout=5)
        assert answer.status_code == 200


@pytest.mark.parametrize("seconds", [1e308, 1e12, math.inf, math.nan, -1])
def test_the_clock_moves_by_ten_years_at_most(seconds: float) -> None:
    getty = Getty()
    before = getty.time
    with pytest.raises(ValueError, match="moves forward"):
        getty.advance(seconds)
    assert getty.time == before


def test_a_clock_that_moves_too_far_is_refused_over_http(getty: Client) -> None:
    url = f"{getty.emulator.url}/_emulator/clock"
    assert requests.post(url, json={"advance": 1e308}, timeout=5).status_code == 400
    endless = requests.post(
        url, data='{"advance": 1e999}', headers={"Content-Type": "application/json"}, timeout=5
    )
    assert endless.status_code == 400
    assert requests.get(getty.emulator.url, timeout=5).status_code == 200


@pytest.mark.parametrize(
    "options",
    [
        {"credits": -5},
        {"queries_per_second": 0},
        {"concurrent_generations": 0},
        {"hold": -1},
        {"hold": math.nan},
        {"download_latency": math.inf},
        {"latency": "soon"},
        {"dialect": "latin"},
        {"concurrency_refusal": "nobody"},
        {"port": 70000},
        {"api_key": ""},
        {"other_accounts": (("demo-key", "x"),)},
        {"faults": ("no-such-fault",)},
        {"faults": ("refuse status",)},
    ],
)
def test_an_impossible_option_is_refused(options: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Emulator(**options)


@pytest.mark.parametrize(
    "arguments", ["--credits -5", "--queries-per-second 0", "--fault nothing", "--port -1"]
)
def test_the_command_line_refuses_it_too(
    arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_: pytest.fail("It has started."))
    with pytest.raises(SystemExit) as ended:
        main(arguments.split())
    assert ended.value.code == 2
    assert "getty-emulator: error:" in capsys.readouterr().err


def test_each_option_is_in_the_constructor_and_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    import inspect  # noqa: PLC0415

    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    parameters = inspect.signature(Emulator).parameters
    for declared in declared_options():
        assert f"{declared.flag} " in shown
        assert parameters[declared.name].annotation is not inspect.Parameter.empty
    assert set(parameters) == {declared.name for declared in declared_options()}


def test_faults_may_be_on_from_the_start_and_again_after_a_reset() -> None:
    getty = Getty(faults=("server-error operation=generate status=504 work=after times=1",))
    assert [generate(getty).status for _ in range(2)] == [504, 200]
    assert getty.ledger()["total"] == 2
    getty.reset()
    assert [generate(getty).status for _ in range(2)] == [504, 200]


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=f"Cannot listen at 127.0.0.1:{port}"):
            main(["--port", str(port)])


def test_the_greeting_of_a_program_names_the_port_that_was_taken(tmp_path: Path) -> None:
    """It comes after the port was bound: who reads it can call at once."""
    command = [sys.executable, "-m", "getty_emulator", "--port", "0", "--json", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=tmp_path, env=os.environ) as process:
        try:
            assert process.stdout
            greeted = json.loads(process.stdout.readline())
            assert greeted["port"] > 0
            assert greeted["url"] == greeted["connection"]["host"]
            assert requests.get(f"{greeted['url']}/_emulator/ledger", timeout=30).json()["total"] == 0
        finally:
            process.send_signal(signal.SIGINT)


def fill(getty: Getty) -> None:
    """Let the state file have no room for another page."""
    database: Any = getty._service._file._database  # type: ignore[union-attr]
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages}")


def test_a_full_disk_refuses_the_charge_and_says_so(tmp_path: Path) -> None:
    file = tmp_path / "state"
    getty = Getty(state=file, credits=10_000)
    generated(getty)
    headers = sign_in(getty)
    fill(getty)
    body = json.dumps({"prompt": "stars", "notes": "n" * 2000}).encode()
    answers = [getty.handle("POST", GENERATIONS, headers, body) for _ in range(40)]
    refused = [answer for answer in answers if answer.status == 500]
    charged = getty.ledger()["total"]
    assert refused
    assert b"cannot be written: database or disk is full. Nothing was changed or charged." in refused[0].body
    assert charged == 1 + len(answers) - len(refused) == len(getty.generations())
    assert getty.accounts()[0]["products"][0]["credits_remaining"] == 10_000 - charged
    getty.close()
    again = Getty(state=file)
    assert again.ledger()["total"] == charged == len(again.generations())
    again.close()


def test_no_option_is_a_secret_that_shows() -> None:
    assert "demo-secret" not in repr(ServerOptions(other_accounts=(("other", "demo-secret-2"),)))
