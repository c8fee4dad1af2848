"""The limit: SQL written by hand for one question each, sent straight through by a bare ASGI application.

Nothing that answers these questions with the same JSON can be much faster. Once under the same role, row settings and
policies, in the same one-statement form; once as a superuser, whom no policy binds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from bench.shapes import ShapeName
from bench.viewers import Caller
from foundation.database import SESSION_SETTINGS, Addresses, connect
from segments.viewer import ROW_SETTINGS

# $1 to $6 are the viewer's settings, $7 the language, $8 what is asked for.
LANGUAGE, ASKED = f"${len(ROW_SETTINGS) + 1}::text", f"${len(ROW_SETTINGS) + 2}"
# A limit is a parameter: for a constant PostgreSQL misjudges how many rows the policies leave, and sorts them all.
PAGE, LIST = f"${len(ROW_SETTINGS) + 3}::bigint", f"${len(ROW_SETTINGS) + 4}::bigint"
SIZES: Mapping[ShapeName, tuple[int, ...]] = {"product": (), "list": (20, 100), "customer": (10, 20)}
POOL_SIZE = 8


def localised(alias: str, column: str = "name") -> str:
    """A text in the viewer's language."""
    return f"case when {LANGUAGE} = 'en' then coalesce({alias}.{column}_en, {alias}.{column}) else {alias}.{column} end"


def global_id(prefix: str, key: str) -> str:
    """A global id from its constant beginning."""
    return f"'{prefix}' || encode(uuid_send({key}), 'base64')"


def money(prefix: str) -> str:
    """An amount and its currency."""
    amount = f"({prefix}_amount::numeric / 100)::numeric(30, 2)::text"
    return f"""(select row_to_json(m) from (select {amount} as amount, {prefix}_currency as currency) m)"""


PRODUCT_ID, CATEGORY_ID, VARIANT_ID = "UHJvZHVjdDo6", "Q2F0ZWdvcnk6", "VmFyaWFudDo6"
CUSTOMER_ID, ORDER_ID, LINE_ID = "Q3VzdG9tZXI6", "T3JkZXI6", "T3JkZXJMaW5lOjo6"

STATEMENTS: Mapping[ShapeName, str] = {
    "product": f"""(select row_to_json(x) from (select {global_id(PRODUCT_ID, "p.id")} as id, p.slug,
        {localised("p")} as name, {localised("p", "summary")} as summary, {localised("p", "description")} as description,
        p.brand, p.status, p.weight_grams as "weightGrams", p.warranty_months as "warrantyMonths",
        p.released_on as "releasedOn", (select row_to_json(y) from (select {global_id(CATEGORY_ID, "c.id")} as id, c.slug,
            {localised("c")} as name, {localised("c", "summary")} as summary, (select row_to_json(z) from
                (select {localised("a")} as name from category a where a.id = c.parent_id) z) as parent
            from category c where c.id = p.category_id) y) as category
        from product p where p.slug = {ASKED}) x)""",
    "list": f"""(select coalesce(json_agg(row_to_json(x)), '[]'::json) from (select {global_id(PRODUCT_ID, "p.id")} as id,
        p.slug, {localised("p")} as name, p.brand, p.status, p.weight_grams as "weightGrams",
        p.warranty_months as "warrantyMonths", p.released_on as "releasedOn",
        (select row_to_json(y) from (select {global_id(CATEGORY_ID, "c.id")} as id, {localised("c")} as name
            from category c where c.id = p.category_id) y) as category,
        (select coalesce(json_agg(row_to_json(y)), '[]'::json) from (select {global_id(VARIANT_ID, "v.id")} as id, v.sku,
            {localised("v")} as name, (select coalesce(json_agg(row_to_json(z)), '[]'::json) from
                (select s.on_hand as "onHand", (select row_to_json(l) from (select {localised("w")} as name
                    from stock_location w where w.id = s.location_id) l) as location
                from stock s where s.variant_id = v.id order by s.id limit {LIST}) z) as stock
            from variant v where v.product_id = p.id order by v.position, v.id limit {LIST}) y) as variants
        from product p where p.category_id = {ASKED} order by p.position, p.id limit {PAGE}) x)""",
    "customer": f"""(select row_to_json(x) from (select {global_id(CUSTOMER_ID, "c.id")} as id, c.kind,
        {localised("c")} as name, c.unified_code as "unifiedCode", (select row_to_json(y) from
            (select {localised("r")} as name from region r where r.id = c.region_id) y) as region,
        json_build_object('nodes', (select coalesce(json_agg(row_to_json(y)), '[]'::json) from
            (select {global_id(ORDER_ID, "o.id")} as id, o.number, o.channel, o.status, o.placed_at as "placedAt", o.units,
                {money("o.total")} as total, json_build_object('nodes',
                    (select coalesce(json_agg(row_to_json(z)), '[]'::json) from (select {global_id(LINE_ID, "l.id")} as id,
                        l.sku, l.name, l.quantity, {money("l.amount")} as amount
                        from order_line l where l.order_id = o.id order by l.position, l.id limit {LIST}) z)) as lines
            from "order" o where o.customer_id = c.id order by o.placed_at desc, o.id limit {PAGE}) y)) as orders
        from customer c where c.id = {ASKED}) x)""",
}
# What stands around the statement's JSON in an answer of ours.
AROUND: Mapping[ShapeName, tuple[bytes, bytes]] = {
    "product": (b'{"data":{"product":', b"}}"),
    "list": (b'{"data":{"products":{"nodes":', b"}}}"),
    "customer": (b'{"data":{"customer":', b"}}"),
}


