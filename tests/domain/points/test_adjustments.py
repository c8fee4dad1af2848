"""A correction is posted after the approval of exactly itself, once."""

from __future__ import annotations

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.policies import publish_policy
from domain.approvals.requests import decide
from domain.approvals.tables import ApprovalRequest, DecisionKind, RequestStatus
from domain.points import adjustments, balances, ledger, programmes
from domain.points.balances import Balance
from domain.points.programmes import ProgrammeSettings
from domain.points.tables import PointsAdjustment
from domain.points.verifying import verify
from foundation.refusals import Refusal
from foundation.session import set_statement
from segments.audiences import CONSUMER
from segments.viewer import Viewer
from tests.domain.approvals.people import IDS, NOW, Colleague, acts, colleague
from tests.people import organisation

STEPS = [{"name": "审批", "signers": [{"role": "department_head"}], "deadline_hours": 24}]


class Case:
    """A member with 100 points, somebody who proposes and somebody who approves."""

    session: AsyncSession
    author: Colleague
    head: Colleague
    programme: UUID
    member: UUID

    async def begin(self, session: AsyncSession) -> Case:
        self.session = session
        self.author = await colleague(session, "经办")
        self.head = await colleague(session, "部长", "department_head")
        await publish_policy(
            session, NOW, IDS, subject_kind=adjustments.SUBJECT_KIND, code="usual", name="积分调整", steps=STEPS
        )
        self.programme = IDS()
        settings = ProgrammeSettings(str(self.programme), "会员积分", activation_days=0)
        await programmes.set_programme(session, self.programme, 0, settings)
        customer = organisation("甲")
        session.add(customer)
        await session.flush()
        self.member = customer.id
        return self

    async def propose(self, amount: int) -> UUID:
        viewer = await acts(self.session, self.author)
        return await adjustments.propose_adjustment(
            self.session,
            viewer,
            NOW,
            IDS,
            programme_id=self.programme,
            customer_id=self.member,
            amount=amount,
            reason="补记线下消费",
        )

    async def approve(self, adjustment_id: UUID) -> None:
        request_id = await self.session.scalar(
            sa.select(PointsAdjustment.approval_id).where(PointsAdjustment.id == adjustment_id)
        )
        assert request_id is not None
        viewer = await acts(self.session, self.head)
        request = await self.session.get_one(ApprovalRequest, request_id)
        status = await decide(
            self.session, viewer, NOW, IDS, request_id=request_id, version=request.version, kind=DecisionKind.APPROVE
        )
        assert status is RequestStatus.APPROVED
        await acts(self.session, self.author)

    async def post(self, amount: int) -> list[UUID]:
        adjustment = await self.propose(amount)
        await self.approve(adjustment)
        return await adjustments.post_adjustment(self.session, adjustment)

    async def balance(self) -> Balance:
        return await balances.balance(self.session, self.programme, self.member)


@pytest.fixture
async def case(session: AsyncSession) -> Case:
    return await Case().begin(session)


async def refused(case: Case, adjustment: UUID) -> str:
    """The code with which posting is refused; a savepoint keeps what was before."""
    with pytest.raises(Refusal) as refusal:
        async with case.session.begin_nested():
            await adjustments.post_adjustment(case.session, adjustment)
    return refusal.value.code


async def test_what_is_approved_is_posted_once(case: Case) -> None:
    adjustment = await case.propose(70)
    assert await refused(case, adjustment) == "NOT_APPROVED"
    await case.approve(adjustment)
    first = await adjustments.post_adjustment(case.session, adjustment)
    assert await adjustments.post_adjustment(case.session, adjustment) == first
    assert await case.balance() == Balance(0, 70, 0, 0)


async def test_points_are_taken_as_far_as_there_are_any(case: Case) -> None:
    await case.post(70)
    await case.post(-60)
    assert await case.balance() == Balance(0, 10, 0, 0)
    more = await case.propose(-11)
    await case.approve(more)
    assert await refused(case, more) == "POINTS_INSUFFICIENT"


async def test_the_approval_of_something_else_does_not_count(case: Case) -> None:
    """Not even straight at the functions, with a request that is approved and a proposal of one's own."""
    approved = await case.propose(1)
    await case.approve(approved)
    request_id = await case.session.scalar(
        sa.select(PointsAdjustment.approval_id).where(PointsAdjustment.id == approved)
    )
    with pytest.raises(IntegrityError):  # an approval has one adjustment, for good
        async with case.session.begin_nested():
            await case.session.execute(
                sa.select(
                    sa.func.points_propose_adjustment(
                        IDS(), case.programme, case.member, request_id, sa.literal(10**6, sa.BigInteger()), "x"
                    )
                )
            )
    assert await refused(case, IDS()) == "NOT_APPROVED"


@pytest.mark.parametrize("amount", [0, 10**12 + 1, -(10**12) - 1])
async def test_an_adjustment_has_bounds(case: Case, amount: int) -> None:
    with pytest.raises(Refusal, match="OUT_OF_RANGE"):
        await case.propose(amount)


async def test_members_neither_propose_nor_post(case: Case) -> None:
    adjustment = await case.propose(70)
    await case.approve(adjustment)
    await case.session.execute(set_statement(Viewer(CONSUMER, customer_id=case.member).row_settings()))
    assert await refused(case, adjustment) == "NOT_FOUND"


async def test_the_last_signature_posts_the_points_and_a_rejection_posts_none(session: AsyncSession) -> None:
    case = await Case().begin(session)
    for amount, kind, available in ((100, DecisionKind.APPROVE, 100), (50, DecisionKind.REJECT, 100)):
        proposed = await case.propose(amount)
        adjustment = await session.get_one(PointsAdjustment, proposed)
        request = await session.get_one(ApprovalRequest, adjustment.approval_id)
        signing = {"adjustment_id": proposed, "version": request.version, "kind": kind, "comment": "已核对"}
        viewer = await acts(session, case.author)
        with pytest.raises(Refusal):
            async with session.begin_nested():
                await adjustments.decide_adjustment(session, viewer, NOW, IDS, **signing)  # type: ignore[arg-type]
        viewer = await acts(session, case.head)
        await adjustments.decide_adjustment(session, viewer, NOW, IDS, **signing)  # type: ignore[arg-type]
        assert (await balances.balance(session, case.programme, case.member)).available == available


async def test_what_leaves_a_pool_leaves_all_of_its_stripes(case: Case) -> None:
    await case.post(50)
    await case.session.execute(sa.select(sa.func.points_open_pool(case.programme, case.member)))
    for key in ("one", "two"):
        await ledger.earn(case.session, programme_id=case.programme, customer_id=case.member, key=key, amount=40)
    # 50 lie in the first stripe, 40 in each of two others.
    assert (await case.balance()).available == 130
    assert len(await case.post(-120)) == 1
    assert (await case.balance()).available == 10
    more = await case.propose(-11)
    await case.approve(more)
    assert await refused(case, more) == "POINTS_INSUFFICIENT"
    assert await verify(case.session) == []
