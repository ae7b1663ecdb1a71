"""Measures how punctual cues are as attendees see it, and how true their clocks: `make bench-cues`.

A rehearsal at high speed calls a session's cues every few seconds. Each socket has a clock of its own,
wrong by minutes and running too fast or too slow, and synchronises it as PROTOCOL.md §5 says.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import heapq
import random
import re
import statistics
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path

from rig import Figures, percentile, running, set_up, tokens
from showcaller_load.clock_estimate import ClockEstimate
from showcaller_load.swarm import Client, Swarm

from showcaller.testing.serving import ServeProcess

SOCKETS = 10_000
SESSIONS, SESSION_MIN = 36, 20
RATE = 60  # so a session lasts twenty seconds of wall time, and no cue is hurried by the one before
CYCLE_S = SESSION_MIN * 60 / RATE
CYCLES = 2  # of each kind: quiet, and with a broadcast each second
SKEW_MS, DRIFT_PPM = 300_000, 100
FIRST_PROBES, FIRST_PROBES_EVERY_S, PROBES_EVERY_S = 5, 0.2, 15.0
SETTLE_S = PROBES_EVERY_S + 2  # everybody has measured since the rush of joining
JOIN_AT_ONCE, JOIN_PAUSE_S = 500, 0.2
READ_CLOCKS_EVERY_S, CLOCKS_READ = 0.5, 200
JUDGE_AT_ONCE = 50
CHANNELS = ("agenda", "announcements", "session/talk0/questions")
TEXT = (
    "a short break now, and after it the questions of the first talk, then the second talk begins"
)
_CUE = re.compile(rb'"type":"cue".*?"due_ms":(\d+),"late_ms":(\d+)')
_CLOCK = re.compile(rb'"t1":([-0-9.e+]+),"t2":([-0-9.e+]+),"t3":([-0-9.e+]+)')


class OwnClock:
    """A clock that is wrong and gets more so, and what its owner makes of the server's answers."""

    __slots__ = ("_rate", "_skew_ms", "estimate")

    def __init__(self, skew_ms: float, drift_ppm: float) -> None:
        self._skew_ms = skew_ms
        self._rate = 1000 * (1 + drift_ppm / 1e6)
        self.estimate = ClockEstimate()

    def own_ms(self, at_s: float) -> float:
        """Return what it shows at `time.monotonic()` = `at_s`."""
        return at_s * self._rate + self._skew_ms

    def server_ms(self, at_s: float) -> float:
        known = self.estimate.server_ms(self.own_ms(at_s))
        if known is None:
            raise RuntimeError("no clock probe was answered")
        return known


class Cue:
    """One called cue, and how wrong each arrival of it was by the clock of who got it."""

    def __init__(self, due_ms: int, late_ms: int) -> None:
        self.due_ms = due_ms
        self.late_ms = late_ms  # of the call, as the server says
        self.arrivals = 0
        self.errors_ms: list[float] = []
        self._first_cpu_s = self._last_cpu_s = self._last_s = 0.0

    def note(self, everybody: int) -> None:
        """One more has got it."""
        self.arrivals += 1
        if self.arrivals == 1:
            self._first_cpu_s = time.process_time()
        elif self.arrivals == everybody:
            self._last_s, self._last_cpu_s = time.time(), time.process_time()

    @property
    def busy(self) -> float:
        """Our share of our core until the last copy was here."""
        return (self._last_cpu_s - self._first_cpu_s) / max(self._last_s - self.due_ms / 1000, 1e-3)


UNKNOWN = Cue(0, 0)


