"""Two worlds for a viewer: one with everything in it, and a copy without the rows that the viewer may not see.

If a viewer's every answer is the same in both, byte for byte, then nothing tells of the hidden rows: not their content, not
their number, not that there are any. The rows are made from the tables: for each table some that are visible and some
that are hidden for each reason there is, below visible parents and above visible children.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import TeamRole
from domain.tables import METADATA
from foundation import provision
from foundation.database import Database, connect, open_database
from foundation.session import set_statement
from foundation.settings import Settings
from resolvers.planner.compiler import row_of
from resolvers.planner.keys import encode_id
from schema.root import MASTER
from segments.audiences import CONSUMER, DIVISION, ENTERPRISE, GOVERNMENT, MILITARY, STAFF, Audience
from segments.classification import Classification
from segments.scopes import AUDIENCE_SCOPES
from segments.viewer import Viewer
from tests.databases import short_name
from tests.domain.points.ledgers import committed_ledger
from tests.rows import FILLED, NOW, PARTICULAR, PROGRAMME, ROWS, Bundle, make_programmes, sample

SECRET, COMPARTMENT = Classification.SECRET, "QL-7"
HOUR = dt.timedelta(hours=1)
IN_TWO_DAYS = NOW + 48 * HOUR
# What our viewers may sign as.
ROLE = "sales"
# Rows that are looked at as facts of the world, not as a customer's: every bundle shares them.
SHARED = (
    *("region", "employee", "source_system", "customer", "person", "login_session", "authenticator"),
    *("screening_sheet", "screening_criterion", "payment_terms", "cart"),
)
# Columns that stay empty: ends of periods, what has been done, conditions of policies, and keys of imported rows, which are
# unique.
ENDS = (
    *("valid_until", "followed_up", "ended", "retired", "actual_", "source_line", "customer_id"),
    *("retained", "completed", "decided", "role", "amount_", "classification_m", "passe", "revoked"),
    *("amount_min", "applied"),
    # A coupon takes off money or a share.
    *("percent", "most_amount"),
)
# The GraphQL type of each table that has one.
TYPES: dict[str, str] = {
    declared.table.__tablename__: name for name, type_ in MASTER.core.type_map.items() if (declared := row_of(type_))
}


@dataclass(frozen=True)
class Made:
    """A row of the world. `hidden_for` says why somebody may not see it; empty for rows of the viewers' own customer."""

    table: str
    values: Mapping[str, Any]
    hidden_for: str = ""

    @property
    def key(self) -> uuid.UUID:
        """The row's key."""
        key: uuid.UUID = self.values["id"]
        return key

    @property
    def global_id(self) -> str:
        """The row's global id."""
        return encode_id(TYPES[self.table], self.key)


def filled(values: dict[str, Any], table: sa.Table) -> dict[str, Any]:
    """A row with values in columns that may be empty, so that there is something to tell; what would end it stays empty."""
    chosen = PARTICULAR.get(table.name, {})
    empty = [
        column
        for column in table.columns
        if values.get(column.name, "") is None and not column.foreign_keys and column.name not in chosen
    ]
    return values | {column.name: sample(column) for column in empty if not column.name.startswith(ENDS)}


