"""Two people change a marking, PostgreSQL sees to it, and what copies the marking goes along."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from domain.approvals.policies import publish_policy
from domain.approvals.tables import ApprovalDecision, ApprovalRequest, DecisionKind, RequestStatus
from domain.audit.tables import AuditEvent, AuditKind
from domain.programmes.tables import (
    ConfigurationItem,
    Equipment,
    EquipmentState,
    Milestone,
    PhaseSpan,
    Programme,
)
from domain.reclassification.changes import (
    SUBJECT_KIND,
    decide_reclassification,
    request_reclassification,
    withdraw_reclassification,
)
from domain.reclassification.tables import Reclassification
from domain.tables import METADATA
from domain.transfer.civil_tables import CivilDescription, DeclassificationReview
from domain.transfer.tables import OutcomeOriginal, Screening, ScreeningScore, TechnologyOutcome
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import set_statement, transaction
from segments.classification import Classification
from segments.viewer import Viewer
from tests.domain.approvals.people import IDS, NOW, Colleague, acts, colleague, count
from tests.domain.audit.chains import AUDITOR
from tests.rows import Bundle

PUBLIC, INTERNAL, CONFIDENTIAL, SECRET, TOP_SECRET = Classification
TABLES: dict[str, tuple[type[Any], ...]] = {
    "programme": (Programme, PhaseSpan, Milestone),
    "equipment": (Equipment, EquipmentState, ConfigurationItem),
    "outcome": (TechnologyOutcome, OutcomeOriginal, Screening, ScreeningScore),
}

STORED = {table.__tablename__ for tables in TABLES.values() for table in tables} | {
    *("customer", "region", "employee", "person", "screening_sheet", "screening_criterion"),
    *("approval_policy", "approval_request", "approval_step", "approval_signer", "approval_decision"),
    "declassification_review",
}


class House:
    """A confidential programme with a unit and an outcome, and people who may change how secret they are."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.bundle = Bundle(classification=CONFIDENTIAL, compartments=["QL-7"])

    async def open(self) -> House:
        """The rows that carry a marking of such a subject, and what they point to."""
        session, ids = self.session, self.bundle.ids
        given = {"approval_request": {"subject_id": ids["declassification_review"]}}
        for table in METADATA.sorted_tables:
            if table.name in STORED:
                values = self.bundle.row(table, **given.get(table.name, {}))
                await session.execute(sa.insert(table).values(values))
        self.asker = await colleague(session, "申请", "programme_manager")
        self.officer = await colleague(session, "保密", "security_officer")
        self.second = await colleague(session, "第二", "security_officer")
        steps = [{"name": "保密", "signers": [{"role": "security_officer"}], "deadline_hours": 48}]
        await publish_policy(session, NOW, IDS, subject_kind=SUBJECT_KIND, code="usual", name="定密", steps=steps)
        return self

    def key(self, kind: str) -> UUID:
        return self.bundle.ids["technology_outcome" if kind == "outcome" else kind]

    async def ask(
        self,
        kind: str,
        classification: Classification,
        compartments: Sequence[str] = ("QL-7",),
        who: Colleague | None = None,
        version: int = 1,
    ) -> UUID:
        viewer = await acts(self.session, who or self.asker)
        return await request_reclassification(
            self.session,
            viewer,
            NOW,
            IDS,
            kind=kind,
            subject_id=self.key(kind),
            version=version,
            classification=classification,
            compartments=compartments,
            reason="定密有误",
        )

    async def sign(self, change_id: UUID, who: Colleague, kind: DecisionKind = DecisionKind.APPROVE) -> None:
        viewer = await acts(self.session, who)
        version = sa.select(ApprovalRequest.version).join(
            Reclassification, Reclassification.request_id == ApprovalRequest.id
        )
        await decide_reclassification(
            self.session,
            viewer,
            NOW,
            IDS,
            change_id=change_id,
            version=(await self.session.execute(version.where(Reclassification.id == change_id))).scalar_one(),
            kind=kind,
            comment="x",
        )

    async def change(self, kind: str, classification: Classification, compartments: Sequence[str] = ("QL-7",)) -> UUID:
        change_id = await self.ask(kind, classification, compartments)
        await self.sign(change_id, self.officer)
        return change_id

    async def markings(self, *tables: type[Any]) -> list[tuple[Classification, list[str]]]:
        """How the rows of tables are marked, as the application itself sees them."""
        await self.session.execute(set_statement(Viewer.system().row_settings()))
        found: list[tuple[Classification, list[str]]] = []
        for table in tables:
            rows = await self.session.execute(sa.select(table.classification, table.compartments))
            found += [(degree, sorted(names)) for degree, names in rows]
        return found

    async def refused(self, statement: sa.Executable) -> str:
        """What PostgreSQL says to a statement that it refuses."""
        savepoint = await self.session.begin_nested()
        with pytest.raises(DBAPIError) as raised:
            await self.session.execute(statement)
        await savepoint.rollback()
        return str(raised.value.orig)


