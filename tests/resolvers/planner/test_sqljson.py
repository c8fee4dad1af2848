"""Objects that PostgreSQL builds: whatever their keys are called, however many there are, and however deep they stand."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
import sqlalchemy as sa

from foundation.database import Database
from resolvers.planner.plans import DIALECT
from resolvers.planner.sqljson import (
    COLUMNS_MAX,
    OBJECT,
    ROW,
    Expression,
    JsonObject,
    array,
    literal,
    many,
    object_over,
    one,
)

# Names in our own statements, of PostgreSQL's columns and functions, its reserved words, and such as it would cut or fold.
KEYS = ["o", "id", "anon_1", "object", "row", "n", "part", "at", "parts", "rn", "select", "from", "user", "order", "Key", "KEY", "key", "_", "__typename", "ctid", "x" * 63, "y" * 64, "y" * 65]  # fmt: skip
LONG = "z" * 80


async def built(database: Database, expression: Expression) -> Any:
    """What PostgreSQL makes of an expression, keys in their order."""
    sql = str(sa.select(expression).compile(dialect=DIALECT))
    connection = await database.connect_raw()
    try:
        return json.loads(await connection.fetchval(sql))
    finally:
        await connection.close()


def numbers(names: list[str]) -> list[tuple[str, Expression]]:
    return [(name, sa.literal_column(str(at))) for at, name in enumerate(names)]


def rows(count: int) -> sa.Select[Any]:
    series = (
        sa.func.generate_series(sa.literal_column("1"), sa.literal_column(str(count)))
        .table_valued("n")
        .render_derived()
    )
    return sa.select(series.c.n).select_from(series)


@pytest.mark.parametrize("name", KEYS)
async def test_a_key_may_have_any_name(database: Database, name: str) -> None:
    pairs = numbers([name, "beside"])
    wanted = [(name, 0), ("beside", 1)]
    source = rows(2).subquery("t1")
    for made in (
        JsonObject(pairs),
        JsonObject(pairs, flat=True),
        JsonObject([(name, JsonObject(pairs))]),
        one(JsonObject(pairs), sa.select().select_from(source).where(source.c.n == sa.literal_column("1"))),
        object_over(pairs, rows(1).subquery("t2")),
    ):
        found = await built(database, made)
        inner = found[name] if list(found) == [name] else found
        assert list(inner.items()) == wanted
    listed = await built(database, many(JsonObject(pairs), sa.select().select_from(source)))
    assert [list(each.items()) for each in listed] == [wanted, wanted]


def test_no_graphql_name_is_one_of_ours() -> None:
    assert all("#" in name for name in (OBJECT, ROW))


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 101, COLUMNS_MAX, COLUMNS_MAX + 1, 2_000])
async def test_an_object_may_have_any_number_of_keys(database: Database, count: int) -> None:
    names = [f"k{at}" for at in range(count)]
    for made in (
        JsonObject(numbers(names)),
        JsonObject(numbers(names), flat=True),
        JsonObject(numbers([*names, LONG])),
    ):
        found = await built(database, made)
        assert [name for name in found if name != LONG] == names
        assert list(found.values()) == list(range(len(found)))


@pytest.mark.parametrize("count", [3, 60])
async def test_aggregates_over_rows(database: Database, count: int) -> None:
    """A page's info: its parts are aggregates over the enclosing rows, whatever their number."""
    source = rows(5).subquery("t1")
    total = sa.func.sum(source.c.n)
    info = JsonObject([(f"k{at}", total) for at in range(count)] + [("constant", literal("c"))], flat=True)
    pairs: list[tuple[str, Expression]] = [("info", info), ("all", array(source.c.n, source.c.n.desc()))]
    for keys in (pairs, [*pairs, (LONG, total)]):
        found = await built(database, object_over(keys, source))
        assert found["all"] == [5, 4, 3, 2, 1]
        assert found["info"] == {f"k{at}": 15 for at in range(count)} | {"constant": "c"}


async def test_sql_grows_with_what_is_asked_and_not_with_its_depth(database: Database) -> None:
    """An object of more keys than a call takes is written once, so nesting such objects adds and does not multiply."""

    def nested(depth: int) -> JsonObject:
        inner: list[tuple[str, Expression]] = [("inner", nested(depth - 1))] if depth else []
        return JsonObject([*numbers([f"k{at}" for at in range(60)]), (LONG, sa.literal_column("0")), *inner])

    lengths = [len(str(sa.select(nested(depth)).compile(dialect=DIALECT))) for depth in range(5)]
    steps = [longer - shorter for shorter, longer in itertools.pairwise(lengths)]
    assert max(steps) <= 1.1 * min(steps)
    found = await built(database, nested(4))
    for _ in range(4):
        assert len(found) == 62
        found = found["inner"]


async def test_texts_are_what_they_were(database: Database) -> None:
    for text in ("it's", 'say "x"', "a\\b", "\u2028", "\x01\x1f", "{}, {}", "🛰️", "%s :name", "$1"):
        assert await built(database, JsonObject([("a", literal(text)), (LONG, literal(text))])) == {
            "a": text,
            LONG: text,
        }
