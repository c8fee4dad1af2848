"""How approvals are answered: which requests wait for whom, where a step stands, and what policies ask for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from domain.approvals import delegations as delegation_rules
from domain.approvals import policies as policy_rules
from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalDelegation,
    ApprovalPolicy,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
    RequestStatus,
    StepState,
)
from domain.customers.tables import Employee, Segment
from domain.identity.tables import Person
from foundation.money import AmountError, Money
from foundation.refusals import Refusal
from resolvers.customers import display_name, localised
from resolvers.money import scaled
from resolvers.planner.declare import LANGUAGE, NOW, PERSON
from resolvers.planner.keys import id_expression
from resolvers.planner.mutations import Act
from resolvers.planner.sqljson import literal
from segments.classification import Classification

Bound = sa.ColumnElement[Any] | None
SECONDS_AN_HOUR = "3600"
CURRENCY, FEN_DIGITS = "CNY", 2


def name(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name in the viewer's language."""
    return localised(source)


def name_zh(source: sa.FromClause) -> sa.ColumnElement[str]:
    """The name as it is kept, whatever the viewer's language: what an editor changes."""
    return source.c.name


def step_state(step: sa.FromClause) -> sa.ColumnElement[Any]:
    """Where a step stands now."""
    return sa.case(
        (step.c.completed_at.is_not(None), literal(StepState.DONE.value)),
        (step.c.due_at.is_(None), literal(StepState.AHEAD.value)),
        (step.c.due_at <= NOW, literal(StepState.OVERDUE.value)),
        else_=literal(StepState.OPEN.value),
    )


def hours_spent(step: sa.FromClause) -> sa.ColumnElement[Any]:
    """Whole hours that a step took, or has taken so far."""
    seconds = sa.func.extract("epoch", sa.func.coalesce(step.c.completed_at, NOW) - step.c.opened_at)
    return sa.cast(sa.func.floor(seconds / sa.literal_column(SECONDS_AN_HOUR)), sa.Integer())


def policy_steps(policy: sa.FromClause) -> sa.Select[*tuple[Any, ...]]:
    """The steps of a policy, in their order."""
    made = (
        sa.func.jsonb_array_elements(policy.c.steps)
        .table_valued(sa.column("step", JSONB()), with_ordinality="n", name="planned")
        .render_derived()
    )
    step = made.c.step
    signer = (
        sa.func.jsonb_array_elements(step["signers"])
        .table_valued(sa.column("signer", JSONB()), with_ordinality="n", name="place")
        .render_derived()
    )
    role = signer.c.signer["role"].astext
    roles = sa.select(role).where(role.is_not(None)).order_by(signer.c.n).correlate(made)
    employee = Employee.__table__.alias("planned_signer")
    named = signer.join(employee, employee.c.id == sa.cast(signer.c.signer["employee"].astext, sa.Uuid()))

    def people(column: sa.ColumnElement[str]) -> sa.ColumnElement[Any]:
        found = sa.select(column).select_from(named).order_by(signer.c.n).correlate(made)
        return sa.func.array(found.scalar_subquery(), type_=sa.ARRAY(sa.Text()))

    english = sa.func.coalesce(step["name_en"].astext, step["name"].astext)
    found: sa.Select[*tuple[Any, ...]] = sa.select(
        sa.case((literal("en") == LANGUAGE, english), else_=step["name"].astext).label("name"),
        sa.func.array(roles.scalar_subquery(), type_=sa.ARRAY(sa.Text())).label("roles"),
        people(id_expression("Employee", employee.c.id)).label("employees"),
        people(display_name(employee)).label("employee_names"),
        sa.func.jsonb_array_length(step["signers"]).label("signers"),
        sa.cast(step["needed"].astext, sa.Integer()).label("needed"),
        sa.cast(step["deadline_hours"].astext, sa.Integer()).label("deadline_hours"),
        step["escalation_role"].astext.label("escalation_role"),
        step["name"].astext.label("name_zh"),
        step["name_en"].astext.label("name_en"),
    ).order_by(made.c.n)
    return found


def amount_min(policy: sa.FromClause) -> sa.ColumnElement[Any]:
    """From which amount on, in yuan."""
    return scaled(sa.cast(policy.c.amount_min, sa.Numeric()), FEN_DIGITS)


def amount_below(policy: sa.FromClause) -> sa.ColumnElement[Any]:
    """Below which amount, in yuan."""
    return scaled(sa.cast(policy.c.amount_below, sa.Numeric()), FEN_DIGITS)


