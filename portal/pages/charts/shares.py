"""Charts of parts of a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypedDict

from markupsafe import Markup

from portal.pages.charts.drawing import NARROW, fitted, path, rect, svg, text


class Recommendation(TypedDict):
    """Answers of one group to "would you recommend us": shares in per cent, score and half its 95 % interval."""

    label: str
    detractors: float
    passives: float
    promoters: float
    score: int
    margin: int
    count: int


class Stage(TypedDict):
    """How many are at, or have passed, a stage."""

    label: str
    count: int


class Part(TypedDict):
    """A part of a whole: its share in per cent and the tone it is drawn in."""

    tone: str
    share: float


def ring(left: float, title: str) -> Markup:
    """The share of a time limit that is left, 0 to 100. live.mjs moves it on."""
    return Markup(
        '<svg class="ring" viewBox="0 0 100 100" role="img" aria-label="{}">'
        '<circle class="track" cx="50" cy="50" r="43" pathLength="100"/>'
        '<circle class="left" cx="50" cy="50" r="43" pathLength="100" stroke-dashoffset="{}"/></svg>'
    ).format(title, f"{100 - left:g}")


def strip(title: str, parts: Sequence[Part]) -> Markup:
    """One bar of several parts, in the order given."""
    drawn: list[Markup] = []
    x = 0.0
    for part in parts:
        drawn.append(
            Markup('<rect x="{}%" width="{}%" height="100%" data-tone="{}"/>').format(
                f"{x:.2f}", f"{part['share']:.2f}", part["tone"]
            )
        )
        x += part["share"]
    return Markup('<svg class="strip" role="img" aria-label="{}">{}</svg>').format(title, Markup("").join(drawn))


def nps(title: str, rows: Sequence[Recommendation]) -> Markup:
    """Detractors, passives and promoters as shares of one bar a group; the score with its interval beside it."""

    def draw(width: int) -> Markup:
        narrow = width == NARROW
        label, side, height = (0, 0, 58) if narrow else (96, 150, 38)
        span = width - label - side
        parts: list[Markup] = []
        for i, row in enumerate(rows):
            y = i * height + 4
            bar, words = y + (20 if narrow else 0), y + (12 if narrow else 15)
            parts.append(text(0, words, row["label"], "strong"))
            parts.append(text(width, words, f"{row['score']:+d} ± {row['margin']} · n={row['count']:,}", "", "end"))
            x = float(label)
            for share, tone in ((row["detractors"], "bad"), (row["passives"], "mid"), (row["promoters"], "good")):
                wide = span * share / 100
                parts.append(rect(x + 0.75, bar, wide - 1.5, 22, tone))
                if wide > 26:
                    parts.append(text(x + wide / 2, bar + 15.5, f"{share:g}%", "on-" + tone, "middle"))
                x += wide
        return svg(width, len(rows) * height, title, parts)

    return fitted(draw)


def funnel(title: str, stages: Sequence[Stage], kept_words: Callable[[int, int], str]) -> Markup:
    """Counts through stages, left aligned so that lengths compare.

    `kept_words(share, lost)` says, in the viewer's language, what was kept in per cent and how many fell out.
    """
    if not stages:
        return Markup("")
    height, bar = 52, 30
    top = max(1, *(stage["count"] for stage in stages))

    def draw(width: int) -> Markup:
        label = 104
        parts: list[Markup] = []
        for i, stage in enumerate(stages):
            y = i * height
            wide = max((width - label - 60) * stage["count"] / top, 3)
            parts.append(text(0, y + 19, stage["label"], "strong"))
            parts.append(rect(label, y, wide, bar, "a" if i == len(stages) - 1 else "a-soft", 3))
            parts.append(text(label + wide + 8, y + 20, f"{stage['count']:,}", "strong"))
            before = stages[i - 1]["count"] if i else 0
            if before:
                words = kept_words(round(100 * stage["count"] / before), before - stage["count"])
                parts.append(text(label, y - 7, words, "faint"))
        return svg(width, len(stages) * height - 18, title, parts)

    return fitted(draw)


def meter(title: str, share: float, tone: str = "") -> Markup:
    """One bar filled to a share in per cent. Without a title it only repeats a number beside it and is hidden."""
    named = Markup('role="img" aria-label="{}"').format(title) if title else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" data-tone="{}" {}>'
        '<rect width="{}" height="8"/></svg>'
    ).format(tone, named, f"{min(max(share, 0), 100):g}")


def spark(title: str, values: Sequence[float]) -> Markup:
    """A line without axes, the size of a word, for a row of a table."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    span = (high - low) or 1
    points = (
        f"{i * 96 / (len(values) - 1) + 2:.1f} {22 - 20 * (value - low) / span:.1f}" for i, value in enumerate(values)
    )
    return svg(100, 24, title, [path("M" + "L".join(points), "line")], "spark")
