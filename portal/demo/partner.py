"""A partner's program of the demonstration: ready to get a token, with a secret that is no secret, like the people's password."""

from __future__ import annotations

from domain.identity.client_tables import Client, ClientAuthentication, ClientSecret
from domain.identity.clients import MACHINE_GRANT
from domain.identity.secrets import hash_of
from domain.identity.tables import Person
from portal.demo.world import World
from segments.audiences import ENTERPRISE

CLIENT_ID = "yuanchuan-orders"
SECRET = "quadrant-demo-partner"  # noqa: S105 - a secret that is meant to be known.
SCOPES = ("orders:read",)
# Whose rights it has: the buyer of the club company that the other examples are about.
OWNER = "gu.mingyuan@quadrant.example"


def make_partner(world: World) -> None:
    """The company's own program that reads its orders 订单同步."""
    owner = next(row for row in world.rows(Person) if row["email"] == OWNER)
    client = world.add(
        Client,
        client_id=CLIENT_ID,
        name="订单同步",
        customer_id=owner["customer_id"],
        owner_id=owner["id"],
        first_party=False,
        authentication=ClientAuthentication.SECRET_BASIC,
        grants=[MACHINE_GRANT],
        redirect_uris=[],
        post_logout_redirect_uris=[],
        scopes=list(SCOPES),
        audiences=[ENTERPRISE.value],
        jwks=None,
        backchannel_logout_uri=None,
        introspects=False,
        dpop_bound=False,
        registration_token_hash=None,
        active=True,
        created_at=world.now,
        last_used_at=None,
    )
    world.add(
        ClientSecret,
        client_id=client,
        customer_id=owner["customer_id"],
        # As PostgreSQL reads bytes from JSON.
        secret_hash=f"\\x{hash_of(SECRET).hex()}",
        created_at=world.now,
        last_used_at=None,
        revoked_at=None,
    )


def curl(base: str) -> str:
    """How a token is got with it."""
    return f"curl -u {CLIENT_ID}:{SECRET} {base}/oauth/token -d grant_type=client_credentials -d scope={SCOPES[0]}"
