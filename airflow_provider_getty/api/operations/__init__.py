"""The operations of Getty's API. Each is a model of its arguments that defines how it is sent.

Sources: the reference page of ``POST /v3/ai/image-generations/refine`` and, for the dialect *current*, the
AI Generator section of Getty's API reference.

The models are slow to build, so they load when the first of them is used: DAG files stay quick to parse.
"""

# ruff: noqa: F403 - the public names of a module are its __all__

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_getty.api.operations.account import *
    from airflow_provider_getty.api.operations.collecting import *
    from airflow_provider_getty.api.operations.creations import *
    from airflow_provider_getty.api.operations.edits import *
    from airflow_provider_getty.api.operations.files import *
    from airflow_provider_getty.api.operations.generating import *
    from airflow_provider_getty.api.operations.operation import *

_MODULES = ("operation", "generating", "account", "collecting", "creations", "edits", "files")


def __getattr__(name: str) -> Any:
    """Load the models; the names of a module are its ``__all__``."""
    if not name.startswith("_"):
        for each in _MODULES:
            module = import_module(f"{__name__}.{each}")
            globals().update({public: getattr(module, public) for public in module.__all__})
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
