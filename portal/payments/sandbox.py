"""The sandbox provider as the platform uses it: over HTTP, with limits of time and few repetitions under one key."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import httpx

from domain.payments.provider import (
    HostedPayment,
    PaymentNews,
    PaymentWish,
    ProviderRefusedError,
    ProviderUnansweredError,
    WebhookRefusedError,
)
from domain.payments.signing import HEADER, verify
from foundation.money import Money
from portal.payments.messages import news_in

NAME = "sandbox"
SECONDS_MAX = 5.0
# A call is repeated at once after so many seconds; what is unanswered then, the next look sends again.
REPEATED_AFTER = (0.1, 0.5)
ANSWER_BYTES_MAX = 1_000_000


class SandboxProvider:
    """Adapts the sandbox's calls and events. `address` is where it is, `notify` where it sends its webhooks."""

    def __init__(
        self,
        address: str,
        notify: str,
        *,
        secret: str,
        signing_key: bytes,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._address = address
        self._notify = notify
        self._secret = secret
        self._signing_key = signing_key
        self._transport = transport

    @property
    def name(self) -> str:
        """See `Provider`."""
        return NAME

    async def authorise(self, wish: PaymentWish) -> HostedPayment:
        """See `Provider`."""
        body = {
            "payment": str(wish.payment_id),
            "amount": wish.amount.amount,
            "currency": wish.amount.currency,
            "description": wish.description,
            "return_address": wish.return_address,
            "notify_address": self._notify,
            "expires_at": wish.expires_at.isoformat(),
        }
        answer = await self._post("/api/payments", f"authorise {wish.payment_id}", body)
        try:
            return HostedPayment(str(answer["reference"]), str(answer["address"]))
        except (KeyError, TypeError) as error:
            raise ProviderUnansweredError("an answer without a reference") from error

    async def capture(self, reference: str, payment_id: UUID, amount: Money) -> None:
        """See `Provider`."""
        body = {"amount": amount.amount, "currency": amount.currency}
        await self._post(f"/api/payments/{reference}/capture", f"capture {payment_id}", body)

    async def cancel(self, reference: str, payment_id: UUID) -> None:
        """See `Provider`."""
        await self._post(f"/api/payments/{reference}/cancel", f"cancel {payment_id}", {})

    async def refund(self, reference: str, refund_id: UUID, round_: int, amount: Money) -> None:
        """See `Provider`."""
        body = {"refund": str(refund_id), "round": round_, "amount": amount.amount, "currency": amount.currency}
        await self._post(f"/api/payments/{reference}/refunds", f"refund {refund_id} {round_}", body)

    async def news(self, reference: str) -> Sequence[PaymentNews]:
        """See `Provider`."""
        answer = await self._call("GET", f"/api/payments/{reference}/events", {})
        try:
            return [news_in(NAME, str(each)) for each in answer["events"]]
        except (KeyError, TypeError, WebhookRefusedError) as error:
            raise ProviderUnansweredError("events that cannot be read") from error

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> PaymentNews:
        """See `Provider`."""
        verify(self._signing_key, headers.get(HEADER, ""), body, now)
        return news_in(NAME, body)

    async def _post(self, path: str, key: str, body: Mapping[str, object]) -> Any:
        return await self._call("POST", path, {"Idempotency-Key": key}, body)

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, object] | None = None
    ) -> Any:
        """The answer of a call, repeated a little; raises what `Provider` says."""
        headers = {**headers, "Authorization": f"Bearer {self._secret}"}
        reason = ""
        for pause in (0.0, *REPEATED_AFTER):
            await asyncio.sleep(pause)
            try:
                async with (
                    asyncio.timeout(2 * SECONDS_MAX),
                    httpx.AsyncClient(
                        timeout=SECONDS_MAX, follow_redirects=False, trust_env=False, transport=self._transport
                    ) as client,
                ):
                    answer = await client.request(method, self._address + path, headers=headers, json=body)
                    if answer.is_success and len(answer.content) <= ANSWER_BYTES_MAX:
                        return answer.json()
            except (httpx.HTTPError, TimeoutError, ValueError) as error:
                reason = type(error).__name__
                continue
            reason = f"status {answer.status_code}"
            if answer.status_code in {404, 409, 422}:
                raise ProviderRefusedError(reason)
        raise ProviderUnansweredError(reason)
