"""`quadrant audit verify`: silent about nothing that its owner changed."""

from __future__ import annotations

import sqlalchemy as sa

from foundation.database import Database
from foundation.migrations import owner_connection
from foundation.settings import Settings
from tests.domain.audit.chains import fill
from tests.portal.cli.program import run


async def test_the_first_broken_link_is_named(own_database: Database, own_settings: Settings) -> None:
    await fill(own_database, 3)
    clean = run(own_settings, "audit", "verify")
    assert (clean.code, clean.out.split()[0]) == (0, "4")
    assert len(clean.out.split()[1]) == 64
    async with owner_connection(own_settings) as connection:
        await connection.execute(sa.text("alter table audit_event no force row level security"))
        change = "update audit_event set operation = 'Other' where sequence = 2 returning day, stripe"
        day, stripe = (await connection.execute(sa.text(change))).one()
        await connection.execute(sa.text("alter table audit_event force row level security"))
        await connection.commit()
    broken = run(own_settings, "audit", "verify", "--day", str(day))
    assert broken.code == 1
    assert f"day {day}, stripe {stripe}, sequence 2: the entry is not what was hashed" in broken.said
    assert run(own_settings, "audit", "verify", "--day", "2020-01-01").code == 0
    async with owner_connection(own_settings) as connection:
        await connection.execute(sa.text("alter table audit_event no force row level security"))
        await connection.execute(sa.text("update audit_event set operation = 'Programme' where sequence = 2"))
        await connection.execute(sa.text("alter table audit_event force row level security"))
        await connection.commit()
    assert run(own_settings, "audit", "verify").out == clean.out
