"""Viewers: what tokens and sessions make of them, below the installation's ceiling."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

import pytest

from domain.identity.sessions import LiveSession
from domain.identity.tokens import AccessToken
from domain.identity.viewers import held_scopes, viewer_of_session, viewer_of_token
from segments.audiences import DIVISION, STAFF
from segments.classification import Classification

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
PERSON, EMPLOYEE = UUID(int=1), UUID(int=2)
TOP = Classification.TOP_SECRET
TOKEN = AccessToken(
    token_id="a-token",
    client_id="a-program",
    expires_at=NOW,
    person_id=PERSON,
    audience=STAFF,
    customer_id=None,
    employee_id=EMPLOYEE,
    clearance=Classification.SECRET,
    compartments=frozenset({"QL-7"}),
    roles=frozenset({"programme_manager"}),
    scopes=frozenset({"programmes:cost"}),
)
SESSION = LiveSession(
    session_id=UUID(int=3),
    last_seen_at=NOW,
    person_id=PERSON,
    name="贺兰舟",
    organisation="",
    audience=STAFF,
    customer_id=None,
    employee_id=EMPLOYEE,
    clearance=Classification.SECRET,
    compartments=frozenset({"QL-7"}),
    roles=frozenset({"account_manager"}),
    authenticated_at=NOW,
    amr=("pwd",),
)


def test_a_token_makes_the_viewer_it_says() -> None:
    viewer = viewer_of_token(TOKEN, "en", TOP)
    assert (viewer.audience, viewer.person_id, viewer.employee_id) == (STAFF, PERSON, EMPLOYEE)
    assert (viewer.clearance, viewer.compartments) == (Classification.SECRET, {"QL-7"})
    assert (viewer.roles, viewer.scopes) == ({"programme_manager"}, {"programmes:cost"})
    assert (viewer.client_id, viewer.language) == ("a-program", "en")


def test_a_token_holds_no_scope_of_another_audience() -> None:
    viewer = viewer_of_token(replace(TOKEN, audience=DIVISION), "zh", TOP)
    assert viewer.scopes == frozenset()


def test_a_session_holds_all_scopes_of_its_person() -> None:
    viewer = viewer_of_session(SESSION, "zh", TOP)
    assert viewer.scopes == {
        "customers:write",
        "interactions:write",
        "orders:manage",
        "orders:read",
        "payments:refund",
        "points:adjust",
        "points:read",
    }
    assert viewer.client_id is None


def test_a_token_holds_no_scope_that_its_roles_do_not_hold() -> None:
    assert viewer_of_token(replace(TOKEN, roles=frozenset({"sales"})), "zh", TOP).scopes == frozenset()


@pytest.mark.parametrize(
    ("amr", "held"),
    [((), False), (("pwd",), False), (("pwd", "user"), False), (("pwd", "otp"), True), (("hwk", "user"), True)],
)
def test_a_scope_that_needs_a_second_factor_is_held_by_who_proved_one(amr: tuple[str, ...], held: bool) -> None:
    found = held_scopes(STAFF, {"sales"}, amr, frozenset({"orders:read"}))
    always = {"interactions:write", "orders:manage", "points:read", "points:spend"}
    assert found == always | ({"orders:read"} if held else set())


def test_a_viewer_says_by_what_its_person_signed_in() -> None:
    assert viewer_of_session(replace(SESSION, amr=("pwd", "otp")), "zh", TOP).amr == {"pwd", "otp"}
    assert viewer_of_token(replace(TOKEN, amr=frozenset({"pwd"})), "zh", TOP).amr == {"pwd"}


@pytest.mark.parametrize(
    ("ceiling", "clearance"),
    [
        (Classification.PUBLIC, Classification.PUBLIC),
        (Classification.INTERNAL, Classification.INTERNAL),
        (Classification.SECRET, Classification.SECRET),
        (Classification.TOP_SECRET, Classification.SECRET),
    ],
)
def test_no_clearance_reaches_above_the_ceiling(ceiling: Classification, clearance: Classification) -> None:
    assert viewer_of_token(TOKEN, "zh", ceiling).clearance is clearance
    assert viewer_of_session(SESSION, "zh", ceiling).clearance is clearance
