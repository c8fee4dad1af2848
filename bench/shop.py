"""Checkouts a second, through the engine as a request goes: cart, prices, stock, order, payment, answer read back.

Buyers of one hot variant wait for each other's commits on its stock; buyers of many variants do not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson

from bench.place import ORCHESTRATOR, bench_settings
from bench.rows import Row, median
from foundation.clock import system_clock
from foundation.database import Addresses, Database, connect, open_database
from foundation.ids import system_ids
from resolvers.planner.engine import Engine, Operation
from resolvers.planner.keys import encode_id
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import CONSUMER
from segments.viewer import Viewer

BUYERS, VARIANTS, PIECES, LINES = 64, 64, 1_000_000, 3
PARALLEL = 8
FEN = 100_00
IDS = system_ids(system_clock)
FILL = f"""
    with place as (insert into region (id, code, name) values ($1, '999999', '某地') returning id),
    location as (insert into stock_location (id, name, region_id) select $1, '仓库', id from place returning id),
    shelf as (insert into category (id, slug, name, summary, position) values ($1, 'bench-shop', '商品', '', 0) returning id),
    buyer as (insert into customer (id, kind, segment, status, name, key_account, version, created_at, updated_at)
        select key, 'PERSON', 'CONSUMER', 'ACTIVE', '买家', false, 1, now(), now() from unnest($2::uuid[]) as key returning id),
    someone as (insert into person (id, email, name, audience, customer_id, clearance, compartments, roles, password_hash,
        active, created_at) select id, id::text || '@bench.example', '买家', 'consumer', id, 0, '{{}}', '{{}}', '', true, now() from buyer),
    goods as (insert into product (id, category_id, slug, name, summary, description, brand, status, audiences, position,
        export_controlled, version, created_at, updated_at, search)
        select key, shelf.id, key::text, '商品', '', '', '四方', 'ACTIVE', '{{consumer}}', 0, false, 1, now(), now(), ''
        from unnest($3::uuid[]) as key, shelf returning id),
    sold as (insert into variant (id, product_id, sku, name, position, audiences)
        select id, id, id::text, '标准', 0, '{{consumer}}' from goods returning id),
    priced as (insert into price (id, variant_id, audience, amount, currency, valid_from)
        select id, id, 'consumer', {FEN}, 'CNY', '2020-01-01' from sold)
    insert into stock (id, variant_id, location_id, on_hand, reserved, audiences)
    select sold.id, sold.id, location.id, {PIECES}, 0, '{{consumer}}' from sold, location
"""
ADD = "mutation($variant: ID!) { addToCart(input: {variant: $variant, quantity: 1}) { errors { code } } }"
CHECKOUT = """mutation($input: CheckoutInput!, $key: String!) { checkout(input: $input) @idempotent(key: $key) {
    errors { code } order { id number payable { amount currency } } } }"""


class Shop:
    """Buyers, variants, and the engine that serves them."""

    def __init__(self, engine: Engine, buyers: list[UUID], variants: list[UUID], region: UUID) -> None:
        self.engine = engine
        self.viewers = [Viewer(CONSUMER, customer_id=key, person_id=key) for key in buyers]
        self.variants = variants
        self.region = encode_id("Region", region)
        self.made = 0

    async def ask(self, viewer: Viewer, source: str, **variables: Any) -> None:
        """An answer without errors."""
        answer = await self.engine.execute(viewer, Operation(source, variables))
        body = orjson.loads(answer.body)
        if "errors" in body or next(iter(body["data"].values()))["errors"]:
            raise RuntimeError(answer.body.decode())

    async def buy(self, viewer: Viewer, variants: list[UUID]) -> float:
        """Fill a cart and check out; the seconds of the checkout alone."""
        for variant in variants:
            await self.ask(viewer, ADD, variant=encode_id("Variant", variant))
        self.made += 1
        wish = {"recipient": "王芳", "phone": "13800000000", "region": self.region, "address": "某路 1 号"}
        total = f"{len(variants) * FEN // 100}.00"
        began = time.perf_counter()
        await self.ask(viewer, CHECKOUT, input={**wish, "expectedTotal": total}, key=f"bench {self.made}")
        return time.perf_counter() - began

    async def round(self, seconds: float, choose: Callable[[int], list[UUID]]) -> tuple[float, float]:
        """Checkouts a second of parallel buyers who do nothing else, and the median milliseconds of one."""
        until, taken = time.perf_counter() + seconds, list[float]()

        async def buyer(number: int) -> None:
            turn = 0
            while time.perf_counter() < until:
                turn += 1
                taken.append(await self.buy(self.viewers[number], choose(number + turn)))

        await asyncio.gather(*(buyer(number) for number in range(PARALLEL)))
        # Carts are filled in between: the rate is that of the checkouts' own time.
        return PARALLEL * len(taken) / sum(taken), 1000 * median(taken)


async def measure(places: Addresses, rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Row]:
    """The rows of the shop."""
    region, buyers, variants = IDS(), [IDS() for _ in range(BUYERS)], [IDS() for _ in range(VARIANTS)]
    application = await connect(places.application, application_name=ORCHESTRATOR)
    async with application.transaction():
        for name, value in Viewer.system().row_settings().items():
            await application.execute("select set_config($1, $2, true)", name, value)
        await application.execute(FILL, region, buyers, variants)
    await application.close()
    database = open_database(bench_settings())
    try:
        return await measured(Shop(engine_of(database), buyers, variants, region), rounds, seconds, tell)
    finally:
        await database.close()


def engine_of(database: Database) -> Engine:
    """An engine without limits of its own."""
    limits = DocumentLimits(**dict.fromkeys(DocumentLimits.__dataclass_fields__, 10**9))
    return Engine(compiled_views((CONSUMER,)), database, limits)


async def measured(shop: Shop, rounds: int, seconds: float, tell: Callable[[str], None]) -> list[Row]:
    """One hot variant, and three of many."""
    cases: dict[str, Callable[[int], list[UUID]]] = {
        "checkout of one hot variant": lambda _: shop.variants[:1],
        f"checkout of {LINES} of {VARIANTS} variants": lambda turn: [
            shop.variants[(turn * 7 + step) % VARIANTS] for step in range(LINES)
        ],
    }
    rows: list[Row] = []
    try:
        for case, choose in cases.items():
            tell(case)
            found = [await shop.round(seconds, choose) for _ in range(rounds)]
            rate, milliseconds = (median([each[at] for each in found]) for at in (0, 1))
            rows.append(Row(case, "ours", "checkouts/s", round(rate, 1), f"{PARALLEL} buyers at a time"))
            rows.append(Row(case, "ours", "ms", round(milliseconds, 1), "median of one checkout"))
    finally:
        await shop.engine.close()
    return rows
