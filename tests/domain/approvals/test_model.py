"""Approvals in PostgreSQL do what the plain model does, whatever people try in whatever order, and reads tell the same."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from domain.approvals.delegations import delegate, end_delegation
from domain.approvals.policies import publish_policy
from domain.approvals.requests import Subject, add_signer, decide, hand_over, request_approval, withdraw
from domain.approvals.tables import (
    ApprovalDecision,
    ApprovalDelegation,
    ApprovalRequest,
    ApprovalSigner,
    ApprovalStep,
    DecisionKind,
)
from domain.customers.tables import Employee
from domain.identity.tables import Person
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import set_statement
from foundation.settings import Settings
from resolvers.approvals import waits_for_viewer
from segments.audiences import STAFF
from segments.classification import Classification
from segments.viewer import Viewer
from tests.domain.approvals.model import NOBODY, Account, Model, RefusedError, Step
from tests.domain.approvals.people import IDS, NOW
from tests.people import person

KIND = "discount"
ROLES = ("security_officer", "programme_manager", "department_head")
EMPLOYEES = 5
# Employee 0 has two accounts, and so has employee 1.
ACCOUNTS = [(0, 0), (1, 0, 1), (2, 1), (3, 2), (4,), (0, 1, 2), (1, 2)]
WHO, WHOM, PICK = st.integers(0, len(ACCOUNTS) - 1), st.integers(0, EMPLOYEES - 1), st.integers(0, 20)
KINDS = st.sampled_from(["APPROVE", "APPROVE", "APPROVE", "APPROVE", "REJECT", "RETURN"])
SIGNERS = st.one_of(st.sampled_from(ROLES), st.sampled_from(ROLES), WHOM)
ENDS = {"APPROVED", "REJECTED", "RETURNED", "WITHDRAWN"}


@st.composite
def policies(draw: st.DrawFn) -> list[Step]:
    """Up to three steps in which no employee is named twice."""
    steps: list[Step] = []
    named: set[str | int] = set()
    for _ in range(draw(st.integers(1, 3))):
        drawn = draw(st.lists(SIGNERS, min_size=1, max_size=3))
        places = [who for at, who in enumerate(drawn) if isinstance(who, str) or who not in named | set(drawn[:at])]
        places = places or [ROLES[0]]
        named |= {who for who in places if isinstance(who, int)}
        takes_over = draw(st.sampled_from([None, *ROLES]))
        steps.append(Step(places, draw(st.integers(1, len(places))), draw(st.integers(1, 30)), takes_over))
    return steps


class Machine(RuleBasedStateMachine):
    """PostgreSQL and the model side by side."""

    engine: ClassVar[AsyncEngine]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.model = Model([Account(employee, {ROLES[at] for at in roles}) for employee, *roles in ACCOUNTS], [])
        self.delegations: list[UUID] = []
        self.request: UUID | None = None
        self.version = 1
        self.ended: tuple[Any, ...] | None = None
        self.chain: list[tuple[Any, ...]] = []
        self.run(self.open())

    def run(self, awaitable: Any) -> Any:
        return self.runner.run(awaitable)

    def teardown(self) -> None:
        self.run(self.connection.close())

    async def within(self, act: Callable[[AsyncSession], Awaitable[Any]], viewer: Viewer) -> Any:
        """One act as an edge runs it: a session of its own, undone when it is refused."""
        async with AsyncSession(
            self.connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            await session.execute(set_statement(viewer.row_settings()))
            made = await act(session)
            await session.commit()
            return made

    async def open(self) -> None:
        """A transaction for everything, and the house in it."""
        self.connection: AsyncConnection = await self.engine.connect()
        await self.connection.begin()
        self.employees, self.people_ = [IDS() for _ in range(EMPLOYEES)], list[UUID]()

        async def store(session: AsyncSession) -> None:
            for key in self.employees:
                text = {"title": "x", "department": "x", "phone": "1", "email": f"{key}@example.com"}
                session.add(Employee(id=key, name=f"E{key.hex[-4:]}", name_en=None, **text))
            await session.flush()
            for each in self.model.accounts:
                row = person(f"{IDS()}@example.com", roles=tuple(sorted(each.roles)))
                row.employee_id = self.employees[each.employee]
                session.add(row)
                self.people_.append(row.id)

        await self.within(store, Viewer.system())

    def viewer(self, who: int) -> Viewer:
        account = self.model.accounts[who]
        return Viewer(
            STAFF,
            person_id=self.people_[who],
            employee_id=self.employees[account.employee],
            clearance=Classification.INTERNAL,
            roles=frozenset(account.roles),
        )

    def both(self, model: Callable[[], None], act: Callable[[AsyncSession], Awaitable[Any]], who: int) -> Any:
        """Do the same on both sides: both refuse for one reason, or neither does."""
        before = copy.deepcopy(self.model)
        expected = None
        try:
            model()
        except RefusedError as refused:
            expected, self.model = str(refused), before
        if expected is None:
            return self.run(self.within(act, self.viewer(who)))
        with pytest.raises(Refusal) as refusal:
            self.run(self.within(act, self.viewer(who)))
        assert refusal.value.code == expected
        return None

    @initialize(steps=policies(), asker=WHO)
    def begin(self, steps: list[Step], asker: int) -> None:
        self.replace_policy(steps)
        self.ask(asker)

    @rule(steps=policies())
    def replace_policy(self, steps: list[Step]) -> None:
        self.model.policy = steps
        planned = [
            {
                "name": f"S{at}",
                "signers": [
                    {"role": who} if isinstance(who, str) else {"employee": self.employees[who]} for who in step.places
                ],
                "needed": step.needed,
                "deadline_hours": step.hours,
                "escalation_role": step.takes_over,
            }
            for at, step in enumerate(steps)
        ]

        async def publish(session: AsyncSession) -> None:
            await publish_policy(session, self.now, IDS, subject_kind=KIND, code="usual", name="x", steps=planned)

        self.run(self.within(publish, Viewer.system()))

    @precondition(lambda self: self.request is None or self.model.request.status in ENDS)
    @rule(asker=WHO)
    def ask(self, asker: int) -> None:
        subject = Subject(KIND, IDS(), "x", Classification.INTERNAL, [])
        self.request = self.both(
            lambda: self.model.ask(asker, self.now),
            lambda session: request_approval(session, self.viewer(asker), self.now, IDS, subject=subject),
            asker,
        )
        self.version, self.ended, self.chain = 1, None, self.run(self.steps())

    @rule(who=WHO, kind=KINDS, said=st.booleans(), pick=PICK, by_delegation=st.booleans())
    def sign(self, who: int, kind: str, said: bool, pick: int, by_delegation: bool) -> None:
        at = pick % len(self.delegations) if by_delegation and self.delegations else None
        self.changed(
            lambda: self.model.sign(who, kind, self.now, at, said=said),
            lambda session: decide(
                session,
                self.viewer(who),
                self.now,
                IDS,
                request_id=self.asked,
                version=self.version,
                kind=DecisionKind(kind),
                comment="x" if said else None,
                delegation_id=None if at is None else self.delegations[at],
            ),
            who,
        )

    @rule(pick=PICK)
    def somebody_signs_whose_turn_it_is(self, pick: int) -> None:
        """Else most attempts would be refused and few requests came far."""
        self.try_a_way(pick, whoever=False)

    @rule(pick=PICK)
    def somebody_tries_who_has_a_place_but_has_asked_or_signed(self, pick: int) -> None:
        """With any of their accounts, for themselves or for another."""
        self.try_a_way(pick, whoever=True)

    def try_a_way(self, pick: int, *, whoever: bool) -> None:
        ways = [
            (who, at)
            for who in range(len(ACCOUNTS))
            for at in (None, *range(len(self.delegations)))
            if self.succeeds(partial(self.model.may_sign, who, at, self.now, whoever=whoever))
            and not (whoever and self.succeeds(partial(self.model.may_sign, who, at, self.now)))
        ]
        if ways:
            who, at = ways[pick % len(ways)]
            self.sign(who, "APPROVE", said=False, pick=at or 0, by_delegation=at is not None)

    def succeeds(self, model: Callable[[], None]) -> bool:
        try:
            model()
        except RefusedError:
            return False
        return True

    def changed(self, model: Callable[[], None], act: Callable[[AsyncSession], Awaitable[Any]], who: int) -> None:
        if self.both(model, act, who) is not None:
            self.version += 1

    @property
    def asked(self) -> UUID:
        assert self.request is not None
        return self.request

    @rule(who=WHO)
    def take_back(self, who: int) -> None:
        self.changed(
            lambda: self.model.withdraw(who),
            lambda session: withdraw(session, self.viewer(who), self.now, IDS, request_id=self.asked),
            who,
        )

    @rule(who=WHO, whom=WHOM, instead=st.booleans())
    def name(self, who: int, whom: int, instead: bool) -> None:
        """A signer is added, or a place handed over."""
        act = hand_over if instead else add_signer
        model = self.model.hand_over if instead else self.model.add
        named = {"employee_id": self.employees[whom], "reason": "x"}
        self.changed(
            lambda: model(who, whom, self.now),
            lambda session: act(
                session, self.viewer(who), self.now, IDS, request_id=self.asked, version=self.version, **named
            ),
            who,
        )

    @rule(who=WHO, whom=WHOM, hours=st.integers(1, 60))
    def let_sign(self, who: int, whom: int, hours: int) -> None:
        until = self.now + dt.timedelta(hours=hours)
        made = self.both(
            lambda: self.model.delegate(who, whom, until),
            lambda session: delegate(
                session,
                self.viewer(who),
                self.now,
                IDS,
                delegate_id=self.employees[whom],
                valid_until=until,
                reason="x",
            ),
            who,
        )
        self.delegations += [made] if made else []

    @precondition(lambda self: self.delegations)
    @rule(who=WHO, pick=PICK)
    def come_back(self, who: int, pick: int) -> None:
        at = pick % len(self.delegations)
        self.both(
            lambda: self.model.end(who, at, self.now),
            lambda session: end_delegation(session, self.viewer(who), self.now, delegation_id=self.delegations[at]),
            who,
        )

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)

    @rule(who=WHO, role=st.sampled_from(ROLES), given=st.booleans())
    def roles_change(self, who: int, role: str, given: bool) -> None:
        """A role is given or lost; what somebody has delegated ends with a role that it rests on."""
        if given:
            self.model.accounts[who].roles.add(role)
        else:
            self.model.lose_role(who, role)
        roles = sorted(self.model.accounts[who].roles)
        change = sa.update(Person).where(Person.id == self.people_[who]).values(roles=roles)
        self.run(self.within(lambda session: session.execute(change), Viewer.system()))

    # ---- what holds after every step

    async def rows(self, query: sa.Select[Any]) -> list[Any]:
        async def read(session: AsyncSession) -> list[Any]:
            return list((await session.execute(query, self.binds)).all())

        return await self.within(read, Viewer.system())

    @property
    def binds(self) -> dict[str, Any]:
        return {"viewer_now": self.now, "viewer_person": None}

    async def steps(self) -> list[Any]:
        """What is frozen."""
        columns = (ApprovalStep.name, ApprovalStep.needed, ApprovalStep.deadline_hours, ApprovalStep.escalation_role)
        query = sa.select(*columns).where(ApprovalStep.request_id == self.request).order_by(ApprovalStep.position)
        return await self.rows(query)

    @invariant()
    def postgresql_holds_what_the_model_holds(self) -> None:
        if self.request is None or self.model.request is None:
            return
        model = self.model.request
        query = sa.select(ApprovalRequest.status, ApprovalRequest.step_now, ApprovalRequest.version)
        [(status, at, version)] = self.run(self.rows(query.where(ApprovalRequest.id == self.request)))
        assert (status.value, at, version) == (model.status, model.now_at, self.version)
        approved = sa.and_(
            ApprovalDecision.signer_id == ApprovalSigner.id, ApprovalDecision.kind == DecisionKind.APPROVE
        )
        places = self.run(
            self.rows(
                sa.select(
                    ApprovalStep.position,
                    ApprovalSigner.role,
                    ApprovalSigner.employee_id,
                    ApprovalSigner.added,
                    ApprovalDecision.person_id,
                )
                .join(ApprovalStep, ApprovalSigner.step_id == ApprovalStep.id)
                .outerjoin(ApprovalDecision, approved)
                .where(ApprovalSigner.request_id == self.request)
                .order_by(ApprovalStep.position, ApprovalSigner.position)
            )
        )
        expected = [
            (
                each.step,
                each.who if isinstance(each.who, str) else None,
                None if isinstance(each.who, str) else self.employees[each.who],
                each.added,
                None if each.by == NOBODY else self.people_[each.by],
            )
            for each in sorted(model.places, key=lambda each: each.step)
        ]
        assert [tuple(each) for each in places] == expected

    @invariant()
    def what_is_frozen_stays_and_what_has_ended_is_over(self) -> None:
        if self.request is None:
            return
        assert self.run(self.steps()) == self.chain
        request = self.run(self.rows(sa.select(ApprovalRequest.__table__).where(ApprovalRequest.id == self.request)))
        if request[0].status in ENDS:
            self.ended = self.ended or tuple(request[0])
            assert tuple(request[0]) == self.ended

    @invariant()
    def nobody_signs_for_themselves_or_twice_and_nothing_passes_without_its_signatures(self) -> None:
        """Counted from the rows alone, without the model."""
        if self.request is None:
            return
        employee = {
            key: self.employees[each.employee] for key, each in zip(self.people_, self.model.accounts, strict=True)
        }
        [asked] = self.run(self.rows(sa.select(ApprovalRequest).where(ApprovalRequest.id == self.request)))
        decisions = [
            each
            for [each] in self.run(
                self.rows(sa.select(ApprovalDecision).where(ApprovalDecision.request_id == self.request))
            )
        ]
        people = [{employee[each.person_id], employee[each.principal_id]} for each in decisions]
        everybody = [one for each in people for one in each]
        assert len(everybody) == len(set(everybody))
        assert employee[asked[0].requester_id] not in everybody
        signers = [
            each
            for [each] in self.run(
                self.rows(sa.select(ApprovalSigner).where(ApprovalSigner.request_id == self.request))
            )
        ]
        steps = [
            each
            for [each] in self.run(self.rows(sa.select(ApprovalStep).where(ApprovalStep.request_id == self.request)))
        ]
        signed = {each.signer_id for each in decisions if each.kind is DecisionKind.APPROVE}
        done = {
            step.id: sum(each.id in signed for each in signers if each.step_id == step.id and not each.added)
            >= step.needed
            and all(each.id in signed for each in signers if each.step_id == step.id and each.added)
            for step in steps
        }
        assert (asked[0].status.value == "APPROVED") == all(done.values())
        assert all(done[each.id] for each in steps if each.position < asked[0].step_now)

    @invariant()
    def reads_tell_who_may_sign_whatever_the_clock_says(self) -> None:
        """No job runs here: a deadline that has passed is read at once."""
        if self.request is None:
            return
        table = ApprovalRequest.__table__.alias("asked")
        query = sa.select(waits_for_viewer(table)).where(table.c.id == self.request)

        async def told(session: AsyncSession) -> list[bool]:
            binds = [{"viewer_now": self.now, "viewer_person": key} for key in self.people_]
            return [bool(await session.scalar(query, each)) for each in binds]

        expected = [self.model.waits_for(who, self.now) for who in range(len(ACCOUNTS))]
        assert self.run(self.within(told, Viewer.system())) == expected

    @invariant()
    def delegations_end_when_the_model_says(self) -> None:
        ended = self.run(self.rows(sa.select(ApprovalDelegation.id, ApprovalDelegation.ended_at)))
        over = {key for key, at in ended if at is not None}
        assert over == {key for key, each in zip(self.delegations, self.model.delegations, strict=True) if each.ended}


def test_approvals_do_what_the_model_does(database: Database, settings: Settings) -> None:
    with asyncio.Runner() as runner:
        own = Database(settings, database.addresses)
        Machine.engine, Machine.runner = own.engine, runner
        run_state_machine_as_test(Machine, settings=hypothesis_settings(max_examples=10, stateful_step_count=20))
        runner.run(own.close())
