"""What an order earns: plain values in, points and their breakdown out. Earning, simulation and history all ask this.

Every line earns the BASIC rate of what was paid for it, times the highest factor among the MULTIPLIER rules that fit it
(100 % where none does). BONUS rules that fit the order, or a line of it, add their points. Each rule gives no more than its
bounds leave room for, the order altogether no more than those of BASIC. An order for which no money was paid earns nothing. What comes of it is exact until the end, where it is
rounded once; the breakdown's parts are whole and sum to the whole.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.points.rule_tables import EarnKind
from domain.points.tables import PointsRounding

PERCENT = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """A version of a rule as it works. An empty set of a kind of condition asks nothing of that kind."""

    version_id: UUID
    code: str
    kind: EarnKind
    valid_from: dt.datetime
    ended_at: dt.datetime | None = None
    points: int = 0
    amount: int = 1
    factor_percent: int = PERCENT
    order_amount_min: int = 0
    order_points_max: int | None = None
    month_points_max: int | None = None
    budget_points: int | None = None
    channels: frozenset[str] = frozenset()
    categories: frozenset[UUID] = frozenset()
    products: frozenset[UUID] = frozenset()
    tiers: frozenset[UUID] = frozenset()
    stores: frozenset[UUID] = frozenset()

    @property
    def counted(self) -> bool:
        """Whether what it gives is counted over orders."""
        return self.month_points_max is not None or self.budget_points is not None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an order: its price, and what it is of; `categories` holds those above the product's own too."""

    amount: int
    product_id: UUID | None = None
    categories: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Purchase:
    """An order as rules see it: `paid` minor units in all, which fall to its lines by their amounts."""

    at: dt.datetime
    paid: int
    lines: tuple[Line, ...]
    channel: str = ""
    tier_id: UUID | None = None
    store_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one version gave."""

    version_id: UUID
    code: str
    kind: EarnKind
    points: int


@dataclass(frozen=True, slots=True)
class Earned:
    """Points with their parts; `version_id` is BASIC's, `qualifying` what its rate alone gives."""

    points: int
    qualifying: int
    version_id: UUID
    parts: tuple[Part, ...]

    def given_by(self, version_id: UUID) -> int:
        """The points that count in a version's bounds: for BASIC all of them."""
        if version_id == self.version_id:
            return self.points
        return sum(part.points for part in self.parts if part.version_id == version_id)


def in_force(effects: Sequence[Effect], at: dt.datetime) -> list[Effect]:
    """Of each rule the version that holds at an instant: the last that had begun, unless it had been ended."""
    last: dict[str, Effect] = {}
    for effect in effects:
        begun = effect.valid_from <= at
        if begun and (effect.code not in last or last[effect.code].valid_from < effect.valid_from):
            last[effect.code] = effect
    held = [effect for effect in last.values() if effect.ended_at is None or at < effect.ended_at]
    return sorted(held, key=lambda effect: effect.code)


def earned_by(
    purchase: Purchase,
    effects: Sequence[Effect],
    rounding: PointsRounding,
    room: Mapping[UUID, int],
) -> Earned | None:
    """What an order earns by the versions in force; None where there is no BASIC one. `room` is what counted bounds leave."""
    basic = next((effect for effect in effects if effect.kind is EarnKind.BASIC), None)
    if basic is None or not _fits_order(basic, purchase):
        return None
    if purchase.paid == 0:
        # What no money was paid for gives no bonus either: there would be nothing to take it back for.
        return Earned(0, 0, basic.version_id, ())
    fitting = [effect for effect in effects if effect is not basic and _fits_order(effect, purchase)]
    # Exact shares in one unit for all: a point is `whole` of them.
    together = sum(line.amount for line in purchase.lines)
    whole = basic.amount * PERCENT * max(together, 1)
    shares, extra = _shares(purchase, basic, fitting, room)
    bounds = {effect.version_id: _bound(effect, room) for effect in fitting}
    in_all = _bound(basic, room)
    most = None if in_all is None else in_all * whole
    parts: list[Part] = []
    exact = before = 0
    for effect in (basic, *fitting):
        if effect.kind is EarnKind.BASIC:
            share = shares
        elif effect.kind is EarnKind.MULTIPLIER:
            share = extra.get(effect.version_id, 0)
        else:
            share = effect.points * whole if _fits_a_line(effect, purchase) else 0
        bound = bounds.get(effect.version_id)
        exact += share if bound is None else min(share, bound * whole)
        sum_so_far = _rounded(exact if most is None else min(exact, most), whole, rounding)
        if sum_so_far > before:
            parts.append(Part(effect.version_id, effect.code, effect.kind, sum_so_far - before))
        before = sum_so_far
    qualifying = _rounded(shares, whole, rounding)
    return Earned(before, qualifying, basic.version_id, tuple(parts))


