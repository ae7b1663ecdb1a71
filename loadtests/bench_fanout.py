"""Measures what a broadcast costs and how long it takes: `make bench-fanout`.

Announcements go the whole way: a moderator's command, the log, the fold, the projection, one encoding, and
a write to every socket. Each is followed by as many `send()`s of as many bytes from a C program.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from floor import Floor, floor
from rig import (
    EVENT,
    SESSION,
    THREE_CHANNELS,
    Figures,
    Generator,
    ask_questions,
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
FREQUENT_SOCKETS, FREQUENT_PER_S, FREQUENT_S = 1_000, 50, 4
FLOOR_ROUNDS = 100
FOUR_CHANNELS = (*THREE_CHANNELS, f"session/{SESSION}")
_STAMP = b'":"sent at '


class Broadcasts:
    """Announcements that carry the time at which their command was sent, and the delays of all copies."""

    def __init__(self, swarm: Swarm, announcers: list[Client], on_air: str = "") -> None:
        swarm.on_message = self._note
        self._swarm = swarm
        self._announcers = announcers
        self._on_air = on_air
        self._sent = 0
        self.delays_ms: list[float] = []
        self.frame_bytes = 0

    def send(self) -> None:
        """One message to everybody."""
        self._command("announcement.make")

    def reply(self) -> None:
        """Two messages to everybody: the question on air is in two channels."""
        self._command("question.reply", question=self._on_air)

    def _command(self, name: str, **args: str) -> None:
        announcer = self._announcers[self._sent % len(self._announcers)]
        self._sent += 1
        text = f"sent at {time.perf_counter_ns():020} to everybody: a short break, then questions"
        announcer.command(f"a{self._sent}", name, text=text, **args)

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
        announcers = swarm.join([server.token(EVENT, "moderator", name="Moderator")], ())
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


class Course(NamedTuple):
    """A pattern of messages: the instants of the commands in seconds, and how many messages each makes."""

    name: str
    at_s: list[float]
    messages: int


def evenly(per_s: float) -> list[float]:
    return [number / per_s for number in range(int(per_s * FREQUENT_S))]


def at_random(per_s: float, seed: int) -> list[float]:
    """Independent of one another (Poisson)."""
    rng = random.Random(seed)
    gaps_s = (rng.expovariate(per_s) for _ in range(int(per_s * FREQUENT_S)))
    return list(itertools.accumulate(gaps_s))


def courses(seed: int) -> list[Course]:
    """Fifty messages a second each. A reply to the question on air shows in two channels."""
    return [
        Course("", at_random(FREQUENT_PER_S, seed), 1),
        Course("_even", evenly(FREQUENT_PER_S), 1),
        Course("_pairs", at_random(FREQUENT_PER_S / 2, seed), 2),
    ]


async def frequent(figures: Figures) -> None:
    """Fifty messages a second to a thousand sockets, then as much from the floor; and without the window."""
    with floor(FREQUENT_SOCKETS) as below:
        async with served() as server, busy_talk(server) as talk:
            held_ms = [
                frequent_run(talk, course, server, below, figures)
                for seed in range(RUNS)
                for course in courses(seed)
            ]
        async with served(kind=WithoutWindow) as server, busy_talk(server) as talk:
            for seed in range(RUNS):
                course = courses(seed)[0]._replace(name="_without_window")
                unheld_ms = frequent_run(talk, course, server, None, figures)
                added_ms = held_ms[seed * len(courses(0))] - unheld_ms
                figures.add("flush_delay_added_p99_ms_50_per_s", added_ms)


class WithoutWindow(ServeProcess):
    """A server in which no message waits for another."""

    program = (str(Path(__file__).with_name("without_window.py")),)


class Talk(NamedTuple):
    swarm: Swarm
    moderators: list[Client]
    on_air: str  # the question


@contextlib.asynccontextmanager
async def busy_talk(server: ServeProcess) -> AsyncIterator[Talk]:
    """A thousand attendees, and a question on air."""
    swarm = Swarm(server.port, EVENT)
    names = [server.token(EVENT, "moderator", name=f"Moderator {n}") for n in range(20)]
    moderators = swarm.join(names, ())
    [question] = ask_questions(swarm, server, 1)
    swarm.join(tokens(server, FREQUENT_SOCKETS), FOUR_CHANNELS)
    moderators[0].command("push", "question.push", question=question)
    swarm.run_for(1)
    yield Talk(swarm, moderators, question)
    swarm.close()


def frequent_run(
    talk: Talk, course: Course, server: ServeProcess, below: Floor | None, figures: Figures
) -> float:
    """Returns the 99th percentile of the delays in milliseconds."""
    broadcasts = Broadcasts(talk.swarm, talk.moderators, talk.on_air)
    send = broadcasts.send if course.messages == 1 else broadcasts.reply
    deliveries = len(course.at_s) * course.messages * FREQUENT_SOCKETS
    before_s, began_s = cpu_s(server.pid), time.perf_counter()
    with Generator() as generator:
        for at_s in course.at_s:
            talk.swarm.run_for(max(0.0, began_s + at_s - time.perf_counter()))
            send()
        broadcasts.await_copies(deliveries)
    cost_us = (cpu_s(server.pid) - before_s) / deliveries * 1e6
    delay_ms = percentile(broadcasts.delays_ms, 0.99)
    name = f"_50_per_s{course.name}"
    figures.add(f"broadcast_p99_ms{name}", delay_ms, busy=generator.busy)
    figures.add(f"fanout_cpu_us_per_delivery{name}", cost_us, busy=generator.busy)
    if below:
        floor_us = below.us_per_send(
            broadcasts.frame_bytes, FLOOR_ROUNDS, 1_000_000 // FREQUENT_PER_S
        )
        figures.add(f"fanout_cpu_ratio_to_floor{name}", cost_us / floor_us, busy=generator.busy)
    return delay_ms


async def run(figures: Figures) -> None:
    set_up(10_000)
    await lone(4_000, figures)
    await lone(10_000, figures)
    await frequent(figures)


if __name__ == "__main__":
    main(run)
