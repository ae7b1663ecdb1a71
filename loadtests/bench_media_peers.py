"""Showcaller's media worker beside other servers, same packets, same viewers: `make bench-media-peers`.

One server at a time has the last core; the publisher and the thin viewers are on the first. What counts is
the packets that viewers received for each second of CPU that the server's process used.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from bench_media import SLOTS, Measured, Options, add, saturated, with_load
from media_swarm.show import set_up, show
from peers.installs import Absent
from peers.media.janus import janus
from peers.media.whip_servers import livekit, mediamtx
from rich.console import Console
from rich.table import Table
from rig import Figures

SHAPE = "fixed"  # 8 packets of a picture 30 times a second, and 50 of sound


class Contestant(NamedTuple):
    """`serving` may raise `Absent`. `guess`: how many viewers use the core well."""

    name: str
    title: str
    serving: Callable[[], AbstractAsyncContextManager[Any]]
    guess: int


class Result(NamedTuple):
    loaded: Measured
    full: Measured | None


def contestants() -> list[Contestant]:
    return [
        Contestant("showcaller_native", "Showcaller, native", lambda: show(SLOTS, "native"), 600),
        Contestant("showcaller_python", "Showcaller, Python", lambda: show(SLOTS, "python"), 300),
        Contestant("livekit", "LiveKit 1.11.0", lambda: peer(livekit), 200),
        Contestant("janus", "Janus, streaming plugin", lambda: peer(janus), 200),
        Contestant("mediamtx", "MediaMTX", lambda: peer(mediamtx), 60),
    ]


@asynccontextmanager
async def peer(serving: Callable[[int], AbstractContextManager[Any]]) -> AsyncIterator[Any]:
    with serving(SLOTS) as place:
        yield place


async def measure(contestant: Contestant, options: Options, *, full: bool) -> Result:
    async with contestant.serving() as one:
        one.publish(SHAPE)
        loaded = with_load(one, options, contestant.guess)
        return Result(loaded, saturated(one, loaded, options.seconds) if full else None)


def add_result(figures: Figures, name: str, result: Result) -> None:
    loaded = result.loaded
    add(figures, f"packets_per_cpu_s_{name}", loaded.packets_per_cpu_s, loaded)
    figures.add(f"viewers_{name}", loaded.viewers)
    figures.add(f"load_{name}", loaded.load)
    figures.add(f"lost_share_{name}", loaded.window.totals.lost_share)
    figures.add(f"delay_p99_ms_{name}", loaded.delay_p99_ms)
    if result.full is not None:
        add(figures, f"most_viewers_{name}", result.full.viewers, result.full)
        add(figures, f"most_packets_per_s_{name}", result.full.window.packets_per_s, result.full)


def add_ratios(figures: Figures, results: dict[str, Result]) -> None:
    """Ours divided by the best of the others, of the same pass."""
    costs = {name: result.loaded.packets_per_cpu_s for name, result in results.items()}
    others = [cost for name, cost in costs.items() if not name.startswith("showcaller")]
    for name in costs.keys() & {"showcaller_native", "showcaller_python"} if others else ():
        egress = name.removeprefix("showcaller_")
        figures.add(f"ratio_to_the_best_peer_{egress}", costs[name] / max(others))


def show_table(passes: list[dict[str, Result]], titles: dict[str, str]) -> None:
    """Medians of the passes."""
    table = Table(title="290 packets a second to each viewer, the server on one core")
    table.add_column("server")
    for heading in ("viewers", "load", "packets/s", "packets / CPU s", "lost", "delay p99 ms"):
        table.add_column(heading, justify="right")
    for name, title in titles.items():
        found = [one[name].loaded for one in passes if name in one]
        if found:
            table.add_row(title, *cells(found))
    Console(width=110).print(table)


def cells(found: list[Measured]) -> Iterator[str]:
    def median(of: Callable[[Measured], float]) -> float:
        return statistics.median(map(of, found))

    yield f"{median(lambda one: one.viewers):,.0f}"
    yield f"{median(lambda one: one.load):.0%}"
    yield f"{median(lambda one: one.window.packets_per_s):,.0f}"
    yield f"{median(lambda one: one.packets_per_cpu_s):,.0f}"
    yield f"{median(lambda one: one.window.totals.lost_share):.3%}"
    yield f"{median(lambda one: one.delay_p99_ms):.1f}"


async def run(figures: Figures, chosen: argparse.Namespace) -> None:
    set_up()
    options = Options((), chosen.viewers, chosen.seconds, SHAPE)
    taking_part = [one for one in contestants() if not chosen.only or one.name in chosen.only]
    titles = {one.name: one.title for one in taking_part}
    passes: list[dict[str, Result]] = []
    for _ in range(chosen.passes):
        results: dict[str, Result] = {}
        for contestant in list(taking_part):
            print(contestant.title, flush=True)
            try:
                results[contestant.name] = await measure(contestant, options, full=chosen.full)
            except Absent as why:
                print(f"ABSENT {contestant.name}: {why}", flush=True)
                taking_part.remove(contestant)
                continue
            add_result(figures, contestant.name, results[contestant.name])
        add_ratios(figures, results)
        passes.append(results)
    show_table(passes, titles)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", help="names of contestants")
    parser.add_argument("--viewers", type=int, help="so many, instead of what loads the core")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--full", action="store_true", help="also the most that lose nothing")
    parser.add_argument("--json", type=Path, help="write all values here")
    chosen, figures = parser.parse_args(), Figures()
    with figures.reported(chosen.json):
        asyncio.run(run(figures, chosen))


if __name__ == "__main__":
    main()
