"""A ledger to test: connections of the owner, whose clock tests may set, and members in a programme."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from domain.points.ledger import fingerprint
from foundation.database import Addresses, connect
from foundation.ids import system_ids
from foundation.moments import set_codecs
from segments.viewer import Viewer

START = dt.datetime(2026, 3, 1, 4, tzinfo=dt.UTC)
IDS = system_ids(lambda: START)


class Ledger:
    """One connection to a ledger, with a clock of its own as long as it is the owner's."""

    def __init__(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        self.connection = connection
        self.programme = IDS()
        self.keys = 0

    async def act_as(self, viewer: Viewer) -> None:
        """Whatever comes next, this viewer does."""
        for name, value in viewer.row_settings().items():
            await self.connection.execute("select set_config($1, $2, false)", name, value)

    async def set_clock(self, now: dt.datetime) -> None:
        """What the ledger reads as the present instant; without effect for the application's role."""
        await self.connection.execute("select set_config('q.points_now', $1, false)", now.isoformat())

    async def open(
        self,
        zone: str = "Asia/Shanghai",
        days: int = 0,
        months: int | None = 12,
        limits: tuple[int, int, int] = (1, 1000, 2000),
    ) -> UUID:
        """Make the programme, or change its settings."""
        version = await self.connection.fetchval("select version from points_programme where id = $1", self.programme)
        await self.connection.execute(
            "select points_set_programme($1, $2, $3, '会员积分', null, $4, $5, $6, 'FLOOR', $7, $8, $9, 100, 100, 'CNY')",
            self.programme,
            version or 0,
            str(self.programme),
            zone,
            days,
            months,
            *limits,
        )
        return self.programme

    async def member(self, kind: str = "PERSON") -> UUID:
        """A new customer."""
        key = IDS()
        await self.connection.execute(
            """insert into customer (id, kind, segment, status, name, key_account, version, created_at, updated_at)
            values ($1, $2, 'CONSUMER', 'ACTIVE', '会员', false, 1, $3, $3)""",
            key,
            kind,
            START,
        )
        return key

    async def person(self, customer: UUID) -> UUID:
        """Somebody of a company, who may sign in."""
        key = IDS()
        await self.connection.execute(
            """insert into person (id, email, name, audience, customer_id, clearance, compartments, roles, password_hash,
            active, created_at) values ($1, $2, '王芳', 'enterprise', $3, 0, '{}', '{}', 'none', true, $4)""",
            key,
            f"{key}@example.com",
            customer,
            START,
        )
        return key

    async def call(
        self, function: str, customer: UUID, *arguments: Any, key: str | None = None, **named: Any
    ) -> list[UUID]:
        """Call a movement; each time with a key of its own where none is given."""
        self.keys += 1
        given = [
            self.programme,
            customer,
            key or f"key {self.keys}",
            fingerprint([function, *arguments, *named.items()]),
        ]
        given += arguments
        places = [f"${at}" for at in range(1, len(given) + 1)]
        for name, value in named.items():
            given.append(value)
            places.append(f"p_{name} => ${len(given)}")
        return await self.connection.fetchval(f"select points_{function}({', '.join(places)})", *given)

    async def balance(self, customer: UUID, at: dt.datetime | None = None) -> tuple[int, int, int, int]:
        """Pending, available, held and debt; now, or at an instant."""
        now, then = "select * from points_balance($1, $2)", "select * from points_balance_at($1, $2, $3)"
        if at is None:
            row = await self.connection.fetchrow(now, self.programme, customer)
        else:
            row = await self.connection.fetchrow(then, self.programme, customer, at)
        assert row is not None
        return tuple(row)  # type: ignore[return-value]

    async def standing(self, at: dt.datetime) -> tuple[int, ...]:
        """The sums of the liability report at an instant: pending, available, held, debt, issued, redeemed and expired."""
        parts = await self.standing_parts(at)
        return tuple(sum(points) for points in zip(*(part[3:] for part in parts), strict=True))

    async def standing_parts(self, at: dt.datetime) -> list[tuple[Any, ...]]:
        """The same for each tier, month of earning and month of expiry, which come before the sums."""
        rows = await self.connection.fetch("select * from points_standing($1, $2)", self.programme, at)
        return [tuple(row) for row in rows]

    async def settle(self) -> None:
        """Post all that is due, as the job does."""
        while await self.connection.fetchval("select points_settle_due(3)"):
            pass


@asynccontextmanager
async def committed_ledger(places: Addresses) -> AsyncGenerator[Ledger]:
    """A ledger on a connection of the owner's, each call a transaction of its own."""
    connection = await connect(places.owner, timezone="UTC")
    try:
        await set_codecs(connection)
        await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
        ledger = Ledger(connection)
        await ledger.act_as(Viewer.system())
        await ledger.set_clock(START)
        yield ledger
    finally:
        await connection.close()


@asynccontextmanager
async def ledger_of_owner(places: Addresses) -> AsyncGenerator[Ledger]:
    """The same in a transaction that is rolled back."""
    async with committed_ledger(places) as ledger:
        around = ledger.connection.transaction()
        await around.start()
        try:
            yield ledger
        finally:
            await around.rollback()