@pytest.fixture
async def house(session: AsyncSession) -> House:
    return await House(session).open()


@pytest.fixture
async def described(session: AsyncSession) -> House:
    """The outcome has a civil description, which is public."""
    house = await House(session).open()
    description = METADATA.tables["civil_description"]
    values = house.bundle.row(description, classification=PUBLIC, compartments=[])
    await session.execute(set_statement(Viewer.system().row_settings()))
    await session.execute(sa.insert(description).values(values))
    return house


@pytest.mark.parametrize("kind", TABLES)
async def test_a_subject_and_its_parts_change_on_confirmation_alone(house: House, kind: str) -> None:
    change_id = await house.ask(kind, SECRET, ["QL-7"])
    assert set(map(str, await house.markings(*TABLES[kind]))) == {str((CONFIDENTIAL, ["QL-7"]))}
    await house.sign(change_id, house.officer)
    found = await house.markings(*TABLES[kind])
    assert len(found) >= len(TABLES[kind])
    assert all(each == (SECRET, ["QL-7"]) for each in found)


async def test_what_rests_on_a_programme_is_raised_with_it(house: House) -> None:
    await house.change("programme", SECRET)
    everything = [table for tables in TABLES.values() for table in tables]
    assert all(each == (SECRET, ["QL-7"]) for each in await house.markings(*everything, DeclassificationReview))
    signatures = await house.markings(ApprovalRequest, ApprovalDecision)
    assert all(degree is SECRET for degree, _ in signatures)


async def test_what_rests_on_a_programme_is_not_lowered_with_it(house: House) -> None:
    await house.change("programme", INTERNAL, [])
    assert all(each == (INTERNAL, []) for each in await house.markings(*TABLES["programme"]))
    others = await house.markings(*TABLES["equipment"], *TABLES["outcome"], DeclassificationReview)
    assert all(each == (CONFIDENTIAL, ["QL-7"]) for each in others)


async def test_a_move_to_another_compartment_shows_nothing_to_either_side(house: House) -> None:
    people = {
        name: await colleague(house.session, name, role, compartments=("QL-7", "LS-3"))
        for name, role in (("甲", "programme_manager"), ("乙", "security_officer"))
    }
    change_id = await house.ask("programme", CONFIDENTIAL, ["LS-3"], people["甲"])
    await house.sign(change_id, people["乙"])
    assert all(each == (CONFIDENTIAL, ["LS-3"]) for each in await house.markings(*TABLES["programme"]))
    others = await house.markings(*TABLES["equipment"], DeclassificationReview)
    assert all(each == (CONFIDENTIAL, ["LS-3", "QL-7"]) for each in others)


async def test_nobody_confirms_their_own_request_nor_with_a_second_account(house: House) -> None:
    change_id = await house.ask("outcome", SECRET, who=house.officer)
    with pytest.raises(Refusal, match="SELF_APPROVAL"):
        await house.sign(change_id, house.officer)
    await house.session.execute(set_statement(Viewer.system().row_settings()))
    twin = await colleague(house.session, "同一人", "security_officer")
    twin.person.employee_id = house.officer.person.employee_id
    await house.session.flush()
    same = Colleague(twin.person, Viewer(**viewer_fields(twin.viewer) | {"employee_id": twin.person.employee_id}))
    with pytest.raises(Refusal, match="SELF_APPROVAL"):
        await house.sign(change_id, same)
    await house.sign(change_id, house.second)
    assert (SECRET, ["QL-7"]) in await house.markings(TechnologyOutcome)


def viewer_fields(viewer: Viewer) -> dict[str, Any]:
    names = ("audience", "person_id", "employee_id", "clearance", "compartments", "roles")
    return {name: getattr(viewer, name) for name in names}