class World:
    """All rows, made once; the same for every viewer."""

    def __init__(self) -> None:
        self.ours, self.theirs = Bundle(), Bundle()
        self.rows: list[Made] = []
        self._add_ripe()
        for table in FILLED:
            self._add(table, self.ours.row(table))
            self._add(table, self.theirs.row(table), "another customer's")
        for table in FILLED:
            self._add_below_visible_parents(table)
        for table in FILLED:
            if ROWS[table.name].classified:
                self._add_above_visible_children(table)
        customer = FILLED_BY_NAME["customer"]
        branch = self.ours.another(customer, parent_id=self.ours.customer_id, classification=SECRET)
        self._add(customer, branch, "a secret branch")
        self._add(customer, self.ours.another(customer, parent_id=branch["id"]), "of a secret parent")
        # What a unique key could tell of: a manager in office whom the viewer does not see.
        manager = {"role": TeamRole.ACCOUNT_MANAGER, "valid_until": None, "classification": SECRET}
        self._add(FILLED_BY_NAME["team_member"], self.ours.another(FILLED_BY_NAME["team_member"], **manager), "secret")

    def of(self, table: str) -> list[Made]:
        """The rows of one table."""
        return [made for made in self.rows if made.table == table]

    def _add_ripe(self) -> None:
        """What mutations of one step after another need: rows that stand where the next step is possible."""

        def add(name: str, **given: Any) -> uuid.UUID:
            table = FILLED_BY_NAME[name]
            values = self.ours.another(table, **given)
            self._add(table, values)
            return values["id"]

        coming = NOW + dt.timedelta(days=4_000)
        add("earn_rule_version", number=2, valid_from=coming)
        add("earn_rule_version", number=3, valid_from=coming, activated_at=NOW)
        sheet = add("screening_sheet", version=1_000_000)
        add("screening_criterion", sheet_id=sheet)
        policy = add("approval_policy", subject_kind="declassification")
        add("technology_outcome")
        add("technology_outcome", stage="SCREENED", classification=Classification.INTERNAL)
        # One that our viewer may sign, and one that they have asked for and may not.
        asked = {"policy_id": policy, "subject_kind": "declassification"}
        for requester, role in ((self.theirs, ROLE), (self.ours, "other")):
            request = add("approval_request", requester_id=requester.ids["person"], **asked)
            step = add("approval_step", request_id=request)
            for _ in range(3):
                add("approval_signer", request_id=request, step_id=step, employee_id=None, role=role)
            add("declassification_review", request_id=request, status="PENDING")
        # What can be tried at a store, and somebody who is still expected there.
        add("product", status="ACTIVE")
        slot = add("appointment_slot", **(later := {"starts_at": IN_TWO_DAYS, "ends_at": IN_TWO_DAYS + HOUR}))
        add("appointment", slot_id=slot, status="BOOKED", ended_at=None, **later)
        # Somebody who came just now, of which it can still be said that they did not.
        slot = add("appointment_slot", **(just := {"starts_at": NOW - HOUR, "ends_at": NOW}))
        add("appointment", slot_id=slot, **just)
        self._add_ripe_changes(add("approval_policy", subject_kind="reclassification"), add)

    def _add_ripe_changes(self, policy: uuid.UUID, add: Callable[..., uuid.UUID]) -> None:
        """A change of classification that our viewer may confirm, and one that they have asked for."""
        for asker, role in ((self.theirs, ROLE), (self.ours, "other")):
            key, by = uuid.uuid4(), asker.ids["person"]
            about = {"policy_id": policy, "subject_kind": "reclassification", "subject_id": key}
            request = add("approval_request", requester_id=by, **about)
            step = add("approval_step", request_id=request)
            add("approval_signer", request_id=request, step_id=step, employee_id=None, role=role)
            given = {"request_id": request, "author_id": by, "author_employee_id": asker.ids["employee"]}
            unit = {"equipment_id": self.ours.ids["equipment"], "outcome_id": None}
            table = FILLED_BY_NAME["reclassification"]
            self._add(table, self.ours.row(table, id=key, **given, **unit))

    def _add(self, table: sa.Table, values: Mapping[str, Any], hidden_for: str = "") -> None:
        # A company has its terms once, whoever may see them, and a line is in a return once.
        if table.name in {"payment_terms", "order_return_line"} and any(
            made.values["customer_id"] == values["customer_id"] for made in self.of(table.name)
        ):
            return
        self.rows.append(Made(table.name, filled(dict(values), table), hidden_for))

    def _add_below_visible_parents(self, table: sa.Table) -> None:
        """Rows that refer to our own visible rows, and are hidden for each reason that the table knows."""
        reasons: dict[str, dict[str, Any]] = {}
        if ROWS[table.name].classified:
            reasons |= {"secret": {"classification": SECRET}, "compartmented": {"compartments": [COMPARTMENT]}}
        if "customer_id" in table.c:
            reasons["another customer's"] = {"customer_id": self.theirs.customer_id}
        if "audiences" in table.c:
            reasons["not offered"] = {"audiences": []}
        for reason, values in reasons.items():
            self._add(table, self._beside(self.ours, table, **values), reason)

    def _add_above_visible_children(self, table: sa.Table) -> None:
        """A bundle of our own customer in which the row of this table alone is secret."""
        bundle = Bundle()
        bundle.ids |= {name: self.ours.ids[name] for name in SHARED if name != table.name}
        for each in FILLED:
            if each.name in SHARED and each is not table:
                continue
            hidden = each is table
            values = bundle.row(each, **({"classification": SECRET} if hidden else {}))
            if each.name == "equipment_state":
                # Its unit is visible, its present state is not: a unique key allows one open state a unit.
                values["valid_until"] = None if hidden else values["valid_until"]
                values["valid_from"] = NOW - dt.timedelta(days=1)
            self._add(each, values, "secret" if hidden else "")

    def _beside(self, bundle: Bundle, table: sa.Table, **values: Any) -> dict[str, Any]:
        """A further row of a bundle; a variant has one stock a location, so stock gets a location of its own."""
        if table.name == "stock":
            location = FILLED_BY_NAME["stock_location"]
            place = bundle.another(location)
            self._add(location, place)
            values["location_id"] = place["id"]
        if table.name == "notice_read":
            # A person reads a notice once.
            notice = bundle.another(FILLED_BY_NAME["notice"])
            self._add(FILLED_BY_NAME["notice"], notice)
            values["notice_id"] = notice["id"]
            if values.get("customer_id") == self.theirs.customer_id:
                # Nobody is of two customers.
                values["person_id"] = self.theirs.ids["person"]
        if table.name == "order_return_line":
            # A return names a line once.
            returned = bundle.another(FILLED_BY_NAME["order_return"])
            self._add(FILLED_BY_NAME["order_return"], returned)
            values["return_id"] = returned["id"]
        if table.name in {"product_option", "variant_option"}:
            # Every variant of a product has a value of each of its options, and no two have the same.
            values |= self._optional(bundle, table.name == "variant_option")
        return bundle.another(table, **values)

    def _optional(self, bundle: Bundle, whole: bool) -> dict[str, Any]:
        """A further product to have options; with `whole` an option of it, a value and a variant, which are visible too."""
        made: dict[str, Any] = {}
        for name in ("product", "product_option", "option_value", "variant") if whole else ("product",):
            table = FILLED_BY_NAME[name]
            row = bundle.another(table, **{column: key for column, key in made.items() if column in table.c})
            self._add(table, row)
            made[{"product_option": "option_id", "option_value": "value_id"}.get(name, f"{name}_id")] = row["id"]
        return {name: key for name, key in made.items() if not whole or name != "product_id"}

    async def insert(self, database: Database) -> None:
        """Store all rows, parents first."""
        async with AsyncSession(database.engine) as session:
            await session.execute(set_statement(Viewer(None, clearance=Classification.TOP_SECRET).row_settings()))
            keys = {made.values["programme_id"] for made in self.rows if PROGRAMME in references(made.table)}
            await make_programmes(session, keys - {None})
            for table in FILLED:
                for made in self.of(table.name):
                    await session.execute(sa.insert(table).values(made.values))
            await session.commit()

    async def visible(self, database: Database, viewer: Viewer) -> set[uuid.UUID]:
        """The keys of the rows that PostgreSQL lets a viewer read; tests/segments proves that it is right."""
        found: set[uuid.UUID] = set()
        async with AsyncSession(database.engine) as session:
            await session.execute(set_statement(viewer.row_settings()))
            for table in (*FILLED, MOVEMENTS):
                found |= set(await session.scalars(sa.select(table.c.id)))
        return found


