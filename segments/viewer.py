"""Who is asking: the verified facts of one request, and how row policies learn them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from segments.audiences import CONSUMER, Audience
from segments.classification import Classification

Language = Literal["zh", "en"]

# Names of the settings that row policies read, in the order in which statements set them.
ROW_SETTINGS = ("q.audience", "q.customer", "q.person", "q.clearance", "q.compartments", "q.roles")


@dataclass(frozen=True, slots=True)
class Viewer:
    """Facts from a verified token or session, never from a header, a parameter or a host name.

    `amr`: by what they proved who they are, in the words of RFC 8176 (`segments/factors.py`). `audience` is None for the
    application itself (sign-in, demo data, jobs), which has no view and cannot ask by GraphQL.
    """

    audience: Audience | None
    person_id: UUID | None = None
    customer_id: UUID | None = None
    employee_id: UUID | None = None
    clearance: Classification = Classification.PUBLIC
    compartments: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    language: Language = "zh"
    client_id: str | None = None
    amr: frozenset[str] = frozenset()
    settings: tuple[str, ...] = field(init=False, repr=False, compare=False)
    # Whether they may see rows above INTERNAL, so that the audit log keeps which rows they read.
    watched: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write the row settings once: a viewer serves many statements."""
        written = (
            "system" if self.audience is None else self.audience.value,
            "" if self.customer_id is None else str(self.customer_id),
            "" if self.person_id is None else str(self.person_id),
            str(self.clearance.rank),
            array_literal(self.compartments),
            array_literal(self.roles),
        )
        object.__setattr__(self, "settings", written)
        object.__setattr__(self, "watched", self.clearance.rank > Classification.INTERNAL.rank)

    @classmethod
    def anonymous(cls, language: Language = "zh") -> Viewer:
        """Somebody who is not signed in: the consumer view without a person."""
        return cls(CONSUMER, language=language)

    @classmethod
    def system(cls) -> Viewer:
        """The application's own acts."""
        return cls(None, clearance=Classification.TOP_SECRET)

    def row_settings(self) -> dict[str, str]:
        """What a transaction sets so that policies see this viewer."""
        return dict(zip(ROW_SETTINGS, self.settings, strict=True))


def array_literal(items: frozenset[str]) -> str:
    """A PostgreSQL array literal; items are quoted, so that no content can end the array."""
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in sorted(items))
    return "{" + ",".join(quoted) + "}"
