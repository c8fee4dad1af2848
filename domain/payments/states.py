"""What follows what in a payment's life, as data: a ladder that is climbed and never descended.

What a payment has come to is the highest rung of all that was told of it, so no order of events, no double and no delay
makes a difference. Money that has come outranks everything: it is there, whatever else was said.
"""

from __future__ import annotations

from domain.payments.tables import PaymentNewsKind, PaymentState, RefundState

LADDER = (
    PaymentState.INITIATED,
    PaymentState.AUTHORISED,
    PaymentState.FAILED,
    PaymentState.EXPIRED,
    PaymentState.CANCELLED,
    PaymentState.CAPTURED,
)
REFUND_LADDER = (RefundState.REQUESTED, RefundState.FAILED, RefundState.SUCCEEDED)
# Somebody may still pay, or has money of the payer's on hold for us.
OPEN = frozenset({PaymentState.INITIATED, PaymentState.AUTHORISED})

LEADS_TO = {
    PaymentNewsKind.AUTHORISED: PaymentState.AUTHORISED,
    PaymentNewsKind.CAPTURED: PaymentState.CAPTURED,
    PaymentNewsKind.FAILED: PaymentState.FAILED,
    PaymentNewsKind.CANCELLED: PaymentState.CANCELLED,
    PaymentNewsKind.EXPIRED: PaymentState.EXPIRED,
}
REFUND_LEADS_TO = {
    PaymentNewsKind.REFUNDED: RefundState.SUCCEEDED,
    PaymentNewsKind.REFUND_FAILED: RefundState.FAILED,
}


def rises(state: PaymentState, to: PaymentState) -> bool:
    """Whether a payment goes on from a state to another; where it does not, the news is late."""
    return LADDER.index(to) > LADDER.index(state)


def refund_rises(state: RefundState, to: RefundState) -> bool:
    """The same of a refund."""
    return REFUND_LADDER.index(to) > REFUND_LADDER.index(state)


def sums_in(state: PaymentState, amount: int) -> tuple[int, int]:
    """What is authorised and what is captured in a state; we never ask for a part."""
    authorised = amount if state in {PaymentState.AUTHORISED, PaymentState.CAPTURED} else 0
    return authorised, amount if state is PaymentState.CAPTURED else 0
