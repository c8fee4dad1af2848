"""A plan is a statement and how to fill it; plans stand behind a decision tree of the facts they were compiled for."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect

from resolvers.planner.declare import Batch
from resolvers.planner.sqljson import Expression, literal
from resolvers.planner.values import Constant, Get, Values
from segments.viewer import ROW_SETTINGS, Viewer

DIALECT = asyncpg_dialect()
PLANS_PER_DOCUMENT_MAX = 64
_numbers = itertools.count()

# What a statement may bind besides the request's own values.
Take = Callable[[Any, Viewer, dt.datetime], Any]
VIEWER_BINDS: dict[str, Take] = {
    "viewer_language": lambda _, viewer, __: viewer.language,
    "viewer_now": lambda _, __, now: now,
    "viewer_audience": lambda _, viewer, __: viewer.settings[0],
    "viewer_customer": lambda _, viewer, __: viewer.customer_id,
    "viewer_person": lambda _, viewer, __: viewer.person_id,
}
SETTING_BINDS = [f"set_{at}" for at in range(len(ROW_SETTINGS))]


class Plan:
    """One statement, and for each of its parameters where the value comes from."""

    def __init__(self, answer: Expression, values: Values, batches: Sequence[Batch], *, secured: bool) -> None:
        compiled = sa.select(under_row_settings(answer) if secured else answer).compile(dialect=DIALECT)
        self.sql = str(compiled)
        self.name = f"q{next(_numbers)}"
        self.batches = list(batches)
        names: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        # A viewer has its settings ready, in the order in which secured statements begin.
        self.begins_with_settings = list(names[: len(SETTING_BINDS)]) == SETTING_BINDS
        own = names[len(SETTING_BINDS) :] if self.begins_with_settings else names
        self.takes = [take(name, compiled, values) for name in own]
        # An argument is checked even where nothing is asked of what it belongs to.
        self.checks = [get for name, get in values.binds.items() if name not in names]

    def arguments(self, variables: Any, viewer: Viewer, now: dt.datetime) -> list[Any]:
        """The values of the statement's parameters for a request."""
        for check in self.checks:
            check(variables)
        values = [get(variables, viewer, now) for get in self.takes]
        return [*viewer.settings, *values] if self.begins_with_settings else values


def under_row_settings(answer: Expression) -> Expression:
    """Set the viewer and read under it in one statement: CASE evaluates its condition first, sub-selects are lazy.

    The settings end with the statement, because outside a transaction block each statement is a transaction.
    """
    settings = [
        sa.func.set_config(literal(name), sa.bindparam(bind, type_=sa.Text()), sa.true()).is_not(None)
        for name, bind in zip(ROW_SETTINGS, SETTING_BINDS, strict=True)
    ]
    return sa.case((sa.and_(*settings), answer))


def take(name: str, compiled: Any, values: Values) -> Take:
    """Where the value of one parameter comes from, through the processing its column type asks for."""
    if name in VIEWER_BINDS:
        return VIEWER_BINDS[name]
    process = compiled.binds[name].type.dialect_impl(DIALECT).bind_processor(DIALECT)
    get = values.binds.get(name)
    if get is None:
        constant = compiled.params[name]
        ready = process(constant) if process and constant is not None else constant
        return lambda _, __, ___: ready
    return processed(get, process)


def processed(get: Get, process: Callable[[Any], Any] | None) -> Take:
    """A request's value as the driver takes it."""
    if isinstance(get, Constant):
        constant = get.value if process is None or get.value is None else process(get.value)
        return lambda _, __, ___: constant
    if process is None:
        return lambda variables, _, __: get(variables)

    def ready(variables: Any, _: Viewer, __: dt.datetime) -> Any:
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
