"""The server that has an event: a Redis, or the master of one slot of a Redis Cluster.

All keys and topics of an event carry its id as their hash tag, so all are in one slot, on one server
at a time. Any server of a cluster tells who has which slot (`CLUSTER SLOTS`). A shard asks when it is
first used, and again whenever its server was lost, or says that it has not got the slot. To a shard, a
Redis that is no cluster is a cluster with one server.

Here a command is repeated only if the server refused to run it. That a server was lost is raised, since
nobody knows then what has become of the command.

After a failover behind one name, connections may stay with a server that is no master any more. So when one
is lost, or says that it only reads, all connections to its address are made anew; and now and then a new one
tells whether the name still leads where the others do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from .. import system
from ..errors import ConfigError
from ..urls import check_redis
from .redis_pool import ServerConnections

ELSEWHERE_FOR_S = 4.0  # a command that no server would run is offered again within this time
ELSEWHERE_EVERY_S = 0.1

# The server can't be reached, or is not (any more) the one to write to: worth trying again.
LOST = (ConnectionError, TimeoutError, ReadOnlyError)
# The slot is on another server, or on its way to one, or waits for a failover. Nothing was run.
# (A slot on its way is waited for: our scripts need all of their keys on one side, so they could
# not follow it key by key.)
ELSEWHERE = (MovedError, AskError, TryAgainError, ClusterDownError)
TOO_FEW_REPLICAS = "NOREPLICAS"  # by min-replicas-to-write

T = TypeVar("T")

log = logging.getLogger(__name__)


class SlotRange(NamedTuple):
    """The slots `first` to `last` are on the master at `address`."""

    first: int
    last: int
    address: str


class Servers:
    """The servers of one Redis or Redis Cluster, each with its pool of connections.

    `url` is redis://… or rediss://…; of a cluster it may name several servers, separated by commas.
    The others are found. Raises `ConfigError`.
    """

    def __init__(self, url: str) -> None:
        check_redis(url)
        self._url = urlsplit(url)
        self._user, self._at, hosts = self._url.netloc.rpartition("@")
        self.seeds = [host for host in hosts.split(",") if host] or ["localhost"]
        self._known = list(self.seeds)  # whom to ask, in this order
        self.are_untold = False  # the user may not ask who has which slots
        self._servers: dict[str, ServerConnections] = {}
        self._retiring: set[asyncio.Future[object]] = set()
        self._asking: asyncio.Task[list[SlotRange]] | None = None
        try:
            for seed in self.seeds:
                self.server(seed).pool.make_connection()  # type: ignore[no-untyped-call]
        except (TypeError, ValueError):  # what they say may quote the URL
            raise ConfigError("the redis:// URL has a port or an option that is none") from None

    def server(self, address: str) -> ServerConnections:
        """The server at `address` (HOST:PORT)."""
        if address not in self._servers:
            netloc = self._user + self._at + address
            self._servers[address] = ServerConnections(self._url._replace(netloc=netloc).geturl())
        return self._servers[address]

    def client(self, address: str) -> Redis:
        """The connections to the server at `address`."""
        return self.server(address).client

    def retire(self, address: str) -> None:
        """Make all connections to `address` anew: it may name another server by now."""
        if server := self._servers.pop(address, None):
            closing = asyncio.ensure_future(server.pool.retire())
            self._retiring.add(closing)
            closing.add_done_callback(self._retiring.discard)

    async def layout(self) -> list[SlotRange]:
        """Return who has which slots, asked once for all who want to know meanwhile.

        Raises what redis-py raises.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> list[SlotRange]:
        """Ask the servers in turn who has which slots."""
        lost: RedisError | None = None
        for address in list(self._known):
            try:
                return await self._layout_by(address)
            except LOST as error:
                self.ask_last(address)
                lost = lost or error
        assert lost is not None
        raise lost

    async def _layout_by(self, address: str) -> list[SlotRange]:
        client = self.client(address)
        try:
            reply = await client.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
        except ResponseError as error:  # no cluster, or none that it would tell of
            self.are_untold = isinstance(error, NoPermissionError)
            return [SlotRange(0, REDIS_CLUSTER_HASH_SLOTS - 1, address)]
        nodes = (_address(node, address) for _, _, *nodes in reply for node in nodes)
        self._known = list(dict.fromkeys([address, *nodes, *self.seeds]))
        return [SlotRange(first, last, _address(node, address)) for first, last, node, *_ in reply]

    def ask_first(self, address: str) -> None:
        """The server at `address` knows more of the layout than others."""
        self._known = [address, *(each for each in self._known if each != address)]

    def ask_last(self, address: str) -> None:
        """The server at `address` may be cut off from the others."""
        self._known = [*(each for each in self._known if each != address), address]

    async def close(self) -> None:
        for server in list(self._servers.values()):  # who still uses one may retire it meanwhile
            await server.close()
        asking = [self._asking] if self._asking is not None else []
        await asyncio.gather(*self._retiring, *asking, return_exceptions=True)


