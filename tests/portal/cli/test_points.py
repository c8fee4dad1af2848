"""`quadrant points verify`: names what does not hold, and where first."""

from __future__ import annotations

import sqlalchemy as sa

from domain.points.verifying import INVARIANTS
from foundation.database import Database
from foundation.migrations import owner_connection
from foundation.settings import Settings
from tests.domain.points.ledgers import committed_ledger
from tests.portal.cli.program import run


async def test_what_does_not_hold_is_named(own_database: Database, own_settings: Settings) -> None:
    async with committed_ledger(own_database.addresses) as ledger:
        await ledger.open()
        member = await ledger.member()
        await ledger.call("earn", member, 100)
        await ledger.call("spend", member, 30)
        account = await ledger.connection.fetchval("select id from points_account")
    clean = run(own_settings, "points", "verify")
    assert (clean.code, clean.out.count("✓")) == (0, len(INVARIANTS))
    year = ("--from", "2026-01-01", "--until", "2027-01-01")
    agreed = run(own_settings, "points", "reconcile", "--programme", str(ledger.programme), *year)
    assert (agreed.code, agreed.out.strip()) == (0, "✓ orders and points agree")
    assert "no points programme NONE" in run(own_settings, "points", "reconcile", "--programme", "NONE", *year).said
    async with owner_connection(own_settings) as connection:
        await connection.execute(sa.text("update points_account set available = available + 1"))
        await connection.commit()
    broken = run(own_settings, "points", "verify")
    assert (broken.code, broken.out.count("✓")) == (1, len(INVARIANTS) - 3)
    assert f"✗ an account's balances are the sums of its transfers: not so for 1, {account}" in broken.said
    assert f"✗ what is available and pending lies in lots: not so for 1, {account}" in broken.said
