"""The command line: ``getty-emulator`` or ``python -m getty_emulator``."""

from __future__ import annotations

import argparse
import ipaddress
import json
import logging
import socket
import sys
from collections.abc import Callable, Sequence
from typing import Any, get_args
from urllib.parse import quote, urlencode

import uvicorn

from getty_emulator.app import server_config
from getty_emulator.drawing.library import LIBRARY
from getty_emulator.options import Declared, ServerOptions, declared_options
from getty_emulator.server import connection, listen, url_of
from getty_emulator.service import Service
from getty_emulator.state_file import StateFileError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the emulator until it is interrupted."""
    parser = create_parser()
    given: dict[str, Any] = vars(parser.parse_args(arguments))
    quiet, as_json = given.pop("quiet"), given.pop("json")
    try:
        for name, value in given.items():
            given[name] = tuple(value) if isinstance(value, list) else value
        options = ServerOptions(**given)
        service = Service(options)
    except ValueError as error:
        parser.error(str(error))
    listener = _listener(service, options)
    options.port = listener.getsockname()[1]
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, format="%(message)s")
    sys.stdout.write(description(options) + "\n" if as_json else greeting(options))
    sys.stdout.flush()
    config = server_config(service, options, log_level="warning", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run([listener])


def _listener(service: Service, options: ServerOptions) -> socket.socket:
    """Take the port and open the state, or exit with the reason."""
    try:
        listener = listen(options.host, options.port)
    except OSError as error:
        problem = f"Cannot listen at {options.host}:{options.port}: {error.strerror or error}."
        raise SystemExit(f"getty-emulator: {problem}") from None
    try:
        service.open()
    except StateFileError as error:
        listener.close()
        raise SystemExit(f"getty-emulator: {error}") from None
    return listener


def greeting(options: ServerOptions) -> str:
    """Return the text printed at the start: the address, the library images, the Airflow connection."""
    url = url_of(options.host, options.port)
    airflow = connection(url, options.api_key, options.api_secret)
    login = f"{quote(options.api_key, safe='')}:{quote(options.api_secret, safe='')}"
    uri = f"getty://{login}@{quote(url, safe='')}/?{urlencode(airflow['extra'])}"
    lines = [f"Getty emulator at {url} (control: {url}/_emulator/)", "", "Images:"]
    lines += [f"  {image.id}  {image.title}" for image in LIBRARY.values()]
    lines += ["", "Airflow connection, as a URI or as JSON:"]
    lines += [
        f"  AIRFLOW_CONN_GETTY_DEFAULT='{uri}'",
        f"  AIRFLOW_CONN_GETTY_DEFAULT='{json.dumps(airflow)}'",
        "",
    ]
    if not _is_loopback(options.host):
        lines += ["WARNING: anyone who can reach this address can use and control the emulator.", ""]
    return "\n".join(lines) + "\n"


def description(options: ServerOptions) -> str:
    """Return the greeting for programs, as one line of JSON."""
    url = url_of(options.host, options.port)
    airflow = connection(url, options.api_key, options.api_secret)
    return json.dumps({"url": url, "port": options.port, "connection": airflow, "images": list(LIBRARY)})


def create_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line: every declared option, ``--json`` and ``--quiet``."""
    parser = argparse.ArgumentParser(
        prog="getty-emulator",
        description="A local Getty Images AI Generator for development and tests.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    for declared in declared_options():
        parser.add_argument(declared.flag, dest=declared.name, **_settings(declared))
    parser.add_argument("--json", action="store_true", help="greet with one line of JSON, for programs")
    parser.add_argument("--quiet", action="store_true", help="log no requests")
    return parser


def _settings(declared: Declared) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "default": declared.command_line_default,
        "help": declared.option.help.replace("`", "").replace("%", "%%"),
    }
    if declared.kind is bool:
        return settings | {"action": "store_true"}
    if isinstance(declared.default, tuple):
        settings |= {"action": "append", "default": [], "metavar": declared.option.metavar}
    elif declared.choices:
        settings["choices"] = declared.choices
    else:
        settings["metavar"] = declared.option.metavar
    return settings | {"type": _reader(declared)}


def _reader(declared: Declared) -> Callable[[str], Any]:
    """Return the function that converts an option's command-line text to its value."""
    if declared.name == "other_accounts":
        return _account
    for kind in (int, float):
        if kind in {declared.kind, *get_args(declared.kind)}:
            return kind
    return str


def _account(text: str) -> tuple[str, str]:
    key, colon, secret = text.partition(":")
    if not (key and colon and secret):
        raise argparse.ArgumentTypeError("An account is written KEY:SECRET.")
    return key, secret


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


if __name__ == "__main__":
    main()
