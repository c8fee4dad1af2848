"""A small market for tests of orders: goods with prices and stock in two places, a consumer, a company, and staff."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Region, Segment
from domain.identity.tables import Person
from domain.orders.placing import Delivery, PaidInPoints, Wanted, place_order, settle_order
from domain.orders.tables import Order
from domain.points import ledger
from domain.points.programmes import ProgrammeSettings, set_programme
from domain.shop import tables as shop
from foundation.database import Database
from foundation.ids import system_ids
from foundation.session import set_statement, transaction
from segments.audiences import CONSUMER, ENTERPRISE, STAFF, Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer

NOW = dt.datetime(2026, 11, 29, 4, tzinfo=dt.UTC)
IDS = system_ids(lambda: NOW)
SYSTEM, CLERK = Viewer.system(), Viewer(STAFF)
LONG_AGO = dt.date(2020, 1, 1)


class Market:
    """Keys of what is there: `drone` and `battery` lie in Chengdu and Xi'an, a `course` is a service, `rope` has no price."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.regions = {"510100": IDS(), "610100": IDS(), "510300": IDS()}
        self.places = {"chengdu": IDS(), "xian": IDS()}
        self.variants = {name: IDS() for name in ("drone", "battery", "course", "rope", "tank")}
        self.products = {name: IDS() for name in self.variants}
        self.programme = IDS()
        self.buyer, self.company = IDS(), IDS()
        self.buyer_person, self.company_person, self.clerk_person = IDS(), IDS(), IDS()
        self.consumer = Viewer(
            CONSUMER, customer_id=self.buyer, person_id=self.buyer_person, scopes=AUDIENCE_SCOPES[CONSUMER]
        )
        self.enterprise = Viewer(ENTERPRISE, customer_id=self.company, person_id=self.company_person)

    @asynccontextmanager
    async def acting(self, viewer: Viewer) -> AsyncGenerator[AsyncSession]:
        """A transaction of a viewer, which commits unless something is refused."""
        async with transaction(self.database, viewer.row_settings()) as session:
            yield session

    async def fill(self) -> None:
        """Store it all."""
        async with self.acting(SYSTEM) as session:
            session.add_all(
                Region(id=key, code=code, name={"510100": "成都市", "610100": "西安市", "510300": "自贡市"}[code])
                for code, key in self.regions.items()
            )
            await session.flush()
            session.add(shop.StockLocation(id=self.places["chengdu"], name="成都仓", region_id=self.regions["510100"]))
            session.add(shop.StockLocation(id=self.places["xian"], name="西安仓", region_id=self.regions["610100"]))
            await self._add_customers(session)
            category = IDS()
            session.add(shop.Category(id=category, slug="goods", name="商品", summary="", position=0))
            await session.flush()
            for name in self.variants:
                await self._add_goods(session, category, name)
            for variant, audience, customer, fen in (
                ("drone", CONSUMER, None, 1000_00),
                ("drone", ENTERPRISE, None, 900_00),
                ("drone", ENTERPRISE, self.company, 750_00),
                ("battery", CONSUMER, None, 33_33),
                ("battery", ENTERPRISE, None, 30_00),
                ("course", CONSUMER, None, 200_00),
                ("course", ENTERPRISE, None, 180_00),
                ("tank", CONSUMER, None, 1_00),
            ):
                session.add(self.price(variant, audience, customer, fen))
            await set_programme(session, self.programme, 0, ProgrammeSettings("MEMBERS", "会员积分", activation_days=0))
        await self.stock({("drone", "chengdu"): 3, ("drone", "xian"): 5, ("battery", "xian"): 100, ("tank", "xian"): 1})

    async def _add_customers(self, session: AsyncSession) -> None:
        for key, person, kind, segment, audience in (
            (self.buyer, self.buyer_person, CustomerKind.PERSON, Segment.CONSUMER, CONSUMER),
            (self.company, self.company_person, CustomerKind.ORGANISATION, Segment.ENTERPRISE, ENTERPRISE),
        ):
            session.add(
                Customer(
                    id=key, kind=kind, segment=segment, status=CustomerStatus.ACTIVE, name=segment.value,
                    key_account=False, version=1, created_at=NOW, updated_at=NOW,
                )
            )  # fmt: skip
            await session.flush()
            session.add(
                Person(
                    id=person, email=f"{person}@example.com", name="王芳", audience=audience, customer_id=key,
                    clearance=Classification.PUBLIC, compartments=[], roles=[], password_hash="none", active=True,
                    created_at=NOW,
                )
            )  # fmt: skip
        session.add(
            Person(
                id=self.clerk_person, email=f"{self.clerk_person}@example.com", name="李雷", audience=STAFF,
                customer_id=None, clearance=Classification.PUBLIC, compartments=[], roles=[], password_hash="none",
                active=True, created_at=NOW,
            )
        )  # fmt: skip
        await session.flush()

    async def _add_goods(self, session: AsyncSession, category: UUID, name: str) -> None:
        audiences = ["military"] if name == "tank" else ["consumer", "enterprise", "staff"]
        guard: dict[str, Any] = {"audiences": audiences}
        session.add(
            shop.Product(
                id=self.products[name], category_id=category, slug=name, name=name, summary="", description="",
                brand="四方", status=shop.ProductStatus.ACTIVE, position=0, export_controlled=False, created_at=NOW,
                updated_at=NOW, search="", **guard,
            )
        )  # fmt: skip
        await session.flush()
        session.add(
            shop.Variant(
                id=self.variants[name],
                product_id=self.products[name],
                sku=name.upper(),
                name="标准型",
                position=0,
                **guard,
            )
        )
        await session.flush()

    def price(self, variant: str, audience: Audience, customer: UUID | None, fen: int) -> shop.Price:
        """A price from long ago, without an end."""
        of = {"variant_id": self.variants[variant], "audience": audience, "customer_id": customer}
        return shop.Price(id=IDS(), amount=fen, currency="CNY", valid_from=LONG_AGO, **of)

    async def stock(self, on_hand: dict[tuple[str, str], int]) -> None:
        """Lay pieces down; replaces what is there, which must not be reserved."""
        async with self.acting(SYSTEM) as session:
            await session.execute(sa.delete(shop.Stock))
            for (variant, place), pieces in on_hand.items():
                audiences = ["military"] if variant == "tank" else ["consumer", "enterprise", "staff"]
                session.add(
                    shop.Stock(
                        id=IDS(), variant_id=self.variants[variant], location_id=self.places[place], on_hand=pieces,
                        audiences=audiences,
                    )
                )  # fmt: skip

    async def left(self, variant: str) -> dict[str, tuple[int, int]]:
        """What lies where: pieces on hand, and how many of them are reserved."""
        names = {key: name for name, key in self.places.items()}
        async with self.acting(SYSTEM) as session:
            found = await session.execute(
                sa.select(shop.Stock.location_id, shop.Stock.on_hand, shop.Stock.reserved).where(
                    shop.Stock.variant_id == self.variants[variant]
                )
            )
            return {names[location]: (on_hand, reserved) for location, on_hand, reserved in found}

    async def order(self, key: UUID) -> Order:
        """An order as the system sees it."""
        async with self.acting(SYSTEM) as session:
            return (await session.execute(sa.select(Order).where(Order.id == key))).scalar_one()

    async def place(
        self, viewer: Viewer, lines: dict[str, int], *, city: str = "510100", discount: int = 0, **terms: Any
    ) -> UUID:
        """An order of a viewer, settled without points."""
        assert viewer.customer_id is not None
        async with self.acting(viewer) as session:
            key, _ = await place_order(
                session, NOW, IDS, customer_id=viewer.customer_id, person_id=viewer.person_id,
                lines=[Wanted(self.variants[name], quantity) for name, quantity in lines.items()],
                delivery=Delivery("王芳", "13800000000", self.regions[city], "天府大道 1 号"), **terms,
            )  # fmt: skip
            await settle_as_house(session, viewer, order_id=key, discount=discount, paid=None)
        return key

    async def give_points(self, customer: UUID, points: int) -> None:
        """Points that are available at once."""
        async with self.acting(SYSTEM) as session:
            await ledger.earn(session, programme_id=self.programme, customer_id=customer, key=str(IDS()), amount=points)


async def settle_as_house(
    session: AsyncSession, viewer: Viewer, *, order_id: UUID, discount: int, paid: PaidInPoints | None
) -> None:
    """The house alone gives a discount without a voucher."""
    await session.execute(set_statement(SYSTEM.row_settings()))
    await settle_order(session, order_id=order_id, discount=discount, paid=paid)
    await session.execute(set_statement(viewer.row_settings()))
