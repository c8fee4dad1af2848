"""The liability of points by GraphQL and in the shell: the same figures, of a ledger with all that can happen to points."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.points import ledger, programmes
from domain.points.liability import Liability, LiabilityPart, Part, Sums, liability
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.points.tables import PointsWorth
from domain.points.tier_tables import Tier
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import ENTERPRISE, STAFF
from segments.scopes import scopes_of
from segments.viewer import Viewer
from tests.domain.points.test_tiers import ladder
from tests.people import IDS, SYSTEM, organisation, store
from tests.portal.cli.program import run
from tests.resolvers.test_points import consumer

DAY = dt.timedelta(days=1)
CODE, EMPTY = "OWED", "EMPTY"
REPORT = """query($programme: ID, $on: Date) { pointsLiability(programme: $programme, on: $on) {
    at worthPoints worth { amount currency } programme { code } whole { ...Row } parts { part tier { code } ...Row }
} } fragment Row on PointsLiabilityRow {
    month pending available held debt outstanding owed { amount currency } issued withdrawn redeemed expired
    broken { amount currency } breakage
}"""


@dataclass
class Books:
    """An engine over a ledger; programmes by their codes."""

    engine: Engine
    database: Database
    settings: Settings
    programmes: dict[str, UUID]
    now: dt.datetime

    async def answer(self, source: str, roles: tuple[str, ...] = ("department_head",), **variables: Any) -> Any:
        viewer = Viewer(STAFF, roles=frozenset(roles), scopes=scopes_of(STAFF, roles), language="en")
        return orjson.loads((await self.engine.execute(viewer, Operation(source, variables))).body)

    async def report(self, code: str = CODE, on: dt.date | None = None) -> Any:
        programme = encode_id("PointsProgramme", self.programmes[code])
        answer = await self.answer(REPORT, programme=programme, on=on and on.isoformat())
        assert "errors" not in answer, answer
        return answer["data"]["pointsLiability"]

    def day(self, days: int) -> dt.date:
        """A local day so many days ago."""
        return (self.now - days * DAY + dt.timedelta(hours=8)).date()


@pytest.fixture(scope="module")
async def books(own_database: Database, settings: Settings) -> AsyncIterator[Books]:
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    customers = [consumer("安"), consumer("博"), organisation("甲公司")]
    await store(own_database, *customers)
    one, other, company = (each.id for each in customers)
    keys = {CODE: IDS(), EMPTY: IDS()}
    terms = ProgrammeSettings(
        CODE, "会员积分", lot_months=2, transfer_min=1, transfer_max=10_000, transfer_month_max=10_000, worth_points=7
    )
    now = system_clock()
    async with transaction(own_database, SYSTEM) as session:
        for code, key in keys.items():
            await set_programme(session, key, 0, replace(terms, code=code))
        await ladder(session, keys[CODE])
        for number, (customer, amount, days) in enumerate(
            [(one, 1000, 100), (one, 501, 40), (one, 33, 1), (other, 10, 45), (company, 777, 90), (company, 5, 30)]
        ):
            await earned(session, keys[CODE], customer, number, amount, now - days * DAY)
        await programmes.settle_due(session)
        common: dict[str, Any] = {"programme_id": keys[CODE], "customer_id": one}
        await ledger.spend(session, key="spend", amount=100, **common)
        await ledger.send(session, key="send", to_customer_id=other, amount=64, **common)
        [held] = await ledger.hold(session, key="hold", amount=50, **common)
        await ledger.capture(session, key="capture", hold_id=held, amount=20, **common)
        earning = await session.scalar(sa.text("select id from points_lot where amount = 501"))
        await ledger.claw_back(session, key="claw", earning_id=earning, part=400, **common)
        await set_programme(
            session, keys[CODE], 1, replace(terms, worth_points=3, worth_amount=2, worth_currency="USD")
        )
    engine = Engine(compiled_views((STAFF, ENTERPRISE)), own_database, DocumentLimits.of(own))
    yield Books(engine, own_database, own, keys, now)
    await engine.close()


async def earned(
    session: AsyncSession, programme: UUID, customer: UUID, number: int, amount: int, at: dt.datetime
) -> None:
    await ledger.earn(
        session, programme_id=programme, customer_id=customer, key=f"earn {number}", amount=amount, earned_at=at
    )


async def domains(books: Books, at: dt.datetime) -> tuple[Liability, dict[UUID, str]]:
    async with transaction(books.database, SYSTEM) as session:
        told = await liability(session, system_clock(), books.programmes[CODE], at)
        tiers = await session.execute(sa.select(Tier.id, Tier.code))
        return told, {key: code for key, code in tiers}  # noqa: C416 - typed pairs


def shown(kind: LiabilityPart, part: Part[Any], codes: dict[UUID, str]) -> dict[str, Any]:
    """A part of the domain's report as the API writes it."""
    sums = part.sums
    points = {name: str(getattr(sums, name)) for name in (*(f.name for f in fields(Sums)), "outstanding", "withdrawn")}
    money = {
        name: {"amount": each.decimal(), "currency": each.currency}
        for name, each in (("owed", part.owed), ("broken", part.broken))
    }
    tier = {"code": codes[part.key]} if kind is LiabilityPart.TIER else None
    month = part.key.isoformat() if isinstance(part.key, dt.date) else None
    breakage = None if sums.breakage is None else str(sums.breakage)
    return {"part": kind.value, "tier": tier, "month": month, **points, **money, "breakage": breakage}


