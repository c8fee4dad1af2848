"""One subject as a server process: `python -m bench.serve SUBJECT PORT`. One worker, uvloop and httptools for all."""

from __future__ import annotations

import json
import os
import sys

import uvicorn
import uvloop
from starlette.types import ASGIApp

from bench.place import DIRECTORY, bench_settings
from bench.servers import CALLERS_FILE
from bench.subjects import engine, limit, orm, ours
from bench.viewers import Caller
from foundation import embedded
from foundation.database import addresses, open_database


def known_callers() -> list[Caller]:
    """The viewers that the bench has made tokens for."""
    return [Caller(token, tuple(settings)) for token, settings in json.loads(CALLERS_FILE.read_text(encoding="utf-8"))]


async def application(name: str, port: int) -> ASGIApp:
    """The subject of this name."""
    settings = bench_settings(port)
    match name:
        case "ours":
            return ours.application(settings)
        case "engine":
            return engine.application(settings, open_database(settings))
        case "orm":
            return orm.application(open_database(settings), known_callers())
        case "limit" | "limit-open":
            places = addresses(settings, embedded.start(DIRECTORY, durable=False))
            policies = name == "limit"
            return limit.application(
                await limit.Pool.open(places, policies=policies), known_callers(), policies=policies
            )
        case _:
            raise ValueError(name)


async def serve(name: str, port: int) -> None:
    """Serve until told to end. The load generator has the last processor for itself."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) > 1:
        os.sched_setaffinity(0, set(allowed[:-1]))
    app = await application(name, port)
    config = uvicorn.Config(
        app, port=port, http="httptools", loop="none", lifespan="auto", access_log=False, log_level="warning"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