def _shares(
    purchase: Purchase, basic: Effect, fitting: Sequence[Effect], room: Mapping[UUID, int]
) -> tuple[int, dict[UUID, int]]:
    """What the basic rate gives, and what each multiplier adds to it where it is the highest of a line."""
    multipliers = [effect for effect in fitting if effect.kind is EarnKind.MULTIPLIER and _bound(effect, room) != 0]
    basis = 0
    extra: dict[UUID, int] = {}
    for line in purchase.lines:
        if not _fits_line(basic, line):
            continue
        # Paid for the line, in parts of the lines' sum; times the rate.
        share = purchase.paid * line.amount * basic.points
        highest = max(
            (effect for effect in multipliers if _fits_line(effect, line)),
            key=lambda effect: (effect.factor_percent, effect.code),
            default=None,
        )
        factor = PERCENT if highest is None else highest.factor_percent
        basis += share * min(factor, PERCENT)
        if highest is not None and factor > PERCENT:
            extra[highest.version_id] = extra.get(highest.version_id, 0) + share * (factor - PERCENT)
    return basis, extra


def _fits_order(effect: Effect, purchase: Purchase) -> bool:
    return (
        purchase.paid >= effect.order_amount_min
        and (not effect.channels or purchase.channel in effect.channels)
        and (not effect.tiers or purchase.tier_id in effect.tiers)
        and (not effect.stores or purchase.store_id in effect.stores)
    )


def _fits_a_line(effect: Effect, purchase: Purchase) -> bool:
    return any(_fits_line(effect, line) for line in purchase.lines)


def _fits_line(effect: Effect, line: Line) -> bool:
    return (not effect.products or line.product_id in effect.products) and (
        not effect.categories or not effect.categories.isdisjoint(line.categories)
    )


def _bound(effect: Effect, room: Mapping[UUID, int]) -> int | None:
    """The most points a version may give to the order; None for any number."""
    known = [bound for bound in (effect.order_points_max, room.get(effect.version_id)) if bound is not None]
    return min(known, default=None)


def _rounded(exact: int, whole: int, rounding: PointsRounding) -> int:
    """Whole points of so many exact parts."""
    if rounding is PointsRounding.FLOOR:
        return exact // whole
    if rounding is PointsRounding.CEILING:
        return -(-exact // whole)
    return (2 * exact + whole) // (2 * whole)


def reckoned(
    purchase: Purchase, effects: Sequence[Effect], rounding: PointsRounding
) -> Generator[tuple[UUID, int], int, Earned | None]:
    """What an order earns, asking whoever drives it to count points of a version: it is sent how many had room.

    Below zero it gives back what was counted and came to less in the end. A version whose room is found out is asked no
    more, so there are no more passes than versions that are counted.
    """
    counting = [effect.version_id for effect in effects if effect.counted]
    room: dict[UUID, int] = {}
    so_far = dict.fromkeys(counting, 0)
    earned = earned_by(purchase, effects, rounding, room)
    for _ in counting:
        if earned is None:
            break
        full = False
        for version_id in counting:
            missing = earned.given_by(version_id) - so_far[version_id]
            granted = (yield version_id, missing) if missing > 0 else 0
            so_far[version_id] += granted
            if 0 <= granted < missing:
                room[version_id] = so_far[version_id]
                full = True
        if not full:
            break
        earned = earned_by(purchase, effects, rounding, room)
    for version_id in counting:
        over = so_far[version_id] - (0 if earned is None else earned.given_by(version_id))
        if over > 0:
            yield version_id, -over
    return earned


def breakdown_of(earned: Earned, basis: int) -> dict[str, object]:
    """What is stored beside the ledger's entry for good: by which rules, and from what was paid."""
    return {
        "basis": basis,
        "parts": [{"rule": part.code, "version": str(part.version_id), "points": part.points} for part in earned.parts],
    }
