"""Refusals of the database's functions, raised by the database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from domain.orders.refusals import order_refusals
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import transaction


async def raised(database: Database, sqlstate: str, detail: str) -> None:
    """What a function that raises this becomes."""
    raises = f"do $$ begin raise exception 'no' using errcode = '{sqlstate}', detail = '{detail}'; end $$"
    async with transaction(database, {}) as session:
        with order_refusals():
            await session.execute(sa.text(raises.replace(":", "\\:")))


async def test_a_refusal_has_what_the_function_told(database: Database) -> None:
    with pytest.raises(Refusal) as refused:
        await raised(database, "QS001", '{"name": "rope", "left": 3}')
    assert (refused.value.code, refused.value.params) == ("NOT_ENOUGH_IN_STOCK", {"name": "rope", "left": 3})


@pytest.mark.parametrize("detail", ["Key (id)=(7) already exists.", "[1]", ""])
async def test_a_fault_stays_the_fault_that_it_is(database: Database, detail: str) -> None:
    with pytest.raises(DBAPIError):
        await raised(database, "23505", detail)
