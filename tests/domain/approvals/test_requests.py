"""Requests under row security: chains are frozen, everybody signs in their own name, absent ones through others."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.delegations import delegate, end_delegation
from domain.approvals.policies import publish_policy
from domain.approvals.requests import (
    Party,
    Subject,
    add_signer,
    decide,
    hand_over,
    request_approval,
    status_of,
    withdraw,
)
from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalDelegation,
    ApprovalRequest,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
    RequestStatus,
)
from domain.customers.tables import Segment
from domain.identity.tables import Person
from domain.tables import METADATA
from foundation.refusals import Refusal
from foundation.session import set_statement
from resolvers.approvals import step_state
from segments.audiences import DIVISION, Audience
from segments.classification import Classification
from segments.outbox import OutboxEvent
from segments.viewer import Viewer
from tests.domain.approvals.people import IDS, NOW, Colleague, acts, colleague, count

APPROVE = DecisionKind.APPROVE
SUBJECT = IDS()


class House:
    """A policy of two steps, its people, and a request of one of them."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.now = NOW

    async def open(self) -> House:
        session = self.session
        self.author = await colleague(session, "作者", "technology_transfer", audience=DIVISION)
        self.screener = await colleague(session, "筛选", "programme_manager")
        self.lead = await colleague(session, "主管", "programme_manager")
        self.head = await colleague(session, "部长", "department_head")
        self.other = await colleague(session, "同事")
        steps: list[dict[str, Any]] = [
            {"name": "技术", "signers": [{"role": "programme_manager"}], "deadline_hours": 48},
            {
                "name": "批准",
                "signers": [{"role": "department_head"}, {"employee": self.other.viewer.employee_id}],
                "needed": 1,
                "deadline_hours": 24,
            },
        ]
        await publish_policy(session, NOW, IDS, subject_kind="declassification", code="usual", name="脱密", steps=steps)
        viewer = await acts(session, self.author)
        self.request_id = await request_approval(
            session, viewer, NOW, IDS, subject=subject(), parties=[party(self.screener)]
        )
        return self

    async def request(self) -> ApprovalRequest:
        found = await self.session.execute(sa.select(ApprovalRequest).where(ApprovalRequest.id == self.request_id))
        return found.scalar_one()

    async def sign(self, who: Colleague, kind: DecisionKind = APPROVE, **given: Any) -> RequestStatus:
        viewer = await acts(self.session, who)
        version = (await self.request()).version
        return await decide(
            self.session,
            viewer,
            self.now,
            IDS,
            **{"request_id": self.request_id, "version": version, "kind": kind} | given,
        )


def subject(classification: Classification = Classification.CONFIDENTIAL) -> Subject:
    return Subject("declassification", SUBJECT, "抗风悬停", classification, ["QL-7"])


def party(who: Colleague) -> Party:
    return Party(who.person.id, who.viewer.employee_id)


@pytest.fixture
async def house(session: AsyncSession) -> House:
    return await House(session).open()


async def test_a_request_freezes_the_policy_and_opens_its_first_step(house: House) -> None:
    first, second = await house.session.scalars(
        sa.select(ApprovalStep).where(ApprovalStep.request_id == house.request_id).order_by(ApprovalStep.position)
    )
    assert (first.needed, first.due_at, second.needed, second.due_at) == (1, NOW + dt.timedelta(hours=48), 1, None)
    request = await house.request()
    assert (request.status, request.classification) == (RequestStatus.PENDING, Classification.CONFIDENTIAL)
    assert set(request.excluded_people) == {house.author.person.id, house.screener.person.id}
    assert await house.sign(house.lead) is RequestStatus.PENDING
    assert await house.sign(house.head) is RequestStatus.APPROVED
    kinds = await house.session.scalars(
        sa.select(OutboxEvent.kind).where(OutboxEvent.subject_id == request.id).order_by(OutboxEvent.position)
    )
    assert list(kinds) == ["approval.requested", "approval.signed", "approval.signed"]


async def test_a_later_version_of_the_policy_does_not_touch_the_chain(house: House) -> None:
    await acts(house.session, house.head)
    await publish_policy(
        house.session,
        NOW,
        IDS,
        subject_kind="declassification",
        code="usual",
        name="脱密",
        steps=[{"name": "一人", "signers": [{"role": "sales"}], "deadline_hours": 1}],
    )
    assert await house.sign(house.lead) is RequestStatus.PENDING
    assert await house.sign(house.head) is RequestStatus.APPROVED


async def test_who_had_a_hand_in_it_does_not_sign(house: House) -> None:
    for who in (house.author, house.screener):
        with pytest.raises(Refusal, match="SELF_APPROVAL"):
            await house.sign(who)


async def test_a_version_that_is_gone_is_refused(house: House) -> None:
    with pytest.raises(Refusal, match="CHANGED_MEANWHILE"):
        await house.sign(house.lead, version=7)


