"""The checks that the served views pass, each seen to fail on a small schema."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import pytest
import strawberry

from domain.customers import tables
from resolvers.planner.declare import listing, row
from resolvers.planner.master import PlannedSchema, check_all_scoped, check_hidden_values, check_orders
from resolvers.planner.relay import Connection, Node
from schema.root import MASTER
from schema.views import compiled_views, view_faults
from segments.audiences import CONSUMER, DIVISION, EVERYONE, STAFF, Audience
from segments.marks import For, Needs
from segments.views import ViewError, compile_views


@For(*EVERYONE)
@strawberry.enum
class Grade(enum.Enum):
    PLAIN = "PLAIN"
    BATTLE = strawberry.enum_value("BATTLE", directives=[For(STAFF)])


@For(*EVERYONE)
@strawberry.type
class Thing:
    grade: Grade
    maybe: Grade | None
    several: list[Grade] | None


@For(*EVERYONE)
@row(tables.Contact, order=("title", "name"))
class Contact(Node):
    name: str
    title: Annotated[str, For(STAFF)]


def everybody(_: Any) -> Any:
    raise AssertionError("never asked")


@strawberry.type
class Query:
    thing: Annotated[Thing | None, For(*EVERYONE)] = strawberry.field(resolver=lambda: None)
    scoped: Annotated[int | None, For(*EVERYONE), Needs("catalogue:read", by=(DIVISION,))] = strawberry.field(
        resolver=lambda: None
    )
    contacts: Annotated[Connection[Contact], For(*EVERYONE)] = listing(everybody)


SMALL = PlannedSchema(query=Query)
VIEWS = compile_views(SMALL)


def test_the_served_views_pass_every_check() -> None:
    views = compiled_views()
    assert set(views) == set(Audience)
    assert [fault for view in views.values() for fault in view_faults(MASTER, view)] == []


def test_an_installation_may_have_some_views_alone() -> None:
    assert list(compiled_views((CONSUMER,))) == [CONSUMER]


def test_a_value_that_cannot_be_told_stops_the_start() -> None:
    assert check_hidden_values(VIEWS[CONSUMER]) == [
        "Thing.grade: is a list or not null, but its enum Grade hides values here",
        "Thing.several: is a list or not null, but its enum Grade hides values here",
    ]
    assert check_hidden_values(VIEWS[STAFF]) == []


def test_a_list_ordered_by_what_the_view_hides_stops_the_start() -> None:
    assert check_orders(SMALL, VIEWS[CONSUMER]) == ["Contact: is listed by title, which cursors would show here"]
    assert check_orders(SMALL, VIEWS[STAFF]) == []


def test_the_division_reaches_nothing_without_a_scope() -> None:
    assert check_all_scoped(VIEWS[DIVISION]) == [
        "Query.thing: asks division for no scope",
        "Query.contacts: asks division for no scope",
        "Contact: asks division for no scope",
    ]


def test_a_view_is_served_only_when_every_check_passes() -> None:
    both = [*check_hidden_values(VIEWS[CONSUMER]), *check_orders(SMALL, VIEWS[CONSUMER])]
    assert len(both) == 3
    assert view_faults(SMALL, VIEWS[CONSUMER]) == both
    assert view_faults(SMALL, VIEWS[STAFF]) == []
    # Only the division comes to everything by scopes.
    assert view_faults(SMALL, VIEWS[DIVISION]) == [*both, *check_all_scoped(VIEWS[DIVISION])]


def test_faults_of_all_views_stop_the_start_together() -> None:
    with pytest.raises(ViewError) as caught:
        compiled_views((CONSUMER, DIVISION, STAFF), SMALL)
    told = str(caught.value).splitlines()
    faults = {fault for audience in (CONSUMER, DIVISION) for fault in view_faults(SMALL, VIEWS[audience])}
    assert told == sorted(faults)
    assert len(told) == 6


def test_the_master_is_planned() -> None:
    assert isinstance(MASTER, PlannedSchema)
