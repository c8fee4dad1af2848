"""`quadrant serve`: server processes on one address."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
import uvicorn

from foundation import embedded
from foundation.logs import configure_logs
from foundation.settings import PREFIX, Settings, read_settings
from portal.cli.opening import opened
from portal.cli.reporting import reported

APPLICATION = "portal.app:create_app_from_environment"
GRACE_SECONDS = 10
IDLE_CONNECTION_SECONDS = 30

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on, instead of the setting.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on, instead of the setting.")] = None,
    workers: Annotated[int | None, typer.Option(help="Server processes, instead of the setting.")] = None,
) -> None:
    """Serve the platform on a migrated database."""
    with reported():
        settings = chosen(host=host, port=port, workers=workers)
        asyncio.run(_check(settings))
        run_server(settings)


def chosen(**given: object) -> Settings:
    """The settings with what the command line gives; in the environment too, where worker processes find them."""
    for name, value in given.items():
        if value is not None:
            os.environ[f"{PREFIX}{name.upper()}"] = str(value)
    read_settings.cache_clear()
    return read_settings()


def run_server(settings: Settings) -> None:
    """Serve until told to stop. The embedded server lives at least as long, so that workers may come and go."""
    configure_logs(settings)
    with held_server(settings), suppress(KeyboardInterrupt):
        uvicorn.run(APPLICATION, factory=True, **server_options(settings))


def server_options(settings: Settings) -> dict[str, Any]:
    """How uvicorn serves us."""
    return {
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "loop": "uvloop",
        "http": "httptools",
        "ws": "websockets-sansio",
        "ws_max_size": settings.graphql_body_bytes,
        "lifespan": "on",
        # Logs are set up by us, and the front layer writes the access log.
        "log_config": None,
        "access_log": False,
        "server_header": False,
        # A client's address and scheme are those of its connection, unless a proxy of ours says otherwise.
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "timeout_keep_alive": IDLE_CONNECTION_SECONDS,
        "timeout_graceful_shutdown": GRACE_SECONDS,
    }


@contextmanager
def held_server(settings: Settings) -> Generator[None]:
    """Keep the embedded server running, when there is one, and stop it however the process is asked to end."""
    # Unhandled, these would end the process before it lets go of the server; uvicorn passes them on when it has shut down.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    if settings.database_url is not None:
        yield
        return
    server = embedded.start(settings.data_directory, durable=settings.database_durable)
    try:
        yield
    finally:
        embedded.release(server)


async def _check(settings: Settings) -> None:
    """Say now what every worker would stumble over."""
    async with opened(settings):
        pass


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)
