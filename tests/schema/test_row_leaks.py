"""Rows: a viewer's answers are the same, byte for byte, in a world without the rows that they may not see.

So a row outside the viewer's rights is as absent as a random id: by `node` and `nodes`, by its keys, in lists, counts,
filters, searches, merged lists and sums, below every other row, before and after every cursor.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import functools
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from foundation.database import Database
from foundation.settings import Settings
from resolvers.planner.documents import Document
from resolvers.planner.engine import CACHED_SOURCE_CHARACTERS_MAX, Answer, Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from resolvers.planner.pool import ReadPool
from schema.views import compiled_views
from segments.audiences import Audience
from segments.classification import Classification
from segments.viewer import Viewer
from segments.views import View
from tests.rows import NOW
from tests.schema.questions import PAGE, Question, Questions, every_table_is_asked, is_merged
from tests.schema.worlds import COMPARTMENT, TYPES, Worlds, worlds

NAMES = ("anonymous", "consumer", "enterprise", "government", "military", "division", "staff")
CURSOR = re.compile(rb'"cursor" ?: ?"([^"]+)"')
UNLIMITED = DocumentLimits(**dict.fromkeys([field.name for field in dataclasses.fields(DocumentLimits)], 10**9))


class Asker:
    """Engines on several databases that share their documents and plans, because compiling is what takes the time."""

    def __init__(self) -> None:
        self._engines: dict[Audience, Engine] = {}

    async def answers(self, database: Database, viewer: Viewer, questions: list[Question]) -> list[Answer]:
        """The answers of one world to a viewer, at one instant."""
        engine = self.engine(database, viewer)
        self.keep(engine, viewer, {each.source for each in questions})
        try:
            return [await engine.execute(viewer, Operation(each.source, each.variables)) for each in questions]
        finally:
            await engine.pool.close()

    async def in_both(
        self, both: Worlds, name: str, viewer: Viewer, questions: list[Question]
    ) -> tuple[list[Answer], list[Answer]]:
        """The answers in the full and in the reduced world, asked side by side: one waits while the other is read."""
        return await asyncio.gather(
            self.answers(both.full, viewer, questions), self.answers(both.reduced[name], viewer, questions)
        )

    def keep(self, engine: Engine, viewer: Viewer, sources: set[str]) -> None:
        """Put into the engine's cache what is too long for it to be kept otherwise, and is asked in every world."""
        assert viewer.audience is not None
        kept = engine._documents[viewer.audience.value]
        for source in sources:
            if len(source) > CACHED_SOURCE_CHARACTERS_MAX and (source, None) not in kept:
                kept[source, None] = Document(engine.views[viewer.audience], source, None, UNLIMITED)

    def engine(self, database: Database, viewer: Viewer) -> Engine:
        """An engine on a database for a viewer's audience; its pool is to be closed."""
        assert viewer.audience is not None
        shared = self._engines.get(viewer.audience)
        if shared is None:
            views = {viewer.audience: view_of(viewer)}
            shared = self._engines[viewer.audience] = Engine(views, database, UNLIMITED, clock=lambda: NOW)
        engine = copy.copy(shared)
        engine.database, engine.pool = database, ReadPool(database, 1, 60)
        return engine


@pytest.fixture(scope="module")
async def both(own_database: Database, settings: Settings) -> AsyncIterator[Worlds]:
    async with worlds(own_database, settings, shared=True) as made:
        yield made


@pytest.fixture(scope="module")
def asker() -> Asker:
    return Asker()


@functools.cache
def view_of(viewer: Viewer) -> View:
    """The view of a viewer's audience."""
    assert viewer.audience is not None
    return compiled_views((viewer.audience,))[viewer.audience]


def questions_of(both: Worlds, name: str) -> list[Question]:
    """Every question of a viewer's view."""
    return list(Questions(view_of(both.viewers[name]).core, both.world, both.hidden(name)).all())


def cleared(viewer: Viewer) -> Viewer:
    """The same person with every right to secrets."""
    rights = {"clearance": Classification.TOP_SECRET, "compartments": frozenset({COMPARTMENT})}
    return dataclasses.replace(viewer, **rights)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
