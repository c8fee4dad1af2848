"""A load generator: keeps so many connections busy for a while. A process of its own, run by `run_load`.

Reads its task from standard input as JSON, writes what it counted to standard output. Answers are not looked at beyond
their status; that they are right was asserted before.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import httptools
import uvloop


@dataclass(frozen=True)
class Task:
    """Where to, for how long, over how many connections, and the requests to send in turn."""

    port: int
    seconds: float
    connections: int
    requests: list[str]


@dataclass(frozen=True)
class Count:
    """What happened: answers with status 200, others, the time it took, and latencies in milliseconds."""

    answered: int
    failed: int
    seconds: float
    latency_median_ms: float
    latency_p99_ms: float


class Client(asyncio.Protocol):
    """One connection: the next request goes out when the answer to the last is complete."""

    def __init__(self, requests: Iterator[bytes], until: float, latencies: list[float], failures: list[int]) -> None:
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._failures = failures
        self._sent_at = 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if not self.closed.done():
            self.closed.set_result(None)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        status = self._parser.get_status_code()
        if status == 200:
            self._latencies.append(now - self._sent_at)
        else:
            self._failures.append(status)
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._sent_at = time.perf_counter()
        self._transport.write(next(self._requests))


async def load(task: Task) -> Count:
    """Carry out a task."""
    requests = itertools.cycle([text.encode("latin-1") for text in task.requests])
    latencies: list[float] = []
    failures: list[int] = []
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    clients = [
        (
            await loop.create_connection(
                lambda: Client(requests, began + task.seconds, latencies, failures), "127.0.0.1", task.port
            )
        )[1]
        for _ in range(task.connections)
    ]
    await asyncio.wait_for(asyncio.gather(*(client.closed for client in clients)), task.seconds + 60)
    seconds = time.perf_counter() - began
    latencies.sort()
    return Count(
        len(latencies), len(failures), seconds, 1e3 * quantile(latencies, 0.5), 1e3 * quantile(latencies, 0.99)
    )


def quantile(ordered: Sequence[float], part: float) -> float:
    """A quantile of sorted values, 0 where there are none."""
    return ordered[min(int(part * len(ordered)), len(ordered) - 1)] if ordered else 0.0


def post(port: int, path: str, body: str, token: str) -> str:
    """The text of one HTTP request; bodies are ASCII, as JSON can be."""
    assert body.isascii(), "lengths are counted in characters"
    return (
        f"POST {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-type: application/json\r\naccept: application/json\r\n"
        f"authorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    )


async def run_load(task: Task) -> Count:
    """Carry out a task in a process of its own, so that its processor time is not the bench's."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(json.dumps(asdict(task)).encode())
    if process.returncode != 0:
        raise RuntimeError("the load generator failed")
    return Count(**json.loads(said))


def main() -> None:
    """Be that process: on the last processor, the servers have the others."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    count = uvloop.run(load(Task(**json.load(sys.stdin))))
    sys.stdout.write(json.dumps(asdict(count)))


if __name__ == "__main__":
    main()
