"""Phases and milestones of programmes over years."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NotRequired, TypedDict

from markupsafe import Markup

from portal.pages.charts.drawing import path, rect, svg, text

WIDTH, LEFT, RIGHT, TOP, LANE = 1040, 132, 12, 40, 58
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
        """Each year with the place where it begins."""
        return [(str(year), self(f"{year:04}-01-01")) for year in range(self.start.year, self.end.year + 1)]


def gantt(title: str, lanes: Sequence[Lane], start: str, end: str, today: str, today_words: str) -> Markup:
    """Programmes from `start` to `end`, ISO dates.

    Planned is an outline, done and current are filled, a milestone is a diamond, its slippage a line back to the plan.
    """
    x = Scale(start, end)
    height = TOP + LANE * len(lanes) + 6
    parts: list[Markup] = []
    # Words are drawn last, so that no bar of a later lane covers them.
    words: list[Markup] = []
    for year, at in x.years():
        parts.append(path(f"M{at:.1f} 22V{height}", "grid") + text(at + 6, 16, year, "faint"))
    for i, lane in enumerate(lanes):
        y = TOP + i * LANE
        parts.append(path(f"M0 {y - 8}H{WIDTH}", "grid"))
        parts.append(text(0, y + 13, lane["label"], "strong") + text(0, y + 31, lane.get("note", ""), "faint"))
        for bar in lane["bars"]:
            drawn, label = phase(bar, x, y)
            parts.append(drawn)
            words.append(label)
        for mark in lane.get("marks", ()):
            parts.append(milestone(mark, x, y + 32))
            words.append(text(x(mark["actual"] or mark["planned"]) + 9, y + 36, mark["label"], "faint"))
    now = x(today)
    flag = path(f"M{now:.1f} 24V{height}", "now") + rect(now - 17, 22, 34, 17, "now-flag", 3)
    return svg(
        WIDTH, height, title, [*parts, flag, text(now, 34.5, today_words, "now-word", "middle"), *words], "gantt"
    )


def phase(bar: Bar, x: Scale, y: float) -> tuple[Markup, Markup]:
    """The bar of a phase, and its name when there is room for it."""
    begin, finish = x(bar["start"]), x(bar["end"])
    drawn = rect(begin + 1, y, finish - begin - 2, 22, BAR_CLASSES[bar["state"]], 3)
    if finish - begin <= 34:
        return drawn, Markup("")
    classes = "inv strong" if bar["state"] == "NOW" else "strong"
    return drawn, text((begin + finish) / 2, y + 15.5, bar["phase"], classes, "middle")


def milestone(mark: Milestone, x: Scale, y: float) -> Markup:
    """A diamond at the day it was reached, or is planned for."""
    at = mark["actual"] or mark["planned"]
    tone, late = ("a" if mark["actual"] else "hollow"), Markup("")
    if mark["actual"] and mark["actual"] > mark["planned"]:
        tone, late = "warn", path(f"M{x(mark['planned']):.1f} {y}H{x(at):.1f}", "late")
    diamond = Markup('<path class="{}" d="M{} {}l5.5 5.5l-5.5 5.5l-5.5 -5.5z"><title>{} {}</title></path>')
    return late + diamond.format(tone, f"{x(at):.1f}", f"{y - 5.5:g}", mark["label"], at)
