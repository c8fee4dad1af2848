"""Regions 行政区划 by GB/T 2260: the provinces and the prefectures (cities, leagues, prefectures) under them.

`regions.csv` holds the 34 units of province level and the 333 of prefecture level that the standard lists. The four
municipalities, Taiwan, Hong Kong and Macao have none of the second kind there; counties are left out.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Region

# Reference rows are the same in every installation, so their ids follow from their codes.
NAMESPACE = uuid5(NAMESPACE_URL, "urn:gb-t:2260")


class Division(NamedTuple):
    """One line of the standard: a code of six digits and its names."""

    code: str
    name: str
    name_en: str

    @property
    def province(self) -> bool:
        """True for a unit of province level."""
        return self.code.endswith("0000")

    @property
    def parent_code(self) -> str | None:
        """The province that a prefecture belongs to."""
        return None if self.province else f"{self.code[:2]}0000"


@cache
def divisions() -> tuple[Division, ...]:
    """All lines of the standard, by code: a province comes before its prefectures."""
    text = (files("domain.customers") / "regions.csv").read_text(encoding="utf-8")
    return tuple(Division(**line) for line in csv.DictReader(text.splitlines()))


def region_id(code: str) -> UUID:
    """The id of the region with this code."""
    return uuid5(NAMESPACE, code)


async def load_regions(session: AsyncSession) -> None:
    """Store every region, or bring its names up to date; a region that left the standard stays for old records."""
    rows = [
        {
            "id": region_id(division.code),
            "code": division.code,
            "name": division.name,
            "name_en": division.name_en,
            "parent_id": None if division.parent_code is None else region_id(division.parent_code),
        }
        for division in divisions()
    ]
    statement = insert(Region)
    new = statement.excluded
    changed = sa.or_(Region.name != new.name, Region.name_en.is_distinct_from(new.name_en))
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Region.id], set_={"name": new.name, "name_en": new.name_en}, where=changed
        ),
        rows,
    )
