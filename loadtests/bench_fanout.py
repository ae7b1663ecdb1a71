"""What a broadcast costs and how long it takes: `make bench-fanout`.

Announcements go the whole way: a moderator's command, the log, the fold, the projection, one encoding, and
a write to every socket. Each is followed by as many `send()`s of as many bytes from a C program.
"""

from __future__ import annotations

import statistics
import time

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
from swarm import Client, Swarm

from showcaller.testing.serving import ServeProcess

RUNS = 3
ROUNDS = 10  # of a second each
WARM_UP = 2
SETTLE_S = 0.02
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


async def lone(sockets: int, figures: Figures) -> None:
    """One message a second to `sockets` sockets, each followed by its floor."""
    async with served() as server:
        swarm = Swarm(server.port, "bench")
        announcers = swarm.join(tokens(server, 1, "moderator"), ())
        swarm.join(tokens(server, sockets), THREE_CHANNELS)
        with floor(sockets) as below:
            for _ in range(RUNS):
                broadcasts = Broadcasts(swarm, announcers)
                ratios, costs_us, busy = [], [], []
                for number in range(WARM_UP + ROUNDS):
                    began_s = time.perf_counter()
                    if number == WARM_UP:
                        broadcasts.delays_ms.clear()
                        ratios, costs_us, busy = [], [], []
                    cost_us, share = one_round(swarm, broadcasts, server, sockets)
                    costs_us.append(cost_us)
                    busy.append(share)
                    swarm.run_for(0.3)
                    if below:
                        ratios.append(cost_us / below.us_per_send(broadcasts.frame_bytes))
                    swarm.run_for(max(0.0, 1 - (time.perf_counter() - began_s)))
                report(
                    figures,
                    sockets,
                    broadcasts.delays_ms,
                    costs_us,
                    ratios,
                    statistics.median(busy),
                )
        swarm.close()


def one_round(
    swarm: Swarm, broadcasts: Broadcasts, server: ServeProcess, sockets: int
) -> tuple[float, float]:
    """The server's CPU (µs) for each delivery of one message, and the generator's share of its core."""
    wanted = len(broadcasts.delays_ms) + sockets
    before_s = cpu_s(server.pid)
    with Generator() as generator:
        broadcasts.send()
        broadcasts.await_copies(wanted)
    swarm.run_for(SETTLE_S)
    return (cpu_s(server.pid) - before_s) / sockets * 1e6, generator.busy


def report(
    figures: Figures,
    sockets: int,
    delays_ms: list[float],
    costs_us: list[float],
    ratios: list[float],
    busy: float,
) -> None:
    at = f"_{sockets}" if sockets != 10_000 else ""
    figures.add(f"broadcast_p50_ms{at}", statistics.median(delays_ms), busy=busy)
    figures.add(f"broadcast_p99_ms{at}", percentile(delays_ms, 0.99), busy=busy)
    figures.add(f"fanout_cpu_us_per_delivery{at}", statistics.median(costs_us), busy=busy)
    if ratios:
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
