"""One schema, one view of it per audience: what is not in a view does not exist in it."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import GraphQLSchema, print_schema

from segments.audiences import Audience
from segments.mark_faults import check_marks
from segments.marks import Mark, Of, Through, marks_on, notes_in
from segments.pruning import prune
from segments.strawberry_internals import (
    argument_annotations,
    core_schema,
    field_annotations,
    with_core_schema,
    written_docstring,
)


class ViewError(Exception):
    """The schema cannot be made into views. Names every fault found, one a line."""


class MasterSchema(strawberry.Schema):
    """The schema of everything, never served: clients execute on a `View` of it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self._misplaced: set[str] = set()
        super().__init__(*arguments, **keywords)  # pyright: ignore[reportUnknownMemberType]
        if self._misplaced:
            raise ViewError("\n".join(sorted(self._misplaced)))
        for type_ in self.core.type_map.values():
            type_.description = type_.description or written_docstring(type_)

    def get_fields(self, type_definition: Any) -> list[Any]:
        """Marks inside `Annotated` count as directives of the field or argument."""
        fields = super().get_fields(type_definition)
        for field in fields:
            place = f"{type_definition.name}.{field.python_name}"
            self._take_notes(place, field, field_annotations(field, type_definition))
            for argument in field.arguments:
                written = argument_annotations(field, argument)
                self._take_notes(f"{place}({argument.python_name}:)", argument, written)
        return fields

    def _take_notes(self, place: str, owner: Any, annotations: list[Any]) -> None:
        """Give a field or argument what its annotations note. A mark inside `X | None` or `list[X]` would mark nothing."""
        outer = [mark for annotation in annotations for mark in marks_on(annotation)]
        if any(note not in outer for annotation in annotations for note in notes_in(annotation, Mark)):
            self._misplaced.add(f"{place}: its mark is inside its type; write Annotated[X | None, For(...)]")
        for mark in outer:
            if mark not in owner.directives:
                owner.directives = [*owner.directives, mark]
        for of in (of for annotation in annotations for of in notes_in(annotation, Of)):
            owner.metadata = {**owner.metadata, "of": of.type_name}
        for through in (each for annotation in annotations for each in notes_in(annotation, Through)):
            owner.metadata = {**owner.metadata, "through": through.function}

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
        core.extensions["audience"] = audience

    @property
    def core(self) -> GraphQLSchema:
        """The pruned graphql-core schema."""
        return core_schema(self)

    def as_str(self) -> str:
        """The SDL of this view. Strawberry's own printer would print the marks, and with them every audience."""
        return print_schema(self.core)

    __str__ = as_str

    def get_type_by_name(self, name: str) -> Any:  # pyright: ignore[reportIncompatibleVariableOverride]
        """A type of this view; the master's other types do not exist here."""
        return super().get_type_by_name(name) if name in self.core.type_map else None


def compile_views(master: MasterSchema, audiences: tuple[Audience, ...] = tuple(Audience)) -> dict[Audience, View]:
    """Every audience's view, or a ViewError that names each unmarked or wrongly marked element."""
    if faults := check_marks(master.core):
        raise ViewError("\n".join(faults))
    return {audience: View(master, audience) for audience in audiences}
