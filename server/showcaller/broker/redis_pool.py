"""The connections to one server, of which commands use a few and wait for their turn.

Redis does one thing at a time, so more connections than keep it busy only cost memory on both sides. And
a connection is worth no more than the server at its other end: after a failover behind one name the old
ones still lead to the old server. So all of them are retired together (`retire`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Iterable
from typing import Any

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError

from ..errors import Unavailable

TIMEOUT_S = 3.0  # for a connection, and for an answer
IN_USE = 48  # connections that commands use at one time; subscriptions have their own
TURN_WITHIN_S = 8.0
COME_BACK_S = 2.0
_NO_LIMIT = 1 << 31  # of the library's, which refuses instead of waiting
_RUN_ID = re.compile(rb"run_id:(\w+)")


class _Cancellable(AbstractConnection):
    """A connection that keeps no cancellation from the task that sends on it.

    The library sends within `asyncio.wait_for`, which on Python 3.11 returns as if nothing had happened
    when the cancellation comes after the last byte and before the task runs again. The task would go on
    for good, and whoever stops it wait for good. Nor does it know what uvloop raises for a lost connection.
    """

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        before = task.cancelling()
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as error:  # of uvloop, whose transport was reset
            await self.disconnect(nowait=True)
            raise ConnectionError("the connection was lost") from error
        if task.cancelling() > before:
            await self.disconnect(nowait=True)  # else the next command would get this one's answer
            raise asyncio.CancelledError


def _cancellable(kind: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(f"Cancellable{kind.__name__}", (_Cancellable, kind), {})


class Pool(ConnectionPool):
    """Connections that are closed when they come back, once the pool is retired."""

    def __init__(self, **options: Any) -> None:
        kind = _cancellable(options.pop("connection_class", Connection))
        super().__init__(kind, **options | {"max_connections": _NO_LIMIT})
        self._retired = False

    def retire(self) -> Awaitable[object]:
        """Close what is idle (await the result for that), and what is in use when it comes back."""
        self._retired = True
        idle, self._available_connections = self._available_connections, []
        return asyncio.gather(*(each.disconnect() for each in idle), return_exceptions=True)

    async def release(self, connection: AbstractConnection) -> None:
        await super().release(connection)
        if self._retired:
            await connection.disconnect()


class ServerConnections:
    """One server: `client` for its commands, each of which takes a `turn`."""

    def __init__(self, url: str) -> None:
        self.pool = Pool.from_url(
            url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self.client = Redis.from_pool(self.pool)
        self._turns = asyncio.Semaphore(IN_USE)
        self._run_id = ""  # of where the newest connection led

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until a connection is free. Raises `Unavailable` if that takes too long."""
        try:
            async with asyncio.timeout(TURN_WITHIN_S if self._turns.locked() else None):
                await self._turns.acquire()
        except TimeoutError:
            message = "too much waits for Redis: send it again"
            raise Unavailable(message, retry_after_s=COME_BACK_S) from None
        try:
            yield
        finally:
            self._turns.release()

    async def leads_elsewhere(self, run_id: str) -> bool:
        """Tell whether a new connection leads to another server than the one with `run_id`, or than before.

        Raises what redis-py raises.
        """
        now = await self._new_run_id()
        before, self._run_id = self._run_id or now, now
        return not run_id == before == now

    async def _new_run_id(self) -> str:
        connection = self.pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
            await connection.send_command("INFO", "server")
            found = _RUN_ID.search(await connection.read_response())
        finally:
            await connection.disconnect()
        return found[1].decode() if found else ""

    async def close(self) -> None:
        await self.client.aclose()
