"""Measures what TLS costs: in our process, in nginx before it, in the standard library alone.

`make bench-tls`. The same sockets, the same messages, three servers one after the other. Ends with lines
`name: value`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from bench_fanout import Broadcasts
from rig import (
    EVENT,
    QUESTIONS,
    THREE_CHANNELS,
    Figures,
    cpu_s,
    on_server_core,
    private_dirty_kib,
    served,
    set_up,
    tokens,
)
from showcaller_load.swarm import Swarm
from tls_swarm import TlsSwarm, trusting

from showcaller.testing.certificates import make_pair
from showcaller.testing.free_ports import free_port
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

FIRST = 100  # what the first ones need stays
ROUNDS, WARM_UP = 10, 2
JOINS, AT_ONCE = 1_000, 20  # no storm: nobody is to be sent away
NGINX = """
worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log error; daemon off;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
    access_log off;
    map $http_upgrade $connection_upgrade {{ default upgrade; "" ""; }}
    server {{
        listen 127.0.0.1:{port} ssl backlog=4096;
        ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;
        location / {{
            proxy_pass http://127.0.0.1:{node}; proxy_http_version 1.1; proxy_read_timeout 60s;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade;
            proxy_set_header Host $http_host;
        }}
    }}
}}
"""


class Way(NamedTuple):
    """A way in: `name` ends its figures. `pids` are all processes that it takes."""

    name: str
    server: ServeProcess
    port: int
    pids: tuple[int, ...]
    swarm: Callable[..., Swarm]

    def cpu_s(self) -> float:
        return sum(map(cpu_s, self.pids))

    def memory_kib(self) -> int:
        return sum(map(private_dirty_kib, self.pids))


@contextlib.asynccontextmanager
async def plain(folder: Path) -> AsyncIterator[Way]:
    async with served() as server:
        yield Way("plain", server, server.port, (server.pid,), Swarm)


@contextlib.asynccontextmanager
async def tls(folder: Path) -> AsyncIterator[Way]:
    pair = ("--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))
    async with served(*pair) as server:
        yield Way("tls", server, server.port, (server.pid,), TlsSwarm)


@contextlib.asynccontextmanager
async def nginx(folder: Path) -> AsyncIterator[Way]:
    """nginx ends the TLS, on the server's core as well."""
    async with served("--behind-proxy") as server:
        port = free_port()
        text = NGINX.format(folder=folder, port=port, node=server.port, files=65_000)
        (folder / "nginx.conf").write_text(text)
        program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "nginx is needed: make tools"
        user = "user root;" if os.geteuid() == 0 else ""
        with on_server_core():
            process = await asyncio.create_subprocess_exec(
                program, "-c", folder / "nginx.conf", "-p", folder, "-g", user
            )
        try:
            await until(lambda: workers_of(process.pid) and is_open(port))
            pids = (server.pid, process.pid, *workers_of(process.pid))
            yield Way("nginx", server, port, pids, TlsSwarm)
        finally:
            process.terminate()
            await process.wait()


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def workers_of(pid: int) -> tuple[int, ...]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return tuple(map(int, children))


def fan_out(way: Way, sockets: int) -> tuple[float, float]:
    """CPU of a delivery (µs), and memory of a connection (KiB)."""
    swarm = way.swarm(way.port, EVENT)
    announcers = swarm.join([way.server.token(EVENT, "moderator", name="Moderator")], ())
    swarm.join(tokens(way.server, FIRST), THREE_CHANNELS)
    before_kib = way.memory_kib()
    swarm.join(tokens(way.server, sockets - FIRST), THREE_CHANNELS, at_once=AT_ONCE)
    swarm.run_for(2)
    memory_kib = (way.memory_kib() - before_kib) / (sockets - FIRST)
    broadcasts = Broadcasts(swarm, announcers)
    costs_us = [delivery_us(way, swarm, broadcasts, sockets) for _ in range(WARM_UP + ROUNDS)]
    swarm.close()
    time.sleep(2)  # the server lets go of them
    return statistics.median(costs_us[WARM_UP:]), memory_kib