class Audience:
    """Everybody's clocks, and the cues that they see."""

    def __init__(self, swarm: Swarm) -> None:
        swarm.on_message = self._note
        self._swarm = swarm
        self._clocks: dict[Client, OwnClock] = {}
        self._probes: list[tuple[float, int, int, Client]] = []  # when, tie, how many so far, whose
        self._cues: dict[bytes, Cue | None] = {}  # by the message: all copies are equal
        self._came: deque[tuple[Client, Cue, float]] = deque()  # who, what, when
        self._clock_errors_ms: list[float] = []
        self._watching = False

    def add(self, client: Client) -> None:
        skew_ms = random.uniform(-SKEW_MS, SKEW_MS)
        self._clocks[client] = OwnClock(skew_ms, random.uniform(-DRIFT_PPM, DRIFT_PPM))
        heapq.heappush(self._probes, (client.whole_s, len(self._clocks), 0, client))

    def run_for(self, seconds: float) -> None:
        """Probe, read what comes, and look now and then at how true some of the clocks are."""
        end_s = read_s = time.perf_counter()
        end_s += seconds
        while (now_s := time.perf_counter()) < end_s:
            self._probe(now_s)
            if now_s >= read_s:
                read_s += READ_CLOCKS_EVERY_S
                self._read_clocks()
            came = len(self._came)
            next_s = now_s if came else min(end_s, read_s, self._probes[0][0])
            self._swarm.poll(max(0.0, next_s - time.perf_counter()))
            if len(self._came) == came:
                self._judge(JUDGE_AT_ONCE)

    def _read_clocks(self) -> None:
        if self._watching:
            for clock in random.sample(list(self._clocks.values()), CLOCKS_READ):
                true_ms = time.time() * 1000  # the broker's clock is this machine's
                self._clock_errors_ms.append(abs(clock.server_ms(time.monotonic()) - true_ms))

    def _probe(self, now_s: float) -> None:
        while self._probes and self._probes[0][0] <= now_s:
            due_s, tie, sent, client = self._probes[0]
            client.clock(self._clocks[client].own_ms(time.monotonic()))
            first = sent + 1 < FIRST_PROBES
            pause_s = FIRST_PROBES_EVERY_S if first else PROBES_EVERY_S
            heapq.heapreplace(self._probes, (due_s + pause_s, tie, sent + 1, client))

    def _note(self, client: Client, payload: bytes) -> None:
        if payload.startswith(b'{"op":"clock"'):
            self._note_answer(client, time.monotonic(), payload)
        elif payload.startswith(b'{"op":"change","channel":"agenda"'):
            cue = self._cues.get(payload, UNKNOWN)
            if cue is UNKNOWN:
                cue = self._new_cue(payload)
            if cue is not None and client in self._clocks:
                self._came.append((client, cue, time.monotonic()))
                cue.note(len(self._clocks))

    def _new_cue(self, payload: bytes) -> Cue | None:
        found = _CUE.search(payload) if self._watching else None
        self._cues[payload] = Cue(int(found[1]), int(found[2])) if found else None
        return self._cues[payload]

    def _note_answer(self, client: Client, at_s: float, payload: bytes) -> None:
        clock, found = self._clocks[client], _CLOCK.search(payload)
        assert found is not None, payload
        t4 = clock.own_ms(at_s)
        clock.estimate.answer(float(found[1]), float(found[2]), float(found[3]), t4)

    def _judge(self, most: int) -> None:
        """Compute the errors of some arrivals. Not on arrival: the copies behind would have to wait."""
        for _ in range(min(most, len(self._came))):
            client, cue, at_s = self._came.popleft()
            cue.errors_ms.append(self._clocks[client].server_ms(at_s) - cue.due_ms)

    def watch(self) -> None:
        """From now on judge the cues that are called, and the clocks."""
        self._watching = True

    def take(self) -> tuple[list[Cue], list[float]]:
        """The cues that everybody has by now, once, and the clocks' errors, since the last call."""
        self._judge(len(self._came))
        whole = [m for m, cue in self._cues.items() if cue and cue.arrivals == len(self._clocks)]
        cues = [cue for message in whole if (cue := self._cues.pop(message))]
        errors_ms, self._clock_errors_ms = self._clock_errors_ms, []
        return cues, errors_ms

    @property
    def unfinished(self) -> int:
        """Cues that some have not got, or got twice."""
        return sum(cue is not None for cue in self._cues.values())


