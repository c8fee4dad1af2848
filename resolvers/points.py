"""How points are answered: memberships with their balances, lots and movements, and what moves them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL

from domain.guards import existing
from domain.points import members, programmes
from domain.points.programmes import ProgrammeSettings
from domain.points.tables import PointsAccount, PointsLot, PointsProgramme, PointsRounding
from foundation.refusals import Refusal
from resolvers.customers import localised
from resolvers.planner.declare import NOW, Spread
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal

Bound = sa.ColumnElement[Any] | None
Selected = sa.Select[*tuple[Any, ...]]
STATES = ("pending", "available", "held", "debt")
INSTANT = sa.DateTime(timezone=True)
MONTHS_MAX = 36


def everything(_: sa.FromClause) -> sa.ColumnElement[bool]:
    """All rows that the viewer may see."""
    return sa.true()


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def name_zh(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return source.c.name


def memberships(member: sa.FromClause, *, number: Bound = None, customer: Bound = None) -> sa.ColumnElement[bool]:
    """Memberships, by number or customer."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if number is not None:
        conditions.append(member.c.number == number)
    if customer is not None:
        conditions.append(member.c.customer_id == customer)
    return sa.and_(*conditions)


# ---- balances


def balance(member: sa.FromClause) -> Selected:
    """The balance now; what is due counts as settled."""
    return balances(sa.func.points_balance(member.c.programme_id, member.c.customer_id))


def balance_at(member: sa.FromClause, *, at: Bound) -> Selected:
    """The balance as it was at an instant."""
    return balances(sa.func.points_balance_at(member.c.programme_id, member.c.customer_id, at))


def balances(called: sa.Function[Any], *more: sa.ColumnElement[Any]) -> Selected:
    """A row of a member's points in each state, from one of the ledger's functions."""
    row = called.table_valued(*(sa.column(state, sa.BigInteger()) for state in STATES)).render_derived("balance")
    return sa.select(*(row.c[state] for state in STATES), *more).select_from(row)


def worth(member: sa.FromClause) -> Selected:
    """What the available points are worth, rounded down to the minor unit (`domain.points.worth`)."""
    programme = PointsProgramme.__table__.alias("worth_programme")
    row = sa.func.points_balance(member.c.programme_id, member.c.customer_id)
    found = row.table_valued(*(sa.column(state, sa.BigInteger()) for state in STATES)).render_derived("worth_balance")
    return (
        sa.select(
            # Of two integers PostgreSQL's quotient is the whole part, which of what is not negative is the floor.
            (found.c.available * programme.c.worth_amount).op("/")(programme.c.worth_points).label("amount"),
            programme.c.worth_currency.label("currency"),
        )
        .select_from(found.join(programme, sa.true()))
        .where(programme.c.id == member.c.programme_id)
    )


def history(member: sa.FromClause, *, months: Bound = None) -> Selected:
    """The balance at the end of each of so many local months, at most 36, and now; 12 unless told."""
    programme = PointsProgramme.__table__.alias("history_programme")
    zone = programme.c.time_zone
    number = (
        sa.func.generate_series(literal_number(2) - months_asked(months), literal_number(1))
        .table_valued("number")
        .render_derived("back")
    )
    this_month = sa.func.date_trunc(literal("month"), sa.func.timezone(zone, NOW))
    ends = sa.func.timezone(zone, this_month + months_of(number.c.number), type_=INSTANT)
    # The last instant of a month, not the first one of the next; the month that has not ended is read as it is now.
    at = sa.func.least(ends - sa.literal_column("interval '1 microsecond'", INTERVAL()), NOW, type_=INSTANT)
    row = (
        sa.func.points_balance_at(member.c.programme_id, member.c.customer_id, at)
        .table_valued(*(sa.column(state, sa.BigInteger()) for state in STATES))
        .render_derived("then")
        .lateral()
    )
    return (
        sa.select(at.label("at"), *(row.c[state] for state in STATES))
        .select_from(programme.join(number, sa.true()).join(row, sa.true()))
        .where(programme.c.id == member.c.programme_id)
        .order_by(number.c.number)
    )


def months_asked(months: Bound) -> sa.ColumnElement[int]:
    """How many months were asked for: 12 unless told, at most 36, and none where less."""
    if months is None:
        return literal_number(12)
    return sa.func.greatest(literal_number(0), sa.func.least(months, literal_number(MONTHS_MAX)), type_=sa.Integer())