@pytest.mark.parametrize("days", [0, 1, 20, 35, 60, 200])
async def test_the_api_and_the_shell_tell_what_the_domain_does(books: Books, days: int) -> None:
    on = books.day(days) if days else None
    told = await books.report(on=on)
    at = dt.datetime.fromisoformat(told["at"])
    expected, codes = await domains(books, at)
    kinds = list(
        zip(LiabilityPart, ((expected.whole,), expected.tiers, expected.cohorts, expected.expiries), strict=True)
    )
    assert told["parts"] == [shown(kind, part, codes) for kind, parts in kinds for part in parts]
    assert told["whole"] == {key: value for key, value in told["parts"][0].items() if key not in {"part", "tier"}}
    worth = expected.worth
    assert (told["worthPoints"], told["worth"]["currency"]) == (str(worth.worth_points), worth.worth_currency)
    assert told["programme"] == {"code": CODE}
    if on is not None:
        # A microsecond before the day in Shanghai ends.
        assert at + dt.timedelta(microseconds=1) == dt.datetime.combine(on, dt.time(16), dt.UTC)
        said = run(books.settings, "points", "liability", "--programme", CODE, "--on", on.isoformat())
        rows = list(csv.DictReader(io.StringIO(said.out)))
        assert [row["owed"] for row in rows] == [part["owed"]["amount"] for part in told["parts"]]
        assert [row["expired"] for row in rows] == [part["expired"] for part in told["parts"]]
        assert [row["breakage"] for row in rows] == [part["breakage"] or "" for part in told["parts"]]


async def test_the_ledger_holds_all_that_can_happen(books: Books) -> None:
    """What the figures above are made of, reckoned by hand."""
    whole = (await books.report())["whole"]
    # 1,777 of 90 and 100 days ago have expired; of 501 a part was taken back, more than was left in it.
    assert (whole["expired"], whole["pending"], whole["held"], whole["redeemed"]) == ("1777", "33", "30", "120")
    assert whole["owed"] == {"amount": money(int(whole["outstanding"]), 2, 3), "currency": "USD"}
    assert int(whole["withdrawn"]) > 0
    stayed = int(whole["issued"]) - int(whole["withdrawn"])
    assert Decimal(whole["breakage"]) == round(Decimal(1777) / stayed, 4)
    # Yesterday points were worth something else.
    before = (await books.report(on=books.day(1)))["whole"]
    assert before["owed"] == {"amount": money(int(before["outstanding"]), 100, 7), "currency": "CNY"}


def money(points: int, amount: int, of: int) -> str:
    return f"{points * amount // of / 100:.2f}"


async def test_one_kind_of_parts_is_told_alone_and_the_shops_programme_unless_told(books: Books) -> None:
    source = "{ pointsLiability { parts(of: TIER) { part } } }"
    assert (await books.answer(source))["data"] == {"pointsLiability": None}
    programme = encode_id("PointsProgramme", books.programmes[CODE])
    source = "query($id: ID) { pointsLiability(programme: $id) { parts(of: TIER) { part tier { code } } } }"
    told = (await books.answer(source, id=programme))["data"]["pointsLiability"]["parts"]
    assert {each["part"] for each in told} == {"TIER"}
    assert all(each["tier"] for each in told)
    none = await books.answer(source, id=encode_id("PointsProgramme", IDS()))
    assert none == {"data": {"pointsLiability": None}}


async def test_where_nothing_was_issued_nothing_is_owed(books: Books) -> None:
    told = await books.report(EMPTY)
    [whole] = told["parts"]
    assert (whole["outstanding"], whole["owed"]["amount"], whole["breakage"]) == ("0", "0.00", None)


async def test_a_day_to_come_is_refused_by_its_place(books: Books) -> None:
    programme = encode_id("PointsProgramme", books.programmes[CODE])
    for source, place in (
        (REPORT, "pointsLiability"),
        ("query($programme: ID, $on: Date) { owed: pointsLiability(programme: $programme, on: $on) { at } }", "owed"),
    ):
        [error] = (await books.answer(source, programme=programme, on=books.day(-2).isoformat()))["errors"]
        assert (error["extensions"]["code"], error["path"]) == ("BAD_USER_INPUT", [place, "on"])
        assert error["message"] == "This cannot lie in the future."
    # A day that lasts is told so far.
    assert dt.datetime.fromisoformat((await books.report(on=books.day(0)))["at"]) <= system_clock()
    [error] = (await books.answer(REPORT, programme=programme, on="2024-02-30"))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


async def test_only_who_may_read_it_does(books: Books) -> None:
    [error] = (await books.answer(REPORT, ("sales", "account_manager")))["errors"]
    assert (error["extensions"]["code"], error["extensions"]["scopes"]) == ("INSUFFICIENT_SCOPE", ["points:liability"])
    buyer = Viewer(ENTERPRISE, scopes=scopes_of(ENTERPRISE, ("buyer",)), language="en")
    answer = orjson.loads((await books.engine.execute(buyer, Operation(REPORT, {}))).body)
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_a_new_worth_holds_from_its_instant(books: Books) -> None:
    """Both worths stand in the books, and each report takes its own."""
    async with transaction(books.database, SYSTEM) as session:
        since = await session.scalar(
            sa.select(PointsWorth.since).where(
                PointsWorth.programme_id == books.programmes[CODE], PointsWorth.version == 2
            )
        )
    assert since is not None
    assert (await domains(books, since - dt.timedelta(microseconds=1)))[0].whole.owed.currency == "CNY"
    assert (await domains(books, since))[0].whole.owed.currency == "USD"
