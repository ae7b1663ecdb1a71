"""Showcaller beside its peers, on the same machine in the same run: `make bench-peers`.

The same text goes to the same sockets through each, one server at a time on the first core, and one
generator receives it on the last: 50 messages a second to 1,000 sockets, then one a second to 10,000.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from typing import NamedTuple

from peers.contestants import Contestant, Running, contestants
from peers.installs import Absent
from rich.console import Console
from rich.table import Table
from rig import (
    THREE_CHANNELS,
    Figures,
    Generator,
    cpu_s,
    percentile,
    private_dirty_kib,
    set_up,
)
from showcaller_load.swarm import Client

PASSES = 3
FEW, MANY = 1_000, 10_000
FREQUENT_PER_S, FREQUENT_S = 50, 4
ROUNDS, WARM_UP = 8, 2
SETTLE_S = 2.0
LATE_S = 60.0  # for the slowest to deliver what was published
STAMP = b"sent at "
DIGITS = 20
TEXT = (
    "sent at {:020} to everybody: a short break now, and after it the questions of the first talk"
)


class Copies:
    """The delay of each copy of what is published, and its size on the wire."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._answer = getattr(running.swarm, "answer", None)
        running.swarm.on_message = self._note
        self.delays_ms: list[float] = []
        self.bytes = 0

    def publish(self) -> None:
        self._running.publish(TEXT.format(time.perf_counter_ns()))

    def await_all(self, wanted: int) -> None:
        self._running.swarm.run_until(lambda: len(self.delays_ms) >= wanted, LATE_S, "copies")

    def _note(self, client: Client, payload: bytes) -> None:
        """A frame of Centrifugo's may hold several messages, a line each; ours has none of those."""
        for message in payload.split(b"\n") if b"\n" in payload else (payload,):
            at = message.find(STAMP)
            if at >= 0:
                sent_ns = int(message[at + len(STAMP) : at + len(STAMP) + DIGITS])
                self.delays_ms.append((time.perf_counter_ns() - sent_ns) / 1e6)
                self.bytes = len(message) + (4 if len(message) > 125 else 2)
            elif self._answer is not None:
                self._answer(client, message)


class Load(NamedTuple):
    """The cost of one load, and the time it took."""

    deliveries_per_cpu_s: float
    p50_ms: float
    p99_ms: float
    frame_bytes: int
    busy: float


class Result(NamedTuple):
    """One contestant in one pass."""

    lone: Load
    frequent: Load
    memory_kib: float


def frequent(running: Running, sockets: int) -> Load:
    """Fifty messages a second; the CPU of all of the server's process until the last copy is here."""
    copies, messages = Copies(running), FREQUENT_PER_S * FREQUENT_S
    before_s, began_s = cpu_s(running.pid), time.perf_counter()
    with Generator() as generator:
        for number in range(messages):
            running.swarm.run_for(max(0.0, began_s + number / FREQUENT_PER_S - time.perf_counter()))
            copies.publish()
        copies.await_all(messages * sockets)
    return load(copies, cpu_s(running.pid) - before_s, generator.busy)


def lone(running: Running, sockets: int) -> Load:
    """One message a second; CPU of the whole seconds, with pings and collections of garbage."""
    for _ in range(WARM_UP):
        one_round(running, Copies(running), sockets)
    copies, before_s = Copies(running), cpu_s(running.pid)
    busy = [one_round(running, copies, sockets) for _ in range(ROUNDS)]
    return load(copies, cpu_s(running.pid) - before_s, statistics.median(busy))


def one_round(running: Running, copies: Copies, sockets: int) -> float:
    """Takes a second. Our share of our core until the last copy was here."""
    began_s, wanted = time.perf_counter(), len(copies.delays_ms) + sockets
    with Generator() as generator:
        copies.publish()
        copies.await_all(wanted)
    running.swarm.run_for(max(0.0, began_s + 1 - time.perf_counter()))
    return generator.busy


def load(copies: Copies, cpu: float, busy: float) -> Load:
    delays_ms = copies.delays_ms
    return Load(
        len(delays_ms) / cpu,
        statistics.median(delays_ms),
        percentile(delays_ms, 0.99),
        copies.bytes,
        busy,
    )


