"""Subscriptions: an event about a row that the viewer may not see is no event, and a filter by such a row is one by nothing."""

from __future__ import annotations

import asyncio
import dataclasses
import uuid
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from resolvers.planner.engine import Answer, Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import Audience
from segments.core_types import named_type
from segments.outbox import CHANNEL
from segments.strawberry_internals import metadata
from segments.viewer import Viewer
from tests.rows import NOW
from tests.schema.questions import selection
from tests.schema.worlds import TYPES, Made, Worlds, worlds

UNLIMITED = DocumentLimits(**dict.fromkeys([field.name for field in dataclasses.fields(DocumentLimits)], 10**9))
STREAMED = ("consumer", "enterprise", "government", "military", "staff")
VIEWS = compiled_views()
# PostgreSQL cannot name a column by a key this long, so it takes another way through the planner.
ALIASES = {"short": "changed", "long": "changed_" + "x" * 60}
SECONDS_MAX = 20


@pytest.fixture(scope="module")
async def both(own_database: Database, settings: Settings) -> AsyncIterator[Worlds]:
    async with worlds(own_database, settings, STREAMED, with_points=True) as made:
        yield made


def fields(name: str, both: Worlds) -> dict[str, Any]:
    """The subscription fields of a viewer's view."""
    audience = both.viewers[name].audience
    assert audience is not None
    root = VIEWS[audience].core.subscription_type
    return {} if root is None else dict(root.fields)


def subjects(field: Any, both: Worlds) -> list[Made]:
    """The rows that events of a subscription may be about; the last is everybody's own."""
    first, *rest = [made for made in both.world.rows if TYPES.get(made.table) == named_type(field.type).name]
    return [*rest, first]


def operation(field: Any, name: str, alias: str, audience: Audience, given: dict[str, str]) -> Operation:
    """A subscription to everything that a row has."""
    declared = ", ".join(f"${key}: ID" for key in given)
    passed = ", ".join(f"{key}: ${key}" for key in given)
    call = f"{alias}: {name}" + (f"({passed})" if passed else "")
    body = selection(VIEWS[audience].core, named_type(field.type), 1)
    head = f"subscription({declared})" if declared else "subscription"
    return Operation(f"{head} {{ {call} {{ {body} }} }}", given)


async def heard(database: Database, viewer: Viewer, asked: Operation, kind: str, events: list[Made]) -> list[Answer]:
    """What a subscriber hears of events about these rows; the last is one that they may see, and ends it."""
    engine = Engine(compiled_views((viewer.audience,)), database, UNLIMITED, clock=lambda: NOW)  # type: ignore[arg-type]
    told: list[Answer] = []
    stream = engine.subscribe(viewer, asked)
    try:
        async with asyncio.timeout(SECONDS_MAX), aclosing(stream):
            waiting = asyncio.ensure_future(anext(stream))
            await listening(engine, kind)
            await tell(database, kind, events)
            last = orjson.dumps(events[-1].global_id)
            told.append(await waiting)
            while last not in told[-1].body:
                told.append(await anext(stream))
    finally:
        await engine.close()
    return told


async def listening(engine: Engine, kind: str) -> None:
    """Wait until the engine hears events of a kind."""
    while not engine.hub._listeners.get(kind):  # noqa: ASYNC110 - the hub tells nobody who listens.
        await asyncio.sleep(0.01)


async def tell(database: Database, kind: str, events: list[Made]) -> None:
    """Give notice of an event about each row, as the outbox does."""
    async with transaction(database, Viewer.system().row_settings()) as session:
        for made in events:
            await session.execute(sa.select(sa.func.pg_notify(CHANNEL, f"{kind}:{made.key}")))


def cases() -> list[Any]:
    return [pytest.param(name, field, id=f"{name}-{field}") for name in STREAMED for field in stream_fields(name)]


def stream_fields(name: str) -> list[str]:
    root = VIEWS[Audience(name)].core.subscription_type
    return [] if root is None else list(root.fields)


def test_every_view_with_subscriptions_is_tested() -> None:
    assert {each.value for each in Audience if VIEWS[each].core.subscription_type} == set(STREAMED)


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize(("name", "field_name"), cases())
async def test_events_about_hidden_rows_are_no_events(both: Worlds, name: str, field_name: str, alias: str) -> None:
    viewer, field = both.viewers[name], fields(name, both)[field_name]
    assert viewer.audience is not None
    kind, events = metadata(field)["root"].source.kinds[0], subjects(field, both)
    asked = operation(field, field_name, ALIASES[alias], viewer.audience, {})
    told = await heard(both.full, viewer, asked, kind, events)
    ids = [orjson.loads(each.body)["data"][ALIASES[alias]]["id"] for each in told]
    assert ids == [made.global_id for made in events if made.key in both.visible[name]]
    assert len(ids) < len(events), "nothing was hidden"
    less = await heard(both.reduced[name], viewer, asked, kind, events)
    assert [each.body for each in less] == [each.body for each in told]


@pytest.mark.parametrize(("name", "field_name"), cases())
async def test_a_filter_by_a_hidden_row_is_a_filter_by_nothing(both: Worlds, name: str, field_name: str) -> None:
    viewer, field = both.viewers[name], fields(name, both)[field_name]
    assert viewer.audience is not None
    kind = metadata(field)["root"].source.kinds[0]
    for key, argument in field.args.items():
        of = metadata(argument)["of"]
        hidden = next(made.global_id for made in both.hidden(name) if TYPES.get(made.table) == of)
        engine = Engine(compiled_views((viewer.audience,)), both.full, UNLIMITED, clock=lambda: NOW)
        try:
            for id_ in (hidden, encode_id(of, uuid.UUID(int=7)), encode_id("Nothing", uuid.UUID(int=7)), "x"):
                stream = engine.subscribe(viewer, operation(field, field_name, "changed", viewer.audience, {key: id_}))
                async with asyncio.timeout(SECONDS_MAX), aclosing(stream):
                    waiting = asyncio.ensure_future(anext(stream))
                    await listening(engine, kind)
                    # Only events that the viewer may see: they are not of the row that the filter names.
                    visible = [made for made in subjects(field, both) if made.key in both.visible[name]]
                    of_hidden = [made for made in visible if hidden in named_rows(made, of)]
                    await tell(both.full, kind, [made for made in visible if made not in of_hidden])
                    done, _ = await asyncio.wait({waiting}, timeout=0.3)
                    assert not done, id_
                    waiting.cancel()
                    await asyncio.gather(waiting, return_exceptions=True)
        finally:
            await engine.close()


def named_rows(made: Made, of: str) -> list[str]:
    """The ids of a type that a row refers to."""
    return [encode_id(of, value) for value in made.values.values() if isinstance(value, uuid.UUID)]
