"""Submitted generations, for tests that wait for them."""

from __future__ import annotations

from getty_emulator.server import Emulator

from airflow_provider_getty.hooks.getty import GettyHook


def submitted(count: int = 1) -> list[str]:
    """The ids of new generations."""
    hook = GettyHook()
    mask_url = hook.upload_mask([(10, 10, 90, 90)], image_size=(100, 100))
    ids = [hook.refine(image_id="1473240153", mask_url=mask_url).generation_request_id for _ in range(count)]
    hook.get_conn().close()
    return ids


def left_pending(getty: Emulator, count: int = 1) -> list[str]:
    """The ids of generations that never finish by themselves; the emulator's records of their requests are cleared."""
    getty.fault("stay-pending", "refine", times=count)
    ids = submitted(count)
    getty._service.journal.clear()
    return ids
