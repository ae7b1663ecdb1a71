"""Measures how many votes one node takes, each reply awaited: `make bench-votes`.

A thousand people vote, each with one vote on its way, never twice for one question. Meanwhile others
vote for one more question at a slow pace, and a watcher sees when its tally says so.

Then the same people vote at two even rates, and what a watcher is sent of the tallies is counted: it
must not depend on the rate.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time

from rig import (
    THREE_CHANNELS,
    Figures,
    Generator,
    ask_questions,
    main,
    on_server_core,
    percentile,
    served,
    set_up,
    tokens,
)
from showcaller_load.swarm import Client, Swarm

from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import ServeProcess

RUNS = 3
VOTERS, PROBERS = 1_000, 100
VOTES_EACH = 25  # within the burst that one person may send
PROBE_EVERY_S = 0.025
SLOW, FAST = 1_000, 8_000  # votes a second
PACED_S = 3.0
_TALLY = re.compile(rb'"question":"([^"]+)","on":true,"votes":(\d+)')


class Storm:
    """Everybody votes for their next question as soon as the vote before was answered."""

    def __init__(self, swarm: Swarm, questions: list[str], probe: str) -> None:
        swarm.on_message = self.note
        self._questions = questions
        self._probe_level = re.compile(b'"%s":(\\d+)' % probe.encode())
        self._next: dict[Client, int] = {}
        self._probe = probe
        self._probed_s: list[float] = []
        self.seen_ms: list[float] = []
        self.replies = 0
        self.tallies: dict[bytes, int] = {}  # as replies told

    @property
    def probes(self) -> int:
        return len(self._probed_s)

    def begin(self, voter: Client) -> None:
        self._next[voter] = 0
        self._vote(voter)

    def probe(self, prober: Client) -> None:
        """The n-th prober's vote is visible when the tally is at least n."""
        self._probed_s.append(time.perf_counter())
        prober.command("p", "question.vote", question=self._probe, on=True)

    def note(self, client: Client, payload: bytes) -> None:
        if payload.startswith(b'{"op":"reply"'):
            if b'"ok":true' not in payload[:60]:
                raise RuntimeError(f"refused: {payload!r}")
            if client in self._next:
                self.replies += 1
                question, votes = _TALLY.search(payload).groups()  # type: ignore[union-attr]
                self.tallies[question] = max(int(votes), self.tallies.get(question, 0))
                self._next[client] += 1
                self._vote(client)
        elif payload.startswith(b'{"op":"levels"'):
            found = self._probe_level.search(payload)
            now_s = time.perf_counter()
            while found and len(self.seen_ms) < int(found[1]):
                self.seen_ms.append((now_s - self._probed_s[len(self.seen_ms)]) * 1000)

    def _vote(self, voter: Client) -> None:
        number = self._next[voter]
        if number < len(self._questions):
            given_ms = time.time_ns() // 1_000_000
            question = self._questions[number]
            voter.command("v", "question.vote", question=question, on=True, given_ms=given_ms)


class EvenVotes:
    """Everybody takes turns, and so do the questions, at an even rate."""

    def __init__(
        self, swarm: Swarm, questions: list[str], voters: list[Client], watcher: Client
    ) -> None:
        swarm.on_message = self.note
        self._swarm = swarm
        self._questions = questions
        self._voters = voters
        self._watcher = watcher
        self._cast = self._answered = self._tally_bytes = 0

    def note(self, client: Client, payload: bytes) -> None:
        if client is self._watcher and payload.startswith(b'{"op":"levels"'):
            self._tally_bytes += len(payload)
        elif payload.startswith(b'{"op":"reply"'):
            if b'"ok":true' not in payload[:60]:
                raise RuntimeError(f"refused: {payload!r}")
            self._answered += 1

    def run(self, rate: int) -> float:
        """Tally bytes a second that the watcher was sent while `rate` votes a second were cast."""
        began_s, count = time.perf_counter(), int(rate * PACED_S)
        while self._answered < count:
            elapsed_s = time.perf_counter() - began_s
            on_their_way = self._answered + len(self._voters)  # at most one each
            while self._cast < min(count, int(elapsed_s * rate), on_their_way):
                self._vote()
            self._swarm.poll(0.002)
            if elapsed_s > 60 or self._swarm.lost:
                raise TimeoutError(f"{self._answered} votes of {count} were answered")
        return self._tally_bytes / (time.perf_counter() - began_s)

    def _vote(self) -> None:
        turn, voter = divmod(self._cast, len(self._voters))
        question = self._questions[(turn + voter) % len(self._questions)]
        self._voters[voter].command("v", "question.vote", question=question, on=True)
        self._cast += 1


