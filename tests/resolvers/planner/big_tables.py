"""Tables filled by PostgreSQL itself, large enough that a scan or a sort of one would show in a plan."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

from foundation.database import Database, connect
from segments.audiences import ENTERPRISE, MILITARY, STAFF, Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer

NOW = dt.datetime(2026, 3, 1, 16, 30, tzinfo=dt.UTC)
# Kinds of rows in big_tables.sql.
CUSTOMER, CATEGORY, PROGRAMME, PRODUCT, ORDER = range(1, 6)
PAYMENT, RETURN = 9, 10

FUNCTIONS = """
create function key(kind int, n int) returns uuid immutable language sql as
$$ select (lpad(to_hex(kind), 8, '0') || '-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$;
create function moment(n int) returns timestamptz immutable language sql as
$$ select '2026-03-01 16:30Z'::timestamptz - (n::bigint * 7919 % 1000000 / 2) * interval '1 minute' $$;
create function degree(n int) returns smallint immutable language sql as
$$ select (case when n % 10 = 0 then 2 else 0 end)::smallint $$;
"""


def key(kind: int, number: int) -> UUID:
    """The key of the n-th row of a kind."""
    return UUID(f"{kind:08x}-0000-4000-8000-{number:012x}")


async def fill(database: Database) -> None:
    """Insert the rows as the system, and let PostgreSQL count them."""
    owner = await connect(database.addresses.owner)
    try:
        await owner.execute(FUNCTIONS)
        for name, value in Viewer.system().row_settings().items():
            await owner.execute("select set_config($1, $2, false)", name, value)
        await owner.execute(Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"))
        await owner.execute("analyze")
    finally:
        await owner.close()


def viewer(audience: Audience) -> Viewer:
    """Somebody of an audience: of the customer of many rows, where there is one."""
    customers = {MILITARY: key(CUSTOMER, 4), ENTERPRISE: key(CUSTOMER, 2)}
    return Viewer(
        audience,
        person_id=key(CUSTOMER, 1),
        customer_id=customers.get(audience),
        clearance=Classification.CONFIDENTIAL if audience is STAFF else Classification.INTERNAL,
        scopes=AUDIENCE_SCOPES[audience],
    )
