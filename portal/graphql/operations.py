"""The operations of one WebSocket: each a task that sends its results, bounded in number, cancelled with the connection."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from portal.bearer import Caller
from portal.graphql import messages
from portal.graphql.door import Door
from portal.graphql.errors import ProtocolError, error_body, over_limit
from portal.graphql.messages import CloseError
from portal.graphql.parameters import Parameters


class GoneError(Exception):
    """The client has left, or does not take what it is sent."""


class Operations:
    """What runs for one client, by the ids it gave."""

    def __init__(self, door: Door, say: Callable[[str], Awaitable[None]]) -> None:
        self._door = door
        self._say = say
        self._running: dict[str, asyncio.Task[None]] = {}

    async def start(self, operation_id: str, parameters: Parameters | ProtocolError, caller: Caller) -> None:
        """Run an operation, or say why not."""
        if operation_id in self._running:
            raise CloseError(4409, f"Subscriber for {operation_id} already exists")
        subscriptions_max = self._door.settings.graphql_subscriptions
        if len(self._running) >= subscriptions_max:
            parameters = over_limit("subscriptions", subscriptions_max)
        if isinstance(parameters, ProtocolError):
            await self._refuse(operation_id, parameters, caller)
            return
        self._running[operation_id] = asyncio.create_task(self._run(operation_id, parameters, caller))

    async def stop(self, operation_id: str) -> None:
        """Cancel an operation; one that has ended by itself is no mistake of the client."""
        task = self._running.pop(operation_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def stop_all(self) -> None:
        """Cancel what still runs and wait until it has let go."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        try:
            await self._relay(operation_id, parameters, caller)
        except GoneError:
            # The connection ends; its reader notices by itself.
            pass
        finally:
            # A client may use the id again as soon as it has read `complete` or sent it.
            if self._running.get(operation_id) is asyncio.current_task():
                del self._running[operation_id]

    async def _relay(self, operation_id: str, parameters: Parameters, caller: Caller) -> None:
        try:
            operation = self._door.operation(parameters, caller.viewer)
        except ProtocolError as error:
            await self._refuse(operation_id, error, caller)
            return
        async with aclosing(self._door.answers(caller.viewer, operation)) as answers:
            async for answer in answers:
                if answer.refused:
                    await self._say(messages.error(operation_id, answer.body))
                    return
                await self._say(messages.next_(operation_id, answer.body))
        await self._say(messages.complete(operation_id))

    async def _refuse(self, operation_id: str, error: ProtocolError, caller: Caller) -> None:
        body = error_body(error.message(caller.viewer.language), error.code)
        await self._say(messages.error(operation_id, body))
