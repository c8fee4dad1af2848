"""What every chart is drawn with.

Functions take plain values and return markup without styles, only classes that the style sheet colours, so that light,
dark and print need no second drawing. Text stays 12 px, therefore a chart is drawn for a width: `fitted` draws it for three, and the style sheet shows the one
that fits its card.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, TypedDict

from markupsafe import Markup, escape

NARROW, MIDDLE, WIDE = 330, 500, 740
Anchor = Literal["start", "middle", "end"]
# How wide 12 px letters are: Chinese ones are square, Latin ones about so on average.
SQUARE, LATIN = 12.0, 6.6


class Point(TypedDict):
    """A value with its name on the axis."""

    label: str
    value: float


def svg(width: float, height: float, title: str, parts: Iterable[Markup], extra: str = "") -> Markup:
    """One drawing with its accessible name."""
    opening = Markup('<svg class="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">').format(
        f"chart {extra}".strip(), f"{width:g}", f"{height:g}", title
    )
    return opening + Markup("").join(parts) + Markup("</svg>")


def fitted(draw: Callable[[int], Markup]) -> Markup:
    """The same chart for a narrow, a middling and a wide card; hidden ones are hidden from screen readers too."""
    sizes = (("narrow", NARROW), ("middle", MIDDLE), ("wide", WIDE))
    return Markup("").join(Markup('<div class="fit-{}">{}</div>').format(name, draw(width)) for name, width in sizes)


def text(x: float, y: float, content: object, classes: str = "", anchor: Anchor = "start") -> Markup:
    """Words at a point of their baseline."""
    return Markup('<text x="{}" y="{}" class="{}" text-anchor="{}">{}</text>').format(
        f"{x:.1f}", f"{y:.1f}", classes, anchor, escape(content)
    )


def rect(x: float, y: float, width: float, height: float, classes: str, radius: float = 2) -> Markup:
    """A rectangle; a negative width is drawn as none."""
    return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="{}" class="{}"/>').format(
        f"{x:.1f}", f"{y:.1f}", f"{max(width, 0):.1f}", f"{height:.1f}", f"{radius:g}", classes
    )


def path(commands: str, classes: str) -> Markup:
    """A line or an outline."""
    return Markup('<path class="{}" d="{}"/>').format(classes, commands)


def level(y: float, left: float, right: float, value: str) -> Markup:
    """A line of the grid with its value before it."""
    return path(f"M{left:g} {y:.1f}H{right:g}", "grid") + text(left - 8, y + 4, value, "faint", "end")


def nice(value: float) -> float:
    """The next round number that an axis can end at; 1 for nothing."""
    if value <= 0:
        return 1
    power = 10.0 ** (len(str(int(value))) - 1)
    return next(step * power for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * power >= value)


def every(count: int, room: int) -> int:
    """Each how-manieth label of `count` is written when there is room for `room` of them."""
    return max(1, -(-count // max(room, 1)))


def width_of(content: str) -> float:
    """About how wide words are drawn."""
    return sum(SQUARE if letter > "\u2e7f" else LATIN for letter in content)


def cut(content: str, room: float) -> str:
    """Words that fit, with an ellipsis where some are left out."""
    if width_of(content) <= room:
        return content
    kept = ""
    for letter in content:
        if width_of(kept + letter) > room - SQUARE:
            break
        kept += letter
    return kept.rstrip() + "…"


def values_of(points: Sequence[Point]) -> list[float]:
    """The numbers alone."""
    return [point["value"] for point in points]
