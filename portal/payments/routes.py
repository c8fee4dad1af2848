"""The addresses of payments: the payer's way on, and the provider's webhooks."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from domain.payments.provider import ProviderRefusedError, ProviderUnansweredError, WebhookRefusedError
from portal.pages.language_choice import language_of
from portal.payments.desk import Desk
from segments.viewer import Language

LOGGER = structlog.get_logger("portal.payments")
BODY_BYTES_MAX = 64 * 1024
PAY = "/payments/{payment}/pay"
WEBHOOK = "/payments/webhooks/{provider}"


def payment_routes(desk: Desk, language: Language) -> list[BaseRoute]:
    """Both addresses."""
    return [
        Route(PAY, partial(pay, desk, language), methods=["GET"]),
        Route(WEBHOOK, partial(webhook, desk), methods=["POST"]),
    ]


async def pay(desk: Desk, language: Language, request: Request) -> Response:
    """Lead a payer on to where their payment is made; the address is theirs, and whoever has it may pay for them."""
    try:
        payment_id = UUID(request.path_params["payment"])
    except ValueError as error:
        raise HTTPException(404) from error
    try:
        address = await desk.way_on(payment_id, language_of(request, language))
    except (ProviderUnansweredError, ProviderRefusedError) as error:
        LOGGER.warning("the provider takes no payment", payment=str(payment_id), reason=str(error))
        raise HTTPException(503) from error
    if address is None:
        raise HTTPException(404)
    return RedirectResponse(address, 303, headers={"Cache-Control": "no-store"})


async def webhook(desk: Desk, request: Request) -> Response:
    """Take an event. It is answered well only when it is stored, so that its provider sends it again otherwise."""
    if request.path_params["provider"] != desk.provider.name:
        return answered(404, "unknown provider")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            return answered(413, "too long")
    try:
        effect = await desk.take_webhook(request.headers, bytes(body))
    except WebhookRefusedError as error:
        LOGGER.warning("webhook refused", reason=error.reason)
        return answered(400, "refused")
    LOGGER.info("webhook taken", effect="DOUBLE" if effect is None else effect.value)
    return answered(200, "taken")


def answered(status: int, word: str) -> Response:
    """A short answer for a program."""
    return JSONResponse({"result": word}, status, headers={"Cache-Control": "no-store"})
