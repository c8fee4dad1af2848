"""Carts of the people who look, and of whoever knows a token."""

from __future__ import annotations

from domain.cart.tables import Cart, CartLine
from domain.cart.tokens import cart_key
from domain.identity.tables import Person
from domain.shop.tables import Price, Variant
from segments.audiences import CONSUMER, ENTERPRISE
from tests.resolvers.planner.seeded.factory import INSTANTS, Factory

TOKEN = "t" * 43


def add_carts(make: Factory) -> None:
    """A cart for every buyer, with lines that cost what they did, or something else."""
    buyers = [row["id"] for row in make.of(Person) if row["audience"] in {CONSUMER, ENTERPRISE}]
    for person in (*buyers, None):
        key = {} if person else {"id": cart_key(TOKEN)}
        cart = make.add(Cart, person_id=person, **key)
        # Where there is one line there is one currency, so it can be told what everything costs.
        for variant in make.random.sample(make.of(Variant), make.random.choice([1, 1, 9])):
            prices = [row for row in make.of(Price) if row["variant_id"] == variant["id"]] or [make.one(Price)]
            seen = make.random.choice(prices)
            make.add(
                CartLine,
                cart_id=cart["id"],
                person_id=person,
                variant_id=variant["id"],
                quantity=make.random.choice([1, 2, 7, 1000]),
                seen_amount=seen["amount"],
                seen_currency=seen["currency"],
                added_at=make.random.choice(INSTANTS),
            )
