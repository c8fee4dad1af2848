"""The payments' desk: it stands between our transactions and the provider, and never holds one open while it asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from domain.customers.tables import Customer, Segment
from domain.orders.tables import Order, OrderStatus
from domain.payments import looking, news
from domain.payments.provider import (
    PaymentNews,
    PaymentWish,
    Provider,
    ProviderRefusedError,
    ProviderUnansweredError,
)
from domain.payments.refunds import refund_refused
from domain.payments.tables import EventEffect, Payment, PaymentState
from foundation.clock import Clock
from foundation.database import Database
from foundation.ids import Ids
from foundation.money import Money
from foundation.session import transaction
from portal.pages.page import id_in_address
from resolvers.planner.keys import encode_id
from segments.viewer import Language, Viewer

LOGGER = structlog.get_logger("portal.payments")
# How often a process looks for payments whose time has come, beside being woken.
SECONDS_BETWEEN_LOOKS = 15.0


@dataclass(frozen=True)
class Desk:
    """One process's payments. `base_url` is where payers come back to; empty where the provider is at the same address."""

    database: Database
    provider: Provider
    clock: Clock
    ids: Ids
    base_url: str

    def transaction(self) -> contextlib.AbstractAsyncContextManager[AsyncSession]:
        """A transaction of the application's own."""
        return transaction(self.database, Viewer.system().row_settings())

    async def way_on(self, payment_id: UUID, language: Language) -> str | None:
        """Where the payer of a payment goes on: to the provider's page while it can be paid, else back to the order.

        None where there is no such payment; raises `ProviderUnansweredError` or `ProviderRefusedError`.
        """
        async with self.transaction() as session:
            found = (await session.execute(described(payment_id))).one_or_none()
        if found is None:
            return None
        payment, order, segment = found
        back = f"{self.base_url}{order_address(segment, order.id)}"
        payable = payment.state is PaymentState.INITIATED and order.status is OrderStatus.PLACED
        # What is paid at a store's till has nothing to ask a provider.
        elsewhere = payment.provider not in {None, self.provider.name}
        if not payable or elsewhere or payment.expires_at <= self.clock():
            return back
        if payment.address is not None:
            return payment.address
        hosted = await self.provider.authorise(
            PaymentWish(
                payment_id=payment.id,
                amount=Money(payment.amount_amount, payment.amount_currency),
                description=order.number,
                return_address=back,
                expires_at=payment.expires_at,
                language=language,
            )
        )
        async with self.transaction() as session:
            await looking.asked(
                session,
                self.clock(),
                payment_id=payment.id,
                provider=self.provider.name,
                reference=hosted.reference,
                address=hosted.address,
            )
        return hosted.address

    async def take_webhook(self, headers: Mapping[str, str], body: bytes) -> EventEffect | None:
        """Take what the provider sent; raises `WebhookRefusedError` before anything is read or written."""
        told = self.provider.read_webhook(headers, body, self.clock())
        return await self.take(told)

    async def take(self, told: PaymentNews) -> EventEffect | None:
        """Store an event and do what it says, in one transaction."""
        async with self.transaction() as session:
            return await news.take_news(session, self.clock(), self.ids, told)

    async def look(self) -> int:
        """Ask and tell the provider what is due; how many payments that were."""
        async with self.transaction() as session:
            looks = await looking.take_looks(session, self.clock(), self.provider.name)
        for each in looks:
            try:
                await self._look_at(each)
            except (ProviderUnansweredError, ProviderRefusedError) as error:
                # Its next look is noted already.
                LOGGER.warning("the provider does not answer", payment=str(each.payment_id), reason=str(error))
        return len(looks)

    async def _look_at(self, look: looking.Look) -> None:
        for told in await self.provider.news(look.reference):
            await self.take(told)
        # What the news have changed is not what was read before: the calls are read again.
        async with self.transaction() as session:
            calls = await looking.calls_now(session, look.payment_id)
        for call in calls:
            await self._tell(look, call)
        if calls:
            for told in await self.provider.news(look.reference):
                await self.take(told)
        async with self.transaction() as session:
            await looking.looked(session, look.payment_id)

    async def _tell(self, look: looking.Look, call: looking.Call) -> None:
        try:
            if call.kind == "capture":
                await self.provider.capture(look.reference, look.payment_id, call.amount)
            elif call.kind == "cancel":
                await self.provider.cancel(look.reference, look.payment_id)
            else:
                assert call.refund_id is not None, "a refund has an id"
                await self.provider.refund(look.reference, call.refund_id, call.round, call.amount)
        except ProviderRefusedError as error:
            LOGGER.warning("the provider refuses", payment=str(look.payment_id), call=call.kind, reason=str(error))
            if call.refund_id is not None:
                async with self.transaction() as session:
                    await refund_refused(session, self.clock(), refund_id=call.refund_id, round_=call.round)


async def look_after(desk: Desk, woken: asyncio.Event) -> None:
    """Look after payments: whenever woken, and at intervals; until cancelled."""
    while True:
        woken.clear()
        try:
            while await desk.look():
                pass
        except Exception:
            # Whatever it is, what is to be asked stays written, and the next look tries again.
            LOGGER.exception("payments are not looked after")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SECONDS_BETWEEN_LOOKS):
                await woken.wait()


def described(payment_id: UUID) -> sa.Select[Payment, Order, Segment]:
    """A payment with its order and the kind of its customer."""
    return (
        sa.select(Payment, Order, Customer.segment)
        .join(Order, Order.id == Payment.order_id)
        .join(Customer, Customer.id == Order.customer_id)
        .where(Payment.id == payment_id)
    )


def order_address(segment: Segment, order_id: UUID) -> str:
    """The page of an order in its customer's portal."""
    portal = "" if segment is Segment.CONSUMER else f"/{segment.value.lower()}"
    return f"{portal}/orders/{id_in_address(encode_id('Order', order_id))}"
