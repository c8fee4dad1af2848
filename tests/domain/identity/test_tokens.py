"""Access tokens: what we mint verifies, and nothing else does."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from domain.identity.tables import Person
from domain.identity.tokens import (
    AccessToken,
    Authority,
    InvalidTokenError,
    granted_scopes,
    lifetime,
    mint,
    verify,
)
from foundation.refusals import Refusal
from foundation.settings import Settings
from segments.audiences import DIVISION, STAFF, Audience
from segments.classification import Classification
from segments.factors import TWO_FACTORS

NOW = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.UTC)
PERSON = UUID("01900000-0000-7000-8000-000000000001")
EMPLOYEE = UUID("01900000-0000-7000-8000-000000000002")
TOKEN = UUID("01900000-0000-7000-8000-000000000003")
AUTHORITY = Authority("https://crm.example", "https://crm.example/graphql", any_port=False)
KEY = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "ours"})
PUBLIC = ECKey.import_key(KEY.as_dict(private=False))
OTHER_KEY = ECKey.generate_key("P-256", {"alg": "ES256", "use": "sig", "kid": "theirs"})


def person(audience: Audience = STAFF, roles: tuple[str, ...] = ("programme_manager",)) -> Person:
    return Person(
        id=PERSON,
        email="li.wei@quadrant.example",
        name="李伟",
        audience=audience,
        customer_id=None,
        employee_id=EMPLOYEE,
        clearance=Classification.SECRET,
        compartments=["QL-07", "QL-03"],
        roles=list(roles),
        password_hash="",
        active=True,
        created_at=NOW,
    )


def minted(scopes: frozenset[str] = frozenset({"programmes:cost"}), authority: Authority = AUTHORITY) -> str:
    ten_minutes = dt.timedelta(minutes=10)
    return mint(
        person(),
        scopes,
        client_id="quadrant-cli",
        authority=authority,
        key=KEY,
        token_id=TOKEN,
        now=NOW,
        valid_for=ten_minutes,
        amr=("pwd", "otp"),
        auth_time=NOW - dt.timedelta(minutes=3),
    )


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    return json.loads(unpacked(head)), json.loads(unpacked(body))


def unpacked(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def packed(value: object) -> str:
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def written(header: object, claims: object, key: ECKey = KEY) -> str:
    """A token with any header and claims, signed by hand: joserfc refuses to write most of what is tried here."""
    body = f"{packed(header)}.{packed(claims)}"
    return f"{body}.{packed(jws.JWSRegistry.algorithms['ES256'].sign(body.encode(), key))}"


def signed(header: dict[str, Any] | None = None, key: ECKey = KEY, **changes: Any) -> str:
    """A token like ours with other headers or claims, signed well; a claim changed to None is left out."""
    own_header, claims = parts(minted())
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return written({**own_header, **(header or {})}, claims, key)


def check(token: str, now: dt.datetime = NOW, authority: Authority = AUTHORITY) -> AccessToken:
    return verify(token, {"ours": PUBLIC}, authority, now)


def refused(token: str, reason: str = "", now: dt.datetime = NOW) -> None:
    with pytest.raises(InvalidTokenError, match=reason or None):
        check(token, now)


def test_a_minted_token_says_everything_a_viewer_is_made_of() -> None:
    assert check(minted()) == AccessToken(
        token_id=str(TOKEN),
        client_id="quadrant-cli",
        expires_at=NOW + dt.timedelta(minutes=10),
        person_id=PERSON,
        audience=STAFF,
        customer_id=None,
        employee_id=EMPLOYEE,
        clearance=Classification.SECRET,
        compartments=frozenset({"QL-03", "QL-07"}),
        roles=frozenset({"programme_manager"}),
        scopes=frozenset({"programmes:cost"}),
        amr=frozenset({"otp", "pwd"}),
        auth_time=NOW - dt.timedelta(minutes=3),
    )


def test_a_minted_token_has_the_claims_and_the_header_of_rfc_9068() -> None:
    header, claims = parts(minted())
    assert header == {"alg": "ES256", "typ": "at+jwt", "kid": "ours"}
    assert {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope"} <= claims.keys()
    assert "李伟" not in json.dumps(claims, ensure_ascii=False), "a token carries rights, not personal data"


def test_a_token_says_by_what_and_when_its_person_signed_in() -> None:
    _, claims = parts(minted())
    assert (claims["amr"], claims["acr"]) == (["otp", "pwd"], TWO_FACTORS)
    assert claims["auth_time"] == claims["iat"] - 180


def test_a_token_that_says_nothing_of_factors_proves_none() -> None:
    token = check(signed(amr=None, acr=None, auth_time=None))
    assert (token.amr, token.auth_time) == (frozenset(), None)


@pytest.mark.parametrize("claim", [{"amr": "mfa"}, {"amr": [1]}, {"auth_time": "today"}, {"auth_time": 1e300}])
def test_malformed_factors_are_refused(claim: dict[str, Any]) -> None:
    refused(signed(**claim), "malformed")


def test_a_token_without_scopes_verifies_and_holds_none() -> None:
    assert check(minted(frozenset())).scopes == frozenset()


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_an_unsigned_token_is_refused(name: str, signature: str) -> None:
    _, claims = parts(minted())
    refused(f"{packed({'alg': name, 'typ': 'at+jwt', 'kid': 'ours'})}.{packed(claims)}.{signature}")


@pytest.mark.parametrize(
    "secret", [PUBLIC.as_pem(private=False), json.dumps(PUBLIC.as_dict(private=False)).encode(), b""]
)
@pytest.mark.parametrize("name", ["HS256", "ES256"])
def test_a_public_key_is_no_shared_secret(secret: bytes, name: str) -> None:
    _, claims = parts(minted())
    body = f"{packed({'alg': name, 'typ': 'at+jwt', 'kid': 'ours'})}.{packed(claims)}"
    mac = hmac.new(secret, body.encode(), hashlib.sha256).digest()
    refused(f"{body}.{packed(mac)}")


def test_other_algorithms_are_refused_although_well_signed() -> None:
    _, claims = parts(minted())
    rsa = RSAKey.generate_key(2048, {"kid": "ours"})
    refused(jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "ours"}, claims, rsa, algorithms=["RS256"]))
    octets = OctKey.generate_key(256)
    refused(jwt.encode({"alg": "HS256", "typ": "at+jwt", "kid": "ours"}, claims, octets, algorithms=["HS256"]))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "logout+jwt", "dpop+jwt", "", "at+jwt ", 1, None, ["at+jwt"]])
def test_another_type_of_token_is_refused(kind: object) -> None:
    refused(signed({"typ": kind}), "not an access token")


@pytest.mark.parametrize("member", ["alg", "kid", "typ"])
def test_a_token_without_one_of_our_headers_is_refused(member: str) -> None:
    header, claims = parts(minted())
    del header[member]
    refused(written(header, claims))


@pytest.mark.parametrize("kind", ["AT+JWT", "application/at+jwt"])
def test_the_type_may_be_written_as_rfc_9068_allows(kind: str) -> None:
    assert check(signed({"typ": kind})).person_id == PERSON


@pytest.mark.parametrize(
    "extra",
    [
        {"jwk": OTHER_KEY.as_dict(private=False)},
        {"jku": "https://attacker.example/keys.json"},
        {"x5u": "https://attacker.example/chain.pem"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"cty": "JWT"},
        {"zip": "DEF"},
    ],
    ids=lambda extra: next(iter(extra)),
)
def test_no_other_header_is_looked_at(extra: dict[str, Any]) -> None:
    for key in (KEY, OTHER_KEY):
        refused(signed(extra, key), "not a token of this server")


def test_an_embedded_key_does_not_verify_its_own_signature() -> None:
    public = OTHER_KEY.as_dict(private=False)
    refused(signed({"jwk": public, "kid": "ours"}, key=OTHER_KEY), "not a token of this server")


@pytest.mark.parametrize("kid", ["theirs", "", "../../etc/passwd", "' or 1=1 --"])
def test_an_unknown_key_is_refused(kid: str) -> None:
    refused(signed({"kid": kid}, key=OTHER_KEY), "key is unknown")


@pytest.mark.parametrize("kid", [1, None, ["ours"], {"kid": "ours"}])
def test_a_kid_that_is_no_text_is_refused(kid: object) -> None:
    refused(signed({"kid": kid}))


def test_a_foreign_signature_under_our_kid_is_refused() -> None:
    refused(signed(key=OTHER_KEY), "signature")


@pytest.mark.parametrize("claim", ["sub", "audience", "clearance", "scope", "exp"])
def test_a_tampered_claim_is_refused(claim: str) -> None:
    head, body, signature = minted().split(".")
    claims = json.loads(unpacked(body))
    claims[claim] = {"clearance": "TOP_SECRET", "audience": "military", "exp": claims["exp"] + 1}.get(claim, "x:y")
    refused(f"{head}.{packed(claims)}.{signature}", "signature")


def test_every_single_changed_character_is_refused() -> None:
    token = minted()
    for place, character in enumerate(token):
        # The last character of a segment holds bits beyond its octets, which a decoder may ignore.
        if character != "." and (place + 1 == len(token) or token[place + 1] == "."):
            continue
        refused(token[:place] + ("A" if character != "A" else "B") + token[place + 1 :])


@pytest.mark.parametrize(
    "issuer", ["https://other.example", "https://crm.example/", "http://crm.example", "", 1, ["x"]]
)
def test_another_issuer_is_refused(issuer: object) -> None:
    refused(signed(iss=issuer), "issuer")


@pytest.mark.parametrize("resource", ["https://crm.example", "https://crm.example/graphql/", "x", [], ["x"], {}, 1])
def test_another_resource_is_refused(resource: object) -> None:
    refused(signed(aud=resource), "resource")


def test_a_token_for_several_resources_is_ours_when_one_is() -> None:
    assert check(signed(aud=["https://x.example", AUTHORITY.resource])).person_id == PERSON


@pytest.mark.parametrize(
    "claim",
    ["sub", "exp", "iat", "jti", "client_id", "scope", "audience", "clearance", "compartments", "roles"],
)
def test_a_missing_claim_is_refused(claim: str) -> None:
    refused(signed(**{claim: None}), "missing or malformed")


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": "soon"},
        {"exp": 1e300},
        {"iat": []},
        {"sub": "li.wei"},
        {"audience": "everyone"},
        {"clearance": 4},
        {"compartments": "QL-03"},
        {"compartments": [1]},
        {"roles": {"head": 1}},
        {"customer": 5},
        {"scope": ["programmes:cost"]},
    ],
    ids=str,
)
def test_a_malformed_claim_is_refused(changes: dict[str, Any]) -> None:
    refused(signed(**changes), "missing or malformed")


@pytest.mark.parametrize(
    ("at", "valid"),
    [
        (dt.timedelta(minutes=10, seconds=9), True),
        (dt.timedelta(minutes=10, seconds=10), False),
        (dt.timedelta(days=400), False),
        (dt.timedelta(seconds=-10), True),
        (dt.timedelta(seconds=-11), False),
    ],
    ids=str,
)
def test_a_token_is_valid_in_its_time_give_or_take_the_leeway(at: dt.timedelta, valid: bool) -> None:
    if valid:
        assert check(minted(), NOW + at)
    else:
        refused(minted(), "expired|not valid yet", NOW + at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d.e",
        "\x00.\x00.\x00",
        "é.é.é",
        "x" * 9_000,
        f"{packed([1])}.{packed({})}.AAAA",
        f"{packed(['alg'])}.{packed({})}.AAAA",
        f"{packed('alg')}.{packed({})}.AAAA",
        f"{packed(b'[' * 3_000)}.{packed({})}.AAAA",
        packed(b'{"alg":1' + b"0" * 5_000) + f".{packed({})}.AAAA",
    ],
    ids=range(13),
)
def test_what_is_no_token_is_refused_without_a_fault(text: str) -> None:
    refused(text)


def test_without_a_public_address_the_port_does_not_matter() -> None:
    here = Authority.of(Settings(port=8000))
    there = Authority.of(Settings(port=9123))
    assert check(minted(authority=there), authority=here).person_id == PERSON
    elsewhere = Authority("http://localhost.attacker.example:8000", "http://localhost:8000/graphql", any_port=True)
    with pytest.raises(InvalidTokenError, match="issuer"):
        check(minted(authority=elsewhere), authority=here)


def test_with_a_public_address_everything_must_match() -> None:
    here = Authority.of(Settings(public_url="https://crm.example:8443"))
    with pytest.raises(InvalidTokenError, match="issuer"):
        check(minted(authority=AUTHORITY), authority=here)


def test_scopes_are_granted_only_when_known_and_held() -> None:
    assert granted_scopes(person(), ["programmes:cost", "programmes:cost"]) == {"programmes:cost"}
    assert granted_scopes(person(), []) == frozenset()
    with pytest.raises(Refusal) as unknown:
        granted_scopes(person(), ["no:such"])
    assert unknown.value.code == "SCOPE_UNKNOWN"
    with pytest.raises(Refusal) as foreign:
        granted_scopes(person(), ["programmes:cost", "customers:move"])
    assert foreign.value.code == "SCOPE_NOT_HELD"
    assert foreign.value.params == {"scope": "customers:move"}


def test_a_division_token_lives_shorter() -> None:
    assert lifetime(Settings(), DIVISION) == dt.timedelta(minutes=5)
    assert lifetime(Settings(), STAFF) == dt.timedelta(minutes=10)
