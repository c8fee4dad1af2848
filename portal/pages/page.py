"""A page and its forms, as read from their files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, urlencode

from portal.pages.document import Document
from portal.pages.held_scopes import Scopes
from portal.pages.input_types import named
from segments.audiences import CONSUMER, Audience

PLACEHOLDER = re.compile(r"\{([\w.]+)\}")
# The page at a portal's root.
HOME = "home"
# What every template has; an operation's root fields must not take these names.
TEMPLATE_NAMES = frozenset(
    (
        "GRADES ROLE_WORDS SCOPE_WORDS SUBJECT_KINDS any_chosen asset audience charts chosen cleared current_entry "
        "demonstration done exported forms given here home kept language link mark may navigation notices_page now operation page problems q "
        "search_page searched "
        "sign_in_address sign_out switch today toggled told visitor"
    ).split()
)
TO_ADDRESS, FROM_ADDRESS = str.maketrans("+/", "-_"), str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Then:
    """The page that follows a form, and where in the mutation's answer the values of its address lie."""

    page: str
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Action:
    """A form: its mutation, and what follows when it is done. Only who holds all scopes of the mutation is shown it.

    `tries` are variables of the page, each with the field that fills it when the form comes back.
    """

    name: str
    document: Document
    done: str
    then: Then | None
    shows: bool = False
    tries: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Export:
    """A page's list as a file: its query, and the words of each column with the place of its values in a row.

    `rows` leads to a list without pages; a connection is what the query asks for alone.
    """

    document: Document
    columns: Mapping[str, str]
    rows: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """The header's search box: the variable it fills and the words it shows."""

    variable: str
    words: str


@dataclass(frozen=True)
class Page:
    """One address of one portal. `path` is the whole route, with parameters in braces.

    `reduced` are the operations for those who lack some of the optional scopes, by the scopes that they lack.
    """

    audience: Audience
    name: str
    title: str
    path: str
    document: Document
    template: str
    actions: Mapping[str, Action]
    place: int | None = None
    under: str | None = None
    public: bool = False
    search: Search | None = None
    export: Export | None = None
    reduced: Mapping[Scopes, Document] = field(default_factory=dict[Scopes, Document])

    @cached_property
    def scopes(self) -> Scopes:
        """The scopes without which nobody is shown the page."""
        return self.document.scopes.difference(*self.reduced)

    def document_for(self, held: Scopes) -> Document:
        """The operation for somebody who holds these scopes."""
        return self.reduced.get(self.document.scopes - self.scopes - held, self.document)

    @property
    def path_parameters(self) -> frozenset[str]:
        """The variables that come from the path."""
        return frozenset(PLACEHOLDER.findall(self.path))

    @property
    def full_name(self) -> str:
        """`audience/name`."""
        return f"{self.audience.value}/{self.name}"

    def address(self, values: Mapping[str, object]) -> str:
        """The page's address with these values: those of the path in it, the others as its query."""
        parameters = self.path_parameters
        path = PLACEHOLDER.sub(lambda found: quote(self.written(found[1], values), safe=""), self.path)
        query = [(name, value) for name, value in values.items() if name not in parameters and value not in (None, "")]
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    def written(self, parameter: str, values: Mapping[str, object]) -> str:
        """A path parameter as the address shows it."""
        value = str(values[parameter])
        return id_in_address(value) if self.is_id(parameter) else value

    def read(self, parameter: str, segment: str) -> str:
        """The value of a path parameter from the address."""
        return id_of_address(segment) if self.is_id(parameter) else segment

    def is_id(self, parameter: str) -> bool:
        """Whether a path parameter is a global id."""
        return named(self.document.variables[parameter].type).name == "ID"


def id_in_address(text: str) -> str:
    """A global id without the signs of base64 that mean something in an address."""
    return text.translate(TO_ADDRESS).rstrip("=")


def id_of_address(segment: str) -> str:
    """The global id that an address shows."""
    text = segment.translate(FROM_ADDRESS)
    return text + "=" * (-len(text) % 4)


def portal_root(audience: Audience) -> str:
    """Where a portal's pages lie: consumers are the public and have the root itself."""
    return "" if audience is CONSUMER else f"/{audience.value}"
