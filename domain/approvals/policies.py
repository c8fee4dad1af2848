"""The rules of policies: they are data, and only what can be fulfilled is published."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.conditions import conditions_of, decide_clearly, holds, narrowest
from domain.approvals.tables import ApprovalPolicy
from domain.customers.tables import Employee, Segment
from domain.guards import text_of
from foundation.ids import Ids
from foundation.money import AMOUNT_MAX
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.scopes import ROLE_SCOPES

NAME_CHARACTERS_MAX = 60
STEPS_MAX = 12
SIGNERS_MAX = 20
DEADLINE_HOURS_MAX = 24 * 90
REASON_CHARACTERS_MAX = 200
CODES_MAX = 40
# What is put up for approval, each by the capability whose subject it is.
SUBJECT_KINDS = ("declassification", "reclassification", "points-adjustment")
# What somebody must always have looked at, however open or small it is.
NEVER_BY_RULE = frozenset({"declassification", "reclassification"})
CODE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


async def publish_policy(
    session: AsyncSession,
    now: dt.datetime,
    new_id: Ids,
    *,
    subject_kind: str,
    code: str,
    name: str,
    name_en: str | None = None,
    steps: Sequence[Mapping[str, Any]] = (),
    passes_because: str | None = None,
    classification_min: Classification | None = None,
    classification_max: Classification | None = None,
    amount_min: int | None = None,
    amount_below: int | None = None,
    segments: Collection[Segment] = (),
) -> UUID:
    """Publish a policy, as the next version where there is one of its code; returns its key.

    A step is `{name, name_en, signers: [{role} or {employee}], needed, deadline_hours, escalation_role}`; `needed` is all of
    them where it is left out. With `passes_because` there are no steps: what is below its bound passes by rule. Amounts are
    fen. Policies between which a subject would be torn are refused, together with those that are in force.
    """
    kind, own_code = code_of(subject_kind, "subject_kind"), code_of(code, "code")
    valid_conditions(classification_min, classification_max, amount_min, amount_below)
    bounded = amount_below is not None or classification_max is not None
    reason = valid_rule(kind, passes_because, steps, is_bounded=bounded)
    written = [] if reason is not None else await valid_steps(session, steps)
    # Two that are published at once would each not know of the other.
    await session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"approval_policy {kind}"))))
    others = await in_force(session, kind)
    before = next((each for each in others if each.code == own_code), None)
    if before is None and len(others) >= CODES_MAX:
        raise Refusal("TOO_MANY", ("code",), max=CODES_MAX)
    policy = ApprovalPolicy(
        id=new_id(),
        subject_kind=kind,
        code=own_code,
        version=1 if before is None else before.version + 1,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        classification_min=classification_min,
        classification_max=classification_max,
        amount_min=amount_min,
        amount_below=amount_below,
        segments=sorted({each.value for each in segments}),
        passes_because=reason,
        steps=written,
        published_at=now,
    )
    decide_clearly([policy, *(each for each in others if each is not before)])
    session.add(policy)
    await session.flush()
    return policy.id


def code_of(value: str, field: str) -> str:
    """A code in small letters, digits and hyphens."""
    if not CODE.fullmatch(value):
        raise Refusal("CODE_MALFORMED", (field,))
    return value


async def valid_steps(session: AsyncSession, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Steps as they are stored; refuses what could never be signed, with the path to it."""
    if not steps:
        raise Refusal("EMPTY", ("steps",))
    if len(steps) > STEPS_MAX:
        raise Refusal("TOO_MANY", ("steps",), max=STEPS_MAX)
    written = [await valid_step(session, step, ("steps", at)) for at, step in enumerate(steps)]
    named = [each["employee"] for step in written for each in step["signers"] if "employee" in each]
    if len(named) != len(set(named)):
        # Nobody signs a request twice, so a chain that asks somebody twice could never end.
        raise Refusal("ALREADY_A_SIGNER", ("steps",))
    return written


