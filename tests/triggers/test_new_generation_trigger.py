"""NewGenerationTrigger: an asset's watcher that fires once for each new generation of the account."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing, suppress
from typing import Any

import pytest
from airflow.sdk import Asset, AssetWatcher
from getty_emulator.server import Emulator

from airflow_provider_getty.hooks.getty import GettyHook
from airflow_provider_getty.triggers import new_generation
from airflow_provider_getty.triggers.new_generation import NewGenerationTrigger
from tests.support.getty_journal import sent

# The looks follow each other at once; what others do between them takes as long as it takes.
HISTORY = "generation-history"
pytestmark = pytest.mark.real_time


@pytest.fixture(autouse=True)
def quick_airflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_generation, "HANDOVER", 0.02)


class AssetState:
    """Airflow's state of one asset, as a trigger sees it."""

    def __init__(self) -> None:
        self.kept = ""

    async def aget(self, key: str) -> Any:
        return json.loads(self.kept)[key] if self.kept else None

    async def aset(self, key: str, value: Any) -> None:
        self.kept = json.dumps({key: value})


class SeveralAssets(AssetState):
    async def aget(self, key: str) -> Any:
        raise ValueError("Task has 2 concrete inlets and outlets")


def generate(prompt: str, **arguments: Any) -> str:
    """The id of a generation that somebody else asks for."""
    return GettyHook().generate(prompt=prompt, **arguments).generation_request_id


def events(
    getty: Emulator, state: AssetState | None, *acts: Any, looks: int = 3, **arguments: Any
) -> list[dict[str, Any]]:
    """The payloads of a trigger that runs, and is then stopped as a triggerer stops it.

    :param acts: what others do, one before each look but the first.
    """

    async def watch() -> list[dict[str, Any]]:
        trigger = NewGenerationTrigger(poll_interval=0.02, **arguments)
        trigger.asset_state_store = state
        trigger = _elsewhere(trigger)
        found: list[dict[str, Any]] = []

        async def take() -> None:
            async with aclosing(trigger.run()) as run:  # type: ignore[type-var]
                async for event in run:
                    found.append(event.payload)  # noqa: PERF401 - what was found is needed when it is cancelled

        running = asyncio.create_task(take())
        for act in [*acts, *[None] * looks]:
            seen = _looks(getty)
            while _looks(getty) == seen:
                assert not running.done(), running.exception()
                await asyncio.sleep(0.01)
            if act:
                await asyncio.to_thread(act)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return found

    return asyncio.run(watch())


def _elsewhere(trigger: NewGenerationTrigger) -> NewGenerationTrigger:
    _, arguments = trigger.serialize()
    copy = NewGenerationTrigger(**json.loads(json.dumps(arguments)))
    copy.asset_state_store = trigger.asset_state_store
    return copy


def _looks(getty: Emulator) -> int:
    return sent(getty).count(HISTORY)


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [each["generation_request_id"] for each in found]


def test_it_fires_for_what_is_new_and_not_for_what_was_there(getty: Emulator) -> None:
    generate("before")
    found = events(getty, None, lambda: generate("after"))
    assert [each["prompt"] for each in found] == ["after"]


def test_its_event_says_what_was_made_without_signed_urls(getty: Emulator) -> None:
    [event] = events(getty, None, lambda: generate("a lake", notes="campaign spring"))
    [generation] = getty.generations()
    assert event == {
        "generation_request_id": generation["generation_request_id"],
        "generation_type": "text_to_image",
        "image_id": None,
        "prompt": "a lake",
        "seed": generation["seed"],
        "notes": "campaign spring",
        "product_id": generation["product_id"],
        "images": [0, 1, 2, 3],
        "blocked": [],
    }


def test_one_that_is_pending_is_told_when_it_is_finished(getty: Emulator) -> None:
    getty.fault("stay-pending", "generate")
    slow = generate("slow")

    def finish() -> None:
        getty.fault("finish-at-once", "get-generation")
        GettyHook().get_generation(slow)

    assert ids(events(getty, None, None, None, finish)) == [slow]


def test_after_a_restart_it_tells_what_finished_meanwhile_and_nothing_twice(getty: Emulator) -> None:
    state = AssetState()
    first = events(getty, state, lambda: generate("one"))
    generate("two")
    generate("three")
    second = events(getty, state, lambda: generate("four"))
    assert [each["prompt"] for each in first] == ["one"]
    assert [each["prompt"] for each in second] == ["two", "three", "four"]
    assert events(getty, state) == []


def test_one_that_was_told_right_before_a_kill_is_told_again(
    getty: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow may not have taken the event yet."""
    state = AssetState()
    events(getty, state)
    one = generate("one")

    async def fire_and_be_killed() -> str:
        trigger = NewGenerationTrigger(poll_interval=0.02)
        trigger.asset_state_store = state
        async with aclosing(trigger.run()) as run:  # type: ignore[type-var]
            event = await anext(run)
            with suppress(TimeoutError):
                await asyncio.wait_for(anext(run), 0.5)
        return str(event.payload["generation_request_id"])

    with monkeypatch.context() as patch:
        patch.setattr(new_generation, "HANDOVER", 60.0)
        assert asyncio.run(fire_and_be_killed()) == one
    assert ids(events(getty, state)) == [one]
    assert events(getty, state) == []


@pytest.mark.parametrize("state", [None, SeveralAssets()])
def test_without_state_it_begins_anew(getty: Emulator, state: AssetState | None) -> None:
    events(getty, state, lambda: generate("one"))
    generate("two")
    assert [each["prompt"] for each in events(getty, state, lambda: generate("three"))] == ["three"]


def test_only_those_with_some_notes(getty: Emulator) -> None:
    found = events(
        getty,
        None,
        lambda: generate("one", notes="Campaign SPRING"),
        lambda: generate("two"),
        notes="spring",
    )
    assert [each["prompt"] for each in found] == ["one"]


def test_only_those_of_some_products(getty: Emulator) -> None:
    def act() -> None:
        generate("one")

    [product] = [each.id for each in GettyHook().products() if each.type == "aigen"][:1]
    assert len(events(getty, None, act, product_ids=[product])) == 1
    assert events(getty, None, act, product_ids=[product + 1]) == []


def test_one_token_serves_all_looks(getty: Emulator) -> None:
    events(getty, None, looks=5)
    assert sent(getty).count("token") == 1


def test_trouble_passes(getty: Emulator) -> None:
    def act() -> None:
        getty.fault("refuse", HISTORY, times=2, status=403)
        generate("one")

    assert [each["prompt"] for each in events(getty, None, act, looks=5)] == ["one"]


def test_an_asset_can_have_it_as_its_watcher() -> None:
    watcher = AssetWatcher(name="history", trigger=NewGenerationTrigger(notes="spring"))
    assert Asset("new pictures", watchers=[watcher]).watchers == [watcher]
