"""Sign-ins and refusals leave their entries in the audit log, and what is refused rolls nothing of that back."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from starlette.requests import Request

from domain.audit.tables import AuditEvent, AuditKind
from domain.audit.verifying import Verified
from domain.identity.attempts import AttemptLimits, account_hash
from domain.identity.tables import Person
from foundation.clock import system_clock
from foundation.database import Database
from foundation.refusals import Refusal
from foundation.session import transaction
from foundation.settings import Settings
from portal.refused_sign_ins import Attempt, noting_refusals
from portal.second_steps import SecondSteps
from portal.sessions import Sessions
from segments.viewer import Viewer
from tests.domain.audit.chains import AUDITOR, verified
from tests.people import IDS, PASSWORD, SYSTEM, authenticator, person, store
from tests.portal.requests import request

EMAIL = "li.wei@example.com"


@pytest.fixture(scope="module")
async def someone(own_database: Database, settings: Settings) -> Person:
    found = person(EMAIL, roles=("sales",))
    await store(own_database, found, authenticator(found, settings))
    return found


@pytest.fixture
def sessions(own_database: Database, settings: Settings, someone: Person) -> Sessions:
    assert someone.email == EMAIL
    return Sessions(settings, own_database, system_clock, IDS)


async def entries(database: Database, kind: AuditKind, viewer: Viewer = AUDITOR) -> list[AuditEvent]:
    """What the log holds of a kind, the last entry first."""
    async with transaction(database, viewer.row_settings()) as session:
        found = sa.select(AuditEvent).where(AuditEvent.kind == kind).order_by(AuditEvent.at.desc())
        return list(await session.scalars(found))


def with_cookie(secret: str) -> Request:
    return request(("cookie", f"quadrant={secret}"))


async def test_a_wrong_password_is_recorded_without_what_was_typed(
    sessions: Sessions, own_database: Database, someone: Person
) -> None:
    for account, subjects in ((EMAIL, [someone.id]), ("my password", [])):
        with pytest.raises(Refusal):
            await sessions.sign_in(request(), account, "wrong")
        last, *_ = await entries(own_database, AuditKind.SIGN_IN_REFUSED)
        assert last.subjects == subjects
        assert json.loads(last.details) == {
            "account": account_hash(account).hex(),
            "address": "192.0.2.1",
            "code": "SIGN_IN_REFUSED",
            "step": "password",
        }


async def test_the_second_step_is_recorded_refused_and_taken(
    sessions: Sessions, own_database: Database, settings: Settings, someone: Person
) -> None:
    waiting = await sessions.sign_in(request(), EMAIL, PASSWORD)
    assert await entries(own_database, AuditKind.SIGN_IN) == []
    steps = SecondSteps(settings.model_copy(update={"demonstration": True}), own_database, sessions, system_clock, IDS)
    with pytest.raises(Refusal):
        await steps.by_code(with_cookie(waiting.secret), "no code")
    last, *_ = await entries(own_database, AuditKind.SIGN_IN_REFUSED)
    assert (last.subjects, json.loads(last.details)["code"]) == ([someone.id], "SECOND_FACTOR_REFUSED")
    shown = await steps.waiting(with_cookie(waiting.secret))
    assert shown is not None
    await steps.by_code(with_cookie(waiting.secret), shown.shown_code or "")
    [entry] = await entries(own_database, AuditKind.SIGN_IN)
    assert (entry.person_id, entry.audience, entry.subjects) == (someone.id, "staff", [someone.id])
    assert "otp" in json.loads(entry.details)["amr"]


async def test_rights_are_recorded_however_they_change(own_database: Database, someone: Person) -> None:
    async with transaction(own_database, SYSTEM) as session:
        changing = sa.text("update person set roles = array['audit_administrator'] where id = :id")
        await session.execute(changing, {"id": someone.id})
        await session.execute(sa.text("update person set name = '李卫' where id = :id"), {"id": someone.id})
    last, *_ = await entries(own_database, AuditKind.RIGHTS_CHANGED)
    details = json.loads(last.details)
    assert (last.subjects, details["table"], details["act"]) == ([someone.id], "person", "UPDATE")
    assert (details["before"]["roles"], details["after"]["roles"]) == (["sales"], ["audit_administrator"])


async def test_nobody_is_two_of_the_three_administrators(own_database: Database, someone: Person) -> None:
    with pytest.raises(Refusal, match="ROLES_EXCLUDE_EACH_OTHER"):
        person("two@example.com", roles=("audit_administrator", "security_administrator"))
    both = sa.text("update person set roles = array['audit_administrator', 'system_administrator'] where id = :id")
    with pytest.raises(sa.exc.IntegrityError, match="separate_administrators"):
        async with transaction(own_database, SYSTEM) as session:
            await session.execute(both, {"id": someone.id})


async def test_a_flood_of_refusals_adds_few_entries_and_loses_no_sign_in(
    own_database: Database,
) -> None:
    """Beyond the first ones, each power of two is told of with its number, for each address of its own."""
    limits = AttemptLimits(dt.timedelta(minutes=15), 10_000, 10_000)
    before = {entry.id for entry in await entries(own_database, AuditKind.SIGN_IN_REFUSED)}
    for address in ("198.51.100.7", "198.51.100.8"):
        for _ in range(70):
            with pytest.raises(Refusal):
                async with noting_refusals(own_database, IDS, system_clock, limits, Attempt(address, "password")):
                    raise Refusal("SIGN_IN_REFUSED")
    told = [each for each in await entries(own_database, AuditKind.SIGN_IN_REFUSED) if each.id not in before]
    details = [json.loads(each.details) for each in told]
    assert len(told) == 2 * (20 + 2)
    assert [each["refusals"] for each in details if each["address"] == "198.51.100.7" and "refusals" in each] == [
        64,
        32,
    ]
    # Another window begins anew.
    later = lambda: system_clock() + dt.timedelta(hours=1)  # noqa: E731
    with pytest.raises(Refusal):
        async with noting_refusals(own_database, IDS, later, limits, Attempt("198.51.100.7", "password")):
            raise Refusal("SIGN_IN_REFUSED")
    assert len(await entries(own_database, AuditKind.SIGN_IN_REFUSED)) == len(before) + 2 * 22 + 1


async def test_only_auditors_read_the_log_and_it_is_whole(own_database: Database) -> None:
    assert await entries(own_database, AuditKind.SIGN_IN_REFUSED, Viewer.system()) == []
    assert isinstance(await verified(own_database), Verified)


@pytest.mark.parametrize(
    "statement", ["update audit_event set details = ''", "delete from audit_event", "truncate audit_event"]
)
async def test_the_application_cannot_change_the_log(own_database: Database, statement: str) -> None:
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        async with transaction(own_database, AUDITOR.row_settings()) as session:
            await session.execute(sa.text(statement))
