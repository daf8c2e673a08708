"""Certificates and proxies, by the environment of this process, the same for both clients.

========================================  ========================================================================
``REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE``    a file or folder of the certificate authorities to trust; the first one set
``SSL_CERT_FILE``, ``SSL_CERT_DIR``       the same, if neither of those is set
none of them                              what this system trusts, and what the package ``certifi`` lists
``HTTPS_PROXY``, ``HTTP_PROXY``           the proxy of a scheme, ``http://user:password@host:port`` or ``host:port``
``ALL_PROXY``                             the proxy of both
``NO_PROXY``                              hosts, ``.domains``, addresses and networks without proxy; ``*`` for all;
                                          separated by commas or blanks
========================================  ========================================================================

The names of proxies in lower case take precedence. A client reads all of this once, when it is created.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from airflow_provider_getty.api import errors
from airflow_provider_getty.api.answers import quoted

FRESH_SECONDS = 1.0
"""How long a connection may have been idle for a request that changes something. Servers close what is idle, many after
2 or 5 s, and who sends into the close never learns whether the request was taken."""

_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True)
class Network:
    """How this process reaches servers.

    :param tls: the certificates to trust.
    :param trusted: where they come from, for messages.
    :param environment: the environment variables, among them those that name proxies.
    """

    tls: ssl.SSLContext = field(repr=False)
    trusted: str
    environment: Mapping[str, str] = field(repr=False)

    def proxy_for(self, url: str) -> str | None:
        """The URL of the proxy for a URL, with its user and password; None if there is none.

        :raises ConfigurationError: the environment names a proxy that cannot be used.
        """
        parts = urlsplit(url)
        named = self._named(parts.scheme)
        if named is None or self._goes_without(parts.hostname or "", parts.port or _PORTS.get(parts.scheme)):
            return None
        return _checked_proxy(*named)

    def certificate_error(self, url: str, reason: str) -> errors.CertificateError:
        """The error for a certificate that is not trusted."""
        return errors.CertificateError(
            f"The certificate of {urlsplit(url).hostname} is not trusted: {reason.rstrip('.')}.",
            advice=f"It was checked against {self.trusted}. Where a company's proxy signs certificates, set "
            "REQUESTS_CA_BUNDLE to the file of its certificate authority, for workers and triggerers.",
        )

    def proxy_error(self, url: str, status: int, reason: str) -> errors.ConnectionFailedError:
        """The error for a connection that the proxy refused."""
        answered = f"The proxy {self._proxy_host(url)} answered {status} {quoted(reason)}".rstrip()
        if status == 407:  # noqa: PLR2004
            return errors.ProxyRefusedError(
                f"{answered}: it requires a user and a password, or refuses the given ones.",
                advice="Write them into the proxy's URL, http://user:password@host:port, in HTTPS_PROXY.",
            )
        if status < 500:  # noqa: PLR2004
            return errors.ProxyRefusedError(f"{answered}.")
        return errors.ConnectionFailedError(f"{answered}.")

    def no_answer(self, url: str, reason: str) -> str:
        """The sentence that a URL did not answer, with the proxy, if there is one."""
        way = f" through the proxy {host}" if (host := self._proxy_host(url)) else ""
        return f"There was no answer{way} ({reason})."

    def _proxy_host(self, url: str) -> str:
        return (self.proxy_for(url) or "").rpartition("@")[2].rstrip("/").rpartition("/")[2]

    def _named(self, scheme: str) -> tuple[str, str] | None:
        """The name and the value of the variable for the proxy of a scheme."""
        for variable in (f"{scheme}_proxy", "all_proxy"):
            for name in (variable, variable.upper()):
                if name in self.environment:
                    if value := self.environment[name].strip():
                        return name, value
                    break
        return None

    def _goes_without(self, host: str, port: int | None) -> bool:
        listed = self.environment.get("no_proxy", self.environment.get("NO_PROXY", ""))
        return any(_matches(entry.lower(), host, port) for entry in re.split(r"[,\s]+", listed))


def network(environment: Mapping[str, str] | None = None) -> Network:
    """Read the environment.

    :param environment: the variables. Default: those of this process.
    :raises ConfigurationError: certificates cannot be read.
    """
    read = dict(os.environ if environment is None else environment)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if path := read.get(name):
            return Network(_trusting(name, path), f"{name}={path}", read)
    files = {name: path for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if (path := read.get(name))}
    if files:
        trusted = " and ".join(f"{name}={path}" for name, path in files.items())
        return Network(_trusting(" and ".join(files), *files.values()), trusted, read)
    return Network(_system_context(), "this system's certificate authorities and certifi's", read)


def tls_reason(error: object) -> str:
    """OpenSSL's reason for a TLS error, such as ``: wrong version number``; empty for any other error."""
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return f": {reason.replace('_', ' ').lower()}" if reason else ""


def _trusting(name: str, *paths: str) -> ssl.SSLContext:
    try:
        return _context(*((path, Path(path).stat().st_mtime_ns) for path in paths))
    except OSError as error:  # among them ssl.SSLError
        raise errors.ConfigurationError(
            f"{name} is {' and '.join(paths)}, which holds no readable certificates: "
            f"{error.strerror or error}.",
            advice=f"Correct {name} in the environment of this process.",
        ) from None


@lru_cache(maxsize=8)
def _context(*files: tuple[str, int]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path, _ in files:
        if Path(path).is_dir():
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    return context


@lru_cache(maxsize=1)
def _system_context() -> ssl.SSLContext:
    import certifi  # noqa: PLC0415 - read where there is nothing else

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    context.load_verify_locations(cafile=certifi.where())
    return context


def _checked_proxy(name: str, value: str) -> str:
    advice = f"Correct {name} in the environment of this process."
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    if not host or " " in host:
        raise errors.ConfigurationError(
            f"{name} is not the URL of a proxy: write http://host:port.", advice=advice
        )
    if parts.scheme.startswith("socks"):
        raise errors.ConfigurationError(
            f"{name} names a SOCKS proxy, {parts.scheme}://{host}, which this package does not support.",
            advice=f"Set {name} to a proxy for HTTP, or list the hosts in NO_PROXY that are reached without one.",
        )
    if parts.scheme not in _PORTS:
        raise errors.ConfigurationError(
            f"{name} names a proxy with the scheme {parts.scheme!r}; it must be http or https.", advice=advice
        )
    return url


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Whether an entry of ``NO_PROXY`` names this host."""
    if entry == "*":
        return True
    if not entry:
        return False
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        pass
    name, colon, number = entry.rpartition(":")
    if colon and number.isdigit() and "]" not in number:
        if int(number) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*").strip(".")
    return host == entry or host.endswith(f".{entry}")