async def test_who_may_not_see_a_request_cannot_sign_it(house: House) -> None:
    stranger = await colleague(house.session, "外人", "programme_manager", compartments=())
    viewer = await acts(house.session, stranger)
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await decide(house.session, viewer, NOW, IDS, request_id=house.request_id, version=1, kind=APPROVE)


async def test_a_colleague_signs_for_who_is_away_until_they_are_back(house: House) -> None:
    viewer = await acts(house.session, house.lead)
    employee = house.other.viewer.employee_id
    assert employee is not None
    given = {"valid_until": NOW + dt.timedelta(days=9), "reason": "出差"}
    away = await delegate(house.session, viewer, NOW, IDS, delegate_id=employee, **given)
    with pytest.raises(Refusal, match="NOT_YOUR_DELEGATION"):
        await house.sign(house.head, delegation_id=away)
    house.now = NOW + dt.timedelta(days=9)
    with pytest.raises(Refusal, match="DELEGATION_OVER"):
        await house.sign(house.other, delegation_id=away)
    house.now = NOW + dt.timedelta(days=1)
    await house.sign(house.other, delegation_id=away)
    [decision] = await house.session.scalars(sa.select(ApprovalDecision))
    assert (decision.person_name, decision.principal_name) == ("同事", "主管")
    with pytest.raises(Refusal, match="ALREADY_SIGNED"):
        await house.sign(house.other)
    await end_delegation(house.session, await acts(house.session, house.lead), house.now, delegation_id=away)
    with pytest.raises(Refusal, match="DELEGATION_OVER"):
        await house.sign(house.other, delegation_id=away)


@pytest.mark.parametrize(
    "loss",
    [
        {"roles": []},
        {"active": False},
        {"clearance": Classification.INTERNAL},
        {"compartments": []},
        {"employee_id": None},
        {"audience": Audience.DIVISION},
    ],
    ids=lambda loss: next(iter(loss)),
)
async def test_a_colleague_signs_only_while_the_absent_one_could(house: House, loss: dict[str, Any]) -> None:
    employee = house.other.viewer.employee_id
    assert employee is not None
    given = {"delegate_id": employee, "valid_until": NOW + dt.timedelta(days=9), "reason": "出差"}
    away = await delegate(house.session, await acts(house.session, house.lead), NOW, IDS, **given)
    others = await delegate(house.session, await acts(house.session, house.head), NOW, IDS, **given)
    absent = sa.update(Person).where(Person.id == house.lead.person.id)
    ended = sa.select(ApprovalDelegation.ended_at)
    await house.session.execute(set_statement(Viewer.system().row_settings()))
    await house.session.execute(absent.values(roles=[*house.lead.person.roles, "account_manager"]))
    assert await house.session.scalar(ended.where(ApprovalDelegation.id == away)) is None
    # Neither the administrator who takes it away nor the delegate sees or writes the delegation.
    await house.session.execute(absent.values(**loss))
    house.session.expire_all()
    assert await house.session.scalar(ended.where(ApprovalDelegation.id == others)) is None
    with pytest.raises(Refusal, match="DELEGATION_OVER"):
        await house.sign(house.other, delegation_id=away)


async def test_what_cannot_be_delegated(house: House) -> None:
    viewer = await acts(house.session, house.lead)
    own, other = house.lead.viewer.employee_id, house.other.viewer.employee_id
    assert own is not None
    assert other is not None
    day = dt.timedelta(days=1)
    for to, until, code in (
        (own, NOW + day, "TO_ONESELF"),
        (other, NOW, "DELEGATION_PERIOD"),
        (other, NOW + 91 * day, "DELEGATION_PERIOD"),
        (IDS(), NOW + day, "NOT_FOUND"),
    ):
        with pytest.raises(Refusal, match=code):
            await delegate(house.session, viewer, NOW, IDS, delegate_id=to, valid_until=until, reason="x")


async def test_an_added_signer_must_sign_and_a_place_is_handed_over(house: House) -> None:
    expert = await colleague(house.session, "专家")
    heir = await colleague(house.session, "继任")
    viewer = await acts(house.session, house.lead)
    for rule, whom in ((add_signer, expert), (hand_over, heir)):
        employee = whom.viewer.employee_id
        assert employee is not None
        version = (await house.request()).version
        await rule(
            house.session,
            viewer,
            NOW,
            IDS,
            request_id=house.request_id,
            version=version,
            employee_id=employee,
            reason="专业意见",
        )
    with pytest.raises(Refusal, match="NOT_A_SIGNER"):
        await house.sign(house.lead)
    await house.sign(heir)
    request = await house.request()
    assert request.step_now == 0, "the added signer has not signed"
    await house.sign(expert)
    assert request.step_now == 1
    places = await house.session.scalars(sa.select(ApprovalSigner).where(ApprovalSigner.named_by == "主管"))
    assert sorted(each.added for each in places) == [False, True]


