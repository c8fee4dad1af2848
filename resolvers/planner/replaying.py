"""Running a mutation whose fields have keys: what was answered before is answered again, the rest is run and kept.

All keys are taken before anything runs. The operation then happens as a whole or not at all: an error within it takes back
every field's change, because a change whose answer could not be kept would be made again when the request is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import graphql as g
import orjson

from domain.idempotency.keys import digest, has_keys, lock_number
from domain.idempotency.requests import KeyBusyError, KeyTakenError, keep_answer, take_key
from resolvers.planner.documents import Document
from resolvers.planner.errors import RequestError
from resolvers.planner.execution import Execution
from resolvers.planner.idempotency import Claim


class UndoneError(Exception):
    """An operation with keys has failed in part, so that all of it is taken back. Holds what graphql-core answered."""

    def __init__(self, result: g.ExecutionResult) -> None:
        super().__init__("an operation with keys has failed in part")
        self.result = g.ExecutionResult(None, result.errors)


@dataclass
class Replay:
    """The keyed fields of one request: the claims that were new, and the first answers of the others by response key."""

    nodes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    new: list[Claim] = field(default_factory=list[Claim])
    answers: dict[str, str] = field(default_factory=dict[str, str])

    def rest(self, document: Document) -> g.DocumentNode | None:
        """The document without the fields that are answered already; None where nothing is left to run."""
        if not self.answers:
            return document.ast
        left = [node for key, nodes in self.nodes.items() if key not in self.answers for node in nodes]
        if not left:
            return None
        operation = document.operation
        shortened = g.OperationDefinitionNode(
            operation=operation.operation,
            name=operation.name,
            variable_definitions=operation.variable_definitions,
            directives=operation.directives,
            selection_set=g.SelectionSetNode(selections=tuple(left)),
        )
        definitions = tuple(shortened if each is operation else each for each in document.ast.definitions)
        return g.DocumentNode(definitions=definitions)

    def whole(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data of the whole operation, in its order; first answers are their very bytes."""
        if not self.answers:
            return dict(data)
        return {
            key: orjson.Fragment(self.answers[key].encode()) if key in self.answers else data[key] for key in self.nodes
        }


async def take_keys(execution: Execution, document: Document, variables: Any, given: Mapping[str, Any]) -> Replay:
    """Have the keys of all keyed fields that a request runs; refuses the request where a key is not to be had."""
    claims, nodes = document.keyed.claims(variables, given, document.source)
    viewer = execution.viewer
    if claims and not has_keys(viewer):
        raise RequestError("KEY_WITHOUT_CALLER", "request.key_without_caller", path=[claims[0].response_key])
    replay = Replay(nodes)
    digests = {claim.response_key: digest(viewer, claim.key) for claim in claims}
    for claim in sorted(claims, key=lambda each: lock_number(digests[each.response_key])):
        path = [claim.response_key]
        try:
            kept = await take_key(execution.session, viewer, claim.key, claim.fingerprint)
        except KeyBusyError as error:
            raise RequestError("KEY_BUSY", "request.key_busy", path=path) from error
        except KeyTakenError as error:
            raise RequestError("KEY_REUSED", "refusal.KEY_REUSED", path=path) from error
        if kept is None:
            replay.new.append(claim)
            execution.keys[claim.response_key] = digests[claim.response_key].hex()
        elif kept.answer is None:
            raise RequestError("KEY_ANSWER_TOLD", "request.key_answer_told", path=path)
        else:
            replay.answers[claim.response_key] = kept.answer
            execution.secrets.update(kept.subjects)
    return replay


async def keep_answers(execution: Execution, replay: Replay, result: g.ExecutionResult) -> None:
    """Keep the answers of the fields that have changed something; what was refused has not, and its key stays free."""
    if replay.new and result.errors:
        raise UndoneError(result)
    for claim in replay.new:
        if claim.response_key not in execution.changed:
            continue
        told = orjson.dumps((result.data or {})[claim.response_key]).decode()
        try:
            await keep_answer(
                execution.session,
                execution.viewer,
                execution.now,
                execution.new_id,
                key=claim.key,
                fingerprint=claim.fingerprint,
                answer=None if claim.tells_once else told,
                subjects=execution.secrets,
            )
        except KeyTakenError as error:
            raise RequestError("KEY_REUSED", "refusal.KEY_REUSED", path=[claim.response_key]) from error
