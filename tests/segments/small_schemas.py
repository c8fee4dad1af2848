"""Small schemas for tests of marks and views: each test declares the few types it is about."""

from __future__ import annotations

from typing import Any

import graphql as g
import strawberry

from segments.audiences import EVERYONE, Audience
from segments.marks import For
from segments.views import MasterSchema, View, ViewError, compile_views


def query(**fields: Any) -> type:
    """A query type with a field of each name: an annotation answered by nothing, or a Strawberry field."""
    made = {name: field if hasattr(field, "base_resolver") else field_of(field) for name, field in fields.items()}
    return strawberry.type(type("Query", (), made))


def field_of(annotation: Any, *audiences: Audience, answer: Any = None) -> Any:
    """A root field of a type, for everyone unless told, that answers `answer`."""

    def resolve() -> Any:
        return answer

    resolve.__annotations__ = {"return": annotation}
    return strawberry.field(resolver=resolve, directives=[For(*(audiences or EVERYONE))])


def views(query_type: type, **rest: Any) -> dict[Audience, View]:
    """The views of a schema with this query."""
    return compile_views(MasterSchema(query=query_type, **rest))


def faults(query_type: type, **rest: Any) -> list[str]:
    """Why a schema with this query cannot be compiled; empty when it can."""
    try:
        views(query_type, **rest)
    except ViewError as error:
        return str(error).splitlines()
    return []


def sdl(view: View) -> str:
    """What introspection would say of a view."""
    return g.print_schema(view.core)


def messages(view: View, source: str, **variables: Any) -> list[str]:
    """The errors of an operation executed by Strawberry on a view."""
    result = view.execute_sync(source, variable_values=variables)
    return [error.message for error in result.errors or ()]
