"""What operations may ask for: ids, cursors and texts that are in the world, and such that are in none."""

from __future__ import annotations

import base64
import inspect
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import graphql as g

from resolvers.planner.declare import declared_row
from segments.strawberry_internals import origin
from tests.resolvers.planner.oracle.answers import MergedAnswer
from tests.resolvers.planner.oracle.schema import Oracle, entries_of
from tests.resolvers.planner.oracle.seen import Seen
from tests.resolvers.planner.oracle.texts import cursor, global_id

ROWS_OF_A_TYPE_MAX = 24

NO_CURSORS = (
    "",
    "zz",
    "é",
    base64.b64encode(b"{}").decode(),
    base64.b64encode(b"[]").decode(),
    base64.b64encode(b"[1, 2]").decode(),
    base64.b64encode(b'["a", "b", "c", "d", "e"]').decode(),
    base64.b64encode(b"[null, null]").decode(),
    base64.b64encode(b'["a", "00000000-0000-0000-0000-00000000000"]').decode(),
    base64.b64encode(b'["\\u0000", "00000000-0000-0000-0000-000000000000"]').decode(),
    base64.b64encode(b'["9223372036854775808", "00000000-0000-0000-0000-000000000000"]').decode(),
    base64.b64encode(b"\xff\xfe").decode(),
    "A" * 100_000,
    base64.b64encode(("[" * 5_000).encode()).decode(),
)
NO_IDS = ("", "zz", "é", "0", "\0", "Q3VzdG9tZXI6", "A" * 300, base64.b64encode(b"Nonsense:" + bytes(16)).decode())
INSTANTS = (
    "2026-03-01T16:30:00Z",
    "2026-01-30T16:30:00+00:00",
    "2026-02-20T00:30:00+08:00",
    "1997-01-01T00:00:00Z",
    "2026-03-01T17:30:00Z",
    "2026-01-30T16:29:59.500000Z",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
)
BAD_INSTANTS = ("2026-03-01T16:30:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "yesterday")
DAYS = ("2026-03-02", "2026-03-01", "2026-03-03", "1997-01-01", "0001-01-01", "9999-12-31", "2025-01-26")
PARTS = ("", "a", "A", "%", "_", "\\", '"', "'", "é", "É", "测绘", "UAV", "uav", "长", "🛰️", "\n", "\x01", "zzzz", "院")
BAD_TEXTS = ("\0", "a\0b", "\ud800")


@dataclass
class Pool:
    """Values by what they are for."""

    ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    cursors: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def every_cursor(self) -> list[str]:
        """Cursors of all lists."""
        return [each for of_one in self.cursors.values() for each in of_one[:2]]


def pool_of(oracle: Oracle, seen: Seen, whole: Seen, every_type: Iterable[Any]) -> Pool:
    """What there is to ask for: mostly rows that a viewer sees, some that there are besides, of types that are hidden too."""
    pool = Pool()
    for type_ in every_type:
        declared = declared_row(origin(type_)) if isinstance(type_, g.GraphQLObjectType) else None
        if declared is None:
            continue
        name = declared.table.__tablename__
        shown, any_ = spread(seen.rows[name], ROWS_OF_A_TYPE_MAX), spread(whole.rows[name], ROWS_OF_A_TYPE_MAX // 6)
        # What is seen comes three times as often as what may be hidden, however little it is.
        rows = [*shown * (3 * len(any_) // len(shown) + 1 if shown else 0), *any_]
        pool.ids[type_.name] = [global_id(type_.name, row["id"]) for row in rows]
        pool.cursors[type_.name] = [cursor(keys) for keys, _ in entries_of(type_, rows)]
        for column in declared.table.__table__.c:
            if column.type.python_type is str:
                texts = [row[column.name] for row in rows if row[column.name] is not None]
                pool.texts[f"{type_.name}.{column.name}"] = texts
                pool.texts.setdefault(column.name, []).extend(texts)
    for (type_name, name), told in oracle.answers.known.items():
        owner = oracle.schema.type_map.get(type_name)
        if isinstance(told, MergedAnswer) and owner is not None:
            declared = declared_row(origin(owner))
            owners = [None] if declared is None else seen.rows[declared.table.__tablename__]
            pool.cursors[f"{type_name}.{name}"] = merged_cursors(seen, told, owners)
    return pool


def merged_cursors(seen: Seen, told: MergedAnswer, owners: Iterable[Any]) -> list[str]:
    """Cursors of a merged list without arguments, over all the rows that it may belong to."""
    absent = dict.fromkeys(
        name for name, each in inspect.signature(told.entries).parameters.items() if each.kind is each.KEYWORD_ONLY
    )
    found = [(*keys, row["id"]) for owner in owners for _, row, keys in told.entries(seen, owner, **absent)]
    return [cursor(keys) for keys in spread(found, ROWS_OF_A_TYPE_MAX)]


def spread(items: list[Any], most: int) -> list[Any]:
    """So many of the items, from the whole length of a list."""
    step = max(len(items) // most, 1)
    return items[::step][:most]
