"""The demonstration's points programme, of which consumers and companies of the club are members."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from domain.points.programmes import ProgrammeSettings, set_programme
from foundation.ids import Ids

PROGRAMME = ProgrammeSettings(
    code="MEMBERS",
    name="四方会员积分",
    name_en="Quadrant members' points",
    time_zone="Asia/Shanghai",
    activation_days=7,
    lot_months=24,
    transfer_min=10,
    transfer_max=5_000,
    transfer_month_max=10_000,
    worth_points=100,
    worth_amount=100,
    worth_currency="CNY",
)


async def make_programme(session: AsyncSession, new_id: Ids) -> UUID:
    """The programme. Only the database's functions write what points rest on, so it is made after the rows are stored."""
    programme_id = new_id()
    await set_programme(session, programme_id, 0, PROGRAMME)
    return programme_id
