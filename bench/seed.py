"""Rows for measurements, made by PostgreSQL from row numbers: the same in every run, thousands of them in a statement.

Keys are written like UUIDv7, with the kind of row and its number in them, so that children know their parents' keys and
new rows go to the end of an index, as real ones do. Some rows are hidden from the viewers, so that policies decide something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from segments.viewer import Viewer

if TYPE_CHECKING:
    from foundation.database import RawConnection

CATEGORIES = 50
SHELVES = 5  # the first categories are the others' parents
LOCATIONS = 8
VARIANTS_PER_PRODUCT = 3
CUSTOMERS = 2_000
ORDERS_PER_CUSTOMER = 20
LINES_PER_ORDER = 3
VIEWERS = 16
KINDS = (
    "region",
    "category",
    "location",
    "product",
    "variant",
    "stock",
    "price",
    "customer",
    "person",
    "order",
    "line",
)


@dataclass(frozen=True)
class Extent:
    """Which products there are: numbers from `first` to `last`."""

    first: int
    last: int


def key(kind: str, number: str) -> str:
    """The SQL of the key of a row, from the SQL of its number."""
    return f"('01970000-00{KINDS.index(kind):02x}-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def key_of(kind: str, number: int) -> UUID:
    """The same key in Python."""
    return UUID(f"01970000-00{KINDS.index(kind):02x}-7000-8000-{number:012x}")


# What hides a product and its parts: 2 of 97 are secret, 2 in another compartment, 8 for the military alone. A prime, so that
# every category has its share.
HIDING = """case when n % 97 < 2 then 3 else 0 end,
    case when n % 97 in (2, 3) then array['orchard'] else array[]::text[] end,
    case when n % 97 between 4 and 11 then array['military'] else array['consumer', 'enterprise', 'government'] end"""

PLACES = (
    f"""insert into region (id, code, name, name_en, parent_id)
    select {key("region", "n")}, (100000 + n)::text, '地区' || n, 'Region ' || n, null from generate_series(1, 31) n""",
    f"""insert into category (id, parent_id, slug, name, name_en, summary, position)
    select {key("category", "n")}, case when n > {SHELVES} then {key("category", f"1 + n % {SHELVES}")} end,
    'category-' || n, '类目' || n, 'Category ' || n, '类目说明', n from generate_series(1, {CATEGORIES}) n""",
    f"""insert into stock_location (id, name, name_en, region_id)
    select {key("location", "n")}, '仓库' || n, 'Warehouse ' || n, {key("region", "n")}
    from generate_series(1, {LOCATIONS}) n""",
)

PRODUCTS = f"""insert into product (id, category_id, slug, name, name_en, summary, summary_en, description, brand, status,
    position, weight_grams, warranty_months, released_on, export_controlled, cost_amount, cost_currency, version,
    created_at, updated_at, search, classification, compartments, audiences)
    select {key("product", "n")}, {key("category", f"1 + n % {CATEGORIES}")}, 'product-' || n, '无人机“' || n || '”',
    'Vehicle ' || n, '测绘与应急通信', 'Survey and relay', repeat('说明文字，', 20), '品牌' || n % 97,
    (array['ACTIVE', 'ACTIVE', 'PREORDER', 'DISCONTINUED'])[1 + n % 4], n / {CATEGORIES},
    case when n % 13 = 0 then null else 250 + n % 9000 end, 12 + n % 25, date '2024-01-01' + (n % 700)::int, false,
    100000 + n % 50000, 'CNY', 1, timestamptz '2024-01-01Z' + (n % 50000) * interval '1 minute',
    timestamptz '2025-01-01Z', to_tsvector('simple', 'vehicle ' || n), {HIDING}
    from generate_series($1::bigint, $2::bigint) n"""

VARIANTS = f"""insert into variant (id, product_id, sku, name, name_en, position, classification, compartments, audiences)
    select {key("variant", f"n * {VARIANTS_PER_PRODUCT} + v")}, {key("product", "n")}, 'SKU-' || n || '-' || v,
    '规格' || v, null, v, {HIDING}
    from generate_series($1::bigint, $2::bigint) n, generate_series(0, {VARIANTS_PER_PRODUCT - 1}) v"""

STOCK = f"""insert into stock (id, variant_id, location_id, on_hand, reserved, classification, compartments, audiences)
    select {key("stock", "number")}, {key("variant", "number")}, {key("location", f"1 + number % {LOCATIONS}")},
    number % 500, number % 7 % (1 + number % 500), {HIDING}
    from generate_series($1::bigint, $2::bigint) n, generate_series(0, {VARIANTS_PER_PRODUCT - 1}) v,
    lateral (select n * {VARIANTS_PER_PRODUCT} + v as number)"""

PRICES = f"""insert into price (id, variant_id, audience, customer_id, amount, currency, valid_from)
    select {key("price", "number * 2 + a")}, {key("variant", "number")}, (array['consumer', 'enterprise'])[1 + a], null,
    10000 + number % 900000 - a * 500, 'CNY', date '2024-01-01'
    from generate_series($1::bigint * {VARIANTS_PER_PRODUCT}, $2::bigint * {VARIANTS_PER_PRODUCT} + 2) number,
    generate_series(0, 1) a"""

CUSTOMER_ROWS = (
    f"""insert into customer (id, kind, segment, status, name, name_en, unified_code, key_account, region_id, version,
    created_at, updated_at, classification, compartments)
    select {key("customer", "n")}, 'ORGANISATION', 'ENTERPRISE', 'ACTIVE', '企业' || n, 'Enterprise ' || n,
    '91510000' || lpad(n::text, 10, '0'), n % 10 = 0, {key("region", "1 + n % 31")}, 1, timestamptz '2023-01-01Z',
    timestamptz '2024-01-01Z', 0, '{{}}' from generate_series(1, {CUSTOMERS}) n""",
    f"""insert into person (id, email, name, audience, customer_id, clearance, compartments, roles, password_hash, active,
    created_at)
    select {key("person", "n")}, 'person' || n || '@example.com', '采购员' || n, 'enterprise', {key("customer", "n")}, 1,
    array['harbour', 'wind'], array['buyer'], '-', true, timestamptz '2023-01-01Z' from generate_series(1, {VIEWERS}) n""",
    f"""insert into "order" (id, customer_id, number, channel, status, placed_at, units, total_amount, total_currency,
    classification, compartments)
    select {key("order", "n")}, {key("customer", f"1 + n % {CUSTOMERS}")}, 'Q' || lpad(n::text, 9, '0'),
    (array['SHOP', 'STORE', 'PARTNER'])[1 + n % 3], (array['PLACED', 'PAID', 'SHIPPED', 'DELIVERED'])[1 + n % 4],
    timestamptz '2024-01-01Z' + n * interval '7 minutes', {LINES_PER_ORDER}, 30000 + n % 70000, 'CNY',
    0, '{{}}' from generate_series(1, {CUSTOMERS * ORDERS_PER_CUSTOMER}) n""",
    f"""insert into order_line (id, order_id, customer_id, variant_id, position, sku, name, quantity, amount_amount,
    amount_currency, classification, compartments)
    select {key("line", f"n * {LINES_PER_ORDER} + l")}, {key("order", "n")}, {key("customer", f"1 + n % {CUSTOMERS}")},
    {key("variant", f"(n * 7919 + l) % 9000 * {VARIANTS_PER_PRODUCT} + 36")}, l + 1, 'SKU-' || n || '-' || l, '规格' || l,
    1 + (n + l) % 5, 10000 + n % 20000, 'CNY', 0, '{{}}'
    from generate_series(1, {CUSTOMERS * ORDERS_PER_CUSTOMER}) n, generate_series(0, {LINES_PER_ORDER - 1}) l""",
)


async def seed(application: RawConnection, extent: Extent) -> None:
    """All rows of a fresh database, with the products of `extent`; in one transaction of the system viewer."""
    async with application.transaction():
        await become_system(application)
        for statement in PLACES:
            await application.execute(statement)
        for statement in (PRODUCTS, VARIANTS, STOCK, PRICES):
            await application.execute(statement, extent.first, extent.last)
        for statement in CUSTOMER_ROWS:
            await application.execute(statement)


async def grow(application: RawConnection, extent: Extent) -> None:
    """More products with their variants and stock, under the same policies."""
    async with application.transaction():
        await become_system(application)
        for statement in (PRODUCTS, VARIANTS, STOCK):
            await application.execute(statement, extent.first, extent.last)


async def become_system(application: RawConnection) -> None:
    """Set the system viewer for the rest of the transaction."""
    for name, value in Viewer.system().row_settings().items():
        await application.execute("select set_config($1, $2, true)", name, value)
