"""The state file: what the emulator said and charged is still so after a restart, however it ended."""

from __future__ import annotations

import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from getty_emulator.__main__ import main
from getty_emulator.server import Emulator
from getty_emulator.state_file import VERSION, StateFileError

from emulator.tests.support.emulator_client import LAKE, Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DOWNLOAD = "/v3/ai/image-generations/{}/images/0/download"
REFINE = "/v3/ai/image-generations/refine"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "getty.state"


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that a test starts; those that it leaves running are killed."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def client(emulator: Emulator) -> Client:
    return Client(emulator, emulator.api_key, emulator.api_secret)


def test_a_client_goes_on_after_a_restart(file: Path) -> None:
    """Its token, upload, generation, download and links are still good, and answered as before."""
    port = free_port()
    with Emulator(port=port, state=file) as emulator, client(emulator) as getty:
        mask_url = getty.mask_url()
        emulator.fault("block-images", which=[2])
        generation = getty.refined(mask_url=mask_url, prompt="stars", notes="marker-1")
        refined = getty.poll(generation).json()
        started = getty.call("PUT", DOWNLOAD.format(generation), json={"size_name": "4k"}).json()
        history = getty.call("GET", "/v3/ai/generation-history").json()
    with Emulator(port=port, state=file) as emulator:
        getty.emulator = emulator
        assert getty.poll(generation).json() == refined
        assert getty.call("GET", DOWNLOAD.format(generation)).json() == started
        assert getty.call("GET", "/v3/ai/generation-history").json() == history
        assert getty.session.get(refined["results"][0]["url"], timeout=20).status_code == 200
        assert getty.refine(mask_url=mask_url).status_code == 200
        assert [request["operation"] for request in emulator.requests()].count("token") == 0
        getty.session.close()


def test_ledger_generations_accounts_and_clock_survive_but_no_faults(file: Path) -> None:
    others: Any = {"other_accounts": (("other-key", "other-secret"),), "latency": "60", "port": free_port()}

    def seen(emulator: Emulator) -> list[Any]:
        return [emulator.ledger(), emulator.generations(), emulator.accounts()]

    with Emulator(state=file, **others) as emulator, client(emulator) as getty:
        Client(emulator, "other-key", "other-secret", getty.session).refined(notes="theirs")
        made = [getty.refined(prompt=f"{number} balloons") for number in range(5)]
        emulator.advance(30)
        emulator.configure_account(
            products=[{"id": 7, "credits_remaining": 3, "project_code": "required", "project_codes": ["A"]}],
            queries_per_second=50,
            concurrent_generations=6,
            company_generations=True,
        )
        emulator.fault("server-error", times=None)
        before = seen(emulator)
    with Emulator(state=file, **others) as emulator, client(emulator) as getty:
        assert seen(emulator) == before
        pages = getty.call("GET", "/v3/ai/generation-history").json()["generations"]
        assert [item["generation_request_id"] for item in pages] == made[::-1]
        assert getty.poll(made[0]).status_code == 202
        emulator.advance(31)
        assert getty.poll(made[0]).status_code == 200


def test_what_a_fault_brought_about_survives(file: Path) -> None:
    with Emulator(state=file) as emulator, client(emulator) as getty:
        mask_url = getty.mask_url()
        emulator.fault("stay-pending", "refine")
        emulator.fault("history-hidden", "refine")
        generation = getty.refined(mask_url=mask_url)
        emulator.fault("upload-expired")
        assert getty.refine(mask_url=mask_url).status_code == 400
        emulator.fault("token-expired")
        assert getty.poll(generation).status_code == 401
    with Emulator(state=file) as emulator:
        getty.emulator = emulator
        assert getty.poll(generation).status_code == 401
        getty._token = None
        assert getty.refine(mask_url=mask_url).status_code == 400
        assert getty.poll(generation).status_code == 202
        assert getty.call("GET", "/v3/ai/generation-history").json()["result_count"] == 0
        emulator.fault("finish-at-once")
        assert getty.poll(generation).status_code == 200
    with Emulator(state=file) as emulator:
        getty.emulator = emulator
        assert getty.poll(generation).status_code == 200


