"""Measures what idle people cost, how fast they come in and come back: `make bench-connections`."""

from __future__ import annotations

import asyncio
import heapq
import random
import re
import time

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
IDLE_S = 30  # seven heartbeats
SETTLE_S = 3
JOINS = 4_000
STORM_SOCKETS = 10_000
BACK_OFF_S = 0.5  # PROTOCOL.md §7: the first delay is random, up to this
PROBE_EVERY_S = 0.02  # the server closes who sends more than 200 messages within a second
SNAPSHOT_QUESTIONS = 200
RETRY_AFTER = re.compile(r"^101[23] .* retry_after_ms=(\d+)$")


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
        crowd = Crowd(server.port, "bench")
        ask_questions(crowd, server, SNAPSHOT_QUESTIONS)
        crowd.cut()
        crowd.join(tokens(server, STORM_SOCKETS), THREE_CHANNELS)
        for _ in range(RUNS):
            crowd.run_for(1)
            with Generator() as generator:
                took_s, lags_ms = storm_once(crowd, server)
            figures.add("resume_storm_s", took_s, busy=generator.busy)
            figures.add("resume_storm_loop_lag_p99_ms", percentile(lags_ms, 0.99))
            figures.add("resume_storm_sent_away", crowd.sent_away)
        crowd.close()


class Crowd(Swarm):
    """Comes back when it is cut off, and when it is told to come back (PROTOCOL.md §7)."""

    def __init__(self, port: int, event: str) -> None:
        super().__init__(port, event)
        self.sent_away = 0
        self._returning: list[tuple[float, int, Client]] = []  # when, and in which order

    def storm(self) -> None:
        now_s, self.sent_away = time.perf_counter(), 0
        for client in self.cut():
            self._come_back(client, now_s + random.uniform(0, BACK_OFF_S))

    def return_those_due(self) -> None:
        now_s = time.perf_counter()
        while self._returning and self._returning[0][0] <= now_s:
            _, _, client = heapq.heappop(self._returning)
            self.connect(client.token, client.channels).since = client.since

    def _come_back(self, client: Client, at_s: float) -> None:
        heapq.heappush(self._returning, (at_s, id(client), client))

    def _lose(self, fd: int, why: str) -> None:
        client = self.clients[fd]
        super()._lose(fd, why)
        if told := RETRY_AFTER.search(why):
            self.lost.pop()
            self.sent_away += 1
            self._come_back(client, time.perf_counter() + int(told[1]) / 1000)


def storm_once(crowd: Crowd, server: ServeProcess) -> tuple[float, list[float]]:
    """Seconds until everybody is whole again, and how late the server read what a prober sent."""
    lags_ms: list[float] = []
    inside = Swarm(server.port, "bench", lambda _, payload: note_lag(payload, lags_ms))
    prober = inside.join(tokens(server, 1), ())[0]
    began_s = time.perf_counter()
    crowd.storm()
    probe_s = 0.0
    while crowd.whole < STORM_SOCKETS:
        crowd.return_those_due()
        now_s = time.perf_counter()
        if now_s - probe_s >= PROBE_EVERY_S:
            probe_s = now_s
            prober.clock(time.time() * 1000)
        inside.poll(0)
        crowd.poll(0.001)
        if now_s - began_s > 60 or crowd.lost or inside.lost:
            raise TimeoutError(f"{crowd.whole} are whole, lost: {(crowd.lost + inside.lost)[:3]}")
    took_s = time.perf_counter() - began_s
    inside.close()
    return took_s, lags_ms


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
