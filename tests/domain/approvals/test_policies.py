"""Policies: data that is checked before it counts, in versions, the narrowest one first."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.policies import policy_for, publish_policy
from domain.approvals.tables import ApprovalPolicy
from domain.customers.tables import Segment
from foundation.refusals import Refusal
from segments.classification import Classification
from tests.domain.approvals.people import IDS, NOW, colleague

STEP: dict[str, Any] = {"name": "审查", "signers": [{"role": "sales"}, {"role": "sales"}], "deadline_hours": 24}


async def publish(session: AsyncSession, **given: Any) -> ApprovalPolicy:
    valid: dict[str, Any] = {"subject_kind": "discount", "code": "usual", "name": "折扣", "steps": [STEP]}
    key = await publish_policy(session, NOW, IDS, **valid | given)
    policy = await session.get(ApprovalPolicy, key)
    assert policy is not None
    return policy


async def test_a_policy_has_versions_and_all_sign_unless_told(session: AsyncSession) -> None:
    assert [(await publish(session)).version for _ in range(3)] == [1, 2, 3]
    assert (await publish(session, code="other", amount_min=1)).version == 1
    assert (await publish(session)).steps[0]["needed"] == 2


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"steps": []}, "EMPTY", ("steps",)),
        ({"steps": [STEP] * 13}, "TOO_MANY", ("steps",)),
        ({"steps": [STEP | {"signers": []}]}, "EMPTY", ("steps", 0, "signers")),
        ({"steps": [STEP | {"signers": [{"role": "sales"}] * 21}]}, "TOO_MANY", ("steps", 0, "signers")),
        ({"steps": [STEP | {"signers": [{"role": "king"}]}]}, "ROLE_UNKNOWN", ("steps", 0, "signers", 0, "role")),
        ({"steps": [STEP | {"signers": [{}]}]}, "ROLE_OR_EMPLOYEE", ("steps", 0, "signers", 0)),
        ({"steps": [STEP | {"signers": [{"employee": IDS()}]}]}, "NOT_FOUND", ("steps", 0, "signers", 0, "employee")),
        ({"steps": [STEP, STEP | {"needed": 3}]}, "OUT_OF_RANGE", ("steps", 1, "needed")),
        ({"steps": [STEP | {"needed": 0}]}, "OUT_OF_RANGE", ("steps", 0, "needed")),
        ({"steps": [STEP | {"deadline_hours": 0}]}, "OUT_OF_RANGE", ("steps", 0, "deadline_hours")),
        ({"steps": [STEP | {"escalation_role": "king"}]}, "ROLE_UNKNOWN", ("steps", 0, "escalation_role")),
        ({"steps": [STEP | {"name": " "}]}, "EMPTY", ("steps", 0, "name")),
        ({"code": "Ä"}, "CODE_MALFORMED", ("code",)),
        ({"amount_min": -1}, "OUT_OF_RANGE", ("amount_min",)),
        ({"amount_below": 0}, "RANGE_EMPTY", ("amount_below",)),
        ({"amount_min": 5, "amount_below": 5}, "RANGE_EMPTY", ("amount_below",)),
        (
            {"classification_min": Classification.SECRET, "classification_max": Classification.INTERNAL},
            "RANGE_EMPTY",
            ("classification_max",),
        ),
        ({"passes_because": "小额", "amount_below": 1}, "STEPS_OR_RULE", ("steps",)),
        ({"passes_because": "小额", "steps": []}, "RULE_WITHOUT_BOUND", ("passes_because",)),
        ({"passes_because": " ", "steps": [], "amount_below": 1}, "EMPTY", ("passes_because",)),
        (
            {"passes_because": "公开", "steps": [], "amount_below": 1, "subject_kind": "declassification"},
            "NEVER_BY_RULE",
            ("passes_because",),
        ),
    ],
)
async def test_what_is_refused(
    session: AsyncSession, given: dict[str, Any], code: str, path: tuple[str | int, ...]
) -> None:
    with pytest.raises(Refusal) as refused:
        await publish(session, **given)
    assert (refused.value.code, refused.value.path) == (code, path)


async def test_nobody_is_asked_twice_by_one_chain(session: AsyncSession) -> None:
    employee = (await colleague(session, "某人")).viewer.employee_id
    with pytest.raises(Refusal, match="ALREADY_A_SIGNER"):
        await publish(session, steps=[STEP | {"signers": [{"employee": employee}]}] * 2)


async def test_the_narrowest_policy_whose_conditions_hold_is_taken(session: AsyncSession) -> None:
    secret, large = {"classification_min": Classification.SECRET}, {"amount_min": 1_000_000}
    await publish(session, code="usual")
    await publish(session, code="large", **large)
    with pytest.raises(Refusal, match="POLICIES_AMBIGUOUS"):
        await publish(session, code="secret", **secret)
    await publish(session, code="large-secret", **secret, **large)
    await publish(session, code="secret", **secret)
    await publish(session, code="club", segments=[Segment.ENTERPRISE], amount_min=5_000_000, **secret)
    for classification, amount, segment, code in (
        (Classification.INTERNAL, None, None, "usual"),
        (Classification.INTERNAL, 999_999, Segment.CONSUMER, "usual"),
        (Classification.INTERNAL, 1_000_000, None, "large"),
        (Classification.SECRET, None, None, "secret"),
        (Classification.TOP_SECRET, 1_000_000, Segment.MILITARY, "large-secret"),
        (Classification.TOP_SECRET, 5_000_000, Segment.ENTERPRISE, "club"),
        (Classification.TOP_SECRET, 5_000_000, None, "large-secret"),
    ):
        assert (await policy_for(session, "discount", classification, amount, segment)).code == code
    # What made it clear cannot be taken away by its next version.
    with pytest.raises(Refusal, match="POLICIES_AMBIGUOUS"):
        await publish(session, code="large-secret", amount_min=2_000_000, **secret)
    # A version whose condition no longer holds is not made up for by the one before.
    for conditions in ({}, {"classification_min": Classification.INTERNAL}):
        await publish(session, subject_kind="contract", **conditions)
    with pytest.raises(Refusal, match="NO_POLICY"):
        await policy_for(session, "contract", Classification.PUBLIC)


async def test_what_is_routine_passes_by_rule(session: AsyncSession) -> None:
    await publish(session)
    small = await publish(session, code="small", amount_below=100_000, passes_because="小额常规", steps=())
    assert (small.steps, small.passes_because) == ([], "小额常规")
    assert (await policy_for(session, "discount", Classification.PUBLIC, 99_999)).code == "small"
    for amount in (100_000, None):
        assert (await policy_for(session, "discount", Classification.PUBLIC, amount)).code == "usual", amount
