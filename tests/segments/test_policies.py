"""Row policies under a real server: every table, rows of two customers, every kind of viewer, and raw SQL."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.tables import METADATA, TABLES
from foundation.database import Database, connect
from foundation.session import set_statement
from segments.audiences import CONSUMER, CUSTOMERS, DIVISION, ENTERPRISE, STAFF, Audience
from segments.classification import Classification
from segments.policies import ANYBODY, AUDITOR, CUSTOMER, PERSON, Rows, all_of, offered, owned, seen_by
from segments.viewer import Viewer
from tests.rows import FILLED, ROWS, Bundle

INSUFFICIENT_PRIVILEGE = "42501"

OWNED = [table for table in FILLED if "customer_id" in table.c or table.name == "customer"]
CLASSIFIED = [table for table in FILLED if ROWS[table.name].classified]
BY_NAME = {"ids": lambda table: table.name}
SHOPPERS = (CONSUMER, ENTERPRISE)
AUDITORS = Viewer(STAFF, roles=frozenset({"audit_administrator"}))


def cleared(audience: Audience, customer_id: uuid.UUID | None = None, **rights: Any) -> Viewer:
    """A viewer who is cleared for everything unless `rights` say otherwise."""
    everything: dict[str, Any] = {
        "clearance": Classification.TOP_SECRET,
        "compartments": frozenset({"QL-7", "LS-3"}),
        "person_id": uuid.uuid4(),
    }
    return Viewer(audience, customer_id=customer_id, **everything | rights)


def reads_own(table: sa.Table, audience: Audience) -> bool:
    """Whether a customer of an audience reads their own rows of a table: of some, only who shops has any.

    What is one person's is not their customer's: nobody here is the person that rows name.
    """
    read = ROWS[table.name].read
    is_for_shoppers = all_of(seen_by(*SHOPPERS), owned()) in read
    return CUSTOMER in read and PERSON not in read and (audience in SHOPPERS or not is_for_shoppers)


def staff_write(table: sa.Table) -> bool:
    """Whether staff's own SQL writes a table: some are written by the application and the database's functions alone."""
    return f"'{STAFF.value}'" in ROWS[table.name].write or ROWS[table.name].write == ANYBODY


class World:
    """A database with one row of every table for each of several bundles."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.ours, self.theirs = Bundle(), Bundle()
        self.degrees = {degree: Bundle(classification=degree) for degree in Classification}
        self.compartmented = Bundle(compartments=["QL-7", "LS-3"])

    @property
    def bundles(self) -> list[Bundle]:
        return [self.ours, self.theirs, self.compartmented, *self.degrees.values()]

    @asynccontextmanager
    async def seen_by(self, viewer: Viewer | None) -> AsyncGenerator[AsyncSession]:
        """A transaction of a viewer, or of nobody, that is rolled back."""
        async with AsyncSession(self.database.engine) as session:
            if viewer is not None:
                await session.execute(set_statement(viewer.row_settings()))
            yield session
            await session.rollback()

    async def visible(self, viewer: Viewer | None, table: sa.Table, *bundles: Bundle) -> int:
        """How many of the bundles' rows of a table a viewer reads."""
        ids = [bundle.ids[table.name] for bundle in bundles]
        async with self.seen_by(viewer) as session:
            counted = sa.select(sa.func.count()).select_from(table).where(table.c.id.in_(ids))
            return (await session.execute(counted)).scalar_one()

    async def refuses(self, viewer: Viewer, statement: sa.Executable) -> bool:
        """True when the server refuses a viewer's statement for want of a right; other errors count as allowed."""
        async with self.seen_by(viewer) as session:
            try:
                await session.execute(statement)
            except DBAPIError as error:
                return error.orig is not None and getattr(error.orig, "sqlstate", "") == INSUFFICIENT_PRIVILEGE
            return False

    async def touched(self, viewer: Viewer, statement: sa.Executable) -> int:
        """How many rows a viewer's update or delete reaches; none when it is refused."""
        async with self.seen_by(viewer) as session:
            try:
                result = await session.execute(statement)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", "") != INSUFFICIENT_PRIVILEGE:
                    raise
                return 0
            assert isinstance(result, sa.CursorResult)
            return result.rowcount


@pytest.fixture(scope="module")
async def world(own_database: Database) -> World:
    made = World(own_database)
    async with AsyncSession(own_database.engine) as session:
        await session.execute(set_statement(Viewer.system().row_settings()))
        for bundle in made.bundles:
            await bundle.insert(session)
        await session.commit()
    await alone(own_database)
    return made