def schedule() -> str:
    """Talks back to back, with the cues that a schedule has if it says nothing of them."""
    lines = [
        "event: {id: bench, title: Cues, time_zone: UTC}",
        'days: [{date: 2026-06-11, starts: "09:00", ends: "21:00"}]',
        "stages: [{id: main, title: Main stage}]",
        "speakers: [{id: ada, name: Ada}]",
        "sessions:",
    ]
    for number in range(SESSIONS):
        begins_min = 9 * 60 + number * SESSION_MIN
        starts = f'"{begins_min // 60:02}:{begins_min % 60:02}"'
        lines.append(
            f"  - {{id: talk{number}, title: Talk {number}, kind: talk, starts: {starts},"
            f" minutes: {SESSION_MIN}, speakers: [ada]}}"
        )
    return "\n".join(lines) + "\n"


@contextlib.asynccontextmanager
async def rehearsal(*more: str) -> AsyncIterator[ServeProcess]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cues.yaml"
        path.write_text(schedule())
        options = ("--rehearse-from", "09:01", "--rate", str(RATE), "--media-workers", "0", *more)
        async with running(ServeProcess(path, *options, data=Path(folder))) as server:
            yield server


def cycle(audience: Audience, announcers: list[Client], figures: Figures) -> None:
    """All cues of one session; each second one of the announcers, if there are any, tells everybody."""
    began_s = time.perf_counter()
    for second in range(round(CYCLE_S)):
        audience.run_for(random.random() / 2)  # so that cues and announcements meet in every way
        if announcers:
            announcer = announcers[second % len(announcers)]
            announcer.command(f"a{second}", "announcement.make", text=TEXT)
        audience.run_for(max(0.0, began_s + second + 1 - time.perf_counter()))
    report(figures, "_with_broadcasts" if announcers else "", *audience.take())


def report(figures: Figures, at: str, cues: list[Cue], clock_errors_ms: list[float]) -> None:
    errors_ms = [error_ms for cue in cues for error_ms in cue.errors_ms]
    busy = statistics.median(cue.busy for cue in cues)
    figures.add(f"cue_error_p50_ms{at}", statistics.median(errors_ms), busy=busy)
    figures.add(f"cue_error_p99_ms{at}", percentile(errors_ms, 0.99), busy=busy)
    figures.add(f"cue_call_late_max_ms{at}", max(cue.late_ms for cue in cues))
    figures.add(f"clock_error_p50_ms{at}", statistics.median(clock_errors_ms))
    figures.add(f"clock_error_p99_ms{at}", percentile(clock_errors_ms, 0.99))


def come_in(swarm: Swarm, audience: Audience, minted: list[str]) -> None:
    """Some hundreds at a time, so that their first probes don't all come at once."""
    for at in range(0, len(minted), JOIN_AT_ONCE):
        for client in swarm.join(minted[at : at + JOIN_AT_ONCE], CHANNELS):
            audience.add(client)
        audience.run_for(JOIN_PAUSE_S)


async def run(figures: Figures, sockets: int, broker: tuple[str, ...]) -> None:
    set_up(sockets)
    async with rehearsal(*broker) as server:
        swarm = Swarm(server.port, "bench")
        audience = Audience(swarm)
        moderators = swarm.join(tokens(server, 4, "moderator"), ())
        come_in(swarm, audience, tokens(server, sockets))
        audience.run_for(SETTLE_S)
        audience.watch()
        for announcers in ([], moderators):
            for _ in range(CYCLES):
                cycle(audience, announcers, figures)
        audience.run_for(1)
        audience.take()
        if audience.unfinished:
            raise RuntimeError(f"{audience.unfinished} cues did not reach everybody just once")
        swarm.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    parser.add_argument("--broker", help="redis://HOST:PORT; SQLite without it")
    options = parser.parse_args()
    figures = Figures()
    broker = ("--broker", options.broker) if options.broker else ()
    asyncio.run(run(figures, options.sockets, broker))
    figures.show()


if __name__ == "__main__":
    main()
