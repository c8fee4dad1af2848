"""The application on a port of its own with its sandbox, orders that wait to be paid, and signed webhooks."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from domain.orders.tables import Order, OrderStatus
from domain.payments.looking import wake
from domain.payments.payments import open_payment
from domain.payments.signing import HEADER, signature
from domain.payments.tables import Payment, PaymentEvent, PaymentNewsKind, Refund
from foundation.clock import system_clock
from foundation.database import Database
from foundation.ids import system_ids
from foundation.session import transaction
from foundation.settings import Settings
from portal.app import create_app
from portal.payments.opening import Payments, open_payments
from segments.viewer import Viewer
from tests.domain.payments.orders import PRICE, placed
from tests.portal.graphql.live import free_port, served

IDS = system_ids(system_clock)
# Longer than a process takes to look by itself: a notice that is lost costs that much and no more.
WAITED_MAX = 40.0
WEBHOOK = "/payments/webhooks/sandbox"


@dataclass(frozen=True)
class Floor:
    """What a test looks at."""

    database: Database
    settings: Settings
    payments: Payments

    def client(self) -> httpx.AsyncClient:
        """A payer's browser, or a provider."""
        return httpx.AsyncClient(base_url=self.settings.base_url, timeout=20, trust_env=False)

    async def waiting(self) -> UUID:
        """A payment of a new order."""
        async with self.session() as session:
            order_id = await placed(session)
            return await open_payment(session, system_clock(), IDS, order_id=order_id, amount=PRICE)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[AsyncSession]:
        """A transaction of the application's own, which commits."""
        async with transaction(self.database, Viewer.system().row_settings()) as session:
            yield session

    async def payment(self, key: UUID) -> Payment:
        """A payment as it is now."""
        async with self.session() as session:
            return (await session.scalars(sa.select(Payment).where(Payment.id == key))).one()

    async def status(self, key: UUID) -> OrderStatus:
        """The status of a payment's order."""
        query = sa.select(Order.status).join(Payment, Payment.order_id == Order.id).where(Payment.id == key)
        async with self.session() as session:
            return (await session.scalars(query)).one()

    async def refunds(self, key: UUID) -> list[Refund]:
        """A payment's refunds."""
        async with self.session() as session:
            return list(await session.scalars(sa.select(Refund).where(Refund.payment_id == key)))

    async def effects(self, key: UUID) -> list[str]:
        """What the events of a payment did, by their kinds."""
        query = sa.select(PaymentEvent.kind, PaymentEvent.effect).where(PaymentEvent.payment_id == key)
        async with self.session() as session:
            return sorted(f"{kind.value} {effect.value}" for kind, effect in await session.execute(query))

    async def woken(self, key: UUID) -> None:
        """Have the application look at a payment now."""
        async with self.session() as session:
            await wake(session, key, system_clock())

    async def asked_for(self, key: UUID) -> str:
        """The page on which a payment is made."""
        async with self.client() as payer:
            answer = await payer.get(f"/payments/{key}/pay")
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def paid_with(self, key: UUID, card: str) -> httpx.Response:
        """Pay on the sandbox's page; what it answered."""
        address = await self.asked_for(key)
        async with self.client() as payer:
            return await payer.post(address, data={"card": card})

    async def webhook(self, body: bytes, *, at: dt.datetime | None = None, header: str | None = None) -> httpx.Response:
        """Send what the provider might."""
        signed = header if header is not None else signature(self.key, body, at or system_clock())
        async with self.client() as provider:
            return await provider.post(WEBHOOK, content=body, headers={HEADER: signed.encode()})

    @property
    def key(self) -> bytes:
        """What webhooks are signed with."""
        return self.payments.desk.provider._signing_key  # type: ignore[attr-defined]


def message(payment: Payment, told: PaymentNewsKind, event_id: str, given: Mapping[str, object] | None = None) -> bytes:
    """An event as the sandbox writes it."""
    said: dict[str, Any] = {
        "id": event_id,
        "kind": told.value,
        "reference": payment.reference or f"sbx_{payment.id}",
        "payment": str(payment.id),
        "amount": payment.amount_amount,
        "currency": payment.amount_currency,
        "at": system_clock().isoformat(),
    }
    return json.dumps({**said, **(given or {})}).encode()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that the application does by itself."""
    end = time.monotonic() + WAITED_MAX
    while not await holds():
        assert time.monotonic() < end, "it has not come"
        await asyncio.sleep(0.03)


@asynccontextmanager
async def floor(database: Database, settings: Settings, name: str, directory: Path) -> AsyncGenerator[Floor]:
    """The application, served with the sandbox on a database that the test has for itself."""
    port = free_port()
    own = settings.model_copy(
        update={
            "database_name": name,
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
            "payment_provider": "sandbox",
        }
    )
    with served(create_app(own), port=port):
        payments = open_payments(own, database, system_clock, IDS, lambda file: f"/static/{file}")
        assert payments is not None
        yield Floor(database, own, payments)
    (directory / f"{name}.sandbox-payments.sqlite").unlink()
