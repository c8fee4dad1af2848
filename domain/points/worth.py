"""What points are worth in money: so many of them so many minor units, as their programme's settings say."""

from __future__ import annotations

from domain.points.tables import PointsProgramme
from foundation.money import Money
from foundation.refusals import Refusal


def worth_of(programme: PointsProgramme, points: int) -> Money:
    """What points are worth, rounded down to the minor unit: nobody is given more than they have."""
    return Money(points * programme.worth_amount // programme.worth_points, programme.worth_currency)


def points_for(programme: PointsProgramme, money: Money) -> int:
    """How many points it takes to pay an amount, rounded up to whole points; `OTHER_CURRENCY` in any but the programme's."""
    if money.currency != programme.worth_currency:
        raise Refusal("OTHER_CURRENCY", ("currency",), currency=programme.worth_currency)
    return -(-money.amount * programme.worth_points // programme.worth_amount)
