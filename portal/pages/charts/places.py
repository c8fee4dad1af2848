"""Places by their coordinates on a grid of degrees: no outlines are drawn, so none can be drawn wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, NotRequired, TypedDict

from markupsafe import Markup

from portal.pages.charts.drawing import fitted, path, svg, text, width_of

MARGIN, LINE = 34, 14
GAP = 9  # between a place and its name
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 45, 90)
LINES_MAX = 6
SPAN_MIN = 0.02  # degrees, about 2 km: a single place is not magnified without end


class Place(TypedDict):
    """A place: its name, where it lies in degrees, what stands behind it, and whether it is open."""

    name: str
    latitude: str
    longitude: str
    href: NotRequired[str]
    on: NotRequired[bool]


class Box(NamedTuple):
    """Where words would be drawn."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Whether two boxes cover something in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


class Sheet:
    """How degrees become points of a drawing: a degree of longitude is as wide as it is at the middle latitude."""

    def __init__(self, places: Sequence[Place], width: int) -> None:
        norths = [float(place["latitude"]) for place in places]
        easts = [float(place["longitude"]) for place in places]
        north, south, east, west = max(norths), min(norths), max(easts), min(easts)
        shrunk = math.cos(math.radians((north + south) / 2)) or 1e-6
        room = width - 2 * MARGIN
        self.scale = room / max((east - west) * shrunk, (north - south) * 0.8, SPAN_MIN)
        self.across = self.scale * shrunk
        self.north, self.west = north, west
        self.left = MARGIN + (room - (east - west) * self.across) / 2
        self.width, self.height = width, 2 * MARGIN + max((north - south) * self.scale, 60)
        self.top = (self.height - (north - south) * self.scale) / 2

    def x(self, longitude: float) -> float:
        """From the left."""
        return self.left + (longitude - self.west) * self.across

    def y(self, latitude: float) -> float:
        """From above."""
        return self.top + (self.north - latitude) * self.scale

    def grid(self, taken: list[Box]) -> list[Markup]:
        """Lines of whole degrees, or of parts of them, with their figures at the edge where nothing is drawn."""
        west, east = self.west - self.left / self.across, self.west + (self.width - self.left) / self.across
        north, south = self.north + self.top / self.scale, self.north - (self.height - self.top) / self.scale
        parts: list[Markup] = []
        for degree in round_degrees(west, east):
            parts.append(path(f"M{self.x(degree):.1f} 0V{self.height:.1f}", "grid"))
            parts.append(self.figure(self.x(degree) + 3, self.height - 4, words(degree, "E", "W"), taken))
        for degree in round_degrees(south, north):
            parts.append(path(f"M0 {self.y(degree):.1f}H{self.width}", "grid"))
            parts.append(self.figure(4, self.y(degree) - 4, words(degree, "N", "S"), taken))
        return parts

    def figure(self, x: float, y: float, written: str, taken: list[Box]) -> Markup:
        """The figure of a line, where there is room for it."""
        box = Box(x, y - LINE + 2, x + width_of(written), y + 3)
        if box.right > self.width - 2 or box.top < 2 or any(box.meets(other) for other in taken):
            return Markup()
        taken.append(box)
        return text(x, y, written, "faint")


def round_degrees(least: float, most: float) -> list[float]:
    """A few round numbers between two."""
    step = next((each for each in STEPS if (most - least) / each <= LINES_MAX), STEPS[-1])
    first = math.ceil(least / step)
    return [round(at * step, 2) for at in range(first, first + LINES_MAX + 1) if at * step <= most]


def words(degree: float, positive: str, negative: str) -> str:
    """A degree as maps write it."""
    return f"{abs(degree):g}°{(positive if degree > 0 else negative) if degree else ''}"


def map_of(title: str, places: Sequence[Place]) -> Markup:
    """Places with their names, which lead to them; a name that finds no room is left to the list beside the map."""
    if not places:
        return Markup()
    return fitted(lambda width: drawn(title, places, width))


def drawn(title: str, places: Sequence[Place], width: int) -> Markup:
    """The map of one width."""
    sheet = Sheet(places, width)
    points = [(sheet.x(float(each["longitude"])), sheet.y(float(each["latitude"]))) for each in places]
    taken = [Box(x - 7, y - 7, x + 7, y + 7) for x, y in points]
    parts = sheet.grid(taken)
    for place, (x, y) in zip(places, points, strict=True):
        name = label(place["name"], x, y, width, sheet.height, taken)
        mark = Markup('<circle cx="{}" cy="{}" r="5.5" class="{}"/><title>{}</title>').format(
            f"{x:.1f}", f"{y:.1f}", "place on" if place.get("on") else "place", place["name"]
        )
        href = place.get("href")
        around = Markup('<a href="{}">{}</a>').format(href, mark + name) if href else mark + name
        parts.append(around)
    return svg(width, sheet.height, title, parts, "places")


def label(name: str, x: float, y: float, width: float, height: float, taken: list[Box]) -> Markup:
    """A name beside its place, where it meets nothing drawn before and stays on the sheet; else none."""
    long = width_of(name)
    for left, base in (
        (x + GAP, y + 4),
        (x - GAP - long, y + 4),
        (x - long / 2, y - GAP),
        (x - long / 2, y + GAP + LINE - 2),
        (x + GAP - 2, y - GAP),
        (x + GAP - 2, y + GAP + LINE - 6),
    ):
        box = Box(left, base - LINE + 2, left + long, base + 3)
        on_sheet = box.left >= 2 and box.right <= width - 2 and box.top >= 2 and box.bottom <= height - 2
        if on_sheet and not any(box.meets(other) for other in taken):
            taken.append(box)
            return text(left, base, name, "strong")
    return Markup()
