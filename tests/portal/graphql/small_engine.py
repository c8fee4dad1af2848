"""A small engine on graphql-core, and callers by name, so that the door is tested without a database and can be made to wait or fail."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncGenerator, Mapping
from typing import Any
from uuid import UUID

import graphql as g
import orjson
from starlette.requests import HTTPConnection
from starlette.types import Scope

from portal.bearer import Caller
from portal.callers import CallerRefusedError
from resolvers.planner.engine import Answer, Operation
from segments.audiences import CONSUMER, STAFF
from segments.viewer import Language, Viewer

SDL = """
    type Query { hello(name: String = "world"): String!, wait(seconds: Float!): String, fault: String, rows: [String!]!, me: String, secret: String }
    type Mutation { remember(text: String!): String! }
    type Subscription { count(to: Int!): Int!, ticks: Int!, broken: Int! }
"""
PERSON = UUID(int=7)


class Asked:
    """What an operation's resolvers may use: who asks, and the engine's memory."""

    def __init__(self, viewer: Viewer, engine: SmallEngine) -> None:
        self.viewer = viewer
        self.engine = engine


class Root:
    """The root fields."""

    def hello(self, _: Any, name: str) -> str:
        return f"Hello, {name}!"

    async def wait(self, info: Any, seconds: float) -> str:
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            info.context.engine.cancelled += 1
            raise
        return "waited"

    def fault(self, _: Any) -> str:
        raise RuntimeError("the secret reason")

    def rows(self, _: Any) -> list[str]:
        return ["a", "b"]

    def me(self, info: Any) -> str | None:
        person = info.context.viewer.person_id
        return None if person is None else str(person)

    def secret(self, _: Any) -> str:
        return "secret"

    def remember(self, info: Any, text: str) -> str:
        info.context.engine.remembered.append(text)
        return text


class SmallEngine:
    """Executes operations; `crash` makes it raise what no engine should."""

    def __init__(self) -> None:
        self.schema = g.build_schema(SDL)
        self.remembered: list[str] = []
        self.cancelled = 0
        self.open_streams = 0
        self.crash = False

    async def execute(self, viewer: Viewer, operation: Operation) -> Answer:  # noqa: PLR0911 - one refusal a line.
        if self.crash:
            raise RuntimeError("the secret reason")
        document = self._document(operation)
        if isinstance(document, Answer):
            return document
        kind = self._operation(document, operation)
        if kind is None:
            return refused("OPERATION_NOT_FOUND", "which operation?")
        if kind is g.OperationType.SUBSCRIPTION:
            return refused("SUBSCRIPTION_NOT_STREAMED", "subscriptions are streamed")
        if operation.by_get and kind is g.OperationType.MUTATION:
            return refused("METHOD_NOT_ALLOWED", "no mutation by GET")
        if "secret" in operation.source and "secret:read" not in viewer.scopes:
            return refused("INSUFFICIENT_SCOPE", "scopes", scopes=("secret:read",))
        result: Any = g.execute(
            self.schema,
            document,
            Root(),
            Asked(viewer, self),
            variable_values=dict(operation.variables),
            operation_name=operation.name,
        )
        if asyncio.iscoroutine(result):
            result = await result
        if result.data is None and not any(error.path for error in result.errors):
            return refused("BAD_USER_INPUT", result.errors[0].message)
        return Answer(
            orjson.dumps(
                {"data": result.data} | ({"errors": [masked(e) for e in result.errors]} if result.errors else {})
            )
        )

    async def subscribe(self, _: Viewer, operation: Operation) -> AsyncGenerator[Answer]:
        variables = dict(operation.variables)
        self.open_streams += 1
        try:
            if "broken" in operation.source:
                raise RuntimeError("the secret reason")
            if "ticks" in operation.source:
                for number in range(10**9):
                    yield Answer(b'{"data":\n {"ticks":%d}}' % number)
                    await asyncio.sleep(0.02)
            if "$to" in operation.source and not isinstance(variables.get("to"), int):
                yield refused("BAD_USER_INPUT", "to")
                return
            for number in range(variables.get("to", 3)):
                yield Answer(b'{"data":{"count":%d}}' % (number + 1))
                await asyncio.sleep(0)
        finally:
            self.open_streams -= 1

    def _document(self, operation: Operation) -> g.DocumentNode | Answer:
        try:
            document = g.parse(operation.source, max_tokens=2_000)
        except g.GraphQLError as error:
            return refused("GRAPHQL_PARSE_FAILED", error.message)
        errors = g.validate(self.schema, document, hide_suggestions=True)
        return refused("GRAPHQL_VALIDATION_FAILED", errors[0].message) if errors else document

    def _operation(self, document: g.DocumentNode, operation: Operation) -> g.OperationType | None:
        found = g.get_operation_ast(document, operation.name)
        return found.operation if found else None


def refused(code: str, message: str, scopes: tuple[str, ...] = ()) -> Answer:
    body = orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})
    return Answer(body, refused=True, code=code, scopes=scopes)


def masked(error: g.GraphQLError) -> dict[str, Any]:
    return {"message": "masked", "path": error.path}


class NamedCallers:
    """Whoever has the cookie `quadrant=anna` or the token `good` is somebody; `gone` takes that back.

    `away`: what callers are found by cannot be reached.
    """

    def __init__(self) -> None:
        self.gone = self.away = False
        self.person = Viewer(STAFF, person_id=PERSON, language="en")
        self.stranger = Viewer(CONSUMER, language="en")

    def remembered(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller | None:  # noqa: ARG002 - a door's callers
        return None

    async def caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        authorization = headers.get(b"authorization")
        if authorization is not None:
            return await self.bearer(authorization.decode(), "en")
        self.reach()
        if HTTPConnection(scope).cookies.get("quadrant") == "anna" and not self.gone:
            return Caller(self.person, by_cookie=True)
        return Caller(dataclasses.replace(self.stranger, language=self.language(scope, headers)))

    async def bearer(self, authorization: str, language: Language) -> Caller:
        self.reach()
        if authorization != "Bearer good" or self.gone:
            raise CallerRefusedError(
                401, "TOKEN_INVALID", language, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
            )
        return Caller(self.person)

    def reach(self) -> None:
        if self.away:
            raise ConnectionError("the secret reason")

    def language(self, _: Scope, headers: Mapping[bytes, bytes]) -> Language:
        return "zh" if headers.get(b"accept-language") == b"zh" else "en"
