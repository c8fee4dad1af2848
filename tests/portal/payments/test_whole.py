"""Paying over HTTP: the payer's way, the provider's page, its webhooks doubled, lost, late and in parallel, and refunds."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from dataclasses import replace

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.orders.tables import Order, OrderStatus
from domain.payments.provider import ProviderUnansweredError
from domain.payments.refunds import refund_payment, retry_refund
from domain.payments.signing import TOLERANCE
from domain.payments.tables import PaymentNewsKind, PaymentState, RefundReason, RefundState
from foundation.clock import system_clock
from foundation.ids import system_ids
from portal.payments.sandbox import SandboxProvider
from portal.sandbox_payments.cards import CARDS
from tests.domain.payments.orders import PRICE
from tests.portal.payments.shop_floor import Floor, message, until

IDS = system_ids(system_clock)
K = PaymentNewsKind


async def is_paid(shop: Floor, key: object) -> bool:
    return await shop.status(key) is OrderStatus.PAID  # type: ignore[arg-type]


async def test_a_payer_is_led_to_the_page_and_back_and_the_order_is_paid(shop: Floor) -> None:
    key = await shop.waiting()
    address = await shop.asked_for(key)
    assert await shop.asked_for(key) == address, "asked twice, it is the same payment"
    async with shop.client() as payer:
        page = await payer.get(address)
        assert (page.status_code, "268.00" in page.text) == (200, True)
        assert all(number in page.text for number in CARDS)
        assert (await payer.post(address, data={"card": "none"})).status_code == 422
        # In two tabs, pressed at once and again: one payment.
        pressed = await asyncio.gather(*(payer.post(address, data={"card": "4000-0000"}) for _ in range(4)))
        assert {each.status_code for each in pressed} == {303}
        [back] = {each.headers["location"] for each in pressed}
        assert back.startswith("/orders/"), "on the same host, where the payer is signed in"
        await until(lambda: is_paid(shop, key))
        assert (await payer.get(f"/payments/{key}/pay")).headers["location"] == back
        assert "已经支付" in (await payer.get(address)).text
        assert (await payer.get(f"/payments/{IDS()}/pay")).status_code == 404
        assert (await payer.get("/payments/none/pay")).status_code == 404
        assert (await payer.get("/sandbox-payments/pay/none")).status_code == 404
        assert (await payer.post("/sandbox-payments/api/payments", json={})).status_code == 401

    async def both_told() -> bool:
        return len(await shop.effects(key)) == 2

    await until(both_told)
    payment = await shop.payment(key)
    assert (payment.state, payment.captured_amount) == (PaymentState.CAPTURED, PRICE.amount)
    assert await shop.refunds(key) == []


@pytest.mark.parametrize("card", ["4000-0001", "4000-0002", "4000-0004"])
async def test_whatever_becomes_of_the_webhooks_the_order_is_paid_once(shop: Floor, card: str) -> None:
    """Held until we capture it; every webhook three times in the wrong order; all webhooks lost."""
    key = await shop.waiting()
    assert (await shop.paid_with(key, card)).status_code == 303
    if card == "4000-0004":
        assert await shop.effects(key) == []
        await shop.woken(key)
    await until(lambda: is_paid(shop, key))
    payment = await shop.payment(key)
    assert (payment.state, payment.captured_amount, payment.refund_asked_amount) == (
        PaymentState.CAPTURED,
        PRICE.amount,
        0,
    )
    applied = [each for each in await shop.effects(key) if each.endswith("APPLIED")]
    assert applied.count("CAPTURED APPLIED") == 1


async def test_who_is_declined_may_try_again_and_who_leaves_too(shop: Floor) -> None:
    key = await shop.waiting()
    await shop.paid_with(key, "4000-0005")

    async def failed() -> bool:
        return (await shop.payment(key)).state is PaymentState.FAILED

    await until(failed)
    assert await shop.status(key) is OrderStatus.PLACED
    other = await shop.waiting()
    address = await shop.asked_for(other)
    async with shop.client() as payer:
        assert (await payer.post(address, data={"leave": "1"})).status_code == 303

    async def left() -> bool:
        return (await shop.payment(other)).state is PaymentState.CANCELLED

    await until(left)


async def test_fifty_doubles_at_once_change_nothing_twice(shop: Floor) -> None:
    key = await shop.waiting()
    payment = await shop.payment(key)
    told = [message(payment, K.CAPTURED, "evt-one")] * 25
    told += [message(payment, K.CAPTURED, f"evt-{at}") for at in range(15)]
    told += [message(payment, K.AUTHORISED, f"evt-early-{at}") for at in range(10)]
    answers = await asyncio.gather(*(shop.webhook(body) for body in told))
    assert {each.status_code for each in answers} == {200}
    effects = await shop.effects(key)
    assert len(effects) == 26, "each id is stored once"
    assert effects.count("CAPTURED APPLIED") == 1
    assert await is_paid(shop, key)
    assert await shop.refunds(key) == []
    payment = await shop.payment(key)
    assert (payment.captured_amount, payment.refund_asked_amount) == (PRICE.amount, 0)


async def test_what_is_not_signed_by_the_provider_and_of_now_is_refused(shop: Floor) -> None:
    key = await shop.waiting()
    payment = await shop.payment(key)
    good = message(payment, K.CAPTURED, "evt-forged")
    now = system_clock()
    for header in ("", "t=1,v1=00", "t=99999999999999,v1=" + "0" * 64, "é", "v1=,t="):
        assert (await shop.webhook(good, header=header)).status_code == 400
    for at in (now - TOLERANCE - dt.timedelta(seconds=5), now + TOLERANCE + dt.timedelta(seconds=5)):
        assert (await shop.webhook(good, at=at)).status_code == 400
    async with shop.client() as provider:
        assert (await provider.post("/payments/webhooks/other", content=good)).status_code == 404
        assert (await provider.get("/payments/webhooks/sandbox")).status_code == 405
    assert (await shop.webhook(b"x" * 70_000)).status_code == 413
    assert await shop.effects(key) == []
    assert await shop.status(key) is OrderStatus.PLACED


JUNK = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
)
WRONG = {
    "id": st.sampled_from(["", "a b", "\0", "é", "x" * 101, None, 7]),
    "kind": st.sampled_from(["captured", "PAID", None, 1]),
    "reference": st.sampled_from(["", "\0", None]),
    "payment": st.sampled_from(["1", None, [], "\0"]),
    "amount": st.sampled_from([-1, 2**63, 1.5, "1", None, True]),
    "currency": st.sampled_from(["cny", "XXX", "ZZZ", "", None]),
    "at": st.sampled_from(["now", "2026-01-01T00:00:00", None, {}]),
    "refund": st.sampled_from([{}, {"id": "1", "round": 1}, {"id": str(IDS()), "round": 0}, 1]),
    "more": st.sampled_from([1]),
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_signed_nonsense_is_refused_and_never_a_fault(shop: Floor, data: st.DataObject) -> None:
    payment = await shop.payment(await one(shop))
    if data.draw(st.booleans()):
        body = data.draw(JUNK)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode("utf-8", "surrogatepass")
    else:
        name = data.draw(st.sampled_from(sorted(WRONG)))
        raw = message(payment, K.CAPTURED, "evt", {name: data.draw(WRONG[name])})
    assert (await shop.webhook(raw)).status_code == 400
    assert await shop.effects(payment.id) == []


WAITING: dict[str, object] = {}


async def one(shop: Floor) -> object:
    """One payment for all examples."""
    if shop.settings.database_name not in WAITING:
        WAITING[shop.settings.database_name] = await shop.waiting()
    return WAITING[shop.settings.database_name]


@pytest.mark.parametrize("card", ["4000-0000", "4000-0006"])
async def test_money_is_given_back_and_a_refund_that_failed_is_tried_again(shop: Floor, card: str) -> None:
    key = await shop.waiting()
    await shop.paid_with(key, card)
    await until(lambda: is_paid(shop, key))
    async with shop.session() as session:
        refund_id = await refund_payment(
            session,
            system_clock(),
            IDS,
            payment_id=key,
            amount=800,
            reason=RefundReason.GOODWILL,
            key="eight yuan",
        )

    async def in_state(state: RefundState) -> bool:
        return [each.state for each in await shop.refunds(key)] == [state]

    if card == "4000-0006":
        await until(lambda: in_state(RefundState.FAILED))
        assert (await shop.payment(key)).refunded_amount == 0
        async with shop.session() as session:
            await retry_refund(session, system_clock(), refund_id=refund_id)
    await until(lambda: in_state(RefundState.SUCCEEDED))
    payment = await shop.payment(key)
    assert (payment.refund_asked_amount, payment.refunded_amount) == (800, 800)


async def test_a_provider_that_is_away_is_said_and_asked_again(shop: Floor) -> None:
    away = SandboxProvider("http://127.0.0.1:9", "http://127.0.0.1:9", secret="x", signing_key=b"x")
    desk = replace(shop.payments.desk, provider=away)
    key = await shop.waiting()
    with pytest.raises(ProviderUnansweredError):
        await desk.way_on(key, "zh")
    assert (await shop.payment(key)).reference is None
    # The same wish, when it is back.
    assert "/sandbox-payments/pay/" in str(await shop.payments.desk.way_on(key, "zh"))


async def test_money_on_hold_for_an_order_that_was_cancelled_is_let_go(shop: Floor) -> None:
    key = await shop.waiting()
    address = await shop.asked_for(key)
    payment = await shop.payment(key)
    async with shop.session() as session:
        await session.execute(sa.update(Order).where(Order.id == payment.order_id).values(status=OrderStatus.CANCELLED))
    async with shop.client() as payer:
        await payer.post(address, data={"card": "4000-0001"})

    async def let_go() -> bool:
        return (await shop.payment(key)).state is PaymentState.CANCELLED

    await until(let_go)
    assert (await shop.payment(key)).captured_amount == 0
