"""Shows operators with all of their arguments, those that PEP 692 hides behind ``**kwargs`` included."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator
from sphinx.application import Sphinx

_OURS = "airflow_provider_getty."


def _bases(operator: type) -> Iterator[type]:
    """The operator and those of its bases of this package that have arguments of their own."""
    for cls in operator.__mro__:
        if cls.__module__.startswith(_OURS) and "__init__" in vars(cls):
            yield cls


def _is_task(obj: Any) -> bool:
    return inspect.isclass(obj) and issubclass(obj, BaseOperator)


def signature_of(operator: type) -> str:
    """Return the signature of an operator: its arguments, those of its bases, and Airflow's as ``**task``."""
    shown: dict[str, str] = {}
    for cls in _bases(operator):
        for name, parameter in inspect.signature(cls).parameters.items():
            if parameter.kind is parameter.KEYWORD_ONLY and name not in shown:
                shown[name] = _shown(parameter)
    required = [text for text in shown.values() if "=" not in text]
    optional = [text for text in shown.values() if "=" in text]
    return f"(*, {', '.join(['task_id: str', *required, *optional])}, **task_arguments)"


def _shown(parameter: inspect.Parameter) -> str:
    annotation = re.sub(r"\b(arguments|choices)\.", "", str(parameter.annotation))
    if parameter.default is parameter.empty:
        return f"{parameter.name}: {annotation}"
    default = parameter.default
    hours = (
        f"timedelta(seconds={default.total_seconds():.0f})"
        if isinstance(default, timedelta)
        else repr(default)
    )
    return f"{parameter.name}: {annotation} = {hours}"


def _sign(
    _app: Sphinx, what: str, _name: str, obj: Any, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    if what == "class" and _is_task(obj):
        return signature_of(obj), returns
    return signature, returns


def _describe(_app: Sphinx, what: str, _name: str, obj: Any, _options: Any, lines: list[str]) -> None:
    """Add the descriptions of the arguments that the bases declare."""
    if what != "class" or not _is_task(obj):
        return
    while lines and not lines[-1]:
        lines.pop()
    for base in list(_bases(obj))[1:]:
        _, begin, parameters = (inspect.getdoc(base) or "").partition("\n:param ")
        if begin:
            lines.extend(f":param {parameters}".splitlines())
    lines.append(
        ":param task_arguments: the arguments of Airflow's own operators, such as ``retries`` and ``pool``."
    )


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("autodoc-process-signature", _sign)
    app.connect("autodoc-process-docstring", _describe)
    return {"parallel_read_safe": True}
