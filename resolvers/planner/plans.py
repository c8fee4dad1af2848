"""A plan is a statement and how to fill it; plans stand behind a decision tree of the facts they were compiled for."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from resolvers.planner.batches import fill_batches
from resolvers.planner.declare import Batch
from resolvers.planner.sqljson import Expression, JsonObject, literal
from resolvers.planner.values import Constant, Get, Values
from segments.viewer import ROW_SETTINGS, Viewer

DIALECT = asyncpg_dialect()
PLANS_PER_DOCUMENT_MAX = 64
_numbers = itertools.count()

# What a statement may bind besides the request's own values.
Take = Callable[[Viewer], Any]
VIEWER_BINDS: dict[str, Take] = {
    "viewer_language": attrgetter("language"),
    "viewer_audience": lambda viewer: viewer.settings[0],
    "viewer_customer": attrgetter("customer_id"),
    "viewer_person": attrgetter("person_id"),
}
NOW_BIND = "viewer_now"
SETTING_BINDS = [f"set_{at}" for at in range(len(ROW_SETTINGS))]


class Plan:
    """One statement, and for each of its parameters where the value comes from."""

    def __init__(
        self, answer: Expression, values: Values, batches: Sequence[Batch], *, secured: bool, marks: bool = False
    ) -> None:
        self._before, member, self._after = envelope(answer) if secured else (b"", answer, b"")
        compiled = sa.select(under_row_settings(member) if secured else member).compile(dialect=DIALECT)
        self.sql = str(compiled)
        self.name = f"q{next(_numbers)}"
        self.batches = list(batches)
        # Whether its answer marks the rows above INTERNAL.
        self.marks = marks
        names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        # A viewer has its settings ready, in the order in which secured statements begin.
        self.begins_with_settings = list(names[: len(SETTING_BINDS)]) == SETTING_BINDS
        own = names[len(SETTING_BINDS) :] if self.begins_with_settings else names
        self.timed = NOW_BIND in names
        self._constants: list[Any] = [None] * len(own)
        self._nows = [at for at, name in enumerate(own) if name == NOW_BIND]
        self._takes: list[tuple[int, Take]] = []
        self._gets: list[tuple[int, Get]] = []
        for at, name in enumerate(own):
            self._know(at, name, compiled, values)
        # An argument is checked even where nothing is asked of what it belongs to.
        self.checks = [get for name, get in values.binds.items() if name not in names]

    def arguments(self, variables: Any, viewer: Viewer, now: dt.datetime | None) -> list[Any]:
        """The values of the statement's parameters for a request; `now` is needed where the plan is `timed`."""
        for check in self.checks:
            check(variables)
        values = self._constants.copy()
        for at, take in self._takes:
            values[at] = take(viewer)
        for at in self._nows:
            values[at] = now
        for at, get in self._gets:
            values[at] = get(variables)
        return [*viewer.settings, *values] if self.begins_with_settings else values

    def body(self, found: bytes | None, viewer: Viewer) -> bytes:
        """The response that the statement's value makes: as it is, unless Python computes some of its fields."""
        body = self._before + (found or b"null") + self._after
        return orjson.dumps(fill_batches(orjson.loads(body), self.batches, viewer)) if self.batches else body

    def _know(self, at: int, name: str, compiled: Any, values: Values) -> None:
        """Where the value of one parameter comes from, through the processing its column type asks for."""
        if name == NOW_BIND:
            return
        if name in VIEWER_BINDS:
            self._takes.append((at, VIEWER_BINDS[name]))
            return
        process = compiled.binds[name].type.dialect_impl(DIALECT).bind_processor(DIALECT)
        get = values.binds.get(name)
        if get is None or isinstance(get, Constant):
            constant = compiled.params[name] if get is None else get.value
            self._constants[at] = process(constant) if process and constant is not None else constant
        else:
            self._gets.append((at, processed(get, process) if process else get))


def envelope(answer: Expression) -> tuple[bytes, Expression, bytes]:
    """What stands around the JSON of the innermost object that need not be written by PostgreSQL, and that JSON.

    Objects of one member are the same for every request; to let PostgreSQL write them copies all within once more each.
    """
    before, after = b'{"data":', b"}"
    while isinstance(answer, JsonObject) and len(answer.pairs) == 1 and isinstance(answer.pairs[0][1].type, JSON):
        ((key, answer),) = answer.pairs
        before, after = before + b'{"%b":' % key.encode(), after + b"}"
    return before, answer, after


def under_row_settings(answer: Expression) -> Expression:
    """Set the viewer and read under it in one statement: CASE evaluates its condition first, sub-selects are lazy.

    The settings end with the statement, because outside a transaction block each statement is a transaction.
    """
    settings = [
        sa.func.set_config(literal(name), sa.bindparam(bind, type_=sa.Text()), sa.true()).is_not(None)
        for name, bind in zip(ROW_SETTINGS, SETTING_BINDS, strict=True)
    ]
    return sa.case((sa.and_(*settings), answer))


def processed(get: Get, process: Callable[[Any], Any]) -> Get:
    """A request's value as the driver takes it."""

    def ready(variables: Any) -> Any:
        value = get(variables)
        return value if value is None else process(value)

    return ready


@dataclass
class Tree:
    """Inner nodes ask a fact, leaves are plans. The compiler asks deterministically, so the path to a plan is exact."""

    ask: Get | None = None
    below: dict[Any, Tree] = field(default_factory=dict)
    plan: Plan | None = None

    def find(self, variables: Any) -> Plan | None:
        """The plan for a request with these variables, if there is one yet."""
        at = self
        while at.plan is None:
            following = at.below.get(at.ask(variables)) if at.ask is not None else None
            if following is None:
                return None
            at = following
        return at.plan

    def add(self, facts: Sequence[tuple[Get, Any]], plan: Plan) -> None:
        """Put a plan behind the facts it was compiled for."""
        at = self
        for ask, answer in facts:
            at.ask = at.ask or ask
            at = at.below.setdefault(answer, Tree())
        at.plan = plan


class Plans:
    """The plans made so far for one place, behind their facts. Past a number of them it starts anew: no client can make it grow."""

    def __init__(self) -> None:
        self.tree, self.count = Tree(), 0

    def find(self, variables: Any) -> Plan | None:
        """The plan for a request with these variables, if there is one yet."""
        return self.tree.find(variables)

    def add(self, facts: Sequence[tuple[Get, Any]], plan: Plan) -> None:
        """Keep a plan that was compiled for these facts."""
        if self.count >= PLANS_PER_DOCUMENT_MAX:
            self.tree, self.count = Tree(), 0
        self.tree.add(facts, plan)
        self.count += 1
