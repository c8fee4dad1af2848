"""Every change a view offers, made from its mutation fields: with ids of rows that are visible, hidden, or not there.

A valid input names visible rows. Then each id in it, one at a time, goes through other rows of its type, and each label
through the others of its enum.
"""

from __future__ import annotations

import copy
import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import graphql as g

from resolvers.planner.idempotency import REQUIRED
from resolvers.planner.keys import encode_id
from segments.core_types import is_list, named_type
from segments.strawberry_internals import metadata, python_name
from tests.rows import NOW
from tests.schema.questions import selection
from tests.schema.worlds import TYPES, Made, World

# Rows that the next step is possible for come first in a world.
VISIBLE_MAX, HIDDEN_MAX = 12, 4
SIMPLE: dict[str, Any] = {
    "String": "text",
    "Int": 9,
    "Boolean": False,
    "BigInt": "9",
    "Decimal": "9",
    "DateTime": (NOW - dt.timedelta(hours=1)).isoformat(),
    "Date": NOW.date().isoformat(),
}
# Members that not every value of their type is valid for, by their Python names.
NAMED: dict[str, Any] = {
    "compartments": [],
    "scopes": [],
    "redirect_uris": [],
    "role": "sales",
    "escalation_role": "sales",
    "needed": 1,
    "subject": "EXPERIENCE",
    "opens": "09:30",
    "closes": "18:00",
    "slot_minutes": 30,
    "target_classification": "PUBLIC",
    "weight": 100,
    "price": "12.80",
    "time_zone": "Asia/Shanghai",
    "period_from": (NOW - dt.timedelta(days=1)).isoformat(),
    "worth_currency": "CNY",
    "amount_min": "9",
    "licence_until": (NOW.date() + dt.timedelta(days=1)).isoformat(),
    "valid_until": (NOW + dt.timedelta(days=1)).isoformat(),
}


class Anything:
    """Holds whatever is asked for: a type without labels takes every value."""

    def __contains__(self, _: object) -> bool:
        return True


ANYTHING = Anything()
# Members of which one excludes another.
LEFT_OUT = {
    "ApprovalSignerInput": {"employee"},
    "DecideDeclassificationInput": {"delegation"},
    "PublishApprovalPolicyInput": {"passesBecause", "amountBelow"},
    "DecideReclassificationInput": {"delegation"},
    "DecidePointsAdjustmentInput": {"delegation"},
    "SetPointsProgrammeInput": {"programme", "version"},
    "RequestReclassificationInput": {"equipment", "outcome"},
    "EarnTermsInput": {"amount", "factorPercent"},
    "EndEarnRuleVersionInput": {"at"},
    "RingUpSaleInput": {"member"},
}

# What takes from a viewer what others need comes last: changes are made one after the other.
TAKE_AWAY = {"removeStoreEmployee"}


@dataclass(frozen=True)
class Change:
    """A mutation and its variables. `place` is what was put in, `kind` says what an id names: visible, hidden, none."""

    field: str
    source: str
    variables: dict[str, Any]
    place: str
    kind: str


