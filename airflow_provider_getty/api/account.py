"""A Getty account: its addresses, its credentials, and the settings of its calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import ip_address
from math import inf
from reprlib import repr as shortened
from urllib.parse import urlsplit

from airflow_provider_getty.api.errors import ConfigurationError

GETTY_URL = "https://api.gettyimages.com"
GETTY_TOKEN_URL = "https://authentication.gettyimages.com/oauth2/token"  # noqa: S105 - an address


_LONGEST_TIMEOUT = 86_400
_MAX_INT32 = 2**31 - 1
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}


class Dialect(StrEnum):
    """The form in which requests are made.

    The reference page names an image with ``id`` and polls under ``beta/``; today's API names it with
    ``reference_asset_id`` and polls under ``v3/``.
    """

    AUTO = "auto"
    """The reference page's form first, then today's if Getty does not know that one."""
    REFERENCE_PAGE = "reference-page"
    CURRENT = "current"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Everything needed to speak to Getty on behalf of one account.

    :param api_key: Getty's API key, which is also the OAuth client id.
    :param api_secret: Getty's API secret.
    :param base_url: the address of the API; plain http only on this machine.
    :param token_url: the OAuth token endpoint. Default: Getty's for Getty's API, and ``/oauth2/token`` of the
        same host for another one.
    :param product_id: AI Generator product that is used where an operation names none.
    :param project_code: project code that is sent where an operation names none.
    :param dialect: the form in which requests are made.
    :param max_requests_per_second: the most requests of one process, all calls counted; with a coordinator, of all
        processes together. None: no limit.
    :param coordinator: the URL of the Redis through which the processes of the account share its limit and a token,
        ``redis://`` or ``rediss://``. None: each process adapts by itself.
    :param timeout: seconds to wait for a connection, and then for the whole answer; ten times as long for an image.
    :raises ConfigurationError: a value cannot be used.
    """

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    base_url: str = GETTY_URL
    token_url: str = ""
    product_id: int | None = None
    project_code: str | None = None
    dialect: Dialect = Dialect.AUTO
    max_requests_per_second: float | None = None
    coordinator: str | None = field(default=None, repr=False)
    timeout: float = 60.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_key", _credential("API key", self.api_key))
        object.__setattr__(self, "api_secret", _credential("API secret", self.api_secret))
        base_url = _normalized(self.base_url)
        token_url = self.token_url.strip() or (
            GETTY_TOKEN_URL if base_url == GETTY_URL else f"{base_url}/oauth2/token"
        )
        object.__setattr__(self, "base_url", base_url)
        object.__setattr__(self, "token_url", token_url)
        _check_url("host", base_url)
        _check_url("token_url", token_url)
        if base_url.startswith(f"{GETTY_URL}/"):
            raise ConfigurationError(f"host is {base_url!r}; it must be {GETTY_URL} alone, without a path.")
        if self.product_id is not None and not 0 < self.product_id <= _MAX_INT32:
            raise ConfigurationError(
                f"product_id is {shortened(self.product_id)}; it must be a whole number from 1 to {_MAX_INT32}."
            )
        try:
            object.__setattr__(self, "dialect", Dialect(self.dialect))
        except ValueError:
            allowed = ", ".join(Dialect)
            raise ConfigurationError(f"dialect is {self.dialect!r}; it must be one of {allowed}.") from None
        for name in ("max_requests_per_second", "timeout"):
            number = getattr(self, name)
            if number is not None and not 0 < number < inf:
                raise ConfigurationError(f"{name} is {number}; it must be a number above 0.")
        if self.timeout > _LONGEST_TIMEOUT:
            raise ConfigurationError(
                f"timeout is {self.timeout}; it must be at most a day, {_LONGEST_TIMEOUT} s."
            )
        if self.coordinator is not None:
            object.__setattr__(self, "coordinator", self.coordinator.strip())
            _check_redis(self.coordinator)

    @property
    def uploads_url(self) -> str:
        """The prefix of the URLs of this account's uploads."""
        return f"{self.base_url}/v3/search/by-image/uploads/"


def _credential(called: str, value: str) -> str:
    """Strip the blanks and the newline that a secret file adds, and refuse characters that no credential has."""
    stripped = value.strip()
    if not stripped:
        raise ConfigurationError(f"The Getty {called} is missing.")
    for position, character in enumerate(stripped, 1):
        if not ("!" <= character <= "~"):
            raise ConfigurationError(
                f"The Getty {called} has an invalid character at position {position} "
                f"(U+{ord(character):04X}): was something copied along with it?"
            )
    return stripped


def _normalized(url: str) -> str:
    """Normalize a URL: scheme and host in lower case, no default port, no trailing dot or slash."""
    url = url.strip().rstrip("/")
    scheme, colon, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    if not colon or "@" in authority:
        return url
    scheme, authority = scheme.lower(), authority.lower()
    authority = authority.removesuffix(_DEFAULT_PORTS.get(scheme, " ")).removesuffix(".")
    return f"{scheme}://{authority}{slash}{path}"


def _check_url(name: str, url: str) -> None:
    """Refuse an address to which secrets must not be sent. A URL that may hold a secret is not quoted."""
    try:
        parts = urlsplit(url)
        port_is_valid = parts.port != 0
    except ValueError:
        raise ConfigurationError(f"{name} is not a URL.") from None
    if "@" in url or parts.query or parts.fragment:
        raise ConfigurationError(f"{name} must be a plain URL, without user, password, query or fragment.")
    if parts.scheme not in ("https", "http"):
        raise ConfigurationError(
            f"{name} has the scheme {parts.scheme!r}; its scheme must be https (http on this machine)."
        )
    host = parts.hostname or ""
    if not host or not url.isprintable() or " " in url or not port_is_valid:
        raise ConfigurationError(f"{name} has no valid host name: {shortened(host)}.")
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigurationError(
            f"{name}, on the host {host}: plain http would send the credentials unencrypted; use https."
        )


def _check_redis(url: str) -> None:
    """Refuse anything but the URL of a Redis. It may hold a password, so it is not quoted."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or not url.isprintable() or " " in url:
        raise ConfigurationError(
            "coordinator is not a Redis URL: write redis://user:password@host:port/db, or rediss:// for TLS."
        )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
