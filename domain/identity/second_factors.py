"""The second factor at sign-in: who must have one, which ones somebody has, and what each proves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.identity.authenticators import DIGITS, remove_authenticator, use_code
from domain.identity.recovery import remove_recovery_codes, use_recovery_code
from domain.identity.sealing import Seal
from domain.identity.tables import Authenticator, Passkey, Person, RecoveryCode
from foundation.refusals import Refusal
from foundation.settings import Settings
from segments.audiences import DIVISION, STAFF, Audience
from segments.classification import Classification
from segments.factors import ONE_TIME_CODE, SEVERAL, proves_second_factor

AUDIENCES = frozenset({STAFF, DIVISION})
# RFC 8176 has no word for a recovery code; that there were two factors is what it proves.
BY_CODE = (ONE_TIME_CODE, SEVERAL)
BY_RECOVERY_CODE = (SEVERAL,)


@dataclass(frozen=True, slots=True)
class SecondFactorRule:
    """Whether an installation demands a second factor of those who see much."""

    required: bool

    @classmethod
    def of(cls, settings: Settings) -> SecondFactorRule:
        """The rule of this installation."""
        return cls(settings.second_factor == "required")

    def demands(self, audience: Audience, clearance: Classification) -> bool:
        """Whether it is demanded of such a person."""
        above = clearance.rank > Classification.INTERNAL.rank
        return self.required and (audience in AUDIENCES or above)

    def allows(self, audience: Audience, clearance: Classification, amr: Collection[str]) -> bool:
        """Whether such a person may work with what they have proved."""
        return proves_second_factor(amr) or not self.demands(audience, clearance)


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody can prove beside a password."""

    authenticator: bool
    passkeys: int
    recovery_codes: int

    def __bool__(self) -> bool:
        """Whether there is any. Recovery codes stand in for one and are none."""
        return self.authenticator or self.passkeys > 0


async def factors_of(session: AsyncSession, person_id: UUID) -> Factors:
    """The factors of a person now."""
    unused = sa.and_(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    counts = sa.select(
        sa.select(sa.func.count()).where(Authenticator.person_id == person_id).scalar_subquery(),
        sa.select(sa.func.count()).where(Passkey.person_id == person_id).scalar_subquery(),
        sa.select(sa.func.count()).where(unused).scalar_subquery(),
    )
    authenticators, passkeys, recovery_codes = (await session.execute(counts)).one()
    return Factors(authenticators > 0, passkeys, recovery_codes)


async def require_another(session: AsyncSession, person: Person, rule: SecondFactorRule) -> None:
    """After a factor was removed: refuse when none is left of who must have one; otherwise recovery codes go too."""
    if await factors_of(session, person.id):
        return
    if rule.demands(person.audience, person.clearance):
        raise Refusal("SECOND_FACTOR_NEEDED")
    await remove_recovery_codes(session, person.id)


async def remove_factors(session: AsyncSession, person_id: UUID) -> None:
    """Forget every factor of a person, recovery codes included."""
    await remove_authenticator(session, person_id)
    await session.execute(sa.delete(Passkey).where(Passkey.person_id == person_id))
    await remove_recovery_codes(session, person_id)


async def proved_by(
    session: AsyncSession, seal: Seal, person_id: UUID, entered: str, now: dt.datetime
) -> tuple[str, ...]:
    """What a one-time code or a recovery code proves beside the first step; nothing when it is wrong or was used."""
    code = "".join(entered.split())
    if len(code) == DIGITS:
        return BY_CODE if await use_code(session, seal, person_id, code, now) else ()
    return BY_RECOVERY_CODE if await use_recovery_code(session, person_id, code, now) else ()
