"""A document on a view: parsed, validated and measured once, with the plans made for it so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphql as g

from resolvers.planner.compiler import Compiler
from resolvers.planner.errors import GraphQLFaults, RequestError
from resolvers.planner.idempotency import Keyed
from resolvers.planner.limits import DocumentLimits, LimitExceeded, unlimited
from resolvers.planner.plans import Plan, Plans
from resolvers.planner.scopes import Demands
from resolvers.planner.values import Values
from resolvers.planner.variables import Coercion
from segments.views import View


class Document:
    """One operation of a source text on one view. Nothing in here depends on who asks."""

    def __init__(self, view: View, source: str, name: str | None, limits: DocumentLimits) -> None:
        self.view = view
        self.schema = view.core
        self.source = source
        self.ast = parsed(source, limits)
        self.fragments: dict[str, Any] = {
            each.name.value: each for each in self.ast.definitions if isinstance(each, g.FragmentDefinitionNode)
        }
        self.operation = chosen(self.ast, name)
        self.kind = self.operation.operation
        check_root(self.schema, self.kind)
        if errors := g.validate(self.schema, self.ast, hide_suggestions=True, max_errors=20):
            raise GraphQLFaults("GRAPHQL_VALIDATION_FAILED", errors)
        self.check_request = limits.prepare(self.schema, self.ast, self.operation)
        roots = self.operation.selection_set.selections
        self.alone = len(roots) == 1 and isinstance(roots[0], g.FieldNode)
        self.keyed = Keyed(self.schema, self.operation, self.fragments)
        self.demands = Demands(self.schema, self.operation, self.fragments)
        self.coercion = Coercion(self.schema, self.operation.variable_definitions or ())
        self.streamed = self.kind is g.OperationType.SUBSCRIPTION
        self.planned = self.kind is g.OperationType.QUERY
        self.plans = Plans()
        self.watched_plans = Plans()
        self.read_backs: dict[tuple[Any, ...], Plans] = {}

    def check_not_streamed(self) -> None:
        """Refuse a subscription where one answer is expected."""
        if self.streamed:
            raise RequestError("SUBSCRIPTION_NOT_STREAMED", "request.subscription_not_streamed")

    def admit(self, held: frozenset[str], variables: Mapping[str, Any]) -> Any:
        """The coerced variables of a request whose viewer holds the scopes that are asked for."""
        demands = self.demands
        if not demands.scopes <= held:
            demands.check(held)
        coerced = self.coercion(variables)
        if isinstance(coerced, list):
            raise GraphQLFaults("BAD_USER_INPUT", coerced)
        if self.check_request is not unlimited:
            self.check_request(coerced.coerced)
        if demands.id_places:
            demands.check_ids(held, coerced)
        return coerced

    def plan(self, variables: Any) -> Plan:
        """The plan for these variables; compiled when no request had the same facts before."""
        plan = self.plans.tree.find(variables)
        return self.compile(variables) if plan is None else plan

    def watched_plan(self, variables: Any) -> Plan:
        """The same for who may see rows above INTERNAL: the answer marks them."""
        plan = self.watched_plans.tree.find(variables)
        return self.compile(variables, watched=True) if plan is None else plan

    def compile(self, variables: Any, *, watched: bool = False) -> Plan:
        """A new plan, which is kept."""
        values = Values(variables)
        compiler = Compiler(self.schema, self.fragments, values, watched=watched)
        answer = compiler.answer(self.schema.query_type, self.operation)
        plan = Plan(answer, values, compiler.batches, secured=True, marks=compiler.marks)
        (self.watched_plans if watched else self.plans).add(values.facts, plan)
        return plan


def parsed(source: str, limits: DocumentLimits) -> g.DocumentNode:
    """The document, or why it is none. The lexer stops at the limit of tokens."""
    try:
        return g.parse(source, max_tokens=limits.max_tokens)
    except g.GraphQLError as error:
        if "token" in error.message and str(limits.max_tokens) in error.message:
            raise LimitExceeded("tokens", limits.max_tokens) from error
        raise GraphQLFaults("GRAPHQL_PARSE_FAILED", [error]) from error
    except RecursionError as error:
        raise LimitExceeded("depth", limits.depth) from error


def chosen(ast: g.DocumentNode, name: str | None) -> g.OperationDefinitionNode:
    """The operation to run: the one of this name, or the only one."""
    operations = [each for each in ast.definitions if isinstance(each, g.OperationDefinitionNode)]
    matching = [each for each in operations if name is None or (each.name and each.name.value == name)]
    if len(matching) != 1:
        key = "request.operation_name_needed" if name is None and operations else "request.operation_not_found"
        raise RequestError("OPERATION_NOT_FOUND", key)
    return matching[0]


def check_root(schema: g.GraphQLSchema, kind: g.OperationType) -> None:
    """A view without mutations or subscriptions says so the same way whatever the master holds."""
    if schema.get_root_type(kind) is None:
        raise RequestError("GRAPHQL_VALIDATION_FAILED", "request.no_such_root", {"kind": kind.value})