async def test_answers_are_those_of_a_world_without_the_hidden_rows(both: Worlds, asker: Asker, name: str) -> None:
    viewer, questions = both.viewers[name], questions_of(both, name)
    full, reduced = await asker.in_both(both, name, viewer, questions)
    for question, here, there in zip(questions, full, reduced, strict=True):
        assert here.body == there.body, f"{question.source}\n{question.variables}"
    # The questions are answered, they reach every table, and the world has something to hide.
    assert not [(each.source, answer.body) for each, answer in zip(questions, full, strict=True) if answer.refused]
    assert every_table_is_asked(view_of(viewer).core, questions, both.hidden(name)) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["enterprise", "staff"])
async def test_answers_of_graphql_core_are_the_same_too(both: Worlds, asker: Asker, name: str) -> None:
    """A document with introspection in it is executed by graphql-core, whose root fields are read one by one.

    It hands on the same arguments to the same compiler, so of each field's questions the first and the last are asked.
    """
    everything = questions_of(both, name)
    ends = {each.place: each for each in reversed(everything)}, {each.place: each for each in everything}
    executed = [
        Question(source.removesuffix("}") + " zz: __schema { queryType { name } } }", each.variables)
        for source, each in {each.source: each for end in ends for each in end.values()}.items()
    ]
    full, reduced = await asker.in_both(both, name, both.viewers[name], executed)
    for question, here, there in zip(executed, full, reduced, strict=True):
        assert here.body == there.body, f"{question.source}\n{question.variables}"
        assert b'"zz":{"queryType":{"name":"Query"}}' in here.body, question.source
        assert b'"errors"' not in here.body, question.source


@pytest.mark.slow
async def test_the_questions_would_tell(both: Worlds, asker: Asker) -> None:
    """Somebody who is cleared for everything sees in these answers that the worlds differ: for every table."""
    staff = cleared(both.viewers["staff"])
    hidden = both.hidden("staff")
    table_of = {made.key: made.table for made in hidden}
    # All by id, and the first question of each root field in each form about hidden rows of the same tables: what others
    # of its form would tell is the same.
    everything = questions_of(both, "staff")
    first = {each.place: each.source for each in reversed(everything)}
    questions = [each for each in everything if each.place in {"node", "nodes"}]
    forms: dict[tuple[str, frozenset[str]], Question] = {}
    for question in everything:
        about = frozenset(table_of[key] for key in question.about if key in table_of)
        if question.source == first[question.place] and "parent" not in question.variables:
            forms.setdefault((question.source, about), question)
    questions = list({(each.source, str(each.variables)): each for each in (*questions, *forms.values())}.values())
    full, reduced = await asker.in_both(both, "staff", staff, questions)
    differing = [
        question for question, here, there in zip(questions, full, reduced, strict=True) if here.body != there.body
    ]
    told = frozenset[uuid.UUID]().union(*(question.about for question in differing))
    assert {made.table for made in hidden if made.key in told} == {made.table for made in hidden if made.table in TYPES}
    roots = {question.place.removeprefix("{}") for question in differing}
    assert {"customers", "products", "orders", "orderTotals", "programmes", "fleetCounts", "node", "nodes"} <= roots


async def test_nothing_is_remembered_between_viewers(both: Worlds, asker: Asker) -> None:
    """Documents, plans and connections are shared; what one viewer saw on them is not."""
    viewer = both.viewers["staff"]
    everything = questions_of(both, "staff")
    questions = [*everything[:8], *everything[8:-1:23]]
    alone = await asker.answers(both.full, viewer, questions)
    engine = asker.engine(both.full, viewer)
    try:
        for question, expected in zip(questions, alone, strict=True):
            operation = Operation(question.source, question.variables)
            await engine.execute(cleared(viewer), operation)
            assert (await engine.execute(viewer, operation)).body == expected.body
    finally:
        await engine.pool.close()


