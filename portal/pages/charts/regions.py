"""A tile for each province-level region of China: no borders are drawn, so none can be drawn wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from portal.pages.charts.drawing import rect, svg, text

SIZE, GAP, COLUMNS, ROWS = 46, 4, 8, 8


class Place(NamedTuple):
    """Where a region's tile lies, its Chinese abbreviation, and its letters by ISO 3166-2 for readers of English."""

    column: int
    row: int
    chinese: str
    english: str


# By the first two digits of GB/T 2260.
PLACES: dict[str, Place] = {
    "23": Place(7, 0, "黑", "HL"),
    "65": Place(0, 1, "新", "XJ"),
    "15": Place(4, 1, "蒙", "NM"),
    "11": Place(5, 1, "京", "BJ"),
    "21": Place(6, 1, "辽", "LN"),
    "22": Place(7, 1, "吉", "JL"),
    "62": Place(1, 2, "甘", "GS"),
    "64": Place(2, 2, "宁", "NX"),
    "14": Place(3, 2, "晋", "SX"),
    "13": Place(4, 2, "冀", "HE"),
    "12": Place(5, 2, "津", "TJ"),
    "54": Place(0, 3, "藏", "XZ"),
    "63": Place(1, 3, "青", "QH"),
    "61": Place(2, 3, "陕", "SN"),
    "41": Place(3, 3, "豫", "HA"),
    "37": Place(4, 3, "鲁", "SD"),
    "51": Place(1, 4, "川", "SC"),
    "50": Place(2, 4, "渝", "CQ"),
    "42": Place(3, 4, "鄂", "HB"),
    "34": Place(4, 4, "皖", "AH"),
    "32": Place(5, 4, "苏", "JS"),
    "31": Place(6, 4, "沪", "SH"),
    "53": Place(1, 5, "滇", "YN"),
    "52": Place(2, 5, "黔", "GZ"),
    "43": Place(3, 5, "湘", "HN"),
    "36": Place(4, 5, "赣", "JX"),
    "33": Place(5, 5, "浙", "ZJ"),
    "45": Place(2, 6, "桂", "GX"),
    "44": Place(3, 6, "粤", "GD"),
    "35": Place(4, 6, "闽", "FJ"),
    "71": Place(6, 6, "台", "TW"),
    "46": Place(2, 7, "琼", "HI"),
    "82": Place(3, 7, "澳", "MO"),
    "81": Place(4, 7, "港", "HK"),
}


def tiles(  # one drawing, read as a whole.
    title: str, values: Mapping[str, int], unit: str, breaks: Sequence[int], here: str = "", language: str = "zh"
) -> Markup:
    """Counts per region, shaded in four steps from the lower limits in `breaks`; `here` is outlined.

    Regions are named by the first two digits of their code.
    """
    parts: list[Markup] = []
    for code, place in PLACES.items():
        name = place.chinese if language == "zh" else place.english
        value, x, y = values.get(code, 0), place.column * (SIZE + GAP), place.row * (SIZE + GAP)
        shade = sum(value >= limit for limit in breaks)
        tile = [rect(x, y, SIZE, SIZE, "tile-body", 6), text(x + SIZE / 2, y + 21, name, "", "middle")]
        if value:
            tile.append(text(x + SIZE / 2, y + 37, f"{value:,}", "", "middle"))
        if code == here:
            tile.append(rect(x + 1.5, y + 1.5, SIZE - 3, SIZE - 3, "here", 5))
        words = f"{name} {value:,} {unit}".strip()
        parts.append(Markup('<g class="tile t{}"><title>{}</title>{}</g>').format(shade, words, Markup("").join(tile)))
    width, height = COLUMNS * (SIZE + GAP) - GAP, ROWS * (SIZE + GAP) - GAP
    return svg(width, height, title, parts, "tilemap")
