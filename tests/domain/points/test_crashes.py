"""Whoever is killed in mid load, client, backend or the server's first process: nothing acknowledged is lost, nothing
is doubled when everything is sent again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest

from domain.points.verifying import INVARIANTS
from foundation import embedded
from foundation.database import addresses, connect
from foundation.migrations import ROOT, upgrade
from foundation.provision import provision
from foundation.settings import Settings
from tests.databases import raise_ceiling
from tests.domain.points.crash_client import ask
from tests.domain.points.ledgers import Ledger, committed_ledger

CLIENT = ROOT / "tests" / "domain" / "points" / "crash_client.py"
WAIT_SECONDS_MAX = 60
BEGINS_WITH = 1_000_000


@pytest.fixture
async def durable(tmp_path: Path) -> AsyncIterator[Settings]:
    """A server of the test's own, which keeps what it has acknowledged."""
    settings = Settings(data_directory=tmp_path, database_name="quadrant", database_durable=True)
    server = await asyncio.to_thread(embedded.start, tmp_path, durable=True)
    try:
        await provision(settings)
        await upgrade(settings)
        superuser = addresses(settings, server).superuser
        assert superuser is not None
        await raise_ceiling(superuser)
        yield settings
    finally:
        await asyncio.to_thread(embedded.release, server)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not done():  # noqa: ASYNC110 - other processes write what is waited for
            await asyncio.sleep(0.05)


def lines(path: Path, kind: str) -> list[list[str]]:
    """What clients wrote; a line that was cut off by a kill does not count."""
    whole = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    return [line.split()[1:] for line in whole if line.startswith(kind)]


@pytest.mark.slow
async def test_no_acknowledged_movement_is_lost_and_none_is_doubled(durable: Settings, tmp_path: Path) -> None:
    server = embedded.EmbeddedServer(tmp_path / "postgres", embedded._socket_directory(tmp_path / "postgres"))
    places = addresses(durable, server)
    async with committed_ledger(places) as ledger:
        await ledger.open(months=None)
        member = await ledger.member()
        await ledger.call("earn", member, BEGINS_WITH)
        programme = ledger.programme
    file = tmp_path / "lines"

    def client(name: str) -> subprocess.Popen[bytes]:
        arguments = [str(server.sockets), durable.database_name, str(programme), str(member), name, str(file)]
        return subprocess.Popen(
            [sys.executable, CLIENT, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )

    def more(count: int) -> Callable[[], bool]:
        before = len(lines(file, "done"))
        return lambda: len(lines(file, "done")) >= before + count

    clients = [client("a"), client("b"), client("c")]
    try:
        await until(more(100))
        clients[0].kill()
        await until(more(50))
        os.kill(await a_backend(places.superuser, durable.database_name), signal.SIGKILL)
        await until(more(100))
        pid = int((server.home / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.3)
    finally:
        for each in clients:
            each.kill()
            each.wait()
    await asyncio.to_thread(embedded._ensure_running, tmp_path, durable=True)
    asked, done = lines(file, "asked"), {key for [key] in lines(file, "done")}
    async with committed_ledger(places) as ledger:
        kept = {key for (key,) in await ledger.connection.fetch("select key from points_request")}
        assert done <= kept, "an acknowledged movement is lost"
        assert len(asked) > len(done) >= 250
    connection = await connect(places.application)
    await connection.execute("select set_config('q.audience', 'system', false)")
    for _ in range(2):
        for key, function, amount in asked:
            await ask(connection, str(programme), str(member), key, function, int(amount))
    await connection.close()
    await all_is_once(places, programme, member, asked)


async def a_backend(superuser: object, database: str) -> int:
    """The process that serves one of the clients."""
    connection = await connect(superuser)  # type: ignore[arg-type]
    try:
        return await connection.fetchval(
            "select pid from pg_stat_activity where datname = $1 and usename = 'quadrant_app' limit 1", database
        )
    finally:
        await connection.close()


async def all_is_once(places: object, programme: UUID, member: UUID, asked: list[list[str]]) -> None:
    """The balance is what was asked for, each once, and the ledger is in order."""
    async with committed_ledger(places) as ledger:  # type: ignore[arg-type]
        await ledger.connection.execute("select set_config('q.points_now', '', false)")
        ledger.programme = programme
        owned = BEGINS_WITH + sum(int(amount) * (1 if function == "earn" else -1) for _, function, amount in asked)
        assert await ledger.balance(member) == (0, owned, 0, 0)
        assert await count(ledger, "select count(*) from points_request") == 1 + len(asked)
        for name, query in INVARIANTS.items():
            assert await ledger.connection.fetch(query) == [], name


async def count(ledger: Ledger, query: str) -> int:
    return await ledger.connection.fetchval(query)
