"""The sandbox's addresses: an API for the merchant, and the page on which a payer pays."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

from jinja2 import Environment
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from foundation.clock import Clock
from foundation.money import AMOUNT_MAX, Money, currencies
from portal.pages.environment import make_environment
from portal.pages.language_choice import language_of
from portal.pages.security_headers import page_headers
from portal.pages.submit import read_form
from portal.sandbox_payments.cards import CARDS
from portal.sandbox_payments.sending import Sender
from portal.sandbox_payments.store import Asked, SandboxRefusal, Store
from segments.viewer import Language

PREFIX = "/sandbox-payments"
HERE = Path(__file__).parent
BODY_BYTES_MAX = 10_000
# States in which a payer can do something on the page.
OPEN = "OPEN"

Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Message = TypeVar("Message", bound="Body")


class Body(BaseModel):
    """What a merchant sends: nothing unknown in it."""

    model_config = ConfigDict(extra="forbid")


class CaptureBody(Body):
    """An amount in minor units of a currency."""

    amount: Annotated[int, Field(ge=1, le=AMOUNT_MAX, strict=True)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class RefundBody(CaptureBody):
    """A refund and the round in which it is asked for."""

    refund: UUID
    round: Annotated[int, Field(ge=1, le=1_000)]


class PaymentBody(CaptureBody):
    """A payment that is asked for."""

    payment: UUID
    description: Text
    return_address: Text
    notify_address: Text
    expires_at: AwareDatetime


@dataclass(frozen=True)
class Sandbox:
    """The sandbox of an installation. `secret` is what its merchant calls it with.

    `address` is where payers reach it; empty where that is where they are.
    """

    store: Store
    sender: Sender
    secret: str = field(repr=False)
    address: str
    clock: Clock
    environments: Mapping[Language, Environment]
    language: Language
    secure: bool


def make_environments(asset: Callable[[str], str]) -> dict[Language, Environment]:
    """The page's templates in both languages, in the platform's style sheet."""
    languages: tuple[Language, ...] = ("zh", "en")
    return {language: make_environment(language, [HERE], asset) for language in languages}


def sandbox_app(sandbox: Sandbox) -> Starlette:
    """The application, to be mounted at `PREFIX`."""
    payment = "/api/payments/{reference}"
    return Starlette(
        routes=[
            Route("/api/payments", called(sandbox, ask), methods=["POST"]),
            Route(f"{payment}/capture", called(sandbox, capture), methods=["POST"]),
            Route(f"{payment}/cancel", called(sandbox, cancel), methods=["POST"]),
            Route(f"{payment}/refunds", called(sandbox, refund), methods=["POST"]),
            Route(f"{payment}/events", called(sandbox, events), methods=["GET"]),
            Route("/pay/{token}", partial(page, sandbox), methods=["GET", "POST"]),
        ]
    )


Act = Callable[[Sandbox, Request, bytes], Awaitable[Any]]


def called(sandbox: Sandbox, act: Act) -> Callable[[Request], Awaitable[Response]]:
    """A call of the merchant's: it shows its secret, sends little, and is told in one word why it is refused."""

    async def endpoint(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {sandbox.secret}".encode()):
            return JSONResponse({"error": "unknown merchant"}, 401)
        try:
            body = await small_body(request)
            answer = await act(sandbox, request, body)
        except ValidationError:
            return JSONResponse({"error": "malformed"}, 422)
        except SandboxRefusal as refusal:
            return JSONResponse({"error": refusal.reason}, refusal.status)
        sandbox.sender.woken.set()
        return JSONResponse(answer)

    return endpoint


async def small_body(request: Request) -> bytes:
    """The body, read no further than a call can be long."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise SandboxRefusal(413, "too long")
    return bytes(body)


async def ask(sandbox: Sandbox, _request: Request, body: bytes) -> dict[str, str]:
    """Take on a payment, or answer the one that was asked for with the same key."""
    wish = PaymentBody.model_validate_json(body)
    if wish.currency not in currencies():
        raise SandboxRefusal(422, "no such currency")
    asked = Asked(
        str(wish.payment),
        wish.amount,
        wish.currency,
        wish.description,
        wish.return_address,
        wish.notify_address,
        wish.expires_at,
    )
    made = await asyncio.to_thread(sandbox.store.ask, asked)
    return {"reference": made["reference"], "address": f"{sandbox.address}{PREFIX}/pay/{made['token']}"}


async def capture(sandbox: Sandbox, request: Request, body: bytes) -> dict[str, str]:
    """Take what is on hold."""
    wish = CaptureBody.model_validate_json(body)
    reference = request.path_params["reference"]
    await asyncio.to_thread(sandbox.store.capture, reference, wish.amount, wish.currency, sandbox.clock())
    return {"taken": "on"}


async def cancel(sandbox: Sandbox, request: Request, _body: bytes) -> dict[str, str]:
    """Let go of what is on hold, or close the page."""
    await asyncio.to_thread(sandbox.store.cancel, request.path_params["reference"], sandbox.clock())
    return {"taken": "on"}


async def refund(sandbox: Sandbox, request: Request, body: bytes) -> dict[str, str]:
    """Give a sum back."""
    wish = RefundBody.model_validate_json(body)
    await asyncio.to_thread(
        sandbox.store.refund,
        request.path_params["reference"],
        str(wish.refund),
        wish.round,
        wish.amount,
        wish.currency,
        sandbox.clock(),
    )
    return {"taken": "on"}


async def events(sandbox: Sandbox, request: Request, _body: bytes) -> dict[str, Any]:
    """What happened to a payment."""
    found = await asyncio.to_thread(sandbox.store.events, request.path_params["reference"], sandbox.clock())
    return {"events": list(found)}


async def page(sandbox: Sandbox, request: Request) -> Response:
    """The payer's page; the token in its address is known to the merchant and the payer alone."""
    token, now = request.path_params["token"], sandbox.clock()
    wrong = False
    if request.method == "POST":
        try:
            fields = await read_form(request)
        except ValueError:
            return Response(status_code=400)
        card = CARDS.get(fields.last("card") or "")
        leaves = fields.last("leave") is not None
        if leaves or card is not None:
            if leaves or card is None:
                found = await asyncio.to_thread(sandbox.store.leave, token, now)
            else:
                found = await asyncio.to_thread(sandbox.store.pay, token, card, now)
            sandbox.sender.woken.set()
            if found is None:
                return await lost(sandbox, request)
            return RedirectResponse(found["return_address"], 303, headers={"Cache-Control": "no-store"})
        wrong = True
    found = await asyncio.to_thread(sandbox.store.payment, token, now)
    if found is None:
        return await lost(sandbox, request)
    return await shown(sandbox, request, 422 if wrong else 200, payment=found, wrong=wrong)


async def lost(sandbox: Sandbox, request: Request) -> Response:
    """No payment has this token."""
    return await shown(sandbox, request, 404, payment=None, wrong=False)


async def shown(sandbox: Sandbox, request: Request, status: int, *, payment: Any, wrong: bool) -> Response:
    """Render the page."""
    language = language_of(request, sandbox.language)
    money = None if payment is None else Money(payment["amount"], payment["currency"]).shown(language)
    template = sandbox.environments[language].get_template("page.html")
    html = template.render(
        payment=payment, money=money, cards=CARDS.values(), wrong=wrong, language=language, open=OPEN
    )
    return HTMLResponse(html, status, headers=dict(page_headers(secure=sandbox.secure, private=True)))
