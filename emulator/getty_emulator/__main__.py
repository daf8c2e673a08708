"""``python -m getty_emulator``."""

from __future__ import annotations

import argparse
import ipaddress
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import uvicorn

from getty_emulator.app import create_service, server_config
from getty_emulator.server import connection
from getty_emulator.settings import (
    DEFAULT_CREDITS,
    Credentials,
    Dialect,
    Latency,
    Settings,
    Voice,
)
from getty_emulator.state_file import StateFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from getty_emulator.service import Service


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the emulator until it is interrupted."""
    options = _parser().parse_args(arguments)
    settings = Settings(
        accounts=(Credentials(options.api_key, options.api_secret), *options.account),
        dialect=Dialect(options.dialect),
        latency=options.latency,
        hold=options.hold,
        download_latency=options.download_latency,
        credits=options.credits,
        queries_per_second=options.queries_per_second,
        concurrent_generations=options.concurrent_generations,
        concurrency_refusal=Voice(options.concurrency_refusal),
        state=options.state,
    )
    service = create_service(settings)
    try:
        service.open()
    except StateFileError as error:
        raise SystemExit(f"getty-emulator: {error}") from None
    logging.basicConfig(level=logging.WARNING if options.quiet else logging.INFO, format="%(message)s")
    sys.stdout.write(greeting(service, options.host, options.port))
    sys.stdout.flush()
    uvicorn.Server(
        server_config(
            service, host=options.host, port=options.port, log_level="warning", timeout_graceful_shutdown=1
        )
    ).run()


def greeting(service: Service, host: str, port: int) -> str:
    """Return what is printed at the start: where it is, what may be refined, how Airflow connects."""
    shown_host = f"[{host}]" if ":" in host else host
    url = f"http://{shown_host}:{port}"
    account = service.settings.accounts[0]
    airflow = connection(url, account.key, account.secret)
    extra = urlencode(airflow["extra"])
    uri = f"getty://{quote(account.key, safe='')}:{quote(account.secret, safe='')}@{quote(url, safe='')}/?{extra}"
    lines = [f"Getty emulator at {url} (switches: {url}/_emulator/)", "", "Images:"]
    lines += [f"  {image.id}  {image.title}" for image in service.studio.library.values()]
    lines += ["", "Airflow connection, as a URI or as JSON:"]
    lines += [
        f"  AIRFLOW_CONN_GETTY_DEFAULT='{uri}'",
        f"  AIRFLOW_CONN_GETTY_DEFAULT='{json.dumps(airflow)}'",
        "",
    ]
    if not _is_loopback(host):
        lines += ["WARNING: anyone who can reach this address can use the emulator and its switches.", ""]
    return "\n".join(lines) + "\n"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="getty-emulator", description="A local Getty Images AI Generator for development and tests."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", default=8900, type=int)
    add("--api-key", default="demo-key")
    add("--api-secret", default="demo-secret")
    add(
        "--account",
        action="append",
        default=[],
        type=Credentials.parse,
        metavar="KEY:SECRET",
        help="a further account",
    )
    add(
        "--latency",
        default="3",
        type=Latency.parse,
        help="seconds of a generation: 3, 2-20 or lognormal:15:0.6",
    )
    add(
        "--hold",
        default=0.0,
        type=float,
        help="seconds that a POST waits for its result before it answers 202",
    )
    add("--download-latency", default=0.5, type=float, help="seconds that a download is prepared")
    add(
        "--dialect",
        default="any",
        choices=[dialect.value for dialect in Dialect],
        help="the wording of the API",
    )
    add("--credits", default=DEFAULT_CREDITS, type=int, help="credits of each account's product")
    add("--queries-per-second", type=int, help="limit of each account")
    add("--concurrent-generations", type=int, help="limit of each account")
    add(
        "--concurrency-refusal",
        default="service",
        choices=[voice.value for voice in Voice],
        help="who refuses beyond that limit: the service, with an ErrorCode, or the gateway, with a bare 429",
    )
    add("--state", type=Path, metavar="FILE", help="keep the state in this file, and go on where it was left")
    add("--quiet", action="store_true", help="log no requests")
    return parser


if __name__ == "__main__":
    main()
