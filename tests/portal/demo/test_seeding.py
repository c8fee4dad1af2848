from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, Region
from domain.identity.passwords import verify_password
from domain.identity.sealing import Seal
from domain.identity.tables import Person
from domain.orders.tables import Order
from domain.programmes.tables import Equipment, Programme
from domain.shop.tables import Price, Product
from domain.shop.words import query_terms
from foundation.database import Database, connect
from foundation.session import set_statement, transaction
from foundation.settings import Settings
from foundation.tables import Table
from portal.demo.people import PASSWORD, PEOPLE
from portal.demo.seeding import seed
from segments.audiences import DIVISION, MILITARY, STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.databases import cloned
from tests.portal.demo.worlds import NOW, chance, made

Told = list[tuple[str, int, int]]


@pytest.fixture(scope="module")
def told() -> Told:
    """What the progress of the first seed was."""
    return []


@pytest.fixture(scope="module")
def seal(settings: Settings) -> Seal:
    return Seal.of(settings)


@pytest.fixture(scope="module")
async def demonstration(own_database: Database, seal: Seal, told: Told) -> Database:
    assert await seed(own_database, seal, NOW, chance(7), lambda *step: told.append(step))
    return own_database


@pytest.fixture
async def session(demonstration: Database) -> AsyncIterator[AsyncSession]:
    async with transaction(demonstration, Viewer.system().row_settings()) as opened:
        yield opened


async def viewer_of(session: AsyncSession, email: str) -> Viewer:
    """The viewer that somebody of the demonstration becomes."""
    await session.execute(set_statement(Viewer.system().row_settings()))
    person = (await session.execute(sa.select(Person).where(Person.email == email))).scalar_one()
    return Viewer(
        person.audience,
        person.id,
        person.customer_id,
        person.employee_id,
        person.clearance,
        frozenset(person.compartments),
        frozenset(person.roles),
    )


async def seen(session: AsyncSession, viewer: Viewer, model: type[Table], *conditions: sa.ColumnElement[bool]) -> int:
    await session.execute(set_statement(viewer.row_settings()))
    return (await session.execute(sa.select(sa.func.count()).select_from(model).where(*conditions))).scalar_one()


async def test_all_of_the_world_is_stored(session: AsyncSession) -> None:
    for name, rows in made().sheets.items():
        count = sa.select(sa.func.count()).select_from(sa.table(name))
        assert (await session.execute(count)).scalar_one() == len(rows), name
    assert await seen(session, Viewer.system(), Region) == 367


async def test_a_second_seed_does_nothing(demonstration: Database, seal: Seal) -> None:
    again: Told = []
    assert not await seed(demonstration, seal, NOW, chance(8), lambda *step: again.append(step))
    assert again == []


async def test_progress_rises_to_the_total(demonstration: Database, told: Told) -> None:
    [total] = {step[2] for step in told}
    stored = [step[1] for step in told]
    assert stored == sorted(stored)
    apps = sum(person.totp_secret is not None for person in PEOPLE)
    assert stored[-1] == total == sum(map(len, made().sheets.values())) + apps


async def test_everybody_s_password_is_the_documented_one(session: AsyncSession) -> None:
    hashes = (await session.execute(sa.select(Person.password_hash).distinct())).scalars().all()
    assert len(hashes) == 1
    assert verify_password(hashes[0], PASSWORD)


async def test_products_are_found_by_chinese_and_by_english(session: AsyncSession) -> None:
    for text in ("测绘无人机", "青岚 M3", "survey aircraft", "应急通信箱", "自组网", "北斗", "厘米"):
        found = Product.search.bool_op("@@")(sa.cast(query_terms(text), sa.dialects.postgresql.TSQUERY))
        assert await seen(session, Viewer.anonymous(), Product, found) > 0, text


async def test_a_consumer_has_orders_and_sees_no_others(session: AsyncSession) -> None:
    viewer = await viewer_of(session, "shen.zhixia@quadrant.example")
    assert await seen(session, viewer, Order) >= 12
    assert await seen(session, viewer, Order, Order.customer_id != viewer.customer_id) == 0
    assert await seen(session, viewer, Customer) == 1
    assert await seen(session, Viewer.anonymous(), Order) == 0
    assert await seen(session, Viewer.anonymous(), Product) > 60


async def test_a_company_sees_its_own_prices_beside_the_audience_s(session: AsyncSession) -> None:
    viewer = await viewer_of(session, "gu.mingyuan@quadrant.example")
    assert await seen(session, viewer, Price, Price.customer_id == viewer.customer_id) >= 10
    assert await seen(session, viewer, Price, Price.customer_id != viewer.customer_id) == 0


async def test_soldiers_see_their_office_s_programmes_up_to_their_clearance(session: AsyncSession) -> None:
    fleets = {
        person.email: await seen(session, await viewer_of(session, person.email), Equipment)
        for person in PEOPLE
        if person.audience is MILITARY
    }
    assert all(count > 20 for count in fleets.values()), fleets
    assert len(set(fleets.values())) == len(fleets)
    high, low = "dai.biao.009@quadrant.example", "dai.biao.017@quadrant.example"
    assert await seen(session, await viewer_of(session, high), Programme) > await seen(
        session, await viewer_of(session, low), Programme
    )


async def test_the_division_sees_where_some_goods_come_from_and_not_where_others_do(session: AsyncSession) -> None:
    viewer = await viewer_of(session, "tao.qinghe@quadrant.example")
    assert viewer.audience is DIVISION
    made_from = Product.origin_programme_id.is_not(None)
    visible = Product.origin_programme_id.in_(sa.select(Programme.id))
    assert 0 < await seen(session, viewer, Product, visible) < await seen(session, viewer, Product, made_from)


async def test_staff_see_as_much_as_they_are_cleared_for(session: AsyncSession) -> None:
    counts = {
        person.email: await seen(session, await viewer_of(session, person.email), Programme)
        for person in PEOPLE
        if person.audience is STAFF
    }
    assert counts["wei.changgeng@quadrant.example"] == 40
    assert counts["ding.yiwei@quadrant.example"] == 0
    assert len(set(counts.values())) >= 4


async def test_an_installation_with_a_low_ceiling_takes_what_it_may_hold(settings: Settings, seal: Seal) -> None:
    other = settings.model_copy(update={"database_name": f"{settings.database_name}_ceiling"})
    async with cloned(other) as database:
        owner = await connect(database.addresses.owner)
        await owner.execute("update installation set ceiling = $1", Classification.INTERNAL.rank)
        await owner.close()
        assert await seed(database, seal, NOW, chance(7))
        async with transaction(database, Viewer.system().row_settings()) as session:
            highest = sa.select(sa.func.max(Programme.classification))
            assert (await session.execute(highest)).scalar_one() is Classification.INTERNAL
