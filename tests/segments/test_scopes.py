"""Scopes and roles: the lists agree with each other, and nothing crosses from one audience to another."""

import re

import pytest

from segments.audiences import CONSUMER, DIVISION, STAFF, Audience
from segments.scopes import AUDIENCE_SCOPES, EVERYBODYS, ROLES, SCOPE_NAMES, SCOPES, Role, scopes_of


def test_scopes_are_named_resource_action_once_and_in_order() -> None:
    names = [scope.name for scope in SCOPES]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z]+:[a-z]+", name) for name in names)
    assert all(scope.zh and scope.en and scope.audiences for scope in SCOPES)


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_a_role_holds_only_scopes_its_audience_may_hold(role: Role) -> None:
    assert set(role.scopes) <= AUDIENCE_SCOPES[role.audience]


def test_role_names_are_unique_and_every_scope_can_be_held() -> None:
    names = [role.name for role in ROLES]
    assert len(names) == len(set(names))
    held = {scope for role in ROLES for scope in role.scopes}
    assert held.union(*EVERYBODYS.values()) == SCOPE_NAMES


def test_what_everybody_of_an_audience_holds_its_audience_may_hold() -> None:
    """`scopes_of` would leave out in silence what the audience may not hold."""
    for audience, scopes in EVERYBODYS.items():
        assert scopes <= AUDIENCE_SCOPES[audience]
        assert scopes_of(audience, ()) == scopes


@pytest.mark.parametrize("audience", Audience)
def test_roles_of_other_audiences_grant_nothing(audience: Audience) -> None:
    foreign = [role.name for role in ROLES if role.audience is not audience]
    assert scopes_of(audience, [*foreign, "no_such_role"]) == scopes_of(audience, [])


def test_scopes_of_a_person_are_the_union_of_their_roles() -> None:
    assert scopes_of(STAFF, ["sales", "programme_manager"]) == {
        "approvals:delegate",
        "classification:request",
        "equipment:write",
        "interactions:write",
        "orders:manage",
        "orders:read",
        "outcomes:write",
        "points:read",
        "points:spend",
        "programmes:cost",
        "programmes:write",
        "transfer:approve",
    }
    assert scopes_of(CONSUMER, []) == {"appointments:book", "points:spend", "points:transfer"}
    assert scopes_of(DIVISION, []) == frozenset()
