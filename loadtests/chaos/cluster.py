"""A deployment to break: nodes on one Redis, or a node with its file, behind a balancer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

import aiohttp
from showcaller_load.api import Api
from showcaller_load.deployment import EVENT_FILE, REHEARSE_FROM
from showcaller_load.results import ProcessSample
from showcaller_load.scenario import FaultPlan
from showcaller_load.tokens import Minted, TokenSource

from showcaller.testing.balancer import Balancer
from showcaller.testing.far_line import FarLine
from showcaller.testing.moved_clock import MovedServeProcess
from showcaller.testing.redis_server import DURABLE, REDIS, RedisServer
from showcaller.testing.serving import SECRET, ServeProcess
from showcaller.testing.tcp_proxy import TcpProxy
from showcaller.testing.until import until

EVENT = "load"
API = f"/api/v1/events/{EVENT}"
HEALTH_EVERY_S = 0.5
HEALTH_WITHIN_S = 1.0
DISK_MIB = 16
BrokerKind = Literal["sqlite", "redis", "replicated"]


class Node:
    """A `serve` process that comes back on another port when it is started again."""

    def __init__(
        self, options: tuple[str, ...], data: Path, kind: type[ServeProcess] = ServeProcess
    ) -> None:
        self._options = options
        self._kind = kind
        self._data = data
        self.process = self._new()

    def _new(self) -> ServeProcess:
        return self._kind(EVENT_FILE, *self._options, data=self._data)

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def url(self) -> str:
        return self.process.url

    async def start(self) -> None:
        self.process = await self._new().start()

    async def kill(self) -> None:
        """SIGKILL, and wait until it has gone."""
        self.process.kill()
        await self.process.wait()

    async def restart(self) -> None:
        """SIGTERM, wait until it has drained, and start it again."""
        await self.process.stop()
        await self.start()

    def freeze(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)


class Cluster:
    """A `showcaller_load.deployment.Deployment` of `count` nodes; `redis` and what else it has can be broken.

    `replicated`: each node reaches Redis by a name of its own (a proxy), so that the two can be led apart.
    """

    event = EVENT
    session = "talk"

    kind: type[ServeProcess] = ServeProcess
    persistence: Mapping[str, str] = DURABLE  # of Redis

    def __init__(self, count: int = 2, broker: BrokerKind = "redis", *options: str) -> None:
        self.tokens: TokenSource = Minted(SECRET, EVENT)
        self.description = f"{count} nodes on {broker}"
        self.url = ""
        self.folder = Path()
        self.nodes: list[Node] = []
        self.names: list[TcpProxy] = []  # of Redis, one for each node
        self.redis: RedisServer | None = None
        self.replica: RedisServer | None = None
        self.replica_line: TcpProxy | None = None  # over which the replica hears of the master
        self._count = count
        self._broker = broker
        self._options = options
        self._stack = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self.folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._prepare_folder()
        brokers = await self._start_brokers()
        for number in range(self._count):
            options = ("--rehearse-from", REHEARSE_FROM, "--media-workers", "0", *self._options)
            node = Node((*options, *brokers[number]), self.folder / str(number), self.kind)
            self._stack.push_async_callback(self._stop, node)
            await node.start()
            self.nodes.append(node)
        balancer = await self._stack.enter_async_context(Balancer([]))
        watching = asyncio.create_task(self._watch_health(balancer), name="health checks")
        self._stack.callback(watching.cancel)
        await until(lambda: len(balancer.ports) == self._count)
        self.url = balancer.url

    def _prepare_folder(self) -> None:
        """Leave it as it is."""

    async def _start_brokers(self) -> list[tuple[str, ...]]:
        """Return the options of each node."""
        if self._broker == "sqlite":
            return [()] * self._count
        self.redis = await self._stack.enter_async_context(RedisServer(self.persistence))
        if self._broker == "redis":
            return [("--broker", self.redis.url)] * self._count
        await self._replicate(self.redis)
        for _ in range(self._count):
            name = await self._stack.enter_async_context(TcpProxy(self.redis.port))
            self.names.append(name)
        return [
            ("--broker", f"redis://127.0.0.1:{name.port}/0", "--replicas", "1")
            for name in self.names
        ]

    async def _replicate(self, master: RedisServer) -> None:
        self.replica = await self._stack.enter_async_context(RedisServer(DURABLE))
        self.replica_line = await self._stack.enter_async_context(TcpProxy(master.port))
        replica = self.replica
        replica.command("REPLICAOF", "127.0.0.1", str(self.replica_line.port))
        await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))

    async def follow(self, master: RedisServer) -> None:
        """Give `master` a replica, as a supervisor would after a failover."""
        replica = await self._stack.enter_async_context(RedisServer(DURABLE))
        replica.command("REPLICAOF", "127.0.0.1", str(master.port))
        await until(lambda: "master_link_status:up" in replica.command("INFO", "replication"))

    @staticmethod
    async def _stop(node: Node) -> None:
        with contextlib.suppress(ProcessLookupError, TimeoutError, AssertionError):
            node.thaw()
            await node.process.stop()

    async def stop(self) -> None:
        await self._stack.aclose()

    async def cause(self, fault: FaultPlan) -> str:
        """Refuse: what breaks here is caused by the scenario's own story."""
        raise RuntimeError(f"nobody causes {fault.do} here")

    async def sample(self, api: Api, t_s: float) -> tuple[list[ProcessSample], float | None]:
        return [], None

    # Health -----------------------------------------------------------------------------------------

    async def _watch_health(self, balancer: Balancer) -> None:
        """Lead newcomers to the nodes that answer, as a proxy with health checks does."""
        limit = aiohttp.ClientTimeout(HEALTH_WITHIN_S)
        async with aiohttp.ClientSession(timeout=limit) as http:
            while True:
                answers = await asyncio.gather(*(_is_ready(http, node) for node in self.nodes))
                balancer.ports = [
                    node.port for node, ready in zip(self.nodes, answers, strict=True) if ready
                ]
                await asyncio.sleep(HEALTH_EVERY_S)

    # Asking a node ------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def asking(self, node: Node, role: str) -> AsyncIterator[aiohttp.ClientSession]:
        """HTTP to one node, as somebody with that role."""
        token = self.tokens.take(1, role)[0].token
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(node.url, headers=headers) as http:
            yield http

    async def export(self) -> list[bytes]:
        """Return the log, a line for each fact, from the first node that has it."""
        token = self.tokens.take(1, "producer")[0].token
        async with Api(self.url) as api:
            return await api.export(EVENT, token)


