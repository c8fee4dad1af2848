"""Chains in memory: whatever people try in whatever order, nothing passes without every signature it needs."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.approvals.chain import Chain, Signatory, open_step
from domain.approvals.requests import signer_row
from domain.approvals.tables import ApprovalRequest, ApprovalSigner, ApprovalStep, DecisionKind, RequestStatus
from foundation.refusals import Refusal
from segments.classification import Classification

NOW = dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC)
ROLES = ("lead", "security", "head")
PEOPLE = [
    Signatory(uuid.UUID(int=at + 1), uuid.UUID(int=100 + at), frozenset(roles), f"P{at}")
    for at, roles in enumerate([("lead",), ("lead", "security"), ("security",), ("security", "head"), ("head",), ()])
]
GUARD: dict[str, Any] = {"classification": Classification.SECRET, "compartments": ["QL-7"]}

Plan = list[tuple[list[str | int], int, str | None]]


def chain(plan: Plan, excluded: list[Signatory]) -> Chain:
    """A chain of steps: signers by role or by the number of a person, how many are needed, who takes over."""
    request = ApprovalRequest(
        id=uuid.UUID(int=1000),
        status=RequestStatus.PENDING,
        step_now=0,
        version=1,
        excluded_people=[each.person_id for each in excluded],
        excluded_employees=[each.employee_id for each in excluded],
        **GUARD,
    )
    steps: list[ApprovalStep] = []
    signers: list[ApprovalSigner] = []
    for at, (places, needed, takes_over) in enumerate(plan):
        step = ApprovalStep(
            id=uuid.UUID(int=2000 + at),
            request_id=request.id,
            position=at,
            needed=needed,
            deadline_hours=24,
            escalation_role=takes_over,
            **GUARD,
        )
        steps.append(step)
        for place, who in enumerate(places):
            named, role = (PEOPLE[who].employee_id, None) if isinstance(who, int) else (None, who)
            signers.append(signer_row(uuid.UUID(int=3000 + 100 * at + place), step, place, named, role))
    open_step(steps[0], NOW)
    return Chain(request, steps, signers, [])


def sign(
    made: Chain,
    who: int,
    *,
    place_of: int | None = None,
    kind: DecisionKind = DecisionKind.APPROVE,
    now: dt.datetime = NOW,
    comment: str | None = "x",
) -> None:
    person, principal = PEOPLE[who], PEOPLE[who if place_of is None else place_of]
    key = uuid.UUID(int=5000 + len(made.decisions))
    made.sign(key, now, person=person, principal=principal, kind=kind, comment=comment)


def code_of(made: Chain, who: int, **given: Any) -> str:
    with pytest.raises(Refusal) as refused:
        sign(made, who, **given)
    return refused.value.code


def test_all_sign_step_after_step() -> None:
    made = chain([(["lead"], 1, None), (["security", "security"], 2, None)], [])
    sign(made, 0)
    assert (made.request.step_now, made.steps[1].due_at) == (1, NOW + dt.timedelta(hours=24))
    sign(made, 1)
    assert made.request.status is RequestStatus.PENDING, "one of two signatures is missing"
    assert code_of(made, 1) == "ALREADY_SIGNED"
    sign(made, 2)
    assert (made.request.status, made.request.decided_at) == (RequestStatus.APPROVED, NOW)
    assert code_of(made, 3) == "REQUEST_CLOSED"


def test_either_of_two_is_enough() -> None:
    made = chain([([0, 4], 1, None)], [])
    sign(made, 4)
    assert made.request.status is RequestStatus.APPROVED


def test_some_of_a_group_are_enough() -> None:
    made = chain([([0, 1, 2], 2, None)], [])
    sign(made, 0)
    sign(made, 2)
    assert made.request.status is RequestStatus.APPROVED


def test_nobody_decides_on_their_own_request_nor_lets_others_do_it_in_their_place() -> None:
    made = chain([(["lead"], 1, None)], [PEOPLE[1]])
    for kind in DecisionKind:
        assert code_of(made, 1, kind=kind) == "SELF_APPROVAL"
        assert code_of(made, 0, place_of=1, kind=kind) == "SELF_APPROVAL"
        assert code_of(made, 1, place_of=0, kind=kind) == "SELF_APPROVAL"
    sign(made, 0)
    assert made.request.status is RequestStatus.APPROVED


def test_a_signature_for_somebody_else_counts_for_both() -> None:
    made = chain([([0, 1, 2], 3, None)], [])
    sign(made, 0, place_of=1)
    assert [code_of(made, who) for who in (0, 1)] == ["ALREADY_SIGNED"] * 2
    assert code_of(made, 2, place_of=0) == "ALREADY_SIGNED"


def test_who_has_no_place_does_not_sign() -> None:
    assert code_of(chain([(["lead"], 1, "head")], []), 5) == "NOT_A_SIGNER"
    assert code_of(chain([(["lead"], 1, None), (["security"], 1, None)], []), 2) == "NOT_A_SIGNER"


def test_after_the_deadline_another_role_may_take_the_place() -> None:
    made = chain([(["lead"], 1, "head")], [])
    late = NOW + dt.timedelta(hours=24)
    assert code_of(made, 4, now=late - dt.timedelta(seconds=1)) == "NOT_A_SIGNER"
    sign(made, 4, now=late)
    assert made.request.status is RequestStatus.APPROVED
    assert made.decisions[0].escalated


def test_an_added_signer_is_needed_whatever_else_is_enough() -> None:
    made = chain([([0, 1], 1, None)], [])
    step = made.steps[0]
    made.signers.append(signer_row(uuid.UUID(int=9), step, 2, PEOPLE[5].employee_id, None, "P0", "质量意见"))
    sign(made, 0)
    assert made.request.status is RequestStatus.PENDING
    sign(made, 5)
    assert made.request.status is RequestStatus.APPROVED


def test_who_may_be_named() -> None:
    made = chain([([0], 1, None)], [PEOPLE[1]])
    for who, code in ((1, "SELF_APPROVAL"), (0, "ALREADY_A_SIGNER")):
        employee = PEOPLE[who].employee_id
        assert employee is not None
        with pytest.raises(Refusal, match=code):
            made.may_be_named(employee)
    made.may_be_named(uuid.UUID(int=105))


@pytest.mark.parametrize(
    ("kind", "status"),
    [(DecisionKind.REJECT, RequestStatus.REJECTED), (DecisionKind.RETURN, RequestStatus.RETURNED)],
)
def test_a_no_ends_the_request_and_says_why(kind: DecisionKind, status: RequestStatus) -> None:
    made = chain([([0, 1], 2, None)], [])
    assert code_of(made, 0, kind=kind, comment=None) == "EMPTY"
    sign(made, 0, kind=kind)
    assert made.request.status is status


PLACES = st.lists(st.one_of(st.sampled_from(ROLES), st.integers(0, 5)), min_size=1, max_size=3, unique=False)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Chains of up to three steps."""
    plan: Plan = []
    for _ in range(draw(st.integers(1, 3))):
        places = draw(PLACES)
        plan.append((places, draw(st.integers(1, len(places))), draw(st.sampled_from([None, *ROLES]))))
    return plan


