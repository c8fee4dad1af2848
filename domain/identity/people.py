"""People who sign in: how they are found, and whether they still belong here."""

from __future__ import annotations

import unicodedata
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from domain.identity.tables import Person
from segments.audiences import Audience

EMAIL_CHARACTERS_MAX = 254

# One round trip without a transaction around it: the statement sets what the policy of `person` reads (see `sessions.py`).
IS_MEMBER = sa.text(
    """
    select case when set_config('q.audience', 'system', true) is not null
    then exists (select from person where id = :person_id and audience = :audience and active) end
    """
)


async def person_by_email(session: AsyncSession, email: str) -> Person | None:
    """Whoever signs in with this address; `email` as `normal_email` writes it."""
    return await session.scalar(sa.select(Person).where(Person.email == email))


async def is_member(connection: AsyncConnection, person_id: UUID, audience: Audience) -> bool:
    """Whether a person is active and of this audience now."""
    values = {"person_id": person_id, "audience": audience.value}
    return bool((await connection.execute(IS_MEMBER, values)).scalar_one())


def normal_email(text: str) -> str:
    """An e-mail address as `person.email` holds it: composed, without surrounding space, in lower case.

    What PostgreSQL cannot hold (NUL, lone surrogates) is in no address, so it is made something that is in none either.
    """
    composed = unicodedata.normalize("NFKC", text[: 2 * EMAIL_CHARACTERS_MAX])
    holdable = composed.replace("\x00", "?").encode("utf-8", "replace").decode()
    return holdable.strip().lower()[:EMAIL_CHARACTERS_MAX]
