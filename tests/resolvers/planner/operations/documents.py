"""Writes operations over any schema: selections, aliases, fragments, directives, variables, paging and filters.

Nothing here knows a field by name but what Relay defines, so a new field is asked for as soon as it is declared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import graphql as g

from segments.core_types import named_type
from segments.strawberry_internals import metadata, python_name
from tests.resolvers.planner.operations.choices import Choices
from tests.resolvers.planner.operations.pool import Pool
from tests.resolvers.planner.operations.values import Values, can_be_literal, literal, sent, target_name
from tests.resolvers.planner.oracle.pages import PAGING

FIELDS_MAX = 14
DEPTH_MAX = 7
# Names that a careless planner uses in its own SQL, SQL's own words, cases that differ, and names that PostgreSQL cuts.
KEYS = ("a", "b", "o", "anon_1", "anon_2", "t1", "p1", "p2", "v1", "rn", "kind", "k0", "c0", "select", "Name", "name", "_", "id", "n", "x" * 63, "y" * 64, "z" * 70 + "1", "z" * 70 + "2")  # fmt: skip
ALIASES_MANY = 110
# What a careless client sends for a variable of some other type.
WRONG = (0, 1.0, 1.5, True, "x", "3", [], ["a"], {}, {"a": 1}, 2**31, -(2**63), None, "MILITARY", [None], [[1]])


@dataclass
class Scope:
    """The response keys used in a selection, so that fields of one key are such that can be merged."""

    keys: dict[str, tuple[str, Scope]] = field(default_factory=dict[str, tuple[str, "Scope"]])

    def agrees(self, other: Scope) -> bool:
        """Whether the selections of two scopes can stand beside each other."""
        return all(
            key not in self.keys or (self.keys[key][0] == mark and self.keys[key][1].agrees(inner))
            for key, (mark, inner) in other.keys.items()
        )

    def take(self, other: Scope) -> None:
        """Note the keys of another scope as used here too."""
        for key, (mark, inner) in other.keys.items():
            self.keys.setdefault(key, (mark, Scope()))[1].take(inner)


class Writer:
    """Writes one operation."""

    def __init__(
        self,
        schema: g.GraphQLSchema,
        pool: Pool,
        data: bytes,
        *,
        fields_max: int = FIELDS_MAX,
        roots: Collection[str] = (),
    ) -> None:
        self.schema = schema
        self.choices = Choices(data)
        self.values = Values(self.choices, pool)
        self.fields_left = fields_max
        self.roots = roots  # those to ask, where not all
        self.declared: list[str] = []
        self.variables: dict[str, Any] = {}
        self.remakers: dict[str, Callable[[], Any]] = {}
        self.fragments: dict[str, tuple[str, str, Scope]] = {}
        self.named = ""  # the type that the id of a `node` names, until its selection is written

    def operation(self) -> tuple[str, dict[str, Any]]:
        """The document and its variables."""
        assert self.schema.query_type
        body = self.selection(self.schema.query_type, 0, Scope())
        # What was written and left out again may have named variables and fragments that nothing else names.
        parts = [body, *(f"fragment {name} on {self.fragments[name][0]} {self.fragments[name][1]}" for name in self.spread_in(body))]  # fmt: skip
        used = set(re.findall(r"\$v\d+", " ".join(parts)))
        declared = [text for text in self.declared if text.partition(":")[0] in used]
        head = f"query Q({', '.join(declared)}) " if declared else ""
        self.variables = {name: value for name, value in self.variables.items() if f"${name}" in used}
        return head + "\n".join(parts), self.variables

    def again(self) -> dict[str, Any]:
        """Other variables for the same document, so that plans meet requests that they were not made for."""
        changed = [name for name in self.variables if self.choices.below(2)]
        return self.variables | {name: self.maybe_wrong(sent(self.remakers[name]())) for name in changed}

    def maybe_wrong(self, value: Any) -> Any:
        """A variable's value, or now and then one of another type."""
        return self.choices.of(WRONG) if self.choices.one_in(50) else value

    def spread_in(self, text: str) -> dict[str, None]:
        """The fragments that a text spreads, directly or through others."""
        found: dict[str, None] = {}
        waiting = [text]
        while waiting:
            for name in re.findall(r"\.\.\.(f\d+)", waiting.pop()):
                if name not in found:
                    found[name] = None
                    waiting.append(self.fragments[name][1])
        return found

    # ---- selections

    def selection(self, type_: Any, depth: int, scope: Scope) -> str:
        """A selection set of any type."""
        if g.is_abstract_type(type_):
            parts = self.of_abstract(type_, depth, scope)
        else:
            parts = self.of_fields(type_, depth, scope)
        return "{ " + " ".join(parts or ["__typename"]) + " }"

    def of_fields(self, type_: Any, depth: int, scope: Scope) -> list[str]:
        """Some fields of an object or interface, perhaps in fragments."""
        names = [
            name for name, each in type_.fields.items() if depth < DEPTH_MAX or g.is_leaf_type(named_type(each.type))
        ]
        if depth == 0 and self.roots:
            names = [name for name in names if name in self.roots]
        if {"pageInfo", "nodes"} <= set(names):
            asked = self.choices.some([*names, "edges", "nodes"], 4)
        else:
            asked = self.choices.some(names, 3 if depth == 0 else 5)
        parts = [part for name in asked for part in self.field(type_, name, depth, scope)]
        if depth and self.choices.one_in(60):
            parts += self.many_aliases(type_, scope)
        if self.choices.one_in(8):
            parts.append("__typename")
        if depth == 0 and self.choices.one_in(30):
            parts.append("__schema { queryType { name } }")
        return self.in_fragments(type_, depth, scope, parts)

    def of_abstract(self, type_: Any, depth: int, scope: Scope) -> list[str]:
        """Fields of an interface, and of the types that a value may be."""
        parts = self.of_fields(type_, depth, scope) if hasattr(type_, "fields") and self.choices.below(3) else []
        possible = sorted(self.schema.get_possible_types(type_), key=lambda each: (each.name != self.named, each.name))
        possible = [*possible[:1], *self.choices.some(possible, 2)] if self.named else self.choices.some(possible, 3)
        self.named = ""
        parts += [self.inline(each, depth, scope) for each in possible]
        return [*parts, "__typename"] if self.choices.below(2) else parts

    def in_fragments(self, type_: Any, depth: int, scope: Scope, parts: list[str]) -> list[str]:
        """The same, some of it in fragments, and some more."""
        if depth == 0 and not self.choices.one_in(3):
            return parts
        known = [name for name, (on, _, _) in self.fragments.items() if on == type_.name]
        if known and self.choices.below(2):
            parts += [self.spread_again(self.choices.of(known), scope)] * self.choices.of((1, 1, 2))
        if self.fields_left <= 0:
            return parts
        if self.choices.one_in(6):
            parts = [f"... {self.directives()}{{ {' '.join(parts)} }}"]
        if self.choices.one_in(6):
            wider = [type_, *getattr(type_, "interfaces", ())]
            parts.append(self.inline(self.choices.of(wider), depth, scope))
        if self.choices.one_in(2 if "id" in type_.fields and not known else 6):
            parts.append(self.spread(type_, depth, scope))
        return parts

    def inline(self, type_: Any, depth: int, scope: Scope) -> str:
        """An inline fragment on a type."""
        own = Scope()
        text = self.selection(type_, depth, own)
        if not scope.agrees(own):
            return "__typename"
        scope.take(own)
        return f"... on {type_.name} {self.directives()}{text}"

    def spread(self, type_: Any, depth: int, scope: Scope) -> str:
        """A named fragment of its own."""
        own = Scope()
        text = self.selection(type_, depth, own)
        name = f"f{len(self.fragments)}"
        self.fragments[name] = (type_.name, text, own)
        return self.spread_again(name, scope)

    def spread_again(self, name: str, scope: Scope) -> str:
        """A named fragment, if its fields can stand beside those that are here."""
        if not scope.agrees(self.fragments[name][2]):
            return "__typename"
        scope.take(self.fragments[name][2])
        return f"...{name} {self.directives()}"

    # ---- fields

    def field(self, type_: Any, name: str, depth: int, scope: Scope) -> list[str]:
        """A field with its arguments and selection; now and then twice, with selections that are to be merged."""
        definition = type_.fields[name]
        target = named_type(definition.type)
        self.fields_left -= 1
        is_leaf = g.is_leaf_type(target)
        if not is_leaf and self.fields_left <= 0:
            return []
        call = name + self.arguments(type_, definition)
        key = self.key(name, f"{call}: {definition.type}", scope)
        if key is None:
            return []
        shown = call if key == name else f"{key}: {call}"
        written = [f"{shown} {self.directives()}" for _ in range(2 if self.choices.one_in(8) else 1)]
        inner = scope.keys[key][1]
        return written if is_leaf else [each + self.selection(target, depth + 1, inner) for each in written]

    def key(self, name: str, mark: str, scope: Scope) -> str | None:
        """A response key under which a field can stand here."""
        wanted = self.choices.of(KEYS) if self.choices.one_in(5) else name
        for key in (wanted, f"{name}{len(scope.keys)}"):
            if scope.keys.setdefault(key, (mark, Scope()))[0] == mark:
                return key
        return None

    def many_aliases(self, type_: Any, scope: Scope) -> list[str]:
        """More leaves than one PostgreSQL function takes arguments for, with one key that no column can have."""
        leaves = [
            name for name, each in type_.fields.items() if g.is_leaf_type(named_type(each.type)) and not each.args
        ]
        keys = [f"m{at}" for at in range(ALIASES_MANY)] + ["m" * 65] * self.choices.below(2)
        if not leaves or any(key in scope.keys for key in keys):
            return []
        found: list[str] = []
        for at, key in enumerate(keys):
            name = leaves[at % len(leaves)]
            scope.keys[key] = (f"{name}: {type_.fields[name].type}", Scope())
            found.append(f"{key}: {name}")
        return found

    # ---- arguments and directives

    def arguments(self, type_: Any, definition: Any) -> str:
        """The arguments of a field."""
        given = self.of_root(definition)
        remakers: dict[str, Callable[[], Any]] = {}
        if target := target_name(definition):
            place = list_of(type_, definition)
            given = self.values.paging(place, target)
            remakers = {"first": self.values.size, "last": self.values.size}
            remakers |= dict.fromkeys(("after", "before"), lambda: self.values.cursor(place, target))
        for argument, element in definition.args.items():
            remakers.setdefault(argument, partial(self.values.of, argument, element))
            if argument not in {*(PAGING if target else ()), *given} and (
                g.is_required_argument(element) or self.choices.below(2)
            ):
                given[argument] = self.values.of(argument, element)
        written = [
            f"{each}: {self.written(definition.args[each], value, remakers[each])}" for each, value in given.items()
        ]
        return f"({', '.join(written)})" if written else ""

    def of_root(self, definition: Any) -> dict[str, Any]:
        """The arguments by which a root names rows: ids or keys of such as there are, for the most part."""
        root = metadata(definition).get("root")
        kind, target = (root.kind if root else None), named_type(definition.type)
        if kind == "by_key":
            return {name: self.values.key(target.name, python_name(each)) for name, each in definition.args.items()}
        if kind not in {"by_id", "node", "nodes"}:
            return {}
        possible = self.schema.get_possible_types(target) if g.is_abstract_type(target) else [target]
        self.named, ids = self.values.ids(sorted(each.name for each in possible))
        return {"ids": ids} if kind == "nodes" else {"id": ids[0]}

    def written(self, element: Any, value: Any, remake: Callable[[], Any]) -> str:
        """A value as a literal, as a variable, or as a literal with variables inside."""
        how = self.choices.below(4)
        type_ = element.type
        if how == 1 or not can_be_literal(value):
            return self.variable(str(type_), value, remake)
        if how == 2 and isinstance(value, dict):
            fields = named_type(type_).fields
            parts = [
                f"{each}: {self.written(fields[each], inner, partial(self.values.of, each, fields[each]))}"
                for each, inner in value.items()
            ]
            return "{" + ", ".join(parts) + "}"
        if how == 3 and isinstance(value, list) and g.is_list_type(g.get_nullable_type(type_)):
            of = g.get_nullable_type(type_).of_type
            return "[" + ", ".join(self.variable(str(of), item, lambda item=item: item) for item in value) + "]"
        return literal(value)

    def variable(self, type_name: str, value: Any, remake: Callable[[], Any]) -> str:
        """A variable of this value: given, by its default, or absent where that means null."""
        name = f"v{len(self.declared)}"
        self.remakers[name] = remake
        how = self.choices.below(8)
        if how == 1 and can_be_literal(value) and value is not None:
            self.declared.append(f"${name}: {type_name} = {literal(value)}")
            return f"${name}"
        self.declared.append(f"${name}: {type_name}")
        if not (how == 2 and value is None):
            self.variables[name] = self.maybe_wrong(sent(value))
        return f"${name}"

    def directives(self) -> str:
        """Now and then `@skip` or `@include`, or both."""
        found: list[str] = []
        for name, simplest in (("include", True), ("skip", False)):
            if self.choices.one_in(20):
                value = simplest if self.choices.below(2) else not simplest
                either = partial(self.choices.of, (True, False))
                shown = self.variable("Boolean!", value, either) if self.choices.below(3) else literal(value)
                found.append(f"@{name}(if: {shown}) ")
        return "".join(found)


def list_of(type_: Any, definition: Any) -> str:
    """What the pool calls the list of a field."""
    return f"{type_.name}.{python_name(definition)}"
