"""A page's list as a CSV file: everything that its filters choose, up to a limit, recorded in the audit log."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from portal.pages.coercion import Coercion
from portal.pages.entry import refuse_entry
from portal.pages.error_pages import refuse
from portal.pages.fields import Fields, TooManyFieldsError, read_fields
from portal.pages.page import Export, Page
from portal.pages.paging import places_in_lists
from portal.pages.show import refused
from portal.pages.site import Site
from portal.pages.visit import visit
from resolvers.planner.engine import Operation
from resolvers.planner.exporting import Exported

ROWS_MAX = 5_000
# With it spreadsheets read Chinese; RFC 4180 ends lines so.
BYTE_ORDER_MARK, LINE_END = "\ufeff", "\r\n"
# What makes a spreadsheet take a cell for a formula, some of them after white space; a number is none.
FORMULA = re.compile(r"\s*[=+\-@]|[\t\r\n]")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


async def export(site: Site, page: Page, request: Request) -> Response:
    """Answer GET for a page's file."""
    assert page.export is not None, "only pages with an export have this route"
    try:
        fields = read_fields(request.url.query)
    except TooManyFieldsError:
        return refuse(await visit(site, request, Fields(())), 400)
    present = await visit(site, request, fields)
    if refusal := refuse_entry(present, page):
        return refusal
    document = page.export.document
    coercion = Coercion(fields, emptied_is_null=False)
    values = coercion.values(document.variables)
    if coercion.problems:
        return refuse(present, 400, page.audience, problems=coercion.problems)
    chosen = {name: value for name, value in values.items() if name not in places_in_lists(document.variables)}
    operation = Operation(document.source, chosen, document.name)
    found = await site.engine.export(present.visitor.viewer, operation, ROWS_MAX, page.export.rows)
    if not isinstance(found, Exported):
        return refused(present, page, orjson.loads(found.body).get("errors") or ())
    words = [present.say(words) for words in page.export.columns]
    text = "".join(lines(words, page.export, found))
    headers = {
        **present.headers(private=True),
        "Content-Disposition": f'attachment; filename="{page.name}.csv"',
        "X-Rows-Complete": "yes" if found.complete else "no",
    }
    return Response(BYTE_ORDER_MARK + text, headers=headers, media_type="text/csv; charset=utf-8")


def lines(words: Sequence[str], export: Export, found: Exported) -> Iterator[str]:
    """The file, line by line: the columns' names, then the rows."""
    yield line(words)
    for row in found.rows:
        yield line([value_at(row, place) for place in export.columns.values()])


def line(values: Sequence[Any]) -> str:
    """One line."""
    written = io.StringIO()
    csv.writer(written, lineterminator=LINE_END).writerow([cell(value) for value in values])
    return written.getvalue()


def value_at(row: Mapping[str, Any], place: str) -> Any:
    """`region.name`: what stands there; nothing where a part of the way is missing."""
    value: Any = row
    for name in place.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    return value  # pyright: ignore[reportUnknownVariableType]


def cell(value: Any) -> str:
    """A value as text that no spreadsheet takes for a formula; lists are joined."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text