async def alone(database: Database) -> None:
    """Policies alone decide here: a change of degree needs two people besides (tests/domain/reclassification)."""
    owner = await connect(database.addresses.owner)
    for table in METADATA.sorted_tables:
        rule = ROWS[table.name]
        if "compartments" in table.c and rule.classified and (not rule.append_only or rule.regraded):
            await owner.execute(f'alter table "{table.name}" disable trigger two_people')
    await owner.close()


def test_every_table_declares_its_rows() -> None:
    assert {model.__tablename__ for model in TABLES} == set(METADATA.tables)
    for model in TABLES:
        assert isinstance(vars(model).get("__rows__"), Rows), f"{model.__name__} has no __rows__ of its own"


def test_a_table_with_a_classification_guards_it() -> None:
    for table in FILLED:
        assert ("classification" in table.c) == ROWS[table.name].classified, table.name


@pytest.mark.parametrize("table", FILLED, **BY_NAME)
async def test_without_context_there_are_no_rows(world: World, table: sa.Table) -> None:
    # What auditors alone read the application itself cannot.
    reader = AUDITORS if ROWS[table.name].read == AUDITOR else Viewer.system()
    assert await world.visible(reader, table, *world.bundles) == len(world.bundles)
    assert await world.visible(None, table, *world.bundles) == 0


@pytest.mark.parametrize("table", FILLED, **BY_NAME)
async def test_a_connection_that_never_had_a_context_sees_no_rows(world: World, table: sa.Table) -> None:
    # A setting that was never set is NULL, one whose transaction ended is empty: both must hide everything.
    raw = await world.database.connect_raw()
    try:
        count = f'select count(*) from "{table.name}"'  # noqa: S608 - the name is ours.
        assert await raw.fetchval(count) == 0
        await raw.execute("begin")
        await raw.execute("select set_config('q.audience', 'staff', true)")
        await raw.execute("rollback")
        assert await raw.fetchval("select current_setting('q.audience', true)") == ""
        assert await raw.fetchval(count) == 0
    finally:
        await raw.close()


