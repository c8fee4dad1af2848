"""What members 会员 do with their points, and companies with their pools: the rules between a request and the ledger."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing
from domain.identity.people import normal_email
from domain.points import ledger, programmes
from domain.points.refusals import AMOUNT_MAX
from domain.points.tables import PointsAccount, PointsMember, PointsProgramme, PointsSpender
from foundation.refusals import Refusal
from foundation.statements import fetch_row
from segments.audiences import ENTERPRISE
from segments.viewer import Viewer

NUMBER_DIGITS = 10


def is_number(text: str) -> bool:
    """Whether a text is a membership number: ten digits, the last by Luhn's formula (ISO/IEC 7812-1, annex B)."""
    if len(text) != NUMBER_DIGITS or not (text.isascii() and text.isdigit()):
        return False
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(text), 1))
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0


class Member(NamedTuple):
    """Whose points of which programme. `id` is the membership's, and that of its first account."""

    id: UUID
    programme_id: UUID
    customer_id: UUID


MEMBER = "select id, programme_id, customer_id from points_member where id = $1"


async def membership(session: AsyncSession, membership_id: UUID) -> Member:
    """A membership that the viewer may see."""
    found = await fetch_row(session, MEMBER, membership_id)
    if found is None:
        raise Refusal("NOT_FOUND", ("membership",))
    return Member(*found)


async def transfer_points(session: AsyncSession, *, key: str, membership_id: UUID, to: str, amount: int) -> UUID:
    """Send points to the member with a number, within the programme's limits; answers what left."""
    member = await membership(session, membership_id)
    number = to.replace(" ", "")
    if not is_number(number):
        raise Refusal("MEMBER_NUMBER_WRONG", ("to",), digits=NUMBER_DIGITS)
    check_amount(amount)
    sent, *_ = await ledger.send_to_number(
        session,
        programme_id=member.programme_id,
        customer_id=member.customer_id,
        key=key,
        to_number=number,
        amount=amount,
    )
    return sent


async def spend_points(session: AsyncSession, viewer: Viewer, *, key: str, membership_id: UUID, amount: int) -> UUID:
    """Spend a member's points; from a company's pool the viewer spends in their own name, up to their cap."""
    member = await membership(session, membership_id)
    check_amount(amount)
    spender = viewer.person_id if viewer.audience is ENTERPRISE and await is_pool(session, member) else None
    [spent] = await ledger.spend(
        session,
        programme_id=member.programme_id,
        customer_id=member.customer_id,
        key=key,
        amount=amount,
        spender_id=spender,
    )
    return spent


def check_amount(amount: int) -> None:
    """Refuse an amount of points that no movement has."""
    if not 1 <= amount <= AMOUNT_MAX:
        raise Refusal("OUT_OF_RANGE", ("amount",), min=1, max=AMOUNT_MAX)


async def is_pool(session: AsyncSession, member: Member) -> bool:
    """Whether a member's account is a pool."""
    stripes = await session.scalar(sa.select(PointsAccount.stripes).where(PointsAccount.id == member.id))
    return stripes is not None and stripes > 1


async def open_pool(session: AsyncSession, viewer: Viewer, *, programme_id: UUID) -> UUID:
    """Make the viewer's company's account a pool, for good; answers its membership."""
    if viewer.customer_id is None:
        raise Refusal("NOT_FOUND")
    await existing(session, PointsProgramme, programme_id, "programme")
    await programmes.open_pool(session, programme_id, viewer.customer_id)
    found = await session.scalar(
        sa.select(PointsMember.id).where(
            PointsMember.programme_id == programme_id, PointsMember.customer_id == viewer.customer_id
        )
    )
    assert found is not None, "whoever has an account is a member"
    return found


async def set_spender(session: AsyncSession, *, membership_id: UUID, email: str, month_max: int) -> UUID:
    """Let a person of the company spend from its pool, up to so many points a local month; 0 ends it."""
    member = await membership(session, membership_id)
    if not await is_pool(session, member):
        raise Refusal("NO_POOL", ("membership",))
    if not 0 <= month_max <= AMOUNT_MAX:
        raise Refusal("OUT_OF_RANGE", ("month_max",), min=0, max=AMOUNT_MAX)
    called = sa.func.points_colleague(member.customer_id, normal_email(email), type_=sa.Uuid())
    person = await session.scalar(sa.select(called))
    if person is None:
        raise Refusal("NOBODY_OF_COMPANY", ("email",))
    await programmes.set_spender(session, member.programme_id, member.customer_id, person, month_max)
    found = await session.scalar(
        sa.select(PointsSpender.id).where(
            PointsSpender.programme_id == member.programme_id,
            PointsSpender.customer_id == member.customer_id,
            PointsSpender.person_id == person,
        )
    )
    assert found is not None, "the ledger has just written it"
    return found
