"""Programs that may ask for tokens: what makes a good registration, their secrets, and how far their rights reach."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import sqlalchemy as sa
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain.identity.client_tables import Client, ClientAuthentication, ClientSecret
from domain.identity.openid import OFFLINE, OPENID_NAMES
from domain.identity.secrets import hash_of, is_secret, new_secret
from domain.identity.tables import Person
from domain.identity.viewers import held_scopes
from foundation.refusals import Refusal
from segments.audiences import Audience
from segments.scopes import SCOPE_NAMES

CODE_GRANT, REFRESH_GRANT, MACHINE_GRANT = "authorization_code", "refresh_token", "client_credentials"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = (CODE_GRANT, REFRESH_GRANT, MACHINE_GRANT, DEVICE_GRANT)

NAME_CHARACTERS_MAX = 100
ADDRESSES_MAX = 10
ADDRESS_CHARACTERS_MAX = 500
JWKS_CHARACTERS_MAX = 20_000
# One that works and its successor: so a secret is replaced without a moment in which none works.
SECRETS_MAX = 2
# `last_used_at` is written when it is this old: a write per token would cost as much as the token.
USED_AGAIN_AFTER = dt.timedelta(minutes=1)

VISIBLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
# Private-use schemes are reversed domain names (RFC 8252 §7.1), so that two programs hardly share one.
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+", re.ASCII)
LOOPBACK_NAME = "localhost"


@dataclass(frozen=True)
class Registration:
    """What somebody says of a program that they register."""

    name: str
    authentication: ClientAuthentication = ClientAuthentication.SECRET_BASIC
    grants: Sequence[str] = (CODE_GRANT, REFRESH_GRANT)
    redirect_uris: Sequence[str] = ()
    post_logout_redirect_uris: Sequence[str] = ()
    scopes: Sequence[str] = ()
    audiences: Sequence[Audience] = ()
    jwks: str | None = None
    backchannel_logout_uri: str | None = None
    dpop_bound: bool = False
    first_party: bool = False
    introspects: bool = False


async def find_client(session: AsyncSession, client_id: str) -> Client | None:
    """An active program by its public name, with its owner."""
    if not VISIBLE.fullmatch(client_id):
        return None
    wanted = sa.select(Client).where(Client.client_id == client_id, Client.active)
    return await session.scalar(wanted.options(selectinload(Client.owner)))


async def add_client(
    session: AsyncSession,
    registration: Registration,
    owner: Person | None,
    now: dt.datetime,
    row_id: UUID,
    client_id: str,
) -> Client:
    """Register a program. What the owner cannot do it cannot either; refused when anything about it is wrong."""
    check_registration(registration)
    if owner is not None:
        check_reach(registration, owner)
    row = Client(
        id=row_id,
        client_id=client_id,
        customer_id=None if owner is None else owner.customer_id,
        owner_id=None if owner is None else owner.id,
        first_party=registration.first_party,
        introspects=registration.introspects,
        active=True,
        created_at=now,
        **described(registration),
    )
    row.owner = owner
    session.add(row)
    await session.flush()
    return row


async def change_client(session: AsyncSession, row: Client, registration: Registration, owner: Person) -> None:
    """Say anew what a program is; the same rules hold as when it was registered."""
    check_registration(registration)
    check_reach(registration, owner)
    for name, value in described(registration).items():
        setattr(row, name, value)
    await session.flush()


def described(registration: Registration) -> dict[str, Any]:
    """The columns that a registration fills."""
    return {
        "name": registration.name.strip(),
        "authentication": registration.authentication,
        "grants": sorted(set(registration.grants)),
        "redirect_uris": list(dict.fromkeys(registration.redirect_uris)),
        "post_logout_redirect_uris": list(dict.fromkeys(registration.post_logout_redirect_uris)),
        "scopes": sorted(set(registration.scopes)),
        "audiences": sorted(audience.value for audience in set(registration.audiences)),
        "jwks": registration.jwks,
        "backchannel_logout_uri": registration.backchannel_logout_uri,
        "dpop_bound": registration.dpop_bound,
    }


def check_registration(registration: Registration) -> None:
    """Refuse what no program may be, whoever registers it."""
    name = registration.name.strip()
    if not name or len(name) > NAME_CHARACTERS_MAX or not name.isprintable():
        raise Refusal("CLIENT_NAME_INVALID", ("name",), maximum=NAME_CHARACTERS_MAX)
    _check_grants(registration)
    for field, addresses in (
        ("redirectUris", registration.redirect_uris),
        ("postLogoutRedirectUris", registration.post_logout_redirect_uris),
    ):
        if len(addresses) > ADDRESSES_MAX:
            raise Refusal("CLIENT_ADDRESSES_TOO_MANY", (field,), maximum=ADDRESSES_MAX)
        for place, address in enumerate(addresses):
            if not may_be_led_to(address):
                raise Refusal("CLIENT_ADDRESS_INVALID", (field, place))
    hook = registration.backchannel_logout_uri
    if hook is not None and (not may_be_led_to(hook) or not hook.startswith(("https://", "http://"))):
        raise Refusal("CLIENT_ADDRESS_INVALID", ("backchannelLogoutUri",))
    for place, scope in enumerate(registration.scopes):
        if scope not in SCOPE_NAMES and scope not in OPENID_NAMES:
            raise Refusal("SCOPE_UNKNOWN", ("scopes", place), scope=scope[:NAME_CHARACTERS_MAX])
    if (registration.authentication is ClientAuthentication.PRIVATE_KEY) != (registration.jwks is not None):
        raise Refusal("CLIENT_KEYS_NEEDED", ("jwks",))
    if registration.jwks is not None:
        public_keys(registration.jwks)


def _check_grants(registration: Registration) -> None:
    grants = frozenset(registration.grants)
    if not grants or not grants <= frozenset(GRANTS) or grants == frozenset({REFRESH_GRANT}):
        raise Refusal("CLIENT_GRANTS_INVALID", ("grants",))
    if MACHINE_GRANT in grants and registration.authentication is ClientAuthentication.NONE:
        raise Refusal("CLIENT_MACHINE_NEEDS_SECRET", ("authentication",))
    if (CODE_GRANT in grants) != bool(registration.redirect_uris):
        raise Refusal("CLIENT_REDIRECT_NEEDED", ("redirectUris",))
    if REFRESH_GRANT not in grants and OFFLINE in registration.scopes:
        raise Refusal("CLIENT_GRANTS_INVALID", ("grants",))


def check_reach(registration: Registration, owner: Person) -> None:
    """Refuse a right that whoever registers the program does not hold themself, and another audience than theirs."""
    held = reach_of(owner) | OPENID_NAMES
    for place, scope in enumerate(registration.scopes):
        if scope not in held:
            raise Refusal("SCOPE_NOT_HELD", ("scopes", place), scope=scope)
    if registration.first_party or registration.introspects or set(registration.audiences) - {owner.audience}:
        raise Refusal("CLIENT_GRANTS_INVALID", ("grants",))


def reach_of(person: Person) -> frozenset[str]:
    """The rights that a person can hand to a program. None that asks for a second factor: a program has none."""
    return held_scopes(person.audience, person.roles, ())


def reach(client: Client) -> frozenset[str]:
    """The rights that a program may have now, for whomever it acts: its own, while its owner holds them too."""
    own = frozenset(client.scopes)
    return own if client.owner is None else own & (reach_of(client.owner) | OPENID_NAMES)


def granted(client: Client, person: Person, asked: frozenset[str], amr: Sequence[str]) -> frozenset[str]:
    """What is left of the scopes asked for: those within the program's reach and the person's, at this moment."""
    return asked & reach(client) & (held_scopes(person.audience, person.roles, amr) | OPENID_NAMES)


def admits(client: Client, person: Person) -> bool:
    """Whether a person may use a program: both are active, of one company if it has one, and of its audiences."""
    owner = client.owner
    if not client.active or not person.active:
        return False
    if owner is not None and (not owner.active or owner.customer_id != client.customer_id):
        return False
    if client.customer_id is not None and client.customer_id != person.customer_id:
        return False
    if owner is not None and owner.audience is not person.audience:
        return False
    return not client.audiences or person.audience.value in client.audiences


# ---- secrets


async def add_secret(session: AsyncSession, client: Client, now: dt.datetime, row_id: UUID) -> str:
    """A new secret of a program, told this once; refused while two live."""
    if client.authentication not in {ClientAuthentication.SECRET_BASIC, ClientAuthentication.SECRET_POST}:
        raise Refusal("CLIENT_HAS_NO_SECRETS")
    # The lock makes two requests at once count one after the other.
    await session.execute(sa.select(Client.id).where(Client.id == client.id).with_for_update())
    if len(await live_secrets(session, client.id)) >= SECRETS_MAX:
        raise Refusal("CLIENT_SECRETS_TOO_MANY", maximum=SECRETS_MAX)
    secret = new_secret()
    session.add(
        ClientSecret(
            id=row_id,
            client_id=client.id,
            customer_id=client.customer_id,
            secret_hash=hash_of(secret),
            created_at=now,
        )
    )
    await session.flush()
    return secret


async def live_secrets(session: AsyncSession, client: UUID) -> Sequence[ClientSecret]:
    """The secrets that count, older first."""
    live = (ClientSecret.client_id == client, ClientSecret.revoked_at.is_(None))
    found = await session.scalars(sa.select(ClientSecret).where(*live).order_by(ClientSecret.id).limit(SECRETS_MAX))
    return found.all()


async def secret_fits(session: AsyncSession, client: Client, secret: str, now: dt.datetime) -> bool:
    """Whether a secret is one of the program's; notes its use."""
    fitting = [row for row in await live_secrets(session, client.id) if is_secret(secret, row.secret_hash)]
    for row in fitting:
        if row.last_used_at is None or row.last_used_at <= now - USED_AGAIN_AFTER:
            row.last_used_at = now
    return bool(fitting)


