"""A program that moves points without end and can be killed at any moment: it writes what it will ask for before it asks.

Arguments: host, database, programme, customer, a name for its keys, and the file for its lines `asked KEY …` and
`done KEY`. A lost connection is made anew and the same request sent again, as a client does that has had no answer.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from uuid import UUID

import asyncpg

REQUESTS_MAX = 100_000


async def main(host: str, database: str, programme: str, customer: str, name: str, path: str) -> None:
    connection: asyncpg.Connection[asyncpg.Record] | None = None
    with Path(path).open("a", encoding="utf-8", buffering=1) as file:  # noqa: ASYNC230 - nothing else runs on this loop
        for number in range(REQUESTS_MAX):
            key, function, amount = f"{name}-{number}", ("earn", "spend")[number % 2], number % 7 + 1
            file.write(f"asked {key} {function} {amount}\n")
            while True:
                try:
                    if connection is None or connection.is_closed():
                        connection = await asyncpg.connect(host=host, database=database, user="quadrant_app", timeout=5)
                        await connection.execute("select set_config('q.audience', 'system', false)")
                    await ask(connection, programme, customer, key, function, amount)
                    break
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                    connection = None
                    await asyncio.sleep(0.05)
            file.write(f"done {key}\n")


async def ask(
    connection: asyncpg.Connection[asyncpg.Record], programme: str, customer: str, key: str, function: str, amount: int
) -> list[UUID]:
    """One movement, with the amount as its fingerprint."""
    call = {
        "earn": "select points_earn($1, $2, $3, $4, $5)",
        "spend": "select points_spend($1, $2, $3, $4, $5)",
    }[function]
    fingerprint = f"{function} {amount}".encode()
    return await connection.fetchval(call, UUID(programme), UUID(customer), key, fingerprint, amount)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
