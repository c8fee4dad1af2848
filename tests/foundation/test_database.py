"""Roles and connections: what the application role may not do, and what every connection is set to."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from foundation.database import Database


@pytest.mark.parametrize(
    "statement",
    [
        "create table stray (id int)",
        "create temp table stray (id int)",
        "create schema stray",
        "create database stray",
        "create role stray",
        "create function stray() returns int language sql as 'select 1'",
        "alter table employee disable row level security",
        "alter table employee add column stray int",
        "create policy stray on employee using (true)",
        "drop table employee",
        "truncate employee",
        "set role quadrant_owner",
        "set session authorization postgres",
        "copy employee to '/tmp/stray'",
    ],
)
async def test_the_application_role_is_refused(database: Database, statement: str) -> None:
    connection = await database.connect_raw()
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_row_security_cannot_be_switched_off(database: Database) -> None:
    connection = await database.connect_raw()
    try:
        await connection.execute("set row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            await connection.fetch("select * from employee")
    finally:
        await connection.close()


async def test_a_session_is_the_application_role_under_the_system_viewer(session: AsyncSession) -> None:
    row = (await session.execute(text("select current_user, current_setting('q.audience')"))).one()
    assert tuple(row) == ("quadrant_app", "system")
