"""The sandbox's webhooks: signed when they are sent, sent again while nobody takes them."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt

import httpx
import structlog

from domain.payments.signing import HEADER, signature
from foundation.clock import Clock
from portal.sandbox_payments.store import Delivery, Store

LOGGER = structlog.get_logger("portal.sandbox_payments")
SECONDS_MAX = 5.0
SECONDS_BETWEEN_LOOKS = 5.0


class Sender:
    """Sends what is due until cancelled."""

    def __init__(
        self, store: Store, key: bytes, clock: Clock, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._transport = transport
        self.woken = asyncio.Event()

    async def run(self) -> None:
        """Send whenever woken, when the next one is due, and at intervals."""
        while True:
            self.woken.clear()
            try:
                while await self.send_due():
                    pass
                pause = await self._pause()
            except Exception:
                LOGGER.exception("webhooks are not sent")
                pause = SECONDS_BETWEEN_LOOKS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.woken.wait()

    async def send_due(self) -> int:
        """Send what is due, one after the other as it was told; how many that were."""
        due = await asyncio.to_thread(self._store.take_deliveries, self._clock())
        for each in due:
            if await self._sent(each):
                await asyncio.to_thread(self._store.delivered, each.number)
        return len(due)

    async def _pause(self) -> float:
        due = await asyncio.to_thread(self._store.next_due)
        left = SECONDS_BETWEEN_LOOKS if due is None else (due - self._clock()) / dt.timedelta(seconds=1)
        return min(SECONDS_BETWEEN_LOOKS, max(0.05, left))

    async def _sent(self, delivery: Delivery) -> bool:
        body = delivery.body.encode()
        headers = {HEADER: signature(self._key, body, self._clock()), "content-type": "application/json"}
        try:
            async with (
                asyncio.timeout(2 * SECONDS_MAX),
                httpx.AsyncClient(timeout=SECONDS_MAX, trust_env=False, transport=self._transport) as client,
            ):
                answer = await client.post(delivery.address, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            LOGGER.warning("webhook not taken", reason=type(error).__name__)
            return False
        if not answer.is_success:
            LOGGER.warning("webhook not taken", status=answer.status_code)
        return answer.is_success
