"""Measures what a span between two nodes adds, and loses, on a bad line: `make bench-far-branch`.

A trunk here lends a talk of 25 frames a second (nine packets each, every fiftieth a keyframe of 60) with 50
packets of sound a second; a branch in a network namespace borrows it over 40 ms and 1 % loss, each way. Both
read the same monotonic clock, so each packet tells how long it took. Beside it: the same packets over TLS
alone.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time
from types import SimpleNamespace
from typing import Any

from rig import Figures

from showcaller import system
from showcaller.media.contract.addresses import Addresses
from showcaller.media.contract.calls import Lender
from showcaller.media.egress import choose
from showcaller.media.sfu import far_trunk
from showcaller.media.sfu.far_branch import FarBranch
from showcaller.media.sfu.far_trunk import FarTrunk
from showcaller.media.sfu.node_identity import contexts
from showcaller.media.sfu.trunk import Trunk
from showcaller.media.transport.transport import Transports
from showcaller.testing.far_line import DELAY_MS, LOSS_PERCENT, FarLine

KEYS = (b"a key that only this bench knows",)
FRAME_S, FRAME_PACKETS, KEYFRAME_PACKETS, KEYFRAME_EVERY = 0.04, 9, 60, 50
SOUND_S = 0.02
PAYLOAD_BYTES = 1_150
_STAMP = struct.Struct("!Ld")  # number, when it was sent


class Talk:
    """An ingest's worth of packets, as far as a trunk looks at one."""

    def __init__(self, trunk: Trunk) -> None:
        self.sent = 0
        self._trunk = trunk
        self._ingest: Any = SimpleNamespace(
            resource="talk", session="talk", person="p", source="main", offer="", stage="main"
        )
        self._ingest.track_lines = list
        trunk.add(self._ingest)

    async def play(self, seconds: float) -> None:
        began_s = system.monotonic_s()
        for turn in range(round(seconds / SOUND_S)):
            await asyncio.sleep(max(0.0, began_s + turn * SOUND_S - system.monotonic_s()))
            self._send(80)
            if turn % 2 == 0:
                frame = turn // 2
                many = KEYFRAME_PACKETS if frame % KEYFRAME_EVERY == 0 else FRAME_PACKETS
                for _ in range(many):
                    self._send(PAYLOAD_BYTES)

    def _send(self, size: int) -> None:
        stamp = _STAMP.pack(self.sent, system.monotonic_s())
        self.sent += 1
        self._trunk.copy(self._ingest, b"\x80\x60" + stamp + bytes(size - len(stamp)))


async def lend(seconds: float, line: FarLine, branches: int) -> tuple[list[float], int, float]:
    """Return the delays of what came, in seconds, how much was sent, and CPU seconds of the trunk."""
    transports = await Transports.open(Addresses((line.far_here,)))
    trunk = Trunk()
    talk = Talk(trunk)
    far = FarTrunk("trunk", trunk, transports)
    port = await far.listen(contexts(KEYS)[0])
    arguments = (sys.executable, __file__, "--branch", f"{line.far_here}:{port}")
    ends = [
        await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", line.name, *arguments), stdout=subprocess.PIPE
        )
        for _ in range(branches)
    ]
    while len(trunk.far) < branches:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await talk.play(3.0)  # the first losses tell the trunk of the line
    before, busy_s = talk.sent, process_time()
    await talk.play(seconds)
    busy_s = process_time() - busy_s
    await asyncio.sleep(1.0)
    await far.close()
    await transports.shut()
    out, _ = await ends[0].communicate()
    for end in ends[1:]:
        await end.communicate()
    got = [tuple(map(float, row.split())) for row in out.decode().splitlines()]
    return [delay_s for number, delay_s in got if number >= before], talk.sent - before, busy_s


async def borrow(where: str) -> None:
    """Print number and delay of each packet, until the trunk ends."""
    host, _, port = where.rpartition(":")
    ended = asyncio.Event()
    lines: list[str] = []
    branch = FarBranch(
        "main",
        Lender("trunk", (host,), int(port)),
        choose(),
        lambda session, now_s: None,
        Trunk(),
        lambda branch: ended.set(),
    )

    def take(resource: str, data: bytes, now_s: float) -> None:
        number, sent_s = _STAMP.unpack_from(data, 2)
        lines.append(f"{number} {system.monotonic_s() - sent_s}")

    def do(message: Any, back: object) -> None:
        if hasattr(message, "data"):
            take("", message.data, 0.0)

    branch._borrowed = SimpleNamespace(take=take, do=do, end_all=lambda: None, ingests={})  # type: ignore[assignment]
    await branch.connect(contexts(KEYS)[1])
    await ended.wait()
    print("\n".join(lines))


def tell(figures: Figures, name: str, delays: list[float], sent: int) -> None:
    delays.sort()
    for share, percent in ((0.5, "p50"), (0.99, "p99"), (0.999, "p999"), (1.0, "max")):
        at = min(len(delays) - 1, int(share * len(delays)))
        figures.add(f"{name}_added_ms_{percent}", delays[at] * 1000 - DELAY_MS)
    figures.add(f"{name}_lost", sent - len(delays))


async def main(seconds: float) -> None:
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder, FarLine(Path(folder)) as line:
        delays, sent, _ = await lend(seconds, line, 1)
        tell(figures, "span", delays, sent)
        most, far_trunk.MAX_DATAGRAM_BYTES = far_trunk.MAX_DATAGRAM_BYTES, 0
        delays, sent, _ = await lend(seconds, line, 1)
        tell(figures, "tls", delays, sent)
        far_trunk.MAX_DATAGRAM_BYTES = most
        _, sent, busy_s = await lend(seconds, line, 8)
        figures.add("core_share_of_eight_branches", busy_s / seconds)
        figures.add("packets_per_s", sent / seconds)
    print(f"# {DELAY_MS} ms and {LOSS_PERCENT} % loss each way")
    figures.show()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--branch", help=argparse.SUPPRESS)
    given = parser.parse_args()
    asyncio.run(borrow(given.branch) if given.branch else main(given.seconds))