def merged_lists(both: Worlds, name: str) -> list[tuple[str, dict[str, str]]]:
    """Operations on every merged list of a view, below a visible row where it is below one; `%` is for arguments."""
    schema = view_of(both.viewers[name]).core
    questions = Questions(schema, both.world, both.hidden(name))
    body = " { edges { cursor node { __typename at: __typename } } totalCount " + PAGE + " } }"
    query: Any = schema.query_type
    found: list[tuple[str, dict[str, str]]] = [
        ("query($cursor: String) { " + field + "(%)" + body, {})
        for field, each in query.fields.items()
        if is_merged(each)
    ]
    for table, type_ in questions.row_types().items():
        # Rows that only the database's own functions write are not in the world; their types have no merged lists.
        for field, each in type_.fields.items():
            if is_merged(each):
                parent = questions.telling(table)[0].global_id
                head = "query($parent: ID!, $cursor: String) { node(id: $parent) { ... on " + type_.name
                found.append((head + " { " + field + "(%)" + body + " } }", {"parent": parent}))
    return found


@pytest.mark.parametrize("name", ["enterprise", "government", "military", "staff"])
async def test_a_cursor_of_somebody_who_sees_more_tells_nothing(both: Worlds, asker: Asker, name: str) -> None:
    viewer = both.viewers[name]
    lists = merged_lists(both, name)
    assert lists
    for source, variables in lists:
        all_of_it = [Question(source.replace("%", "first: 100, after: $cursor"), variables)]
        [seen_by_viewer] = await asker.answers(both.full, viewer, all_of_it)
        [seen_by_other] = await asker.answers(both.full, cleared(viewer), all_of_it)
        own, others = (set(CURSOR.findall(answer.body)) for answer in (seen_by_viewer, seen_by_other))
        assert own < others, source
        questions = [
            Question(source.replace("%", f"{way}: 3, {bound}: $cursor"), {**variables, "cursor": cursor.decode()})
            for cursor in sorted(others)
            for way, bound in (("first", "after"), ("last", "before"))
        ]
        full, reduced = await asker.in_both(both, name, viewer, questions)
        assert [answer.body for answer in full] == [answer.body for answer in reduced]
        assert not any(answer.refused for answer in full)


@pytest.mark.parametrize("name", NAMES)
async def test_a_hidden_row_is_a_random_id(both: Worlds, asker: Asker, name: str) -> None:
    """The same within one world: the id of a hidden row and an id of nothing have the same answer."""
    source = "query($id: ID!, $ids: [ID!]!) { node(id: $id) { __typename id } nodes(ids: $ids) { __typename id } }"
    hidden = [made for made in both.hidden(name) if made.table in TYPES]
    ids = [id_ for made in hidden for id_ in (made.global_id, encode_id(TYPES[made.table], uuid.uuid4()))]
    questions = [Question(source, {"id": id_, "ids": [id_]}) for id_ in ids]
    bodies = {answer.body for answer in await asker.answers(both.full, both.viewers[name], questions)}
    assert [orjson.loads(body) for body in bodies] == [{"data": {"node": None, "nodes": [None]}}]


@pytest.mark.parametrize("name", NAMES)
async def test_visible_rows_are_found_by_their_ids(both: Worlds, asker: Asker, name: str) -> None:
    """What the comparison above stands on: the rows that are not hidden do come out."""
    viewer = both.viewers[name]
    types = view_of(viewer).core.type_map
    shown = [made for made in both.world.rows if made.key in both.visible[name] and TYPES.get(made.table) in types]
    source = "query($id: ID!) { node(id: $id) { __typename id } }"
    found = await asker.answers(both.full, viewer, [Question(source, {"id": made.global_id}) for made in shown])
    assert shown
    for made, answer in zip(shown, found, strict=True):
        assert orjson.loads(answer.body) == {"data": {"node": {"__typename": TYPES[made.table], "id": made.global_id}}}


def test_every_audience_is_compared(both: Worlds) -> None:
    assert {viewer.audience for viewer in both.viewers.values()} == set(Audience)
    for name in NAMES:
        assert len(both.hidden(name)) > 50