class Anything(RuleBasedStateMachine):
    """People sign, delegate, add signers and wait, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.before: list[tuple[Any, ...]] = []

    @initialize(plan=plans(), requester=st.integers(0, 5))
    def begin(self, plan: Plan, requester: int) -> None:
        self.requester = PEOPLE[requester]
        self.chain = chain(plan, [self.requester])

    @rule(who=st.integers(0, 5), place_of=st.integers(0, 5), kind=st.sampled_from(DecisionKind), said=st.booleans())
    def somebody_signs(self, who: int, place_of: int, kind: DecisionKind, said: bool) -> None:
        if len(self.chain.decisions) < 3 and kind is not DecisionKind.APPROVE:
            return  # else most runs would be over at once
        try:
            sign(self.chain, who, place_of=place_of, kind=kind, now=self.now, comment="x" if said else None)
        except Refusal:
            assert [told(each) for each in self.chain.decisions] == self.before, "a refusal changes nothing"

    @rule(who=st.integers(0, 5))
    def somebody_signs_for_themselves(self, who: int) -> None:
        self.somebody_signs(who, who, DecisionKind.APPROVE, said=False)

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.now += dt.timedelta(hours=hours)

    @precondition(lambda self: self.chain.request.status is RequestStatus.PENDING)
    @rule(whom=st.integers(0, 5))
    def somebody_is_added(self, whom: int) -> None:
        step = self.chain.step()
        employee = PEOPLE[whom].employee_id
        assert employee is not None
        try:
            self.chain.may_be_named(employee)
        except Refusal:
            return
        key = uuid.UUID(int=7000 + len(self.chain.signers))
        place = len(self.chain.signers_of(step))
        self.chain.signers.append(signer_row(key, step, place, employee, None, "P0", "x"))

    @invariant()
    def what_was_said_stays(self) -> None:
        if not hasattr(self, "chain"):
            return
        now = [told(each) for each in self.chain.decisions]
        assert now[: len(self.before)] == self.before
        self.before = now

    @invariant()
    def nobody_signs_for_themselves_or_twice(self) -> None:
        if not hasattr(self, "chain"):
            return
        people = [{each.person_id, each.principal_id} for each in self.chain.decisions]
        assert not any(self.requester.person_id in each for each in people)
        everybody = [one for each in people for one in each]
        assert len(everybody) == len(set(everybody))

    @invariant()
    def nothing_passes_without_its_signatures(self) -> None:
        if not hasattr(self, "chain"):
            return
        request = self.chain.request
        done = [self.is_signed(step) for step in self.chain.steps]
        assert (request.status is RequestStatus.APPROVED) == all(done)
        assert all(done[: request.step_now])
        assert not any(done[request.step_now + 1 :])

    def is_signed(self, step: ApprovalStep) -> bool:
        """Whether a step has its signatures, counted anew from what was said."""
        places = {each.id: each for each in self.chain.signers if each.step_id == step.id}
        approving = [each for each in self.chain.decisions if each.kind is DecisionKind.APPROVE]
        signed = [places[each.signer_id] for each in approving if each.signer_id in places]
        assert len({each.id for each in signed}) == len(signed), "a place is signed once"
        missing = [each for each in places.values() if each.added and each not in signed]
        return sum(not each.added for each in signed) >= step.needed and not missing


def told(decision: Any) -> tuple[Any, ...]:
    """What a decision says."""
    return decision.id, decision.signer_id, decision.person_id, decision.principal_id, decision.kind, decision.at


TestAnything = Anything.TestCase
TestAnything.settings = settings(max_examples=60, stateful_step_count=25)


def test_a_second_account_of_the_same_employee_is_nobody_else() -> None:
    made = chain([(["lead"], 1, None)], [PEOPLE[1]])
    account = Signatory(uuid.UUID(int=99), PEOPLE[1].employee_id, frozenset({"lead"}), "P1 again")
    with pytest.raises(Refusal) as refused:
        made.sign(uuid.UUID(int=5000), NOW, person=account, principal=account, kind=DecisionKind.APPROVE, comment=None)
    assert refused.value.code == "SELF_APPROVAL"