@pytest.mark.parametrize("kind", [DecisionKind.REJECT, DecisionKind.RETURN])
async def test_a_refused_change_changes_nothing_and_can_be_asked_for_again(house: House, kind: DecisionKind) -> None:
    change_id = await house.ask("programme", SECRET)
    await house.sign(change_id, house.officer, kind)
    assert all(each == (CONFIDENTIAL, ["QL-7"]) for each in await house.markings(*TABLES["programme"]))
    with pytest.raises(Refusal, match="REQUEST_CLOSED"):
        await house.sign(change_id, house.second)
    await house.change("programme", SECRET)
    assert (SECRET, ["QL-7"]) in await house.markings(Programme)


async def test_whoever_asked_takes_it_back_and_nobody_else(house: House) -> None:
    change_id = await house.ask("programme", SECRET)
    viewer = await acts(house.session, house.officer)
    with pytest.raises(Refusal, match="NOT_THE_REQUESTER"):
        await withdraw_reclassification(house.session, viewer, NOW, IDS, change_id=change_id)
    viewer = await acts(house.session, house.asker)
    await withdraw_reclassification(house.session, viewer, NOW, IDS, change_id=change_id)
    assert await count(house.session, Reclassification, Reclassification.status == RequestStatus.WITHDRAWN) == 1


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("programme", {"classification": TOP_SECRET}, "ABOVE_CLEARANCE"),
    ("programme", {"classification": SECRET, "compartments": ["QL-7", "LS-3"]}, "OUTSIDE_COMPARTMENTS"),
    ("programme", {"classification": CONFIDENTIAL}, "SAME_MARKING"),
    ("programme", {"classification": SECRET, "version": 2}, "CHANGED_MEANWHILE"),
    ("equipment", {"classification": INTERNAL}, "BELOW_SUBJECT"),
    ("equipment", {"classification": CONFIDENTIAL, "compartments": []}, "BELOW_SUBJECT"),
    ("outcome", {"classification": INTERNAL}, "BELOW_SUBJECT"),
]


