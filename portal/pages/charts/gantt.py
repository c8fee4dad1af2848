"""Phases and milestones of programmes over years."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NotRequired, TypedDict

from markupsafe import Markup

from portal.pages.charts.drawing import cut, every, path, rect, svg, text, width_of

WIDTH, LEFT, RIGHT, TOP, LANE = 1040, 132, 12, 40, 58
YEAR = 36  # what the name of a year needs
BAR_CLASSES = {"DONE": "a-soft", "NOW": "a", "PLANNED": "plan"}


class Bar(TypedDict):
    """A phase from one ISO date to another."""

    phase: str
    start: str
    end: str
    state: Literal["DONE", "NOW", "PLANNED"]


class Milestone(TypedDict):
    """Planned for a day; actual when it was reached."""

    label: str
    planned: str
    actual: str | None


class Lane(TypedDict):
    """One programme."""

    label: str
    note: NotRequired[str]
    bars: Sequence[Bar]
    marks: NotRequired[Sequence[Milestone]]


class Scale:
    """Days to places on the drawing; what lies outside the span is drawn at its edge."""

    def __init__(self, start: str, end: str) -> None:
        self.start, self.end = date.fromisoformat(start), date.fromisoformat(end)
        self.days = max((self.end - self.start).days, 1)

    def __call__(self, day: str) -> float:
        """Where an ISO date lies."""
        inside = min(max(date.fromisoformat(day[:10]), self.start), self.end)
        return LEFT + (WIDTH - LEFT - RIGHT) * (inside - self.start).days / self.days

    def years(self) -> list[tuple[str, float]]:
        """Each year with the place where it begins; over a long span each second or third."""
        names = range(self.start.year, self.end.year + 1)
        each = every(len(names), (WIDTH - LEFT - RIGHT) // YEAR)
        return [(str(year), self(f"{year:04}-01-01")) for year in names if (year - self.start.year) % each == 0]


def whole_years(lanes: Sequence[Lane], today: str) -> tuple[str, str]:
    """From the first day of the first year that has anything to the last day of the last."""
    days = [today] + [bar[end] for lane in lanes for bar in lane["bars"] for end in ("start", "end")]
    days += [mark["actual"] or mark["planned"] for lane in lanes for mark in lane.get("marks", ())]
    return f"{min(days)[:4]}-01-01", f"{max(days)[:4]}-12-31"


def gantt(
    title: str, lanes: Sequence[Lane], today: str, today_words: str, start: str | None = None, end: str | None = None
) -> Markup:
    """Programmes from `start` to `end`, ISO dates; without them over all years that have anything.

    Planned is an outline, done and current are filled, a milestone is a diamond, its slippage a line back to the plan.
    """
    first, last = whole_years(lanes, today)
    x = Scale(start or first, end or last)
    height = TOP + LANE * len(lanes) + 6
    parts: list[Markup] = []
    # Words are drawn last, so that no bar of a later lane covers them.
    words: list[Markup] = []
    for year, at in x.years():
        parts.append(path(f"M{at:.1f} 22V{height}", "grid") + text(at + 6, 16, year, "faint"))
    for i, lane in enumerate(lanes):
        y = TOP + i * LANE
        parts.append(path(f"M0 {y - 8}H{WIDTH}", "grid"))
        note = cut(lane.get("note", ""), LEFT - 10)
        parts.append(text(0, y + 13, cut(lane["label"], LEFT - 10), "strong") + text(0, y + 31, note, "faint"))
        for bar in lane["bars"]:
            drawn, label = phase(bar, x, y)
            parts.append(drawn)
            words.append(label)
        drawn_marks, labels = milestones(lane.get("marks", ()), x, y + 32)
        parts += drawn_marks
        words += labels
    now = x(today)
    half = width_of(today_words) / 2 + 5
    flag = path(f"M{now:.1f} 24V{height}", "now") + rect(now - half, 22, 2 * half, 17, "now-flag", 3)
    return svg(
        WIDTH, height, title, [*parts, flag, text(now, 34.5, today_words, "now-word", "middle"), *words], "gantt"
    )


def phase(bar: Bar, x: Scale, y: float) -> tuple[Markup, Markup]:
    """The bar of a phase, and its name when there is room for it."""
    begin, finish = x(bar["start"]), x(bar["end"])
    drawn = rect(begin + 1, y, finish - begin - 2, 22, BAR_CLASSES[bar["state"]], 3)
    if finish - begin < width_of(bar["phase"]) + 8:
        return drawn, Markup("")
    classes = "inv strong" if bar["state"] == "NOW" else "strong"
    return drawn, text((begin + finish) / 2, y + 15.5, bar["phase"], classes, "middle")


def milestones(marks: Sequence[Milestone], x: Scale, y: float) -> tuple[list[Markup], list[Markup]]:
    """The diamonds of a lane, and their names as far as there is room before the next diamond."""
    ordered = sorted(marks, key=lambda mark: mark["actual"] or mark["planned"])
    places = [x(mark["actual"] or mark["planned"]) for mark in ordered]
    labels: list[Markup] = []
    for mark, at, following in zip(ordered, places, [*places[1:], WIDTH + 6.0], strict=True):
        if at + 9 + width_of(mark["label"]) < following - 6:
            labels.append(text(at + 9, y + 4, mark["label"], "faint"))
    return [milestone(mark, x, y) for mark in ordered], labels


def milestone(mark: Milestone, x: Scale, y: float) -> Markup:
    """A diamond at the day it was reached, or is planned for."""
    at = mark["actual"] or mark["planned"]
    tone, late = ("a" if mark["actual"] else "hollow"), Markup("")
    if mark["actual"] and mark["actual"] > mark["planned"]:
        tone, late = "warn", path(f"M{x(mark['planned']):.1f} {y}H{x(at):.1f}", "late")
    diamond = Markup('<path class="{}" d="M{} {}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"><title>{} {}</title></path>')
    return late + diamond.format(tone, f"{x(at):.1f}", f"{y - 5.5:g}", mark["label"], at)


def lanes_of(programmes: Sequence[Mapping[str, Any]], words: Callable[[str], str]) -> list[Lane]:
    """Programmes of an answer as lanes: `code name phases { phase state startsOn endsOn } milestones { nodes { … } }`.

    `words` says what a phase is called.
    """
    return [
        {
            "label": programme["code"],
            "note": programme["name"],
            "bars": [
                {
                    "phase": words(span["phase"]),
                    "start": span["startsOn"],
                    "end": span["endsOn"],
                    "state": span["state"],
                }
                for span in programme["phases"]
            ],
            "marks": [
                {"label": each["name"], "planned": each["plannedOn"], "actual": each["actualOn"]}
                for each in programme["milestones"]["nodes"]
            ],
        }
        for programme in programmes
    ]
