"""Conditions as ranges, against a plain list of all subjects there are: what is accepted leaves no subject torn."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approvals.conditions import conditions_of, decide_clearly, holds, narrowest, overlap
from domain.approvals.tables import ApprovalPolicy
from domain.customers.tables import Segment
from foundation.refusals import Refusal
from segments.classification import Classification

KINDS = [each.value for each in Segment]
EDGES = (None, 0, 1, 2, 3)
Case = tuple[Classification, int | None, str | None]
# Amounts at and between all edges, and subjects that have none; degrees and customers likewise.
SUBJECTS: list[Case] = list(product(Classification, [*EDGES, 4], [None, *KINDS[:2]]))


@st.composite
def policies(draw: st.DrawFn, code: str = "p") -> ApprovalPolicy:
    """A policy whose ranges hold something."""
    degrees = sorted(draw(st.lists(st.integers(0, 4), min_size=2, max_size=2)))
    least = draw(st.sampled_from(EDGES))
    below = draw(st.sampled_from([None, *range((least or 0) + 1, 5)]))
    return ApprovalPolicy(
        code=code,
        classification_min=draw(st.sampled_from([None, list(Classification)[degrees[0]]])),
        classification_max=draw(st.sampled_from([None, list(Classification)[degrees[1]]])),
        amount_min=least,
        amount_below=below,
        segments=draw(st.sampled_from([[], KINDS[:1], KINDS[:2], KINDS[1:2]])),
    )


@st.composite
def several(draw: st.DrawFn) -> list[ApprovalPolicy]:
    """Some policies of one kind of subject."""
    return [draw(policies(f"p{at}")) for at in range(draw(st.integers(2, 4)))]


def met_by(policy: ApprovalPolicy) -> set[Case]:
    """The subjects that meet a policy's conditions."""
    return {each for each in SUBJECTS if holds(conditions_of(policy), *each)}


def is_clear(chosen_from: list[ApprovalPolicy]) -> bool:
    """Whether they are accepted together."""
    try:
        decide_clearly(chosen_from)
    except Refusal:
        return False
    return True


@given(policies("a"), policies("b"))
def test_what_meets_both_is_what_meets_each(one: ApprovalPolicy, other: ApprovalPolicy) -> None:
    both = overlap(conditions_of(one), conditions_of(other))
    expected = met_by(one) & met_by(other)
    assert {each for each in SUBJECTS if both and holds(both, *each)} == expected


@given(policies("a"), policies("b"))
def test_two_policies_are_clear_when_they_never_meet_or_one_is_narrower(
    one: ApprovalPolicy, other: ApprovalPolicy
) -> None:
    first, second = met_by(one), met_by(other)
    assert is_clear([one, other]) == (not first & second or first < second or second < first)


@given(several())
def test_no_subject_is_torn_between_policies_that_were_accepted(chosen_from: list[ApprovalPolicy]) -> None:
    if not is_clear(chosen_from):
        return
    for each in SUBJECTS:
        holding = [policy for policy in chosen_from if each in met_by(policy)]
        if holding:
            least = met_by(narrowest(holding))
            assert all(least <= met_by(policy) for policy in holding)


def test_two_that_overlap_need_a_third_for_what_meets_both() -> None:
    nothing = {"classification_min": None, "classification_max": None, "amount_min": None, "amount_below": None}
    large = ApprovalPolicy(code="large", segments=[], **nothing | {"amount_min": 100})
    secret = ApprovalPolicy(code="secret", segments=[], **nothing | {"classification_min": Classification.SECRET})
    both = ApprovalPolicy(
        code="both", segments=[], **nothing | {"amount_min": 100, "classification_min": Classification.SECRET}
    )
    with pytest.raises(Refusal) as refused:
        decide_clearly([large, secret])
    assert refused.value.params == {"first": "large", "second": "secret"}
    decide_clearly([large, secret, both])
    assert narrowest([large, both, secret]) is both
    with pytest.raises(Refusal, match="POLICIES_AMBIGUOUS"):
        narrowest([large, secret])
