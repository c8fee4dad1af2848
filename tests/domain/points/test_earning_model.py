"""Orders earn and give back what the plain model says, whatever rules are announced, changed and ended meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Any, ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import Phase
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Channel
from domain.points import ledger, rules
from domain.points.earning import claw_back_for_order
from domain.points.programmes import ProgrammeSettings, set_programme, settle_due
from domain.points.reconciling import reconcile_orders
from domain.points.rule_tables import EarnKind
from domain.points.rules import Terms
from domain.points.tables import PointsRounding
from domain.points.tier_tables import Tier, TierMeasure
from domain.points.tiers import Level, review_tiers, set_tiers
from domain.points.verifying import INVARIANTS
from foundation.database import Addresses, Database
from foundation.refusals import Refusal
from foundation.settings import Settings
from tests.domain.points.earning_model import NEVER, Climber, Goods, Ladder, Order, Said, decide
from tests.domain.points.earning_shop import (
    BROKEN,
    GOODS,
    Shop,
    counted,
    open_shop,
    owners_session,
    pay,
    place,
    receive,
    standing,
)
from tests.domain.points.ledgers import IDS, START
from tests.domain.points.model import RefusedError, activation, expiry
from tests.domain.points.shops import customer

MEMBERS = 2
# A failure is told at once, as it was drawn: to shrink it takes minutes.
PHASES = (Phase.explicit, Phase.generate)
TICK = dt.timedelta(milliseconds=1)
WHO, PICK = st.integers(0, MEMBERS - 1), st.integers(0, 50)
# Without summer time: its edges are the ledger's matter, and are looked at there.
ZONES = ("Asia/Shanghai", "America/Bogota")
KINDS = {"basic": EarnKind.BASIC, "times": EarnKind.MULTIPLIER, "bonus": EarnKind.BONUS}
CODES = ("basic", "bonus-a", "bonus-b", "times-a", "times-b")
BOUND = st.none() | st.none() | st.integers(1, 120)


class Machine(RuleBasedStateMachine):
    """Members, orders and rules, and their model beside them."""

    places: ClassVar[Addresses]
    settings: ClassVar[Settings]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.now = START
        opening = self.stack.enter_async_context(owners_session(self.settings, self.places))
        self.session: AsyncSession = self.runner.run(opening)
        self.members = [Climber() for _ in range(MEMBERS)]
        self.said: list[tuple[Said, UUID]] = []
        self.orders: list[tuple[Order, UUID]] = []
        self.refunds: list[tuple[UUID, UUID, int]] = []
        self.programme, self.version, self.scheme = IDS(), 0, 0

    def run(self, awaitable: Awaitable[Any]) -> Any:
        async def fresh() -> Any:
            # As each request has a session of its own, which remembers nothing.
            self.session.expunge_all()
            return await awaitable

        return self.runner.run(fresh())

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())

    def tick(self) -> None:
        """Let a moment pass, for both sides."""
        self.now += TICK
        self.pass_time()

    def pass_time(self) -> None:
        self.run(self.session.execute(sa.select(sa.func.set_config("q.points_now", self.now.isoformat(), False))))
        for member in self.members:
            member.pass_time(self.now)

    # ------------------------------------------------------------------------------------------------------------
    # The programme, its tiers and rules.

    @initialize(rounding=st.sampled_from(PointsRounding), zone=st.sampled_from(ZONES))
    def begin(self, rounding: PointsRounding, zone: str) -> None:
        self.tick()
        self.set_programme(rounding, 0, 2, zone)
        self.keys: list[UUID] = [self.run(customer(self.session)) for _ in range(MEMBERS)]
        self.shop: Shop = self.run(open_shop(self.session))
        self.rule_ids: dict[str, UUID] = {
            code: self.run(
                rules.make_rule(
                    self.session, self.now, IDS, programme_id=self.programme, code=code, kind=KINDS[code[:5]], name=code
                )
            )
            for code in CODES
        }
        self.climb("POINTS", 1, 1, 40)
        self.announce("basic", Said("basic", self.now, points=1, amount=2, order_most=50))
        # Everybody has bought something by a rule that was another when it was paid; what comes has something to act on.
        for who, points in enumerate((3, 1)):
            self.buy(who, [("drone", 101), ("book", 30)], "SHOP", 0, account=False)
            self.tick()
            self.announce("basic", Said("basic", self.now, points=points, amount=2))
            self.pay(who)

    @rule(
        rounding=st.sampled_from(PointsRounding), days=st.integers(0, 2), months=st.sampled_from([1, 2]),
        zone=st.sampled_from(ZONES),
    )  # fmt: skip
    def set_programme(self, rounding: PointsRounding, days: int, months: int, zone: str) -> None:
        self.tick()
        self.rounding, self.days, self.months, self.zone = rounding.value, days, months, zone
        given = ProgrammeSettings(
            str(self.programme), "会员积分", time_zone=zone, activation_days=days, lot_months=months, rounding=rounding
        )
        self.version = self.run(set_programme(self.session, self.programme, self.version, given))

    @rule(
        measure=st.sampled_from(["POINTS", "AMOUNT"]), window=st.integers(1, 2), keeps=st.integers(1, 2),
        silver=st.sampled_from([40, 150]),
    )  # fmt: skip
    def climb(self, measure: str, window: int, keeps: int, silver: int) -> None:
        self.tick()
        self.ladder = Ladder(measure, window, keeps, {"plain": 0, "silver": silver, "gold": silver * 3})
        levels = [Level(name, name, least) for name, least in self.ladder.levels.items()]

        async def change() -> dict[str, UUID]:
            await set_tiers(
                self.session, self.now, IDS, programme_id=self.programme, version=self.scheme,
                measure=TierMeasure(measure), window_months=window, keeps_months=keeps, levels=levels,
            )  # fmt: skip
            found = await self.session.execute(sa.select(Tier.code, Tier.id).where(Tier.programme_id == self.programme))
            return {row.code: row.id for row in found}

        self.tiers = self.run(change())
        self.scheme += 1

    @rule(
        code=st.sampled_from(CODES), hours=st.sampled_from([0, 0, 0, 30]), points=st.integers(1, 9),
        amount=st.sampled_from([2, 7, 10]), percent=st.sampled_from([50, 150, 200, 333]), least=st.sampled_from([0, 0, 100]),
        bounds=st.tuples(BOUND, BOUND, BOUND), channels=st.sampled_from([(), (), ("SHOP",)]),
        categories=st.sampled_from([(), (), (), ("devices",), ("books", "optics")]),
        products=st.sampled_from([(), (), (), ("drone",), ("book", "camera")]),
        tiers=st.sampled_from([(), (), (), ("silver", "gold")]),
    )  # fmt: skip
    def change_rule(self, code: str, hours: int, **terms: Any) -> None:
        kind = KINDS[code[:5]]
        order_most, month_most, budget = terms.pop("bounds")
        if kind is not EarnKind.BASIC:
            terms["amount"] = 1
            terms["points"] = terms["points"] * 7 if kind is EarnKind.BONUS else 0
        if kind is not EarnKind.MULTIPLIER:
            terms["percent"] = 100
        elif terms["percent"] < 100:
            terms["least"] = 0
        sets: dict[str, Any] = {
            name: frozenset(terms.pop(name)) for name in ("channels", "categories", "products", "tiers")
        }
        self.tick()
        begins = self.now + dt.timedelta(hours=hours)
        said = Said(
            code, begins, **terms, **sets, order_most=order_most, month_most=month_most,
            budget=None if budget is None else budget * 2,
        )  # fmt: skip
        self.announce(code, said)

    def announce(self, code: str, said: Said) -> None:
        kind = KINDS[code[:5]]
        terms = Terms(
            said.begins,
            points=None if kind is EarnKind.MULTIPLIER else said.points,
            amount=said.amount if kind is EarnKind.BASIC else None,
            factor_percent=said.percent if kind is EarnKind.MULTIPLIER else None,
            order_amount_min=said.least, order_points_max=said.order_most, month_points_max=said.month_most,
            budget_points=said.budget, channels=[Channel(each) for each in said.channels],
            categories=[self.shop.categories[each] for each in said.categories],
            products=[self.shop.products[each] for each in said.products], tiers=[self.tiers[each] for each in said.tiers],
        )  # fmt: skip

        async def activate() -> UUID:
            draft = await rules.draft_version(self.session, self.now, IDS, rule_id=self.rule_ids[code], terms=terms)
            return await rules.activate_version(self.session, self.now, version_id=draft, version=1)

        self.said.append((said, self.run(activate())))

    @rule(pick=PICK, hours=st.sampled_from([0, 0, 20]))
    def end_rule(self, pick: int, hours: int) -> None:
        open_ones = [each for each in self.said if each[0].ends == NEVER and each[0].code != "basic"]
        if open_ones:
            self.tick()
            said, key = open_ones[pick % len(open_ones)]
            said.ends = self.now + dt.timedelta(hours=hours)
            self.run(rules.end_version(self.session, self.now, version_id=key, version=2, at=said.ends))

    # ------------------------------------------------------------------------------------------------------------
    # Orders.

    @rule(
        who=WHO, lines=st.lists(st.tuples(st.sampled_from(list(GOODS)), st.integers(0, 150)), min_size=1, max_size=3),
        channel=st.sampled_from(["SHOP", "STORE"]), tenths=st.sampled_from([0, 0, 0, 3, 10]), account=st.booleans(),
    )  # fmt: skip
    def buy(
        self,
        who: int,
        lines: list[tuple[str | None, int]],
        channel: str,
        tenths: int,
        account: bool,
    ) -> None:
        """An order of which so many tenths are paid in points; on account it is delivered before it is paid."""
        self.tick()
        total = sum(amount for _, amount in lines)
        by_points = total * tenths // 10
        goods = [Goods(amount, name, frozenset(GOODS[name])) for name, amount in lines]

        made = Order(who, self.now, total - by_points, goods, channel, account)
        placing = place(
            self.session, self.shop, self.keys[who], lines, self.now, Channel(channel), account=account, points=by_points
        )  # fmt: skip
        self.orders.append((made, self.run(placing)))

    @rule(pick=PICK)
    def pay(self, pick: int) -> None:
        """An order is paid, perhaps long after it was placed: its rules, and the tier its member had, are those of then."""
        waiting = [each for each in self.orders if not each[0].settled]
        if not waiting:
            return
        bought, key = waiting[pick % len(waiting)]
        bought.settled = True
        self.tick()
        member = self.members[bought.who]
        member.look(self.ladder, bought.at, self.zone)
        bought.tier = member.tier(self.ladder, bought.at, self.zone)
        before, bought.returned = bought.returned, []
        if decide(bought, [said for said, _ in self.said], self.rounding, self.zone):
            member.deeds.append((bought.at, bought.qualifying, bought.paid))
            member.look(self.ladder, self.now, self.zone)
            if bought.points:
                activates = activation(self.now, self.zone, self.days)
                expires = expiry(activates, self.zone, self.months)
                bought.lot = member.add(bought.points, activates, expires, bought.paid)
                member.pass_time(self.now)
            for part in before:
                member.bring_back(bought, part)
        else:
            bought.returned = before

        found = self.run(pay(self.session, self.now, key))
        if not bought.decided:
            assert found is None
            return
        points, basis, tier, breakdown = found
        parts = {} if breakdown is None else {part["rule"]: part["points"] for part in breakdown["parts"]}
        assert (points, basis, tier, parts) == (bought.points, bought.paid, bought.tier, bought.parts)

    @rule(pick=PICK, part=st.integers(1, 150), everything=st.booleans())
    def bring_back(self, pick: int, part: int, everything: bool) -> None:
        """Goods come back, or more than there were, which is refused and changes nothing."""
        sold = [each for each in self.orders if not each[0].cancelled and (each[0].settled or each[0].account)]
        if not sold:
            return
        bought, key = sold[pick % len(sold)]
        left = bought.paid - sum(bought.returned)
        part = left if everything and left else part
        if part > left and not bought.decided:
            return
        self.tick()
        if part > left:
            with pytest.raises(Refusal, match="REFUND_EXCEEDED"):
                self.run(self.attempt(claw_back_for_order(self.session, self.now, key, IDS(), part)))
            return
        if bought.decided:
            self.members[bought.who].bring_back(bought, part)
        else:
            bought.returned.append(part)
        refund = IDS()
        self.run(receive(self.session, self.now, key, refund, self.keys[bought.who], part))
        self.refunds.append((key, refund, part))

    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        sent_nothing = [
            each for each in self.orders if each[0].decided and not each[0].account and not each[0].returned
        ]
        if not sent_nothing:
            return
        bought, key = sent_nothing[pick % len(sent_nothing)]
        self.tick()
        bought.cancelled = True
        if bought.paid:
            self.members[bought.who].bring_back(bought, bought.paid)

        async def end() -> None:
            await self.session.execute(sa.text("update \"order\" set status = 'CANCELLED' where id = :id"), {"id": key})
            await claw_back_for_order(self.session, self.now, key, IDS(), bought.paid)

        self.run(end())

    @precondition(lambda self: self.refunds)
    @rule(pick=PICK)
    def tell_of_a_refund_again(self, pick: int) -> None:
        self.tick()
        self.run(claw_back_for_order(self.session, self.now, *self.refunds[pick % len(self.refunds)]))

    # ------------------------------------------------------------------------------------------------------------
    # What else happens to points and time.

    @rule(who=WHO, amount=st.integers(1, 80))
    def spend(self, who: int, amount: int) -> None:
        """Points that are spent and then clawed back are owed."""
        self.tick()
        spending = ledger.spend(
            self.session, programme_id=self.programme, customer_id=self.keys[who], key=str(IDS()), amount=amount
        )
        try:
            self.members[who].take(amount)
        except RefusedError:
            with pytest.raises(Refusal):
                self.run(self.attempt(spending))
        else:
            self.run(spending)

    async def attempt(self, awaitable: Awaitable[Any]) -> None:
        async with self.session.begin_nested():
            await awaitable

    @rule(hours=st.integers(1, 24 * 15))
    def move_clock(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)
        self.pass_time()

    @rule()
    def jobs_run(self) -> None:
        self.tick()
        self.run(settle_due(self.session))
        self.run(review_tiers(self.session, self.now))
        for member in self.members:
            if member.periods and member.periods[-1][2] <= self.now:
                member.look(self.ladder, self.now, self.zone)

    # ------------------------------------------------------------------------------------------------------------
    # What holds after each step.

    @invariant()
    def both_sides_are_equal(self) -> None:
        rows = self.run(standing(self.session, self.programme, self.keys, self.now))
        expected = [(*each.balance(), each.tier(self.ladder, self.now, self.zone)) for each in self.members]
        assert rows == expected

    @invariant()
    def no_budget_and_no_month_is_counted_otherwise(self) -> None:
        found = self.run(counted(self.session, self.programme))
        for said, key in self.said:
            used = said.used if said.budget is not None else 0
            months = sum(said.months.values()) if said.month_most is not None else 0
            assert found[key] == (used, months), said.code

    @invariant()
    def the_ledger_is_in_order(self) -> None:
        assert [list(INVARIANTS)[n] for n in self.run(self.session.scalars(BROKEN))] == []

    @invariant()
    def orders_and_points_agree(self) -> None:
        assert self.run(reconcile_orders(self.session, self.programme, START, self.now + TICK)) == []


def test_orders_earn_and_give_back_what_the_model_says(database: Database, settings: Settings) -> None:
    with asyncio.Runner() as runner:
        Machine.places, Machine.settings, Machine.runner = database.addresses, settings, runner
        run_state_machine_as_test(Machine, settings=effort(max_examples=12, stateful_step_count=25, phases=PHASES))