async def test_only_its_requester_withdraws(house: House) -> None:
    with pytest.raises(Refusal, match="NOT_THE_REQUESTER"):
        await withdraw(house.session, await acts(house.session, house.lead), NOW, IDS, request_id=house.request_id)
    viewer = await acts(house.session, house.author)
    assert (await withdraw(house.session, viewer, NOW, IDS, request_id=house.request_id)).decided_at == NOW
    with pytest.raises(Refusal, match="REQUEST_CLOSED"):
        await house.sign(house.lead)


async def test_a_signature_is_never_changed_nor_written_in_another_s_name(house: House) -> None:
    await house.sign(house.lead)
    with pytest.raises(DBAPIError, match="permission denied"):
        async with house.session.begin_nested():
            await house.session.execute(sa.update(ApprovalDecision).values(comment="x"))
    [decision] = await house.session.scalars(sa.select(ApprovalDecision))
    values = {column.name: getattr(decision, column.name) for column in ApprovalDecision.__table__.columns}
    await acts(house.session, house.head)
    forged = values | {"id": IDS(), "principal_id": house.head.person.id}
    with pytest.raises(DBAPIError, match="row-level security"):
        async with house.session.begin_nested():
            await house.session.execute(sa.insert(ApprovalDecision).values(forged))
    own = values | {"id": IDS(), "person_id": house.head.person.id}
    with pytest.raises(IntegrityError, match="uq_approval_decision_principal"):
        async with house.session.begin_nested():
            await house.session.execute(sa.insert(ApprovalDecision).values(own))
    assert await count(house.session, ApprovalDecision) == 1


async def test_a_request_needs_a_policy_and_a_person(session: AsyncSession) -> None:
    author = await colleague(session, "作者")
    viewer = await acts(session, author)
    with pytest.raises(Refusal, match="NO_POLICY"):
        await request_approval(session, viewer, NOW, IDS, subject=subject())


async def test_what_is_routine_is_approved_by_its_rule_and_signed_by_nobody(session: AsyncSession) -> None:
    author = await colleague(session, "作者")
    rule: dict[str, Any] = {"amount_below": 100_000, "passes_because": "小额常规", "segments": [Segment.ENTERPRISE]}
    await publish_policy(session, NOW, IDS, subject_kind="discount", code="small", name="小额", **rule)
    viewer = await acts(session, author)
    case = Subject("discount", IDS(), "让利", Classification.INTERNAL, [], 99_999, Segment.ENTERPRISE)
    request_id = await request_approval(session, viewer, NOW, IDS, subject=case)
    assert await status_of(session, request_id) is RequestStatus.APPROVED
    request = await session.get_one(ApprovalRequest, request_id)
    assert (request.passed_by_rule, request.decided_at) == ("小额常规", NOW)
    assert await count(session, ApprovalStep, ApprovalStep.request_id == request_id) == 0
    assert await count(session, ApprovalDecision, ApprovalDecision.request_id == request_id) == 0
    with pytest.raises(Refusal, match="REQUEST_CLOSED"):
        await withdraw(session, viewer, NOW, IDS, request_id=request_id)
    with pytest.raises(Refusal, match="NO_POLICY"):
        await request_approval(session, viewer, NOW, IDS, subject=case._replace(segment=Segment.CONSUMER))


async def test_a_second_account_of_somebody_who_has_signed_is_nobody_new(house: House) -> None:
    double = await colleague(house.session, "主管的另一账号", "department_head")
    double.person.employee_id = house.lead.viewer.employee_id
    await house.session.flush()
    await house.sign(house.lead)
    account = Colleague(double.person, replace(double.viewer, employee_id=house.lead.viewer.employee_id))
    with pytest.raises(Refusal, match="ALREADY_SIGNED"):
        await house.sign(account)


async def test_nobody_is_named_who_could_not_sign_any_more(house: House) -> None:
    await house.sign(house.lead)
    viewer = await acts(house.session, house.head)
    employee = house.lead.viewer.employee_id
    assert employee is not None
    for act in (add_signer, hand_over):
        with pytest.raises(Refusal) as refused:
            await act(
                house.session,
                viewer,
                NOW,
                IDS,
                request_id=house.request_id,
                version=(await house.request()).version,
                employee_id=employee,
                reason="x",
            )
        assert (refused.value.code, refused.value.path) == ("ALREADY_SIGNED", ("employee",))


async def test_a_deadline_that_has_passed_is_read_at_once_and_no_job_has_run(house: House) -> None:
    steps = METADATA.tables[ApprovalStep.__tablename__]
    query = sa.select(step_state(steps)).where(steps.c.request_id == house.request_id).order_by(steps.c.position)

    async def states(hours: float) -> list[str]:
        return list(await house.session.scalars(query, {"viewer_now": NOW + dt.timedelta(hours=hours)}))

    assert await states(47.99) == ["OPEN", "AHEAD"]
    assert await states(48) == ["OVERDUE", "AHEAD"]
    house.now = NOW + dt.timedelta(hours=50)
    await house.sign(house.lead)
    assert await states(50) == ["DONE", "OPEN"], "the next step has its own time, from when its turn came"
    assert await states(50 + 24) == ["DONE", "OVERDUE"]