@pytest.mark.parametrize(("kind", "given", "code"), REFUSED)
async def test_what_may_not_be_asked_for(house: House, kind: str, given: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        await house.ask(kind, **given)
    assert await count(house.session, Reclassification) == 0


async def test_what_one_may_not_see_is_not_there(house: House) -> None:
    stranger = await colleague(house.session, "外人", "programme_manager", compartments=())
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await house.ask("programme", SECRET, [], stranger)
    change_id = await house.ask("programme", SECRET)
    low = await colleague(house.session, "低", "security_officer", clearance=CONFIDENTIAL)
    viewer = await acts(house.session, low)
    # They see the programme, not that it is to be secret.
    assert await count(house.session, Programme) == 1
    assert await count(house.session, Reclassification) == 0
    with pytest.raises(Refusal, match="NOT_FOUND"):
        await withdraw_reclassification(house.session, viewer, NOW, IDS, change_id=change_id)


async def test_one_request_at_a_time(house: House) -> None:
    await house.ask("programme", SECRET)
    with pytest.raises(Refusal, match="ALREADY_REQUESTED"):
        await house.ask("programme", INTERNAL, [])


async def test_what_was_marked_otherwise_meanwhile_is_not_changed(house: House) -> None:
    change_id = await house.ask("equipment", SECRET)
    await house.change("programme", SECRET)
    with pytest.raises(Refusal, match="MARKED_MEANWHILE"):
        await house.sign(change_id, house.officer)


async def test_an_outcome_under_review_stays_what_it_was_put_up_as(house: House) -> None:
    pending = sa.update(DeclassificationReview).values(status=RequestStatus.PENDING)
    await house.session.execute(pending)
    with pytest.raises(Refusal, match="UNDER_REVIEW"):
        await house.ask("outcome", SECRET)


async def test_the_original_of_a_described_outcome_is_never_lowered(described: House) -> None:
    house = described
    await house.change("programme", PUBLIC, [])
    await house.change("outcome", INTERNAL, [])
    assert await house.markings(TechnologyOutcome, Screening) == [(INTERNAL, [])] * 2
    assert await house.markings(OutcomeOriginal) == [(CONFIDENTIAL, ["QL-7"])]
    assert await house.markings(CivilDescription) == [(PUBLIC, [])]
    with pytest.raises(Refusal, match="NOT_ABOVE_DESCRIPTION"):
        await house.ask("outcome", PUBLIC, [], version=2)
    # Raised again, it never falls below its outcome.
    await house.ask("outcome", SECRET, [], version=2)
    [change_id] = await house.session.scalars(
        sa.select(Reclassification.id).where(Reclassification.status == RequestStatus.PENDING)
    )
    await house.sign(change_id, house.officer)
    assert await house.markings(OutcomeOriginal) == [(SECRET, ["QL-7"])]


async def test_raw_sql_changes_no_marking(house: House) -> None:
    for viewer in (house.officer.viewer, Viewer.system()):
        await house.session.execute(set_statement(viewer.row_settings()))
        for name in STORED & {table.name for table in METADATA.sorted_tables if "compartments" in table.c} - {"person"}:
            table = METADATA.tables[name]
            for values in ({"classification": INTERNAL}, {"classification": SECRET}, {"compartments": []}):
                assert "needs two people" in await house.refused(sa.update(table).values(values)), name


async def test_raw_sql_approves_nothing(house: House) -> None:
    change_id = await house.ask("programme", INTERNAL, [])
    await acts(house.session, house.officer)
    approved = sa.update(Reclassification).values(status=RequestStatus.APPROVED)
    assert "nobody else" in await house.refused(approved)
    for values in ({"to_classification": PUBLIC}, {"author_id": house.second.person.id}, {"applied_in": 1}):
        assert "not edited" in await house.refused(sa.update(Reclassification).values(values))
    assert "not edited" in await house.refused(sa.delete(Reclassification))
    again = sa.insert(Reclassification.__table__).from_select(
        list(Reclassification.__table__.c.keys()),
        sa.select(
            *(
                sa.func.gen_random_uuid()
                if column.name == "id"
                else sa.literal_column("'APPROVED'")
                if column.name == "status"
                else sa.literal(1)
                if column.name == "applied_in"
                else column
                for column in Reclassification.__table__.c
            )
        ),
    )
    assert "begins with a request" in await house.refused(again)
    # Nor by a request that its author marks as approved without a signature.
    await house.session.execute(sa.update(ApprovalRequest).values(status=RequestStatus.APPROVED))
    assert "nobody else" in await house.refused(approved.where(Reclassification.id == change_id))


async def test_an_approval_allows_nothing_but_what_was_approved(house: House) -> None:
    await house.change("programme", SECRET)
    await acts(house.session, house.officer)
    programme = sa.update(Programme).execution_options(synchronize_session=False)
    for values in ({"classification": TOP_SECRET}, {"classification": CONFIDENTIAL}, {"compartments": []}):
        refused = await house.refused(programme.values(values))
        assert "two people" in refused or "row-level security" in refused


async def test_an_approval_holds_in_its_own_transaction_alone(own_database: Database) -> None:
    """So that a row which was taken back to what it was cannot be changed a second time by the same approval."""
    system = Viewer.system().row_settings()
    async with transaction(own_database, system) as session:
        house = await House(session).open()
        await house.change("programme", SECRET)
        assert [degree for degree, _ in await house.markings(Programme)] == [SECRET]
    async with transaction(own_database, system) as session:
        house.session = session
        change_id = await house.ask("programme", CONFIDENTIAL, version=2)
        await house.sign(change_id, house.officer)
    async with transaction(own_database, system) as session:
        house.session = session
        assert "two people" in await house.refused(sa.update(Programme).values(classification=SECRET))


async def test_the_log_names_who_asked_and_who_signed(house: House) -> None:
    change_id = await house.change("programme", SECRET)
    await house.session.execute(set_statement(AUDITOR.row_settings()))
    entries = await house.session.scalars(
        sa.select(AuditEvent).where(AuditEvent.kind == AuditKind.CLASSIFICATION_CHANGED)
    )
    named = [each for each in entries if change_id in each.subjects and "asked" in each.details]
    assert len(named) == 1
    details = orjson.loads(named[0].details)
    assert details["asked"] == str(house.asker.person.id)
    assert details["signed"] == [str(house.officer.person.id)]
    assert (details["before"], details["after"]) == (["CONFIDENTIAL", "QL-7"], ["SECRET", "QL-7"])
    assert named[0].person_id == house.officer.person.id