@pytest.mark.parametrize("table", CLASSIFIED, **BY_NAME)
async def test_a_context_without_clearance_sees_no_classified_rows(world: World, table: sa.Table) -> None:
    async with world.seen_by(None) as session:
        await session.execute(set_statement({"q.audience": "staff"}))
        assert (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one() == 0


@pytest.mark.parametrize("audience", CUSTOMERS)
@pytest.mark.parametrize("table", OWNED, **BY_NAME)
async def test_another_customers_rows_do_not_exist(world: World, table: sa.Table, audience: Audience) -> None:
    theirs, ours = world.theirs, cleared(audience, world.ours.customer_id)
    assert await world.visible(ours, table, theirs) == 0
    assert await world.visible(cleared(audience), table, theirs) == 0, "nobody's customer sees nobody's rows"
    assert await world.visible(ours, table, world.ours) == (1 if reads_own(table, audience) else 0)


@pytest.mark.parametrize("table", OWNED, **BY_NAME)
async def test_another_customers_rows_cannot_be_written(world: World, table: sa.Table) -> None:
    viewer = cleared(ENTERPRISE, world.ours.customer_id)
    assert await world.refuses(viewer, sa.insert(table).values(world.theirs.another(table)))
    theirs = table.c.id == world.theirs.ids[table.name]
    assert await world.touched(viewer, sa.update(table).values(id=table.c.id).where(theirs)) == 0
    assert await world.touched(viewer, sa.delete(table).where(theirs)) == 0
    if CUSTOMER not in ROWS[table.name].write:
        assert await world.touched(viewer, sa.update(table).values(id=table.c.id)) == 0
        assert await world.touched(viewer, sa.delete(table)) == 0


@pytest.mark.parametrize("table", [table for table in FILLED if "customer_id" in table.c], **BY_NAME)
async def test_a_row_cannot_be_given_to_another_customer(world: World, table: sa.Table) -> None:
    viewer = cleared(ENTERPRISE, world.ours.customer_id)
    stolen = world.ours.another(table, customer_id=world.theirs.customer_id)
    assert await world.refuses(viewer, sa.insert(table).values(stolen))
    given = (
        sa.update(table).values(customer_id=world.theirs.customer_id).where(table.c.id == world.ours.ids[table.name])
    )
    assert await world.touched(viewer, given) == 0


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("table", FILLED, **BY_NAME)
async def test_only_whom_the_policy_names_and_the_application_write(
    world: World, table: sa.Table, audience: Audience
) -> None:
    # Some rows are written by the person they name alone.
    viewer = cleared(audience, world.ours.customer_id, person_id=world.ours.ids["person"])
    # And the division gives prices to audiences, not to customers.
    given: dict[str, Any] = {"customer_id": None} if table.name == "price" and audience is DIVISION else {}
    refused = await world.refuses(viewer, sa.insert(table).values(world.ours.another(table, **given)))
    write = ROWS[table.name].write
    assert refused == (write != ANYBODY and f"'{audience.value}'" not in write)
    assert not await world.refuses(Viewer.system(), sa.insert(table).values(world.ours.another(table)))


@pytest.mark.parametrize("clearance", Classification)
@pytest.mark.parametrize("table", CLASSIFIED, **BY_NAME)
async def test_clearance_bounds_reading_and_writing(world: World, table: sa.Table, clearance: Classification) -> None:
    for degree, bundle in world.degrees.items():
        viewer = cleared(STAFF, clearance=clearance, person_id=bundle.ids["person"])
        allowed = degree.rank <= clearance.rank
        assert await world.visible(viewer, table, bundle) == allowed
        allowed = allowed and staff_write(table)
        row = bundle.another(table, classification=degree)
        assert await world.refuses(viewer, sa.insert(table).values(row)) != allowed
        if not ROWS[table.name].append_only:
            raised = sa.update(table).values(classification=degree).where(table.c.id == world.ours.ids[table.name])
            whose = cleared(STAFF, clearance=clearance, person_id=world.ours.ids["person"])
            assert await world.touched(whose, raised) == allowed
            lowered = sa.update(table).values(classification=Classification.PUBLIC)
            reached = await world.touched(viewer, lowered.where(table.c.id == bundle.ids[table.name]))
            assert reached == allowed, "a row above the clearance cannot be lowered into sight"


@pytest.mark.parametrize(
    ("held", "sees"), [((), False), (("QL-7",), False), (("QL-7", "LS-3"), True), (("QL-7", "LS-3", "XJ-4"), True)]
)
@pytest.mark.parametrize("table", CLASSIFIED, **BY_NAME)
async def test_all_compartments_of_a_row_are_needed(
    world: World, table: sa.Table, held: tuple[str, ...], sees: bool
) -> None:
    viewer = cleared(STAFF, compartments=frozenset(held), person_id=world.compartmented.ids["person"])
    assert await world.visible(viewer, table, world.compartmented) == sees
    sees = sees and staff_write(table)
    row = world.compartmented.another(table)
    assert await world.refuses(viewer, sa.insert(table).values(row)) != sees
    if not ROWS[table.name].append_only:
        closed = sa.update(table).values(compartments=["QL-7", "LS-3"]).where(table.c.id == world.ours.ids[table.name])
        whose = cleared(STAFF, compartments=frozenset(held), person_id=world.ours.ids["person"])
        assert await world.touched(whose, closed) == sees


@pytest.mark.parametrize("table", CLASSIFIED, **BY_NAME)
async def test_nothing_above_the_ceiling_is_stored(world: World, table: sa.Table) -> None:
    owner = await connect(world.database.addresses.owner)
    try:
        await owner.execute("update installation set ceiling = $1", Classification.INTERNAL.rank)
        for viewer in (Viewer.system(), cleared(STAFF, person_id=world.ours.ids["person"])):
            for degree in Classification:
                row = world.ours.another(table, classification=degree)
                above = degree.rank > Classification.INTERNAL.rank
                writes = viewer.audience is None or staff_write(table)
                assert await world.refuses(viewer, sa.insert(table).values(row)) == (above or not writes)
                if above and not ROWS[table.name].append_only:
                    raised = sa.update(table).values(classification=degree)
                    assert await world.touched(viewer, raised.where(table.c.id == world.ours.ids[table.name])) == 0
    finally:
        await owner.execute("update installation set ceiling = $1", Classification.TOP_SECRET.rank)
        await owner.close()


@pytest.mark.parametrize("table", [table for table in FILLED if ROWS[table.name].append_only], **BY_NAME)
async def test_history_is_only_added_to(world: World, table: sa.Table) -> None:
    marking = {"classification", "compartments"} if ROWS[table.name].regraded else set[str]()
    for column in table.c:
        if column.name not in marking and column.identity is None:
            assert await world.refuses(Viewer.system(), sa.update(table).values({column.name: column})), column
    assert await world.refuses(Viewer.system(), sa.delete(table))


@pytest.mark.parametrize("table", [table for table in FILLED if offered() in ROWS[table.name].read], **BY_NAME)
async def test_what_is_not_offered_is_absent(world: World, table: sa.Table) -> None:
    async with world.seen_by(Viewer.system()) as session:
        await session.execute(sa.update(table).values(audiences=["enterprise"]))
        for audience in Audience:
            await session.execute(set_statement(cleared(audience).row_settings()))
            count = (await session.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            assert (count > 0) == (audience in {ENTERPRISE, STAFF})


async def test_people_see_themselves_only(world: World) -> None:
    person = METADATA.tables["person"]
    for audience in Audience:
        assert await world.visible(cleared(audience, world.ours.customer_id), person, *world.bundles) == 0
        viewer = cleared(audience, person_id=world.ours.ids["person"])
        assert await world.visible(viewer, person, *world.bundles) == 1


async def test_a_price_of_one_customer_is_no_ones_business(world: World) -> None:
    price = METADATA.tables["price"]
    assert await world.visible(cleared(DIVISION, world.ours.customer_id), price, world.theirs) == 0
    async with world.seen_by(Viewer.system()) as session:
        row = world.theirs.another(price, customer_id=None, audience=CONSUMER)
        await session.execute(sa.insert(price).values(row))
        for audience in Audience:
            await session.execute(set_statement(cleared(audience).row_settings()))
            found = await session.execute(sa.select(price.c.id).where(price.c.id == row["id"]))
            assert (found.first() is not None) == (audience in {CONSUMER, STAFF})


# What an injected statement could try. `theirs` is a customer that the viewer must not see.
RAW = (
    "select id from customer where id = $1",
    "select id from only customer where id = $1 or true",
    "with c as materialized (select * from customer) select id from c where id = $1",
    "select customer_id from contact where customer_id = $1 union all select customer_id from interaction where customer_id = $1",
    "select id from customer where id = $1 for share",
    "update customer set name = name where id = $1 returning id",
    "delete from interaction where customer_id = $1 returning id",
    "select id from (select id from customer offset 0) as c where id = $1",
    "select id from (values ($1::uuid)) as wanted (id) where exists (select from customer as c where c.id = wanted.id)",
    "select id from customer where id = $1 and 1 / (length(name) - length(name)) = 0",
)


@pytest.mark.parametrize("statement", RAW)
async def test_raw_sql_sees_no_more(world: World, statement: str) -> None:
    raw = await world.database.connect_raw()
    try:
        for name, value in cleared(ENTERPRISE, world.ours.customer_id).row_settings().items():
            await raw.execute("select set_config($1, $2, false)", name, value)
        # The last one would divide by zero if the server judged it before the policy.
        rows = await raw.fetch(statement, world.theirs.customer_id)
        assert not [row for row in rows if row[0] != world.ours.customer_id]
    finally:
        await raw.close()


FORBIDDEN = (
    "set role quadrant_owner",
    "set session authorization quadrant_owner",
    "alter table customer disable row level security",
    "alter table customer no force row level security",
    "drop policy reads on customer",
    "create policy all_of_it on customer using (true)",
    "truncate customer cascade",
    "create table public.copy as select * from customer",
    "create temp table copy as select * from customer",
    "create function public.leak(text) returns boolean language sql cost 0.0001 as 'select true'",
    "create view public.all_customers as select * from customer",
    "update installation set ceiling = 4",
    "insert into installation (id, ceiling) values (gen_random_uuid(), 4)",
    "delete from installation",
    "alter role quadrant_app bypassrls",
    "copy customer to program 'cat'",
    "select pg_read_file('postgresql.conf')",
    "select * from pg_authid",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
async def test_the_application_cannot_lift_the_policies(world: World, statement: str) -> None:
    raw = await world.database.connect_raw()
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.execute(statement)
    finally:
        await raw.close()


async def test_switching_row_security_off_is_an_error_and_not_a_way_around(world: World) -> None:
    raw = await world.database.connect_raw()
    try:
        await raw.execute("set row_security = off")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await raw.fetch("select * from customer")
    finally:
        await raw.close()


async def test_a_copy_gives_only_what_a_select_gives(world: World) -> None:
    raw = await world.database.connect_raw()
    chunks: list[bytes] = []
    try:
        for name, value in cleared(ENTERPRISE, world.ours.customer_id).row_settings().items():
            await raw.execute("select set_config($1, $2, false)", name, value)

        async def take(chunk: bytes) -> None:
            chunks.append(chunk)

        await raw.copy_from_table("customer", columns=["id"], output=take)
    finally:
        await raw.close()
    assert b"".join(chunks).decode().split() == [str(world.ours.customer_id)]


async def test_statistics_show_no_values(world: World) -> None:
    assert world.database.addresses.superuser is not None
    superuser = await connect(world.database.addresses.superuser)
    raw = await world.database.connect_raw()
    try:
        await superuser.execute("analyze customer")
        assert await superuser.fetchval("select count(*) from pg_stats where tablename = 'customer'") > 0
        assert await raw.fetchval("select count(*) from pg_stats where tablename = 'customer'") == 0
    finally:
        await raw.close()
        await superuser.close()