async def valid_step(session: AsyncSession, step: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    """One step."""
    given: Sequence[Mapping[str, Any]] = step.get("signers") or []
    if not given:
        raise Refusal("EMPTY", (*path, "signers"))
    if len(given) > SIGNERS_MAX:
        raise Refusal("TOO_MANY", (*path, "signers"), max=SIGNERS_MAX)
    signers = [await valid_signer(session, each, (*path, "signers", at)) for at, each in enumerate(given)]
    needed = len(signers) if step.get("needed") is None else step["needed"]
    within(needed, 1, len(signers), (*path, "needed"))
    within(step["deadline_hours"], 1, DEADLINE_HOURS_MAX, (*path, "deadline_hours"))
    escalation = step.get("escalation_role")
    if escalation is not None:
        known_role(escalation, (*path, "escalation_role"))
    return {
        "name": line(step["name"], (*path, "name")),
        "name_en": None if step.get("name_en") is None else line(step["name_en"], (*path, "name_en")),
        "signers": signers,
        "needed": needed,
        "deadline_hours": step["deadline_hours"],
        "escalation_role": escalation,
    }


async def valid_signer(session: AsyncSession, signer: Mapping[str, Any], path: tuple[str | int, ...]) -> dict[str, str]:
    """A role that there is, or an employee that there is, and not both."""
    role, employee = signer.get("role"), signer.get("employee")
    if (role is None) == (employee is None):
        raise Refusal("ROLE_OR_EMPLOYEE", path)
    if role is not None:
        return {"role": known_role(role, (*path, "role"))}
    if await session.scalar(sa.select(Employee.id).where(Employee.id == employee)) is None:
        raise Refusal("NOT_FOUND", (*path, "employee"))
    return {"employee": str(employee)}


def known_role(role: str, path: tuple[str | int, ...]) -> str:
    """A role that somebody can have."""
    if role not in ROLE_SCOPES:
        raise Refusal("ROLE_UNKNOWN", path, role=role)
    return role


def line(value: str, path: tuple[str | int, ...]) -> str:
    """A short text that is not empty."""
    trimmed = value.strip()
    if not trimmed:
        raise Refusal("EMPTY", path)
    if len(trimmed) > NAME_CHARACTERS_MAX:
        raise Refusal("TOO_LONG", path, max=NAME_CHARACTERS_MAX)
    return trimmed


def within(value: int, least: int, most: int, path: tuple[str | int, ...]) -> None:
    """A number between two others."""
    if not least <= value <= most:
        raise Refusal("OUT_OF_RANGE", path, min=least, max=most)


def valid_conditions(
    classification_min: Classification | None,
    classification_max: Classification | None,
    amount_min: int | None,
    amount_below: int | None,
) -> None:
    """Ranges that something can be in."""
    if classification_min and classification_max and classification_max.rank < classification_min.rank:
        raise Refusal("RANGE_EMPTY", ("classification_max",))
    for field, value in (("amount_min", amount_min), ("amount_below", amount_below)):
        if value is not None:
            within(value, 0, AMOUNT_MAX, (field,))
    if amount_below is not None and amount_below <= (amount_min or 0):
        raise Refusal("RANGE_EMPTY", ("amount_below",))


def valid_rule(kind: str, reason: str | None, steps: Sequence[Mapping[str, Any]], *, is_bounded: bool) -> str | None:
    """Why subjects pass by a rule, if they do: then nobody signs, so it is for what is small or open, and not for every kind."""
    if reason is None:
        return None
    said = text_of(reason, "passes_because", REASON_CHARACTERS_MAX)
    if steps:
        raise Refusal("STEPS_OR_RULE", ("steps",))
    if kind in NEVER_BY_RULE:
        raise Refusal("NEVER_BY_RULE", ("passes_because",))
    if not is_bounded:
        raise Refusal("RULE_WITHOUT_BOUND", ("passes_because",))
    return said


async def in_force(session: AsyncSession, subject_kind: str) -> list[ApprovalPolicy]:
    """The latest version of each code of a kind."""
    newest = (
        sa.select(ApprovalPolicy.code, sa.func.max(ApprovalPolicy.version).label("version"))
        .where(ApprovalPolicy.subject_kind == subject_kind)
        .group_by(ApprovalPolicy.code)
        .subquery()
    )
    found = await session.scalars(
        sa.select(ApprovalPolicy)
        .join(newest, sa.and_(newest.c.code == ApprovalPolicy.code, newest.c.version == ApprovalPolicy.version))
        .where(ApprovalPolicy.subject_kind == subject_kind)
        .order_by(ApprovalPolicy.code)
    )
    return list(found)


async def policy_for(
    session: AsyncSession,
    subject_kind: str,
    classification: Classification,
    amount: int | None = None,
    segment: Segment | None = None,
) -> ApprovalPolicy:
    """The policy for a subject: of those in force whose conditions hold, the narrowest."""
    kind_of_customer = None if segment is None else segment.value
    holding = [
        each
        for each in await in_force(session, subject_kind)
        if holds(conditions_of(each), classification, amount, kind_of_customer)
    ]
    if not holding:
        raise Refusal("NO_POLICY", ())
    chosen = narrowest(holding)
    if chosen.passes_because is not None and subject_kind in NEVER_BY_RULE:
        raise Refusal("NEVER_BY_RULE", ())
    return chosen
