"""Does anybody who watches notice an attack? `make attack-media`.

100 watch while strangers, a publisher's recorded datagrams, a viewer who asks for keyframes without end and
people who never finish joining come upon the worker. For each: what those who watch lost and waited for, and
what stays behind in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import socket
import statistics
import struct
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from . import rtcp, stun
from .http import Http, Response
from .loop import Loop
from .offers import VIDEO, Credentials, read_answer, viewer_offer
from .peer import Peer
from .show import Publishing, Show, memory_kib, open_files, set_up, show
from .viewers import SSRC, Window

WATCHING = 100
STRANGERS = 50
TICK_S = 0.005
MOST_AT_ONCE = 1_000  # of a flood that is behind
DATAGRAMS_PER_S, REPLAYED_PER_S, PLIS_PER_S = 20_000, 5_000, 5_000
HALF_OPEN = 1_000
FORGOTTEN_AFTER_S = 25.0  # half-open joins are
CALM_S = 5.0
LOST_SHARE, DELAY_MS = 0.001, 20.0
KEYFRAMES_PER_S = 2.0
GROWN_MIB = 16.0
WAITED, BUSY = 0.05, 0.9  # shares of a core: the worker's own, and that of all the rest


class Finding(NamedTuple):
    """`verdict`: ok, FAILED, or INVALID where the machine was too busy to tell."""

    what: str
    verdict: str
    told: str


class Flood:
    """`send` is called so many times a second, as far as our core allows."""

    def __init__(self, loop: Loop, per_s: int, send: Callable[[], None]) -> None:
        self._loop, self._per_s, self._send = loop, per_s, send
        self._began_s = 0.0
        self.sent = 0

    def run_for(self, seconds: float) -> None:
        self._began_s = time.monotonic()
        clock = self._loop.every(TICK_S, self._tick)
        self._loop.run_for(seconds)
        self._loop.stop(clock)

    def _tick(self) -> None:
        due = int((time.monotonic() - self._began_s) * self._per_s) - self.sent
        for _ in range(min(due, MOST_AT_ONCE)):
            self._send()
            self.sent += 1


class Strangers:
    """Sockets that nobody knows; `answers` counts what they are sent all the same."""

    def __init__(self, server: tuple[str, int], make: Callable[[], bytes]) -> None:
        self._socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(STRANGERS)]
        for sock in self._socks:
            sock.connect(server)
            sock.setblocking(False)
        self._make = make
        self._turn = 0

    def send(self) -> None:
        self._turn += 1
        try:
            self._socks[self._turn % STRANGERS].send(self._make())
        except OSError:  # refused or full
            pass

    def close(self) -> int:
        """Return how many datagrams they were answered with."""
        answers = 0
        for sock in self._socks:
            try:
                while sock.recv(2048):
                    answers += 1
            except OSError:
                sock.close()
        return answers


class HalfOpen(Peer):
    """Never goes on to DTLS."""

    def on_path(self) -> None:
        return


# What strangers send ------------------------------------------------------------------------------


def noise() -> bytes:
    return random.randbytes(random.randrange(1, 1_200))


def rtp_like() -> bytes:
    return (
        b"\x80" + bytes([random.choice((VIDEO, 111, 200, 201, 205, 206))]) + random.randbytes(600)
    )


def dtls_like() -> bytes:
    """Records of all types, with epochs and versions that are right, and nothing else that is."""
    body = random.randbytes(random.randrange(1, 200))
    kind, epoch = random.choice((20, 21, 22, 23)), random.choice((0, 1))
    number = random.randrange(1 << 16).to_bytes(6, "big")
    return struct.pack("!BHH", kind, 0xFEFD, epoch) + number + struct.pack("!H", len(body)) + body


def forged_check(username: str) -> bytes:
    """A Binding request by somebody who does not know the password."""
    return stun.check(username, random.randbytes(16), random.randbytes(8), nominate=True)


# The attacks --------------------------------------------------------------------------------------


class Attacks:
    def __init__(self, one: Show, publishing: Publishing, seconds: float) -> None:
        self.findings: list[Finding] = []
        self._one = one
        self._publishing = publishing
        self._seconds = seconds
        self._watching = list(one.viewers.here.values())

    def run(self) -> None:
        self._half_open("the first", checks=True)
        self._one.loop.run_for(FORGOTTEN_AFTER_S)
        before = self._left_behind()  # what the first ones needed stays
        self._watch("calm", lambda: self._one.loop.run_for(CALM_S))
        for what, make in (
            ("noise", noise),
            ("RTP-like", rtp_like),
            ("DTLS-like", dtls_like),
            ("forged STUN", lambda: forged_check(self._username())),
        ):
            self._strangers(what, make)
            self._from_inside(what, make)
        self._replay()
        self._plis()
        self._half_open("POST alone", checks=False)
        self._half_open("POST and ICE", checks=True)
        self._one.loop.run_for(FORGOTTEN_AFTER_S)
        self._tell_memory(before, self._left_behind())

    def _strangers(self, what: str, make: Callable[[], bytes]) -> None:
        """From addresses that nobody knows."""
        strangers = Strangers(self._server, make)
        flood = Flood(self._one.loop, DATAGRAMS_PER_S, strangers.send)
        self._watch(f"{what} of strangers", lambda: flood.run_for(self._seconds))
        answers = strangers.close()
        self._find(
            f"{what}: answers", not answers, f"{answers} of {flood.sent} datagrams were answered"
        )

    def _from_inside(self, what: str, make: Callable[[], bytes]) -> None:
        """From viewers' own addresses, as one would who can forge those."""

        def send() -> None:
            random.choice(self._watching).peer.send(make())

        flood = Flood(self._one.loop, DATAGRAMS_PER_S, send)
        self._watch(f"{what} with viewers' addresses", lambda: flood.run_for(self._seconds))

    def _replay(self) -> None:
        def replay() -> None:
            self._publishing.replay(REPLAYED_PER_S)
            self._one.loop.run_for(self._seconds)
            self._publishing.replay(0)

        window = self._watch("replayed SRTP and SRTCP", replay)
        strange = window.totals.doubled + window.totals.jumps + window.unmarked + window.forged
        told = f"{self._publishing.counts()['replayed']} sent, {strange} reached viewers"
        self._find("replayed: reached viewers", not strange, told)

    def _plis(self) -> None:
        one = self._watching[0]
        ssrc = next(s.ssrc for s in self._one.viewers.streams(one) if s.payload_type == VIDEO)
        request = rtcp.pli(SSRC, ssrc)

        def ask() -> None:
            one.peer.send_rtcp(request)

        flood = Flood(self._one.loop, PLIS_PER_S, ask)
        before = self._publishing.counts()["plis"]
        self._watch("PLI flood", lambda: flood.run_for(self._seconds))
        per_s = (self._publishing.counts()["plis"] - before) / self._seconds
        told = f"{flood.sent} PLIs of a viewer, {per_s:.1f} a second reached the publisher"
        self._find("PLI flood: at the publisher", per_s <= KEYFRAMES_PER_S + 0.5, told)

    def _half_open(self, what: str, *, checks: bool) -> None:
        """People who post an offer and never connect."""
        one, peers = self._one, []
        http = Http(one.loop, one.base)
        refused: list[int] = []

        def on_answer(peer: Peer, response: Response) -> None:
            if response.status != 201:
                refused.append(response.status)
            elif checks:
                one.loop.watch(peer.sock.fileno(), lambda: peer.receive(peer.sock.recv(2048)))
                peer.connect(read_answer(response.body.decode()))

        def come() -> None:
            for token in one.tokens(HALF_OPEN):
                peer = HalfOpen(Credentials.random())
                peers.append(peer)
                body = viewer_offer(peer.own).encode()
                http.ask(
                    "POST",
                    f"{one.base}/stages/main/whep",
                    lambda response, peer=peer: on_answer(peer, response),  # type: ignore[misc]
                    token=token,
                    body=body,
                )
            one.loop.run_until(lambda: not http.waiting, 60, "half-open joins")
            one.loop.run_for(1)

        self._watch(f"{HALF_OPEN} half-open joins, {what}", come)
        newcomer = one.viewers.join(one.tokens(1))
        waited = f"a newcomer waited {newcomer[0].join_ms:.0f} ms, {len(refused)} were refused"
        self._find(f"half-open, {what}: a newcomer", newcomer[0].join_ms < 1_000, waited)
        one.viewers.leave(newcomer)
        for peer in peers:
            one.loop.forget(peer.sock.fileno())
            peer.sock.close()
        http.close()

    # Findings -----------------------------------------------------------------------------------

    def _watch(self, what: str, do: Callable[[], None]) -> Window:
        one, began_s = self._one, time.monotonic()
        worker_s, waited_s, others_s = one.worker_cpu_s(), one.worker_waited_s(), one.others_cpu_s()
        window = one.viewers.watch_while(do, self._watching)
        took_s = time.monotonic() - began_s
        load = (one.worker_cpu_s() - worker_s) / took_s
        busy = (one.others_cpu_s() - others_s) / took_s
        waited = (one.worker_waited_s() - waited_s) / took_s
        delays_ms = sorted(window.delays_ms) or [0.0]
        p99_ms = delays_ms[int(0.99 * (len(delays_ms) - 1))]
        silent = one.viewers.silent()
        ok = window.totals.lost_share < LOST_SHARE and p99_ms <= DELAY_MS and not silent
        starved = waited > WAITED or busy > BUSY or window.drops > 0
        told = (
            f"lost {window.totals.lost_share:.3%}, delay p50 {statistics.median(delays_ms):.1f} "
            f"p99 {p99_ms:.1f} ms, longest gap {max(window.gaps_ms):.0f} ms, {silent} silent, "
            f"worker {load:.0%} busy and {waited:.0%} kept waiting, the rest {busy:.0%} busy, "
            f"dropped by us {window.drops}"
        )
        self._find(what, ok, told, starved=starved)
        return window

    def _find(self, what: str, ok: bool, told: str, *, starved: bool = False) -> None:
        finding = Finding(what, "ok" if ok else "INVALID" if starved else "FAILED", told)
        self.findings.append(finding)
        print(f"{finding.verdict:7} {what}: {told}", flush=True)

    def _left_behind(self) -> list[tuple[int, int]]:
        pids = (self._one.worker, self._one.server.pid)
        return [(memory_kib(pid), open_files(pid)) for pid in pids]

    def _tell_memory(self, before: list[tuple[int, int]], after: list[tuple[int, int]]) -> None:
        for name, old, new in zip(("worker", "node"), before, after, strict=True):
            grown_mib, files = (new[0] - old[0]) / 1024, new[1] - old[1]
            told = f"{grown_mib:+.1f} MiB of {old[0] / 1024:.0f}, {files:+} open files"
            self._find(f"{name} afterwards", grown_mib < GROWN_MIB and files <= 0, told)

    @property
    def _server(self) -> tuple[str, int]:
        host, port = self._watching[0].peer.sock.getpeername()
        return host, port

    def _username(self) -> str:
        """Return the user name of somebody who watches, or of nobody."""
        if random.random() < 0.5:
            return random.choice(self._watching).peer.username
        return os.urandom(4).hex() + ":" + os.urandom(4).hex()


async def run(viewers: int, seconds: float, egress: str) -> set[str]:
    """The verdicts."""
    set_up()
    async with show(viewers + 10, egress) as one:
        publishing = one.publish("fixed")
        one.viewers.join(one.tokens(viewers))
        one.loop.run_for(3)
        attacks = Attacks(one, publishing, seconds)
        attacks.run()
        return {finding.verdict for finding in attacks.findings}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--viewers", type=int, default=WATCHING)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each attack")
    parser.add_argument("--egress", default="auto", choices=("auto", "python", "native"))
    chosen = parser.parse_args()
    verdicts = asyncio.run(run(chosen.viewers, chosen.seconds, chosen.egress))
    sys.exit(1 if "FAILED" in verdicts else 3 if "INVALID" in verdicts else 0)


if __name__ == "__main__":
    main()
