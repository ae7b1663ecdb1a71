"""The contestants: each starts its server on the server's core and says how to publish through it."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import count, cycle
from pathlib import Path

import jwt
from rig import on_server_core, served, tokens
from showcaller_load.swarm import Swarm

from showcaller.testing.free_ports import free_port
from showcaller.testing.redis_server import RedisServer

from . import installs
from .dialects import (
    BroadcastSwarm,
    CentrifugeSwarm,
    HttpPublisher,
    PeerSwarm,
    SocketIoSwarm,
    SocketPublisher,
    collect_garbage,
)

CHANNEL = "announcements"
MODERATORS = 20  # each may make ten announcements a second
SECRET = "a secret that only this benchmark uses"
START_S = 30.0


@dataclass(frozen=True)
class Running:
    """A contestant that serves. `publish(text)` tells everybody; `collect()` gives memory back."""

    pid: int
    swarm: Swarm
    tokens: Callable[[int], list[str]]
    publish: Callable[[str], None]
    collect: Callable[[], None]


@dataclass(frozen=True)
class Contestant:
    """`name` is in the figures' names, `title` in the table. `serving` may raise `installs.Absent`."""

    name: str
    title: str
    serving: Callable[[], AbstractAsyncContextManager[Running]]


def contestants() -> list[Contestant]:
    library = "Centrifuge 0.40.1"  # which Centrifugo is built on
    return [
        Contestant("showcaller_sqlite", "Showcaller, SQLite", lambda: showcaller(redis=False)),
        Contestant("showcaller_redis", "Showcaller, Redis", lambda: showcaller(redis=True)),
        Contestant("centrifuge_memory", f"{library}, memory", lambda: centrifuge()),
        Contestant("centrifuge_redis", f"{library}, Redis", lambda: centrifuge(redis=True)),
        Contestant(
            "centrifuge_memory_tuned", f"{library}, memory, tuned", lambda: centrifuge("-tuned")
        ),
        Contestant("centrifugo_memory", "Centrifugo, memory", lambda: centrifugo(redis=False)),
        Contestant("centrifugo_redis", "Centrifugo, Redis", lambda: centrifugo(redis=True)),
        Contestant("socketio", "Socket.IO 4.8 on Node", socketio),
        Contestant("websockets", "websockets.broadcast, uvloop", websockets),
    ]


@contextlib.asynccontextmanager
async def showcaller(*, redis: bool) -> AsyncIterator[Running]:
    """The production path: a moderator's command, log, fold, projection, hub."""
    with redis_when(redis) as address:
        options = ("--broker", f"redis://{address}") if redis else ()
        async with served(*options) as server:
            swarm = Swarm(server.port, "bench")
            moderators = cycle(swarm.join(tokens(server, MODERATORS, "moderator"), ()))
            numbers = count()

            def publish(text: str) -> None:
                next(moderators).command(f"a{next(numbers)}", "announcement.make", text=text)

            yield Running(
                server.pid, swarm, lambda many: tokens(server, many), publish, lambda: None
            )
            swarm.close()


@contextlib.asynccontextmanager
async def centrifuge(*options: str, redis: bool = False) -> AsyncIterator[Running]:
    command = installs.centrifuge()
    with redis_when(redis) as address:
        if redis:
            options = (*options, "-redis", address)
        with started([*command, *options]) as (pid, port):
            publisher = HttpPublisher(port, "/api/publish")
            with peer(pid, CentrifugeSwarm(port, ""), publisher) as running:
                yield running


@contextlib.asynccontextmanager
async def centrifugo(*, redis: bool) -> AsyncIterator[Running]:
    """The real thing with its defaults, but for what Showcaller offers too: recovery, and tokens."""
    command, port = installs.centrifugo(), free_port()
    with redis_when(redis) as address, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.json"
        config.write_text(json.dumps(centrifugo_config(port, address if redis else None)))
        with started([*command[:1], "--config", config], port=port) as (pid, _):
            publisher = HttpPublisher(port, "/api/publish", f"X-API-Key: {SECRET}\r\n")
            swarm = CentrifugeSwarm(port, "")
            with peer(pid, swarm, publisher, collects=False, tokens=signed_tokens) as running:
                yield running


def centrifugo_config(port: int, redis: str | None) -> dict[str, object]:
    engine = {"type": "redis", "redis": {"address": redis}} if redis else {"type": "memory"}
    followed = {"history_size": 1000, "history_ttl": "1h", "force_recovery": True}
    return {
        "http_server": {"address": "127.0.0.1", "port": port},
        "client": {"token": {"hmac_secret_key": SECRET}},
        "http_api": {"key": SECRET},
        "channel": {"without_namespace": {"allow_subscribe_for_client": True, **followed}},
        "engine": engine,
        "usage_stats": {"disabled": True},
    }


@contextlib.asynccontextmanager
async def socketio() -> AsyncIterator[Running]:
    with started(installs.socketio()) as (pid, port):
        with peer(pid, SocketIoSwarm(port, ""), HttpPublisher(port, "/publish")) as running:
            yield running


@contextlib.asynccontextmanager
async def websockets() -> AsyncIterator[Running]:
    with started(installs.websockets()) as (pid, port):
        swarm = BroadcastSwarm(port, "")
        with peer(pid, swarm, SocketPublisher(swarm), collects=False) as running:
            yield running


def names(many: int) -> list[str]:
    return [f"person-{number}" for number in range(many)]


@contextlib.contextmanager
def peer(
    pid: int,
    swarm: PeerSwarm,
    publisher: HttpPublisher | SocketPublisher,
    *,
    collects: bool = True,
    tokens: Callable[[int], list[str]] = names,
) -> Iterator[Running]:
    numbers = count()

    def publish(text: str) -> None:
        data = {"type": "announcement", "id": f"a_{next(numbers):016}", "text": text}
        publisher.publish(CHANNEL, {**data, "session": None})

    def collect() -> None:
        if collects:
            collect_garbage(swarm.port)

    with contextlib.closing(swarm), contextlib.closing(publisher):
        yield Running(pid, swarm, tokens, publish, collect)


def signed_tokens(many: int) -> list[str]:
    expires = int(time.time()) + 3600
    return [
        jwt.encode({"sub": name, "exp": expires}, SECRET, algorithm="HS256") for name in names(many)
    ]


@contextlib.contextmanager
def redis_when(wanted: bool) -> Iterator[str]:
    """HOST:PORT of a Redis of its own on the server's core; it persists nothing, for any contestant."""
    if not wanted:
        yield ""
        return
    installs.redis_server()
    server = RedisServer()
    with on_server_core():
        server.start()
    try:
        yield f"127.0.0.1:{server.port}"
    finally:
        server.stop()


@contextlib.contextmanager
def started(command: installs.Command, *, port: int | None = None) -> Iterator[tuple[int, int]]:
    """Run a server on its core; gives its pid and the port, which it prints unless we chose it."""
    env = os.environ | {"GOMAXPROCS": "1"}
    with on_server_core():
        server = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env, text=True
        )
    try:
        assert server.stdout is not None
        if port is None:
            port = int(server.stdout.readline())
        else:
            await_port(port)
        yield server.pid, port
    finally:
        server.terminate()
        server.communicate(timeout=START_S)


def await_port(port: int) -> None:
    deadline_s = time.monotonic() + START_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        if time.monotonic() > deadline_s:
            raise TimeoutError("the server does not listen")
        time.sleep(0.05)
