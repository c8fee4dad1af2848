"""What the oracle must be told: how a computed field is answered, in plain Python over the rows that a viewer sees.

A column, a relation and a value object of columns need nothing. Whatever a schema module declares beyond that is
registered here by its GraphQL type and its Python name; a field that nobody registered stops the tests by its name.

    @ANSWERS.answer("Customer", "name")             sql(…): (seen, row, **arguments) -> the value
    @ANSWERS.answer("Customer", "contacts")         related(…): (seen, row of the target, **arguments) -> whether it is listed; may take the owner's row as `of`
    @ANSWERS.answer("Query", "customers")           listing(…): likewise
    @ANSWERS.answer("Query", "order_totals")        selected(…): (seen, **arguments) -> a dict, a list of dicts, or None
    @ANSWERS.answer("Plate", "label")               python(…): (seen, row) -> the value
    @ANSWERS.merged("Customer", "timeline", kinds=(dt.datetime,), descending=True)
                                                    merged(…): (seen, owner row, **arguments) -> (type, row, keys) of each

Arguments come by their Python names, members of an input object as keywords of their own, None where absent; enums as
their names, ids as they were sent (`key_in(id, "Customer")`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import graphql as g

from segments.strawberry_internals import metadata, python_name

Answer = Callable[..., Any]
# Notes of a declaration that the oracle answers without being told, and those that it must be told of.
SELF_EVIDENT = frozenset({"by_id", "by_key", "node", "nodes"})
TOLD = frozenset({"list", "one", "selected", "merged"})


@dataclass(frozen=True)
class MergedAnswer:
    """How a list over several row types is answered: the types of its keys before the id, and its direction."""

    entries: Answer
    kinds: tuple[type, ...]
    descending: bool


class Answers:
    """The registry of one schema."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Any] = {}

    def answer(self, type_name: str, *names: str) -> Callable[[Answer], Answer]:
        """Register how fields of a type are answered."""

        def register(function: Answer) -> Answer:
            for name in names:
                assert (type_name, name) not in self.known, f"{type_name}.{name} is registered twice"
                self.known[type_name, name] = function
            return function

        return register

    def merged(
        self, type_name: str, name: str, *, kinds: tuple[type, ...], descending: bool
    ) -> Callable[[Answer], Answer]:
        """Register how a merged list is answered."""

        def register(function: Answer) -> Answer:
            self.known[type_name, name] = MergedAnswer(function, kinds, descending)
            return function

        return register

    def of(self, type_name: str, field: Any) -> Any:
        """What is registered for a field."""
        return self.known[type_name, python_name(field)]

    def missing(self, schema: g.GraphQLSchema) -> list[str]:
        """The fields of a schema that somebody must register."""
        return sorted(
            f"{type_.name}.{python_name(field, name)}: its declaration computes it, and tests/resolvers/planner/oracle/ "
            "does not know how; register it there"
            for type_ in schema.type_map.values()
            if isinstance(type_, g.GraphQLObjectType) and type_ not in {schema.mutation_type, schema.subscription_type}
            for name, field in type_.fields.items()
            if must_be_told(field) and (type_.name, python_name(field)) not in self.known
        )

    def superfluous(self, schema: g.GraphQLSchema) -> Iterator[str]:
        """Registrations of fields that a schema does not compute."""
        for type_name, name in self.known:
            type_: Any = schema.type_map.get(type_name)
            fields = type_.fields.values() if type_ else ()
            if not any(python_name(field) == name and must_be_told(field) for field in fields):
                yield f"{type_name}.{name}"


def must_be_told(field: Any) -> bool:
    """Whether a field's declaration says more than a column or a relation by name."""
    note = metadata(field)
    root = note.get("root")
    if root is not None:
        assert root.kind in SELF_EVIDENT | TOLD | {"watch"}, f"the oracle knows no root of kind {root.kind}"
        return root.kind in TOLD
    unknown = note.keys() - {"sql", "where", "relation", "python", "of", "most"}
    assert not unknown, f"the oracle knows no note {sorted(unknown)}"
    return bool({"sql", "where", "python"} & note.keys())
