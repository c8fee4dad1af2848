"""A company's programs 程序 as its people see and keep them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import strawberry

from domain.identity import client_tables as tables
from domain.identity.own_clients import ClientKind
from resolvers import clients as answers
from resolvers.planner.declare import by_id, listing, related, row, sql
from resolvers.planner.mutations import UserError, mutation
from resolvers.planner.relay import Connection, Node
from segments.audiences import ENTERPRISE
from segments.marks import For, Needs, Of, publish_enum

MANAGE = Needs("clients:manage")
publish_enum(ClientKind, ENTERPRISE)


@For(ENTERPRISE)
@MANAGE
@row(tables.ClientSecret)
class ClientSecret(Node):
    """A secret of a program; the secret itself is told once and never again. 程序密钥。"""

    created_at: dt.datetime
    last_used_at: dt.datetime | None


@For(ENTERPRISE)
@MANAGE
@row(tables.Client, order=("-created_at",))
class Client(Node):
    """A program of the company that may ask for tokens. 程序。"""

    client_id: str
    name: str
    grants: list[str]
    scopes: list[str]
    redirect_uris: list[str]
    created_at: dt.datetime
    last_used_at: dt.datetime | None
    is_mine: bool = sql(answers.mine)
    secrets: Connection[ClientSecret] = related(answers.live)


@For(ENTERPRISE)
@strawberry.input
class RegisterClientInput:
    """What a program is called, what it is, which of the company's rights it may ask for. 登记程序。"""

    name: str
    kind: ClientKind
    scopes: list[str]
    redirect_uris: list[str] | None = strawberry.UNSET


@For(ENTERPRISE)
@strawberry.input
class AddClientSecretInput:
    """Which program gets another secret. 增加密钥。"""

    client: Annotated[strawberry.ID, Of("Client")]


@For(ENTERPRISE)
@strawberry.input
class RevokeClientSecretInput:
    """Which secret works no more. 停用密钥。"""

    secret: Annotated[strawberry.ID, Of("ClientSecret")]


@For(ENTERPRISE)
@strawberry.input
class DisableClientInput:
    """Which program is switched off. 停用程序。"""

    client: Annotated[strawberry.ID, Of("Client")]


@For(ENTERPRISE)
@strawberry.type
class ToldClientPayload:
    """The program and a secret of it, told this once; or why there is none. 程序与密钥。"""

    client: Client | None
    secret: str | None
    errors: list[UserError]


@For(ENTERPRISE)
@strawberry.type
class ClientPayload:
    """The program as it is now, or why it stays as it was. 变更结果。"""

    client: Client | None
    errors: list[UserError]


@strawberry.type
class ClientsQuery:
    """Root fields of programs."""

    client: Annotated[Client | None, For(ENTERPRISE)] = by_id()
    clients: Annotated[Connection[Client], For(ENTERPRISE)] = listing(answers.clients)


@strawberry.type
class ClientsMutation:
    """Changes of programs."""

    register_client: Annotated[ToldClientPayload, For(ENTERPRISE), MANAGE] = mutation(
        answers.register_client, RegisterClientInput, ToldClientPayload, tells_once=True
    )
    add_client_secret: Annotated[ToldClientPayload, For(ENTERPRISE), MANAGE] = mutation(
        answers.add_client_secret, AddClientSecretInput, ToldClientPayload, tells_once=True
    )
    revoke_client_secret: Annotated[ClientPayload, For(ENTERPRISE), MANAGE] = mutation(
        answers.revoke_client_secret, RevokeClientSecretInput, ClientPayload
    )
    disable_client: Annotated[ClientPayload, For(ENTERPRISE), MANAGE] = mutation(
        answers.disable_client, DisableClientInput, ClientPayload
    )
