"""Rows of the small schema: few values, so that ties and nulls are everywhere."""

from __future__ import annotations

from segments.audiences import CONSUMER, STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.resolvers.planner.odd import tables
from tests.resolvers.planner.seeded.factory import DAYS, INSTANTS, TEXTS, Factory

VIEWERS = (
    Viewer(STAFF, clearance=Classification.SECRET, compartments=frozenset({"red", "blue"}), language="en"),
    Viewer(CONSUMER, clearance=Classification.INTERNAL, language="zh"),
    Viewer.anonymous("en"),
)


def made() -> Factory:
    """Ten authors with sixty notes and thirty pictures."""
    make = Factory(4)
    for at in range(10):
        make.add(
            tables.Author,
            famous=make.random.choice([None, True, False]),
            alias=make.random.choice([None, "a", "b", "é", "长"]),
            mood=make.random.choice([None, *tables.Mood]),
            country="CN" if at % 2 else "x'y",
            number=make.random.choice([at, 2**53 + at]),
        )
    for _ in range(60):
        fee = make.random.choice([None, 0, 12345])
        make.add(
            tables.Note,
            author_id=make.one(tables.Author)["id"],
            due_on=make.random.choice([None, None, *DAYS[:3]]),
            rank=make.random.choice([None, None, -1, 0, 1]),
            title=make.random.choice(TEXTS),
            hits=make.random.choice([0, 2**31, 2**53 + 1, 2**63 - 1]),
            words=make.random.sample(["a", "b", 'c"d', "长", ""], make.random.randint(0, 3)),
            fee_amount=fee,
            fee_currency=None if fee is None else make.random.choice(["CNY", "JPY", "KWD", "CLF"]),
        )
    for _ in range(30):
        make.add(
            tables.Picture,
            author_id=make.perhaps(tables.Author),
            taken_at=make.random.choice([None, *INSTANTS[:4]]),
            title=make.random.choice(TEXTS),
        )
    return make
