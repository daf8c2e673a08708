"""The options of an emulator, declared once.

The fields of :class:`Options` and :class:`ServerOptions` are the arguments of :class:`~getty_emulator.server.Emulator`
and :class:`~getty_emulator.in_process.Getty`. The command line and the table in the documentation derive from them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Annotated, Any, Literal, get_args, get_type_hints

from getty_emulator.latency import Latency


class Dialect(StrEnum):
    """A wording of Getty's API."""

    ANY = "any"
    """Every documented form, on both poll paths."""
    REFERENCE_PAGE = "reference-page"
    """The reference page of 2024: a refine names its image in ``id`` and may be polled under ``/beta``."""
    CURRENT = "current"
    """Today's OpenAPI: ``reference_asset_id`` or ``reference_generation``, a prompt, 202 only, polled under ``/v3``."""


class Voice(StrEnum):
    """The part of Getty that refuses a generation because too many are pending."""

    SERVICE = "service"
    """429 with the ErrorCode ``TooManyConcurrentGenerations``."""
    GATEWAY = "gateway"
    """429 with the body of the limit on queries, so that a client cannot tell the two apart."""


@dataclass(frozen=True, slots=True)
class Option:
    """Describes an option to users."""

    help: str
    default: Any = None
    """Default on the command line, if it differs from the default in Python."""
    flag: str | None = None
    """Name on the command line, if it differs from the name in Python."""
    metavar: str | None = None


DialectName = Literal["any", "reference-page", "current"]
VoiceName = Literal["service", "gateway"]


@dataclass(kw_only=True, eq=False)
class Options:
    """Options of every emulator. Seconds are those of its clock, except ``hold``. Raises ValueError for a bad value."""

    api_key: Annotated[str, Option("API key of the first account.")] = "demo-key"
    api_secret: Annotated[str, Option("API secret of the first account.")] = field(
        default="demo-secret", repr=False
    )
    other_accounts: Annotated[
        tuple[tuple[str, str], ...],
        Option(
            "Another account with its own uploads, generations, products, limits and ledger. Repeatable.",
            flag="--account",
            metavar="KEY:SECRET",
        ),
    ] = field(default=(), repr=False)
    strict: Annotated[
        bool,
        Option("Refuse what Getty's documentation does not allow: unknown fields, other date formats, …"),
    ] = False
    dialect: Annotated[
        DialectName,
        Option(
            "Wording of the API: `any` speaks every documented form. `reference-page` insists on `id` for refine and "
            "extend. `current` insists on `reference_asset_id` or `reference_generation`, and on a prompt for a "
            "refine, and answers every generating POST with 202."
        ),
    ] = "any"
    latency: Annotated[
        str,
        Option(
            "Seconds until a generation is complete: `3`, `2-20` (uniform) or `lognormal:15:0.6` (median, sigma).",
            default="3",
        ),
    ] = "0"
    hold: Annotated[
        float,
        Option(
            "Real seconds that a POST waits for its result. If it is ready in time, 200 with the images, otherwise 202."
        ),
    ] = 0
    download_latency: Annotated[
        float,
        Option(
            "Seconds that preparing a download takes. With 0, the PUT answers 200 immediately.", default=0.5
        ),
    ] = 0
    credits: Annotated[int, Option("Credits of each account's product.")] = 100_000
    queries_per_second: Annotated[
        int | None, Option("Limit of each account over any second, token calls included.")
    ] = None
    concurrent_generations: Annotated[int | None, Option("Limit of each account on pending generations.")] = (
        None
    )
    concurrency_refusal: Annotated[
        VoiceName,
        Option(
            "Who refuses a call beyond that limit: `gateway`, with the same 429 as for queries per second, or "
            "`service`, with the ErrorCode `TooManyConcurrentGenerations`."
        ),
    ] = "gateway"
    clock_skew: Annotated[
        float,
        Option("Seconds that the emulator's clock is ahead of this machine's; negative values: behind."),
    ] = 0
    faults: Annotated[
        tuple[str, ...],
        Option(
            "A fault to switch on at the start: its name, then its parameters, as in "
            "`'server-error operation=refine status=504 work=after'`. Repeatable.",
            flag="--fault",
            metavar="TEXT",
        ),
    ] = ()
    state: Annotated[
        str | os.PathLike[str] | None,
        Option("Keep the state in this file, and continue from it after a restart.", metavar="FILE"),
    ] = None

    def __post_init__(self) -> None:
        """Validate all values."""
        Latency.parse(self.latency)
        _require(self.dialect in set(Dialect), f"Not a dialect: {self.dialect!r}.")
        _require(self.concurrency_refusal in set(Voice), f"Not a voice: {self.concurrency_refusal!r}.")
        _require(self.credits >= 0, "credits must be 0 or more.")
        for name in ("queries_per_second", "concurrent_generations"):
            limit = getattr(self, name)
            _require(limit is None or limit >= 1, f"{name} must be 1 or more.")
        for name in ("hold", "download_latency"):
            seconds = getattr(self, name)
            _require(math.isfinite(seconds) and seconds >= 0, f"{name} must be 0 or more seconds.")
        _require(abs(self.clock_skew) <= LARGEST_SKEW, "clock_skew must be at most a year.")
        keys = [key for key, _ in self.credentials()]
        _require(all(all(pair) for pair in self.credentials()), "An account needs a key and a secret.")
        _require(len(set(keys)) == len(keys), "Two accounts have the same key.")

    def credentials(self) -> list[tuple[str, str]]:
        """Return the key and secret of each account."""
        return [(self.api_key, self.api_secret), *self.other_accounts]


@dataclass(kw_only=True, eq=False)
class ServerOptions(Options):
    """Options of an emulator that is a server."""

    host: Annotated[str, Option("Address to listen on. Anyone who reaches it can use the emulator.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Option("Port to listen on. 0 takes a free one.", default=8900)] = 0
    allowed_hosts: Annotated[
        tuple[str, ...],
        Option(
            "Another host name that clients may use, such as that of a container. IP addresses, `localhost` and "
            "`--host` are always allowed. Repeatable.",
            flag="--allowed-host",
            metavar="NAME",
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Validate all values."""
        super().__post_init__()
        _require(0 <= self.port <= LARGEST_PORT, f"port must be from 0 to {LARGEST_PORT}.")


LARGEST_PORT = 65535
LARGEST_SKEW = 366 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Declared:
    """One option as declared."""

    name: str
    kind: Any
    default: Any
    option: Option

    @property
    def flag(self) -> str:
        """Return its name on the command line."""
        return self.option.flag or "--" + self.name.replace("_", "-")

    @property
    def command_line_default(self) -> Any:
        """Return its default on the command line."""
        return self.default if self.option.default is None else self.option.default

    @property
    def choices(self) -> tuple[str, ...] | None:
        """Return its allowed values, if it is a choice."""
        return get_args(self.kind) if isinstance(self.default, str) and get_args(self.kind) else None


def declared_options() -> Iterator[Declared]:
    """Yield all options, the server's first."""
    hints = get_type_hints(ServerOptions, include_extras=True)
    own = ServerOptions.__annotations__
    for one in sorted(fields(ServerOptions), key=lambda one: one.name not in own):
        kind, option = get_args(hints[one.name])
        yield Declared(one.name, kind, one.default, option)


def _require(is_fine: bool, problem: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not is_fine:
        raise ValueError(problem)
