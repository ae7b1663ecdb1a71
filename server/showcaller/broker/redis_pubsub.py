"""One pub/sub connection for all topics of an event, opened anew for as long as it takes.

Pub/sub is sharded (`SSUBSCRIBE`): messages stay on the server that has the event's keys, and the
subscriptions follow when those move. A Redis that is no cluster has it as well.

What is sent while the connection is away is lost; whoever may not lose it reads the log.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import ConnectionError, RedisError

from ..errors import Unavailable
from .redis_shard import Shard
from .topics import Handler, Topics

PING_S = 2.0  # silence before a ping, and before a missing answer to it ends the connection
RECONNECT_S = 0.25
CONFIRM_S = 3.0

log = logging.getLogger(__name__)


class Subscriptions:
    """The subscriptions of all listeners. `close` it once."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._always = f"{shard.prefix}:alive"  # keeps the connection in subscriber mode
        self._topics = Topics()
        self._pubsub: PubSub | None = None
        self._away = False
        self._confirmed: dict[str, asyncio.Event] = {}
        self._listening: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def add(self, topic: str, handler: Handler) -> None:
        """Have `handler` called from soon on, whatever happens to the connection."""
        if self._topics.add(topic, handler):
            self._confirmed[topic] = asyncio.Event()
            self._send("ssubscribe", topic)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(), name="redis subscriptions")

    async def confirmed(self, topic: str) -> None:
        """Wait until Redis has subscribed us to `topic`. Raises `Unavailable` if it takes too long."""
        try:
            async with asyncio.timeout(CONFIRM_S):
                await self._confirmed[topic].wait()
        except TimeoutError:
            raise Unavailable("Redis does not answer") from None

    def remove(self, topic: str, handler: Handler) -> None:
        if self._topics.remove(topic, handler):
            del self._confirmed[topic]
            self._send("sunsubscribe", topic)

    async def close(self) -> None:
        tasks = [*self._sending, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _send(self, verb: str, topic: str) -> None:
        if self._pubsub is not None:
            task = asyncio.create_task(self._send_now(self._pubsub, verb, topic))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send_now(self, pubsub: PubSub, verb: str, topic: str) -> None:
        with contextlib.suppress(RedisError, OSError):  # the listener notices and starts over
            await getattr(pubsub, verb)(topic)

    async def _listen(self) -> None:
        while True:
            try:
                await self._listen_once()
            except (RedisError, OSError) as error:
                self._on_lost(error)
            await asyncio.sleep(RECONNECT_S)

    async def _listen_once(self) -> None:
        client = await self._shard.find()
        pubsub = client.pubsub()
        try:
            await pubsub.ssubscribe(self._always)
            self._pubsub = pubsub  # from here on, `add` sends for itself
            if topics := self._topics.names():
                await pubsub.ssubscribe(*topics)
            self._away = False
            await self._hear(pubsub, client)
        except RedisError as error:
            self._shard.heed(client, error)
            raise
        finally:
            self._pubsub = None
            await pubsub.aclose()  # type: ignore[no-untyped-call]

    def _on_lost(self, error: Exception) -> None:
        if not self._away:
            log.warning(
                "lost the subscriptions; connecting again",
                extra={"action": "broker.unsubscribed", "error": str(error)},
            )
        self._away = True
        for confirmed in self._confirmed.values():
            confirmed.clear()

    async def _hear(self, pubsub: PubSub, client: Redis) -> None:
        pinged = False
        while not self._shard.has_left(client):
            message = await pubsub.get_message(timeout=PING_S)
            if message is not None:
                self._on_message(message)
                pinged = False
            elif pinged:
                raise ConnectionError("no answer to a ping")
            else:
                await pubsub.ping()
                pinged = True
        raise ConnectionError("the log is on another server")

    def _on_message(self, message: dict[str, Any]) -> None:
        kind, topic = message["type"], (message["channel"] or b"").decode()
        if kind == "smessage":
            self._topics.dispatch(topic, message["data"])
        elif kind == "ssubscribe" and topic in self._confirmed:
            self._confirmed[topic].set()
        elif kind == "sunsubscribe" and topic == self._always:  # we never ask for that
            raise ConnectionError("the slot is on another server")
