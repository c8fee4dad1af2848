"""The three questions put to every subject in interleaved rounds, on the same database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from bench.load import Count, Task, post, run_load
from bench.rows import Row, at_least, median
from bench.servers import Cost, Server, running, spent
from bench.shapes import SHAPES, TITLES, Ask, ShapeName, leaves
from bench.subjects.registry import SUBJECTS, Subject, body_of
from bench.viewers import Caller
from foundation.database import Addresses

if TYPE_CHECKING:
    from foundation.database import RawConnection

CONNECTIONS = 8
WARM_UP_SECONDS = 0.5
PER_SECOND = "requests per CPU second"


@dataclass(frozen=True)
class Round:
    """One subject under load for a while."""

    count: Count
    cost: Cost

    @property
    def per_second(self) -> float:
        """Answers for each second of processor time."""
        return self.count.answered / self.cost.seconds


@dataclass(frozen=True)
class Conditions:
    """How the rounds are run."""

    rounds: int
    seconds: float
    asks: Sequence[Ask]
    callers: Sequence[Caller]
    say: Callable[[str], None]


async def measure(
    places: Addresses, monitor: RawConnection, conditions: Conditions, left_out: Mapping[str, str]
) -> list[Row]:
    """The rows of all shapes. `left_out` names subjects that cannot be measured here."""
    found: list[Row] = []
    async with AsyncExitStack() as stack:
        servers = [
            await stack.enter_async_context(running(subject, places))
            for subject in SUBJECTS
            if subject.name not in left_out
        ]
        for shape in SHAPES:
            size = await check_answers(servers, shape, conditions)
            for server in servers:
                await under_load(server, monitor, shape, conditions, WARM_UP_SECONDS)
            rounds: dict[str, list[Round]] = {server.subject.name: [] for server in servers}
            for number in range(conditions.rounds):
                conditions.say(f"{TITLES[shape]}: round {number + 1} of {conditions.rounds}")
                for server in servers:
                    made = await under_load(server, monitor, shape, conditions, conditions.seconds)
                    rounds[server.subject.name].append(made)
            found += rows_of(shape, size, {server.subject.name: server.subject for server in servers}, rounds)
    return found


async def check_answers(servers: Sequence[Server], shape: ShapeName, conditions: Conditions) -> int:
    """Assert that everybody gives the same answers; how many leaves one has."""
    size = 0
    async with httpx.AsyncClient(timeout=30) as client:
        for ask in conditions.asks[:4]:
            expected: Any = None
            for server in servers:
                answer = await asked(client, server, shape, ask, conditions.callers)
                if not server.subject.comparable:
                    continue
                expected = answer if expected is None else expected
                if answer != expected:
                    said, wanted = str(answer)[:300], str(expected)[:300]
                    raise AssertionError(f"{server.subject.name} answers another {shape}: {said}, not {wanted}")
            size = leaves(expected)
    return size


async def asked(
    client: httpx.AsyncClient, server: Server, shape: ShapeName, ask: Ask, callers: Sequence[Caller]
) -> Any:
    """One answer in the common form."""
    path, body = body_of(server.subject, shape, ask)
    headers = {
        "authorization": f"Bearer {callers[ask.viewer].token}",
        "content-type": "application/json",
        "accept": "application/json",
    }
    response = await client.post(f"http://127.0.0.1:{server.port}{path}", content=body, headers=headers)
    answer = response.json()
    if response.status_code != 200 or "errors" in answer:
        raise AssertionError(f"{server.subject.name} fails at {shape}: {response.text[:1000]}")
    (root,) = answer["data"].values()
    return server.subject.normal(root)


async def under_load(
    server: Server, monitor: RawConnection, shape: ShapeName, conditions: Conditions, seconds: float
) -> Round:
    """Keep a subject busy for a while."""
    requests = [
        post(server.port, *body_of(server.subject, shape, ask), conditions.callers[ask.viewer].token)
        for ask in conditions.asks
    ]
    before = await spent(server, monitor)
    count = await run_load(Task(server.port, seconds, CONNECTIONS, requests))
    after = await spent(server, monitor)
    if count.failed:
        raise AssertionError(f"{server.subject.name}: {count.failed} answers of {shape} were not 200")
    return Round(count, after.since(before))


def rows_of(
    shape: ShapeName, size: int, subjects: Mapping[str, Subject], rounds: Mapping[str, Sequence[Round]]
) -> list[Row]:
    """The rows of one shape: what each subject does, and what that is in comparison."""
    found: list[Row] = []
    for name, made in rounds.items():
        server = 1e3 * median(each.cost.server / each.count.answered for each in made)
        database = 1e3 * median(each.cost.database / each.count.answered for each in made)
        note = f"CPU ms: server {server:.3f}, database {database:.3f}"
        found.append(Row(shape, subjects[name].title, PER_SECOND, median(each.per_second for each in made), note))
        details = {
            "server CPU ms per request": server,
            "database CPU ms per request": database,
            "requests per second": median(each.count.answered / each.count.seconds for each in made),
            "latency median ms": median(each.count.latency_median_ms for each in made),
            "latency 99% ms": median(each.count.latency_p99_ms for each in made),
        }
        found += [Row(shape, subjects[name].title, metric, value, listed=False) for metric, value in details.items()]
    found.append(Row(shape, "answer", "leaves", size))
    for other, bound in {"limit": 0.8, "postgraphile": 2.0, "orm": 20.0}.items():
        if other in rounds:
            pairs = zip(rounds["ours"], rounds[other], strict=True)
            value = median(ours.per_second / theirs.per_second for ours, theirs in pairs)
            # Idiomatic Strawberry is compared on the list, where its way of working matters most.
            target = at_least(value, bound) if other != "orm" or shape == "list" else None
            found.append(Row(shape, f"ours / {subjects[other].title}", "times", value, target=target))
    if "limit-open" in rounds:
        pairs = zip(rounds["limit-open"], rounds["limit"], strict=True)
        value = median(bare.per_second / guarded.per_second for bare, guarded in pairs)
        found.append(Row(shape, "row policies", "times the cost without", value))
    return found
