"""The node's half of recording: one recorder process, and another that waits to take its place.

A recorder imports for more than a second before it can do anything. So a spare one has done that already, and
a recorder that dies or hangs is replaced within moments. Nobody waits for it: workers lend to a recorder as
they do to a branch, and cut off one that falls behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from ...domain.ids import PersonId
from ...domain.recording import deletions, recording_of
from ...domain.runsheet import RunSheet
from ...domain.session_run import SessionRun
from ...hls.rendition import Told
from ..contract.recording import (
    Deletion,
    NamedGap,
    Plan,
    RecorderConfig,
    RecorderStatus,
    Room,
    encode_line,
)
from .watchdog import Stuck, await_answer

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5  # at whether the plan has changed
CLOCK_MOVED_MS = 2.0
FIRST_BACKOFF_S, MAX_BACKOFF_S = (
    0.1,
    1.0,
)  # between recorders that end before they have done anything
SHUT_WITHIN_S = 4.0
START_WITHIN_S = 60.0


GAPS_KEPT = 20

_decode = msgspec.json.Decoder(RecorderStatus | Told | NamedGap).decode


class RecorderLine(Struct, frozen=True, kw_only=True):
    """A node's recorder as producers see it."""

    node: str
    sessions: tuple[str, ...]  # that it records now
    waiting_bytes: int  # for the store
    failing_s: float  # since when the store takes nothing; 0: it does
    parts_lost: int  # of the recorder at work
    restarts: int
    gaps: tuple[NamedGap, ...]  # the newest that it named, the last ones last


class Written(Protocol):
    """The part that serves what was written of stages."""

    def add(self, told: Told) -> None:
        """Learn of what the recorder has written."""
        ...

    def begin_anew(self) -> None:
        """Learn that another recorder writes from now on."""
        ...


class Unserved:
    """Nobody serves it."""

    def add(self, told: Told) -> None: ...

    def begin_anew(self) -> None: ...


class RecorderProcess:
    """One process; it does nothing until it is told a plan."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.status = RecorderStatus()
        self.has_told = False
        self._told = asyncio.Event()

    @classmethod
    async def start(cls, store: str) -> RecorderProcess:
        level = logging.getLevelName(logging.getLogger().getEffectiveLevel()).lower()
        config = RecorderConfig(parent=os.getpid(), store=store, log_level=level)
        return cls(
            await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "showcaller.media.recorder.process"),
                msgspec.json.encode(config).decode(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
        )

    def tell(self, plan: Plan) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(ConnectionError, RuntimeError):  # it has gone, and that is noticed
            self.process.stdin.write(encode_line(plan))

    async def watch(self, heard: Callable[[RecorderStatus | Told | NamedGap], None]) -> None:
        """Return when it has ended. Raises `Stuck` when it tells nothing any more."""
        reading = asyncio.create_task(self._read(heard))
        try:
            while self.process.returncode is None:
                self._told.clear()
                told: asyncio.Future[Any] = asyncio.ensure_future(self._told.wait())
                ended = asyncio.ensure_future(self.process.wait())
                try:
                    done, _ = await asyncio.wait(
                        {told, ended}, timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                    )
                    if not done:
                        await await_answer(told, self.process.pid)
                finally:
                    told.cancel()
                    ended.cancel()
        finally:
            reading.cancel()

    async def _read(self, heard: Callable[[RecorderStatus | Told | NamedGap], None]) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            message = _decode(line)
            if isinstance(message, RecorderStatus):
                self.status, self.has_told = message, True
                self._told.set()
            heard(message)

    async def shut(self) -> None:
        """Have it write what it has, and end."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            async with asyncio.timeout(SHUT_WITHIN_S):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()


