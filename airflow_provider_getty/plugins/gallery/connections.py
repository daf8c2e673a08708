"""Looks up the connection of a task in the API server."""

from __future__ import annotations

from typing import Any

from airflow.models import DagModel
from airflow.models.connection import Connection
from airflow.providers.common.compat.sdk import AirflowNotFoundException, conf
from airflow.sdk.log import mask_secret

from airflow_provider_getty.api.account import Account
from airflow_provider_getty.api.errors import ConfigurationError
from airflow_provider_getty.hooks.connection import account_of as account_of_connection
from airflow_provider_getty.hooks.getty import GettyHook


def account_of(dag_id: str, getty_conn_id: str) -> Account:
    """The account of a connection, as a task of the DAG would find it.

    :raises ConfigurationError: there is no such connection of the type ``getty``, or it cannot be used.
    """
    team: dict[str, Any] = {}
    if conf.getboolean("core", "multi_team", fallback=False):
        team = {"team_name": DagModel.get_team_name(dag_id)}
    try:
        connection = Connection.get_connection_from_secrets(getty_conn_id, **team)
    except AirflowNotFoundException:
        raise ConfigurationError("The API server does not know the connection.") from None
    if connection.conn_type != GettyHook.conn_type:
        raise ConfigurationError("The connection is not of the type getty.")
    for secret in (connection.login, connection.password):
        if secret:
            mask_secret(secret.strip())
    return account_of_connection(connection)
