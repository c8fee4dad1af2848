"""Pages within the limits of a request: what a page asks for with its own defaults must never be refused to a visitor.

An address may ask a page for more, `?first=100` say; that is the visitor's doing and refused then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from graphql import GraphQLSchema, parse

from portal.pages.document import Document
from portal.pages.faults import PageFault
from portal.pages.page import Page
from portal.pages.registry import Registry
from resolvers.planner.limits import DocumentLimits, LimitExceeded
from segments.audiences import Audience


def check_limits(registry: Registry, schemas: Mapping[Audience, GraphQLSchema], limits: DocumentLimits) -> None:
    """Prepare every operation of every page against the limits, with the defaults of its variables."""
    for page in registry.pages.values():
        for document in documents(page):
            check_document(document, schemas[page.audience], limits)


def documents(page: Page) -> Iterator[Document]:
    """What a page may ask for: its query, whole and reduced, and the mutations of its forms."""
    yield page.document
    yield from page.reduced.values()
    if page.export is not None:
        yield page.export.document
    yield from (action.document for action in page.actions.values())


def check_document(document: Document, schema: GraphQLSchema, limits: DocumentLimits) -> None:
    """Refuse an operation that asks for more than one request may."""
    defaults = {variable.name: variable.default for variable in document.variables.values()}
    try:
        limits.prepare(schema, parse(document.source), document.definition)(defaults)
    except LimitExceeded as exceeded:
        raise PageFault(
            document.file, f"asks for too much: {exceeded.code}, {exceeded.params['maximum']}"
        ) from exceeded
