"""The points ledger against pgbench's TPC-B on the same server in the same run: processor time of the server for a movement.

Everything is driven by pgbench, so what differs is the server's work alone: one connection sends, in the simple protocol,
TPC-B's seven statements or one call of a function.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import psutil

from bench.ledger import DUE_FIRST, LITERAL, POOL, PROGRAMME, SPENDERS, Crowd, begin, fill, make_pool
from bench.place import DATABASE, DIRECTORY, ORCHESTRATOR
from bench.reckoning import reckoning_rows
from bench.rows import Row, at_least, at_most, median
from bench.spending import spend_row
from foundation.database import SESSION_SETTINGS, Addresses, connect
from foundation.embedded_programs import binaries

if TYPE_CHECKING:
    from foundation.database import RawConnection

TPCB_SCALE = 10
CROWD = Crowd(100_001, 10_000, 60)
FEW, MANY = Crowd(500_000, 1, 5_000), Crowd(500_001, 1, 500_000)
DUE = Crowd(DUE_FIRST, 4_000, 25, due=True)
PARALLEL = 8
BATCH_ACCOUNTS = 500
# Each run is a new process of the server, which plans and compiles first: short runs measure that. So many that nobody in the
# crowd runs out of points, however fast the machine is.
PROCESSOR_TRANSACTIONS = 6_000
# Likewise of the member with few entries, who has points for 25,000 of these spends.
GROWTH_TRANSACTIONS = 4_000

# The settings of the application's connections.
OPTIONS = " ".join(f"-c {name}={value}" for name, value in {**SESSION_SETTINGS, "q.audience": "system"}.items())
# What a client sends: keys as literals, the request's from its own randomness.
REQUEST = "'request :r', '\\x00'"
ANYBODY = f"\\set n random({CROWD.first}, {CROWD.last})\n\\set r random(1, 1000000000000000)\n"
ONE = "\\set r random(1, 1000000000000000)\n"
SPENDER = f"\\set s {POOL} + 1 + :client_id % {SPENDERS}\n"
MEMBER = LITERAL.format(":n")
SCRIPTS = {
    "earn": f"{ANYBODY}select points_earn('{PROGRAMME}', {MEMBER}, {REQUEST}, 10);\n",
    "spend over 3-4 lots": f"{ANYBODY}select points_spend('{PROGRAMME}', {MEMBER}, {REQUEST}, 35);\n",
    "spend of one lot": f"{ANYBODY}select points_spend('{PROGRAMME}', {MEMBER}, {REQUEST}, 1);\n",
    "spend of a pool": f"{ONE}{SPENDER}select points_spend('{PROGRAMME}', {LITERAL.format(POOL)}, {REQUEST}, 1, null, "
    f"{LITERAL.format(':s')});\n",
}
STATEMENT = "select * from points_transfer where account_id = {member} order by id desc limit 20;\n"


# How long pgbench runs, in its words.
Extent = tuple[str, str]


def lasting(seconds: float) -> Extent:
    """So many seconds, whole ones."""
    return "-T", str(round(max(1, seconds)))


class Done(NamedTuple):
    """What a run of pgbench did: transactions, transactions a second, processor seconds of the whole server."""

    transactions: int
    per_second: float
    processor: float


class Pgbench:
    """Runs of pgbench on one server."""

    def __init__(self, places: Addresses, scripts: Path) -> None:
        self.host = places.application.query["host"]
        self.scripts = scripts
        pid = int((DIRECTORY / "postgres" / "postmaster.pid").read_text(encoding="utf-8").split("\n", 1)[0])
        self.postmaster = psutil.Process(pid)

    async def run(self, *arguments: str, user: str = "quadrant_app") -> str:
        """What pgbench prints."""
        process = await asyncio.create_subprocess_exec(
            binaries() / "pgbench", "-h", str(self.host), "-p", "5432", "-U", user, *arguments, DATABASE,
            env={**os.environ, "PGOPTIONS": OPTIONS},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, failed = await process.communicate()
        if process.returncode:
            raise RuntimeError(failed.decode())
        return said.decode()

    async def measured(self, extent: Extent, clients: int, *what: str, user: str = "quadrant_app") -> Done:
        """A run of this extent; the server's processes that end with it are counted by their parent."""
        before = self.processor()
        said = await self.run("-n", *extent, "-c", str(clients), *what, user=user)
        await asyncio.sleep(0.2)
        transactions = re.search(r"transactions actually processed: (\d+)", said)
        per_second = re.search(r"tps = ([\d.]+)", said)
        assert transactions is not None, said
        assert per_second is not None, said
        return Done(int(transactions[1]), float(per_second[1]), self.processor() - before)

    async def script(self, text: str, extent: Extent, clients: int = 1) -> Done:
        """A run of a script of ours."""
        path = self.scripts / "script.sql"
        path.write_text(text, encoding="utf-8")
        return await self.measured(extent, clients, "-f", str(path))

    def processor(self) -> float:
        """Processor seconds of the server's processes, those that ended too."""
        own = self.postmaster.cpu_times()
        living = 0.0
        for child in self.postmaster.children():
            times = child.cpu_times()
            living += times.user + times.system
        return own.user + own.system + own.children_user + own.children_system + living


