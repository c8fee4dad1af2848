"""A ledger to measure: members with lots, one with very many entries, a pool, lots that are due.

Written by sets, past the functions, but as they would have written it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segments.viewer import Viewer

if TYPE_CHECKING:
    from foundation.database import RawConnection

PROGRAMME = "00000000-0000-7000-8000-0000000000ff"
# A key from a number of six digits: in SQL, and as the literal that a client sends.
KEY = "('00000000-0000-7000-8000-' || lpad(({})::text, 12, '0'))::uuid"
LITERAL = "'00000000-0000-7000-8000-000000{}'"
POOL = 900_000
SPENDERS = 8
DUE_FIRST = 600_000


@dataclass(frozen=True)
class Crowd:
    """So many members from a number on, each with so many lots of 10 points, which expire on five days.

    `due`: they have expired already.
    """

    first: int
    members: int
    lots: int
    due: bool = False

    @property
    def last(self) -> int:
        """The number of the last of them."""
        return self.first + self.members - 1


async def begin(owner: RawConnection) -> None:
    """The programme."""
    for name, setting in Viewer.system().row_settings().items():
        await owner.execute("select set_config($1, $2, false)", name, setting)
    await owner.execute(
        f"""select points_set_programme('{PROGRAMME}', 0, 'bench', '积分', null, 'Asia/Shanghai', 7, 24, 'FLOOR',
        0, 1000000, 1000000000, 100, 100, 'CNY')"""
    )


async def customers(owner: RawConnection, first: int, last: int, *, companies: bool = False) -> None:
    """Customers by number: people, or companies."""
    kind, segment = ("ORGANISATION", "ENTERPRISE") if companies else ("PERSON", "CONSUMER")
    await owner.execute(
        f"""insert into customer (id, kind, segment, status, name, key_account, version, created_at, updated_at)
        select {KEY.format("n")}, '{kind}', '{segment}', 'ACTIVE', '会员' || n, false, 1, now(), now()
        from generate_series({first}, {last}) as n"""
    )


async def fill(owner: RawConnection, crowd: Crowd) -> None:
    """Members with their lots, each as earned and activated long ago."""
    await customers(owner, crowd.first, crowd.last)
    due = "now() - interval '9 days'" if crowd.due else "now() + interval '100 days'"
    numbers = f"generate_series({crowd.first}, {crowd.last}) as n"
    key = KEY.format("n")
    await owner.execute(
        f"""insert into points_account
        select '{PROGRAMME}', {key}, 0, 1, 0, 10 * {crowd.lots}, 0, 0, 2 * {crowd.lots}, now(), {due}, {key} from {numbers}"""
    )
    # An account's transfers are its earnings and then its activations, at instants that rise.
    at = "now() - interval '400 days' + k * interval '1 second'"
    common = f"{key}, {key}, k, {at}, {at}"
    earned, activated = f"k <= {crowd.lots}", f"k - {crowd.lots}"
    await owner.execute(
        f"""insert into points_transfer
        (account_id, customer_id, sequence, at, effective_at, code, debit, credit, amount, pending_after, available_after,
            held_after, debt_after, id)
        select {common}, case when {earned} then 'EARN' else 'ACTIVATE' end,
            case when {earned} then 'ISSUED' else 'PENDING' end, case when {earned} then 'PENDING' else 'AVAILABLE' end,
            10, case when {earned} then 10 * k else 10 * (2 * {crowd.lots} - k) end,
            case when {earned} then 0 else 10 * ({activated}) end, 0, 0, points_id({at})
        from {numbers}, generate_series(1, 2 * {crowd.lots}) as k"""
    )
    await owner.execute(
        f"""insert into points_lot
        (account_id, customer_id, amount, remaining, open, active, activates_at, expires_at, basis, returned, clawed, forgiven,
            expired, id)
        select account_id, customer_id, 10, 10, true, true, at, {due} + sequence % 5 * interval '1 day', 10, 0, 0, 0, 0, id
        from points_transfer where code = 'EARN' and account_id between {KEY.format(crowd.first)} and {KEY.format(crowd.last)}"""
    )


async def make_pool(owner: RawConnection) -> None:
    """A company with spenders, and lots on every stripe."""
    await customers(owner, POOL, POOL, companies=True)
    pool = KEY.format(POOL)
    await owner.execute(f"select points_open_pool('{PROGRAMME}', {pool})")
    await owner.execute(
        f"""insert into person (id, email, name, audience, customer_id, clearance, compartments, roles, password_hash, active,
            created_at)
        select {KEY.format(f"{POOL} + n")}, n || '@example.com', '王芳', 'enterprise', {pool}, 0, '{{}}', '{{}}', 'none', true,
            now() from generate_series(1, {SPENDERS}) as n"""
    )
    await owner.execute(
        f"""select points_set_spender('{PROGRAMME}', {pool}, {KEY.format(f"{POOL} + n")}, 1000000000000)
        from generate_series(1, {SPENDERS}) as n"""
    )
    await owner.execute(
        f"""do $$ begin for k in 1..480 loop
            perform points_earn('{PROGRAMME}', {pool}, 'lot ' || k, '\\x00', 1000000, p_earned_at => now() - interval '30 days');
        end loop; end $$"""
    )
    await owner.execute("select points_settle_due(100)")
