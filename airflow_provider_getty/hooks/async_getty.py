"""AsyncGetty: the methods of GettyHook, without blocking the event loop."""

from __future__ import annotations

from airflow_provider_getty.hooks.collecting import AsyncCollecting
from airflow_provider_getty.hooks.creations import AsyncCreations
from airflow_provider_getty.hooks.edits import AsyncEdits
from airflow_provider_getty.hooks.files import AsyncFiles


class AsyncGetty(AsyncCreations, AsyncEdits, AsyncCollecting, AsyncFiles):
    """The methods of :class:`.getty.GettyHook` as coroutines; see :meth:`.getty.GettyHook.async_session`.

    :param client: a client of the running event loop, which the caller closes.
    """
