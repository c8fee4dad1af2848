"""Where the GraphQL door stands: `/graphql` for HTTP and WebSocket, `/graphql/stream` for event streams alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from starlette.routing import BaseRoute, Route, WebSocketRoute

from foundation.settings import Settings
from portal.graphql.door import Callers, Door, Engine
from portal.graphql.http import GraphQLOverHTTP
from portal.graphql.trusted import TrustedDocuments, read_documents
from portal.graphql.websocket import GraphQLOverWebSocket


def open_door(engine: Engine, callers: Callers, settings: Settings, page_folders: Iterable[Path] = ()) -> Door:
    """The door of one process; the operations in the pages' folders are trusted documents."""
    folders = [*page_folders, *([settings.trusted_documents] if settings.trusted_documents else [])]
    only = settings.trusted_documents_only_for_anonymous
    return Door(engine, callers, settings, TrustedDocuments(read_documents(folders), only_for_anonymous=only))


def graphql_routes(door: Door) -> list[BaseRoute]:
    """The routes of the door."""
    return [
        Route("/graphql", GraphQLOverHTTP(door)),
        Route("/graphql/stream", GraphQLOverHTTP(door, streams_only=True)),
        WebSocketRoute("/graphql", GraphQLOverWebSocket(door)),
    ]
