"""Openings of the earning machine that chance seldom finds: each leads to a rule, and both sides are compared after each step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from domain.points.tables import PointsRounding
from foundation.database import Database
from foundation.settings import Settings
from tests.domain.points.earning_model import Order, Said
from tests.domain.points.test_earning_model import ZONES, Machine

DRONE = "drone"  # one kind of goods is enough here


class Opening(Machine):
    """The machine, led by hand: orders by their number, of which the first two are of `begin`."""

    def announced(self, said: Callable[[Machine], Said]) -> None:
        """A version of a rule, from now on."""
        self.tick()
        version = said(self)
        self.announce(version.code, version)
        self.compared()

    def bought(self, amount: int, *, tenths: int = 0, account: bool = False) -> Order:
        """An order of the first member."""
        self.buy(0, [(DRONE, amount)], "SHOP", tenths, account=account)
        self.compared()
        return self.orders[-1][0]

    def paid(self) -> None:
        """The only order that waits is paid."""
        self.pay(0)
        self.compared()

    def returned(self, number: int, part: int | None = None) -> None:
        """A part of an order comes back, or all that is left of it; no order is cancelled here before one returns."""
        self.bring_back(number, part or 1, everything=part is None)
        self.compared()

    def compared(self) -> None:
        """What holds after each step."""
        self.both_sides_are_equal()
        self.no_budget_and_no_month_is_counted_otherwise()
        self.the_ledger_is_in_order()
        self.orders_and_points_agree()


def basic(**terms: int) -> Callable[[Machine], Said]:
    """The basic rule, from now on."""
    return lambda machine: Said("basic", machine.now, **{"points": 1, "amount": 2, **terms})


def points_alone_earn_nothing(machine: Opening) -> None:
    """Not even a bonus: it could be kept by ordering and cancelling."""
    machine.announced(lambda machine: Said("bonus-a", machine.now, points=21))
    order = machine.bought(100, tenths=10)
    machine.paid()
    machine.cancel(2)
    machine.compared()
    assert (order.decided, order.paid, order.points, order.cancelled) == (True, 0, 0, True)
    # Beside it, money earns the bonus too.
    order = machine.bought(100, tenths=3)
    machine.paid()
    assert order.points == 35 + 21


def goods_come_back_before_they_are_paid(machine: Opening) -> None:
    """What they earn when they are paid is less what has come back."""
    order = machine.bought(100, account=True)
    machine.returned(2, 33)
    machine.returned(2, 8)
    machine.paid()
    assert (order.points, order.returned) == (50, [33, 8])
    machine.returned(2)
    assert order.lot is not None
    assert order.lot.remaining == 0


def refunds_ask_the_stored_earning(machine: Opening) -> None:
    """Whatever rule holds when goods come back, and whatever had been said when they were paid."""
    machine.announced(basic(points=3))
    order = machine.bought(101)
    machine.announced(basic(points=9))
    machine.paid()
    machine.announced(basic(points=1, amount=10))
    for part in (50, 1, None):
        machine.returned(2, part)
    assert sum(order.returned) == 101


def a_budget_is_given_once(machine: Opening) -> None:
    """And what is taken back does not come back to it."""
    machine.announced(basic(budget=32, month_most=27))
    earned = []
    for _ in range(3):
        order = machine.bought(30)
        machine.paid()
        earned.append(order.points)
    machine.returned(2)
    order = machine.bought(30)
    machine.paid()
    assert [*earned, order.points] == [15, 12, 0, 0]


def halves_are_rounded_as_the_programme_says(machine: Opening) -> None:
    """One half, one and a half, two and a half: to the even number would be 0, 2 and 2."""
    machine.announced(basic())
    earned = []
    for amount in (1, 3, 5):
        order = machine.bought(amount)
        machine.paid()
        earned.append(order.points)
    assert earned == {"FLOOR": [0, 1, 2], "CEILING": [1, 2, 3], "HALF_UP": [1, 2, 3]}[machine.rounding]


OPENINGS = (
    points_alone_earn_nothing,
    goods_come_back_before_they_are_paid,
    refunds_ask_the_stored_earning,
    a_budget_is_given_once,
    halves_are_rounded_as_the_programme_says,
)


@pytest.mark.parametrize("opening", OPENINGS)
def test_both_sides_agree_after_each_step(
    database: Database, settings: Settings, opening: Callable[[Opening], None]
) -> None:
    roundings = PointsRounding if opening is halves_are_rounded_as_the_programme_says else [PointsRounding.HALF_UP]
    with asyncio.Runner() as runner:
        Opening.places, Opening.settings, Opening.runner = database.addresses, settings, runner
        for rounding in roundings:
            machine = Opening()
            try:
                machine.begin(rounding, ZONES[0])
                opening(machine)
            finally:
                machine.teardown()