async def measure_tally_bytes(server: ServeProcess, broker: str, figures: Figures) -> None:
    bytes_per_s = {rate: one_rate(server, rate, figures, broker) for rate in (SLOW, FAST)}
    figures.add(f"tally_bytes_ratio_{broker}", bytes_per_s[FAST] / bytes_per_s[SLOW])


def one_rate(server: ServeProcess, rate: int, figures: Figures, broker: str) -> float:
    swarm = Swarm(server.port, "bench")
    questions = ask_questions(swarm, server, VOTES_EACH)
    (watcher,) = swarm.join(tokens(server, 1), THREE_CHANNELS)
    voting = EvenVotes(swarm, questions, swarm.join(tokens(server, VOTERS), ()), watcher)
    with Generator() as generator:
        bytes_per_s = voting.run(rate)
    figures.add(f"tally_bytes_per_s_at_{rate}_{broker}", bytes_per_s, busy=generator.busy)
    swarm.close()
    return bytes_per_s


async def measure(server: ServeProcess, broker: str, figures: Figures) -> None:
    for _ in range(RUNS):
        swarm = Swarm(server.port, "bench")
        *questions, probe = ask_questions(swarm, server, VOTES_EACH + 1)
        swarm.join(tokens(server, 1), THREE_CHANNELS)
        voters = swarm.join(tokens(server, VOTERS), ())
        probers = swarm.join(tokens(server, PROBERS), ())
        storm = Storm(swarm, questions, probe)
        with Generator() as generator:
            took_s = run_storm(swarm, storm, voters, list(probers))
        swarm.run_until(lambda s=storm: len(s.seen_ms) >= s.probes, 5, "tallies")  # type: ignore[misc]
        if sum(storm.tallies.values()) != VOTERS * VOTES_EACH:
            raise RuntimeError(f"votes were answered but not counted: {storm.tallies}")
        rate = VOTERS * VOTES_EACH / took_s
        figures.add(f"votes_per_s_{broker}", rate, busy=generator.busy)
        visible_ms = percentile(storm.seen_ms, 0.99)
        figures.add(f"tally_visible_p99_ms_{broker}", visible_ms, busy=generator.busy)
        swarm.close()


def run_storm(swarm: Swarm, storm: Storm, voters: list[Client], probers: list[Client]) -> float:
    """Seconds until every vote was answered."""
    began_s = probed_s = time.perf_counter()
    for voter in voters:
        storm.begin(voter)
    while storm.replies < VOTERS * VOTES_EACH:
        swarm.poll(0.01)
        now_s = time.perf_counter()
        if probers and now_s - probed_s >= PROBE_EVERY_S:
            probed_s = now_s
            storm.probe(probers.pop())
        if now_s - began_s > 120 or swarm.lost:
            raise TimeoutError(f"{storm.replies} votes were answered, lost: {swarm.lost[:3]}")
    return time.perf_counter() - began_s


async def run(figures: Figures) -> None:
    set_up(VOTERS + PROBERS)
    async with served() as server:
        await measure(server, "sqlite", figures)
        await measure_tally_bytes(server, "sqlite", figures)
    if shutil.which("redis-server") is None:
        print("no redis-server: its figures are left out")
        return
    with contextlib.ExitStack() as stack:
        with on_server_core():
            redis = stack.enter_context(RedisServer(DURABLE))
        async with served("--broker", redis.url) as server:
            await measure(server, "redis", figures)
            await measure_tally_bytes(server, "redis", figures)


if __name__ == "__main__":
    main(run)
