"""Programs: where they may lead people, and how far their rights reach."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from domain.identity.client_tables import Client, ClientAuthentication
from domain.identity.clients import (
    MACHINE_GRANT,
    Registration,
    admits,
    check_registration,
    granted,
    leads_to,
    may_be_led_to,
    public_keys,
    reach,
)
from domain.identity.tables import Person
from foundation.refusals import Refusal
from segments.audiences import ENTERPRISE, STAFF
from tests.people import person


@pytest.mark.parametrize(
    "address",
    [
        "https://program.example.com/callback",
        "https://program.example.com:8443/callback?tenant=1",
        "http://localhost:3000/callback",
        "http://127.0.0.1/callback",
        "http://[::1]:8080/callback",
        "com.example.app:/callback",
    ],
)
def test_people_may_be_led_there(address: str) -> None:
    assert may_be_led_to(address)


@pytest.mark.parametrize(
    "address",
    [
        *("", "callback", "/callback", "//program.example.com/", "https://", "https:///callback"),
        *("http://program.example.com/", "http://127.0.0.1.evil.test/", "http://localhost.evil.test/"),
        *("https://a@program.example.com/", "https://program.example.com/#x", "https://*.example.com/"),
        *("https://program.example.com:99999/", "https://[::1/", "https://a b/", "https://四方.example/"),
        *("javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "app:/callback", "com.example.app://x/"),
        "https://program.example.com/" + "a" * 600,
    ],
)
def test_nobody_is_led_there(address: str) -> None:
    assert not may_be_led_to(address)


def client(owner: Person | None = None, **columns: Any) -> Client:
    """A program."""
    given: dict[str, Any] = {
        "authentication": ClientAuthentication.NONE,
        "active": True,
        "redirect_uris": [],
        "scopes": [],
        "audiences": [],
        "customer_id": None if owner is None else owner.customer_id,
        **columns,
    }
    made = Client(id=uuid.uuid4(), **given)
    made.owner = owner
    return made


@pytest.mark.parametrize(
    ("registered", "asked", "fits"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
        ("http://[::1]:1/cb", "http://[::1]:2/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:51004/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb?x=1", False),
        ("http://localhost:1/cb", "http://localhost:2/cb", False),
        ("https://program.example.com/cb", "https://program.example.com:8443/cb", False),
    ],
)
def test_only_the_port_of_a_loopback_number_may_differ(registered: str, asked: str, fits: bool) -> None:
    assert leads_to(client(redirect_uris=[registered]), asked) is fits


def test_a_program_has_no_right_that_its_maker_or_its_user_lacks() -> None:
    maker = person("maker@example.com", STAFF, roles=("sales",))
    user = person("user@example.com", STAFF, roles=("account_manager",))
    program = client(maker, scopes=["openid", "orders:read", "customers:write"])
    assert reach(program) == {"openid", "orders:read"}
    asked = frozenset({"openid", "orders:read", "customers:write"})
    assert granted(program, user, asked, ()) == {"openid", "orders:read"}
    assert granted(program, person("none@example.com", STAFF), asked, ()) == {"openid"}


def test_who_may_use_a_program() -> None:
    company, other = uuid.uuid4(), uuid.uuid4()
    maker = person("maker@example.com", ENTERPRISE, customer_id=company)
    colleague = person("colleague@example.com", ENTERPRISE, customer_id=company)
    program = client(maker)
    assert admits(program, colleague)
    assert not admits(program, person("stranger@example.com", ENTERPRISE, customer_id=other))
    assert not admits(program, person("gone@example.com", ENTERPRISE, customer_id=company, active=False))
    assert not admits(client(maker, audiences=["staff"]), colleague)
    maker.active = False
    assert not admits(program, colleague)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"name": " "}, "CLIENT_NAME_INVALID"),
        ({"name": "a" * 101}, "CLIENT_NAME_INVALID"),
        ({"grants": ()}, "CLIENT_GRANTS_INVALID"),
        ({"grants": ("refresh_token",)}, "CLIENT_GRANTS_INVALID"),
        ({"grants": ("authorization_code",)}, "CLIENT_REDIRECT_NEEDED"),
        ({"redirect_uris": ("https://a.example/",)}, "CLIENT_REDIRECT_NEEDED"),
        ({"redirect_uris": ("https://a.example/",) * 11}, "CLIENT_REDIRECT_NEEDED"),
        ({"scopes": ("offline_access",)}, "CLIENT_GRANTS_INVALID"),
        ({"scopes": ("no:such",)}, "SCOPE_UNKNOWN"),
        ({"jwks": "{}"}, "CLIENT_KEYS_NEEDED"),
        ({"backchannel_logout_uri": "com.example.app:/x"}, "CLIENT_ADDRESS_INVALID"),
    ],
)
def test_a_wrong_registration_is_refused(changed: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_registration(Registration(**{"name": "程序", "grants": (MACHINE_GRANT,), **changed}))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "jwks", ["", "[]", "{}", '{"keys": []}', '{"keys": [{"kty": "oct", "k": "' + "A" * 43 + '"}]}', "x" * 30_000]
)
def test_keys_are_public_and_asymmetric(jwks: str) -> None:
    with pytest.raises(Refusal):
        public_keys(jwks)
