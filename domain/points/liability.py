"""What a programme owes its members at any past instant, and what became of the points it issued: liability and breakage.

Every lot is read as it stood at the instant: what is due by then counts as settled, whether a job has come by or not, so the
sum is that of all members' balances then. Points that were transferred count where their member is, in the month in which
they were first earned. Money is what points were worth at that instant, rounded down to the minor unit
(`domain/points/worth.py`); parts of a whole are differences of rounded running sums, so that they add up to it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.guards import existing, not_in_future
from domain.points.tables import PointsProgramme, PointsWorth
from domain.points.tier_tables import Tier
from domain.points.worth import worth_at, worth_of
from foundation.money import Money

Key = TypeVar("Key")

# One row for each tier, month of earning and month of expiry. Both months are local ones, by their first day; a lot that ends as
# a month ends expires in that month. Points on hold are those of a hold's lots that expire last: a release gives those back.
QUERY = """
with recursive programme as (
    select id, time_zone from points_programme where id = :programme
), lots as materialized (
    select lot.id, lot.account_id, lot.customer_id, lot.amount, lot.activates_at, lot.expires_at,
        lot.open and not lot.active and lot.activates_at <= :at as unsettled,
        brought.effective_at as came_at, brought.debit = 'TRANSFERRED' as moved, brought.refers_id
    from points_lot as lot
    join points_account as account on account.id = lot.account_id and account.programme_id = :programme
    join points_transfer as brought on brought.id = lot.id and brought.effective_at <= :at
), uses as materialized (
    select used.lot_id, used.origin_id, t.code, sum(used.amount)::bigint as amount
    from points_lot_use as used join lots as lot on lot.id = used.lot_id
    join points_transfer as t on t.id = used.transfer_id and t.effective_at <= :at
    group by used.lot_id, used.origin_id, t.code
), taken as materialized (
    select lot_id, sum(amount)::bigint as amount,
        coalesce(sum(amount) filter (where code = 'EXPIRE'), 0)::bigint as expired,
        coalesce(sum(amount) filter (where code in ('SPEND', 'HOLD', 'RELEASE', 'RESTORE')), 0)::bigint as used,
        coalesce(sum(amount) filter (where code in ('TRANSFER', 'REBALANCE')), 0)::bigint as moved
    from uses group by lot_id
), open_holds as materialized (
    select hold.id, hold.amount - coalesce(sum(ended.amount), 0)::bigint as left_over
    from points_transfer as hold
    left join points_transfer as ended
        on ended.refers_id = hold.id and ended.code in ('CAPTURE', 'RELEASE') and ended.effective_at <= :at
    where hold.code = 'HOLD' and hold.effective_at <= :at
    group by hold.id, hold.amount having hold.amount > coalesce(sum(ended.amount), 0)
), held_parts as (
    select hold.id, hold.left_over, lot.id as lot_id, lot.expires_at, sum(uses.amount)::bigint as amount
    from open_holds as hold join uses on uses.origin_id = hold.id join lots as lot on lot.id = uses.lot_id
    group by hold.id, hold.left_over, lot.id, lot.expires_at
), held as materialized (
    select lot_id, sum(greatest(0, least(amount, left_over - before)))::bigint as amount from (
        select *, (sum(amount) over (partition by id order by expires_at desc, lot_id desc))::bigint - amount as before
        from held_parts
    ) as running group by lot_id
), debts as materialized (
    select t.account_id, sum(case 'DEBT' when t.debit then t.amount else -t.amount end)::bigint as debt
    from points_transfer as t join points_account as account on account.id = t.account_id
    where account.programme_id = :programme and t.effective_at <= :at and 'DEBT' in (t.debit, t.credit)
    group by t.account_id
), recovered as materialized (
    select id, greatest(0, least(remaining, debt - before)) as amount from (
        select lot.id, lot.amount - coalesce(taken.amount, 0) as remaining, debts.debt,
            (sum(lot.amount - coalesce(taken.amount, 0)) over (
                partition by lot.account_id order by lot.activates_at, lot.id
            ))::bigint - (lot.amount - coalesce(taken.amount, 0)) as before
        from lots as lot join debts on debts.account_id = lot.account_id left join taken on taken.lot_id = lot.id
        where lot.unsettled
    ) as waiting
), origins (lot_id, from_id) as (
    select lot.id, used.lot_id from lots as lot
    join points_lot_use as used on used.origin_id = lot.refers_id
    join points_lot as source on source.id = used.lot_id and source.expires_at = lot.expires_at
    where lot.moved
    union
    select origin.lot_id, used.lot_id from origins as origin
    join lots as lot on lot.id = origin.from_id and lot.moved
    join points_lot_use as used on used.origin_id = lot.refers_id
    join points_lot as source on source.id = used.lot_id and source.expires_at = lot.expires_at
), earned as materialized (
    select origin.lot_id, min(lot.came_at) as at
    from origins as origin join lots as lot on lot.id = origin.from_id and not lot.moved group by origin.lot_id
), members as materialized (
    select customer_id, case
        when not exists (select 1 from tier_scheme where programme_id = :programme) then null
        when last.valid_until > :at then last.tier_id
        else points_tier(:programme, customer_id, :at) end as tier_id
    from (select distinct customer_id from points_account where programme_id = :programme) as each
    left join lateral (
        select tier_id, valid_until from tier_membership as kept
        where kept.programme_id = :programme and kept.customer_id = each.customer_id and kept.valid_from <= :at
        order by kept.valid_from desc limit 1
    ) as last on true
), stood as (
    select member.tier_id, lot.expires_at, coalesce(earned.at, lot.came_at) as earned_at,
        lot.activates_at <= :at as active, lot.expires_at <= :at as gone,
        lot.amount - coalesce(taken.amount, 0) - coalesce(recovered.amount, 0) as remaining,
        coalesce(held.amount, 0) as held, coalesce(taken.used, 0) - coalesce(held.amount, 0) as redeemed,
        coalesce(taken.expired, 0) as expired, lot.amount - coalesce(taken.moved, 0) as issued
    from lots as lot join members as member on member.customer_id = lot.customer_id
    left join taken on taken.lot_id = lot.id left join held on held.lot_id = lot.id
    left join recovered on recovered.id = lot.id left join earned on earned.lot_id = lot.id
)
select tier_id, date_trunc('month', stood.earned_at at time zone programme.time_zone)::date as earned_month,
    case when stood.expires_at < 'infinity' then date_trunc(
        'month', (stood.expires_at - interval '1 microsecond') at time zone programme.time_zone)::date end as expiry_month,
    sum(case when active then 0 else remaining end)::bigint as pending,
    sum(case when active and not gone then remaining else 0 end)::bigint as available,
    sum(held)::bigint as held, 0::bigint as debt, sum(issued)::bigint as issued, sum(redeemed)::bigint as redeemed,
    sum(expired + case when gone then remaining else 0 end)::bigint as expired
