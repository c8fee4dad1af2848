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
from domain.tables import METADATA
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
WHO, WHOM, PICK = st.integers(0, len(ACCOUNTS) - 1), st.integers(0, EMPLOYEES - 1), st.integers(0, 100)
KINDS = st.sampled_from(["APPROVE", "APPROVE", "APPROVE", "APPROVE", "REJECT", "RETURN"])
SIGNERS = st.one_of(st.sampled_from(ROLES), st.sampled_from(ROLES), WHOM)
ENDS = {"APPROVED", "REJECTED", "RETURNED", "WITHDRAWN"}


TABLES = (ApprovalRequest, ApprovalStep, ApprovalSigner, ApprovalDecision, ApprovalDelegation)
REQUEST, STEP, SIGNER, DECISION, DELEGATION = (METADATA.tables[each.__tablename__] for each in TABLES)
WAITS = sa.select(waits_for_viewer(REQUEST)).where(REQUEST.c.id == sa.bindparam("asked"))


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
        self.asked_about = 0
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
        self.version, self.ended, self.chain = 1, None, []

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

    @rule(pick=PICK, kind=KINDS, said=st.booleans(), hours=st.sampled_from([0, 0, 31]))
    def somebody_signs_whose_turn_it_is(self, pick: int, kind: str, said: bool, hours: int) -> None:
        """Else most attempts would be refused and few requests came far."""
        if self.model.request is None or self.model.request.status in ENDS:
            self.ask(pick % len(ACCOUNTS))
        self.now += dt.timedelta(hours=hours)
        self.try_a_way(pick, kind, said, whoever=False)

    @rule(pick=PICK, kind=KINDS)
    def somebody_tries_who_has_a_place_but_has_asked_or_signed(self, pick: int, kind: str) -> None:
        """With any of their accounts, for themselves or for another."""
        self.try_a_way(pick, kind, said=True, whoever=True)

    def try_a_way(self, pick: int, kind: str, said: bool, *, whoever: bool) -> None:
        """Sign in one of the ways there are, the rare kinds of ways as often as the common ones."""
        ways = [
            (who, at)
            for who in range(len(ACCOUNTS))
            for at in (None, *range(len(self.delegations)))
            if self.succeeds(partial(self.model.may_sign, who, at, self.now, whoever=whoever))
            and not (whoever and self.succeeds(partial(self.model.may_sign, who, at, self.now)))
        ]
        if ways:
            kinds = sorted({self.model.way(who, at, self.now) for who, at in ways})
            chosen = [way for way in ways if self.model.way(*way, self.now) == kinds[pick % len(kinds)]]
            who, at = chosen[pick // len(kinds) % len(chosen)]
            self.sign(who, kind, said=said, pick=at or 0, by_delegation=at is not None)

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

    @rule(pick=PICK, whom=WHOM, instead=st.booleans())
    def somebody_names_whose_turn_it_is(self, pick: int, whom: int, instead: bool) -> None:
        ready = [
            who for who in range(len(ACCOUNTS)) if self.succeeds(partial(self.model.may_sign, who, None, self.now))
        ]
        if ready:
            self.name(ready[pick % len(ready)], whom, instead)

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

    async def rows(self, *queries: sa.Select[Any]) -> list[list[sa.Row[Any]]]:
        """The answers of several questions, asked by the system."""
        await self.connection.execute(set_statement(Viewer.system().row_settings()))
        return [list((await self.connection.execute(query)).all()) for query in queries]

    @invariant()
    def everything_is_as_it_should_be(self) -> None:
        if self.request is None or self.model.request is None:
            return
        of_request = (STEP.c.request_id == self.request, SIGNER.c.request_id == self.request)
        [request], steps, signers, decisions, delegations = self.run(
            self.rows(
                sa.select(REQUEST).where(REQUEST.c.id == self.request),
                sa.select(STEP).where(of_request[0]).order_by(STEP.c.position),
                sa.select(SIGNER, STEP.c.position.label("step"))
                .join(STEP, SIGNER.c.step_id == STEP.c.id)
                .where(of_request[1])
                .order_by(STEP.c.position, SIGNER.c.position),
                sa.select(DECISION).where(DECISION.c.request_id == self.request),
                sa.select(DELEGATION.c.id).where(DELEGATION.c.ended_at.is_not(None)),
            )
        )
        self.is_what_the_model_holds(request, signers, decisions)
        self.has_its_signatures(request, steps, signers, decisions)
        self.stays(request, steps)
        over = {key for key, each in zip(self.delegations, self.model.delegations, strict=True) if each.ended}
        assert {each.id for each in delegations} == over

    def is_what_the_model_holds(self, request: Any, signers: list[Any], decisions: list[Any]) -> None:
        model = self.model.request
        assert model is not None
        assert (request.status.value, request.step_now, request.version) == (model.status, model.now_at, self.version)
        by = {each.signer_id: each.person_id for each in decisions if each.kind is DecisionKind.APPROVE}
        expected = [
            (
                each.step,
                each.who if isinstance(each.who, str) else self.employees[each.who],
                each.added,
                None if each.by == NOBODY else self.people_[each.by],
            )
            for each in sorted(model.places, key=lambda each: each.step)
        ]
        assert [(each.step, each.role or each.employee_id, each.added, by.get(each.id)) for each in signers] == expected

    def has_its_signatures(self, request: Any, steps: list[Any], signers: list[Any], decisions: list[Any]) -> None:
        """Nobody for themselves or twice, nothing without what it needs: counted from the rows alone."""
        accounts = zip(self.people_, self.model.accounts, strict=True)
        employee = {key: self.employees[each.employee] for key, each in accounts}
        people = [{employee[each.person_id], employee[each.principal_id]} for each in decisions]
        everybody = [one for each in people for one in each]
        assert len(everybody) == len(set(everybody))
        assert employee[request.requester_id] not in everybody
        signed = {each.signer_id for each in decisions if each.kind is DecisionKind.APPROVE}
        done: list[bool] = []
        for step in steps:
            places = [each for each in signers if each.step_id == step.id]
            planned = sum(each.id in signed for each in places if not each.added)
            done.append(planned >= step.needed and all(each.id in signed for each in places if each.added))
        assert (request.status.value == "APPROVED") == all(done)
        assert all(done[: request.step_now])

    def stays(self, request: Any, steps: list[Any]) -> None:
        """What was frozen, and what has ended."""
        chain = [(each.name, each.needed, each.deadline_hours, each.escalation_role) for each in steps]
        self.chain = self.chain or chain
        assert chain == self.chain
        if request.status.value in ENDS:
            self.ended = self.ended or tuple(request)
            assert tuple(request) == self.ended

    @invariant()
    def reads_tell_who_may_sign_whatever_the_clock_says(self) -> None:
        """No job runs here: a deadline that has passed is read at once. A few people at a time where nobody delegates."""
        self.asked_about = (self.asked_about + 3) % len(ACCOUNTS)
        if self.request is None:
            return
        few = (self.asked_about, (self.asked_about + 1) % len(ACCOUNTS))
        for who in range(len(ACCOUNTS)) if self.delegations else few:
            binds = {"viewer_now": self.now, "viewer_person": self.people_[who], "asked": self.request}
            found = self.run(self.connection.scalar(WAITS, binds))
            assert found == self.model.waits_for(who, self.now), who


def test_approvals_do_what_the_model_does(database: Database, settings: Settings) -> None:
    with asyncio.Runner() as runner:
        own = Database(settings, database.addresses)
        Machine.engine, Machine.runner = own.engine, runner
        run_state_machine_as_test(Machine, settings=hypothesis_settings(max_examples=20, stateful_step_count=25))
        runner.run(own.close())
