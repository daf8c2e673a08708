"""The commands by which the processes of an account share their state through Redis. No I/O.

They share send slots, the access token, the durations of generations, and the number of pending ones.

A :class:`Command` holds a script; :mod:`.redis_link` has Redis run it. All keys of an account begin with a digest of
its base URL and API key, so that accounts share nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from airflow_provider_getty.api import clock
from airflow_provider_getty.api.account import Account

if TYPE_CHECKING:
    from airflow_provider_getty.api.seal import Seal

LINE, PENDING = (files(__package__).joinpath(name).read_text("utf-8") for name in ("line.lua", "pending.lua"))

_AHEAD = 2.0
"""Seconds by which a send slot may be booked ahead: a killed process wastes no more."""
# The share of a configured limit that is used. With a limit of ten, the first and the eleventh request are then 1.05 s
# apart, which tolerates delays of 0.05 s.
_USED = 0.95

_GET_TOKEN = "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}"  # noqa: S105 - a program
_SET_TOKEN = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"  # noqa: S105

_GET_LEARNED = "return redis.call('LRANGE', KEYS[1], 0, -1)"
_ADD_LEARNED = """
redis.call('RPUSH', KEYS[1], unpack(ARGV, 2))
redis.call('LTRIM', KEYS[1], -tonumber(ARGV[1]), -1)
redis.call('EXPIRE', KEYS[1], 30 * 86400)
"""
_MEMORY = 500


class CoordinatorError(Exception):
    """Redis did not run a command. The text holds no secret."""


@dataclass(frozen=True, slots=True)
class Command:
    """A step of a conversation: have Redis run a Lua script; send back its result, or None if it did not run.

    :param script: the script.
    :param keys: the keys that it uses.
    :param arguments: its arguments.
    """

    script: str = field(repr=False)
    keys: tuple[str, ...]
    arguments: tuple[str | bytes | float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Coordinator:
    """The commands of one account."""

    account: Account = field(repr=False)

    @cached_property
    def _name(self) -> str:
        named = hashlib.sha256(f"{self.account.base_url} {self.account.api_key}".encode()).hexdigest()
        return f"getty:{{{named[:32]}}}"  # a Redis Cluster stores all keys with the same braces together

    def book(self, wanted: int) -> Command:
        """Book send slots.

        The reply: how many are booked, then in microseconds the delay until the first, the distance between two, and
        the time of the first by the clock of Redis; last the rate. None are booked if the first one is too far ahead:
        the delay then says when to ask again.
        """
        limit = self.account.max_requests_per_second or 0.0
        most = _USED * (int(limit) if limit >= 1 else limit)
        return self._line("book", wanted, most, _AHEAD * 1e6)

    def refused(self, sent: float, rate: float) -> Command:
        """Report a 429.

        :param sent: when the request left, in seconds of the clock of Redis.
        :param rate: the rate at that time, in requests per second.
        """
        return self._line("refused", f"{sent * 1e6:.0f}", rate)

    def token(self) -> Command:
        """Get the shared token; :meth:`token_in` reads the reply."""
        return Command(_GET_TOKEN, (f"{self._name}:token",))

    def share_token(self, token: str, lifetime: float) -> Command:
        """Share a token.

        :param lifetime: in seconds.
        """
        sealed = self._seal.close(token)
        return Command(_SET_TOKEN, (f"{self._name}:token",), (sealed, max(1, int(lifetime * 1000))))

    def learned(self, kind: str) -> Command:
        """Get the durations observed for a kind; :meth:`learned_in` reads the reply."""
        return Command(_GET_LEARNED, (f"{self._name}:learned:{kind}",))

    def learn(self, kind: str, learned: Iterable[tuple[int, int]]) -> Command:
        """Add observed durations, as steps of :data:`.schedule.AGES`."""
        told = (f"{i} {j}" for i, j in learned)
        return Command(_ADD_LEARNED, (f"{self._name}:learned:{kind}",), (_MEMORY, *told))

    @staticmethod
    def learned_in(reply: Any) -> list[tuple[int, int]]:
        """Read the reply to :meth:`learned`, oldest first; skip what another version wrote in another form."""
        found = (re.fullmatch(rb"(\d+) (\d+)", each) for each in reply or ())
        return [(int(pair[1]), int(pair[2])) for pair in found if pair]

    def token_in(self, reply: Any) -> tuple[str, float] | None:
        """Read the reply to :meth:`token`: the token and its lifetime in seconds; None if none is shared."""
        token = self._seal.open(reply[0]) if reply and reply[0] else None
        return None if token is None else (token, reply[1] / 1000)

    def began(self, generation_request_id: str) -> Command:
        """Count a generation as pending."""
        return self._pending("began", generation_request_id)

    def finished(self, generation_request_id: str) -> Command:
        """Stop counting a generation as pending."""
        return self._pending("finished", generation_request_id)

    def full(self) -> Command:
        """Report that Getty refused a submission because too many generations are pending."""
        return self._pending("refused")

    def reserve(self, name: str) -> Command:
        """Reserve a slot among the pending generations. The reply is 1 if one is known to be free, else 0."""
        return self._pending("reserve", name)

    def _line(self, *arguments: str | float) -> Command:
        now = clock.shared_now()
        at = "" if now is None else f"{now * 1e6:.0f}"
        return Command(LINE, (f"{self._name}:line",), (at, *arguments))

    def _pending(self, *arguments: str) -> Command:
        now = clock.shared_now()
        at = "" if now is None else f"{now:.3f}"
        keys = tuple(f"{self._name}:{key}" for key in ("pending", "reserved", "most-pending"))
        return Command(PENDING, keys, (at, *arguments))

    @cached_property
    def _seal(self) -> Seal:
        from airflow_provider_getty.api.seal import Seal  # noqa: PLC0415 - needs the extra `redis`

        return Seal(self.account.api_secret, salt=self._name)
