"""The recorder's process with its spare: killed at any instant, it loses one part at most."""

from __future__ import annotations

import asyncio
import io
import itertools
import os
import random
from pathlib import Path

import av
import msgspec
import pytest

from showcaller import system
from showcaller.media.contract.recording import Plan, Room
from showcaller.media.node.recording import Recording
from showcaller.media.sfu.trunk import Trunk
from showcaller.recording import layout
from showcaller.recording.part import Take
from showcaller.recording.storage import FolderStorage
from showcaller.testing.lent_talk import LentTalk
from showcaller.testing.until import until

OFFERS = Path(__file__).parents[1] / "unit/media/sdp/offers"
KILLS = int(os.environ.get("SHOWCALLER_KILLS", "5"))
PART_MS = 1_000
# in the queue, of one frame and of one packet of sound
LATE_MS = 150


class Show:
    """A trunk with one talk that is sent in real time, and a node's recording of it."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "trunk")
        self.store = folder / "recordings"
        self.storage = FolderStorage(self.store)
        self.trunk = Trunk()
        self.ahead_ms = system.wall_ms_exact() - system.monotonic_s() * 1000
        self.recording = Recording(self.store, self.plan, lambda status: None)
        self.talk: LentTalk | None = None
        self.late_s = 0.0  # the most that sending was ever late

    def plan(self) -> Plan:
        room = Room(session="talk", stage="main", record=True)
        return Plan(
            event="conf", run="r", ahead_ms=self.ahead_ms, trunks=(self.path,), rooms=(room,)
        )

    def now_ms(self) -> float:
        return system.monotonic_s() * 1000 + self.ahead_ms

    async def send(self) -> None:
        """Send pictures and sound as a speaker does."""
        self.talk = LentTalk(self.trunk, (OFFERS / "chromium-publisher.sdp").read_text())
        began_s = system.monotonic_s()
        for n in range(1_000_000):
            due_s = began_s + n * 0.02
            await asyncio.sleep(max(0.0, due_s - system.monotonic_s()))
            self.late_s = max(self.late_s, system.monotonic_s() - due_s)
            self.talk.sound()
            if n % 2 == 0:
                self.talk.picture()

    async def takes(self) -> list[tuple[Take, list[layout.Part]]]:
        objects = await self.storage.list_below("conf/r/talk")
        takes = [
            msgspec.json.decode(await self.storage.get(one.name), type=Take)
            for one in objects
            if one.name.endswith("/take.json")
        ]
        return [(take, layout.read_parts(take, objects)) for take in takes]

    async def end_ms(self, kind: str) -> float:
        """Return the server time at which the newest part ends."""
        return max(
            (
                parts[-1].time_ms + parts[-1].duration_ms(take.timescale)
                for take, parts in await self.takes()
                if take.kind == kind and parts
            ),
            default=0.0,
        )


@pytest.fixture
async def show(tmp_path):
    show = Show(tmp_path)
    await show.trunk.listen(show.path)
    show.recording.start()
    sending = asyncio.create_task(show.send())
    yield show
    sending.cancel()
    await show.recording.stop()
    await show.trunk.close()


async def test_a_recorder_killed_at_any_instant_loses_a_part_at_most(show):
    """Each time: up to when it is written, how soon it is again, and that all files open."""
    instants, lost_ms, away_ms = random.Random(KILLS), [], []
    await until(lambda: show.recording.status.parts >= 2, timeout_s=30)
    for _ in range(KILLS):
        await asyncio.sleep(instants.uniform(0.3, 2.0))
        process = show.recording._now.process
        process.kill()
        killed_ms = show.now_ms()
        await process.wait()
        before = {kind: await show.end_ms(kind) for kind in ("video", "audio")}
        lost_ms.append(max(killed_ms - end_ms for end_ms in before.values()))
        restarts = show.recording.restarts

        def recording(restarts=restarts):
            return show.recording.running and show.recording.status.takes >= 2

        await until(recording, timeout_s=20)
        away_ms.append(show.now_ms() - killed_ms)
        await until(lambda: show.recording.status.parts >= 2, timeout_s=20)
    await show.recording.stop()
    print(f"\nparts_lost_at_kill_max {-(-(max(lost_ms) - LATE_MS) // PART_MS):.0f}")
    print(
        f"lost_at_kill_ms_max {max(lost_ms):.0f}\nrecorder_replaced_s_max {max(away_ms) / 1000:.2f}"
    )
    assert max(lost_ms) <= PART_MS + LATE_MS + show.late_s * 1000
    await check_files(show)
    await check_gaps(show)


async def check_files(show):
    takes = await show.takes()
    assert len(takes) >= 2 * KILLS
    for take, parts in takes:
        data = await show.storage.get(layout.init_name(take.folder, take.container))
        if not parts:
            continue
        data += b"".join([await show.storage.get(part.name) for part in parts])
        with av.open(io.BytesIO(data)) as file:
            frames = list(file.decode(file.streams[0]))
        assert frames
        length_s = sum(part.duration for part in parts) / take.timescale
        frame_s = 0.04 if take.kind == "video" else 0.02
        assert len(frames) == pytest.approx(length_s / frame_s, abs=2)


async def check_gaps(show):
    objects = await show.storage.list_below("conf/r/talk")
    gaps = [gap for one in objects if (gap := layout.read_gap(one.name))]
    assert {gap.reason for gap in gaps} <= {"recorder"}
    for kind in ("video", "audio"):
        spans = sorted(
            (parts[0].time_ms, parts[-1].time_ms + parts[-1].duration_ms(take.timescale))
            for take, parts in await show.takes()
            if take.kind == kind and parts
        )
        named = sorted((gap.from_ms, gap.to_ms) for gap in gaps if gap.kind == kind)
        empty = [
            (end_ms, begin_ms)
            for (_, end_ms), (begin_ms, _) in itertools.pairwise(spans)
            if begin_ms - end_ms > 260
        ]
        assert len(named) >= len(empty)
        for end_ms, begin_ms in empty:
            assert any(abs(a - end_ms) < 60 and abs(b - begin_ms) < 60 for a, b in named)
