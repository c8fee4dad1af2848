from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette

from foundation.settings import Settings
from portal.graphql.door import Door
from portal.graphql.routes import graphql_routes
from portal.graphql.trusted import TrustedDocuments
from tests.portal.graphql.small_engine import NamedCallers, SmallEngine

REGISTERED = 'query Greeting { hello(name: "registered") }\n'


@pytest.fixture
def engine() -> SmallEngine:
    return SmallEngine()


@pytest.fixture
def callers() -> NamedCallers:
    return NamedCallers()


@pytest.fixture
def door(engine: SmallEngine, callers: NamedCallers) -> Door:
    return Door(engine, callers, Settings(graphql_body_bytes=20_000), TrustedDocuments([REGISTERED]))


@pytest.fixture
def app(door: Door) -> Starlette:
    return Starlette(routes=graphql_routes(door))


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as opened:
        yield opened
