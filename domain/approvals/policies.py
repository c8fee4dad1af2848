"""The rules of policies: they are data, and only what can be fulfilled is published."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.tables import ApprovalPolicy
from domain.customers.tables import Employee
from domain.guards import text_of
from foundation.ids import Ids
from foundation.refusals import Refusal
from segments.classification import Classification
from segments.scopes import ROLE_SCOPES

NAME_CHARACTERS_MAX = 60
STEPS_MAX = 12
SIGNERS_MAX = 20
DEADLINE_HOURS_MAX = 24 * 90
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
    steps: Sequence[Mapping[str, Any]],
    classification_min: Classification | None = None,
    amount_min: int | None = None,
) -> UUID:
    """Publish a policy, as the next version where there is one of its code; returns its key.

    A step is `{name, name_en, signers: [{role} or {employee}], needed, deadline_hours, escalation_role}`; `needed` is all of
    them where it is left out.
    """
    kind, own_code = code_of(subject_kind, "subject_kind"), code_of(code, "code")
    written = await valid_steps(session, steps)
    if amount_min is not None and amount_min < 0:
        raise Refusal("OUT_OF_RANGE", ("amount_min",), min=0, max=2**62)
    last = sa.select(sa.func.max(ApprovalPolicy.version)).where(
        ApprovalPolicy.subject_kind == kind, ApprovalPolicy.code == own_code
    )
    policy = ApprovalPolicy(
        id=new_id(),
        subject_kind=kind,
        code=own_code,
        version=((await session.execute(last)).scalar_one() or 0) + 1,
        name=text_of(name, "name", NAME_CHARACTERS_MAX),
        name_en=None if name_en is None else text_of(name_en, "name_en", NAME_CHARACTERS_MAX),
        classification_min=classification_min,
        amount_min=amount_min,
        steps=written,
        published_at=now,
    )
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


async def policy_for(
    session: AsyncSession, subject_kind: str, classification: Classification, amount: int | None = None
) -> ApprovalPolicy:
    """The policy in force for a subject: of those whose conditions hold, the most demanding one.

    In force is the latest version of each code.
    """
    newest = (
        sa.select(ApprovalPolicy.code, sa.func.max(ApprovalPolicy.version).label("version"))
        .where(ApprovalPolicy.subject_kind == subject_kind)
        .group_by(ApprovalPolicy.code)
        .subquery()
    )
    in_force = await session.scalars(
        sa.select(ApprovalPolicy)
        .join(newest, sa.and_(newest.c.code == ApprovalPolicy.code, newest.c.version == ApprovalPolicy.version))
        .where(ApprovalPolicy.subject_kind == subject_kind)
        .order_by(ApprovalPolicy.code)
    )
    holding = [each for each in in_force if holds(each, classification, amount)]
    if not holding:
        raise Refusal("NO_POLICY", ())
    return max(holding, key=demand)


def holds(policy: ApprovalPolicy, classification: Classification, amount: int | None) -> bool:
    """Whether a policy's conditions hold for a subject."""
    degree = policy.classification_min
    enough = policy.amount_min is None or (amount is not None and amount >= policy.amount_min)
    return enough and (degree is None or classification.rank >= degree.rank)


def demand(policy: ApprovalPolicy) -> tuple[int, int]:
    """How narrow a policy's conditions are."""
    degree = -1 if policy.classification_min is None else policy.classification_min.rank
    return degree, -1 if policy.amount_min is None else policy.amount_min
