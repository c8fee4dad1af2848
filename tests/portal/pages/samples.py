"""A small world for the page engine: three portals, views built from SDL, an engine that is graphql-core itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import graphql
import httpx
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from foundation.refusals import Refusal
from foundation.settings import Settings
from portal.pages.error_pages import exception_handlers
from portal.pages.routes import page_routes
from portal.pages.site import Site, make_site
from portal.pages.visitors import Visitor
from resolvers.planner.engine import Answer, Operation
from resolvers.planner.limits import DocumentLimits
from segments.audiences import CONSUMER, EVERYONE, MILITARY, STAFF, Audience
from segments.classification import Classification
from segments.viewer import Language, Viewer

SAMPLE = Path(__file__).parent / "sample"
NOW = dt.datetime(2026, 11, 24, 1, 30, tzinfo=dt.UTC)
ID = "UHJvZHVjdDo6Pz8/Pj4+AAECAwQFBgcICQ=="

CONSUMER_SDL = """
directive @idempotent(key: String!) on FIELD
scalar DateTime
scalar Date
enum State { ACTIVE DRAFT }
enum Sort { NAME PRICE }
input ProductFilter { text: String states: [State!] from: DateTime }
input NoteInput { text: String! }
input ReviewInput { text: String! stars: Int anonymous: Boolean! on: Date notes: [NoteInput!] states: [State!]! }
type Money { amount: String! currency: String! }
type Product { id: ID! name: String! price: Money state: State! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Products { nodes: [Product!]! pageInfo: PageInfo! totalCount: Int! }
type UserError { code: String! message: String! path: [String!]! }
type ReviewPayload { product: Product errors: [UserError!]! }
type Query {
  products(filter: ProductFilter, sort: Sort, first: Int, after: String, last: Int, before: String): Products!
  product(id: ID!): Product
  echo(since: DateTime, paid: Boolean): String
}
type Mutation { addReview(product: ID!, input: ReviewInput!): ReviewPayload! }
"""
MILITARY_SDL = """
enum Classification { PUBLIC INTERNAL CONFIDENTIAL SECRET TOP_SECRET }
type Equipment { name: String! classification: Classification! compartments: [String!]! }
type Query { equipment: [Equipment!]! }
"""
STAFF_SDL = "type Query { fails: String }"


def built(sdl: str, needs: Mapping[str, str] | None = None) -> graphql.GraphQLSchema:
    """A view of an SDL; `needs` are the scopes of types, `Type`, and of fields, `Type.field`."""
    schema = graphql.build_schema(sdl)
    for type_ in schema.type_map.values():
        demanded = (needs or {}).get(type_.name)
        type_.extensions["needs"] = frozenset({demanded} if demanded else ())
        for name, member in getattr(type_, "fields", {}).items():
            scope = (needs or {}).get(f"{type_.name}.{name}")
            member.extensions["needs"] = frozenset({scope} if scope else ())
    return schema


SCHEMAS: Mapping[Audience, graphql.GraphQLSchema] = {
    CONSUMER: built(CONSUMER_SDL),
    MILITARY: built(MILITARY_SDL),
    STAFF: built(STAFF_SDL),
}


class Products:
    """The shop: its answers, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.reviews: list[dict[str, Any]] = []

    def products(self, _: graphql.GraphQLResolveInfo, **asked: Any) -> Any:
        self.asked.append(asked)
        info = {"hasNextPage": True, "hasPreviousPage": True, "startCursor": "c+1", "endCursor": "c2"}
        return {"nodes": [self.product(_, ID)], "pageInfo": info, "totalCount": 1234}

    def product(self, _: graphql.GraphQLResolveInfo, id: str) -> Any:
        if id != ID:
            return None
        price = {"amount": "26800.00", "currency": "CNY"}
        return {"id": id, "name": "青岚 <M3>", "price": price, "state": "ACTIVE"}

    def echo(self, _: graphql.GraphQLResolveInfo, **asked: Any) -> str:
        return str(sorted(asked.items()))

    def addReview(self, info: graphql.GraphQLResolveInfo, product: str, input: dict[str, Any]) -> Any:  # noqa: N802
        self.reviews.append({"product": product, **input})
        if input["text"] == "bad":
            path = ["input", "notes", "1", "text"]
            return {"errors": [{"code": "RUDE", "message": "请文明用语", "path": path}]}
        if input["text"] == "worse":
            return {"errors": [{"code": "NO", "message": "不能评价", "path": ["product"]}]}
        return {"product": self.product(info, product), "errors": []}

    def equipment(self, _: graphql.GraphQLResolveInfo) -> Any:
        return [
            {"name": "a", "classification": "INTERNAL", "compartments": ["LS-3"]},
            {"name": "b", "classification": "SECRET", "compartments": ["QL-7"]},
        ]

    def fails(self, _: graphql.GraphQLResolveInfo) -> str:
        raise graphql.GraphQLError("masked", extensions={"code": "INTERNAL", "reference": "7F3A"})


class CoreEngine:
    """Executes operations by graphql-core."""

    def __init__(self, root: object) -> None:
        self.root = root
        self.operations: list[Operation] = []

    async def execute(self, viewer: Viewer, operation: Operation) -> Answer:
        self.operations.append(operation)
        assert viewer.audience is not None
        schema = SCHEMAS[viewer.audience]
        result = graphql.graphql_sync(
            schema,
            operation.source,
            self.root,
            variable_values=dict(operation.variables),
            operation_name=operation.name,
        )
        return Answer(orjson.dumps(result.formatted))


PEOPLE: Mapping[str, Visitor] = {
    "buyer": Visitor(Viewer(CONSUMER, UUID(int=1)), "沈知夏", "银卡会员", "s1"),
    "soldier": Visitor(
        Viewer(MILITARY, UUID(int=2), clearance=Classification.SECRET, compartments=frozenset({"QL-7"})),
        "代表 017",
        "某部",
        "s2",
    ),
    "clerk": Visitor(Viewer(STAFF, UUID(int=3)), "韩知行", "客户关系部", "s3"),
}


@dataclass
class Opened:
    """A session opened by signing in."""

    account: str
    awaits_second_factor: bool = False

    @property
    def viewer(self) -> Viewer:
        return PEOPLE[self.account].viewer

    def set_cookie(self, response: Response) -> None:
        response.set_cookie("who", self.account)


@dataclass
class CookieSessions:
    """Sessions whose cookie is the name itself."""

    fails: bool = False
    ended: list[str] = field(default_factory=list[str])

    async def visitor(self, request: Request, language: Language) -> Visitor:
        if self.fails:
            raise RuntimeError("the database is gone")
        return PEOPLE.get(request.cookies.get("who", ""), Visitor(Viewer.anonymous(language)))

    async def sign_in(self, request: Request, account: str, password: str) -> Opened:  # noqa: ARG002 - the protocol's.
        if password != "right" or account not in PEOPLE:
            raise Refusal("SIGN_IN_REFUSED")
        return Opened(account)

    async def sign_out(self, request: Request, response: Response) -> None:
        self.ended.append(request.cookies["who"])
        response.delete_cookie("who")


class World:
    """The site, its application, and a browser's cookies."""

    def __init__(
        self, *, demonstration: bool = True, secure: bool = False, served: Container[Audience] = EVERYONE
    ) -> None:
        self.shop = Products()
        self.engine = CoreEngine(self.shop)
        self.sessions = CookieSessions()
        self.site: Site = make_site(
            {audience: schema for audience, schema in SCHEMAS.items() if audience in served},
            self.engine,
            self.sessions,
            lambda: NOW,
            limits=DocumentLimits.of(Settings()),
            demonstration=demonstration,
            secure=secure,
            directories=[SAMPLE],
        )
        self.app = Starlette(routes=page_routes(self.site), exception_handlers=exception_handlers(self.site))

    def browser(self, who: str = "") -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        cookies = {"who": who} if who else {}
        return httpx.AsyncClient(transport=transport, base_url="http://quadrant.test", cookies=cookies)