def delivery_us(way: Way, swarm: Swarm, broadcasts: Broadcasts, sockets: int) -> float:
    before_s, wanted = way.cpu_s(), len(broadcasts.delays_ms) + sockets
    broadcasts.send()
    broadcasts.await_copies(wanted)
    swarm.run_for(0.02)
    cost_us = (way.cpu_s() - before_s) / sockets * 1e6
    swarm.run_for(0.3)
    return cost_us


def join_ms(way: Way, **options: bool) -> float:
    """CPU of a join, from the TCP connect to a channel's snapshot. With `resumes`, after the first one."""
    swarm = way.swarm(way.port, EVENT, **options)
    swarm.join(tokens(way.server, 1), (QUESTIONS,))
    minted, before_s = tokens(way.server, JOINS), way.cpu_s()
    swarm.join(minted, (QUESTIONS,), at_once=AT_ONCE)
    cost_ms = (way.cpu_s() - before_s) / JOINS * 1e3
    if options:
        assert isinstance(swarm, TlsSwarm)
        assert swarm.resumed == JOINS, f"{swarm.resumed} of {JOINS} resumed"
    swarm.close()
    time.sleep(1)  # the server lets go of them
    return cost_ms


async def ways(folder: Path, sockets: int, figures: Figures) -> None:
    cost_us: dict[str, float] = {}
    joined_ms: dict[str, float] = {}
    for kind in (plain, tls, nginx):
        async with kind(folder) as way:
            # First: who comes later takes the memory of who has left.
            cost_us[way.name], memory_kib = fan_out(way, sockets)
            joined_ms[way.name] = join_ms(way)
            if way.name == "tls":
                joined_ms["tls_resumed"] = join_ms(way, resumes=True)
            figures.add(f"fanout_cpu_us_per_delivery_{way.name}", cost_us[way.name])
            figures.add(f"memory_per_{way.name}_connection_kib", memory_kib)
    for name, cost_ms in joined_ms.items():
        figures.add(f"join_cpu_ms_{name}", cost_ms)
    figures.add("fanout_cpu_ratio_tls_to_plain", cost_us["tls"] / cost_us["plain"])
    figures.add("fanout_cpu_ratio_tls_to_nginx", cost_us["tls"] / cost_us["nginx"])
    for name in ("tls", "tls_resumed"):
        figures.add(f"{name}_joins_ratio_to_plain", joined_ms["plain"] / joined_ms[name])


def objects(folder: Path, connections: int, figures: Figures) -> None:
    """The standard library's `SSLObject` by itself, as a record layer for our own connection."""
    here = Path(__file__).with_name("tls_objects.py")
    argv = [sys.executable, here, folder / "cert.pem", folder / "key.pem", str(connections)]
    with (
        on_server_core(),
        subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process,
        contextlib.ExitStack() as stack,
    ):
        assert process.stdout is not None
        port, context = int(process.stdout.readline()), trusting()
        for sock in visitors(port, connections + 50):
            stack.enter_context(context.wrap_socket(stack.enter_context(sock)))
        told = json.loads(process.stdout.readline())
    for name, value in told.items():
        figures.add(f"sslobject_{name}", value)


def visitors(port: int, count: int) -> Iterator[socket.socket]:
    for _ in range(count):
        yield socket.create_connection(("127.0.0.1", port))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sockets", type=int, default=10_000)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    set_up(chosen.sockets)
    with tempfile.TemporaryDirectory() as name, figures.reported(chosen.json):
        folder = Path(name)
        make_pair(folder)
        for _ in range(chosen.passes):
            objects(folder, min(chosen.sockets, 2_000), figures)
            asyncio.run(ways(folder, chosen.sockets, figures))


if __name__ == "__main__":
    main()