from stood cross join programme group by 1, 2, 3
union all
select member.tier_id, null, null, 0, 0, 0, sum(debts.debt - coalesce(paid.amount, 0))::bigint, 0, 0, 0
from debts join points_account as account on account.id = debts.account_id
join members as member on member.customer_id = account.customer_id
left join (
    select lot.account_id, sum(recovered.amount)::bigint as amount
    from recovered join lots as lot on lot.id = recovered.id group by lot.account_id
) as paid on paid.account_id = debts.account_id
group by member.tier_id
"""


@dataclass(slots=True)
class Sums:
    """Points by state at an instant, and what had become of those issued: `issued` is what was ever earned or given.

    `withdrawn` was taken back: by refunds, corrections, or to pay a debt. `debt` is owed by members and stands apart.
    """

    pending: int = 0
    available: int = 0
    held: int = 0
    debt: int = 0
    issued: int = 0
    redeemed: int = 0
    expired: int = 0

    def add(self, other: Sums) -> None:
        """Count these too."""
        for each in fields(Sums):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def outstanding(self) -> int:
        """What members have and may still use."""
        return self.pending + self.available + self.held

    @property
    def withdrawn(self) -> int:
        """What is neither there nor was used nor expired."""
        return self.issued - self.outstanding - self.redeemed - self.expired

    @property
    def breakage(self) -> float | None:
        """Which share of what was issued and not withdrawn has expired, 0 to 1; None where there is nothing of that."""
        stayed = self.issued - self.withdrawn
        return self.expired / stayed if stayed else None


@dataclass(frozen=True, slots=True)
class Part(Generic[Key]):
    """A tier or month with its points, and what those that are outstanding, and those that expired, are worth."""

    key: Key
    sums: Sums
    owed: Money
    broken: Money


@dataclass(frozen=True, slots=True)
class Liability:
    """A programme at an instant: the whole, and the same by tier, by month of earning and by month of expiry.

    A tier is None in a programme without tiers, a month of expiry for what never expires. `worth` held at the instant.
    """

    at: dt.datetime
    worth: PointsWorth
    whole: Part[None]
    tiers: tuple[Part[UUID | None], ...]
    cohorts: tuple[Part[dt.date], ...]
    expiries: tuple[Part[dt.date | None], ...]


def standing(programme_id: UUID, at: dt.datetime) -> sa.TextClause:
    """The rows of a programme at an instant: a tier, a month of earning and one of expiry, then the fields of `Sums`."""
    return sa.text(QUERY).bindparams(
        sa.bindparam("programme", programme_id, sa.Uuid()), sa.bindparam("at", at, sa.DateTime(timezone=True))
    )


async def liability(session: AsyncSession, now: dt.datetime, programme_id: UUID, at: dt.datetime) -> Liability:
    """The report as of an instant; `NOT_FOUND` for a programme that is not, `IN_FUTURE` for what is to come."""
    programme = await existing(session, PointsProgramme, programme_id, "programme")
    not_in_future(at, now, "at")
    worth = await worth_at(session, programme.id, at)
    whole = Sums()
    tiers: dict[UUID | None, Sums] = {}
    cohorts: dict[dt.date, Sums] = {}
    expiries: dict[dt.date | None, Sums] = {}
    for tier_id, earned_month, expiry_month, *points in await session.execute(standing(programme.id, at)):
        found = Sums(*points)
        whole.add(found)
        tiers.setdefault(tier_id, Sums()).add(found)
        # Debt is of no month.
        if earned_month is not None:
            cohorts.setdefault(earned_month, Sums()).add(found)
            expiries.setdefault(expiry_month, Sums()).add(found)
    ranked = sa.select(Tier.id, Tier.rank).where(Tier.programme_id == programme.id)
    ranks: dict[UUID | None, int] = {tier_id: rank for tier_id, rank in await session.execute(ranked)}  # noqa: C416 - typed
    return Liability(
        at,
        worth,
        _parts(worth, [(None, whole)])[0],
        _parts(worth, sorted(tiers.items(), key=lambda each: ranks.get(each[0], 0))),
        _parts(worth, sorted(cohorts.items())),
        # What never expires stands last.
        _parts(worth, sorted(expiries.items(), key=lambda each: each[0] or dt.date.max)),
    )


def _parts(worth: PointsWorth, sums: Iterable[tuple[Key, Sums]]) -> tuple[Part[Key], ...]:
    """Parts whose money adds up to that of the whole: differences of rounded running sums."""
    made: list[Part[Key]] = []
    owed = broken = 0
    for key, each in sums:
        before = worth_of(worth, owed), worth_of(worth, broken)
        owed += each.outstanding
        broken += each.expired
        after = worth_of(worth, owed), worth_of(worth, broken)
        made.append(Part(key, each, _between(before[0], after[0]), _between(before[1], after[1])))
    return tuple(made)


def _between(before: Money, after: Money) -> Money:
    return Money(after.amount - before.amount, after.currency)
