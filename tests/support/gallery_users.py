"""An auth manager with a user who may not see a DAG."""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.models.resource_details import DagDetails
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

VIEWER, STRANGER = "viewer", "stranger"
HIDDEN_FROM_STRANGERS = "a_dag"


class PerDagAuthManager(SimpleAuthManager):
    """Strangers may see all DAGs but one."""

    def is_authorized_dag(
        self, *, user: SimpleAuthManagerUser, details: DagDetails | None = None, **asked: Any
    ) -> bool:
        if user.username == STRANGER and details and details.id == HIDDEN_FROM_STRANGERS:
            return False
        return bool(super().is_authorized_dag(user=user, details=details, **asked))


def token(user: str) -> str:
    """An Airflow token for a user."""
    from airflow.api_fastapi.app import get_auth_manager  # noqa: PLC0415 - when there is one

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=user, role="viewer")))