def secured(statement: str) -> str:
    """Set the viewer and read under it in one statement."""
    conditions = (f"set_config('{name}', ${at}, true) is not null" for at, name in enumerate(ROW_SETTINGS, 1))
    return f"select case when {' and '.join(conditions)} then {statement} end"


def unsecured(statement: str) -> str:
    """The statement alone, its parameters numbered from 1."""
    return "select " + re.sub(r"\$(\d+)", lambda found: f"${int(found[1]) - len(ROW_SETTINGS)}", statement)


class Pool:
    """Connections last in, first out; there are as many as the load generator has."""

    def __init__(self, connections: list[Any]) -> None:
        self.idle = connections

    @classmethod
    async def open(cls, places: Addresses, *, policies: bool) -> Pool:
        """Connected, and with every statement prepared."""
        url = places.application if policies else places.superuser
        assert url is not None, "the embedded server always has one"
        made: list[Any] = []
        for _ in range(POOL_SIZE):
            raw = await connect(url, **SESSION_SETTINGS, application_name="limit")
            await raw.set_type_codec("json", schema="pg_catalog", format="binary", encoder=bytes, decoder=bytes)
            write = secured if policies else unsecured
            made.append({shape: await raw.prepare(write(sql), name=shape) for shape, sql in STATEMENTS.items()})
        return cls(made)


def application(pool: Pool, callers: list[Caller], *, policies: bool) -> ASGIApp:
    """An application that knows three paths and believes every token it knows."""
    known = {f"Bearer {caller.token}".encode(): caller.settings for caller in callers}
    arguments = {f"/{shape}": shape for shape in STATEMENTS}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message["body"]
            if not message.get("more_body"):
                break
        settings = next(known[value] for name, value in scope["headers"] if name == b"authorization")
        shape = arguments[scope["path"]]
        asked = orjson.loads(body)["asked"]
        statements = pool.idle.pop()
        try:
            if policies:
                found = await statements[shape].fetchval(*settings, "zh", asked, *SIZES[shape])
            else:
                found = await statements[shape].fetchval("zh", asked, *SIZES[shape])
        finally:
            pool.idle.append(statements)
        before, after = AROUND[shape]
        answer = before + (found or b"null") + after
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app
