"""What orders should earn, said plainly with fractions: rules as they are announced, and members whose tier rests on what they did.

It shares nothing with the engine or the database's functions; days and lots are those of the ledger's own model.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from zoneinfo import ZoneInfo

from tests.domain.points.model import NEVER, Lot, Member, expiry

ROUNDINGS: dict[str, Callable[[Fraction], int]] = {
    "FLOOR": floor,
    "CEILING": ceil,
    "HALF_UP": lambda exact: floor(exact + Fraction(1, 2)),
}


@dataclass(frozen=True)
class Goods:
    """A line: what it costs, what it is, and the categories it is in."""

    amount: int
    product: str | None
    categories: frozenset[str]


@dataclass(eq=False)
class Said:
    """What a version of a rule says from an instant on. `used` is what it has given in all, `months` by member and month."""

    code: str
    begins: dt.datetime
    points: int = 0
    amount: int = 1
    percent: int = 100
    least: int = 0
    order_most: int | None = None
    month_most: int | None = None
    budget: int | None = None
    channels: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    products: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    ends: dt.datetime = NEVER
    used: int = 0
    months: dict[tuple[int, dt.date], int] = field(default_factory=dict[tuple[int, dt.date], int])

    def wants(self, order: Order) -> bool:
        return (
            order.paid >= self.least
            and (not self.channels or order.channel in self.channels)
            and (not self.tiers or order.tier in self.tiers)
        )

    def likes(self, line: Goods) -> bool:
        return (not self.products or line.product in self.products) and (
            not self.categories or bool(self.categories & line.categories)
        )

    def room(self, who: int, month: dt.date) -> int | None:
        """How many points it may still give to a member in a month; None for any number."""
        left = [] if self.month_most is None else [self.month_most - self.months.get((who, month), 0)]
        left += [] if self.budget is None else [self.budget - self.used]
        return min(left, default=None)


@dataclass(eq=False)
class Order:
    """An order; `parts` is what it earned by rule, once it is decided, `returned` what came back of the money paid."""

    who: int
    at: dt.datetime
    paid: int
    lines: list[Goods]
    channel: str
    account: bool
    settled: bool = False
    cancelled: bool = False
    decided: bool = False
    tier: str = ""
    parts: dict[str, int] = field(default_factory=dict[str, int])
    qualifying: int = 0
    lot: Lot | None = None
    returned: list[int] = field(default_factory=list[int])

    @property
    def points(self) -> int:
        return sum(self.parts.values())


def in_force(versions: list[Said], at: dt.datetime) -> list[Said]:
    """Of each rule what was said last before an instant, unless that had ended; by code."""
    last: dict[str, Said] = {}
    for version in sorted(versions, key=lambda version: version.begins):
        if version.begins <= at:
            last[version.code] = version
    return [last[code] for code in sorted(last) if at < last[code].ends]


def smallest(*bounds: int | None) -> int | None:
    return min((bound for bound in bounds if bound is not None), default=None)


def reckon(order: Order, rules: list[Said], rounding: str, rooms: dict[str, int]) -> tuple[dict[str, int], int] | None:
    """Whole points by rule, and what the basic rate alone gives; None where no basic rule is for the order."""
    basic = next((rule for rule in rules if rule.code == "basic"), None)
    if basic is None or not basic.wants(order):
        return None
    if order.paid == 0:
        return {}, 0
    others = [rule for rule in rules if rule is not basic and rule.wants(order)]
    together = sum(line.amount for line in order.lines)
    shares = {"basic": Fraction(0)}
    for line in order.lines:
        if not together or not basic.likes(line):
            continue
        at_rate = Fraction(order.paid * line.amount, together) * Fraction(basic.points, basic.amount)
        times = [r for r in others if r.code.startswith("times") and r.likes(line) and rooms.get(r.code) != 0]
        best = max(times, key=lambda rule: (rule.percent, rule.code), default=None)
        percent = 100 if best is None else best.percent
        shares["basic"] += at_rate * Fraction(min(percent, 100), 100)
        if best is not None and percent > 100:
            shares[best.code] = shares.get(best.code, Fraction(0)) + at_rate * Fraction(percent - 100, 100)
    for rule in others:
        if rule.code.startswith("bonus") and any(rule.likes(line) for line in order.lines):
            shares[rule.code] = Fraction(rule.points)
    whole = ROUNDINGS[rounding]
    most = smallest(basic.order_most, rooms.get("basic"))
    parts: dict[str, int] = {}
    exact, before = Fraction(0), 0
    for rule in [basic, *others]:
        share, bound = shares.get(rule.code, Fraction(0)), smallest(rule.order_most, rooms.get(rule.code))
        if rule is not basic and bound is not None:
            share = min(share, Fraction(bound))
        exact += share
        upto = whole(exact if most is None else min(exact, Fraction(most)))
        parts[rule.code] = upto - before
        before = upto
    return {code: points for code, points in parts.items() if points}, whole(shares["basic"])


def decide(order: Order, versions: list[Said], rounding: str, zone: str) -> bool:
    """Let an order earn by the rules of its instant, no version beyond its room; whether there was a basic rule for it."""
    rules = in_force(versions, order.at)
    month = order.at.astimezone(ZoneInfo(zone)).date().replace(day=1)
    left = {rule.code: room for rule in rules if (room := rule.room(order.who, month)) is not None}
    rooms: dict[str, int] = {}
    while True:
        found = reckon(order, rules, rounding, rooms)
        if found is None:
            return False
        parts, qualifying = found
        given = {**parts, "basic": sum(parts.values())}
        full = {code: room for code, room in left.items() if given.get(code, 0) > room}
        if not full:
            break
        rooms |= full
    for rule in rules:
        if rule.code in left:
            rule.used += given.get(rule.code, 0)
            rule.months[order.who, month] = rule.months.get((order.who, month), 0) + given.get(rule.code, 0)
    order.decided, order.parts, order.qualifying = True, parts, qualifying
    return True


@dataclass
class Ladder:
    """How tiers are reached: what each asks for, in points or in money, of the last months, and how long it is kept."""

    measure: str
    window: int
    keeps: int
    levels: dict[str, int]

    def reached_by(self, done: int) -> str:
        return [name for name, least in self.levels.items() if least <= max(done, 0)][-1]

    def rank(self, tier: str) -> int:
        return list(self.levels).index(tier)


def months_before(at: dt.datetime, months: int, zone: str) -> dt.datetime:
    local = at.astimezone(ZoneInfo(zone))
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


@dataclass(eq=False)
class Climber(Member):
    """A member with a tier: periods of it, and what they rest on, as instant, points and money."""

    periods: list[tuple[str, dt.datetime, dt.datetime]] = field(
        default_factory=list[tuple[str, dt.datetime, dt.datetime]]
    )
    deeds: list[tuple[dt.datetime, int, int]] = field(default_factory=list[tuple[dt.datetime, int, int]])

    def deserves(self, ladder: Ladder, at: dt.datetime, zone: str) -> str:
        since = months_before(at, ladder.window, zone)
        counted = [deed for deed in self.deeds if since < deed[0] <= at]
        return ladder.reached_by(sum(deed[1] if ladder.measure == "POINTS" else deed[2] for deed in counted))

    def ended(self, ladder: Ladder, tier: str, at: dt.datetime, zone: str) -> dt.datetime:
        """When a period ends that begins at an instant; that of the lowest tier does not."""
        return NEVER if ladder.rank(tier) == 0 else expiry(at, zone, ladder.keeps)

    def tier(self, ladder: Ladder, at: dt.datetime, zone: str) -> str:
        """The tier at an instant, whether anybody has looked at periods that ended or not."""
        begun = [period for period in self.periods if period[1] <= at]
        tier, _, until = begun[-1] if begun else (next(iter(ladder.levels)), at, NEVER)
        while until <= at:
            tier = self.deserves(ladder, until, zone)
            until = self.ended(ladder, tier, until, zone)
        return tier

    def look(self, ladder: Ladder, at: dt.datetime, zone: str) -> None:
        """Periods that have ended are followed by what was deserved at their end; a higher tier that is deserved begins."""
        while self.periods and self.periods[-1][2] <= at:
            begins = self.periods[-1][2]
            tier = self.deserves(ladder, begins, zone)
            self.periods.append((tier, begins, self.ended(ladder, tier, begins, zone)))
        has, since = next(iter(ladder.levels)), None
        if self.periods:
            has, since, _ = self.periods[-1]
        if since is not None and since > at:
            return
        better = self.deserves(ladder, at, zone)
        if ladder.rank(better) > ladder.rank(has):
            begins = at if since is None else max(at, since + dt.timedelta(microseconds=1))
            self.periods.append((better, begins, expiry(at, zone, ladder.keeps)))

    def bring_back(self, order: Order, part: int) -> None:
        """A part of what was paid comes back: points of the order's own earning go, and what it qualified for."""
        before = sum(order.returned)
        if order.lot is not None:
            self.claw_back(order.lot, part)
        order.returned.append(part)
        lost = order.qualifying * (before + part) // order.paid - order.qualifying * before // order.paid
        self.deeds.append((order.at, -lost, -part))
