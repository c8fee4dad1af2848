"""The whole application with its lifespan, asked by a client in the same process."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import cast

import httpx
from starlette.applications import Starlette

from foundation.settings import Settings
from portal.app import create_app
from portal.front import Front


@dataclass(frozen=True)
class Served:
    """A running application."""

    front: Front
    settings: Settings

    @property
    def app(self) -> Starlette:
        """The application within the front layer, whose state holds its assembly."""
        return cast("Starlette", self.front.app)

    def client(self, *, address: str = "192.0.2.1") -> httpx.AsyncClient:
        """A browser or program of its own, with its own cookies. What the application raises reaches the test."""
        transport = httpx.ASGITransport(self.front, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url=self.settings.base_url)


@asynccontextmanager
async def served(settings: Settings) -> AsyncGenerator[Served]:
    """The application of these settings, from its start to its end."""
    running = Served(create_app(settings), settings)
    async with running.app.router.lifespan_context(running.app):
        yield running
