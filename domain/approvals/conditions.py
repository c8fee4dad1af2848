"""When a policy counts: its conditions as ranges, which of several is the narrowest, and where two of them leave it open.

A policy without a condition on amounts counts for subjects without an amount too, one with a condition never does: what an
amount is unknown of is not small. The same holds for kinds of customer.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from typing import NamedTuple

from domain.approvals.tables import ApprovalPolicy
from foundation.refusals import Refusal
from segments.classification import DEGREES, Classification


class Amounts(NamedTuple):
    """From an amount on, and below another, in minor units; without an end where `below` is None."""

    least: int
    below: int | None


class Conditions(NamedTuple):
    """Ranks of degrees, both ends included; amounts and kinds of customer, None where they do not matter."""

    lowest: int
    highest: int
    amounts: Amounts | None
    segments: frozenset[str] | None


def conditions_of(policy: ApprovalPolicy) -> Conditions:
    """What a policy asks of a subject."""
    least, below = policy.amount_min, policy.amount_below
    return Conditions(
        0 if policy.classification_min is None else policy.classification_min.rank,
        len(DEGREES) - 1 if policy.classification_max is None else policy.classification_max.rank,
        None if least is None and below is None else Amounts(least or 0, below),
        frozenset(policy.segments) or None,
    )


def holds(conditions: Conditions, classification: Classification, amount: int | None, segment: str | None) -> bool:
    """Whether conditions are met by a subject."""
    amounts, segments = conditions.amounts, conditions.segments
    return (
        conditions.lowest <= classification.rank <= conditions.highest
        and (amounts is None or (amount is not None and within(amounts, amount)))
        and (segments is None or segment in segments)
    )


def within(amounts: Amounts, amount: int) -> bool:
    """Whether an amount is in a range."""
    return amounts.least <= amount and (amounts.below is None or amount < amounts.below)


def overlap(first: Conditions, second: Conditions) -> Conditions | None:
    """What meets both conditions, as conditions; None when nothing can."""
    lowest, highest = max(first.lowest, second.lowest), min(first.highest, second.highest)
    amounts = first.amounts or second.amounts
    if first.amounts and second.amounts:
        ends = [each.below for each in (first.amounts, second.amounts) if each.below is not None]
        amounts = Amounts(max(first.amounts.least, second.amounts.least), min(ends, default=None))
    segments = first.segments or second.segments
    if first.segments and second.segments:
        segments = first.segments & second.segments
    empty = amounts is not None and amounts.below is not None and amounts.below <= amounts.least
    if lowest > highest or empty or (segments is not None and not segments):
        return None
    return Conditions(lowest, highest, amounts, segments)


def is_narrower(first: Conditions, second: Conditions) -> bool:
    """Whether everything that meets the first meets the second, and not the other way round."""
    return first != second and overlap(first, second) == first


def decide_clearly(policies: Collection[ApprovalPolicy]) -> None:
    """Refuse policies of which some subject would meet two, with neither narrower and no third for just what meets both."""
    asked = {policy.code: conditions_of(policy) for policy in policies}
    for (one, first), (other, second) in combinations(sorted(asked.items()), 2):
        both = overlap(first, second)
        clear = both is None or (first != second and (both in (first, second) or both in asked.values()))
        if not clear:
            raise Refusal("POLICIES_AMBIGUOUS", (), first=one, second=other)


def narrowest(policies: Sequence[ApprovalPolicy]) -> ApprovalPolicy:
    """Of the policies whose conditions a subject meets, the one that is narrower than all others."""
    asked = [(policy, conditions_of(policy)) for policy in policies]
    for policy, own in asked:
        if all(each is policy or is_narrower(own, others) for each, others in asked):
            return policy
    first, second = sorted(policy.code for policy in policies)[:2]
    raise Refusal("POLICIES_AMBIGUOUS", (), first=first, second=second)
