"""Arguments as functions of a request.

A plan is compiled *for* the facts it asked about a request's values: is `filter.phase` given? is the cursor's first key
null? which type does this id name? is `@include` true? Facts become a decision tree in front of the plans, values become
bind parameters. So SQL never contains `$1 is null or …`, and a plan never serves a request it does not fit.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import graphql as g
import sqlalchemy as sa
from sqlalchemy import BindParameter, bindparam

from resolvers.planner.errors import bad_input
from resolvers.planner.keys import decode_id
from segments.core_types import is_list, is_non_null, nullable_type
from segments.strawberry_internals import enum_members, metadata, python_name

coerce_input_literal: Any = vars(g.utilities)[
    "coerce_input_literal"
]  # its own signature is partly unknown to a strict checker

# graphql-core's coerced variables in, a value out.
Get = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Constant:
    """What is the same for every request: the document says it."""

    value: Any

    def __call__(self, _: Any) -> Any:
        """The value."""
        return self.value


ABSENT = Constant(None)


@dataclass(frozen=True, slots=True)
class Named:
    """What a request gives a variable. Where it is asked for, the functions below do so in one step."""

    name: str
    default: Any

    def __call__(self, variables: Any) -> Any:
        """The value."""
        return variables.coerced.get(self.name, self.default)

    def is_given(self) -> Get:
        """Whether the value is there and not null."""
        name, default = self.name, self.default
        return lambda variables: variables.coerced.get(name, default) is not None

    def text(self) -> Get:
        """The value as the database takes it, which is nearly always a text that can be stored as it is."""
        name, default = self.name, self.default

        def stored(variables: Any) -> Any:
            value = variables.coerced.get(name, default)
            return value if type(value) is str and value.isascii() and "\0" not in value else plain(value)

        return stored


PAGE_DEFAULT, PAGE_MAX = 20, 100
DECIMAL_DIGITS_MAX = 100  # on each side of the point; PostgreSQL takes more, but no amount has as many
NOTHING = uuid.UUID(int=0)  # the key of no row: what an id of the wrong type stands for


@dataclass(frozen=True, slots=True)
class WrittenObject:
    """An object literal of the document whose members are known one by one."""

    members: Mapping[str, Get]

    def __call__(self, variables: Any) -> Any:
        """The object's value."""
        return {name: get(variables) for name, get in self.members.items()}


