"""Connections to PostgreSQL as the application role: an engine for writes, raw connections for planned reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import URL, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from foundation import embedded
from foundation.moments import set_codecs
from foundation.settings import Settings

if TYPE_CHECKING:
    RawConnection = asyncpg.Connection[asyncpg.Record]

OWNER_ROLE = "quadrant_owner"
APPLICATION_ROLE = "quadrant_app"

# Plans are made once for all values: planning anew for each request costs more than it gains.
SESSION_SETTINGS = {"jit": "off", "plan_cache_mode": "force_generic_plan", "timezone": "UTC"}
CONNECT_SECONDS_MAX = 10


@dataclass(frozen=True)
class Addresses:
    """The same database as each of its roles. Only the embedded server lets us in as its superuser."""

    owner: URL
    application: URL
    superuser: URL | None


def addresses(settings: Settings, server: embedded.EmbeddedServer | None) -> Addresses:
    """Where the database is: on the embedded server, or at the URL of the settings."""
    if server is not None:
        place = {"host": str(server.sockets), "port": str(embedded.PORT)}
        url = URL.create("postgresql", database=settings.database_name, query=place)
        return Addresses(
            owner=url.set(username=OWNER_ROLE),
            application=url.set(username=APPLICATION_ROLE),
            superuser=url.set(username=embedded.SUPERUSER),
        )
    if settings.database_url is None:
        raise ValueError("no embedded server and no QUADRANT_DATABASE_URL")
    owner = make_url(settings.database_url.get_secret_value()).set(drivername="postgresql")
    password = settings.database_app_password
    # Built anew, because `set` keeps the owner's password where ours is None.
    application = URL.create(
        "postgresql",
        username=APPLICATION_ROLE,
        password=None if password is None else password.get_secret_value(),
        host=owner.host,
        port=owner.port,
        database=owner.database,
        query=owner.query,
    )
    return Addresses(owner, application, superuser=None)


async def connect(url: URL, **session_settings: str) -> RawConnection:
    """One connection, outside of any pool."""
    return await asyncpg.connect(
        url.render_as_string(hide_password=False), server_settings=session_settings, timeout=CONNECT_SECONDS_MAX
    )


class Database:
    """The database as one process uses it; made by `open_database`, closed at the end of the process."""

    def __init__(self, settings: Settings, places: Addresses, server: embedded.EmbeddedServer | None = None) -> None:
        self.addresses = places
        self._server = server
        self._session_settings = {
            **SESSION_SETTINGS,
            "application_name": "quadrant",
            "statement_timeout": str(round(settings.statement_seconds * 1000)),
            # A transaction that waits on its own program keeps locks from everybody else.
            "idle_in_transaction_session_timeout": "60000",
        }
        self.engine: AsyncEngine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=self._connect,
            pool_size=settings.write_pool_size,
            max_overflow=0,
            pool_timeout=settings.pool_wait_seconds,
            hide_parameters=True,  # Row contents belong neither into messages nor into logs.
        )

    async def connect_raw(self) -> RawConnection:
        """A connection for planned reads: JSON comes back as the bytes that PostgreSQL built, undecoded."""
        connection = await self._connect()
        await connection.set_type_codec(
            "json", schema="pg_catalog", format="binary", encoder=_unchanged, decoder=_unchanged
        )
        return connection

    async def connect_under(self, row_settings: Mapping[str, str]) -> RawConnection:
        """A connection whose statements all run under row settings: for an act of the process itself, never a viewer's."""
        connection = await self._connect()
        for name, value in row_settings.items():
            await connection.execute("select set_config($1, $2, false)", name, value)
        return connection

    async def close(self) -> None:
        """Close the pool, and let go of the embedded server."""
        await self.engine.dispose()
        server, self._server = self._server, None
        if server is not None:
            await asyncio.to_thread(embedded.release, server)

    async def _connect(self, *_arguments: Any, **_keywords: Any) -> RawConnection:
        # SQLAlchemy passes what it parsed from its own URL, which holds nothing.
        connection = await connect(self.addresses.application, **self._session_settings)
        await set_codecs(connection)
        return connection


def open_database(settings: Settings) -> Database:
    """The database of the settings; starts the embedded server, or joins it, when they give no URL.

    The database must have been made by `foundation.provision.provision` and migrated.
    """
    if settings.database_url is not None:
        return Database(settings, addresses(settings, None))
    server = embedded.start(settings.data_directory, durable=settings.database_durable)
    return Database(settings, addresses(settings, server), server)


def _unchanged(value: bytes) -> bytes:
    return value
