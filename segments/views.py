"""One schema, one view of it per audience: what is not in a view does not exist in it."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLSchema

from segments.audiences import Audience
from segments.marks import Of, marks_on, notes_in
from segments.pruning import check_marks, prune
from segments.strawberry_internals import core_schema, with_core_schema, written_docstring


class ViewError(Exception):
    """The schema cannot be made into views. Names every fault found, one a line."""


class MasterSchema(strawberry.Schema):
    """The schema of everything, never served: clients execute on a `View` of it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)  # pyright: ignore[reportUnknownMemberType]
        for type_ in self.core.type_map.values():
            type_.description = type_.description or written_docstring(type_)

    def get_fields(self, type_definition: Any) -> list[Any]:
        """Marks inside `Annotated` count as directives of the field or argument."""
        fields = super().get_fields(type_definition)
        owners: list[Any] = [owner for field in fields for owner in (field, *field.arguments)]
        for owner in owners:
            if owner.type_annotation is None:
                continue
            written = owner.type_annotation.annotation
            missing = [mark for mark in marks_on(written) if mark not in owner.directives]
            owner.directives = [*owner.directives, *missing]
            for of in notes_in(written, Of):
                owner.metadata = {**owner.metadata, "of": of.type_name}
        return fields

    @property
    def core(self) -> GraphQLSchema:
        """The graphql-core schema, with every type and field."""
        return core_schema(self)


class View(strawberry.Schema):
    """What one audience sees: a Strawberry schema that executes on pruned types and shares the rest with its master."""

    audience: Audience

    def __init__(self, master: MasterSchema, audience: Audience) -> None:
        core, faults = prune(master.core, audience)
        if faults:
            raise ViewError("\n".join(faults))
        with_core_schema(self, master, core)
        self.audience = audience

    @property
    def core(self) -> GraphQLSchema:
        """The pruned graphql-core schema."""
        return core_schema(self)

    def get_type_by_name(self, name: str) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A type of this view; the master's other types do not exist here."""
        return super().get_type_by_name(name) if name in self.core.type_map else None


def compile_views(master: MasterSchema, audiences: tuple[Audience, ...] = tuple(Audience)) -> dict[Audience, View]:
    """Every audience's view, or a ViewError that names each unmarked or wrongly marked element."""
    if faults := check_marks(master.core):
        raise ViewError("\n".join(faults))
    return {audience: View(master, audience) for audience in audiences}
