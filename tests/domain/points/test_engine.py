"""What holds of any order under any rules: whole parts within bounds that sum to the whole, one rounding, more for who pays more."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from fractions import Fraction
from math import ceil, floor

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.points.engine import Earned, Effect, Line, Purchase, earned_by, in_force, reckoned
from domain.points.rule_tables import EarnKind
from domain.points.tables import PointsRounding

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
KEYS = [uuid.UUID(int=number) for number in range(1, 4)]
SOME = st.frozensets(st.sampled_from(KEYS), max_size=2)
# Most rules ask nothing of a kind, so that several of them fit one line.
SELDOM = st.sampled_from([*[frozenset[uuid.UUID]()] * 6, *(frozenset({key}) for key in KEYS)])
BOUND = st.none() | st.integers(1, 300)
LINES = st.lists(st.builds(Line, st.integers(0, 50_000), st.sampled_from([None, *KEYS]), SOME), min_size=1, max_size=4)
PURCHASES = st.builds(
    Purchase,
    st.just(NOW),
    st.integers(0, 100_000),
    LINES.map(tuple),
    st.sampled_from(["SHOP", "STORE"]),
    st.sampled_from([None, *KEYS]),
    st.sampled_from([None, *KEYS]),
)


def effects(kind: EarnKind) -> st.SearchStrategy[Effect]:
    basic, bonus = kind is EarnKind.BASIC, kind is EarnKind.BONUS
    return st.builds(
        Effect,
        version_id=st.uuids(),
        code=st.uuids().map(str),
        kind=st.just(kind),
        valid_from=st.just(NOW),
        points=st.integers(0, 20) if basic else st.integers(1, 90) if bonus else st.just(0),
        amount=st.integers(1, 300) if basic else st.just(1),
        factor_percent=st.just(100) if basic or bonus else st.integers(0, 500),
        order_points_max=BOUND,
        month_points_max=BOUND,
        budget_points=BOUND,
        channels=st.sampled_from([frozenset(), frozenset({"SHOP"})]),
        categories=SELDOM,
        products=st.just(frozenset()) if basic else SELDOM,
        tiers=SELDOM,
        stores=SELDOM,
    )


RULES = st.tuples(
    effects(EarnKind.BASIC),
    st.lists(effects(EarnKind.MULTIPLIER), max_size=3),
    st.lists(effects(EarnKind.BONUS), max_size=3),
).map(lambda each: [each[0], *each[1], *each[2]])
ROUNDINGS = st.sampled_from(PointsRounding)


def unbound(rules: list[Effect]) -> list[Effect]:
    none = {"order_points_max": None, "month_points_max": None, "budget_points": None}
    return [dataclasses.replace(rule, **none) for rule in rules]


def plainly(purchase: Purchase, rules: list[Effect], rounding: PointsRounding) -> int | None:
    """What an order earns without any bounds, said with fractions."""

    def order_fits(rule: Effect) -> bool:
        return (
            (not rule.channels or purchase.channel in rule.channels)
            and (not rule.tiers or purchase.tier_id in rule.tiers)
            and (not rule.stores or purchase.store_id in rule.stores)
        )

    def line_fits(rule: Effect, line: Line) -> bool:
        return (not rule.products or line.product_id in rule.products) and (
            not rule.categories or bool(rule.categories & line.categories)
        )

    basic, *others = rules
    if not order_fits(basic):
        return None
    if purchase.paid == 0:
        return 0
    together = sum(line.amount for line in purchase.lines)
    exact = Fraction(0)
    for line in purchase.lines:
        factors = [
            rule.factor_percent
            for rule in others
            if rule.kind is EarnKind.MULTIPLIER and order_fits(rule) and line_fits(rule, line)
        ]
        if together and line_fits(basic, line):
            paid = Fraction(purchase.paid * line.amount, together)
            exact += paid * basic.points / basic.amount * Fraction(max(factors, default=100), 100)
    for rule in others:
        if rule.kind is EarnKind.BONUS and order_fits(rule) and any(line_fits(rule, line) for line in purchase.lines):
            exact += rule.points
    rounded = {PointsRounding.FLOOR: floor, PointsRounding.CEILING: ceil}.get(
        rounding, lambda x: floor(x + Fraction(1, 2))
    )
    return rounded(exact)


@given(PURCHASES, RULES, ROUNDINGS)
@settings(max_examples=300)
def test_without_bounds_it_is_what_fractions_say_rounded_once(
    purchase: Purchase, rules: list[Effect], rounding: PointsRounding
) -> None:
    earned = earned_by(purchase, unbound(rules), rounding, {})
    assert (None if earned is None else earned.points) == plainly(purchase, unbound(rules), rounding)


@given(PURCHASES, RULES, ROUNDINGS, st.dictionaries(st.integers(0, 6), st.integers(0, 50)))
@settings(max_examples=300)
def test_parts_sum_to_the_whole_and_keep_to_their_bounds(
    purchase: Purchase, rules: list[Effect], rounding: PointsRounding, rooms: dict[int, int]
) -> None:
    room = {rules[at].version_id: left for at, left in rooms.items() if at < len(rules)}
    earned = earned_by(purchase, rules, rounding, room)
    if earned is None:
        return
    assert sum(part.points for part in earned.parts) == earned.points
    assert all(part.points > 0 for part in earned.parts)
    for rule in rules:
        for bound in (rule.order_points_max, room.get(rule.version_id)):
            assert bound is None or earned.given_by(rule.version_id) <= bound


@given(PURCHASES, st.integers(0, 5_000), RULES, ROUNDINGS)
@settings(max_examples=300)
def test_who_pays_more_never_earns_less(
    purchase: Purchase, more: int, rules: list[Effect], rounding: PointsRounding
) -> None:
    less = earned_by(purchase, rules, rounding, {})
    more_paid = earned_by(dataclasses.replace(purchase, paid=purchase.paid + more), rules, rounding, {})
    assert (less is None) == (more_paid is None)
    assert less is None or more_paid is None or less.points <= more_paid.points


@given(st.lists(PURCHASES, min_size=1, max_size=6), RULES, ROUNDINGS)
@settings(max_examples=200)
def test_what_is_counted_over_orders_is_what_they_earned_and_within_bounds(
    purchases: list[Purchase], rules: list[Effect], rounding: PointsRounding
) -> None:
    counted = dict.fromkeys((rule.version_id for rule in rules), 0)
    bounds = {
        rule.version_id: min((b for b in (rule.month_points_max, rule.budget_points) if b is not None), default=None)
        for rule in rules
    }

    def count(version_id: uuid.UUID, points: int) -> int:
        bound = bounds[version_id]
        assert bound is not None
        granted = min(points, bound - counted[version_id])
        counted[version_id] += granted
        return granted

    given_by = dict.fromkeys(counted, 0)
    for purchase in purchases:
        earned = drive(purchase, rules, rounding, count)
        for version_id in counted:
            given_by[version_id] += 0 if earned is None else earned.given_by(version_id)
    for version_id, bound in bounds.items():
        assert bound is None or given_by[version_id] == counted[version_id] <= bound


def drive(purchase: Purchase, rules: list[Effect], rounding: PointsRounding, count: object) -> Earned | None:
    reckoning = reckoned(purchase, rules, rounding)
    try:
        asked = next(reckoning)
        while True:
            asked = reckoning.send(count(*asked))  # type: ignore[operator]
    except StopIteration as end:
        return end.value


DAYS = st.integers(0, 30)


@given(st.lists(st.tuples(st.sampled_from("ab"), DAYS, st.none() | DAYS), max_size=6, unique_by=lambda v: v[:2]), DAYS)
def test_of_each_rule_at_most_one_version_holds(versions: list[tuple[str, int, int | None]], day: int) -> None:
    def at(number: int) -> dt.datetime:
        return NOW + dt.timedelta(days=number)

    made = [
        Effect(uuid.UUID(int=number), code, EarnKind.BONUS, at(begins), None if ends is None else at(ends))
        for number, (code, begins, ends) in enumerate(versions)
    ]
    held = in_force(made, at(day))
    assert len({effect.code for effect in held}) == len(held)
    for code in "ab":
        begun = [each for each in versions if each[0] == code and each[1] <= day]
        last = max(begun, key=lambda each: each[1], default=None)
        expected = last is not None and (last[2] is None or day < last[2])
        assert (code in {effect.code for effect in held}) == expected