def note_use(client: Client, now: dt.datetime) -> None:
    """Note that a program was here."""
    if client.last_used_at is None or client.last_used_at <= now - USED_AGAIN_AFTER:
        client.last_used_at = now


def public_keys(jwks: str) -> KeySet:
    """The public keys of a program; refused when they are none, too many or private."""
    try:
        members: Any = json.loads(jwks) if len(jwks) <= JWKS_CHARACTERS_MAX else None
        keys = KeySet.import_key_set(members)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refusal("CLIENT_KEYS_INVALID", ("jwks",)) from error
    if not keys.keys or any(key.is_private or key.key_type not in {"EC", "OKP"} for key in keys.keys):
        raise Refusal("CLIENT_KEYS_INVALID", ("jwks",))
    return keys


# ---- addresses


def may_be_led_to(address: str) -> bool:
    """Whether people may be led to an address: https, http on the person's own machine, or an app's own scheme."""
    if len(address) > ADDRESS_CHARACTERS_MAX or not VISIBLE.fullmatch(address) or set(address) & set('"<>\\^`{|}#*'):
        return False
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for a port that is none.
    except ValueError:
        return False
    if "@" in parts.netloc:
        return False
    match parts.scheme:
        case "https":
            return bool(parts.hostname)
        case "http":
            return is_loopback(parts) or parts.hostname == LOOPBACK_NAME
        case scheme:
            return bool(PRIVATE_SCHEME.fullmatch(scheme)) and not parts.netloc and parts.path.startswith("/")