class Recording:
    """Keeps a recorder with its spare running.

    `plan` gives the newest; `noted` is told each status, `written` what there is of stages.
    """

    def __init__(
        self,
        store: str,
        plan: Callable[[], Plan | None],
        noted: Callable[[RecorderStatus], None],
        written: Written | None = None,
    ) -> None:
        self.restarts = 0
        self._written = written or Unserved()
        self._gaps: deque[NamedGap] = deque(maxlen=GAPS_KEPT)
        self._store = store
        self._plan = plan
        self._noted = noted
        self._told: Plan | None = None
        self._now: RecorderProcess | None = None
        self._spare: asyncio.Task[RecorderProcess] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._keep_running(), name="recorder"),
            asyncio.create_task(self._keep_telling(), name="recorder's plans"),
        ]

    async def stop(self) -> None:
        self._stopping = True
        if self._now is not None:
            await self._now.shut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._spare is not None:
            spare = await self._spare
            spare.kill()
            await spare.process.wait()

    @property
    def status(self) -> RecorderStatus:
        """The newest of the recorder at work; one of zeros while there is none."""
        return self._now.status if self._now is not None else RecorderStatus()

    @property
    def process(self) -> asyncio.subprocess.Process | None:
        """The recorder at work; None while there is none."""
        return self._now.process if self._now is not None else None

    def line(self, node: str) -> RecorderLine:
        """Return how recording goes, as producers see it."""
        status = self.status
        return RecorderLine(
            node=node,
            sessions=status.sessions,
            waiting_bytes=status.waiting_bytes,
            failing_s=status.failing_s,
            parts_lost=status.parts_lost,
            restarts=self.restarts,
            gaps=tuple(self._gaps),
        )

    def _hear(self, message: RecorderStatus | Told | NamedGap) -> None:
        match message:
            case RecorderStatus():
                self._noted(message)
            case Told():
                self._written.add(message)
            case NamedGap():
                self._gaps.append(message)

    def changed(self) -> None:
        """Tell the recorder the plan, if it is another one."""
        plan = self._plan()
        if plan is not None and self._now is not None and _differs(plan, self._told):
            self._told = plan
            self._now.tell(plan)

    async def _keep_telling(self) -> None:
        while True:
            self.changed()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _keep_running(self) -> None:
        backoff_s = 0.0
        while not self._stopping:
            has_worked = False
            try:
                has_worked = await self._run_one()
            except Exception:
                log.exception("a recorder failed", extra={"action": "recording.recorder_failed"})
            if self._stopping:
                return
            self.restarts += 1
            if has_worked:
                backoff_s = 0.0
                continue
            backoff_s = min(MAX_BACKOFF_S, max(FIRST_BACKOFF_S, 2 * backoff_s))
            await asyncio.sleep(backoff_s)

    async def _run_one(self) -> bool:
        """Have the spare one work until it has ended; return whether it told of its work."""
        self._spare = self._spare or asyncio.create_task(RecorderProcess.start(self._store))
        recorder, self._told = await asyncio.shield(self._spare), None
        self._spare = asyncio.create_task(RecorderProcess.start(self._store))
        self._now = recorder
        self._written.begin_anew()
        self.changed()
        try:
            await recorder.watch(self._hear)
        except Stuck:
            log.error("a recorder hangs; it is killed", extra={"action": "recording.stuck"})
        finally:
            recorder.kill()
            self._now = None
            if not self._stopping:
                about = {"status": recorder.process.returncode}
                log.error("a recorder ended", extra={"action": "recording.ended", **about})
        return recorder.has_told


def _differs(plan: Plan, told: Plan | None) -> bool:
    if told is None or abs(plan.ahead_ms - told.ahead_ms) > CLOCK_MOVED_MS:
        return True
    return msgspec.structs.replace(plan, ahead_ms=told.ahead_ms) != told


def rooms_of(sheet: RunSheet, erased: Iterable[PersonId] = ()) -> tuple[Room, ...]:
    """Return the rooms that a recorder should know of: those of sessions that are live.

    Nobody is recorded who was `erased`.
    """
    gone = frozenset(erased)
    return tuple(_room(sheet, run, gone) for run in sheet.sessions.values() if run.live)


def _room(sheet: RunSheet, run: SessionRun, erased: frozenset[PersonId]) -> Room:
    plan = sheet.plan(run.id)
    recording = recording_of(plan, run)
    return Room(
        session=run.id,
        stage=plan.stage,
        record=recording is not None,
        only=recording.only if recording else None,
        but=tuple(sorted({*recording.but, *erased})) if recording else (),
        on_stage=sheet.stages[plan.stage].showing == run.id,
        chosen=run.chosen,
    )


def deletions_of(sheet: RunSheet, erased: Iterable[PersonId] = ()) -> tuple[Deletion, ...]:
    """Return what is to be gone: as producers said, and all that there is of people who were erased."""
    of_people = (Deletion("", person) for person in sorted(erased))
    return (*(Deletion(session, person) for session, person in deletions(sheet)), *of_people)
