"""`@idempotent(key:)` on fields of Mutation: what an operation says with it, and where it has to.

A document is looked at once (`Keyed`); each request then says which of its keyed fields it runs, with which keys (`Claim`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import graphql as g

from domain.idempotency.keys import KEY_CHARACTERS_MAX, is_key
from resolvers.planner.errors import RequestError, bad_input
from resolvers.planner.values import Get, Values
from segments.strawberry_internals import metadata, root_fields_by_key

NAME = "idempotent"
IDEMPOTENT = g.GraphQLDirective(
    NAME,
    [g.DirectiveLocation.FIELD],
    {
        "key": g.GraphQLArgument(
            g.GraphQLNonNull(g.GraphQLString),
            description=f"Chosen once for what is wanted: 1 to {KEY_CHARACTERS_MAX} characters. 幂等键。",
        )
    },
    description=(
        "On a field of Mutation: it is done once for its key, and asked again it answers what it answered first. 幂等。"
    ),
)
# What a mutation field notes for the planner, in the metadata of its declaration.
REQUIRED, TELLS_ONCE = "idempotent", "tells_once"


@dataclass(frozen=True, slots=True)
class KeyedField:
    """A field of Mutation with a key, by its response key."""

    response_key: str
    key: Get
    tells_once: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A keyed field that a request runs. `fingerprint`: the SHA-256 of all that it asks for but who asks."""

    response_key: str
    key: str
    fingerprint: bytes
    tells_once: bool


class Keyed:
    """The keyed fields of one operation."""

    def __init__(
        self, schema: g.GraphQLSchema, operation: g.OperationDefinitionNode, fragments: Mapping[str, Any]
    ) -> None:
        """Refuse a key where none is taken, and a mutation that requires one and has none."""
        self._schema = schema
        self._operation = operation
        self._fragments = fragments
        root: Any = schema.get_root_type(operation.operation)
        at_root = list(fields_of(operation.selection_set, fragments, set()))
        parts = (operation, *fragments.values())
        written = sum(map(count, (part.selection_set for part in parts)))
        grouped: dict[str, list[g.FieldNode]] = {}
        if operation.operation is g.OperationType.MUTATION:
            for node in at_root:
                grouped.setdefault((node.alias or node.name).value, []).append(node)
        found = [keyed_field(root, key, nodes) for key, nodes in grouped.items()]
        self.fields = {each.response_key: each for each in found if each is not None}
        if written > sum(1 for nodes in grouped.values() for node in nodes if directive_of(node)):
            raise RequestError("KEY_MISPLACED", "request.key_misplaced")

    def claims(self, variables: Any, given: Mapping[str, Any], source: str) -> tuple[list[Claim], dict[str, Any]]:
        """The keyed fields that this request runs, and the nodes of all its root fields by response key, in their order."""
        nodes = root_fields_by_key(self._schema, self._operation, self._fragments, variables)
        name = self._operation.name.value if self._operation.name else ""
        found: list[Claim] = []
        for response_key in nodes:
            field = self.fields.get(response_key)
            if field is None:
                continue
            key = field.key(variables)
            if not is_key(key):
                raise bad_input("request.key_malformed", [response_key], maximum=KEY_CHARACTERS_MAX)
            found.append(Claim(response_key, key, fingerprint(source, name, given, response_key), field.tells_once))
        taken = [claim.key for claim in found]
        for claim in found:
            if taken.count(claim.key) > 1:
                raise RequestError("KEY_REUSED", "refusal.KEY_REUSED", path=[claim.response_key])
        return found, nodes


def keyed_field(root: Any, response_key: str, nodes: Sequence[g.FieldNode]) -> KeyedField | None:
    """What the nodes of one root field say of its key; nodes that are merged into one answer have one key together."""
    field = root.fields.get(nodes[0].name.value)
    note = {} if field is None else metadata(field)
    directives = [each for each in map(directive_of, nodes) if each is not None]
    if not directives:
        if note.get(REQUIRED):
            params = {"field": nodes[0].name.value}
            raise RequestError("KEY_REQUIRED", "request.key_required", params, [response_key])
        return None
    if len({g.print_ast(each) for each in directives}) > 1:
        raise RequestError("KEY_MISPLACED", "request.key_ambiguous", path=[response_key])
    get = Values(None).argument(IDEMPOTENT, directives[0], "key")
    return KeyedField(response_key, get, bool(note.get(TELLS_ONCE)))


def directive_of(node: g.FieldNode) -> g.DirectiveNode | None:
    """The directive on a field, if it has it."""
    return next((each for each in node.directives or () if each.name.value == NAME), None)


def fields_of(selections: Any, fragments: Mapping[str, Any], seen: set[str]) -> Iterator[g.FieldNode]:
    """The fields that stand at the level of a selection, through its fragments."""
    for node in selections.selections:
        if isinstance(node, g.FieldNode):
            yield node
        elif isinstance(node, g.InlineFragmentNode):
            yield from fields_of(node.selection_set, fragments, seen)
        elif node.name.value not in seen:
            seen.add(node.name.value)
            yield from fields_of(fragments[node.name.value].selection_set, fragments, seen)


def count(selections: Any) -> int:
    """How often the directive stands in a selection, at any depth, fragments' own definitions left out."""
    found, waiting = 0, [selections]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, g.FieldNode):
                found += directive_of(node) is not None
            inner = getattr(node, "selection_set", None)
            if inner is not None:
                waiting.append(inner)
    return found


def fingerprint(source: str, name: str, given: Mapping[str, Any], response_key: str) -> bytes:
    """The SHA-256 of a document, its operation's name, its variables and the field that is meant."""
    said = json.dumps(given, sort_keys=True, separators=(",", ":"), default=str)
    digest = hashlib.sha256()
    for part in (source, name, said, response_key):
        encoded = part.encode("utf-8", "surrogatepass")
        # With its length in front, so that no two requests make one text.
        digest.update(b"%d:" % len(encoded) + encoded)
    return digest.digest()
