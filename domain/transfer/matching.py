"""What a civil description may serve: the categories of the catalogue that speak of the same things, with the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.shop.tables import Category
from domain.shop.words import words_of

MATCHES_MAX = 8
# A word in the name of a category says more than one in its summary.
NAME_SCORE, SUMMARY_SCORE = 3, 1
WORD_CHARACTERS_MIN = 2


class Match(NamedTuple):
    """A category, how much speaks for it, and the words that do."""

    category_id: UUID
    score: int
    words: Sequence[str]


async def matches_of(session: AsyncSession, text: str) -> list[Match]:
    """The categories that share words with a text, the best first."""
    wanted = telling(text)
    categories = await session.scalars(sa.select(Category).order_by(Category.position, Category.id))
    found = [match_of(category, wanted) for category in categories]
    return sorted((each for each in found if each.score), key=lambda each: -each.score)[:MATCHES_MAX]


def match_of(category: Category, wanted: frozenset[str]) -> Match:
    """How well a category fits."""
    named = wanted & telling(category.name)
    said = wanted & telling(category.summary) - named
    score = NAME_SCORE * len(named) + SUMMARY_SCORE * len(said)
    return Match(category.id, score, [*sorted(named), *sorted(said)])


def telling(text: str) -> frozenset[str]:
    """The words of a text that are more than a single character."""
    return frozenset(word for word in words_of(text) if len(word) >= WORD_CHARACTERS_MIN)
