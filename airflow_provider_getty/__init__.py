"""Apache Airflow provider for the Getty Images AI Generator."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["__version__", "get_provider_info"]

__version__ = "0.1.0"


def get_provider_info() -> dict[str, Any]:
    """The modules that Airflow lists of this provider, the form of its connection, and its configuration.

    Its shape: Airflow's ``provider_info.schema.json`` and, for the connection, ``provider.yaml.schema.json``.
    """
    from airflow_provider_getty.inputs import config  # noqa: PLC0415 - the version alone loads nothing

    integration = "Getty Images AI Generator"

    def modules(package: str, definition: str) -> list[dict[str, Any]]:
        names = [f"airflow_provider_getty.{package}.{module}" for module, _ in _defined(package, definition)]
        return [{"integration-name": integration, "python-modules": names}]

    return {
        "package-name": "airflow-provider-getty",
        "name": "Getty Images",
        "description": "The AI Generator of `Getty Images <https://www.gettyimages.com/>`__.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://developer.gettyimages.com/ai-generation/",
                "how-to-guide": ["/docs/reference/operators.md"],
                "logo": "/integration-logos/airflow-provider-getty.svg",
                "tags": ["ai", "generative-ai", "service"],
            }
        ],
        "hooks": modules("hooks", r"class (\w+Hook)\("),
        "operators": modules("operators", r"class (Getty\w+Operator)\("),
        "sensors": modules("sensors", r"class (\w+Sensor)\("),
        "triggers": modules("triggers", r"class (\w+Trigger)\("),
        "extra-links": [
            f"airflow_provider_getty.links.{module}.{name}"
            for module, names in _defined("links", r"class (\w+Link)\(")
            for name in names
        ],
        "task-decorators": [
            {"name": name, "class-name": f"airflow_provider_getty.decorators.{module}.{name}"}
            for module, names in _defined("decorators", r"def (getty_\w+)\(")
            for name in names
        ],
        "connection-types": [
            {
                "connection-type": "getty",
                "hook-class-name": "airflow_provider_getty.hooks.getty.GettyHook",
                "hook-name": "Getty Images",
                "ui-field-behaviour": {
                    "hidden-fields": ["port", "schema", "extra"],
                    "relabeling": {"host": "Base URL", "login": "API key", "password": "API secret"},
                    "placeholders": {"host": "https://api.gettyimages.com"},
                },
                "conn-fields": _CONNECTION_FIELDS,
            }
        ],
        "cli": ["airflow_provider_getty.cli.definition.get_getty_cli_commands"],
        "config": {config.NAME: config.SECTION},
    }


def _defined(package: str, definition: str) -> Iterator[tuple[str, list[str]]]:
    """The modules of a package that define something public, each with its names; none is imported.

    :param definition: how a definition begins, with a group for its name.
    """
    for file in sorted((Path(__file__).parent / package).glob("[!_]*.py")):
        if found := re.findall(f"^{definition}", file.read_text("utf-8"), re.MULTILINE):
            yield file.stem, list(dict.fromkeys(found))


_CONNECTION_FIELDS = {
    "token_url": {
        "label": "Token URL",
        "description": (
            "Leave it empty for Getty. Otherwise: where access tokens come from. Default: "
            "/oauth2/token of the base URL."
        ),
        "schema": {"type": ["string", "null"], "format": "url"},
    },
    "product_id": {
        "label": "Product ID",
        "description": (
            "The number of the AI Generator product that pays, for tasks that name none. Leave it"
            " empty if the account has only one; the connection test in the docs lists them."
        ),
        "schema": {"type": ["integer", "null"], "minimum": 1, "maximum": 2147483647},
    },
    "project_code": {
        "label": "Project code",
        "description": (
            "Leave it empty unless your Getty product requires project codes. For tasks that name none."
        ),
        "schema": {"type": ["string", "null"]},
    },
    "dialect": {
        "label": "Dialect",
        "description": (
            "Leave it at auto. The form of requests: that of Getty's reference page, that of "
            "today's API, or whichever works."
        ),
        "schema": {"type": "string", "enum": ["auto", "reference-page", "current"], "default": "auto"},
    },
    "max_requests_per_second": {
        "label": "Requests per second",
        "description": (
            "The most that each worker process and each triggerer sends; with a coordinator, all "
            "of them together. Leave it empty to find the limit by Getty's answers."
        ),
        "schema": {"type": ["number", "null"], "minimum": 0},
    },
    "coordinator": {
        "label": "Coordinator",
        "description": (
            "Leave it empty for one machine. For several: the id of a Redis connection, or a URL "
            "such as redis://host:6379/0, through which all processes share the account's limit."
        ),
        "schema": {"type": ["string", "null"], "format": "password"},
    },
    "timeout": {
        "label": "Timeout (seconds)",
        "description": (
            "How long to wait for a connection, and for each answer. Generations may take longer:"
            " tasks have a timeout of their own."
        ),
        "schema": {"type": "number", "minimum": 1, "default": 60},
    },
}
