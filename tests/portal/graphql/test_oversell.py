"""Two hundred buyers want fifty pieces at once, by GraphQL over HTTP from the application as it is served."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import sqlalchemy as sa

from domain.customers.tables import Customer, CustomerKind, CustomerStatus, Segment
from domain.identity.tables import Person
from domain.orders.tables import Order, StockReservation
from domain.payments.tables import Payment
from foundation.database import Database
from foundation.settings import Settings
from portal.app import create_app
from resolvers.planner.keys import encode_id
from segments.audiences import CONSUMER
from segments.classification import Classification
from tests.domain.orders.market import IDS, NOW, SYSTEM, Market
from tests.people import person, token_of
from tests.portal.graphql.live import served

BUYERS, PIECES, IMPATIENT = 200, 50, 20
ADD = (
    "mutation($variant: ID!) { addToCart(input: {variant: $variant, quantity: 1}) { errors { code } cart { units } } }"
)
CHECKOUT = """mutation($input: CheckoutInput!, $key: String!) {
    checkout(input: $input) @idempotent(key: $key) { errors { code } order { id status } } }"""


def buyer(number: int) -> tuple[Customer, Person]:
    """A customer and the person who signs in for them."""
    customer = Customer(
        id=IDS(), kind=CustomerKind.PERSON, segment=Segment.CONSUMER, status=CustomerStatus.ACTIVE, name=f"买家{number}",
        key_account=False, version=1, created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    return customer, person(
        f"buyer-{number}@example.com", CONSUMER, customer_id=customer.id, clearance=Classification.PUBLIC
    )


async def test_nothing_is_sold_twice_under_load(own_database: Database, settings: Settings) -> None:
    market = Market(own_database)
    await market.fill()
    await market.stock({("drone", "chengdu"): 30, ("drone", "xian"): PIECES - 30})
    people = [buyer(number) for number in range(BUYERS)]
    async with market.acting(SYSTEM) as session:
        session.add_all(customer for customer, _ in people)
        await session.flush()
        session.add_all(someone for _, someone in people)
    own = settings.model_copy(update={
        "database_name": own_database.addresses.owner.database,
        # Who comes last waits for everybody before, on a machine that others use too.
        "write_pool_size": 8, "pool_wait_seconds": 60.0, "graphql_seconds": 120.0,
    })  # fmt: skip
    tokens = [await token_of(own_database, own, someone) for _, someone in people]
    wish = {
        "recipient": "王芳", "phone": "13800000000", "region": encode_id("Region", market.regions["510100"]),
        "address": "天府大道 1 号", "expectedTotal": "1000.00",
    }  # fmt: skip

    with served(create_app(own)) as address:
        limits = httpx.Limits(max_connections=64)
        async with httpx.AsyncClient(base_url=f"http://{address}", limits=limits, timeout=120) as client:

            async def ask(token: str, query: str, **variables: Any) -> tuple[int, Any]:
                headers = {"authorization": f"Bearer {token}"}
                answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
                return answer.status_code, answer.json()

            variant = encode_id("Variant", market.variants["drone"])
            added = await asyncio.gather(*(ask(token, ADD, variant=variant) for token in tokens))
            assert {status for status, _ in added} == {200}
            assert all(not body["data"]["addToCart"]["errors"] for _, body in added)
            # Some press twice, which is the same key again.
            pressed = [*tokens, *tokens[:IMPATIENT]]
            answers = await asyncio.gather(*(ask(token, CHECKOUT, input=wish, key="buy") for token in pressed))

    assert max(status for status, _ in answers) < 500
    told = [body["data"]["checkout"] for status, body in answers if status == 200]
    ordered = Counter(each["order"]["id"] for each in told if each["order"])
    refused = Counter(error["code"] for each in told for error in each["errors"])
    assert len(ordered) == PIECES
    assert set(refused) == {"NOT_ENOUGH_IN_STOCK"}
    assert {place: on_hand - kept for place, (on_hand, kept) in (await market.left("drone")).items()} == {
        "chengdu": 0,
        "xian": 0,
    }
    async with market.acting(SYSTEM) as session:
        for table in (Order, Payment):
            assert await session.scalar(sa.select(sa.func.count()).select_from(table)) == PIECES
        assert await session.scalar(sa.select(sa.func.sum(StockReservation.quantity))) == PIECES
