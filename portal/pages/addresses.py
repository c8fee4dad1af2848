"""Addresses that templates write: of other pages by name, and of this page with something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from portal.pages.fields import Fields
from portal.pages.held_scopes import Scopes
from portal.pages.language_choice import PARAMETER
from portal.pages.page import Page
from portal.pages.paging import places_in_lists
from portal.pages.registry import Registry
from segments.audiences import Audience

Value = str | int | Sequence[str] | None


class Addresses:
    """What one page knows of addresses."""

    def __init__(
        self, registry: Registry, audience: Audience, path: str, page: Page | None, fields: Fields, held: Scopes
    ) -> None:
        self.registry = registry
        self.audience = audience
        self.path = path
        self.page = page
        self.fields = fields
        self.held = held

    def link(self, name: str, values: Mapping[str, object] | None = None, **more: object) -> str:
        """The address of a page of this portal (`product`) or of another (`consumer/product`).

        Values go into its path or its query, by the names of its operation's variables; dotted names in `values`.
        """
        full_name = name if "/" in name else f"{self.audience.value}/{name}"
        return self.registry.page(full_name).address({**(values or {}), **more})

    def here(self, changes: Mapping[str, Value] | None = None, **more: Value) -> str:
        """This page with some of its query changed; None takes a part away. Turned pages begin again."""
        wanted = {**(changes or {}), **more}
        pairs = self.kept(*wanted)
        for name, value in wanted.items():
            texts = [value] if isinstance(value, str | int) else value or ()
            pairs += [(name, str(text)) for text in texts]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def kept(self, *without: str) -> list[tuple[str, str]]:
        """The rest of this page's query, as a form sends it along in hidden fields."""
        return [
            (name, text)
            for name, text in self.fields.pairs
            if text and name not in without and name != PARAMETER and self.lasting(name)
        ]

    def lasting(self, name: str) -> bool:
        """Whether a part of the query goes along: it is a variable of this page, or lies below one.

        Where in a list the reader is does not: another filter or order begins at the first page again.
        """
        if self.page is None:
            return False
        variables = self.page.document.variables
        return name.partition(".")[0] in variables and name not in places_in_lists(variables)

    def exported(self) -> str:
        """The address of this page's list as a file, with the same filters; nothing for who may not have it."""
        if self.page is None or self.page.export is None or not self.page.export.document.scopes <= self.held:
            return ""
        kept = urlencode(self.kept())
        return f"{self.path}.csv?{kept}" if kept else f"{self.path}.csv"

    def may(self, name: str) -> bool:
        """Whether the visitor holds every scope of a `page` or `page.form` of this portal: whether to lead to it at all."""
        if "." not in name:
            return self.registry.page(f"{self.audience.value}/{name}").scopes <= self.held
        action = self.registry.action(f"{self.audience.value}/{name}")
        if action is None:
            raise LookupError(f"there is no form {name}")
        return action.document.scopes <= self.held

    def chosen(self, name: str, value: str) -> bool:
        """Whether this page's query says so: a facet that is on, the present order."""
        return value in self.fields.texts(name)

    def given(self, name: str) -> str:
        """What this page's query says of a variable; nothing when it says nothing."""
        return self.fields.last(name) or ""

    def any_chosen(self, name: str) -> bool:
        """Whether this page's query says anything about a variable."""
        return bool(self.fields.texts(name))

    def cleared(self, names: Sequence[str]) -> str:
        """This page without some parts of its query."""
        return self.here(dict.fromkeys(names))

    def toggled(self, name: str, value: str) -> str:
        """This page with one value of a facet switched on or off."""
        texts = self.fields.texts(name)
        others = [text for text in texts if text != value]
        return self.here({name: others if value in texts else [*texts, value]})
