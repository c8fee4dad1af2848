"""Ours as it is deployed: the whole application with its front layer, bearer tokens, limits and access log."""

from __future__ import annotations

from starlette.types import ASGIApp

from foundation.logs import configure_logs
from foundation.settings import Settings
from portal.app import create_app


def application(settings: Settings) -> ASGIApp:
    """The application of one server process; it opens the database in its lifespan."""
    configure_logs(settings)
    return create_app(settings, alone=True)
