"""Measures what one media worker on one core does for how many viewers: `make bench-media`.

The worker has the last core for itself. The node, the publisher and the viewers share the first. A figure is
INVALID when they used over 90 % of it, when their sockets dropped datagrams, or when the worker had to wait
for its core.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from media_swarm.floor import floor
from media_swarm.shape import SHAPES
from media_swarm.show import SETTLE_S, Show, memory_kib, open_files, set_up, show
from media_swarm.viewers import AT_ONCE, Refused, Viewer, Window
from rig import BUSY, Figures, percentile

EGRESSES = ("python", "native")
SLOTS = 4_000
LOST_SHARE, DELAY_MS = 0.001, 20.0  # what a viewer may lose, and wait for at p99
WAITED = 0.05
LOAD = (0.70, 0.90)  # of the worker's core, where the cost of a packet is measured
STORM_WATCHING, STORM_JOINS, STORM_AT_ONCE = 300, 500, 100
LEAVES, LEAVES_AT_ONCE = 2_000, 250
FIRST_GUESS = {"python": 300, "native": 600}


class Measured(NamedTuple):
    """A window, and what it cost."""

    viewers: int
    window: Window
    load: float  # the worker's share of its core
    waited: float  # share of the time that others had its core while it could have run
    busy: float  # of the first core, all that is on it

    @property
    def packets_per_cpu_s(self) -> float:
        return self.window.packets_per_s / self.load

    @property
    def delay_p99_ms(self) -> float:
        return percentile(self.window.delays_ms, 0.99) if self.window.delays_ms else 0.0

    @property
    def whole(self) -> bool:
        return self.window.totals.lost_share < LOST_SHARE and not self.window.totals.jumps

    @property
    def invalid(self) -> str:
        """Return why this says nothing about the worker; empty if it does."""
        if self.busy > BUSY:
            return "the generator was the bottleneck"
        if self.window.drops:
            return "the generator's sockets dropped datagrams"
        if self.window.forged:
            return "there were packets that could not be decrypted"
        return "others used the worker's core" if self.waited > WAITED else ""

    def tell(self) -> None:
        totals, window = self.window.totals, self.window
        p50_ms = statistics.median(window.delays_ms or [0])
        print(
            f"    {self.viewers} viewers: {window.packets_per_s:,.0f} packets/s, "
            f"lost {totals.lost_share:.3%}, delay p50 {p50_ms:.1f} p99 {self.delay_p99_ms:.1f} ms; "
            f"worker {self.load:.0%} of its core, kept waiting {self.waited:.0%}, "
            f"the rest {self.busy:.0%}; {self.invalid or 'valid'}",
            flush=True,
        )


class Options(NamedTuple):
    egresses: Sequence[str]
    viewers: int | None
    seconds: float
    shapes: Sequence[str]


def measure(one: Show, do: Callable[[], None], some: Sequence[Viewer] | None = None) -> Measured:
    """Return what viewers receive while `do` runs the loop."""
    clocks = one.worker_cpu_s, one.worker_waited_s, one.others_cpu_s
    began_s, before = time.monotonic(), [clock() for clock in clocks]
    window = one.viewers.watch_while(do, some)
    took_s = time.monotonic() - began_s
    shares = [(clock() - then) / took_s for clock, then in zip(clocks, before, strict=True)]
    measured = Measured(len(some or one.viewers.here), window, *shares)
    measured.tell()
    return measured


def measure_for(one: Show, seconds: float) -> Measured:
    return measure(one, lambda: one.loop.run_for(seconds))


def have(one: Show, count: int) -> None:
    """So many viewers, or as many of them as the worker has room for, and a moment of rest."""
    here = list(one.viewers.here.values())
    if len(here) > count:
        one.viewers.leave(here[count:])
    let_in(one, one.tokens(count - len(here)))
    one.loop.run_for(SETTLE_S)


def let_in(one: Show, tokens: Sequence[str], at_once: int = AT_ONCE) -> int:
    """Have viewers join. Returns how many the worker refused since it was full."""
    before = len(one.viewers.here)
    try:
        one.viewers.join(tokens, at_once=at_once)
    except Refused as refused:
        print(f"    {refused}", flush=True)
    return before + len(tokens) - len(one.viewers.here)


# The parts ----------------------------------------------------------------------------------------


async def forwarded(egress: str, options: Options, figures: Figures) -> None:
    """The fixed mix: 8 packets a frame, 30 frames and 50 packets of sound a second."""
    async with show(SLOTS, egress) as one:
        one.publish("fixed")
        loaded = with_load(one, options, FIRST_GUESS[egress])
        add(figures, f"forwarded_packets_per_cpu_s_{egress}", loaded.packets_per_cpu_s, loaded)
        figures.add(f"forwarded_delay_p99_ms_{egress}", loaded.delay_p99_ms)
        if options.viewers is None:
            full = saturated(one, loaded, options.seconds)
            name = f"forwarded_packets_per_s_per_core_{egress}"
            add(figures, name, full.window.packets_per_s, full)
            figures.add(f"forwarded_load_{egress}", full.load)
    with floor(loaded.viewers) as program:
        cost = program.run(options.seconds)
    print(f"    the floor: load {cost.cpu_s / cost.took_s:.0%}, lost {cost.lost}", flush=True)
    figures.add("floor_packets_per_cpu_s", cost.packets_per_cpu_s)
    ratio = loaded.packets_per_cpu_s / cost.packets_per_cpu_s
    figures.add(f"ratio_to_c_floor_{egress}", ratio)


def with_load(one: Show, options: Options, guess: int) -> Measured:
    """Find as many viewers as keep the worker's core well used, but not full."""
    have(one, options.viewers or guess)
    measured = measure_for(one, options.seconds)
    for _ in range(4):
        if options.viewers or LOAD[0] <= measured.load <= LOAD[1]:
            break
        wanted = int(measured.viewers * sum(LOAD) / 2 / measured.load)
        have(one, min(SLOTS, 3 * measured.viewers, wanted))
        measured = measure_for(one, options.seconds)
    return measured


