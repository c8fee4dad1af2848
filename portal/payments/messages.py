"""Events as the sandbox provider writes them, read strictly: what is malformed is refused, never mended."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from domain.payments.provider import PaymentNews, WebhookRefusedError
from domain.payments.tables import PaymentNewsKind
from foundation.money import AMOUNT_MAX, Money, UnknownCurrencyError

# Letters, digits and marks: PostgreSQL stores no NUL, and nobody needs spaces in an id.
Word = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]


class RefundMessage(BaseModel):
    """Which refund an event is about."""

    model_config = ConfigDict(extra="forbid", strict=False)

    id: UUID
    round: Annotated[int, Field(ge=1, le=1_000)]


class EventMessage(BaseModel):
    """An event; amounts are in minor units, `payment` is our payment's id."""

    model_config = ConfigDict(extra="forbid", strict=False)

    id: Word
    kind: PaymentNewsKind
    reference: Word
    payment: UUID
    amount: Annotated[int, Field(ge=0, le=AMOUNT_MAX, strict=True)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
    at: AwareDatetime
    refund: RefundMessage | None = None


def news_in(provider: str, body: bytes | str) -> PaymentNews:
    """The event in a message; raises `WebhookRefusedError`."""
    try:
        said: Any = orjson.loads(body)
        message = EventMessage.model_validate(said)
        money = Money(message.amount, message.currency)
    except (orjson.JSONDecodeError, ValidationError, UnknownCurrencyError) as error:
        raise WebhookRefusedError("malformed") from error
    return PaymentNews(
        provider=provider,
        reference=message.reference,
        event_id=message.id,
        kind=message.kind,
        payment_id=message.payment,
        amount=money,
        at=message.at.astimezone(dt.UTC),
        said=said,
        refund_id=None if message.refund is None else message.refund.id,
        round=0 if message.refund is None else message.refund.round,
    )
