"""The template environment of a language: what every template can call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from domain.approvals.policies import SUBJECT_KINDS
from domain.identity.openid import EVERY_SCOPE
from portal.pages import formats
from portal.pages.charts.gantt import gantt, lanes_of
from portal.pages.charts.places import map_of
from portal.pages.charts.regions import tiles
from portal.pages.charts.series import steps, trend
from portal.pages.charts.shares import funnel, meter, nps, ring, spark, strip
from portal.pages.tones import tone
from portal.pages.words import gettext, label, options
from segments.audiences import DIVISION, STAFF
from segments.classification import Classification
from segments.scopes import ROLES
from segments.viewer import Language

# Whose people sign approvals.
HOUSE = (DIVISION, STAFF)
CHARTS = {
    chart.__name__: chart for chart in (funnel, gantt, map_of, meter, nps, ring, spark, steps, strip, tiles, trend)
}


def make_environment(language: Language, directories: Iterable[Path], asset: Callable[[str], str]) -> Environment:
    """Templates from some folders, the first that has one. A name that is not there is an error, not an empty string.

    `asset` answers the address of a static file.
    """
    environment = Environment(
        loader=FileSystemLoader([str(directory) for directory in directories]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # Jinja types its filters and globals as what it puts there itself.
    filters: dict[str, Any] = environment.filters  # pyright: ignore[reportAssignmentType]
    filters.update(
        money=partial(formats.money, language=language),
        wan=partial(formats.large_money, language=language),
        when=when,
        day=day,
        number=formats.number,
        signed=formats.signed,
        entry=formats.entry,
        label=partial(label, language),
        tone=tone,
        options=partial(options, language),
        items_of=items_of,
        people=people,
        by_month=by_month,
        lanes=partial(lanes_of, words=partial(label, language)),
    )
    everywhere: dict[str, Any] = environment.globals  # pyright: ignore[reportAssignmentType]
    everywhere.update(
        SCOPE_WORDS={name: scope.zh if language == "zh" else scope.en for name, scope in EVERY_SCOPE.items()},
        ROLE_WORDS={role.name: role.zh if language == "zh" else role.en for role in ROLES if role.audience in HOUSE},
        SUBJECT_KINDS=SUBJECT_KINDS,
        _=gettext(language),
        charts=CHARTS,
        asset=asset,
        GRADES=[degree.value for degree in Classification],
    )
    return environment


@pass_context
def when(context: Context, value: str | None, form: formats.Form = "moment") -> Markup:
    """A moment; the year is shown when it is not the present one."""
    return formats.when(value, form, context["language"], context["today"])


@pass_context
def day(context: Context, value: str | None) -> Markup:
    """The day of a moment in figures, for tables."""
    return when(context, value, "date")


def items_of(rows: Sequence[Mapping[str, Any]], key: str, value: str) -> dict[Any, Any]:
    """Rows as a mapping from one of their keys to another, for charts."""
    return {row[key]: row[value] for row in rows}


@pass_context
def by_month(context: Context, rows: Sequence[Mapping[str, Any]], value: str) -> list[dict[str, Any]]:
    """Rows of up to a year's months, each with an instant `at`, as a chart and its table take them; 64-bit integers come as text."""
    return [
        {
            "label": when(context, row["at"], "of_year").striptags(),
            "month": when(context, row["at"], "month").striptags(),
            "value": int(row[value]),
            "shown": formats.number(row[value]),
        }
        for row in rows
    ]


def people(employees: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The employees of a connection as a select takes them, after nobody."""
    return [("", "—"), *((each["id"], f"{each['name']} · {each['title']}") for each in employees["nodes"])]
