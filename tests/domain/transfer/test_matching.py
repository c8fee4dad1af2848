"""Which shelves a civil text fits, and for which reasons: words of the name, of the summary, of the goods; none that all say."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shop.tables import Category
from domain.shop.words import document_vector
from domain.tables import METADATA
from domain.transfer.matching import best, matches_of
from segments.classification import Classification
from tests.rows import Bundle

SHELVES = [
    ("无人机", "测绘与巡检的整机"),
    ("通信", "应急救援现场的设备"),
    ("检测仪器", "实验室的设备"),
    ("防护", "消防的设备"),
]


def shelves() -> list[Category]:
    return [
        Category(id=uuid.UUID(int=at + 1), name=name, summary=summary, position=at)
        for at, (name, summary) in enumerate(SHELVES)
    ]


def test_a_word_counts_once_where_it_says_most() -> None:
    goods = {uuid.UUID(int=1): frozenset({"无人机", "线路", "测绘"}), uuid.UUID(int=3): frozenset({"线路"})}
    found = best(shelves(), goods, ["无人机", "巡检", "线路", "别的"])
    assert [(each.category_id.int, each.score) for each in found] == [(1, 5 + 2 + 1), (3, 1)]
    assert (found[0].words, found[0].summary_words, found[0].goods_words) == (["无人机"], ["巡检"], ["线路"])


def test_what_most_shelves_say_tells_nothing() -> None:
    assert best(shelves(), {}, ["设备"]) == [], "three of four say it"
    assert [each.category_id.int for each in best(shelves()[:3], {}, ["设备"])] == [2, 3], "too few to tell"


@pytest.mark.parametrize(
    ("guard", "words"),
    [({}, ["线路", "巡检"]), ({"classification": Classification.INTERNAL}, []), ({"compartments": ["QL-7"]}, [])],
)
async def test_secret_goods_lend_no_words(session: AsyncSession, guard: dict[str, Any], words: list[str]) -> None:
    """The reasons are shown to whoever reads the description, and who signs may see more."""
    bundle = Bundle()
    texts = {"name": "线路巡检套件", "summary": "x", "search": document_vector("线路巡检套件")}
    shelf, goods = METADATA.tables["category"], METADATA.tables["product"]
    await session.execute(sa.insert(shelf).values(bundle.row(shelf, name="甲", summary="乙")))
    await session.execute(sa.insert(goods).values(bundle.row(goods, origin_programme_id=None, **texts, **guard)))
    found = [word for match in await matches_of(session, "用于线路巡检") for word in match.goods_words]
    assert found == sorted(words)