async def measure(contestant: Contestant, sockets: int) -> Result:
    async with contestant.serving() as running:
        swarm, people = running.swarm, iter(running.tokens(sockets))
        few = min(FEW, sockets // 2)
        swarm.join([next(people) for _ in range(few)], THREE_CHANNELS)
        often = frequent(running, few)
        before_kib = settled_kib(running)
        swarm.join(people, THREE_CHANNELS)
        memory_kib = (settled_kib(running) - before_kib) / (sockets - few)
        return Result(lone(running, sockets), often, memory_kib)


def settled_kib(running: Running) -> int:
    running.swarm.run_for(SETTLE_S)
    running.collect()
    return private_dirty_kib(running.pid)


def add(figures: Figures, name: str, result: Result) -> None:
    for at, one in (("", result.lone), ("_50_per_s", result.frequent)):
        figures.add(f"deliveries_per_cpu_s{at}_{name}", one.deliveries_per_cpu_s, busy=one.busy)
        figures.add(f"p50_ms{at}_{name}", one.p50_ms, busy=one.busy)
        figures.add(f"p99_ms{at}_{name}", one.p99_ms, busy=one.busy)
    figures.add(f"memory_per_connection_kib_{name}", result.memory_kib)


def add_ratios(figures: Figures, results: dict[str, Result]) -> None:
    """Showcaller's figures divided by Centrifugo's of the same pass; by the library's without it."""
    for ours, theirs, at in (
        ("showcaller_sqlite", "memory", "memory"),
        ("showcaller_redis", "redis", "redis"),
        ("showcaller_sqlite", "memory_tuned", "memory_tuned"),
    ):
        peer = results.get(f"centrifugo_{theirs}") or results.get(f"centrifuge_{theirs}")
        if (our := results.get(ours)) is None or peer is None:
            continue
        name = "deliveries_per_cpu_s_ratio_to_centrifugo_"
        lone_ratio = our.lone.deliveries_per_cpu_s / peer.lone.deliveries_per_cpu_s
        figures.add(name + at, lone_ratio, busy=our.lone.busy)
        frequent_ratio = our.frequent.deliveries_per_cpu_s / peer.frequent.deliveries_per_cpu_s
        figures.add(name + at + "_50_per_s", frequent_ratio, busy=our.frequent.busy)
        memory = "memory_ratio_to_centrifugo" + ("_tuned" if at == "memory_tuned" else "")
        if at != "redis":
            figures.add(memory, our.memory_kib / peer.memory_kib)


def show_table(passes: list[dict[str, Result]], titles: dict[str, str], sockets: int) -> None:
    """Medians of the passes."""
    table = Table(
        title=f"One message a second to {sockets:,} sockets; in brackets fifty to {FEW:,}"
    )
    table.add_column("server")
    for heading in ("deliveries / CPU s", "p50 ms", "p99 ms", "KiB a socket", "bytes a message"):
        table.add_column(heading, justify="right")
    for name, title in titles.items():
        results = [one[name] for one in passes if name in one]
        if results:
            table.add_row(title, *cells(results))
    Console(width=150).print(table)


def cells(results: list[Result]) -> list[str]:
    def both(field: str, form: str) -> str:
        one = statistics.median(getattr(result.lone, field) for result in results)
        often = statistics.median(getattr(result.frequent, field) for result in results)
        return f"{one:{form}} ({often:{form}})"

    memory = statistics.median(result.memory_kib for result in results)
    first = results[0].lone
    return [
        both("deliveries_per_cpu_s", ",.0f"),
        both("p50_ms", ".1f"),
        both("p99_ms", ".1f"),
        f"{memory:.1f}",
        str(first.frame_bytes),
    ]


async def run(figures: Figures, options: argparse.Namespace) -> None:
    set_up(options.sockets)
    taking_part = [one for one in contestants() if not options.only or one.name in options.only]
    titles = {one.name: one.title for one in taking_part}
    passes: list[dict[str, Result]] = []
    for _ in range(options.passes):
        results: dict[str, Result] = {}
        for contestant in list(taking_part):
            print(contestant.title, flush=True)
            try:
                results[contestant.name] = await measure(contestant, options.sockets)
            except Absent as why:
                print(f"ABSENT {contestant.name}: {why}", flush=True)
                taking_part.remove(contestant)
                continue
            add(figures, contestant.name, results[contestant.name])
        add_ratios(figures, results)
        passes.append(results)
    show_table(passes, titles, options.sockets)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=PASSES)
    parser.add_argument("--sockets", type=int, default=MANY, help="of the lone messages")
    parser.add_argument("--only", nargs="*", help="names of contestants")
    return parser.parse_args()


def main() -> None:
    figures, chosen = Figures(), options()
    asyncio.run(run(figures, chosen))
    figures.show()


if __name__ == "__main__":
    main()