class FarRedis(Cluster):
    """Nodes whose Redis is far: 40 ms and a packet in a hundred lost, each way.

    Starting raises `OSError` or `CalledProcessError` where the machine allows no network namespace.
    """

    async def _start_brokers(self) -> list[tuple[str, ...]]:
        line = self._stack.enter_context(FarLine(self.folder))
        options = {**self.persistence, "bind": "0.0.0.0", "protected-mode": "no"}
        redis = RedisServer(options, program=line.behind(REDIS), host=line.far_there)
        self.redis = await self._stack.enter_async_context(redis)
        return [("--broker", self.redis.url)] * self._count


class OwnCore(Cluster):
    """A cluster whose nodes have the first core to themselves: who loads them would be on other machines."""

    async def start(self) -> None:
        cores = os.sched_getaffinity(0)
        first = {min(cores)}
        os.sched_setaffinity(0, first)
        try:
            await super().start()
        finally:
            os.sched_setaffinity(0, cores - first or cores)
        self._stack.callback(os.sched_setaffinity, 0, cores)


class MovedClocks(Cluster):
    """A cluster whose nodes' wall clocks can be set."""

    kind = MovedServeProcess

    def set_clocks(self, off_ms: int) -> None:
        """Have all wall clocks be off by so much from now on."""
        for node in self.nodes:
            assert isinstance(node.process, MovedServeProcess)
            node.process.set_clock(off_ms)


class SmallDisk(Cluster):
    """A cluster whose nodes keep their data on a disk of a few megabytes; this needs the right to mount."""

    def _prepare_folder(self) -> None:
        disk = str(self.folder)
        options = ("-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", disk)
        subprocess.run(["mount", *options], check=True)
        self._stack.callback(subprocess.run, ["umount", disk], check=True)


async def _is_ready(http: aiohttp.ClientSession, node: Node) -> bool:
    try:
        async with http.get(f"{node.url}/readyz") as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
