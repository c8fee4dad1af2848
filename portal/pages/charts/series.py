"""Charts of a measure over time."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from portal.pages.charts.drawing import NARROW, Anchor, Point, every, fitted, level, nice, path, svg, text, values_of


def steps(title: str, points: Sequence[Point], unit: str = "") -> Markup:
    """A balance over time. It changes in steps, so the line has steps."""
    if not points:
        return Markup("")
    values = values_of(points)
    ceiling = nice(max(values))
    right, top, bottom, height = 8, 14, 26, 190
    # The numbers of the axis end where the line begins.
    left = max(44, 7 * len(f"{ceiling:,.0f}") + 6)

    def y(value: float) -> float:
        return top + (height - top - bottom) * (1 - value / ceiling)

    def draw(width: int) -> Markup:
        dx = (width - left - right) / max(len(points) - 1, 1)
        line = f"M{left} {y(values[0]):.1f}" + "".join(
            f"H{left + i * dx:.1f}V{y(value):.1f}" for i, value in enumerate(values) if i
        )
        parts = [level(y(at), left, width - right, f"{at:,.0f}") for at in (0, ceiling / 2, ceiling)]
        parts += [path(f"{line}V{y(0):.1f}H{left}Z", "area"), path(line, "line")]
        each, last = every(len(points), width // 75), len(points) - 1
        for i, point in enumerate(points):
            if (last - i) % each == 0:
                anchor: Anchor = "start" if i == 0 else "end" if i == last else "middle"
                parts.append(text(left + i * dx, height - 6, point["label"], "faint", anchor))
        parts.append(text(width - right, y(values[-1]) - 8, f"{values[-1]:,}{unit}", "strong", "end"))
        return svg(width, height, title, parts)

    return fitted(draw)


def trend(  # the axis is given, because a measure keeps its axis from period to period.
    title: str,
    series: Sequence[Point],
    low: float,
    high: float,
    target: float | None = None,
    target_words: str = "",
    unit: str = "",
) -> Markup:
    """A measure per period with its points; the target is a dashed line, named at its end."""
    if not series:
        return Markup("")
    left, right, top, bottom, height = 36, 44, 16, 24, 170
    last = series[-1]["value"]
    # The last value stands above its point, unless the target's line would run through it there.
    below = target is not None and 0 < target - last < (high - low) / 6

    def y(value: float) -> float:
        return top + (height - top - bottom) * (high - value) / (high - low)

    def draw(width: int) -> Markup:
        dx = (width - left - right) / max(len(series) - 1, 1)
        parts = [level(y(at), left, width - right, f"{at:g}") for at in (low, (low + high) / 2, high)]
        if target is not None:
            parts.append(path(f"M{left} {y(target):.1f}H{width - right}", "dash"))
            parts.append(text(width - right + 6, y(target) + 4, target_words or f"{target:g}", "faint"))
        line = "L".join(f"{left + i * dx:.1f} {y(point['value']):.1f}" for i, point in enumerate(series))
        parts.append(path("M" + line, "line"))
        each = 2 if width == NARROW else 1
        for i, point in enumerate(series):
            x = left + i * dx
            parts.append(
                Markup('<circle class="a" cx="{}" cy="{}" r="3.5"/>').format(f"{x:.1f}", f"{y(point['value']):.1f}")
            )
            if (len(series) - 1 - i) % each == 0:
                parts.append(text(x, height - 4, point["label"], "faint", "middle"))
        x = left + (len(series) - 1) * dx
        parts.append(text(x, y(last) + (18 if below else -10), f"{last:g}{unit}", "strong", "middle"))
        return svg(width, height, title, parts)

    return fitted(draw)
