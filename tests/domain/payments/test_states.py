"""The ladder of a payment: whatever is told in whatever order, the end is the same."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.payments.states import LADDER, LEADS_TO, OPEN, REFUND_LADDER, rises, sums_in
from domain.payments.tables import PaymentNewsKind, PaymentState, RefundState


def test_the_ladders_have_every_state_once() -> None:
    assert sorted(LADDER, key=str) == sorted(PaymentState, key=str)
    assert sorted(REFUND_LADDER, key=str) == sorted(RefundState, key=str)
    assert set(LEADS_TO.values()) == set(LADDER) - {PaymentState.INITIATED}


@given(st.lists(st.sampled_from(list(LEADS_TO)), max_size=8), st.randoms())
def test_any_order_of_any_news_leads_to_the_same_state(told: list[PaymentNewsKind], random: Any) -> None:
    def end(news: list[PaymentNewsKind]) -> PaymentState:
        state = PaymentState.INITIATED
        for kind in news:
            state = LEADS_TO[kind] if rises(state, LEADS_TO[kind]) else state
        return state

    doubled = told + told[: len(told) // 2]
    random.shuffle(doubled)
    assert end(doubled) == end(told)


def test_nothing_is_paid_again_after_its_end() -> None:
    """From an end no way leads back to a state in which somebody may still pay; money that came outranks all."""
    assert not any(rises(end, open_) for end in set(LADDER) - OPEN for open_ in OPEN)
    assert LADDER[-1] is PaymentState.CAPTURED


def test_sums_follow_from_the_state() -> None:
    assert {state: sums_in(state, 7) for state in LADDER if sums_in(state, 7) != (0, 0)} == {
        PaymentState.AUTHORISED: (7, 0),
        PaymentState.CAPTURED: (7, 7),
    }
