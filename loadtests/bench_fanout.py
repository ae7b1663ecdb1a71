"""What a broadcast costs and how long it takes: `make bench-fanout`.

Announcements go the whole way: a moderator's command, the log, the fold, the projection, one encoding, and
a write to every socket. Each is followed by as many `send()`s of as many bytes from a C program.
"""

from __future__ import annotations

import statistics
import time
from typing import NamedTuple

from floor import Floor, floor
from rig import (
    THREE_CHANNELS,
    Figures,
    Generator,
    cpu_s,
    main,
    percentile,
    served,
    set_up,
    tokens,
)
from showcaller_load.swarm import Client, Swarm

from showcaller.testing.serving import ServeProcess

RUNS = 3
ROUNDS = 10  # of a second each
WARM_UP = 2
SETTLE_S = 0.02
FLOOR_AFTER_S = 0.3
FREQUENT_SOCKETS, FREQUENT_PER_S, FREQUENT_S = 1_000, 50, 5
_STAMP = b'"text":"sent at '


class Broadcasts:
    """Announcements that carry the time at which their command was sent, and the delays of all copies."""

    def __init__(self, swarm: Swarm, announcers: list[Client]) -> None:
        swarm.on_message = self._note
        self._swarm = swarm
        self._announcers = announcers
        self._sent = 0
        self.delays_ms: list[float] = []
        self.frame_bytes = 0

    def send(self) -> None:
        announcer = self._announcers[self._sent % len(self._announcers)]
        self._sent += 1
        text = f"sent at {time.perf_counter_ns():020} to everybody: a short break, then questions"
        announcer.command(f"a{self._sent}", "announcement.make", text=text)

    def _note(self, client: Client, payload: bytes) -> None:
        if payload.startswith(b'{"op":"change"') and (at := payload.find(_STAMP)) > 0:
            sent_ns = int(payload[at + len(_STAMP) : at + len(_STAMP) + 20])
            self.delays_ms.append((time.perf_counter_ns() - sent_ns) / 1e6)
            self.frame_bytes = len(payload) + 4

    def await_copies(self, count: int) -> None:
        self._swarm.run_until(lambda: len(self.delays_ms) >= count, 10, "a broadcast")


class Round(NamedTuple):
    """One message: CPU for each delivery, of the server and of the floor, and our share of our core."""

    cost_us: float
    floor_us: float
    busy: float


async def lone(sockets: int, figures: Figures) -> None:
    """One message a second to `sockets` sockets, each followed by its floor."""
    async with served() as server:
        swarm = Swarm(server.port, "bench")
        announcers = swarm.join(tokens(server, 1, "moderator"), ())
        swarm.join(tokens(server, sockets), THREE_CHANNELS)
        with floor(sockets) as below:
            for _ in range(RUNS):
                broadcasts = Broadcasts(swarm, announcers)
                for _ in range(WARM_UP):
                    one_round(swarm, broadcasts, server, sockets, below)
                broadcasts.delays_ms.clear()
                rounds = [
                    one_round(swarm, broadcasts, server, sockets, below) for _ in range(ROUNDS)
                ]
                report(figures, sockets, broadcasts.delays_ms, rounds)
        swarm.close()


def one_round(
    swarm: Swarm, broadcasts: Broadcasts, server: ServeProcess, sockets: int, below: Floor | None
) -> Round:
    """Takes a second."""
    began_s, before_s = time.perf_counter(), cpu_s(server.pid)
    wanted = len(broadcasts.delays_ms) + sockets
    with Generator() as generator:
        broadcasts.send()
        broadcasts.await_copies(wanted)
    swarm.run_for(SETTLE_S)
    cost_us = (cpu_s(server.pid) - before_s) / sockets * 1e6
    swarm.run_for(FLOOR_AFTER_S)
    floor_us = below.us_per_send(broadcasts.frame_bytes) if below else 0.0
    swarm.run_for(max(0.0, began_s + 1 - time.perf_counter()))
    return Round(cost_us, floor_us, generator.busy)


def report(figures: Figures, sockets: int, delays_ms: list[float], rounds: list[Round]) -> None:
    at = f"_{sockets}" if sockets != 10_000 else ""
    busy = statistics.median(one.busy for one in rounds)
    figures.add(f"broadcast_p50_ms{at}", statistics.median(delays_ms), busy=busy)
    figures.add(f"broadcast_p99_ms{at}", percentile(delays_ms, 0.99), busy=busy)
    cost_us = statistics.median(one.cost_us for one in rounds)
    figures.add(f"fanout_cpu_us_per_delivery{at}", cost_us, busy=busy)
    if ratios := [one.cost_us / one.floor_us for one in rounds if one.floor_us]:
        figures.add(f"fanout_cpu_ratio_to_floor{at}", statistics.median(ratios), busy=busy)


async def frequent(figures: Figures) -> None:
    """Fifty messages a second to a thousand sockets, then the same from the floor."""
    async with served() as server:
        swarm = Swarm(server.port, "bench")
        announcers = swarm.join(tokens(server, 20, "moderator"), ())
        swarm.join(tokens(server, FREQUENT_SOCKETS), THREE_CHANNELS)
        with floor(FREQUENT_SOCKETS) as below:
            for _ in range(RUNS):
                frequent_run(swarm, Broadcasts(swarm, announcers), server, below, figures)
        swarm.close()


def frequent_run(
    swarm: Swarm,
    broadcasts: Broadcasts,
    server: ServeProcess,
    below: Floor | None,
    figures: Figures,
) -> None:
    messages = FREQUENT_PER_S * FREQUENT_S
    before_s, began_s = cpu_s(server.pid), time.perf_counter()
    with Generator() as generator:
        for number in range(messages):
            swarm.run_for(max(0.0, began_s + number / FREQUENT_PER_S - time.perf_counter()))
            broadcasts.send()
        broadcasts.await_copies(messages * FREQUENT_SOCKETS)
    cost_us = (cpu_s(server.pid) - before_s) / (messages * FREQUENT_SOCKETS) * 1e6
    delay_ms = percentile(broadcasts.delays_ms, 0.99)
    figures.add("broadcast_p99_ms_50_per_s", delay_ms, busy=generator.busy)
    figures.add("fanout_cpu_us_per_delivery_50_per_s", cost_us, busy=generator.busy)
    if below:
        pause_us = 1_000_000 // FREQUENT_PER_S
        floor_us = below.us_per_send(broadcasts.frame_bytes, messages, pause_us)
        ratio = cost_us / floor_us
        figures.add("fanout_cpu_ratio_to_floor_50_per_s", ratio, busy=generator.busy)


async def run(figures: Figures) -> None:
    set_up(10_000)
    await lone(4_000, figures)
    await lone(10_000, figures)
    await frequent(figures)


if __name__ == "__main__":
    main(run)
