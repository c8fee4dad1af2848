"""The published keys: whatever verifies a token stands there, and nothing that signs one."""

from __future__ import annotations

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet

from foundation.database import Database
from foundation.settings import Settings
from portal.oauth.keys import PATH
from segments.audiences import STAFF
from tests.people import person, token_of
from tests.portal.served import served


async def test_a_stranger_verifies_our_token_by_the_published_keys(own_database: Database, settings: Settings) -> None:
    token = await token_of(own_database, settings, person("li.wei@example.com", STAFF))
    own = settings.model_copy(update={"database_name": own_database.addresses.owner.database})
    async with served(own) as house, house.client() as client:
        answer: httpx.Response = await client.get(PATH)
        assert (await client.post(PATH)).status_code == 405
    assert answer.status_code == 200
    keys = answer.json()["keys"]
    assert {frozenset(key) for key in keys} == {frozenset({"kty", "crv", "x", "y", "alg", "use", "kid"})}
    claims = jwt.decode(token, KeySet.import_key_set({"keys": keys}), algorithms=["ES256"]).claims
    assert claims["client_id"] == "test"
