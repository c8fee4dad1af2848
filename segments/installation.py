"""What this installation is allowed to hold: one row that only the owner role can write."""

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import Mapped, mapped_column

from foundation.tables import Table
from segments.classification import Classification, ClassificationRank
from segments.policies import ANYBODY, OWNER, Rows, any_of

# The id of the only row there may be: two ceilings would make every write policy fail.
ONLY = UUID("00000000-0000-7000-8000-000000000000")


class Installation(Table):
    """The installation's classification ceiling: no row above it is stored (`BELOW_CEILING` in every write policy).

    Without its row nothing classified can be stored at all.
    """

    __tablename__ = "installation"
    __rows__ = Rows(any_of(ANYBODY, OWNER), OWNER, classified=False)
    __table_args__ = (CheckConstraint(f"id = '{ONLY}'", "only"),)

    ceiling: Mapped[Classification] = mapped_column(ClassificationRank())


async def set_ceiling(connection: AsyncConnection, ceiling: Classification) -> None:
    """Say what this installation may hold; over the owner's connection, because the application may not."""
    statement = insert(Installation).values(id=ONLY, ceiling=ceiling)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"ceiling": ceiling}))