def months_of(number: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """So many months."""
    return sa.cast(number, sa.Integer()) * sa.literal_column("interval '1 month'", INTERVAL())


def literal_number(number: int) -> sa.ColumnElement[int]:
    """A number that every request has."""
    return sa.literal_column(str(number), sa.Integer())


# ---- lots and movements


def accounts_of(member: sa.FromClause) -> sa.Select[tuple[Any]]:
    """The keys of a member's accounts: one, or the stripes of a pool."""
    account = PointsAccount.__table__.alias("own_account")
    keys = sa.select(account.c.id).where(
        account.c.programme_id == member.c.programme_id, account.c.customer_id == member.c.customer_id
    )
    # Said here, because of a select within a select SQLAlchemy takes the row for another one.
    return keys.correlate(member)


def statement(transfer: sa.FromClause, *, of: sa.FromClause) -> Spread:
    """A member's movements, each account's read by its own index: a pool has sixteen."""
    return Spread(transfer.c.account_id, accounts_of(of), sa.true())


def lots_to_expire(member: sa.FromClause) -> sa.CompoundSelect[Any]:
    """The member's lots with points, waiting or available, that will expire: id, instant and points of each."""

    def part(*, active: bool) -> Selected:
        lot = PointsLot.__table__.alias("active_lot" if active else "waiting_lot")
        mine = sa.func.array(accounts_of(member).scalar_subquery(), type_=sa.ARRAY(sa.Uuid()))
        found: Selected = sa.select(lot.c.id, lot.c.expires_at, lot.c.remaining).where(
            lot.c.account_id == sa.any_(mine),
            lot.c.open,
            lot.c.active if active else sa.not_(lot.c.active),
            lot.c.expires_at > NOW,
            lot.c.expires_at < sa.literal_column("'infinity'", INSTANT),
        )
        return found

    # Two parts, because each has an index, and there is none of all that are open.
    return sa.union_all(part(active=True), part(active=False))


def expiring(lot: sa.FromClause, *, of: sa.FromClause, until: Bound = None) -> sa.ColumnElement[bool]:
    """Lots that expire after now, until an instant where one is told."""
    found = lots_to_expire(of).subquery("to_expire")
    keys = sa.select(found.c.id)
    return lot.c.id.in_(keys if until is None else keys.where(found.c.expires_at <= until))


def expires_at(lot: sa.FromClause) -> sa.ColumnElement[Any]:
    """When a lot expires; nothing for one that never does."""
    return sa.func.nullif(lot.c.expires_at, sa.literal_column("'infinity'", INSTANT), type_=INSTANT)


def is_active(lot: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a lot's points are available, whether a job has come by or not."""
    return sa.or_(lot.c.active, lot.c.activates_at <= NOW)


def expiry(member: sa.FromClause, *, months: Bound = None) -> Selected:
    """The points that expire in each of the coming local months, at most 36, this one first; 12 unless told."""
    programme = PointsProgramme.__table__.alias("expiry_programme")
    own = programme.c.id == member.c.programme_id
    zone = programme.c.time_zone
    count = months_asked(months)
    ahead = sa.func.generate_series(literal_number(0), count - literal_number(1)).table_valued("number")
    ahead = ahead.render_derived("ahead")
    this_month = sa.func.date_trunc(literal("month"), sa.func.timezone(zone, NOW))
    empty = (
        sa.select(
            sa.cast(this_month + months_of(ahead.c.number), sa.Date()).label("month"),
            sa.literal_column("0", sa.BigInteger()).label("amount"),
        )
        .select_from(programme.join(ahead, sa.true()))
        .where(own)
    )
    found = lots_to_expire(member).subquery("to_expire")
    # A lot that expires as a month ends expires in that month: its instant is the first of the next.
    last_instant = found.c.expires_at - sa.literal_column("interval '1 microsecond'", INTERVAL())
    month = sa.func.date_trunc(literal("month"), sa.func.timezone(zone, last_instant))
    lots = (
        sa.select(sa.cast(month, sa.Date()), found.c.remaining)
        .select_from(programme.join(found, sa.true()))
        .where(own, month < this_month + months_of(count))
    )
    # One pass over the lots: joined to the months they would be read for each.
    every = sa.union_all(empty.correlate(member), lots.correlate(member)).subquery("of_month")
    amount = sa.cast(sa.func.sum(every.c.amount), sa.BigInteger())
    return sa.select(every.c.month, amount.label("amount")).group_by(every.c.month).order_by(every.c.month)


def is_pool(member: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a company's account is a pool."""
    account = PointsAccount.__table__.alias("first_account")
    stripes = sa.select(account.c.id).where(account.c.id == member.c.id, account.c.stripes > 1)
    return stripes.correlate(member).exists()


def spent_this_month(spender: sa.FromClause) -> sa.ColumnElement[Any]:
    """What somebody has spent from a pool in the local month that it is."""
    programme = PointsProgramme.__table__.alias("spender_programme")
    month = sa.cast(sa.func.date_trunc(literal("month"), sa.func.timezone(programme.c.time_zone, NOW)), sa.Date())
    now = sa.select(month).where(programme.c.id == spender.c.programme_id).correlate(spender).scalar_subquery()
    return sa.case((spender.c.month == now, spender.c.spent), else_=sa.literal_column("0", sa.BigInteger()))


def left_this_month(spender: sa.FromClause) -> sa.ColumnElement[Any]:
    """What they may still spend in it."""
    return sa.func.greatest(spender.c.month_max - spent_this_month(spender), literal_number(0), type_=sa.BigInteger())


def signed(transfer: sa.FromClause) -> sa.ColumnElement[Any]:
    """What a movement did to what the member can use: points that came are above zero, points that went below."""
    available = literal("AVAILABLE")
    return sa.case(
        (transfer.c.credit == available, transfer.c.amount),
        (transfer.c.debit == available, -transfer.c.amount),
        else_=sa.literal_column("0", sa.BigInteger()),
    )


def moved(transfer: sa.FromClause) -> sa.ColumnElement[bool]:
    """Movements of whose points they are, which the rows' policy knows."""
    return transfer.c.id.is_not(None)


# ---- changes


async def transfer_points(act: Act, *, membership: UUID, to: str, amount: int) -> dict[str, UUID]:
    """See `domain.points.members`."""
    sent = await members.transfer_points(act.session, key=act.key, membership_id=membership, to=to, amount=amount)
    return {"membership": membership, "transfer": sent}


async def spend_points(act: Act, *, membership: UUID, amount: int) -> dict[str, UUID]:
    """See `domain.points.members`."""
    spent = await members.spend_points(act.session, act.viewer, key=act.key, membership_id=membership, amount=amount)
    return {"membership": membership, "transfer": spent}


async def open_pool(act: Act, *, programme: UUID) -> UUID:
    """See `domain.points.members`."""
    return await members.open_pool(act.session, act.viewer, programme_id=programme)


async def set_spender(act: Act, *, membership: UUID, email: str, month_max: int) -> dict[str, UUID]:
    """See `domain.points.members`."""
    spender = await members.set_spender(act.session, membership_id=membership, email=email, month_max=month_max)
    return {"membership": membership, "spender": spender}


async def set_programme(
    act: Act,
    *,
    code: str,
    name: str,
    time_zone: str,
    activation_days: int,
    rounding: PointsRounding,
    transfer_min: int,
    transfer_max: int,
    transfer_month_max: int,
    worth_points: int,
    worth_amount: int,
    worth_currency: str,
    programme: UUID | None = None,
    version: int | None = None,
    name_en: str | None = None,
    lot_months: int | None = None,
) -> UUID:
    """See `domain.points.programmes`: a new programme, or all settings of one that is as its editor has seen it."""
    if programme is not None:
        await existing(act.session, PointsProgramme, programme, "programme")
        if version is None:
            raise Refusal("EMPTY", ("version",))
    key = programme or act.new_id()
    settings = ProgrammeSettings(
        code=code,
        name=name,
        name_en=name_en,
        time_zone=time_zone,
        activation_days=activation_days,
        lot_months=lot_months,
        rounding=rounding,
        transfer_min=transfer_min,
        transfer_max=transfer_max,
        transfer_month_max=transfer_month_max,
        worth_points=worth_points,
        worth_amount=worth_amount,
        worth_currency=worth_currency,
    )
    await programmes.set_programme(act.session, key, version or 0, settings)
    return key
