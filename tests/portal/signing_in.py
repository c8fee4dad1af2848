"""How tests sign in: as people do, by the pages, with the second step where one is asked for."""

from __future__ import annotations

import re

import httpx

from domain.identity.authenticators import code_of, step_at
from foundation.clock import system_clock
from tests.portal.pages.html_checks import form

SHOWN_CODE = re.compile(r'id="shown-code">(\d{6})<')


async def sign_in(
    client: httpx.AsyncClient, account: str, password: str, *, query: str = "", secret: str | None = None
) -> httpx.Response:
    """What the last form answers. Codes are of a secret, or the one that a demonstration shows."""
    address = f"/sign-in{query}"
    hidden = form((await client.get(address)).text, "sign-in")
    response = await client.post(address, data={**hidden, "account": account, "password": password})
    onward = response.headers.get("location", "")
    return await second_step(client, onward, secret) if onward.startswith("/sign-in/second-step") else response


async def second_step(client: httpx.AsyncClient, address: str, secret: str | None = None) -> httpx.Response:
    """What the form of the second step answers to the right code."""
    page = (await client.get(address)).text
    shown = SHOWN_CODE.search(page)
    code = code_of(secret, step_at(system_clock())) if secret else shown[1] if shown else ""
    return await client.post(address, data={**form(page, "second-step"), "code": code})
