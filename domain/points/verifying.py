"""What must hold in every ledger, each with a name, and a check that reads the whole of it for what breaks it.

Nothing here is taken from the functions that write: each invariant is stated anew over the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

IDS_SHOWN_MAX = 5

# By how much a transfer changes a state of its account; debt is owed, so it changes the other way.
CHANGE = "(case '{state}' when t.credit then t.amount when t.debit then -t.amount else 0 end)"
CHANGES = {state.lower(): CHANGE.format(state=state) for state in ("PENDING", "AVAILABLE", "HELD", "DEBT")}

# Each selects the ids of the rows that break it.
STATED = {
    "an account's balances are the sums of its transfers": """
        select a.id from points_account as a left join (
            select t.account_id, sum({pending}) as pending, sum({available}) as available, sum({held}) as held,
                sum(-{debt}) as debt, count(*) as transfers, min(t.sequence) as first, max(t.sequence) as last
            from points_transfer as t group by t.account_id
        ) as s on s.account_id = a.id
        where (a.pending, a.available, a.held, a.debt) is distinct from
            (coalesce(s.pending, 0), coalesce(s.available, 0), coalesce(s.held, 0), coalesce(s.debt, 0))""",
    "an account's transfers are numbered without a gap": """
        select a.id from points_account as a left join (
            select account_id, count(distinct sequence) as numbers, count(*) as transfers, max(sequence) as last
            from points_transfer group by account_id
        ) as s on s.account_id = a.id
        where (a.sequence, a.sequence, a.sequence) is distinct from
            (coalesce(s.numbers, 0), coalesce(s.transfers, 0), coalesce(s.last, 0))""",
    "a transfer's balances follow from those before it": """
        select id from (
            select t.id, t.pending_after - lag(t.pending_after, 1, 0::bigint) over w <> {pending}
                or t.available_after - lag(t.available_after, 1, 0::bigint) over w <> {available}
                or t.held_after - lag(t.held_after, 1, 0::bigint) over w <> {held}
                or t.debt_after - lag(t.debt_after, 1, 0::bigint) over w <> -{debt} as broken
            from points_transfer as t window w as (partition by t.account_id order by t.sequence)
        ) as checked where broken""",
    "time, number and id of an account's transfers rise together": """
        select id from (
            select id, at, at <= lag(at) over w or id <= lag(id) over w as broken
            from points_transfer window w as (partition by account_id order by sequence)
        ) as checked
        where broken or id < points_floor(at) or id >= points_floor(at + interval '1 microsecond')""",
    "nobody's balance was ever below zero": """
        select id from points_transfer where least(pending_after, available_after, held_after, debt_after) < 0""",
    "what is available and pending lies in lots": """
        select a.id from points_account as a left join (
            select account_id, sum(remaining) filter (where active) as available,
                sum(remaining) filter (where not active) as pending
            from points_lot group by account_id
        ) as l on l.account_id = a.id
        where (a.available, a.pending) is distinct from (coalesce(l.available, 0), coalesce(l.pending, 0))""",
    "a lot lacks what was taken from it": """
        select l.id from points_lot as l left join (
            select lot_id, sum(amount) as taken from points_lot_use group by lot_id
        ) as u on u.lot_id = l.id
        where l.amount - l.remaining <> coalesce(u.taken, 0)""",
    "a transfer takes from lots, or gives back to them, what it moves": """
        select t.id from points_transfer as t left join (
            select transfer_id, sum(amount) as taken from points_lot_use group by transfer_id
        ) as u on u.transfer_id = t.id
        where coalesce(u.taken, 0) <> case
            when t.code in ('RELEASE', 'RESTORE') then -t.amount
            when t.code = 'CLAW_BACK' and t.debit = 'PENDING' then t.amount
            when t.debit = 'AVAILABLE' then t.amount
            else 0 end""",
    "what is taken is taken by a transfer from a lot of its account": """
        select u.transfer_id from points_lot_use as u
        left join points_transfer as t on t.id = u.transfer_id left join points_lot as l on l.id = u.lot_id
        where t.account_id is null or t.account_id is distinct from l.account_id""",
    "a lot came by one transfer, and each that brings points brought one": """
        select coalesce(l.id, t.id) from points_lot as l full join (
            select id, account_id, amount from points_transfer
            where code = 'EARN' or debit = 'TRANSFERRED' or code = 'ADJUST' and credit = 'AVAILABLE'
        ) as t on t.id = l.id
        where (l.account_id, l.amount) is distinct from (t.account_id, t.amount)""",
    "what expired of a lot is what expiries took from it": """
        select l.id from points_lot as l left join (
            select u.lot_id, sum(u.amount) as expired from points_lot_use as u
            join points_transfer as t on t.id = u.transfer_id and t.code = 'EXPIRE' group by u.lot_id
        ) as e on e.lot_id = l.id
        where l.expired <> coalesce(e.expired, 0)""",
    "what is held is what holds have left": """
        select a.id from points_account as a left join (
            select h.account_id, sum(h.amount - coalesce(e.ended, 0)) as held,
                bool_or(h.amount < coalesce(e.ended, 0)) as exceeded
            from points_transfer as h left join (
                select refers_id, sum(amount) as ended from points_transfer
                where code in ('CAPTURE', 'RELEASE') group by refers_id
            ) as e on e.refers_id = h.id
            where h.code = 'HOLD' group by h.account_id
        ) as s on s.account_id = a.id
        where a.held <> coalesce(s.held, 0) or s.exceeded""",
    "no more is restored than was spent": """
        select s.id from points_transfer as s join points_transfer as r on r.refers_id = s.id and r.code = 'RESTORE'
        group by s.id, s.amount having sum(r.amount) > s.amount""",
    "what is clawed back is the floor of what was returned": """
        select l.id from points_lot as l left join (
            select refers_id, sum(amount) as taken from points_transfer where code = 'CLAW_BACK' group by refers_id
        ) as c on c.refers_id = l.id
        where l.clawed <> floor(l.amount::numeric * l.returned / l.basis)
            or l.clawed - l.forgiven <> coalesce(c.taken, 0)""",
    "what left one account for another has arrived": """
        select s.id from points_transfer as s left join (
            select refers_id, sum(amount) as arrived from points_transfer where debit = 'TRANSFERRED' group by refers_id
        ) as r on r.refers_id = s.id
        where s.credit = 'TRANSFERRED' and s.amount is distinct from r.arrived""",
    "what members have is what was issued, less what was redeemed and expired": """
        select p.id from points_programme as p left join (
            select programme_id, sum(pending + available + held - debt) as owned from points_account group by programme_id
        ) as o on o.programme_id = p.id left join (
            select a.programme_id, sum(
                case when t.debit in ('ISSUED', 'REDEEMED', 'EXPIRED') then t.amount else 0 end
                - case when t.credit in ('ISSUED', 'REDEEMED', 'EXPIRED') then t.amount else 0 end) as issued
            from points_transfer as t join points_account as a on a.id = t.account_id group by a.programme_id
        ) as i on i.programme_id = p.id
        where coalesce(o.owned, 0) <> coalesce(i.issued, 0)""",
    "an account is looked at no later than something of it is due": """
        select a.id from points_account as a join points_lot as l on l.account_id = a.id and l.open
        where a.due_at > case when l.active then l.expires_at else l.activates_at end""",
    "what was asked for was posted, and nothing else": """
        select coalesce(t.id, r.id) from (
            select id from points_transfer where code not in ('ACTIVATE', 'EXPIRE', 'RECOVER', 'REBALANCE')
        ) as t full join (
            select unnest(transfers) as id from points_request
        ) as r on r.id = t.id
        where t.id is null or r.id is null""",
    "a snapshot is what the ledger says of its instant": """
        select s.id from points_snapshot as s
        cross join lateral points_totals(s.programme_id, s.ends_at, s.taken_at) as t
        where (s.pending, s.available, s.held, s.debt) is distinct from (t.pending, t.available, t.held, t.debt)""",
}

INVARIANTS = {invariant: query.format(**CHANGES) for invariant, query in STATED.items()}


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold: how many rows break it, and the first of them."""

    invariant: str
    rows: int
    first: tuple[UUID, ...]

    def __str__(self) -> str:
        return f"{self.invariant}: not so for {self.rows}, {', '.join(map(str, self.first))}"


async def verify(session: AsyncSession) -> list[Broken]:
    """What does not hold. The session sees one snapshot, and all rows."""
    found: list[Broken] = []
    for invariant, query in INVARIANTS.items():
        broken = sa.text(query).columns(id=sa.Uuid()).subquery()
        counted = sa.select(sa.func.count()).select_from(broken)
        rows = (await session.execute(counted)).scalar_one()
        if rows:
            shown = sa.select(broken.c.id).order_by(broken.c.id).limit(IDS_SHOWN_MAX)
            found.append(Broken(invariant, rows, tuple(await session.scalars(shown))))
    return found
