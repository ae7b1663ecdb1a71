"""What idle people cost, how fast they come in and come back: `make bench-connections`."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

from rig import (
    QUESTIONS,
    THREE_CHANNELS,
    Figures,
    Generator,
    ask_questions,
    cpu_s,
    main,
    percentile,
    private_dirty_kib,
    served,
    set_up,
    tokens,
)
from showcaller_load.swarm import Client, Swarm

from showcaller.testing.serving import ServeProcess

RUNS = 3
IDLE_SOCKETS = (5_000, 15_000)
IDLE_S = 30  # two heartbeats
SETTLE_S = 3
JOINS = 4_000
STORM_SOCKETS = 10_000
BACK_OFF_S = 0.5  # PROTOCOL.md §7: the first delay is random, up to this
PROBE_EVERY_S = 0.02  # the server closes who sends more than 200 messages within a second
SNAPSHOT_QUESTIONS = 200


async def idle(sockets: int, figures: Figures) -> None:
    """Authenticated, following three channels, and nothing happens but heartbeats."""
    async with served() as server:
        swarm = Swarm(server.port, "bench")
        swarm.join(tokens(server, 100), THREE_CHANNELS)  # what the first ones need stays
        before_kib = private_dirty_kib(server.pid)
        swarm.join(tokens(server, sockets), THREE_CHANNELS)
        swarm.run_for(SETTLE_S)
        at = f"_{sockets}" if sockets != max(IDLE_SOCKETS) else ""
        grown_kib = private_dirty_kib(server.pid) - before_kib
        figures.add(f"memory_per_connection_kib{at}", grown_kib / sockets)
        before_s = cpu_s(server.pid)
        with Generator() as generator:
            swarm.run_for(IDLE_S)
        cost_us = (cpu_s(server.pid) - before_s) / IDLE_S / (sockets + 100) * 1e6
        name = f"idle_cpu_us_per_connection_second{at}"
        figures.add(name, cost_us, busy=generator.busy)
        swarm.close()


async def joins(figures: Figures) -> None:
    """From the TCP connect to the whole snapshot of a channel with 200 questions."""
    async with served() as server:
        for _ in range(RUNS):
            swarm = Swarm(server.port, "bench")
            if not figures.has("joins_per_s"):
                ask_questions(swarm, server, SNAPSHOT_QUESTIONS)
            minted = tokens(server, JOINS)
            with Generator() as generator:
                began_s = time.perf_counter()
                swarm.join(minted, (QUESTIONS,))
                took_s = time.perf_counter() - began_s
            figures.add("joins_per_s", JOINS / took_s, busy=generator.busy)
            swarm.close()
            await asyncio.sleep(1)  # the server lets go of them


async def storm(figures: Figures) -> None:
    """All sockets are cut at once; each comes back after its random delay and resumes."""
    async with served() as server:
        swarm = Swarm(server.port, "bench")
        ask_questions(swarm, server, SNAPSHOT_QUESTIONS)
        swarm.cut()
        swarm.join(tokens(server, STORM_SOCKETS), THREE_CHANNELS)
        for _ in range(RUNS):
            swarm.run_for(1)
            with Generator() as generator:
                took_s, lags_ms = storm_once(swarm, server)
            figures.add("resume_storm_s", took_s, busy=generator.busy)
            figures.add("resume_storm_loop_lag_p99_ms", percentile(lags_ms, 0.99))
        swarm.close()


def storm_once(swarm: Swarm, server: ServeProcess) -> tuple[float, list[float]]:
    """Seconds until everybody is whole again, and how late the server read what a prober sent."""
    began_s = time.perf_counter()
    returning = arrivals(swarm.cut(), began_s)
    lags_ms: list[float] = []
    swarm.on_message = lambda _, payload: note_lag(payload, lags_ms)
    prober = swarm.join(tokens(server, 1), ())[0]
    probe_s, (due_s, client) = 0.0, next(returning)
    while swarm.whole < STORM_SOCKETS + 1:
        now_s = time.perf_counter()
        while due_s <= now_s:
            swarm.connect(client.token, client.channels).since = client.since
            due_s, client = next(returning, (float("inf"), client))
        if now_s - probe_s >= PROBE_EVERY_S:
            probe_s = now_s
            prober.clock(time.time() * 1000)
        swarm.poll(0.001)
        if now_s - began_s > 60 or swarm.lost:
            raise TimeoutError(f"{swarm.whole} are whole, lost: {swarm.lost[:3]}")
    return time.perf_counter() - began_s, lags_ms


def arrivals(people: list[Client], began_s: float) -> Iterator[tuple[float, Client]]:
    """Who comes back when, in order."""
    people = [client for client in people if client.channels]
    delays_s = sorted(random.uniform(0, BACK_OFF_S) for _ in people)
    return zip((began_s + delay_s for delay_s in delays_s), people, strict=True)


def note_lag(payload: bytes, lags_ms: list[float]) -> None:
    """`t2` − `t1` of a clock answer: both are this machine's clock."""
    if payload.startswith(b'{"op":"clock"'):
        _, t1, t2, _ = (part.split(b":")[-1] for part in payload.split(b","))
        lags_ms.append(float(t2) - float(t1))


async def run(figures: Figures) -> None:
    set_up(max(IDLE_SOCKETS))
    await joins(figures)
    await storm(figures)
    for sockets in IDLE_SOCKETS:
        await idle(sockets, figures)


if __name__ == "__main__":
    main(run)
