"""The ledger does what the plain model does, whatever happens in whatever order, and tells the past as it was."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any, ClassVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.points.verifying import INVARIANTS
from foundation.database import Addresses, Database
from tests.domain.points.ledgers import START, Ledger, ledger_of_owner
from tests.domain.points.model import Member, RefusedError, Use, activation, expiry

MEMBERS = 3
TICK = dt.timedelta(milliseconds=1)
WHO = st.integers(0, MEMBERS - 1)
AMOUNT = st.integers(1, 120)
PICK = st.integers(0, 50)
ZONES = ("Asia/Shanghai", "America/New_York")


def refusal_of(model: Callable[[], None]) -> str | None:
    """The SQLSTATE with which the model refuses, which is then as it was."""
    try:
        model()
    except RefusedError as refusal:
        return str(refusal)
    return None


class Machine(RuleBasedStateMachine):
    """A ledger and its model side by side."""

    places: ClassVar[Addresses]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.now = START
        self.members = [Member() for _ in range(MEMBERS)]
        self.holds: list[tuple[int, UUID, Use]] = []
        self.spends: list[tuple[int, UUID, Use, Use]] = []
        self.earnings: list[tuple[int, UUID, Any]] = []
        self.past: list[tuple[dt.datetime, list[tuple[int, int, int, int]], tuple[int, int, int]]] = []
        self.ledger: Ledger = self.run(self.stack.enter_async_context(ledger_of_owner(self.places)))
        self.keys: list[UUID] = [self.run(self.ledger.member()) for _ in range(MEMBERS)]

    def run(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    @initialize(days=st.integers(0, 3), months=st.sampled_from([1, 2]), zone=st.sampled_from(ZONES))
    def begin(self, days: int, months: int, zone: str) -> None:
        # Everybody begins with lots of several expiries, so that most movements have something to move.
        for lived in (2, 1, 2):
            self.change_rule(0, lived, zone)
            for who in range(MEMBERS):
                self.earn(who, 40, 10)
            self.now += dt.timedelta(days=lived)
        self.change_rule(days, months, zone)

    @rule(days=st.integers(0, 3), months=st.sampled_from([1, 2, None]), zone=st.sampled_from(ZONES))
    def change_rule(self, days: int, months: int | None, zone: str) -> None:
        self.rules = (days, months, zone)
        self.run(self.ledger.open(zone, days, months, (1, 10**6, 10**6)))

    def step(self, model: Callable[[], None], who: int, function: str, *arguments: Any, **named: Any) -> UUID | None:
        """Let a moment pass, then do the same on both sides; both refuse or neither does. Answers the first transfer."""
        self.now += TICK
        for member in self.members:
            member.pass_time(self.now)
        self.run(self.ledger.set_clock(self.now))
        refusal = refusal_of(model)
        if refusal is not None:
            with pytest.raises(asyncpg.PostgresError) as error:
                self.run(self.attempt(function, who, *arguments, **named))
            assert error.value.sqlstate == refusal
            return None
        moved = self.run(self.ledger.call(function, self.keys[who], *arguments, **named))
        for member in self.members:
            member.pass_time(self.now)  # what is earned for at once is there at once
        return moved[0] if moved else None

    async def attempt(self, function: str, who: int, *arguments: Any, **named: Any) -> None:
        async with self.ledger.connection.transaction():
            await self.ledger.call(function, self.keys[who], *arguments, **named)

    @rule(who=WHO, amount=AMOUNT, basis=st.integers(1, 10))
    def earn(self, who: int, amount: int, basis: int) -> None:
        days, months, zone = self.rules
        made: list[Any] = []

        def add() -> None:
            activates = activation(self.now, zone, days)
            made.append(self.members[who].add(amount, activates, expiry(activates, zone, months), basis))

        key = self.step(add, who, "earn", amount, basis)
        assert key is not None
        self.earnings.append((who, key, made[0]))

    @rule(who=WHO, amount=AMOUNT)
    def spend(self, who: int, amount: int) -> None:
        made: list[Use] = []
        key = self.step(lambda: made.append(self.members[who].take(amount)), who, "spend", amount)
        if key is not None:
            self.spends.append((who, key, made[0], made[0]))

    @rule(who=WHO, amount=AMOUNT)
    def hold(self, who: int, amount: int) -> None:
        made: list[Use] = []
        key = self.step(lambda: made.append(self.members[who].hold(amount)), who, "hold", amount)
        if key is not None:
            self.holds.append((who, key, made[0]))

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, amount=AMOUNT)
    def capture(self, pick: int, amount: int) -> None:
        who, hold, use = self.holds[pick % len(self.holds)]
        key = self.step(lambda: self.members[who].end_hold(use, amount), who, "capture", hold, amount)
        if key is not None:
            self.spends.append((who, key, Use(amount, []), use))

    @precondition(lambda self: self.holds)
    @rule(pick=PICK, amount=AMOUNT)
    def release(self, pick: int, amount: int) -> None:
        who, hold, use = self.holds[pick % len(self.holds)]

        def give() -> None:
            self.members[who].end_hold(use, amount)
            self.members[who].give_back(use, amount, self.now)

        self.step(give, who, "release", hold, amount)

    @precondition(lambda self: self.spends)
    @rule(pick=PICK, amount=AMOUNT)
    def restore(self, pick: int, amount: int) -> None:
        who, key, spent, origin = self.spends[pick % len(self.spends)]

        def give() -> None:
            self.members[who].restore(spent, amount)
            self.members[who].give_back(origin, amount, self.now)

        self.step(give, who, "restore", key, amount)

    @precondition(lambda self: self.earnings)
    @rule(pick=PICK, part=st.integers(1, 10))
    def claw_back(self, pick: int, part: int) -> None:
        who, key, lot = self.earnings[pick % len(self.earnings)]
        self.step(lambda: self.members[who].claw_back(lot, part), who, "claw_back", key, part)

    @rule(who=WHO, to=WHO, amount=AMOUNT)
    def send(self, who: int, to: int, amount: int) -> None:
        def give() -> None:
            self.members[who].send(self.members[to], amount, self.now)

        self.step(give, who, "send", self.keys[to], amount)

    @rule(hours=st.integers(1, 24 * 20))
    def move_clock(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)

    @rule(before=st.booleans())
    def move_clock_to_what_is_due(self, before: bool) -> None:
        due = [
            lot.expires if lot.active else lot.activates for each in self.members for lot in each.lots if lot.remaining
        ]
        coming = [instant for instant in due if self.now < instant < START + dt.timedelta(days=3000)]
        if coming:
            self.now = max(self.now, min(coming) - (2 if before else 1) * TICK)

    @rule()
    def sweep(self) -> None:
        self.run(self.ledger.set_clock(self.now))
        self.run(self.ledger.settle())

    @invariant()
    def balances_are_equal(self) -> None:
        for member in self.members:
            member.pass_time(self.now)
        self.run(self.ledger.set_clock(self.now))
        expected = [member.balance() for member in self.members]
        assert [self.run(self.ledger.balance(key)) for key in self.keys] == expected
        self.past.append((self.now + TICK / 2, expected, self.became()))

    def became(self) -> tuple[int, int, int]:
        """How many points were issued, redeemed and expired until now."""
        return (
            sum(lot.amount for _, _, lot in self.earnings),
            sum(spent.amount - spent.ended for _, _, spent, _ in self.spends),
            sum(lot.expired for member in self.members for lot in member.lots),
        )

    def teardown(self) -> None:
        try:
            self.the_past_is_told_as_it_was()
            for name, query in INVARIANTS.items():
                assert self.run(self.ledger.connection.fetch(query)) == [], name
        finally:
            self.run(self.stack.aclose())

    def the_past_is_told_as_it_was(self) -> None:
        last = {at: (expected, became) for at, expected, became in self.past}  # of an instant the last word
        for at, (expected, became) in last.items():
            assert [self.run(self.ledger.balance(key, at)) for key in self.keys] == expected, at
            sums = tuple(sum(state) for state in zip(*expected, strict=True))
            assert self.run(self.ledger.standing(at)) == (*sums, *became), at


def test_the_ledger_does_what_the_model_does(database: Database) -> None:
    with asyncio.Runner() as runner:
        Machine.places, Machine.runner = database.addresses, runner
        run_state_machine_as_test(Machine, settings=settings(max_examples=15, stateful_step_count=25))
