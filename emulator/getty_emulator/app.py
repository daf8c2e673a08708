"""The application: Getty's operations, the control API and the start page."""

from __future__ import annotations

from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from getty_emulator.control_routes import control_routes
from getty_emulator.gateway import Gateway
from getty_emulator.guard import Guard
from getty_emulator.options import ServerOptions
from getty_emulator.page import page_routes
from getty_emulator.service import Service


def create_app(service: Service, options: ServerOptions) -> Gateway:
    """Return the ASGI application of a service."""
    behind = FastAPI(
        title="Getty emulator", docs_url=None, redoc_url=None, openapi_url="/_emulator/openapi.json"
    )
    behind.include_router(control_routes(service))
    behind.include_router(page_routes(service))
    return Gateway(service, behind, Guard((options.host, *options.allowed_hosts)))


class _Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """HTTP without uvicorn's access log, which would show signed addresses.

    ``access_log=False`` is not enough: it removes the logger's handlers, but a later logging configuration
    (Airflow's, on import) adds others.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.access_log = False


def server_config(service: Service, options: ServerOptions, **uvicorns: Any) -> uvicorn.Config:
    """Return uvicorn's configuration for a service."""
    return uvicorn.Config(
        create_app(service, options),
        http=_Protocol,
        access_log=False,
        lifespan="off",
        interface="asgi3",
        date_header=False,  # the emulator sends its own Date
        server_header=False,
        **uvicorns,
    )
