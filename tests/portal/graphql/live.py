"""The door on a real port, in a thread of its own, and clients of other people in processes of theirs."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp

from foundation.migrations import ROOT

CLIENTS = ROOT / "tests" / "clients"
CLIENT_SECONDS = 60


@contextmanager
def served(app: ASGIApp, *, port: int = 0, **options: Any) -> Iterator[str]:
    """The address, as `127.0.0.1:port`, at which an application is served meanwhile."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while thread.is_alive() and not server.started:
            time.sleep(0.01)
        assert server.started, "the application did not start"
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def free_port() -> int:
    """A port that nobody listens on now, for applications that must know their own address before they start."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


async def node(script: str, *arguments: str) -> Any:
    """What a script of `tests/clients` prints."""
    if not (CLIENTS / "node_modules").is_dir():
        pytest.skip("tests/clients/node_modules is missing: `make test` installs it")
    process = await asyncio.create_subprocess_exec(
        "node", str(CLIENTS / script), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(CLIENT_SECONDS):
            written, complaints = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, complaints.decode()
    return orjson.loads(written)


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection of bytes, for what no client would send."""
    host, port = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
