"""Who asks: a token, a session or nobody; and what is said when none of them holds."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa
from starlette.requests import Request

from domain.identity.sessions import end_other_sessions
from domain.identity.tables import Person
from domain.identity.tokens import Authority
from foundation.clock import system_clock
from foundation.database import Database
from foundation.session import transaction
from foundation.settings import Settings
from portal.bearer import BearerTokens, Caller
from portal.callers import CallerRefusedError, Callers
from portal.graphql.door import Standing
from portal.headers import header_map
from portal.proofs import Proofs
from portal.sessions import Sessions
from segments.audiences import CONSUMER, DIVISION, EVERYONE, STAFF, Audience
from segments.classification import Classification
from segments.viewer import Viewer
from tests.people import IDS, PASSWORD, SYSTEM, person, store, token_of
from tests.portal.requests import request


@dataclasses.dataclass
class House:
    """What callers are found by."""

    callers: Callers
    sessions: Sessions
    staff: Person
    division: Person


@pytest.fixture(scope="module")
def settings(settings: Settings) -> Settings:
    """The password is enough here; `test_second_steps.py` takes both steps."""
    return settings.model_copy(update={"second_factor": "offered"})


@pytest.fixture(scope="module")
async def house(own_database: Database, settings: Settings) -> House:
    staff = person("li.wei@example.com", roles=("programme_manager",))
    division = person("qian.jun@example.com", DIVISION, roles=("technology_transfer",))
    await store(own_database, staff, division)
    sessions = Sessions(settings, own_database, system_clock, IDS)
    return House(callers(own_database, settings, sessions, *EVERYONE), sessions, staff, division)


def callers(database: Database, settings: Settings, sessions: Sessions, *served: Audience) -> Callers:
    tokens = BearerTokens(database, Authority.of(settings), Classification.TOP_SECRET, system_clock)
    proofs = Proofs(database, Authority.of(settings), system_clock, IDS)
    return Callers(sessions, tokens, proofs, frozenset(served), "zh")


async def asked(finder: Callers, of: Request) -> Caller:
    return await finder.caller(of.scope, header_map(of.scope))


def spoken(finder: Callers, of: Request) -> str:
    return finder.language(of.scope, header_map(of.scope))


async def refused(finder: Callers, *headers: tuple[str, str]) -> CallerRefusedError:
    with pytest.raises(CallerRefusedError) as caught:
        await asked(finder, request(*headers))
    return caught.value


async def test_without_anything_the_caller_is_an_anonymous_consumer(house: House) -> None:
    caller = await asked(house.callers, request())
    assert caller.viewer == Viewer.anonymous("zh")
    assert caller.viewer.audience is CONSUMER
    assert not caller.by_cookie


async def test_headers_parameters_and_hosts_make_no_viewer(house: House) -> None:
    made_up = [("x-audience", "staff"), ("x-user", str(house.staff.id)), ("host", "staff.localhost")]
    assert (await asked(house.callers, request(*made_up, path="/graphql"))).viewer == Viewer.anonymous("zh")


async def test_a_token_makes_the_caller(own_database: Database, settings: Settings, house: House) -> None:
    token = await token_of(own_database, settings, house.staff, "programmes:cost")
    for scheme in ("Bearer", "bearer", "BEARER"):
        caller = await asked(house.callers, request(("authorization", f"{scheme} {token}")))
        assert (caller.viewer.audience, caller.viewer.person_id) == (STAFF, house.staff.id)
        assert caller.viewer.scopes == {"programmes:cost"}
        assert not caller.by_cookie


async def test_a_session_makes_the_caller_and_asks_for_the_csrf_rule(house: House) -> None:
    opened = await house.sessions.sign_in(request(), house.staff.email, PASSWORD)
    caller = await asked(house.callers, request(("cookie", f"quadrant={opened.secret}")))
    assert caller.viewer.person_id == house.staff.id
    assert caller.by_cookie


async def test_what_follows_a_session_ends_with_it(own_database: Database, house: House) -> None:
    """Event streams and WebSockets look again at who they serve."""
    opened = await house.sessions.sign_in(request(), house.staff.email, PASSWORD)
    came = request(("cookie", f"quadrant={opened.secret}"))
    standing = Standing(await asked(house.callers, came), lambda: asked(house.callers, came), 0)
    assert await standing.holds()
    async with transaction(own_database, SYSTEM) as session:
        await end_other_sessions(session, house.staff.id, IDS(), system_clock())
    assert not await standing.holds()


async def test_a_token_wins_over_a_session(own_database: Database, settings: Settings, house: House) -> None:
    opened = await house.sessions.sign_in(request(), house.staff.email, PASSWORD)
    token = await token_of(own_database, settings, house.division)
    headers = [("cookie", f"quadrant={opened.secret}"), ("authorization", f"Bearer {token}")]
    caller = await asked(house.callers, request(*headers))
    assert caller.viewer.audience is DIVISION
    assert not caller.by_cookie


async def test_an_invalid_token_is_refused_and_not_replaced_by_the_session(house: House) -> None:
    opened = await house.sessions.sign_in(request(), house.staff.email, PASSWORD)
    refusal = await refused(house.callers, ("cookie", f"quadrant={opened.secret}"), ("authorization", "Bearer a.b.c"))
    assert (refusal.status, refusal.code) == (401, "TOKEN_INVALID")
    assert refusal.headers == {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    assert refusal.message == "访问令牌无效或已过期。"


@pytest.mark.parametrize("value", ["Basic bGk6d2Vp", "Bearer", "Bearer ", "", "token", "Negotiate x"])
async def test_another_scheme_is_challenged(house: House, value: str) -> None:
    refusal = await refused(house.callers, ("authorization", value))
    assert refusal.status == 401
    assert refusal.headers["WWW-Authenticate"].startswith("Bearer")


async def test_two_authorizations_are_one_too_many(own_database: Database, settings: Settings, house: House) -> None:
    token = await token_of(own_database, settings, house.staff)
    twice = [("authorization", f"Bearer {token}")] * 2
    refusal = await refused(house.callers, *twice)
    assert (refusal.status, refusal.code) == (400, "AUTHORIZATION_MALFORMED")


async def test_the_language_is_the_cookies_then_the_clients(house: House) -> None:
    chosen, accepted = ("cookie", "quadrant-language=zh"), ("accept-language", "en-GB,en;q=0.9")
    assert spoken(house.callers, request()) == "zh"
    assert spoken(house.callers, request(accepted)) == "en"
    assert spoken(house.callers, request(chosen, accepted)) == "zh"
    refusal = await refused(house.callers, accepted, ("authorization", "Bearer x"))
    assert refusal.message == "The access token is not valid or has expired."


async def test_an_audience_that_is_not_served_is_refused(
    own_database: Database, settings: Settings, house: House
) -> None:
    shop = callers(own_database, settings, house.sessions, CONSUMER)
    token = await token_of(own_database, settings, house.staff)
    refusal = await refused(shop, ("authorization", f"Bearer {token}"))
    assert (refusal.status, refusal.code) == (403, "AUDIENCE_NOT_SERVED")
    opened = await house.sessions.sign_in(request(), house.staff.email, PASSWORD)
    assert (await refused(shop, ("cookie", f"quadrant={opened.secret}"))).status == 403


async def test_nobody_is_anonymous_where_consumers_are_not_served(
    own_database: Database, settings: Settings, house: House
) -> None:
    closed = callers(own_database, settings, house.sessions, STAFF)
    refusal = await refused(closed)
    assert (refusal.status, refusal.code) == (401, "SIGN_IN_NEEDED")
    assert refusal.headers == {"WWW-Authenticate": "Bearer"}


async def test_a_division_token_ends_with_the_membership(
    own_database: Database, settings: Settings, house: House
) -> None:
    someone = person("sun.li@example.com", DIVISION, roles=("catalogue_editor",))
    await store(own_database, someone)
    bearer = ("authorization", f"Bearer {await token_of(own_database, settings, someone)}")
    assert (await asked(house.callers, request(bearer))).viewer.audience is DIVISION
    async with transaction(own_database, SYSTEM) as session:
        await session.execute(sa.update(Person).where(Person.id == someone.id).values(active=False))
    assert (await refused(house.callers, bearer)).code == "TOKEN_INVALID"