class Changes:
    """The changes of one view in one world."""

    def __init__(self, schema: g.GraphQLSchema, world: World, hidden: list[Made]) -> None:
        self.schema = schema
        self.world = world
        self.hidden_keys = {made.key for made in hidden}

    def all(self) -> Iterator[Change]:
        """All of them."""
        root = self.schema.mutation_type
        fields = root.fields if root else {}
        for name, field in sorted(fields.items(), key=lambda each: each[0] in TAKE_AWAY):
            payload: Any = named_type(field.type)
            below = " ".join(
                key
                if g.is_leaf_type(named_type(each.type))
                else f"{key} {{ {selection(self.schema, named_type(each.type), 1 if key != 'errors' else 0)} }}"
                for key, each in payload.fields.items()
            )
            input_: Any = named_type(field.args["input"].type)
            for number, (place, kind, value) in enumerate(self.inputs(input_)):
                # Each is another request, so each has another key; a variable, so that the document is one.
                keyed = metadata(field).get(REQUIRED)
                declared, key = (", $key: String!", " @idempotent(key: $key)") if keyed else ("", "")
                source = f"mutation($input: {input_.name}!{declared}) {{ {name}(input: $input){key} {{ {below} }} }}"
                yield Change(
                    name, source, {"input": value} | ({"key": f"{name} {number}"} if keyed else {}), place, kind
                )

    def inputs(self, input_: Any) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """A valid input with each of its ids changed in turn."""
        valid = self.valid(input_)
        yield "", "valid", valid
        for path, member in leaves(input_):
            type_ = named_type(member.type)
            if path[-1] in LEFT_OUT.get(self.owner(input_, path), ()):
                continue
            if type_.name == "ID":
                for kind, id_ in self.ids(metadata(member)["of"]):
                    yield ".".join(path), kind, put(valid, path, id_)
            if isinstance(type_, g.GraphQLEnumType):
                for label in type_.values:
                    yield ".".join(path), "label", put(valid, path, label)

    def owner(self, input_: Any, path: tuple[str, ...]) -> str:
        """The input type that a path's last member belongs to."""
        for name in path[:-1]:
            input_ = named_type(input_.fields[name].type)
        return str(input_.name)

    def valid(self, input_: Any) -> dict[str, Any]:
        """An input that names visible rows in all its members."""
        without = LEFT_OUT.get(input_.name, ())
        return {name: self.value(name, each) for name, each in input_.fields.items() if name not in without}

    def value(self, name: str, member: Any) -> Any:
        """A valid value of a member; of labels the second, because a change to the first may change nothing."""
        type_ = named_type(member.type)
        if python_name(member, name) in NAMED and NAMED[python_name(member, name)] in getattr(
            type_, "values", ANYTHING
        ):
            return NAMED[python_name(member, name)]
        if type_.name == "ID":
            visible = (id_ for kind, id_ in self.ids(metadata(member)["of"]) if kind == "visible")
            # No world has rows that the database's own functions write.
            found: Any = next(visible, encode_id(metadata(member)["of"], uuid.UUID(int=7)))
        elif isinstance(type_, g.GraphQLInputObjectType):
            found = self.valid(type_)
        elif isinstance(type_, g.GraphQLEnumType):
            found = list(type_.values)[1]
        else:
            found = SIMPLE[type_.name]
        return [found] if is_list(member.type) else found

    def ids(self, type_name: str) -> Iterator[tuple[str, str]]:
        """Ids of a type's rows, and of none."""
        table = next(table for table, name in TYPES.items() if name == type_name)
        rows = self.world.of(table)
        visible = [made for made in rows if made.key not in self.hidden_keys][:VISIBLE_MAX]
        hidden = [made for made in rows if made.key in self.hidden_keys][:HIDDEN_MAX]
        yield from (("visible", made.global_id) for made in visible)
        yield from (("hidden", made.global_id) for made in hidden)
        yield "none", encode_id(type_name, uuid.UUID(int=7))
        yield "none", encode_id("Nothing", uuid.UUID(int=7))
        yield "none", "x"


def leaves(input_: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The members of an input that are no objects, through its inner objects."""
    for name, member in input_.fields.items():
        type_ = named_type(member.type)
        if isinstance(type_, g.GraphQLInputObjectType):
            yield from leaves(type_, (*path, name))
        else:
            yield (*path, name), member


def put(value: dict[str, Any], path: tuple[str, ...], leaf: Any) -> dict[str, Any]:
    """The input with another leaf at a path; lists have one item."""
    changed = copy.deepcopy(value)
    at: Any = changed
    for name in path[:-1]:
        at = at[name][0] if isinstance(at[name], list) else at[name]
    last = path[-1]
    at[last] = [leaf] if isinstance(at[last], list) else leaf
    return changed