def references(name: str) -> set[str]:
    """The tables that a table's rows point to."""
    return {key.column.table.name for key in FILLED_BY_NAME[name].foreign_keys}


FILLED_BY_NAME = {table.name: table for table in FILLED}
# Only the database's own functions write these, so they are there on request.
MOVEMENTS = METADATA.tables["points_transfer"]


async def moved_points(world: World, database: Database) -> list[Made]:
    """Movements of our own customer's points, then of another's; their ids are of one instant and in no order."""
    async with committed_ledger(database.addresses) as ledger:
        await ledger.open()
        for customer in (world.ours.customer_id, world.theirs.customer_id):
            await ledger.call("earn", customer, 100)
        await ledger.settle()
        rows = await ledger.connection.fetch("select * from points_transfer")
    hidden_for = {world.ours.customer_id: "", world.theirs.customer_id: "another customer's"}
    made = [Made(MOVEMENTS.name, dict(row), hidden_for[row["customer_id"]]) for row in rows]
    return sorted(made, key=lambda each: each.hidden_for)


def viewers(world: World) -> dict[str, Viewer]:
    """People of every audience, cleared for internal matters, and somebody who is not signed in."""

    def person(audience: Audience, **more: Any) -> Viewer:
        return Viewer(
            audience,
            person_id=world.ours.ids["person"],
            clearance=Classification.INTERNAL,
            scopes=AUDIENCE_SCOPES[audience],
            roles=frozenset({ROLE}),
            language="en",
            **more,
        )

    ours = {"customer_id": world.ours.customer_id}
    return {
        "anonymous": Viewer.anonymous("en"),
        "consumer": person(CONSUMER, **ours),
        "enterprise": person(ENTERPRISE, **ours),
        "government": person(GOVERNMENT, **ours),
        "military": person(MILITARY, **ours),
        "division": person(DIVISION),
        "staff": person(STAFF, employee_id=world.ours.ids["employee"]),
    }


