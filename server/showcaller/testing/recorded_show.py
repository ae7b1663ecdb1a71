"""A talk that is sent in real time and recorded by a node's recorder process, which may be killed."""

from __future__ import annotations

import asyncio
import io
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from .. import system
from ..hls.talks import SOURCE
from ..media.contract.recording import Plan, RecorderStatus, Room
from ..media.node.recording import Recording
from ..media.sfu.trunk import Trunk
from ..recording import layout
from ..recording.layout import Gap
from ..recording.part import Part, Take
from ..recording.storage import FolderStorage
from .lent_talk import LentTalk
from .until import until

Taken = list[tuple[Take, list[Part]]]


class Kill(NamedTuple):
    """One `kill -9` of the recorder: what was lost before it, and how soon another one recorded."""

    lost_ms: float
    away_ms: float


class RecordedShow:
    """A trunk with one talk, and a node's recording of it in `folder`."""

    def __init__(self, folder: Path, offer: str) -> None:
        self._path = str(folder / "trunk")
        self._offer = offer
        self.storage = FolderStorage(folder / "recordings")
        self.trunk = Trunk()
        self.ahead_ms = system.wall_ms_exact() - system.monotonic_s() * 1000
        self.status = RecorderStatus()
        self.recording = Recording(str(folder / "recordings"), self.plan, self._note)
        self.late_s = 0.0  # the most that sending was ever late
        self._told = 0

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, offer: str) -> AsyncIterator[RecordedShow]:
        """A show whose talk is being recorded."""
        show = cls(folder, offer)
        await show.trunk.listen(show._path)
        show.recording.start()
        sending = asyncio.create_task(show._send())
        try:
            await until(lambda: show.status.parts >= 2, timeout_s=60)
            yield show
        finally:
            sending.cancel()
            await show.recording.stop()
            await show.trunk.close()

    def plan(self) -> Plan:
        room = Room(session="talk", stage="main", record=True, on_stage=True)
        about = {"event": "conf", "run": "r", "ahead_ms": self.ahead_ms}
        return Plan(**about, trunks=(self._path,), rooms=(room,))  # type: ignore[arg-type]

    def now_ms(self) -> float:
        return system.monotonic_s() * 1000 + self.ahead_ms

    @property
    def process_id(self) -> int:
        """The recorder's."""
        assert self.recording.process is not None
        return self.recording.process.pid

    def _note(self, status: RecorderStatus) -> None:
        self.status = status
        self._told += 1

    async def _send(self) -> None:
        """Send pictures and sound as a speaker does."""
        talk, began_s = LentTalk(self.trunk, self._offer), system.monotonic_s()
        for n in itertools.count():
            due_s = began_s + n * 0.02
            await asyncio.sleep(max(0.0, due_s - system.monotonic_s()))
            self.late_s = max(self.late_s, system.monotonic_s() - due_s)
            talk.sound()
            if n % 2 == 0:
                talk.picture()

    async def kill(self) -> Kill:
        """Kill the recorder, and return once another one has written two parts."""
        process = self.recording.process
        assert process is not None
        process.kill()
        killed_ms = self.now_ms()
        await process.wait()
        ends_ms = [await self.end_ms(kind) for kind in ("video", "audio")]
        await until(lambda: self.recording.process is not process and self._writes(1))
        away_ms = self.now_ms() - killed_ms
        await until(lambda: self._writes(2))
        return Kill(max(killed_ms - end_ms for end_ms in ends_ms), away_ms)

    async def kill_quickly(self, times: int) -> float:
        """Kill it and each in its place as soon as it is there; return how long until one writes (ms)."""
        for _ in range(times):
            process = self.recording.process
            assert process is not None
            process.kill()
            killed_ms = self.now_ms()
            await process.wait()
            await until(partial(self._is_replaced, process))
        await until(lambda: self._writes(1))
        return self.now_ms() - killed_ms

    def _is_replaced(self, process: asyncio.subprocess.Process) -> bool:
        return self.recording.process not in (None, process)

    def _writes(self, parts: int) -> bool:
        status = self.recording.status
        return status.takes >= 2 and status.parts >= parts - 1

    async def killed(self, times: int, seed: int) -> list[Kill]:
        """Kill it so many times, each at a random instant of its life."""
        instants, kills = Random(seed), []
        for _ in range(times):
            await asyncio.sleep(instants.uniform(0.3, 2.0))
            kills.append(await self.kill())
        return kills

    # What was written -------------------------------------------------------------------------

    async def takes(self) -> Taken:
        """Return what was written of the talk's own picture and sound, and not of its stage."""
        objects = await self.storage.list_below("conf/r/talk")
        takes = [
            msgspec.json.decode(await self.storage.get(one.name), type=Take)
            for one in objects
            if one.name.endswith(f"/{layout.TAKE}")
        ]
        own = [take for take in takes if not take.source.startswith(SOURCE)]
        return [(take, layout.read_parts(take, objects)) for take in own]

    async def gaps(self) -> list[Gap]:
        objects = await self.storage.list_below("conf/r/talk")
        return [gap for one in objects if (gap := layout.read_gap(one.name))]

    async def end_ms(self, kind: str) -> float:
        """Return the server time at which the newest part ends; 0: there is none."""
        spans = await self.spans(kind)
        return spans[-1][1] if spans else 0.0

    async def spans(self, kind: str) -> list[tuple[float, float]]:
        """Return the server times of each take's beginning and end, in order."""
        return sorted(
            (parts[0].time_ms, parts[-1].time_ms + parts[-1].duration_ms(take.timescale))
            for take, parts in await self.takes()
            if take.kind == kind and parts
        )

    async def file(self, take: Take, parts: list[Part]) -> io.BytesIO:
        """Return a take as the file that its objects make up."""
        data = await self.storage.get(layout.init_name(take.folder, take.container))
        return io.BytesIO(data + b"".join([await self.storage.get(part.name) for part in parts]))