class Values:
    """Asks facts about one request and makes binds that hold for every request with the same facts."""

    def __init__(self, variables: Any) -> None:
        self.variables = variables
        self.facts: list[tuple[Get, Any]] = []
        self.binds: dict[str, Get] = {}

    def fact(self, ask: Get) -> Any:
        """The answer for this request; the plan is used again only for requests that answer the same."""
        if isinstance(ask, Constant):
            return ask.value
        answer = ask(self.variables)
        self.facts.append((ask, answer))
        return answer

    def bind(self, get: Get, type_: Any = None) -> BindParameter[Any]:
        """A parameter of the statement whose value each request gives."""
        name = f"b{len(self.binds)}"
        self.binds[name] = get
        return bindparam(name, type_=type_, unique=False, required=True)

    def argument(self, field: Any, node: Any, name: str) -> Get:
        """An argument of a field or directive: a literal, a variable, or a literal with variables inside."""
        argument = field.args.get(name)
        written = next((each.value for each in node.arguments or () if each.name.value == name), None)
        default = None if argument is None or argument.default_value is g.Undefined else argument.default_value
        if argument is None or written is None:
            return Constant(default)
        if isinstance(written, g.VariableNode):
            return Named(written.name.value, default)
        if names_variable(written):
            members = taken_apart(written, argument.type)
            return (
                WrittenObject(members)
                if members
                else once(lambda variables: coerce_input_literal(written, argument.type, variables))
            )
        return Constant(coerce_input_literal(written, argument.type))

    def given(self, get: Get) -> bool:
        """Whether the value is there and not null, as a fact."""
        if isinstance(get, WrittenObject):
            return True
        if isinstance(get, Constant):
            return get.value is not None
        ask: Get = get.is_given() if isinstance(get, Named) else lambda variables: get(variables) is not None
        return bool(self.fact(ask))

    def keywords(self, field: Any, node: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
        """A field's arguments as a condition receives them; input objects come apart into keywords of their own."""
        found: dict[str, Any] = {}
        for name, argument in field.args.items():
            if name not in skip:
                self.spread(found, python_name(argument, name), argument, self.argument(field, node, name))
        return found

    def spread(self, found: dict[str, Any], name: str, element: Any, get: Get) -> None:
        """Put the value of an argument or input field among the keywords: None, a bind, or its members."""
        type_ = nullable_type(element.type)
        if isinstance(type_, g.GraphQLInputObjectType):
            there = self.given(get)
            for member, inner in type_.fields.items():
                inside = member_of(get, member) if there else ABSENT
                self.spread(found, python_name(inner, member), inner, inside)
            return
        note = metadata(element)
        wanted, through = note.get("of"), note.get("through")

        def taken(variables: Any) -> Any:
            value = plain(get(variables), wanted)
            return through(value) if through else value

        if not self.given(get):
            found[name] = None
        elif isinstance(get, Named) and wanted is None and through is None:
            found[name] = self.bind(get.text(), column_type(type_))
        else:
            found[name] = self.bind(taken, None if through else column_type(type_, wanted))


def taken_apart(literal: Any, type_: Any) -> Mapping[str, Get] | None:
    """The members of an object literal, each a variable or the same for every request.

    None where the literal must be looked at as a whole: variables deeper within, or rules about what is given together.
    To have graphql-core coerce a filter of one variable anew took longer than all else that the engine does for a list.
    """
    type_ = nullable_type(type_)
    if not isinstance(literal, g.ObjectValueNode) or not isinstance(type_, g.GraphQLInputObjectType) or type_.is_one_of:
        return None
    variables = {each.name.value: each.value for each in literal.fields if isinstance(each.value, g.VariableNode)}
    others = tuple(each for each in literal.fields if each.name.value not in variables)
    if any(names_variable(each.value) for each in others) or any(
        is_non_null(type_.fields[name].type) for name in variables
    ):
        return None
    # With the defaults of what is not written.
    fixed = coerce_input_literal(g.ObjectValueNode(fields=others), type_)
    if not isinstance(fixed, dict):
        return None
    found: dict[str, Get] = {}
    for name in type_.fields:
        value: Any = fixed.get(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        found[name] = Named(variables[name].name.value, value) if name in variables else Constant(value)
    return found


SCALARS: dict[str, Any] = {
    "String": sa.Text(),
    "ID": sa.Text(),
    "Int": sa.BigInteger(),
    "BigInt": sa.BigInteger(),
    "Decimal": sa.Numeric(),
    "Boolean": sa.Boolean(),
    "Date": sa.Date(),
    "DateTime": sa.DateTime(timezone=True),
}


def column_type(type_: Any, wanted_type: str | None = None) -> Any:
    """The type of a value's parameter; None leaves it to what an expression compares it with.

    A function of several arguments, `any` or a plain SELECT say nothing of a parameter's type, and PostgreSQL refuses it.
    """
    if is_list(type_):
        inner = column_type(nullable_type(nullable_type(type_).of_type), wanted_type)
        return None if inner is None else sa.ARRAY(inner)
    if isinstance(type_, g.GraphQLEnumType):
        # Degrees of secrecy are stored as ranks, which their column's type makes of them.
        ranked = any(hasattr(member, "rank") for member in enum_members(type_).values())
        return None if ranked else sa.Text()
    return sa.Uuid() if wanted_type is not None else SCALARS.get(type_.name)


def once(get: Get) -> Get:
    """The same value, found once a request: a tree of facts and a plan's parameters ask for it many times, in one go."""
    last: tuple[Any, Any] = (None, None)

    def found(variables: Any) -> Any:
        nonlocal last
        if last[0] is not variables:
            last = variables, get(variables)
        return last[1]

    return found


def member_of(get: Get, name: str) -> Get:
    """A member of an input object's value."""
    if isinstance(get, WrittenObject):
        return get.members[name]

    def inner(variables: Any) -> Any:
        whole = get(variables)
        found = whole.get(name) if isinstance(whole, dict) else getattr(whole, name)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return None if found is g.Undefined else found  # pyright: ignore[reportUnknownVariableType]

    return Constant(inner(None)) if isinstance(get, Constant) else inner


def names_variable(literal: Any) -> bool:
    """Whether a literal has a variable somewhere inside."""
    if isinstance(literal, g.VariableNode):
        return True
    if isinstance(literal, g.ListValueNode):
        return any(names_variable(item) for item in literal.values)
    return isinstance(literal, g.ObjectValueNode) and any(names_variable(field.value) for field in literal.fields)


def plain(value: Any, wanted_type: str | None = None) -> Any:
    """A coerced value as the database takes it. What PostgreSQL cannot store is refused here."""
    if type(value) is str and wanted_type is None:
        check_text(value)
        return value
    if isinstance(value, list):
        return [plain(item, wanted_type) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, dict):  # an input object in a list
        return {name: plain(member) for name, member in value.items()}  # pyright: ignore[reportUnknownVariableType]
    if wanted_type is not None:
        named = decode_id(value)
        return named[1] if named and named[0] == wanted_type else NOTHING
    if isinstance(value, dt.datetime):
        check_time(value)
    if isinstance(value, Decimal):
        check_decimal(value)
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise bad_input("request.integer_range")
    return value.value if isinstance(value, enum.Enum) and not hasattr(value, "rank") else value


def check_time(instant: dt.datetime) -> None:
    """A time without a zone is no instant, and one that is past the year 9999 in UTC cannot be sent to the database."""
    if instant.tzinfo is None:
        raise bad_input("request.time_without_zone")
    try:
        instant.astimezone(dt.UTC)
    except OverflowError as error:
        raise bad_input("request.time_range") from error


def check_text(text: str) -> None:
    """NUL and lone surrogates are valid in GraphQL and JSON, and impossible in PostgreSQL's text."""
    if "\0" in text:
        raise bad_input("request.nul_in_text")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise bad_input("request.surrogate_in_text") from error


def check_decimal(number: Decimal) -> None:
    """What is no number, or one of so many digits that to write it out would be work."""
    exponent = number.as_tuple().exponent
    if isinstance(exponent, str) or exponent < -DECIMAL_DIGITS_MAX or number.adjusted() > DECIMAL_DIGITS_MAX:
        raise bad_input("request.decimal_range")


def page_size(number: int | None) -> int:
    """The rows of a page; 20 unless told, 100 at most, so that no list is unbounded."""
    size = PAGE_DEFAULT if number is None else number
    if not 0 <= size <= PAGE_MAX:
        raise bad_input("request.page_size", max=PAGE_MAX)
    return size
