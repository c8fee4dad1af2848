"""Our engine behind the barest door: what the platform's own door costs is the difference to `ours`."""

from __future__ import annotations

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.identity.tokens import Authority
from foundation.clock import system_clock
from foundation.database import Database
from foundation.settings import Settings
from portal.bearer import BearerTokens
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.limits import DocumentLimits
from schema.root import MASTER
from segments.classification import Classification
from segments.views import compile_views


def application(settings: Settings, database: Database) -> ASGIApp:
    """An application that answers every POST by the engine, for the viewer of a verified token."""
    engine = Engine(
        compile_views(MASTER), database, DocumentLimits.of(settings), read_pool_size=settings.read_pool_size
    )
    tokens = BearerTokens(database, Authority.of(settings), Classification(settings.ceiling), system_clock)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        authorization = next(value for name, value in scope["headers"] if name == b"authorization")
        viewer = await tokens.viewer(authorization.decode("latin-1").partition(" ")[2], "zh")
        asked = orjson.loads(body)
        answer = (await engine.execute(viewer, Operation(asked["query"], asked.get("variables") or {}))).body
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app