def test_a_charge_outlives_a_process_that_is_killed_before_it_answers(
    file: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    port = free_port()
    getty: Any = Client(SimpleNamespace(url=f"http://127.0.0.1:{port}"), "demo-key", "demo-secret")  # type: ignore[arg-type]
    ledger = f"{getty.emulator.url}/_emulator/ledger"

    def begin() -> None:
        command = [sys.executable, "-m", "getty_emulator", "--quiet", "--state", str(file)]
        command += ["--port", str(port), "--latency", "600", "--hold", "600"]
        processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and processes[-1].poll() is None:
            try:
                requests.get(ledger, timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("The emulator did not start.")

    with getty:
        begin()
        body = {"id": LAKE, "mask_url": getty.mask_url(), "notes": "marker-1"}
        headers = {"Api-Key": getty.key, "Authorization": f"Bearer {getty.token()}"}
        with pytest.raises(requests.ReadTimeout):
            requests.post(getty.emulator.url + REFINE, json=body, headers=headers, timeout=0.5)
        processes[-1].send_signal(signal.SIGKILL)
        processes[-1].wait()
        begin()
        charges = requests.get(ledger, timeout=5).json()
        assert charges["total"] == 1
        [entry] = charges["entries"]
        assert entry["notes"] == "marker-1"
        [item] = getty.call("GET", "/v3/ai/generation-history").json()["generations"]
        assert item["generation_request_id"] == entry["generation_request_id"]
        assert getty.poll(entry["generation_request_id"]).status_code == 202


def test_a_mask_is_written_once_however_often_it_is_used(file: Path) -> None:
    with Emulator(state=file) as emulator, client(emulator) as getty:
        for name in ("one.jpg", "two.jpg"):
            getty.refined(mask_url=getty.mask_url(name=name))
    with sqlite3.connect(file) as database:
        assert database.execute("SELECT count(*) FROM files").fetchone() == (1,)
    database.close()


def test_the_secret_is_not_written_and_the_file_is_the_user_s_alone(file: Path) -> None:
    with Emulator(state=file) as emulator, client(emulator) as getty:
        getty.refined()
        written = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert getty.key.encode() in written
    assert getty.secret.encode() not in written
    assert file.stat().st_mode & 0o077 == 0


def test_a_reset_empties_the_file(file: Path) -> None:
    with Emulator(state=file) as emulator, client(emulator) as getty:
        getty.refined()
        emulator.advance(3600)
        emulator.reset()
    with Emulator(state=file, credits=5) as emulator:
        assert emulator.ledger()["entries"] == emulator.generations() == []
        assert emulator.accounts()[0]["products"][0]["credits_remaining"] == 5


def test_a_new_account_may_come_but_a_known_one_must_stay(file: Path) -> None:
    other = (("other-key", "other-secret"),)
    with Emulator(state=file):
        pass
    with Emulator(state=file, other_accounts=other) as emulator:
        Client(emulator, "other-key", "other-secret").refined()
    with pytest.raises(StateFileError, match="contains the account 'other-key'"), Emulator(state=file):
        pass
    with Emulator(state=file, other_accounts=other) as emulator:
        assert emulator.ledger()["totals"] == {"demo-key": 0, "other-key": 1}


def test_two_emulators_cannot_have_one_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getty_emulator.state_file._PATIENCE", 0.05)
    with (
        Emulator(state=file),
        pytest.raises(StateFileError, match="in use by another emulator"),
        Emulator(state=file),
    ):
        pass


def of_another_version(file: Path) -> None:
    change(file, f"PRAGMA user_version = {VERSION + 1}")


def of_another_program(file: Path) -> None:
    change(file, "PRAGMA application_id = 1")


def not_a_database(file: Path) -> None:
    file.write_text("This is a letter, not a database. " * 100)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-5000])


def without_a_mask(file: Path) -> None:
    change(file, "DELETE FROM files")


def with_half_a_record(file: Path) -> None:
    change(file, "UPDATE things SET content = substr(content, 1, 20)")


def with_a_strange_record(file: Path) -> None:
    change(file, "UPDATE things SET content = '{}'")


def change(file: Path, statement: str) -> None:
    with sqlite3.connect(file) as database:
        database.execute(statement)
    database.close()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (of_another_version, f"has version {VERSION + 1}, but this emulator reads version {VERSION}"),
        (of_another_program, "another program's database"),
        (not_a_database, "damaged"),
        (cut_short, "damaged"),
        (without_a_mask, "damaged"),
        (with_half_a_record, "damaged"),
        (with_a_strange_record, "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_and_left_as_it_is(
    file: Path, spoil: Callable[[Path], None], message: str
) -> None:
    with Emulator(state=file) as emulator, client(emulator) as getty:
        getty.refined()
    spoil(file)
    spoiled = file.read_bytes()
    for _ in range(2):
        with pytest.raises(StateFileError, match=message) as refused, Emulator(state=file):
            pass
        assert str(file) in str(refused.value)
    assert file.read_bytes() == spoiled


def test_the_command_line_says_why_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"getty-emulator: The state file .*/missing/file cannot be opened"):
        main(["--port", "0", "--state", str(tmp_path / "missing" / "file")])