async def measure(places: Addresses, rounds: int, seconds: float, say: Callable[[str], None]) -> list[Row]:
    """All rows about the ledger."""
    assert places.superuser is not None, "the embedded server always has one"
    owner = await connect(places.superuser, application_name=ORCHESTRATOR, timezone="UTC")
    try:
        with TemporaryDirectory() as scripts:
            pgbench = Pgbench(places, Path(scripts))
            say("points: the ledger to measure")
            await begin(owner)
            for crowd in (CROWD, FEW, MANY, DUE):
                await fill(owner, crowd)
            await make_pool(owner)
            await pgbench.run("-i", "-q", "-s", str(TPCB_SCALE), user="postgres")
            await owner.execute("vacuum analyze")
            return [
                *await processor_rows(pgbench, rounds, say),
                *await growth_rows(pgbench, owner, rounds, say),
                *await pool_rows(pgbench, owner, rounds, seconds, say),
                await spend_row(places, CROWD, rounds, seconds, say),
                await expiry_row(owner, say),
                *await reckoning_rows(owner, CROWD, rounds, lambda: tpcb_pace(pgbench, seconds), say),
            ]
    finally:
        await owner.close()


async def processor_rows(pgbench: Pgbench, rounds: int, say: Callable[[str], None]) -> list[Row]:
    """Processor time of the server for a movement, as a ratio to TPC-B's; medians of interleaved rounds."""
    bounds = {"earn": 1.3, "spend over 3-4 lots": 1.6}
    extent = "-t", str(PROCESSOR_TRANSACTIONS)
    spent: dict[str, list[float]] = {name: [] for name in ("TPC-B", *bounds)}
    for number in range(rounds):
        say(f"points: processor time, round {number + 1} of {rounds}")
        done = {"TPC-B": await pgbench.measured(extent, 1, "-b", "tpcb-like", user="postgres")}
        for name in bounds:
            done[name] = await pgbench.script(SCRIPTS[name], extent)
        for name, each in done.items():
            spent[name].append(each.processor / each.transactions * 1e6)
    base = median(spent["TPC-B"])
    rows = [Row("points", "pgbench TPC-B", "CPU µs", base, f"scale {TPCB_SCALE}, one connection, simple protocol")]
    for name, bound in bounds.items():
        ratio = median(ours / theirs for ours, theirs in zip(spent[name], spent["TPC-B"], strict=True))
        note = f"server CPU µs: {median(spent[name]):.0f}; {CROWD.members:,} members"
        rows.append(Row("points", name, "times the CPU of TPC-B", ratio, note, at_most(ratio, bound)))
    return rows


async def growth_rows(pgbench: Pgbench, owner: RawConnection, rounds: int, say: Callable[[str], None]) -> list[Row]:
    """What is lost when one member has a hundred times the entries."""
    scripts = {
        "earn": ONE + "select points_earn('{programme}', {member}, {request}, 10);\n",
        "spend": ONE + "select points_spend('{programme}', {member}, {request}, 2);\n",
        "statement": STATEMENT,
    }
    rows: list[Row] = []
    extent = "-t", str(GROWTH_TRANSACTIONS)
    for name, script in scripts.items():
        rates: dict[Crowd, list[float]] = {FEW: [], MANY: []}
        for number in range(rounds):
            say(f"points: {name} of a member with many entries, round {number + 1} of {rounds}")
            for crowd, found in rates.items():
                await owner.execute("vacuum points_account")
                text = script.format(programme=PROGRAMME, member=LITERAL.format(crowd.first), request=REQUEST)
                found.append((await pgbench.script(text, extent)).per_second)
        loss = 100 * (1 - median(rates[MANY]) / median(rates[FEW]))
        note = f"{median(rates[FEW]):,.0f}/s at {2 * FEW.lots:,} entries, {median(rates[MANY]):,.0f}/s at {2 * MANY.lots:,}"
        rows.append(
            Row("points", f"{name} of one member", "% lost at a million entries", loss, note, at_most(loss, 25))
        )
    return rows


async def pool_rows(
    pgbench: Pgbench, owner: RawConnection, rounds: int, seconds: float, say: Callable[[str], None]
) -> list[Row]:
    """Spends of one pool by many at once, against spends of as many members who have nothing to do with each other."""
    pool: list[float] = []
    members: list[float] = []
    for number in range(rounds):
        say(f"points: a pool, round {number + 1} of {rounds}")
        await owner.execute("vacuum points_account, points_spender")
        members.append((await pgbench.script(SCRIPTS["spend of one lot"], lasting(seconds), PARALLEL)).per_second)
        pool.append((await pgbench.script(SCRIPTS["spend of a pool"], lasting(seconds), PARALLEL)).per_second)
    share = median(pool) / median(members)
    note = f"{PARALLEL} connections; {median(members):,.0f}/s for members of their own"
    return [
        Row("points", "spends of a pool", "a second", median(pool), note),
        Row("points", "spends of a pool", "share of the unhot rate", share, "16 stripes", at_least(share, 0.8)),
    ]


async def tpcb_pace(pgbench: Pgbench, seconds: float) -> float:
    """Transactions of TPC-B a second by one connection."""
    return (await pgbench.measured(lasting(seconds), 1, "-b", "tpcb-like", user="postgres")).per_second


async def expiry_row(owner: RawConnection, say: Callable[[str], None]) -> Row:
    """Lots a second that one worker lets expire, a transaction for each batch."""
    say("points: expiry")
    began = time.perf_counter()
    while await owner.fetchval("select points_settle_due($1)", BATCH_ACCOUNTS):
        pass
    per_second = DUE.members * DUE.lots / (time.perf_counter() - began)
    note = f"{DUE.members * DUE.lots:,} lots of {DUE.members:,} members, on five days, one worker"
    return Row("points", "expiry", "lots/s", round(per_second), note, at_least(per_second, 50_000))