def requests(
    request: sa.FromClause, *, status: Bound = None, subject_kind: Bound = None, waits_for_viewer: Bound = None
) -> sa.ColumnElement[bool]:
    """Requests by where they stand, by what they are about, and whether the viewer may sign them now."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if status is not None:
        conditions.append(request.c.status == status)
    if subject_kind is not None:
        conditions.append(request.c.subject_kind == subject_kind)
    if waits_for_viewer is not None:
        conditions.append(_waits_for_viewer(request) == waits_for_viewer)
    return sa.and_(*conditions)


def waits_for_viewer(request: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer may sign a request now: in their own place, or in that of somebody who has delegated to them."""
    return _waits_for_viewer(request)


def waits_in_person(request: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether the viewer may sign a request now in their own place."""
    return _open_to_viewer(request, _in_person(request))


def _waits_for_viewer(request: sa.FromClause) -> sa.ColumnElement[bool]:
    return _open_to_viewer(request, sa.or_(_in_person(request), _for_another(request)))


def _in_person(request: sa.FromClause) -> sa.ColumnElement[bool]:
    """A place of the present step is the viewer's own."""
    person = Person.__table__.alias("signing_person")
    own = sa.select(person.c.id).where(
        person.c.id == PERSON, _may_take(request, person.c.employee_id, person.c.roles, person)
    )
    return own.correlate(request).exists()


def _for_another(request: sa.FromClause) -> sa.ColumnElement[bool]:
    """A place is that of somebody who has delegated to the viewer."""
    person = Person.__table__.alias("signing_person")
    delegation = ApprovalDelegation.__table__.alias("signing_delegation")
    given = (
        sa.select(delegation.c.id)
        .select_from(delegation.join(person, person.c.employee_id == delegation.c.delegate_id))
        .where(
            person.c.id == PERSON,
            holds_now(delegation),
            sa.func.coalesce(delegation.c.subject_kind, request.c.subject_kind) == request.c.subject_kind,
            _may_appear(request, delegation.c.delegator_id, delegation.c.delegator_employee_id, delegation),
            _may_take(
                request,
                delegation.c.delegator_employee_id,
                delegation.c.roles,
                delegation,
            ),
        )
    )
    return given.correlate(request).exists()


def _open_to_viewer(request: sa.FromClause, place: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """A request waits, the viewer may appear in it, and there is a place for them."""
    person = Person.__table__.alias("asking_person")
    own = sa.select(person.c.employee_id).where(person.c.id == PERSON).scalar_subquery()
    # An anonymous viewer is nobody, and nothing waits for nobody.
    return sa.func.coalesce(
        sa.and_(request.c.status == literal(RequestStatus.PENDING.value), _may_appear(request, PERSON, own), place),
        sa.false(),
    )


def _may_appear(
    request: sa.FromClause, person: sa.ColumnElement[Any], employee: sa.ColumnElement[Any], *outer: sa.FromClause
) -> sa.ColumnElement[bool]:
    """Neither barred from a request nor among those who have signed it, with a second account neither."""
    decision = ApprovalDecision.__table__.alias()
    signed = sa.select(decision.c.id).where(
        decision.c.request_id == request.c.id,
        sa.or_(
            decision.c.person_id == person,
            decision.c.principal_id == person,
            decision.c.employee_id == employee,
            decision.c.principal_employee_id == employee,
        ),
    )
    return sa.and_(
        person != sa.all_(request.c.excluded_people),
        sa.func.coalesce(employee != sa.all_(request.c.excluded_employees), sa.true()),
        sa.not_(signed.correlate(request, *outer).exists()),
    )


def _may_take(
    request: sa.FromClause,
    employee: sa.ColumnElement[Any],
    roles: sa.ColumnElement[Any],
    outer: sa.FromClause,
) -> sa.ColumnElement[bool]:
    """Whether an open place of the present step is one's own, one's role's, or has fallen to one's role."""
    step, signer = ApprovalStep.__table__.alias(), ApprovalSigner.__table__.alias()
    decision = ApprovalDecision.__table__.alias()
    taken = sa.select(decision.c.id).where(
        decision.c.signer_id == signer.c.id, decision.c.kind == literal(DecisionKind.APPROVE.value)
    )
    fallen = sa.and_(step.c.due_at <= NOW, step.c.escalation_role == sa.any_(roles))
    place = (
        sa.select(signer.c.id)
        .select_from(step.join(signer, signer.c.step_id == step.c.id))
        .where(
            step.c.request_id == request.c.id,
            step.c.position == request.c.step_now,
            sa.not_(taken.correlate(signer).exists()),
            sa.or_(signer.c.employee_id == employee, signer.c.role == sa.any_(roles), fallen),
        )
    )
    return place.correlate(request, outer).exists()


def policies(
    policy: sa.FromClause, *, subject_kind: Bound = None, code: Bound = None, in_force: Bound = None
) -> sa.ColumnElement[bool]:
    """Policies of a kind of subject, or of one code; in force is the latest version of each."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if code is not None:
        conditions.append(policy.c.code == code)
    if subject_kind is not None:
        conditions.append(policy.c.subject_kind == subject_kind)
    if in_force is not None:
        newer = ApprovalPolicy.__table__.alias()
        later = sa.select(newer.c.id).where(
            newer.c.subject_kind == policy.c.subject_kind,
            newer.c.code == policy.c.code,
            newer.c.version > policy.c.version,
        )
        conditions.append(sa.not_(later.correlate(policy).exists()) == in_force)
    return sa.and_(*conditions)


def delegations(
    delegation: sa.FromClause, *, in_force: Bound = None, to_viewer: Bound = None, by_viewer: Bound = None
) -> sa.ColumnElement[bool]:
    """Delegations that hold now or do not, those to the viewer or to others, and the viewer's own or those of others."""
    conditions: list[sa.ColumnElement[bool]] = [sa.true()]
    if by_viewer is not None:
        # An anonymous viewer is nobody, and has delegated nothing.
        conditions.append(sa.func.coalesce(delegation.c.delegator_id == PERSON, sa.false()) == by_viewer)
    if in_force is not None:
        conditions.append(holds_now(delegation) == in_force)
    if to_viewer is not None:
        person = Person.__table__.alias()
        me = sa.select(person.c.id).where(person.c.id == PERSON, person.c.employee_id == delegation.c.delegate_id)
        conditions.append(me.correlate(delegation).exists() == to_viewer)
    return sa.and_(*conditions)


def holds_now(delegation: sa.FromClause) -> sa.ColumnElement[bool]:
    """Whether a delegation holds now."""
    return sa.and_(delegation.c.ended_at.is_(None), delegation.c.valid_from <= NOW, delegation.c.valid_until > NOW)


async def publish_policy(
    act: Act,
    *,
    subject_kind: str,
    code: str,
    name: str,
    steps: Sequence[Mapping[str, Any]] | None = None,
    passes_because: str | None = None,
    name_en: str | None = None,
    classification_min: Classification | None = None,
    classification_max: Classification | None = None,
    amount_min: Decimal | None = None,
    amount_below: Decimal | None = None,
    segments: Sequence[Segment] | None = None,
) -> UUID:
    """See `domain.approvals.policies`; amounts are in yuan."""
    return await policy_rules.publish_policy(
        act.session,
        act.now,
        act.new_id,
        subject_kind=subject_kind,
        code=code,
        name=name,
        name_en=name_en,
        steps=steps or (),
        passes_because=passes_because,
        classification_min=classification_min,
        classification_max=classification_max,
        amount_min=fen(amount_min, "amount_min"),
        amount_below=fen(amount_below, "amount_below"),
        segments=segments or (),
    )


def fen(yuan: Decimal | None, field: str) -> int | None:
    """An amount in fen, exactly."""
    if yuan is None:
        return None
    try:
        return Money.parse(format(yuan, "f"), CURRENCY).amount
    except AmountError as error:
        raise Refusal("PRICE_MALFORMED", (field,)) from error


async def delegate(
    act: Act, *, delegate: UUID, valid_until: dt.datetime, reason: str, subject_kind: str | None = None
) -> UUID:
    """See `domain.approvals.delegations`."""
    return await delegation_rules.delegate(
        act.session,
        act.viewer,
        act.now,
        act.new_id,
        delegate_id=delegate,
        valid_until=valid_until,
        reason=reason,
        subject_kind=subject_kind,
    )


async def end_delegation(act: Act, *, delegation: UUID) -> UUID:
    """See `domain.approvals.delegations`."""
    return await delegation_rules.end_delegation(act.session, act.viewer, act.now, delegation_id=delegation)
