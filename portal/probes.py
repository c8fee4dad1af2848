"""What an operator's tools ask: does the process live, and is it ready to serve."""

from __future__ import annotations

import asyncio

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from foundation.database import APPLICATION_ROLE, Database
from foundation.migrations import head
from foundation.session import transaction
from segments.classification import Classification
from segments.installation import Installation
from segments.viewer import Viewer

LOGGER = structlog.get_logger("portal.probes")
ANSWER_SECONDS_MAX = 3.0
# NULL when the table does not exist.
MIGRATED = sa.text("select has_table_privilege(to_regclass('alembic_version'), 'select')")
REVISION = sa.text("select version_num from alembic_version")


class NotMigratedError(RuntimeError):
    """The database is not as this program and its settings need it."""


async def revision(database: Database) -> str | None:
    """The revision the database is at; None when it was never migrated."""
    async with database.engine.connect() as connection:
        return await connection.scalar(REVISION) if await connection.scalar(MIGRATED) else None


async def require_head(database: Database) -> None:
    """Refuse to start on a database that was not migrated: pages and statements would fail one by one later."""
    needed = head()
    try:
        found = await revision(database)
    except DBAPIError as error:
        # The role or the database is not there yet, or the password is another.
        raise NotMigratedError(
            f"the database cannot be entered as {APPLICATION_ROLE} ({error.orig}): run `quadrant migrate`"
        ) from error
    if found != needed:
        raise NotMigratedError(
            f"the database is at revision {found}, this program needs {needed}: run `quadrant migrate`"
        )


async def require_ceiling(database: Database, ceiling: Classification) -> None:
    """Refuse to start when the database holds another ceiling than the settings: more would be stored than is shown."""
    async with transaction(database, Viewer.system().row_settings()) as session:
        found = await session.scalar(sa.select(Installation.ceiling))
    if found is not ceiling:
        held = "no ceiling" if found is None else f"the ceiling {found.value}"
        raise NotMigratedError(f"the database has {held}, the settings {ceiling.value}: run `quadrant migrate`")


async def healthz(_: Request) -> Response:
    """The process lives. Nothing else is looked at: restarting it would not bring a database back."""
    return PlainTextResponse("ok\n")


class Readiness:
    """Whether requests can be served: the database answers and is at the revision of this program."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def answer(self, _: Request) -> Response:
        """200 when ready, 503 with what is missing when not; the reason stands in the log alone."""
        found: str | None = None
        answers = True
        try:
            async with asyncio.timeout(ANSWER_SECONDS_MAX):
                found = await revision(self._database)
        except (OSError, TimeoutError, SQLAlchemyError) as error:
            LOGGER.warning("not ready", error=type(error).__name__)
            answers = False
        migrated = found == head()
        body = {"database": answers, "migrations": migrated}
        return JSONResponse(body, 200 if answers and migrated else 503, {"Cache-Control": "no-store"})
