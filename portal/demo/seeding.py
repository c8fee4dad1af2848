"""Filling an empty installation with the demonstration world, once."""

from __future__ import annotations

import asyncio
import datetime as dt
from random import Random

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.regions import load_regions
from domain.customers.tables import SourceSystem
from domain.identity.passwords import hash_password
from domain.identity.sealing import Seal
from foundation.database import Database
from foundation.session import transaction
from portal.demo.accounts import make_relations
from portal.demo.adjustments import make_adjustments
from portal.demo.catalogue import make_catalogue
from portal.demo.customers import SYNTHETIC_SOURCE, make_customers
from portal.demo.employees import make_employees
from portal.demo.fleet import make_fleet
from portal.demo.interactions import make_interactions
from portal.demo.options import make_options
from portal.demo.orders import make_orders
from portal.demo.partner import make_partner
from portal.demo.payments import make_payments
from portal.demo.people import CONSUMER_NAMES, PASSWORD, make_authenticators, make_people
from portal.demo.points import make_programme
from portal.demo.pools import make_pools
from portal.demo.prices import make_prices, make_stock
from portal.demo.programmes import make_programmes
from portal.demo.reclassification import make_reclassification
from portal.demo.rewards import make_rewards
from portal.demo.stores import make_stores
from portal.demo.terms import make_terms
from portal.demo.transfer import make_transfer
from portal.demo.world import Progress, World, store
from segments.installation import Installation
from segments.viewer import Viewer

# Makes a second start wait for the first instead of failing beside it; other locks have other numbers.
SEED_LOCK = 0x71756166


def untold(_table: str, _stored: int, _total: int) -> None:
    """Progress that nobody watches."""


async def seed(database: Database, seal: Seal, now: dt.datetime, random: Random, progress: Progress = untold) -> bool:
    """Store the demonstration world; False when it is there already. All of it or nothing.

    The same `now` and seed of `random` make the same rows, but for the salt of the passwords' hash and what is sealed.
    """
    async with transaction(database, Viewer.system().row_settings()) as session:
        if await is_seeded(session):
            return False
        await session.execute(sa.select(sa.func.pg_advisory_xact_lock(SEED_LOCK)))
        if await is_seeded(session):
            return False
        ceiling = (await session.execute(sa.select(Installation.ceiling))).scalar_one()
        world = World(now, random, ceiling)
        # Seconds of pure computing, which must not stop whoever draws the progress.
        await asyncio.to_thread(make_world, world, hash_password(PASSWORD))
        make_authenticators(world, seal)
        await load_regions(session)
        await store(session, world, progress)
        await make_pools(session, await make_programme(session, world.new_id, now))
        await make_rewards(session, now, world.new_id)
    return True


async def is_seeded(session: AsyncSession) -> bool:
    """True when the database holds the demonstration."""
    found = sa.select(sa.exists().where(SourceSystem.code == SYNTHETIC_SOURCE))
    return (await session.execute(found)).scalar_one()


def make_world(world: World, password_hash: str) -> None:
    """Every row of the demonstration but the regions, which are no invention."""
    staff = make_employees(world)
    customers = make_customers(world, CONSUMER_NAMES)
    relations = make_relations(world, customers, staff)
    make_interactions(world, customers, relations)
    programmes = make_programmes(world, customers, staff)
    make_fleet(world, programmes)
    items = make_catalogue(world, {made.plan.code: made.id for made in programmes})
    prices = make_prices(world, items, customers)
    make_stock(world, items)
    make_orders(world, customers, items, prices, CONSUMER_NAMES)
    make_payments(world)
    make_people(world, customers, staff, password_hash)
    make_terms(world, customers)
    make_stores(world, items, staff)
    make_partner(world)
    make_transfer(world, programmes, staff)
    make_reclassification(world)
    make_adjustments(world)
    make_options(world)