def leads_to(client: Client, address: str) -> bool:
    """Whether an address is one of the program's: exactly, but for the port of a loopback address (RFC 8252 §7.3)."""
    if address in client.redirect_uris:
        return True
    if not may_be_led_to(address) or not is_loopback(urlsplit(address)):
        return False
    return any(
        is_loopback(urlsplit(known)) and _without_port(known) == _without_port(address)
        for known in client.redirect_uris
    )


def is_known_by(client: Client, address: str) -> bool:
    """Whether it is certain that a request comes from the program: it proves who it is, or its https address is claimed.

    An app that keeps no secret is known by nothing but its address, and another program on the same machine can listen at a
    port there or take the scheme (RFC 8252 §8.6).
    """
    return client.authentication is not ClientAuthentication.NONE or address.startswith("https://")


def is_loopback(parts: SplitResult) -> bool:
    """Whether an address is a listener on the person's own machine, named by number as RFC 8252 asks."""
    if parts.scheme != "http" or not parts.hostname:
        return False
    try:
        return ipaddress.ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _without_port(address: str) -> tuple[str | None, str, str]:
    parts = urlsplit(address)
    return parts.hostname, parts.path, parts.query


async def clients_of(session: AsyncSession, customer: UUID, limit: int) -> Sequence[Client]:
    """The programs of a company, the newest first."""
    mine = sa.select(Client).where(Client.customer_id == customer).order_by(Client.id.desc()).limit(limit)
    return (await session.scalars(mine)).all()


def client_name(new_id: Callable[[], UUID]) -> str:
    """A public name for a program that was given none."""
    return new_id().hex
