"""What the ledger should do, said plainly: members with lots in lists, and events that happen when their time has come.

It shares nothing with the functions: days are reckoned by Python's calendar and time zones.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


class RefusedError(Exception):
    """The model refuses with this SQLSTATE."""


def day_end(day: dt.date, zone: str) -> dt.datetime:
    """The first instant at which the zone's calendar shows a later day; by looking at every quarter of an hour."""
    about = dt.datetime.combine(day, dt.time(), dt.UTC) + dt.timedelta(hours=8)
    for quarter in range(200):
        instant = about + quarter * dt.timedelta(minutes=15)
        if instant.astimezone(ZoneInfo(zone)).date() > day:
            return instant
    raise AssertionError("a day ends")


def activation(now: dt.datetime, zone: str, days: int) -> dt.datetime:
    """When points earned now are available."""
    return now if days == 0 else day_end(now.astimezone(ZoneInfo(zone)).date() + dt.timedelta(days=days), zone)


def expiry(activates: dt.datetime, zone: str, months: int | None) -> dt.datetime:
    """When a lot expires; the day of a shorter month is its last."""
    if months is None:
        return NEVER
    day = activates.astimezone(ZoneInfo(zone)).date()
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    return day_end(dt.date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])), zone)


@dataclass(eq=False)
class Lot:
    number: int
    amount: int
    remaining: int
    active: bool
    activates: dt.datetime
    expires: dt.datetime
    basis: int
    returned: int = 0
    clawed: int = 0
    forgiven: int = 0
    expired: int = 0


@dataclass(eq=False)
class Use:
    """A spend or a hold, and what it took from which lot."""

    amount: int
    taken: list[tuple[Lot, int]]
    ended: int = 0


@dataclass(eq=False)
class Member:
    opened: bool = False
    lots: list[Lot] = field(default_factory=list)
    held: int = 0
    debt: int = 0

    def balance(self) -> tuple[int, int, int, int]:
        """Pending, available, held and debt."""
        pending = sum(lot.remaining for lot in self.lots if not lot.active)
        return pending, self.available(), self.held, self.debt

    def available(self) -> int:
        return sum(lot.remaining for lot in self.lots if lot.active)

    def pass_time(self, now: dt.datetime) -> None:
        """All that has come until now happens, in the order of its instants."""
        for lot in sorted(self.lots, key=lambda lot: (lot.activates, lot.number)):
            if not lot.active and lot.activates <= now:
                paid = min(self.debt, lot.remaining)
                self.debt -= paid
                lot.remaining -= paid
                lot.active = True
        for lot in self.lots:
            if lot.active and lot.expires <= now:
                lot.expired += lot.remaining
                lot.remaining = 0

    def add(
        self, amount: int, activates: dt.datetime, expires: dt.datetime, basis: int, *, active: bool = False
    ) -> Lot:
        lot = Lot(len(self.lots), amount, amount, active, activates, expires, basis)
        self.lots.append(lot)
        self.opened = True
        return lot

    def take(self, amount: int) -> Use:
        """From the lots that expire first."""
        if amount > self.available():
            raise RefusedError("QP002")
        use, missing = Use(amount, []), amount
        for lot in sorted(self.lots, key=lambda lot: (lot.expires, lot.number)):
            part = min(missing, lot.remaining) if lot.active else 0
            if part:
                lot.remaining -= part
                missing -= part
                use.taken.append((lot, part))
        return use

    def hold(self, amount: int) -> Use:
        use = self.take(amount)
        self.held += amount
        return use

    def end_hold(self, hold: Use, amount: int) -> None:
        if amount > hold.amount - hold.ended:
            raise RefusedError("QP005")
        hold.ended += amount
        self.held -= amount

    def restore(self, spent: Use, amount: int) -> None:
        if amount > spent.amount - spent.ended:
            raise RefusedError("QP006")
        spent.ended += amount

    def give_back(self, origin: Use, amount: int, now: dt.datetime) -> None:
        """To the lots that expire last; what has expired meanwhile is lost now, the rest pays debt first."""
        alive = 0
        for at, (lot, taken) in sorted(
            enumerate(origin.taken), key=lambda each: (each[1][0].expires, each[1][0].number), reverse=True
        ):
            part = min(amount, taken)
            amount -= part
            origin.taken[at] = (lot, taken - part)
            if lot.expires > now:
                lot.remaining += part
                alive += part
            else:
                lot.expired += part
        self.pay_debt(alive)

    def pay_debt(self, amount: int) -> None:
        paid = min(self.debt, amount, self.available())
        if paid:
            self.take(paid)
            self.debt -= paid

    def claw_back(self, lot: Lot, part: int) -> None:
        if lot.returned + part > lot.basis:
            raise RefusedError("QP006")
        lot.returned += part
        asked = lot.amount * lot.returned // lot.basis - lot.clawed
        from_lot = min(asked, lot.remaining)
        lapsed = min(asked - from_lot, lot.expired - lot.forgiven)
        lot.clawed += asked
        lot.forgiven += lapsed
        lot.remaining -= from_lot
        self.debt += asked - from_lot - lapsed

    def send(self, receiver: Member, amount: int, now: dt.datetime) -> None:
        if not (self.opened and receiver.opened) or receiver is self:
            raise RefusedError("QP003")
        use = self.take(amount)
        by_expiry: dict[dt.datetime, int] = {}
        for lot, part in use.taken:
            by_expiry[lot.expires] = by_expiry.get(lot.expires, 0) + part
        for expires, part in sorted(by_expiry.items()):
            receiver.add(part, now, expires, part, active=True)
        receiver.pay_debt(amount)
