"""A machine for stock: reserve, ship, cancel and count in any order; what lies where always adds up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from domain.orders.cancelling import cancel_order
from domain.orders.fulfilling import Sent, ship_order
from domain.orders.paying import order_paid
from domain.orders.tables import OrderLine, ReservationState, StockReservation
from domain.shop.tables import Stock
from foundation.database import Database, open_database
from foundation.refusals import Refusal
from foundation.settings import Settings
from tests.domain.orders.market import CLERK, IDS, NOW, SYSTEM, Market

PLACES = ("chengdu", "xian")
CITIES = ("510100", "610100", "510300")


class Machine(RuleBasedStateMachine):
    """Drones in two places beside a model: what lies there, and what each order still waits for."""

    market: Market
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.on_hand = {"chengdu": 3, "xian": 5}
        self.waiting: dict[UUID, int] = {}
        self.sent: set[UUID] = set()
        self.run(self.begin())

    def run(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Run one step."""
        return self.loop.run_until_complete(act)

    async def begin(self) -> None:
        async with self.market.acting(SYSTEM) as session:
            kept = StockReservation.state == ReservationState.HELD
            held = list(await session.scalars(sa.select(StockReservation.order_id).where(kept).distinct()))
        for order in held:
            await self.ship(order, None)
        await self.market.stock({("drone", place): pieces for place, pieces in self.on_hand.items()})

    @property
    def free(self) -> int:
        """What nobody has ordered."""
        return sum(self.on_hand.values()) - sum(self.waiting.values())

    async def ship(self, order: UUID, pieces: int | None) -> None:
        async with self.market.acting(CLERK) as session:
            lines = None
            if pieces is not None:
                line = await session.scalar(sa.select(OrderLine.id).where(OrderLine.order_id == order))
                assert line is not None
                lines = [Sent(line, pieces)]
            await ship_order(session, NOW, IDS, order_id=order, lines=lines)

    @rule(pieces=st.integers(1, 9), city=st.sampled_from(CITIES))
    def reserve(self, pieces: int, city: str) -> None:
        # Everything is discounted, so that there is nothing to give back.
        placed = self.market.place(self.market.consumer, {"drone": pieces}, city=city, discount=pieces * 1000_00)
        if pieces > self.free:
            with pytest.raises(Refusal) as refused:
                self.run(placed)
            assert (refused.value.code, refused.value.params["left"]) == ("NOT_ENOUGH_IN_STOCK", self.free)
            return
        order = self.run(placed)
        self.waiting[order] = pieces

        async def pay() -> None:
            async with self.market.acting(SYSTEM) as session:
                await order_paid(session, NOW, IDS, order)

        self.run(pay())

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def send(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.waiting)))
        pieces = data.draw(st.integers(1, self.waiting[order] + 1))
        if pieces > self.waiting[order]:
            with pytest.raises(Refusal, match="NOT_WAITING"):
                self.run(self.ship(order, pieces))
            return
        before = self.run(self.market.left("drone"))
        self.run(self.ship(order, pieces))
        after = self.run(self.market.left("drone"))
        assert sum(before[place][0] - after[place][0] for place in PLACES) == pieces
        self.on_hand = {place: after[place][0] for place in PLACES}
        self.waiting[order] -= pieces
        self.sent.add(order)
        if self.waiting[order] == 0:
            del self.waiting[order]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(sorted(self.waiting)))

        async def give_up() -> None:
            async with self.market.acting(CLERK) as session:
                await cancel_order(session, NOW, IDS, order_id=order, reason="缺货")

        if order in self.sent:
            with pytest.raises(Refusal, match="ORDER_STATE"):
                self.run(give_up())
            return
        self.run(give_up())
        del self.waiting[order]

    @rule(place=st.sampled_from(PLACES), pieces=st.integers(0, 12))
    def count(self, place: str, pieces: int) -> None:
        """Somebody counts what lies there, or puts back what was returned."""

        async def written() -> None:
            async with self.market.acting(CLERK) as session:
                where = (
                    Stock.variant_id == self.market.variants["drone"],
                    Stock.location_id == self.market.places[place],
                )
                await session.execute(sa.update(Stock).where(*where).values(on_hand=pieces))

        _, reserved = self.run(self.market.left("drone"))[place]
        if pieces < reserved:
            with pytest.raises(IntegrityError, match="ck_stock_reserved"):
                self.run(written())
            return
        self.run(written())
        self.on_hand[place] = pieces

    @invariant()
    def it_adds_up(self) -> None:
        left = self.run(self.market.left("drone"))
        assert {place: on_hand for place, (on_hand, _) in left.items()} == self.on_hand
        assert all(0 <= reserved <= on_hand for on_hand, reserved in left.values())
        assert sum(reserved for _, reserved in left.values()) == sum(self.waiting.values())
        held = self.run(self.held())
        assert held == {self.market.places[place]: reserved for place, (_, reserved) in left.items() if reserved}

    async def held(self) -> dict[UUID, int]:
        """What the reservations say, by place."""
        still = sa.func.sum(StockReservation.quantity - StockReservation.shipped)
        async with self.market.acting(SYSTEM) as session:
            found = await session.execute(
                sa.select(StockReservation.location_id, still)
                .where(StockReservation.state == ReservationState.HELD)
                .group_by(StockReservation.location_id)
            )
            return {place: int(pieces) for place, pieces in found}


def test_stock_always_adds_up(own_database: Database, settings: Settings) -> None:
    """Each step commits; the machine has a loop and a pool of its own, because hypothesis is not asynchronous."""
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    loop = asyncio.new_event_loop()
    database = open_database(own)
    Machine.market, Machine.loop = Market(database), loop
    try:
        loop.run_until_complete(Machine.market.fill())
        run_state_machine_as_test(Machine, settings=few_long_runs())
    finally:
        loop.run_until_complete(database.close())
        loop.close()


def few_long_runs() -> hypothesis.settings:
    """Few runs of many steps: each begins with stock laid down anew."""
    return hypothesis.settings(
        max_examples=8, stateful_step_count=20, suppress_health_check=list(HealthCheck), deadline=None
    )
