"""What a visitor submitted: the names and texts of a query string or a form, by dotted path."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import parse_qsl

# More than any page of ours has; beyond it somebody is trying something.
FIELDS_MAX = 1000
NAME_LENGTH_MAX = 200
ROWS_MAX = 200


class TooManyFieldsError(ValueError):
    """More fields than any form has."""


class Fields:
    """Texts by dotted path, such as `filter.text` or `input.lines.0.quantity`. An empty text counts as none."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = [(name, text) for name, text in pairs if len(name) <= NAME_LENGTH_MAX]
        self.by_path: dict[str, list[str]] = {}
        self.children: dict[str, set[str]] = {}
        for name, text in self.pairs:
            self.by_path.setdefault(name, []).append(text.replace("\r\n", "\n"))
            self.note_parents(name)

    def note_parents(self, name: str) -> None:
        """Remember below which paths something was submitted."""
        while True:
            parent, dot, last = name.rpartition(".")
            if not dot or last in self.children.setdefault(parent, set()):
                return
            self.children[parent].add(last)
            name = parent

    def texts(self, path: str) -> list[str]:
        """What was submitted under a path, without what is empty."""
        return [text for text in self.by_path.get(path, ()) if text]

    def last(self, path: str) -> str | None:
        """The last text under a path: a ticked box follows the hidden field that says it is not ticked."""
        texts = self.texts(path)
        return texts[-1] if texts else None

    def submitted(self, path: str) -> bool:
        """Whether the path, or one below it, was submitted at all, be it empty."""
        return path in self.by_path or path in self.children

    def entered(self, path: str) -> bool:
        """Whether something was entered at a path or below it."""
        return bool(self.texts(path)) or any(self.entered(f"{path}.{each}") for each in self.children.get(path, ()))

    def rows(self, path: str) -> list[str]:
        """The numbers of a list's rows, in order: `["0", "2"]` for `lines.0.sku` and `lines.2.sku`.

        Rows that were left empty are none: a form may offer more than are needed.
        """
        parts = (part for part in self.children.get(path, ()) if part.isascii() and part.isdigit() and len(part) <= 4)
        numbers = {part for part in parts if self.entered(f"{path}.{part}")}
        return sorted(numbers, key=int)[:ROWS_MAX]

    def words(self, path: str) -> list[str]:
        """The words that rows are named by instead: `["grade"]` for `attributes.grade.values`."""
        parts = (part for part in self.children.get(path, ()) if not (part.isascii() and part.isdigit()))
        return sorted(part for part in parts if self.entered(f"{path}.{part}"))[:ROWS_MAX]


def read_fields(text: str) -> Fields:
    """The fields of a query string or of a form's body (`application/x-www-form-urlencoded`)."""
    try:
        return Fields(parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS_MAX))
    except ValueError as error:
        raise TooManyFieldsError(str(error)) from error