class Shard:
    """The slot of all keys that begin with `prefix`."""

    def __init__(self, servers: Servers, prefix: str) -> None:
        self._servers = servers
        self.prefix = prefix
        self._slot = key_slot(prefix.encode())
        self._address = ""  # '' if it has to be found
        self._last_address = ""

    async def find(self) -> Redis:
        """The connections to the server that has the slot. Raises what redis-py raises."""
        if not self._address:
            self._address = await self._find()
            if self._last_address not in ("", self._address):
                log.warning(
                    "the log is on another server now",
                    extra={"action": "broker.moved", "keys": self.prefix, "to": self._address},
                )
            self._last_address = self._address
        return self._servers.client(self._address)

    async def _find(self) -> str:
        for first, last, address in await self._servers.layout():
            if first <= self._slot <= last:
                return address
        raise ClusterDownError(f"no server has slot {self._slot}")

    def has_left(self, client: Redis) -> bool:
        """Tell whether the slot is known to be elsewhere, or has to be found."""
        return not self._address or self._servers.client(self._address) is not client

    def heed(self, client: Redis, error: RedisError) -> None:
        """Find the slot again, if `error` says that it is not behind `client` any more."""
        if self.has_left(client):
            return
        if isinstance(error, MovedError):
            self._servers.ask_first(self._address)
            self._address = ""
        elif isinstance(error, (*LOST, ClusterDownError)):
            self._servers.ask_last(self._address)
            if isinstance(error, (*LOST, MasterDownError)):
                self._servers.retire(self._address)
            self._address = ""

    async def follow_name(self, run_id: str) -> None:
        """Leave the server with `run_id` if a new connection leads to another.

        Raises what redis-py raises.
        """
        client = await self.find()
        server = self._servers.server(self._address)
        if await server.leads_elsewhere(run_id) and not self.has_left(client):
            self._servers.retire(self._address)

    async def run(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        """Return what `command` gives, called with the connections to the server that has the slot.

        Raises what redis-py raises.
        """
        give_up_s = system.monotonic_s() + ELSEWHERE_FOR_S
        while True:
            try:
                return await self._run_once(command)
            except RedisError as error:
                if not was_refused(error) or system.monotonic_s() > give_up_s:
                    raise
            await asyncio.sleep(ELSEWHERE_EVERY_S)

    async def _run_once(self, command: Callable[[Redis], Awaitable[T]]) -> T:
        client = await self.find()
        try:
            async with self._servers.server(self._address).turn():
                return await command(client)
        except RedisError as error:
            self.heed(client, error)
            raise


def was_refused(error: RedisError) -> bool:
    """Tell whether the server has run nothing, and another one, or the same one soon, may do so."""
    return isinstance(error, (*ELSEWHERE, ReadOnlyError)) or str(error).startswith(TOO_FEW_REPLICAS)


def _address(node: list[Any], told_by: str) -> str:
    """Return the address of a server in the answer to `CLUSTER SLOTS`. No host there means the one asked."""
    host = (node[0] or b"").decode() or urlsplit(f"//{told_by}").hostname
    return f"[{host}]:{node[1]}" if ":" in str(host) else f"{host}:{node[1]}"
