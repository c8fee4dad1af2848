"""What a payment provider does for us: the interface that each is adapted to, and what passes through it.

Every call has a key of ours under which the provider does it once, however often it is sent. What it answers tells only that
it was taken on; what came of it is told by its events, in webhooks or when asked for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from domain.payments.tables import PaymentNewsKind
from foundation.money import Money


class ProviderUnansweredError(Exception):
    """The provider did not answer in time, or not sensibly; the call may have been taken on, and is sent again later."""


class ProviderRefusedError(Exception):
    """The provider refuses a call for good; sent again it would be refused again."""


class WebhookRefusedError(Exception):
    """What came is not a message of the provider's: not signed, too old, or malformed. `reason` is for the log alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PaymentWish:
    """What a payer shall be asked for. `return_address` is where the provider sends them back to."""

    payment_id: UUID
    amount: Money
    description: str
    return_address: str
    expires_at: dt.datetime
    language: str


@dataclass(frozen=True, slots=True)
class HostedPayment:
    """A payment at the provider: what they call it, and the page on which it is paid."""

    reference: str
    address: str


@dataclass(frozen=True, slots=True)
class PaymentNews:
    """One event, as every provider's are read. `refund_id` and `round` tell which refund it is about."""

    provider: str
    reference: str
    event_id: str
    kind: PaymentNewsKind
    payment_id: UUID | None
    amount: Money
    at: dt.datetime
    said: Mapping[str, Any]
    refund_id: UUID | None = None
    round: int = 0


class Provider(Protocol):
    """A payment provider. Calls raise `ProviderUnansweredError` or `ProviderRefusedError`, and have limits of time."""

    @property
    def name(self) -> str:
        """What rows and the webhook's address call it."""
        ...

    async def authorise(self, wish: PaymentWish) -> HostedPayment:
        """Ask for a page on which a payment is made; the payment's id is the key."""
        ...

    async def capture(self, reference: str, payment_id: UUID, amount: Money) -> None:
        """Take what is authorised."""
        ...

    async def cancel(self, reference: str, payment_id: UUID) -> None:
        """Let go of what is authorised, or close the page."""
        ...

    async def refund(self, reference: str, refund_id: UUID, round_: int, amount: Money) -> None:
        """Give a sum back."""
        ...

    async def news(self, reference: str) -> Sequence[PaymentNews]:
        """All events of a payment so far, the oldest first, 100 at most."""
        ...

    def read_webhook(self, headers: Mapping[str, str], body: bytes, now: dt.datetime) -> PaymentNews:
        """The event in a webhook, when it is signed by the provider and new; else raises `WebhookRefusedError`."""
        ...
