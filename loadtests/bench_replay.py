"""Measures how long an event takes to start, from its log alone and from a snapshot: `make bench-replay`.

Two histories (`histories`): a million facts, and a day-long event with 100,000 registrations, 50,000
questions and two million votes. Each measurement starts a process of its own, which opens the log as
`serve` does, views and all.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import histories
from histories import EVENT, person
from rig import Figures, main, set_up

from showcaller.broker.base import EventLog
from showcaller.broker.connect import connect
from showcaller.domain import facts
from showcaller.domain.ids import EventId
from showcaller.domain.people import Principal
from showcaller.domain.state import State
from showcaller.show.live_event import LiveEvent

RUNS = 3
PROCESS_LIMIT_S = 300.0
OWN_CHANNELS = 10_000
WINDOW_S = 0.001  # how often somebody looks how late the loop is
MIB = 2**20

Result = dict[str, float]


# What is measured, in processes of their own --------------------------------------------------------


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[EventLog]:
    broker = connect(histories.broker_url(folder))
    yield await broker.open(EVENT)
    await broker.close()


async def start(folder: Path) -> Result:
    """Start as `serve` does: from the snapshot if there is one, else from the log; stop and leave one."""
    async with opened(folder) as event_log:
        event, before_mib = LiveEvent(EVENT, event_log), _memory_mib()
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        await event.start()
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - began_cpu_s
        grown_mib = _memory_mib() - before_mib
        await event.stop()
    return {"took_s": took_s, "cpu_s": cpu_s, "grown_mib": grown_mib, "peak_mib": _peak_mib()}


async def fold_only(folder: Path) -> Result:
    """Read, decode and fold, without views, snapshots or anybody who waits."""
    state = State(event_id=EventId(EVENT))
    async with opened(folder) as event_log:
        began_s = time.perf_counter()
        while entries := await event_log.read(state.folded):
            for entry in entries:
                state.apply(entry.offset, entry.at_ms, facts.decode_fact(entry.data))
        took_s = time.perf_counter() - began_s
    return {"took_s": took_s, "peak_mib": _peak_mib()}


async def serving(folder: Path) -> Result:
    """A running event: what people's own channels take, and how long a snapshot holds the loop up."""
    async with opened(folder) as event_log:
        event = LiveEvent(EVENT, event_log)
        await event.start()
        before_mib = _memory_mib()
        for number in range(OWN_CHANNELS):
            event.open("me", _attendee(number), None)
        own_mib = _memory_mib() - before_mib
        lag = asyncio.create_task(_longest_lag_ms())
        await asyncio.sleep(0.1)
        await event.stop()  # saves one
        lag.cancel()
        found = await event_log.load_snapshot(facts.FOLD_VERSION)
    assert found is not None
    return {"own_mib": own_mib, "lag_ms": await lag, "snapshot_mib": len(found[1]) / MIB}


def _attendee(number: int) -> Principal:
    return Principal(
        person=person(number), roles=frozenset({"attendee"}), token="t", expires_at_ms=0
    )


async def _longest_lag_ms() -> float:
    """Measure until it is cancelled; return the longest lag."""
    longest_s, due_s = 0.0, time.perf_counter()
    try:
        while True:
            due_s = time.perf_counter() + WINDOW_S
            await asyncio.sleep(WINDOW_S)
            longest_s = max(longest_s, time.perf_counter() - due_s)
    except asyncio.CancelledError:
        return max(longest_s, time.perf_counter() - due_s) * 1000


def _memory_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


# Measuring ----------------------------------------------------------------------------------------


async def measured(what: str, folder: Path) -> Result:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, __file__, what, str(folder)), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(PROCESS_LIMIT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    result: Result = json.loads(output)
    return result


async def measure_million(folder: Path, figures: Figures) -> None:
    print(f"writing {histories.FACTS:,} facts", flush=True)
    await histories.write_log(folder, histories.million(histories.schedule_in(folder)))
    found = await measured("fold_only", folder)
    figures.add("fold_only_1m_facts_s", found["took_s"])
    figures.add("fold_only_peak_rss_mib", found["peak_mib"])
    found = await measured("start", folder)
    figures.add("replay_1m_facts_s", found["took_s"])
    figures.add("replay_1m_facts_cpu_s", found["cpu_s"])
    figures.add("replay_peak_rss_mib", found["peak_mib"])
    for _ in range(RUNS):
        figures.add("restore_snapshot_s", (await measured("start", folder))["took_s"])


async def measure_day(folder: Path, figures: Figures) -> None:
    print("writing a day's facts", flush=True)
    await histories.register_everybody(folder)
    await histories.write_log(folder, histories.day(histories.schedule_in(folder)))
    found = await measured("start", folder)
    figures.add("day_replay_s", found["took_s"])
    figures.add("day_peak_rss_mib", found["peak_mib"])
    for _ in range(RUNS):
        found = await measured("start", folder)
        figures.add("day_restore_s", found["took_s"])
        figures.add("day_state_memory_mib", found["grown_mib"])
    for _ in range(RUNS):
        found = await measured("serving", folder)
        figures.add("day_snapshot_mib", found["snapshot_mib"])
        figures.add("day_snapshot_stall_ms", found["lag_ms"])
        figures.add("day_own_channels_mib", found["own_mib"])


async def run(figures: Figures) -> None:
    set_up(0)
    for measure in (measure_million, measure_day):
        with tempfile.TemporaryDirectory() as name:
            await measure(Path(name), figures)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        import uvloop

        work = {"fold_only": fold_only, "start": start, "serving": serving}[sys.argv[1]]
        print(json.dumps(uvloop.run(work(Path(sys.argv[2])))))
    else:
        main(run)
