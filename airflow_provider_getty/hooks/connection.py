"""Reads a Getty account from an Airflow connection of the type ``getty``."""

from __future__ import annotations

import json
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urlencode

from airflow_provider_getty.api.account import GETTY_URL, Account, Dialect
from airflow_provider_getty.api.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Connection

EXTRAS = {
    "token_url",
    "product_id",
    "project_code",
    "dialect",
    "max_requests_per_second",
    "coordinator",
    "timeout",
}


def account_of(connection: Connection, coordinator: Connection | None = None) -> Account:
    """The account that an Airflow connection describes.

    The base URL is the host if it has a scheme; otherwise it is built from schema, host and port.

    :param coordinator: the connection that :func:`coordinator_id` names, if any.
    :raises ConfigurationError: the connection cannot be used.
    """
    extras = _extras(connection.extra)
    host = (connection.host or "").strip()
    if host and "://" not in host:
        port = f":{connection.port}" if connection.port else ""
        host = f"{connection.schema or 'https'}://{host}{port}"
    timeout = _number(extras, "timeout", float)
    return Account(
        api_key=connection.login or "",
        api_secret=connection.password or "",
        base_url=host or GETTY_URL,
        token_url=_text(extras, "token_url") or "",
        product_id=_number(extras, "product_id", int),
        project_code=_text(extras, "project_code"),
        dialect=Dialect.AUTO if (dialect := _text(extras, "dialect")) is None else cast("Dialect", dialect),
        max_requests_per_second=_number(extras, "max_requests_per_second", float),
        coordinator=_redis_url(coordinator) if coordinator else _text(extras, "coordinator"),
        timeout=Account.timeout if timeout is None else timeout,
    )


def coordinator_id(connection: Connection) -> str | None:
    """The id of the coordinator's Redis connection; None if there is no coordinator, or the extra has its URL.

    :raises ConfigurationError: the extras cannot be read.
    """
    named = _text(_extras(connection.extra), "coordinator")
    return None if named is None or "://" in named else named.strip()


def _redis_url(connection: Connection) -> str:
    """The URL of a Redis, from a connection with the fields and extras of Airflow's Redis provider."""
    extras = connection.extra_dejson
    credentials = ""
    if connection.login or connection.password:
        credentials = f"{quote(connection.login or '', safe='')}:{quote(connection.password or '', safe='')}@"
    host = connection.host or ""
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    is_tls = extras.get("ssl") in (True, "true", "True", 1)
    options = {name: value for name, value in extras.items() if is_tls and name.startswith("ssl_") and value}
    return (
        f"{'rediss' if is_tls else 'redis'}://{credentials}{host}:{connection.port or 6379}"
        f"/{extras.get('db') or 0}{'?' if options else ''}{urlencode(options)}"
    )


def _extras(text: str | None) -> dict[str, Any]:
    try:
        extras = json.loads(text or "{}")
    except ValueError:
        raise ConfigurationError("Its extra is not JSON.") from None
    if not isinstance(extras, dict):
        raise ConfigurationError("Its extra is not a JSON object.")
    if unknown := sorted(set(extras) - EXTRAS):
        raise ConfigurationError(
            f"Its extra has {', '.join(unknown)}; it may have {', '.join(sorted(EXTRAS))}."
        )
    # The connection form stores empty fields as empty strings or nulls.
    return {name: value for name, value in extras.items() if value not in (None, "")}


def _text(extras: dict[str, Any], name: str) -> str | None:
    """Read text, or a number: JSON may have turned a code of digits into one."""
    value = extras.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if value is not None and not isinstance(value, str):
        raise ConfigurationError(f"{name} is {shortened(value)}; it must be text.")
    return value


def _number(extras: dict[str, Any], name: str, kind: type[Any]) -> Any:
    if (value := extras.get(name)) is None:
        return None
    try:
        if isinstance(value, bool) or (kind is int and isinstance(value, float)):
            raise ValueError
        return kind(value)
    except (TypeError, ValueError):
        whole = "whole " if kind is int else ""
        raise ConfigurationError(f"{name} is {shortened(value)}; it must be a {whole}number.") from None
