"""Passkeys (WebAuthn): what a person's devices sign instead of a password and a code. Ours are the public halves.

A device that signs has verified its person, by a finger, a face or a PIN: two factors at once. A challenge is signed once.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from domain.identity.tables import Passkey, PasskeyChallenge, Person
from foundation.refusals import Refusal
from foundation.settings import Settings
from segments.factors import HARDWARE_KEY, SEVERAL, SOFTWARE_KEY, USER

# Nobody has more devices; each is shown, and named to a device that registers.
PASSKEYS_MAX = 20
NAME_CHARACTERS_MAX = 60
CREDENTIAL_CHARACTERS_MAX = 16_384
CHALLENGE_BYTES = 32
CHALLENGE_VALID_FOR = dt.timedelta(minutes=5)
FORGOTTEN_AT_ONCE = 20
ALGORITHMS = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom devices sign for: the host name of the public address, and the origin that pages come from."""

    host: str
    origin: str

    @classmethod
    def of(cls, settings: Settings) -> RelyingParty:
        """What this installation is to devices."""
        parts = urlsplit(settings.base_url)
        return cls(parts.hostname or "", f"{parts.scheme}://{parts.netloc}")


# ---- challenges


async def new_challenge(
    session: AsyncSession, person_id: UUID | None, now: dt.datetime, ids: Callable[[], UUID]
) -> bytes:
    """A challenge for one answer; `person_id` is of who registers a device, None when somebody signs in."""
    over = sa.select(PasskeyChallenge.id).where(PasskeyChallenge.expires_at < now).limit(FORGOTTEN_AT_ONCE)
    await session.execute(
        sa.delete(PasskeyChallenge).where(PasskeyChallenge.id.in_(over.with_for_update(skip_locked=True)))
    )
    challenge = secrets.token_bytes(CHALLENGE_BYTES)
    expires_at = now + CHALLENGE_VALID_FOR
    session.add(PasskeyChallenge(id=ids(), challenge=challenge, person_id=person_id, expires_at=expires_at))
    await session.flush()
    return challenge


async def spend_challenge(
    session: AsyncSession, credential: str, person_id: UUID | None, now: dt.datetime
) -> bytes | None:
    """The challenge that a device's answer names, if it was ours, for this purpose, and not answered before.

    The caller commits it before it looks at the answer: a wrong answer has spent it too.
    """
    challenge = challenge_in(credential)
    named = (
        PasskeyChallenge.challenge == challenge,
        PasskeyChallenge.person_id.is_not_distinct_from(person_id),
        PasskeyChallenge.expires_at > now,
    )
    spent = sa.delete(PasskeyChallenge).where(*named).returning(PasskeyChallenge.challenge)
    return None if challenge is None else await session.scalar(spent)


def challenge_in(credential: str) -> bytes | None:
    """The challenge that an answer says it answers, which nothing vouches for yet."""
    try:
        response = parsed(credential)["response"]
        client_data: Any = json.loads(base64url_to_bytes(response["clientDataJSON"]))
        return base64url_to_bytes(client_data["challenge"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


# ---- registering


def registration_options(party: RelyingParty, person: Person, known: Sequence[Passkey], challenge: bytes) -> str:
    """What a browser hands to a device that shall make a key pair, as JSON."""
    options = generate_registration_options(
        rp_id=party.host,
        rp_name="Quadrant 四方",
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=VERIFIED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.credential) for each in known],
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json(options)


async def add_passkey(
    session: AsyncSession,
    party: RelyingParty,
    person_id: UUID,
    credential: str,
    challenge: bytes,
    *,
    name: str,
    row_id: UUID,
    now: dt.datetime,
) -> Passkey:
    """Take the public key of a device that signed the challenge; refused for anything else."""
    try:
        made = verify_registration_response(
            credential=parsed(credential),
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except Exception as error:
        # The library reads CBOR, certificates and keys, and lets through whatever their readers raise.
        raise Refusal("PASSKEY_REFUSED") from error
    count = sa.select(sa.func.count()).where(Passkey.person_id == person_id)
    taken = sa.select(sa.exists().where(Passkey.credential == made.credential_id))
    if await session.scalar(taken) or (await session.scalar(count) or 0) >= PASSKEYS_MAX:
        raise Refusal("PASSKEY_REFUSED")
    row = Passkey(
        id=row_id,
        person_id=person_id,
        name=shown_name(name),
        credential=made.credential_id,
        public_key=made.credential_public_key,
        signatures=made.sign_count,
        synced=made.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


# ---- signing in


def sign_in_options(party: RelyingParty, challenge: bytes) -> str:
    """What a browser hands to a device that shall sign, as JSON. No key is named, so nothing is told of accounts."""
    options = generate_authentication_options(rp_id=party.host, challenge=challenge, user_verification=VERIFIED)
    return options_to_json(options)


async def use_passkey(
    session: AsyncSession, party: RelyingParty, credential: str, challenge: bytes, now: dt.datetime
) -> Passkey:
    """The passkey that signed the challenge, with its use noted; refused for anything else."""
    try:
        answer = parsed(credential)
        key = base64url_to_bytes(answer["rawId"])
        handle: Any = answer["response"].get("userHandle")
        owner = base64url_to_bytes(handle) if handle else None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Refusal("PASSKEY_REFUSED") from error
    row = await session.scalar(sa.select(Passkey).where(Passkey.credential == key).with_for_update())
    if row is None or owner not in {None, row.person_id.bytes}:
        raise Refusal("PASSKEY_REFUSED")
    try:
        proved = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.signatures,
            require_user_verification=True,
        )
    except Exception as error:
        # As above.
        raise Refusal("PASSKEY_REFUSED") from error
    row.signatures, row.last_used_at = proved.new_sign_count, now
    return row


def proved_by_passkey(passkey: Passkey) -> tuple[str, ...]:
    """What its signature proves: a key, and a person whom the device recognised."""
    return (SOFTWARE_KEY if passkey.synced else HARDWARE_KEY, USER, SEVERAL)


# ---- one's own


async def passkeys_of(session: AsyncSession, person_id: UUID) -> Sequence[Passkey]:
    """The passkeys of a person, the oldest first."""
    order = (Passkey.created_at, Passkey.id)
    found = await session.scalars(
        sa.select(Passkey).where(Passkey.person_id == person_id).order_by(*order).limit(PASSKEYS_MAX)
    )
    return found.all()


async def remove_passkey(session: AsyncSession, person_id: UUID, passkey_id: UUID) -> None:
    """Forget a passkey of a person. That of somebody else stays, and nothing tells whether there is one."""
    await session.execute(sa.delete(Passkey).where(Passkey.id == passkey_id, Passkey.person_id == person_id))


def parsed(credential: str) -> dict[str, Any]:
    """A device's answer; ValueError or TypeError when it is none."""
    if len(credential) > CREDENTIAL_CHARACTERS_MAX:
        raise ValueError("too long")
    try:
        found: object = json.loads(credential)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(found, dict):
        raise TypeError("not an object")
    return cast("dict[str, Any]", found)


def shown_name(name: str) -> str:
    """What a passkey is called on its owner's page: one line that PostgreSQL can hold."""
    printable = "".join(each for each in name if each.isprintable()).encode("utf-8", "ignore").decode()
    return printable.strip()[:NAME_CHARACTERS_MAX]
