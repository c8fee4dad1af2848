"""Trusted documents: operations registered as files, which clients name by their SHA-256 instead of sending them.

The operations of our own pages are among them. A client may still send its document in full; with the setting
`trusted_documentsonly_for_anonymous`, somebody who is not signed in may then only send one that is registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphql import GraphQLError, parse

from portal.graphql.errors import ProtocolError, bad_request
from segments.viewer import Viewer


class UntrustworthyFileError(Exception):
    """A file among the registered operations is not a GraphQL document; the installation does not start."""


class TrustedDocuments:
    """The registered documents of one installation, by digest."""

    def __init__(self, sources: Iterable[str], *, only_for_anonymous: bool = False) -> None:
        # Clients' build tools hash a file with or without its last line end.
        written = (text for source in sources for text in (source, source.strip()))
        self._documents: Mapping[str, str] = {digest_of(text): text for text in written}
        self.only_for_anonymous = only_for_anonymous

    def __len__(self) -> int:
        return len(self._documents)

    def source(self, query: str | None, digest: str | None, viewer: Viewer) -> str:
        """The text of the document that a request sends, or names by its digest."""
        if query is None:
            found = self._documents.get(digest or "")
            if found is None:
                raise ProtocolError(400, "PERSISTED_QUERY_NOT_FOUND", "protocol.document_unknown")
            return found
        if digest is not None and digest != digest_of(query):
            raise bad_request("protocol.two_documents")
        if self.only_for_anonymous and is_anonymous(viewer) and digest_of(query) not in self._documents:
            raise ProtocolError(403, "DOCUMENT_NOT_TRUSTED", "protocol.document_untrusted")
        return query


def is_anonymous(viewer: Viewer) -> bool:
    """Whether neither a person nor a program is known."""
    return viewer.person_id is None and viewer.client_id is None


def digest_of(source: str) -> str:
    """The SHA-256 of a document's text in UTF-8, as lower-case hexadecimal digits."""
    return hashlib.sha256(source.encode()).hexdigest()


def read_documents(folders: Iterable[Path]) -> list[str]:
    """The texts of all `.graphql` files within folders."""
    sources: list[str] = []
    for folder in folders:
        for path in sorted(folder.rglob("*.graphql")):
            source = path.read_text(encoding="utf-8")
            try:
                parse(source)
            except GraphQLError as error:
                raise UntrustworthyFileError(f"{path}: {error.message}") from error
            sources.append(source)
    return sources
