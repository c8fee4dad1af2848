"""Every scope through HTTP: a token without it is refused, with it allowed. Made from the list and the schema's marks.

A scope × audience that guards nothing fails here, and so does a field whose mark nobody checks.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import graphql as g
import httpx
import pytest

from domain.identity.tables import Person
from foundation.database import Database
from foundation.settings import Settings
from schema.views import compiled_views
from segments.audiences import Audience
from segments.classification import Classification
from segments.core_types import named_type
from segments.scopes import AUDIENCE_ROLES, SCOPES, SEPARATE_ROLES, Scope, scopes_of
from tests.people import person, store, token_of
from tests.portal.served import Served, served
from tests.schema.paths import HOLE, KEYED, call, paths

GUARDED = [(scope, audience) for scope in SCOPES for audience in scope.audiences]
# What everybody of an audience holds nobody of it loses.
LOST = [(scope, audience) for scope, audience in GUARDED if scope.name not in scopes_of(audience, ())]
TWO_FACTORS = ("pwd", "otp")


def questions(view: g.GraphQLSchema, scope: str) -> dict[str, str]:
    """An operation for every field of a view that asks for a scope, by the field's name."""
    ways = paths(view)
    found: dict[str, str] = {}
    for type_name, way in ways.items():
        for name, field in getattr(view.get_type(type_name), "fields", {}).items():
            if scope in field.extensions["needs"]:
                below = " { __typename }" if g.is_composite_type(named_type(field.type)) else ""
                place = f"{type_name}.{name}"
                # Each is another request, so each has another key.
                keyed = KEYED.replace('"x"', f'"{scope} {place}"')
                found[place] = way.replace(HOLE, call(name, field) + below).replace(KEYED, keyed)
    return found


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> AsyncIterator[Served]:
    async with served(settings.model_copy(update={"database_name": own_database.addresses.owner.database})) as running:
        yield running


@pytest.fixture(scope="module")
async def people(own_database: Database) -> dict[Audience, Person]:
    """Of each audience somebody with every role, and so with every scope."""
    found = {
        audience: person(
            f"{audience.value}@example.com",
            audience,
            # Nobody is two of the three administrators; none of them holds a scope.
            roles=tuple(sorted(AUDIENCE_ROLES[audience].difference(SEPARATE_ROLES[:-1]))),
            clearance=Classification.TOP_SECRET,
        )
        for audience in Audience
    }
    await store(own_database, *found.values())
    return found


class Asking:
    """One person's programs, each with a token of its own."""

    def __init__(self, client: httpx.AsyncClient, database: Database, settings: Settings, someone: Person) -> None:
        self.client = client
        self.database = database
        self.settings = settings
        self.someone = someone
        self.tokens: dict[tuple[frozenset[str], tuple[str, ...]], str] = {}

    async def ask(self, query: str, held: frozenset[str], amr: tuple[str, ...] = TWO_FACTORS) -> httpx.Response:
        """The answer to a token of these scopes."""
        key = held, amr
        if key not in self.tokens:
            self.tokens[key] = await token_of(self.database, self.settings, self.someone, *held, amr=amr)
        headers = {"authorization": f"Bearer {self.tokens[key]}", "accept": "application/graphql-response+json"}
        return await self.client.post("/graphql", json={"query": query}, headers=headers)

    async def missing(self, query: str, held: frozenset[str], amr: tuple[str, ...] = TWO_FACTORS) -> frozenset[str]:
        """The scopes that a refusal names, with everything that belongs to such a refusal; none when it was allowed."""
        answer = await self.ask(query, held, amr)
        errors: list[dict[str, Any]] = answer.json().get("errors", [])
        if not any(error["extensions"]["code"] == "INSUFFICIENT_SCOPE" for error in errors):
            assert answer.status_code not in {401, 403, 500}, answer.text
            # Without its key a change is refused before anybody looks at scopes, and nothing is found out of them.
            assert not any(error["extensions"]["code"].startswith("KEY_") for error in errors), answer.text
            return frozenset()
        [error] = errors
        scopes: list[str] = error["extensions"]["scopes"]
        assert answer.status_code == 403
        challenge = f'Bearer error="insufficient_scope", scope="{" ".join(scopes)}"'
        assert answer.headers["www-authenticate"] == challenge
        assert "data" not in answer.json(), "nothing ran"
        assert scopes == sorted(scopes)
        assert error["path"]
        assert all(f" {step}" in query for step in error["path"]), (error["path"], query)
        return frozenset(scopes)


@pytest.fixture(scope="module")
async def asking(
    house: Served, own_database: Database, people: dict[Audience, Person]
) -> AsyncIterator[dict[Audience, Asking]]:
    async with house.client() as client:
        yield {each: Asking(client, own_database, house.settings, someone) for each, someone in people.items()}


@pytest.mark.parametrize(("scope", "audience"), GUARDED, ids=[f"{s.name} {a.value}" for s, a in GUARDED])
async def test_a_scope_is_needed_and_is_enough(
    asking: dict[Audience, Asking], scope: Scope, audience: Audience
) -> None:
    found = questions(compiled_views()[audience].core, scope.name)
    assert found, f"{scope.name} guards nothing of {audience.value}"
    program = asking[audience]
    for place, query in found.items():
        needed = await program.missing(query, frozenset())
        assert scope.name in needed, f"{place} was read without {scope.name}"
        assert await program.missing(query, needed - {scope.name}) == {scope.name}, place
        assert await program.missing(query, needed) == frozenset(), place
        if scope.second_factor:
            assert scope.name in await program.missing(query, needed, ("pwd",)), f"{place} by a password alone"


# A cart is a wish, and a person's own: what is ordered of it asks for a scope.
CARTS = {"addToCart", "setCartLine", "emptyCart", "mergeCart"}


@pytest.mark.parametrize("audience", [Audience.ENTERPRISE, Audience.DIVISION, Audience.STAFF])
def test_a_program_without_scopes_changes_nothing_but_a_cart(audience: Audience) -> None:
    mutations = compiled_views()[audience].core.mutation_type
    assert mutations is not None
    assert {name for name, field in mutations.fields.items() if not field.extensions["needs"]} <= CARTS


def test_a_consumers_program_moves_points_by_a_scope_alone() -> None:
    mutations = compiled_views()[Audience.CONSUMER].core.mutation_type
    assert mutations is not None
    for name in ("spendPoints", "transferPoints", "redeemReward", "cancelRedemption"):
        assert mutations.fields[name].extensions["needs"] <= {"points:spend", "points:transfer"}
        assert mutations.fields[name].extensions["needs"], name


@pytest.mark.parametrize(("scope", "audience"), LOST, ids=[f"{s.name} {a.value}" for s, a in LOST])
async def test_a_scope_that_the_person_has_lost_is_worth_nothing(
    house: Served, own_database: Database, scope: Scope, audience: Audience
) -> None:
    """A token may say more than its roles hold: it narrows, and never grants."""
    query = next(iter(questions(compiled_views()[audience].core, scope.name).values()))
    nobody = person(f"{scope.name}.{audience.value}@example.com", audience)
    await store(own_database, nobody)
    async with house.client() as client:
        everything = frozenset(scopes_of(audience, AUDIENCE_ROLES[audience]))
        missing = await Asking(client, own_database, house.settings, nobody).missing(query, everything)
    assert scope.name in missing
