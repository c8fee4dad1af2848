"""What a civil description may serve: the shelves of the catalogue that speak of the same things, and where they do.

A shelf speaks by its name, by its summary and by the goods that stand on it. What most shelves say tells nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shop.tables import Category, Product
from domain.shop.words import words_of
from segments.classification import Classification

MATCHES_MAX = 8
CATEGORIES_MAX, GOODS_MAX = 1_000, 500
WANTED_MAX = 100
# A word in the name of a shelf says more than one in its summary, and this more than one in the text of some of its goods.
NAME_SCORE, SUMMARY_SCORE, GOODS_SCORE = 5, 2, 1
WORD_CHARACTERS_MIN = 2
# A word that more than a half of the shelves say is left out, where there are enough of them to tell.
SHELVES_MIN = 4


class Match(NamedTuple):
    """A shelf, how much speaks for it, and the words that do: of its name, of its summary, of its goods."""

    category_id: UUID
    score: int
    words: Sequence[str]
    summary_words: Sequence[str]
    goods_words: Sequence[str]


async def matches_of(session: AsyncSession, text: str) -> list[Match]:
    """The shelves that share words with a text, the best first."""
    wanted = list(dict.fromkeys(word for word in words_of(text) if is_telling(word)))[:WANTED_MAX]
    query = sa.select(Category).order_by(Category.position, Category.id).limit(CATEGORIES_MAX)
    return best(list(await session.scalars(query)), await goods_words(session, wanted), wanted)


def best(categories: Sequence[Category], goods: Mapping[UUID, frozenset[str]], wanted: Collection[str]) -> list[Match]:
    """The shelves that fit, the best first; `goods` are the words of what stands on each."""
    said = {each.id: telling(f"{each.name} {each.summary}") | goods.get(each.id, frozenset()) for each in categories}
    common = {word for word in wanted if is_common(sum(word in words for words in said.values()), len(categories))}
    left = frozenset(wanted) - common
    found = [match_of(each, goods.get(each.id, frozenset()), left) for each in categories]
    return sorted((each for each in found if each.score), key=lambda each: -each.score)[:MATCHES_MAX]


def match_of(category: Category, goods: frozenset[str], wanted: frozenset[str]) -> Match:
    """How well a shelf fits; a word counts once, where it says most."""
    named = wanted & telling(category.name)
    summed = (wanted & telling(category.summary)) - named
    stands = (wanted & goods) - named - summed
    score = NAME_SCORE * len(named) + SUMMARY_SCORE * len(summed) + GOODS_SCORE * len(stands)
    return Match(category.id, score, sorted(named), sorted(summed), sorted(stands))


async def goods_words(session: AsyncSession, wanted: Sequence[str]) -> dict[UUID, frozenset[str]]:
    """What the goods of each shelf say of what is wanted.

    Public goods alone: the words are shown to whoever may read the description.
    """
    if not wanted:
        return {}
    question = sa.cast(" | ".join(f"'{word}'" for word in wanted), TSQUERY())
    found = await session.execute(
        sa.select(Product.category_id, Product.name, Product.summary)
        .where(
            Product.classification == Classification.PUBLIC,
            sa.func.cardinality(Product.compartments) == 0,
            Product.search.bool_op("@@")(question),
        )
        .order_by(Product.position, Product.id)
        .limit(GOODS_MAX)
    )
    words: dict[UUID, frozenset[str]] = {}
    for category_id, name, summary in found:
        words[category_id] = words.get(category_id, frozenset[str]()) | telling(f"{name} {summary}")
    return words


def is_common(shelves: int, among: int) -> bool:
    """Whether a word is said by so many shelves that it tells them apart no more."""
    return among >= SHELVES_MIN and shelves * 2 > among


def is_telling(word: str) -> bool:
    """Whether a word is more than a single character."""
    return len(word) >= WORD_CHARACTERS_MIN


def telling(text: str) -> frozenset[str]:
    """The words of a text that tell something."""
    return frozenset(word for word in words_of(text) if is_telling(word))
