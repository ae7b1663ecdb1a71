"""A real Redis Cluster for tests, on free ports of 127.0.0.1.

    with RedisCluster(replicas=1) as cluster:       # or `async with`
        connect(cluster.url)
        cluster.master_of("event").kill()

The slots are shared evenly. Nodes that are killed may be started again. The methods block, like those
of `RedisServer`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Self

from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

from .free_ports import free_port
from .redis_server import RedisServer

NODE_TIMEOUT_MS = 1000  # a master that is silent for so long is replaced
_READY_S = 30.0


class RedisCluster:
    """`masters` servers, each with `replicas` more that follow it. Nothing is persisted."""

    def __init__(self, *, masters: int = 3, replicas: int = 0) -> None:
        self.servers = [_server() for _ in range(masters * (1 + replicas))]
        self._masters = masters
        self._everything = contextlib.ExitStack()

    @property
    def url(self) -> str:
        """The URL of the first masters: the others have to be found."""
        return f"redis://{','.join(_address(each) for each in self.servers[: self._masters])}"

    def start(self) -> None:
        """Start all, join them, and wait until each serves. Raises `RuntimeError`."""
        for server in self.servers:
            self._everything.enter_context(server)
        masters, replicas = self.servers[: self._masters], self.servers[self._masters :]
        for number, server in enumerate(masters):
            first, end = (SLOTS * n // len(masters) for n in (number, number + 1))
            server.command("CLUSTER", "ADDSLOTSRANGE", str(first), str(end - 1))
            server.command("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
        for server in self.servers[1:]:
            bus = server.options["cluster-port"]
            self.servers[0].command("CLUSTER", "MEET", "127.0.0.1", str(server.port), bus)
        self._wait(lambda server: f"cluster_known_nodes:{len(self.servers)}" in _info(server))
        for number, server in enumerate(replicas):
            server.command("CLUSTER", "REPLICATE", node_id(masters[number % len(masters)]))
        self.wait_until_ok()

    def wait_until_ok(self) -> None:
        """Wait until all servers that run say that every slot is served, and replicas are in step."""
        self._wait(lambda server: "cluster_state:ok" in _info(server) and _in_step(server))

    def master_of(self, event_id: str) -> RedisServer:
        """The server that holds the log of `event_id`, as those that run see it."""
        slot = slot_of(event_id)
        for server in self.running():
            for line in server.command("CLUSTER", "NODES").splitlines():
                words = line.split()
                if "myself,master" in words[2] and any(_holds(word, slot) for word in words[8:]):
                    return server
        raise RuntimeError(f"no server holds slot {slot}")

    def replica_of(self, master: RedisServer) -> RedisServer:
        for server in self.running():
            role = server.command("ROLE").split()
            if role[0] == "slave" and role[2] == str(master.port):
                return server
        raise RuntimeError("this master has no replica")

    def running(self) -> list[RedisServer]:
        return [server for server in self.servers if server.runs]

    def move(self, event_id: str, target: RedisServer) -> None:
        """Migrate the slot of `event_id` to `target`, key by key, as `redis-cli --cluster reshard`."""
        source, slot = self.master_of(event_id), str(slot_of(event_id))
        target.command("CLUSTER", "SETSLOT", slot, "IMPORTING", node_id(source))
        source.command("CLUSTER", "SETSLOT", slot, "MIGRATING", node_id(target))
        while key := source.command("CLUSTER", "GETKEYSINSLOT", slot, "1"):
            source.command("MIGRATE", "127.0.0.1", str(target.port), key, "0", "10000")
        for server in (target, source):
            server.command("CLUSTER", "SETSLOT", slot, "NODE", node_id(target))

    def fail_over(self, event_id: str) -> None:
        """Have a replica take over from the master of `event_id`, which lives on, and wait for it."""
        replica = self.replica_of(self.master_of(event_id))
        deadline = time.monotonic() + _READY_S
        while not replica.command("ROLE").startswith("master"):
            if time.monotonic() > deadline:
                raise RuntimeError("the replica did not take over:\n" + _info(replica))
            with contextlib.suppress(RuntimeError):  # already asked
                replica.command("CLUSTER", "FAILOVER")
            time.sleep(0.1)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._everything.close()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._everything.close()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.__enter__)

    async def __aexit__(self, *exc_info: object) -> None:
        await asyncio.to_thread(self._everything.close)

    def _wait(self, holds: Callable[[RedisServer], bool]) -> None:
        deadline = time.monotonic() + _READY_S
        for server in self.running():
            while not holds(server):
                if time.monotonic() > deadline:
                    raise RuntimeError("the cluster is not whole:\n" + _info(server))
                time.sleep(0.02)


def slot_of(event_id: str) -> int:
    return key_slot(f"{{{event_id}}}".encode())


def node_id(server: RedisServer) -> str:
    return server.command("CLUSTER", "MYID")


def _server() -> RedisServer:
    options = {
        "cluster-enabled": "yes",
        "cluster-port": str(free_port()),
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
    }
    return RedisServer(options)


def _address(server: RedisServer) -> str:
    return f"127.0.0.1:{server.port}"


def _info(server: RedisServer) -> str:
    return server.command("CLUSTER", "INFO")


def _in_step(server: RedisServer) -> bool:
    role = server.command("ROLE").split()
    return role[0] == "master" or role[3] == "connected"


def _holds(slots: str, slot: int) -> bool:
    """Tell whether `slots`, as `CLUSTER NODES` writes them, holds `slot`."""
    if slots.startswith("["):  # one on its way
        return False
    first, _, last = slots.partition("-")
    return int(first) <= slot <= int(last or first)
