"""The ASGI application: GraphQL, pages, signing in, probes, behind one front layer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from domain.jobs.registry import jobs_of
from foundation.clock import system_clock
from foundation.logs import configure_logs
from foundation.settings import Settings, read_settings
from portal.access_log import AccessLog
from portal.assembly import Assembly, assembled, ended
from portal.collector import spare_what_stays
from portal.front import Direct, Front
from portal.graphql.routes import graphql_routes, open_door
from portal.jobs import make_worker
from portal.oauth.desk import Desk
from portal.oauth.routes import oauth_routes
from portal.pages.error_pages import exception_handlers
from portal.pages.passkeys import passkey_routes
from portal.pages.routes import page_routes
from portal.pages.second_step import second_step_routes
from portal.pages.security import security_routes
from portal.pages.site import HERE as PAGES
from portal.pages.upstream_sign_in import upstream_routes
from portal.payments.routes import payment_routes
from portal.probes import Readiness, healthz
from portal.sandbox_payments.app import PREFIX, sandbox_app


def create_app(settings: Settings, *, alone: bool = False) -> Front:
    """The application of one process. It answers once its lifespan has begun: routes need an open database.

    `alone`: the process serves this application and does nothing else.
    """
    direct: Direct = {}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with assembled(settings) as assembly:
            app.state.assembly = assembly
            door = graphql_routes(open_door(assembly.engine, assembly.callers, settings, [PAGES]))
            direct.update(applications(door))
            app.router.routes[:] = [
                *door,
                *probe_routes(assembly),
                *oauth_routes(Desk(assembly.issuer, assembly.site, assembly.sessions), assembly.callers),
                *people_routes(assembly),
                *paying_routes(assembly),
                *page_routes(assembly.site),
            ]
            if alone:
                spare_what_stays()
            try:
                async with working(assembly, wanted=alone and settings.jobs):
                    yield
            finally:
                access_log.flush()

    async def refused(request: Request, error: Exception) -> Response:
        return await exception_handlers(app.state.assembly.site)[HTTPException](request, error)

    async def failed(request: Request, error: Exception) -> Response:
        return await exception_handlers(app.state.assembly.site)[Exception](request, error)

    access_log = AccessLog(settings)
    app = Starlette(lifespan=lifespan)
    # Instead of the layers that Starlette would build: the front layer answers what is raised, too.
    app.middleware_stack = ExceptionMiddleware(app.router, handlers={HTTPException: refused})
    return Front(
        app,
        direct=direct,
        failure=failed,
        access_log=access_log,
        secure=settings.base_url.startswith("https://"),
    )


@asynccontextmanager
async def working(assembly: Assembly, *, wanted: bool) -> AsyncGenerator[None]:
    """Do jobs beside the requests, where that is wanted."""
    if not wanted:
        yield
        return
    task = asyncio.create_task(make_worker(assembly.database, system_clock, jobs_of(assembly.settings)).work())
    try:
        yield
    finally:
        await ended(task)


def probe_routes(assembly: Assembly) -> list[BaseRoute]:
    """What an operator's tools ask."""
    return [Route("/healthz", healthz), Route("/readyz", Readiness(assembly.database).answer)]


def people_routes(assembly: Assembly) -> list[BaseRoute]:
    """The second step of signing in, passkeys, and everybody's own account."""
    site, security = assembly.site, assembly.account_security
    return [
        *second_step_routes(site, assembly.second_steps),
        *passkey_routes(site, assembly.passkey_sign_in, assembly.second_steps, security),
        *security_routes(site, security),
        *upstream_routes(site, assembly.upstream),
    ]


def paying_routes(assembly: Assembly) -> list[BaseRoute]:
    """The way to pay and the provider's webhooks; the sandbox is a provider that is served along."""
    payments, language = assembly.payments, assembly.settings.language
    if payments is None:
        return []
    return [*payment_routes(payments.desk, language), Mount(PREFIX, app=sandbox_app(payments.sandbox))]


def applications(door: Iterable[BaseRoute]) -> Direct:
    """The applications of HTTP at routes without parameters, for the front layer to find without routing."""
    return {route.path: route.app for route in door if isinstance(route, Route)}


def create_app_from_environment() -> Front:
    """For server processes, which know the settings by the environment alone."""
    settings = read_settings()
    configure_logs(settings)
    return create_app(settings, alone=True)
