"""Everything that one server process stands on, put together at its start and taken apart at its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from anyio.to_thread import run_sync

from domain.identity import farewells, revocations
from domain.identity.passwords import dummy_hash
from domain.identity.sealing import Seal
from domain.identity.tokens import Authority
from domain.payments import looking
from domain.shop.words import load_dictionary
from foundation.clock import Clock, system_clock
from foundation.database import Database, open_database
from foundation.ids import system_ids
from foundation.settings import Settings
from portal.account_security import AccountSecurity
from portal.bearer import BearerTokens
from portal.callers import Callers
from portal.notices import hear
from portal.oauth.backchannel import tell_programs
from portal.oauth.issuer import Issuer
from portal.pages.site import Site, make_site
from portal.passkey_sign_in import PasskeySignIn
from portal.payments.desk import look_after
from portal.payments.opening import Payments, open_payments
from portal.probes import require_ceiling, require_head
from portal.proofs import Proofs
from portal.second_steps import SecondSteps
from portal.sessions import Sessions
from portal.upstream import Upstream
from resolvers.planner.engine import Engine
from resolvers.planner.limits import DocumentLimits
from schema.views import compiled_views
from segments.audiences import Audience
from segments.classification import Classification
from segments.views import View


@dataclass(frozen=True)
class Assembly:
    """The parts of one process."""

    settings: Settings
    database: Database
    views: Mapping[Audience, View]
    engine: Engine
    sessions: Sessions
    second_steps: SecondSteps
    passkey_sign_in: PasskeySignIn
    account_security: AccountSecurity
    upstream: Upstream | None
    callers: Callers
    site: Site
    issuer: Issuer
    payments: Payments | None


def served_audiences(settings: Settings) -> tuple[Audience, ...]:
    """The audiences whose views this installation has, in the order of their declaration."""
    return tuple(audience for audience in Audience if audience.value in settings.served_views)


@asynccontextmanager
async def assembled(settings: Settings, clock: Clock = system_clock) -> AsyncGenerator[Assembly]:
    """Open the database, compile the views, read the pages; close all at the end, in the opposite order."""
    async with AsyncExitStack() as stack:
        # On a thread: starting the embedded server takes a second.
        database = await run_sync(open_database, settings)
        stack.push_async_callback(database.close)
        await require_head(database)
        await require_ceiling(database, Classification(settings.ceiling))
        served = served_audiences(settings)
        views = compiled_views(served)
        ids = system_ids(clock)
        limits = DocumentLimits.of(settings)
        engine = Engine(
            views,
            database,
            limits,
            read_pool_size=settings.read_pool_size,
            pool_wait_seconds=settings.pool_wait_seconds,
            return_days=settings.return_days,
            clock=clock,
            new_id=ids,
        )
        stack.push_async_callback(engine.close)
        sessions = Sessions(settings, database, clock, ids)
        second_steps = SecondSteps(settings, database, sessions, clock, ids)
        passkey_sign_in = PasskeySignIn(settings, database, sessions, clock, ids)
        upstream = Upstream(settings, database, sessions, clock) if settings.upstream_issuer else None
        account_security = AccountSecurity(settings, database, sessions, clock, ids)
        authority = Authority.of(settings)
        tokens = BearerTokens(database, authority, Classification(settings.ceiling), clock)
        proofs = Proofs(database, authority, clock, ids)
        callers = Callers(sessions, tokens, proofs, frozenset(served), settings.language)
        site = make_site(
            {audience: view.core for audience, view in views.items()},
            engine,
            sessions,
            clock,
            limits=limits,
            language=settings.language,
            secure=settings.base_url.startswith("https://"),
            demonstration=settings.demonstration,
            upstream=upstream is not None,
        )
        # Read beside everything else, or the first search would hold up all requests for most of a second.
        dictionary = asyncio.create_task(asyncio.to_thread(load_dictionary))
        stack.push_async_callback(asyncio.wait, [dictionary])
        # Made before the first sign-in needs it, which would otherwise take twice as long and tell of the account.
        await run_sync(dummy_hash)
        issuer = Issuer(settings, database, authority, Seal.of(settings), clock, ids, tokens, frozenset(served))
        payments = open_payments(settings, database, clock, ids, site.assets.address)
        left, paying = asyncio.Event(), asyncio.Event()
        heard = {
            revocations.CHANNEL: tokens.look_again,
            farewells.CHANNEL: left.set,
            looking.CHANNEL: paying.set,
        }
        of_payments = [look_after(payments.desk, paying), payments.sandbox.sender.run()] if payments else []
        for beside in (hear(database, heard), tell_programs(issuer, left), *of_payments):
            stack.push_async_callback(ended, asyncio.create_task(beside))
        yield Assembly(
            settings=settings,
            database=database,
            views=views,
            engine=engine,
            sessions=sessions,
            second_steps=second_steps,
            passkey_sign_in=passkey_sign_in,
            account_security=account_security,
            upstream=upstream,
            callers=callers,
            site=site,
            issuer=issuer,
            payments=payments,
        )


async def ended(task: asyncio.Task[None]) -> None:
    """Cancel a task that runs as long as the process, and wait until it has let go of what it holds."""
    task.cancel()
    await asyncio.wait([task])
