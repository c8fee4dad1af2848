"""What a request is answered with by the oracle: data, or the code of its refusal before anything is read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g
from graphql.execution.values import get_argument_values, get_directive_values, get_variable_values

from segments.core_types import named_type
from segments.marks import Needs
from segments.strawberry_internals import directives, metadata, type_arguments
from tests.resolvers.planner.oracle.pages import PAGING, check_page
from tests.resolvers.planner.oracle.schema import IDS_MAX, Oracle
from tests.resolvers.planner.oracle.seen import Seen
from tests.resolvers.planner.oracle.texts import Refused, check_text, read_global_id

NAMED_BY_ID = frozenset({"by_id", "node"})


@dataclass(frozen=True)
class Expected:
    """What must come back."""

    data: Any = None
    refused: str | None = None


def expected(
    oracle: Oracle, seen: Seen, source: str, variables: Mapping[str, Any], *, validate: bool = True
) -> Expected:
    """The answer to a document of one operation; `validate` may be left out for one that is known to be valid."""
    try:
        return Expected(data=answered(oracle, seen, source, variables, validate=validate))
    except Refused as refusal:
        return Expected(refused=refusal.code)


def answered(oracle: Oracle, seen: Seen, source: str, variables: Mapping[str, Any], *, validate: bool) -> Any:
    """The data, or a refusal."""
    document = g.parse(source, no_location=True)
    if validate and (errors := g.validate(oracle.schema, document)):
        raise Refused("GRAPHQL_VALIDATION_FAILED", errors[0].message)
    request = Request(oracle, document)
    if request.static_scopes(seen) - seen.viewer.scopes:
        raise Refused("INSUFFICIENT_SCOPE", "a field")
    definitions = request.operation.variable_definitions or ()
    coerced = get_variable_values(oracle.schema, definitions, dict(variables))
    if isinstance(coerced, list):
        raise Refused("BAD_USER_INPUT", coerced[0].message)
    request.variables = coerced
    request.check_scopes(seen)
    request.check_selection(oracle.schema.query_type, [request.operation.selection_set])
    result: Any = vars(g)["execute_sync"](oracle.schema, document, None, seen, dict(variables))
    if result.errors:
        if isinstance(refusal := result.errors[0].original_error, Refused):
            # What only the rows can say: that a day has not begun where a programme is.
            raise refusal
        raise AssertionError(f"the oracle failed at {result.errors[0].path}") from result.errors[0]
    return result.data


class Request:
    """A valid document of one operation."""

    def __init__(self, oracle: Oracle, document: g.DocumentNode) -> None:
        self.oracle = oracle
        self.schema = oracle.schema
        self.fragments = {each.name.value: each for each in document.definitions if hasattr(each, "type_condition")}
        (self.operation,) = (each for each in document.definitions if isinstance(each, g.OperationDefinitionNode))
        self.named = list(self.fields_named(self.schema.query_type, self.operation.selection_set))
        self.variables: Any = None

    # ---- scopes

    def check_scopes(self, seen: Seen) -> None:
        """Refuse when a field asks for a scope that is missing, included or not; ids ask for what their types ask for."""
        for _, field, node in self.named:
            root = metadata(field).get("root")
            target = named_type(field.type)
            ids: list[str] = []
            if root is not None and root.kind in {"node", "nodes"}:
                arguments = get_argument_values(field, node, self.variables)
                ids = arguments["ids"] if root.kind == "nodes" else [arguments["id"]]
            types = self.oracle.row_types(target)
            found = [read_global_id(text, types) for text in ids]
            if any(self.asked_by(seen, types[each[0]]) - seen.viewer.scopes for each in found if each):
                raise Refused("INSUFFICIENT_SCOPE", "an id")

    def static_scopes(self, seen: Seen) -> set[str]:
        """The scopes that the fields ask for whatever the variables are."""
        found: set[str] = set()
        for parent, field, _ in self.named:
            target = named_type(field.type)
            root = metadata(field).get("root")
            marked = [parent, field, target]
            if root is None or root.kind not in {"node", "nodes"}:
                marked += self.oracle.row_types(target).values()
            nodes = getattr(target, "fields", {}).get("nodes") if target.name.endswith("Connection") else None
            if nodes is not None:
                marked += [named_type(nodes.type), *self.oracle.row_types(named_type(nodes.type)).values()]
            found.update(scope for each in marked for scope in self.asked_by(seen, each))
        return found

    def asked_by(self, seen: Seen, element: Any) -> set[str]:
        """The scopes that the marks of an element ask of the viewer's audience."""
        marks = [mark for mark in directives(element) if isinstance(mark, Needs)]
        for made_with in [] if hasattr(element, "args") else type_arguments(element):
            marks += [mark for mark in made_with.directives or () if isinstance(mark, Needs)]
        return {scope for mark in marks if seen.viewer.audience in mark.by for scope in mark.scopes}

    def fields_named(self, type_: Any, selections: Any) -> Iterator[tuple[Any, Any, Any]]:
        """Every field that a selection names: the type it is named on, itself, and where."""
        for selection in selections.selections:
            if isinstance(selection, g.FieldNode):
                field = getattr(type_, "fields", {}).get(selection.name.value)
                if field is not None:
                    yield type_, field, selection
                    if selection.selection_set:
                        yield from self.fields_named(named_type(field.type), selection.selection_set)
                continue
            part = self.fragments[selection.name.value] if isinstance(selection, g.FragmentSpreadNode) else selection
            yield from self.fields_named(self.condition(part, type_), part.selection_set)

    def condition(self, part: Any, type_: Any) -> Any:
        """The type a fragment is on."""
        return self.schema.get_type(part.type_condition.name.value) if part.type_condition else type_

    # ---- arguments

    def check_selection(self, type_: Any, selections: Sequence[Any]) -> None:
        """The fields of one object type."""
        found: dict[str, list[g.FieldNode]] = {}
        for selection in selections:
            self.collect(type_, selection, found)
        for nodes in found.values():
            field = type_.fields.get(nodes[0].name.value)
            if field is None:
                continue
            arguments = get_argument_values(field, nodes[0], self.variables)
            self.check_field(type_, field, arguments)
            inner = [node.selection_set for node in nodes if node.selection_set]
            for possible in self.asked_types(field, arguments) if inner else ():
                self.check_selection(possible, inner)

    def collect(self, type_: Any, selections: Any, found: dict[str, list[g.FieldNode]]) -> None:
        """The fields that are included on an object type, by response key."""
        for selection in selections.selections:
            skip = get_directive_values(g.GraphQLSkipDirective, selection, self.variables)
            include = get_directive_values(g.GraphQLIncludeDirective, selection, self.variables)
            if (skip and skip["if"]) or (include and not include["if"]):
                continue
            if isinstance(selection, g.FieldNode):
                found.setdefault((selection.alias or selection.name).value, []).append(selection)
                continue
            part = self.fragments[selection.name.value] if isinstance(selection, g.FragmentSpreadNode) else selection
            on = self.condition(part, type_)
            if on is type_ or (g.is_abstract_type(on) and type_ in self.schema.get_possible_types(on)):
                self.collect(type_, part.selection_set, found)

    def asked_types(self, field: Any, arguments: dict[str, Any]) -> list[Any]:
        """The types whose fields an answer may hold: an id names one already, whether or not its row is seen."""
        types = self.oracle.row_types(named_type(field.type))
        root = metadata(field).get("root")
        if root is None or root.kind not in {*NAMED_BY_ID, "nodes"}:
            return list(types.values())
        texts = arguments["ids"] if root.kind == "nodes" else [arguments["id"]]
        named = {found[0] for text in texts if (found := read_global_id(text, types))}
        return [types[name] for name in sorted(named)]

    def check_field(self, type_: Any, field: Any, arguments: dict[str, Any]) -> None:
        """The arguments of one field."""
        is_list = named_type(field.type).name.endswith("Connection")
        if is_list:
            check_page(arguments, self.oracle.order(type_, field))
        if len(arguments.get("ids") or ()) > IDS_MAX:
            raise Refused("BAD_USER_INPUT", "ids")
        for name, argument in field.args.items():
            is_id = named_type(argument.type).name == "ID"
            if not is_id and (name not in PAGING or not is_list):
                check_value(argument, arguments.get(name))


def check_value(element: Any, value: Any) -> None:
    """A value that goes to the database."""
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for item in value:
            check_value(element, item)
    elif isinstance(value, dt.datetime):
        check_instant(value)
    elif isinstance(type_ := named_type(element.type), g.GraphQLInputObjectType) and value is not None:
        for name, member in type_.fields.items():
            if named_type(member.type).name != "ID":
                check_value(member, value.get(name) if isinstance(value, dict) else getattr(value, name))


def check_instant(value: dt.datetime) -> None:
    """An instant needs a zone, and a year that is one in UTC too."""
    try:
        if value.tzinfo is None:
            raise Refused("BAD_USER_INPUT", "no zone")
        value.astimezone(dt.UTC)
    except OverflowError as error:
        raise Refused("BAD_USER_INPUT", "no year") from error