def saturated(one: Show, loaded: Measured, seconds: float) -> Measured:
    """Ever more viewers, until they lose something or the core is full. The best that was whole."""
    best = loaded
    while best.load < 0.98 and len(one.viewers.here) * 1.06 < SLOTS:
        wanted = int(len(one.viewers.here) * 1.06)
        have(one, wanted)
        measured = measure_for(one, seconds)
        if not measured.whole or measured.viewers < wanted:
            break
        if measured.window.packets_per_s > best.window.packets_per_s:
            best = measured
        elif measured.load > 0.95:
            break
    return best


async def viewers(egress: str, options: Options, figures: Figures) -> None:
    """Find the most that lose less than 0.1 % and wait no longer than 20 ms at p99, at 2.5 Mbit/s."""
    for shape in options.shapes:
        await viewers_of(shape, egress, options, figures)


async def viewers_of(shape: str, egress: str, options: Options, figures: Figures) -> None:
    async with show(SLOTS, egress) as one:
        one.publish(shape)
        good, bad = 0, SLOTS
        best: Measured | None = None
        wanted = options.viewers or FIRST_GUESS[egress]
        while bad - good > max(10, good // 20):
            have(one, wanted)
            measured = measure_for(one, options.seconds)
            if measured.whole and measured.delay_p99_ms <= DELAY_MS:
                good, best = measured.viewers, measured
            if good < wanted:
                bad = wanted
            if options.viewers:
                break
            wanted = min(bad - 1, int(good * 1.4)) if bad == SLOTS else (good + bad) // 2
        name = f"viewers_per_core_{shape}_{egress}"
        if best is None:
            figures.add(name, 0)
        else:
            add(figures, name, good, best)
            figures.add(f"{name}_delay_p99_ms", best.delay_p99_ms)


async def joins(egress: str, options: Options, figures: Figures) -> None:
    """From the POST to the first authentic packet, 32 on their way at a time."""
    count = options.viewers or 300
    async with show(SLOTS, egress) as one:
        one.publish("fixed")
        have(one, 10)
        began_s, node_s = time.monotonic(), one.node_cpu_s()
        joined: list[Viewer] = []
        tokens = one.tokens(count)
        measured = measure(one, lambda: joined.extend(one.viewers.join(tokens)))
        took_s = time.monotonic() - began_s
        add(figures, f"joins_per_s_{egress}", count / took_s, measured)
        waits_ms = [viewer.join_ms for viewer in joined]
        figures.add(f"join_p50_ms_{egress}", statistics.median(waits_ms))
        figures.add(f"join_p99_ms_{egress}", percentile(waits_ms, 0.99))
        figures.add(f"join_node_cpu_ms_{egress}", (one.node_cpu_s() - node_s) / count * 1000)
        one.loop.run_for(SETTLE_S)
        pictures_ms = [one.viewers.first_video_ms(viewer) for viewer in joined]
        figures.add(f"join_first_picture_p50_ms_{egress}", statistics.median(pictures_ms))


async def storm(egress: str, options: Options, figures: Figures) -> None:
    """500 come at once while 300 watch: what those 300 lose and wait. A full worker refuses some."""
    watching = options.viewers or STORM_WATCHING
    coming = watching * STORM_JOINS // STORM_WATCHING
    async with show(SLOTS, egress) as one:
        one.publish("fixed")
        have(one, watching)
        some = list(one.viewers.here.values())
        calm = measure_for(one, options.seconds)
        tokens = one.tokens(coming)
        began_s = time.monotonic()
        refused: list[int] = []
        rush = functools.partial(let_in, one, tokens, STORM_AT_ONCE)
        stormy = measure(one, lambda: refused.append(rush()), some)
        figures.add(f"storm_refused_{egress}", *refused)
        figures.add(f"storm_s_{egress}", time.monotonic() - began_s)
        for name, measured in (("calm", calm), ("storm", stormy)):
            add(figures, f"{name}_lost_packets_{egress}", measured.window.totals.lost, measured)
            figures.add(f"{name}_delay_p99_ms_{egress}", measured.delay_p99_ms)
            gaps_ms = measured.window.gaps_ms
            figures.add(f"{name}_longest_gap_ms_{egress}", max(gaps_ms, default=0.0))


async def leaves(egress: str, options: Options, figures: Figures) -> None:
    """Measure what 2,000 who came and went leave behind, in the worker and in the node."""
    count = options.viewers or LEAVES
    async with show(SLOTS, egress) as one:
        one.publish("fixed")
        come_and_go(one, min(count, LEAVES_AT_ONCE))  # what the first ones need stays
        before = left_behind(one)
        for _ in range(-(-count // LEAVES_AT_ONCE)):
            come_and_go(one, min(count, LEAVES_AT_ONCE))
        after = left_behind(one)
        for name, old, new in zip(("worker", "node"), before, after, strict=True):
            figures.add(f"{name}_memory_before_mib_{egress}", old[0] / 1024)
            figures.add(f"{name}_memory_grown_mib_{egress}", (new[0] - old[0]) / 1024)
            figures.add(f"{name}_files_before_{egress}", old[1])
            figures.add(f"{name}_files_grown_{egress}", new[1] - old[1])


def come_and_go(one: Show, count: int) -> None:
    one.viewers.leave(one.viewers.join(one.tokens(count)))


def left_behind(one: Show) -> list[tuple[int, int]]:
    """Private memory (KiB) and open files of the worker and of the node."""
    one.loop.run_for(3 * SETTLE_S)
    return [(memory_kib(pid), open_files(pid)) for pid in (one.worker, one.server.pid)]


# Running ------------------------------------------------------------------------------------------


def add(figures: Figures, name: str, value: float, measured: Measured) -> None:
    figures.add(name, value, busy=measured.busy, invalid=measured.invalid)


PARTS = {part.__name__: part for part in (forwarded, viewers, joins, storm, leaves)}


async def run(figures: Figures, chosen: argparse.Namespace) -> None:
    set_up()
    options = Options(chosen.egress, chosen.viewers, chosen.seconds, chosen.shape)
    for _ in range(chosen.passes):
        for egress in chosen.egress:
            for name in chosen.only:
                print(f"{name}, {egress}", flush=True)
                await PARTS[name](egress, options, figures)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--egress", nargs="+", choices=EGRESSES, default=list(EGRESSES))
    parser.add_argument("--viewers", type=int, help="so many, instead of searching")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument(
        "--shape", nargs="+", choices=SHAPES, default=["even", "talk"], help="in `viewers`"
    )
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with figures.reported(chosen.json):
        asyncio.run(run(figures, chosen))


if __name__ == "__main__":
    main()
