"""Telling programs that a session has ended (OpenID Connect Back-Channel Logout), beside all requests and again if need be."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from uuid import UUID

import httpx
import structlog

from domain.identity.farewells import forget_told, has_program, take_due
from domain.identity.openid import logout_token
from portal.oauth.issuer import Issuer

LOGGER = structlog.get_logger("portal.oauth.backchannel")
SECONDS_MAX = 5.0
# How often a process looks for notes that others left, or whose next time has come.
SECONDS_BETWEEN_LOOKS = 15.0


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent to one program."""

    notice: UUID
    client_id: str
    address: str
    token: str


async def tell_programs(issuer: Issuer, woken: asyncio.Event) -> None:
    """Tell programs of sessions that have ended: whenever woken, and at intervals; until cancelled."""
    while True:
        woken.clear()
        try:
            while await tell_due(issuer):
                pass
        except Exception:
            # Whatever it is, what is noted stays noted, and the next look tries again.
            LOGGER.exception("programs are not told of sign-outs")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_BETWEEN_LOOKS):
                await woken.wait()


async def tell_due(issuer: Issuer) -> int:
    """Tell those whose time has come, some at once; how many there were."""
    taken, messages = await _taken(issuer)
    if not taken:
        return 0
    async with httpx.AsyncClient(timeout=SECONDS_MAX, follow_redirects=False, trust_env=False) as client:
        heard = await asyncio.gather(*(_sent(client, message) for message in messages))
    unheard = {message.notice for message, well in zip(messages, heard, strict=True) if not well}
    async with issuer.transaction() as session:
        for notice in await forget_told(session, [each for each in taken if each not in unheard]):
            LOGGER.warning("program given up on", client=str(notice.client_id), attempts=notice.attempts)
    return len(taken)


async def _taken(issuer: Issuer) -> tuple[list[UUID], list[Message]]:
    """Notes that this process sees to, and what is sent for those that still have a program to hear."""
    async with issuer.transaction() as session:
        now = issuer.clock()
        taken = await take_due(session, now)
        # Signed anew each time, because a logout token is good for minutes.
        messages = [
            Message(
                notice.id,
                notice.client.client_id,
                notice.client.backchannel_logout_uri or "",
                logout_token(
                    notice,
                    issuer=issuer.authority.issuer,
                    key=await issuer.key(session, now),
                    now=now,
                    token_id=str(issuer.ids()),
                ),
            )
            for notice in taken
            if has_program(notice)
        ]
        return [notice.id for notice in taken], messages


async def _sent(client: httpx.AsyncClient, message: Message) -> bool:
    """Send one; whether its program heard it."""
    try:
        async with asyncio.timeout(2 * SECONDS_MAX):
            answer = await client.post(message.address, data={"logout_token": message.token})
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        LOGGER.warning("program not told of a sign-out", client=message.client_id, reason=type(error).__name__)
        return False
    if answer.status_code not in {200, 204}:
        LOGGER.warning("program not told of a sign-out", client=message.client_id, status=answer.status_code)
        return False
    return True
