"""The fence: who lost the record neither writes nor sends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from airflow_provider_getty.api.errors import SubmissionSupersededError
from airflow_provider_getty.generating.claim import TRUSTED_FOR, Claim
from airflow_provider_getty.generating.record import Record

MINE = Record(fingerprint="f", marker="m", round=0, intended=0.0, owner="mine")
THEIRS = replace(MINE, owner="theirs")


@dataclass
class Memory:
    """A store."""

    record: Record | None = None
    reads: int = 0
    while_it_answers: list[Callable[[], object]] = field(default_factory=list)
    """What happens between the reading and the answer, at each of the next reads."""

    def load(self) -> Record | None:
        self.reads += 1
        record = self.record
        if self.while_it_answers:
            self.while_it_answers.pop(0)()
        return record

    def save(self, record: Record | None) -> None:
        self.record = record


@dataclass
class Time:
    """A clock that a test moves."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Memory:
    return Memory()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def claim(store: Memory, time: Time) -> Claim:
    claim = Claim(store, time)
    claim.load()
    return claim


def test_the_record_is_that_of_the_store(claim: Claim, store: Memory) -> None:
    assert claim.load() is None
    store.record = THEIRS
    assert claim.load() == THEIRS


def test_a_moment_after_the_write_nothing_is_read_back(claim: Claim, store: Memory, time: Time) -> None:
    claim.save(MINE)
    time.now += TRUSTED_FOR

    claim.check()

    assert store.reads == 2, "once to begin, once before the first write"


def test_later_it_is_and_who_still_has_it_may_send(claim: Claim, store: Memory, time: Time) -> None:
    claim.save(MINE)
    time.now += TRUSTED_FOR + 0.1

    claim.check()

    assert store.reads == 3


@pytest.mark.parametrize("now_there", [THEIRS, None, replace(MINE, unknown=2)])
def test_who_lost_it_may_neither_send_nor_write(
    claim: Claim, store: Memory, time: Time, now_there: Record | None
) -> None:
    claim.save(MINE)
    store.record = now_there
    time.now += TRUSTED_FOR + 0.1

    with pytest.raises(SubmissionSupersededError):
        claim.check()
    with pytest.raises(SubmissionSupersededError):
        claim.save(MINE)
    assert store.record == now_there


def test_after_the_clock_was_set_back_it_is_read_back(claim: Claim, store: Memory, time: Time) -> None:
    claim.save(MINE)
    store.record = THEIRS
    time.now -= 3600

    with pytest.raises(SubmissionSupersededError):
        claim.check()


def test_what_was_read_long_ago_when_the_answer_comes_is_read_again(
    claim: Claim, store: Memory, time: Time
) -> None:
    def freeze() -> None:
        time.now += 60
        store.record = THEIRS

    claim.save(MINE)
    time.now += 60
    store.while_it_answers = [freeze]

    with pytest.raises(SubmissionSupersededError, match="has taken over"):
        claim.check()


def test_a_store_that_always_answers_late_lets_nothing_be_sent(
    claim: Claim, store: Memory, time: Time
) -> None:
    def freeze() -> None:
        time.now += TRUSTED_FOR + 0.1

    claim.save(MINE)
    freeze()
    store.while_it_answers = [freeze] * 9

    with pytest.raises(TimeoutError, match="takes more than 2 s to answer"):
        claim.check()


def test_what_was_only_read_is_read_back_before_the_first_write(claim: Claim, store: Memory) -> None:
    store.record = THEIRS

    with pytest.raises(SubmissionSupersededError):
        claim.save(MINE)


def test_who_was_frozen_before_its_first_write_does_not_write(
    claim: Claim, store: Memory, time: Time
) -> None:
    store.record = THEIRS
    time.now += 60

    with pytest.raises(SubmissionSupersededError):
        claim.save(MINE)


def test_without_a_store_nothing_can_be_known(time: Time) -> None:
    store = Memory()
    claim = Claim(store, time, is_kept=False)
    time.now += 60

    claim.save(MINE)
    store.record = None
    time.now += 60

    claim.check()
