"""`quadrant points`: names what does not hold, and where first; tells what was owed."""

from __future__ import annotations

import csv
import io

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
    told = run(own_settings, "points", "liability", "--programme", str(ledger.programme), "--on", "2026-03-01")
    header, *rows = csv.reader(io.StringIO(told.out))
    # The day ends in Shanghai. Of a hundred points that were earned thirty are redeemed; a point is a cent.
    points = ["0", "70", "0", "0", "70", "100", "0", "30", "0", "0.0000", "0.70", "0.00", "CNY"]
    parts = [("whole", ""), ("tier", ""), ("earned", "2026-03"), ("expires", "2027-03")]
    assert rows == [["2026-03-01T15:59:59.999999+00:00", *part, *points] for part in parts]
    assert len(header) == len(rows[0])
    for given, said in ((("--on", "9999-12-31"), "This cannot lie in the future."), (("--on", "x"), "does not match")):
        assert said in run(own_settings, "points", "liability", "--programme", str(ledger.programme), *given).said
    async with owner_connection(own_settings) as connection:
        await connection.execute(sa.text("update points_account set available = available + 1"))
        await connection.commit()
    broken = run(own_settings, "points", "verify")
    assert (broken.code, broken.out.count("✓")) == (1, len(INVARIANTS) - 3)
    assert f"✗ an account's balances are the sums of its transfers: not so for 1, {account}" in broken.said
    assert f"✗ what is available and pending lies in lots: not so for 1, {account}" in broken.said
