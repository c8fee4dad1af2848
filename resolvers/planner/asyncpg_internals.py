"""The one place that touches what asyncpg keeps to itself; its version is pinned, a test watches.

- `Connection._protocol` speaks PostgreSQL's protocol, for as long as the connection lives.
- `PreparedStatement._state` is what the protocol runs; a statement that is forgotten takes it along.
- `Protocol.bind_execute` answers rows and, being asked, two facts of the command that no read needs.

Between `PreparedStatement.fetchval` and the protocol stand eight calls that check what a read connection has checked, or
let a query logger see what it has not asked to see; they took 5 µs of a planned read of 180.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Rows = tuple[Sequence[Sequence[Any]], object, object]
# The statement's state, its arguments, the portal's name, how many rows at most, that the facts are wanted, and a time limit.
BindExecute = Callable[[Any, Sequence[Any], str, int, bool, float | None], Awaitable[Rows]]


def protocol_calls(connection: Any) -> tuple[Callable[[], bool], BindExecute]:
    """How to ask whether a connection stands, and how to run a statement on it."""
    protocol = connection._protocol  # noqa: SLF001 - as said above
    return protocol.is_connected, protocol.bind_execute


def state_of(statement: Any) -> Any:
    """What the protocol runs of a prepared statement; it is valid as long as the statement is kept."""
    return statement._state  # noqa: SLF001 - as said above