@dataclass
class Worlds:
    """The world with everything, and for each viewer by name the one without what is hidden from them."""

    world: World
    full: Database
    reduced: dict[str, Database]
    viewers: dict[str, Viewer]
    visible: dict[str, set[uuid.UUID]]

    def hidden(self, name: str) -> list[Made]:
        """The rows that a viewer may not see."""
        return [made for made in self.world.rows if made.key not in self.visible[name]]


@asynccontextmanager
async def worlds(
    full: Database, settings: Settings, names: tuple[str, ...] = (), *, with_points: bool = False, shared: bool = False
) -> AsyncGenerator[Worlds]:
    """Fill an empty migrated database, and copy it for each viewer of these names, or for all.

    `shared`: viewers who see the same rows have one copy, in which nothing may be changed.
    """
    world = World()
    await world.insert(full)
    if with_points:
        world.rows += await moved_points(world, full)
    people = {name: each for name, each in viewers(world).items() if not names or name in names}
    visible = {name: await world.visible(full, each) for name, each in people.items()}
    # A database is copied only while nobody is connected to it.
    await full.engine.dispose()
    template = str(full.addresses.owner.database)
    async with AsyncExitStack() as stack:
        reduced: dict[str, Database] = {}
        for name in people:
            alike = [other for other in reduced if shared and visible[other] == visible[name]]
            if alike:
                reduced[name] = reduced[alike[0]]
                continue
            reduced[name] = await stack.enter_async_context(
                copied(full, settings, template, f"{template}_{short_name(name)}")
            )
            await forget(reduced[name], world, visible[name])
        yield Worlds(world, full, reduced, people, visible)


@asynccontextmanager
async def copied(full: Database, settings: Settings, template: str, name: str) -> AsyncGenerator[Database]:
    """A copy of a database, dropped at the end."""
    superuser = full.addresses.superuser
    assert superuser is not None
    await provision.make_database(superuser, name, template)
    database = open_database(settings.model_copy(update={"database_name": name}))
    try:
        yield database
    finally:
        await database.close()
        await provision.drop_database(superuser, name)


async def forget(database: Database, world: World, visible: set[uuid.UUID]) -> None:
    """Delete what is not visible. Visible rows that refer to it stay: it is for them as if it had never been."""
    assert database.addresses.superuser is not None
    superuser = await connect(database.addresses.superuser)
    try:
        # Rows may refer to what is gone, and new ones too: for their viewer it is not there in either world.
        hidden = [table for table in FILLED_BY_NAME if any(made.key not in visible for made in world.of(table))]
        keys = await superuser.fetch(
            "select conrelid::regclass::text, conname from pg_constraint join pg_class on pg_class.oid = confrelid"
            " where contype = 'f' and relname = any($1)",
            hidden,
        )
        for table, name in keys:
            await superuser.execute(f'alter table {table} drop constraint "{name}"')
        # Tables to which rows are only added refuse this to everybody by their triggers, which are not asked here.
        await superuser.execute("set session_replication_role = replica")
        for table in (*FILLED, MOVEMENTS):
            gone = [made.key for made in world.of(table.name) if made.key not in visible]
            await superuser.execute(f'delete from "{table.name}" where id = any($1::uuid[])', gone)  # noqa: S608 - the name is ours.
    finally:
        await superuser.close()
