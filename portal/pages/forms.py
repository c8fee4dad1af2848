"""A form as its template draws it: what was entered, what is wrong with it, and what goes along unseen."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, ObjectValueNode, ValueNode, VariableNode

from portal.pages.coercion import Problem
from portal.pages.document import Document, response_key
from portal.pages.fields import Fields
from portal.pages.input_types import is_object, nullable

# Names of unseen fields; the hyphen keeps them apart from GraphQL's variables.
ACTION_FIELD = "form-action"
# The name of the button that asks what the page says to the entered fields, and changes nothing.
TRY_FIELD = "form-try"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong. `path` is the field's name; empty when it is not about a single field."""

    code: str
    message: str
    path: str


@dataclass(frozen=True)
class Form:
    """One form of a page. A fresh one has neither values nor errors."""

    action: str
    token: str
    key: tuple[str, str] | None = None
    fields: Fields = field(default_factory=lambda: Fields(()))
    errors: Sequence[FieldError] = ()
    labels: dict[str, str] = field(default_factory=dict[str, str], compare=False)

    def label(self, path: str, words: str) -> str:
        """Remember what a field is called, for the summary of what is wrong; writes nothing."""
        self.labels[path] = words
        return ""

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """What goes along unseen."""
        return [(ACTION_FIELD, self.action), ("form-token", self.token), *([self.key] if self.key else [])]

    @property
    def sent(self) -> bool:
        """Whether this form was just submitted and came back."""
        return bool(self.fields.pairs)

    def value(self, path: str, otherwise: object = "") -> str:
        """What was entered, else what the page's data holds."""
        entered = self.fields.by_path.get(path)
        if entered is not None:
            return entered[-1]
        return "" if otherwise is None else str(otherwise)

    def chosen(self, path: str, value: str, otherwise: bool = False) -> bool:
        """Whether a box or a radio button is on."""
        return value in self.fields.texts(path) if self.sent else otherwise

    def error(self, path: str) -> FieldError | None:
        """The first thing wrong with a field."""
        return next((error for error in self.errors if error.path == path), None)


def problems_as_errors(problems: Sequence[Problem], say: Callable[[str], str]) -> list[FieldError]:
    """Texts that are no values of their types, before the operation was even run."""
    return [FieldError(problem.mistake.name, say(problem.mistake.value), problem.path) for problem in problems]


def refusals_as_errors(
    data: Mapping[str, Any], document: Document, fields: Fields, elsewhere: Container[str]
) -> list[FieldError]:
    """What the rules refused: the `errors` of every payload, each at the field that it is about.

    `elsewhere` are variables that no field of the form gives, but the page's path.
    """
    found: list[FieldError] = []
    for root in document.root_fields:
        payload: Mapping[str, Any] = data.get(response_key(root)) or {}
        errors: Sequence[Mapping[str, Any]] = payload.get("errors") or ()
        for error in errors:
            path: Sequence[str | int] = error.get("path") or ()
            name = field_name(root, [str(part) for part in path], document, fields)
            found.append(FieldError(error.get("code", ""), error["message"], "" if name in elsewhere else name))
    return found


def field_name(root: FieldNode, path: Sequence[str], document: Document, fields: Fields) -> str:
    """The name of the form's field that a rule's path means, or nothing when it means the whole form.

    The path leads from the mutation's arguments inward; where the operation has a variable on the way, the rest of the
    path lies below that variable.
    """
    node: ValueNode | None = None
    choices = {argument.name.value: argument.value for argument in root.arguments or ()}
    for depth, part in enumerate(path, 1):
        node = choices.get(part)
        if isinstance(node, VariableNode):
            return name_below(node.name.value, path[depth:], document, fields)
        members = node.fields if isinstance(node, ObjectValueNode) else ()
        choices = {member.name.value: member.value for member in members or ()}
    return ""


def name_below(variable: str, path: Sequence[str], document: Document, fields: Fields) -> str:
    """The field below a variable. A rule counts the rows that arrived; the form may have left some empty."""
    if not path and is_object(nullable(document.variables[variable].type)):
        return ""
    name = variable
    for part in path:
        rows = fields.rows(name) if part.isdecimal() else []
        number = rows[int(part)] if part.isdecimal() and int(part) < len(rows) else part
        name = f"{name}.{number}"
    return name
