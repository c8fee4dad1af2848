"""Telling programs that a session has ended (OpenID Connect Back-Channel Logout), after the answer has gone out."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID

import httpx
import structlog
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask

from domain.identity.grants import grants_of_session
from domain.identity.openid import logout_token
from portal.oauth.issuer import Issuer

LOGGER = structlog.get_logger("portal.oauth.backchannel")
SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Notice:
    """What is sent to one program."""

    client_id: str
    address: str
    token: str


Notices = list[Notice]


async def notices(issuer: Issuer, session: AsyncSession, login_session: UUID) -> Notices:
    """What has to be sent when a session ends."""
    grants = await grants_of_session(session, login_session)
    now = issuer.clock()
    return [
        Notice(
            grant.client.client_id,
            grant.client.backchannel_logout_uri,
            logout_token(
                grant,
                grant.client.client_id,
                issuer=issuer.authority.issuer,
                key=await issuer.key(session, now),
                now=now,
                token_id=str(issuer.ids()),
            ),
        )
        for grant in grants
        if grant.client.backchannel_logout_uri is not None
    ]


async def farewell(issuer: Issuer, session: AsyncSession, login_session: UUID) -> BackgroundTask | None:
    """Sends them once the person has their answer; a program that is away does not hold anybody up."""
    told = await notices(issuer, session, login_session)
    return BackgroundTask(send, told) if told else None


async def send(told: Notices) -> None:
    """Send all at once. What fails is logged: the program's tokens end by themselves."""
    async with httpx.AsyncClient(timeout=SECONDS_MAX, follow_redirects=False, trust_env=False) as client:
        await asyncio.gather(*(_send(client, notice) for notice in told))


async def _send(client: httpx.AsyncClient, notice: Notice) -> None:
    try:
        answer = await client.post(notice.address, data={"logout_token": notice.token})
    except httpx.HTTPError as error:
        LOGGER.warning("program not told of a sign-out", client=notice.client_id, reason=type(error).__name__)
        return
    if answer.status_code not in {200, 204}:
        LOGGER.warning("program not told of a sign-out", client=notice.client_id, status=answer.status_code)
