"""HTTP Live Streaming of one event: what its stages show now, and its talks that have ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, TypeVar

from ..domain.ids import SessionId, StageId
from ..domain.recording import EVERYBODY, is_recorded
from ..domain.runsheet import RunSheet
from ..domain.session_run import SessionRun
from ..errors import BadInput, NotFound, Unavailable
from ..recording import layout
from ..recording.storage import Storage
from ..show.live_event import LiveEvent
from . import access
from .captions import (
    language_of,
    languages_of_stage,
    languages_of_talk,
    segment_text,
    stretch_of,
)
from .elsewhere import Elsewhere, Wanted
from .films import Films, film_plan
from .live_stages import LiveStage, LiveStages, variants
from .media_playlist import DateRange, ended_playlist
from .moments import question_ranges, talk_range, within
from .multivariant import PICTURE, SOUND, multivariant_playlist
from .rendition import TARGET_S, Rendition
from .talks import TakeIndex, read_talk, rendition_of

FRESH_FOR_S = 10.0  # a stage whose newest part is older is perhaps written elsewhere
ANSWERED_WITHIN_S = 1.5  # what another node asks for
BLOCKED_AT_MOST_S = 2 * TARGET_S
STORED_WITHIN_S = 2.0  # a part is told of when it is made, and stored in a moment
LOOK_AGAIN_S = 0.05
SETTLED_AFTER_S = 10.0  # since a talk's end all of it lies in the store
SETTLED_S, UNSETTLED_S = 60.0, 1.0  # so long the store is not asked again; a talk may be deleted
TALKS_KEPT = 32
ASKED_AGAIN_S = 1.0  # for questions on air
MAX_PARTS = 64  # of one segment
IN_VP8 = "the picture is sent in VP8, of which there is no HLS: publish in H.264, VP9 or AV1"

T = TypeVar("T")


class EventHls:
    """The origin of one event. `keys`: the first one signs, all are taken; none: it is open.

    `place` is where the store is, for processes that make films of it.
    """

    def __init__(
        self, event: LiveEvent, storage: Storage, keys: Sequence[bytes] = (), place: str = ""
    ) -> None:
        self.live = LiveStages()
        self.films = Films(storage, place)
        self.storage = storage
        self._elsewhere = Elsewhere(event.log, self._writes, self._answer)
        self._event = event
        self._storage = storage
        self._keys = keys
        self._index = TakeIndex(storage)
        self._reading = asyncio.Lock()
        self._asked: dict[SessionId, tuple[list[DateRange], float]] = {}
        # By folder and end, which may be taken back; with the time until which they are good
        self._talks: OrderedDict[tuple[str, int], tuple[dict[str, Rendition], float]] = (
            OrderedDict()
        )

    def start(self) -> None:
        """Answer other nodes from now on."""
        self._elsewhere.start()

    async def stop(self) -> None:
        await self._elsewhere.stop()
        await self.films.stop()

    # Addresses --------------------------------------------------------------------------------

    def access_to(self, stage: str) -> str:
        """Return the step of the path that opens a stage's addresses now."""
        if not self._keys:
            return access.OPEN
        return access.sign(self._keys[0], self._event.event_id, stage, self._now_s())

    def require(self, stage: str, step: str) -> None:
        """Raise `Forbidden` unless the step opens the stage, `NotFound` if there is no such stage."""
        if self._keys:
            access.require(self._keys, self._event.event_id, stage, step, self._now_s())
        elif step != access.OPEN:
            raise NotFound("this address is none of ours")
        self._require_stage(stage)

    def _require_stage(self, stage: str) -> None:
        if StageId(stage) not in self._sheet.stages:
            raise NotFound(f"there is no stage {stage!r}")

    # Live -------------------------------------------------------------------------------------

    async def require_live(self, stage: str) -> None:
        """Raise `NotFound` unless a talk is written of this stage now, here or elsewhere."""
        self._require_stage(stage)
        if self._is_elsewhere(stage):
            with contextlib.suppress(Unavailable):
                await self._elsewhere.ask(Wanted(stage=stage))
                return
        self._require_live_here(stage)

    def _require_live_here(self, stage: str) -> None:
        found = self.live.get(stage)
        if found is not None and self._is_live(found.session):
            return
        if found is not None and self._is_live(found.unwritten):
            raise NotFound(IN_VP8, code="no_hls")
        showing = self._sheet.stages[StageId(stage)].showing
        if showing is not None:
            self._require_recorded(showing)
        raise NotFound("nothing of this stage can be watched this way now", code="not_live")

    def _require_recorded(self, session: str) -> None:
        if self._sheet.plan(SessionId(session)).record == "no":
            message = f"session {session!r} is not recorded: its `record` in the schedule says so"
            raise NotFound(message, code="not_recorded")

    def _is_live(self, session: str) -> bool:
        run = self._sheet.sessions.get(SessionId(session))
        return run is not None and run.live

    def stage(self, stage: str) -> LiveStage:
        """Return a stage that is written here. Raises `Unavailable`: another node may write it."""
        found = self.live.get(stage)
        if found is None or not found.renditions:
            raise Unavailable("nothing is written of this stage here", retry_after_s=1)
        return found

    def _writes(self, stage: str) -> bool:
        """Tell whether the stage is written here, or was until a moment ago."""
        found = self.live.get(stage)
        if found is None:
            return False
        ends_ms = [
            one.written.parts[-1].end_ms for one in found.renditions.values() if one.written.parts
        ]
        return self._is_live(found.unwritten) or (
            self._event.wall_ms() - max(ends_ms, default=0.0) < 1000 * FRESH_FOR_S
        )

    def _is_elsewhere(self, stage: str) -> bool:
        """Tell whether to ask other nodes: one of them records what is on the stage, as the log has it."""
        showing = self._sheet.stages[StageId(stage)].showing
        run = self._sheet.sessions.get(showing) if showing is not None else None
        return run is not None and is_recorded(run) and not self._writes(stage)

    async def _answer(self, wanted: Wanted) -> list[str]:
        """Answer another node, soon enough for it to wait. Raises `NotFound`, `Unavailable`."""
        stage = wanted.stage
        async with _soon_enough():
            if wanted.take:
                await self._live_object(stage, wanted.take, wanted.last)
                return self._live_objects(stage, wanted.take, wanted.first, wanted.last)
            if not wanted.rendition:
                self._require_live_here(stage)
                return [self._multivariant_here(stage)]
            asked = wanted.rendition, wanted.segment, wanted.part
            return [await self._playlist_here(stage, *asked, skip=wanted.skip)]

    async def live_multivariant(self, stage: str) -> str:
        """Return what players choose from. Raises `NotFound`, `Unavailable`."""
        if self._is_elsewhere(stage):
            return (await self._elsewhere.ask(Wanted(stage=stage)))[0]
        return self._multivariant_here(stage)

    def _multivariant_here(self, stage: str) -> str:
        return self.stage(stage).multivariant(languages_of_stage(self._sheet, stage))

    async def live_playlist(
        self, stage: str, name: str, segment: int | None, part: int | None, *, skip: bool
    ) -> str:
        """Return a rendition's playlist, once it has what is asked for (§6.2.5.2). Raises `BadInput`."""
        if not self._is_elsewhere(stage):
            return await self._playlist_here(stage, name, segment, part, skip=skip)
        wanted = Wanted(stage=stage, rendition=name, segment=segment, part=part, skip=skip)
        return (await self._elsewhere.ask(wanted))[0]

    async def _playlist_here(
        self, stage: str, name: str, segment: int | None, part: int | None, *, skip: bool
    ) -> str:
        found = self.stage(stage)
        one = found.find(name)
        language = language_of(name)
        if one is None or (language and language not in languages_of_stage(self._sheet, stage)):
            raise NotFound(f"this stage has no rendition {name!r}")
        if segment is not None:
            if segment > one.written.end[0] + 1:
                raise BadInput("that is too far ahead of what is live", field="_HLS_msn")
            await _within(BLOCKED_AT_MOST_S, one.has(segment, part))
        return found.playlist(name, one, self._ranges(one.written), skip=skip)

    def _ranges(self, written: Rendition, *, ended: bool = False) -> list[DateRange]:
        """Return the stretches that a playlist of the newest session names."""
        session = SessionId(written.newest.session)
        title = self._sheet.plan(session).title if session in self._sheet.sessions else ""
        talks = talk_range(written, title, ended=ended)
        if not talks:
            return []
        questions = self._questions(session)
        return [*talks, *within(questions, talks[0].start_ms, written.parts[-1].end_ms)]

    def _questions(self, session: SessionId) -> list[DateRange]:
        """Return those of a session; looked for among all once a second."""
        found, at_s = self._asked.get(session, ([], 0.0))
        if self._now_s() - at_s > ASKED_AGAIN_S:
            found = question_ranges(self._event.state.questions.by_id.values(), session)
            self._asked[session] = found, self._now_s()
        return found

    # Talks ------------------------------------------------------------------------------------

    async def talk(self, stage: str, session: str) -> dict[str, Rendition]:
        """Return the renditions of a talk that has ended. Raises `NotFound`."""
        run = self._run_of(stage, session)
        if run.state != "ended" or run.actual_end_ms is None:
            raise NotFound("this talk has not ended", code="not_ended")
        async with self._reading:  # one at a time, and the others have what it found
            found = await self._read(self._folder(session), run.actual_end_ms)
        if not found:
            self._require_recorded(session)
            raise await self._nothing_of(self._folder(session))
        return found

    async def _nothing_of(self, folder: str) -> NotFound:
        if any(one.name.endswith("/init.webm") for one in await self._storage.list_below(folder)):
            return NotFound(IN_VP8, code="no_hls")
        return NotFound("nothing was recorded of this talk", code="no_recording")

    async def _read(self, folder: str, end_ms: int) -> dict[str, Rendition]:
        known, good_until_s = self._talks.get((folder, end_ms), (None, 0.0))
        if known is not None and self._now_s() < good_until_s:
            return known
        found = await read_talk(self._storage, folder)
        kept_s = SETTLED_S if self._since_end_s(end_ms) > SETTLED_AFTER_S else UNSETTLED_S
        self._talks[folder, end_ms] = found, self._now_s() + kept_s
        while len(self._talks) > TALKS_KEPT:
            self._talks.popitem(last=False)
        return found

    async def talk_playlist(self, stage: str, session: str, name: str) -> str:
        talk, language = await self.talk(stage, session), language_of(name)
        found = talk.get(name)
        if language in self._languages(session):
            found = talk.get(PICTURE) or talk.get(SOUND)
        if found is None:
            raise NotFound(f"this talk has no rendition {name!r}")
        ranges = self._ranges(found, ended=True)
        return ended_playlist(found, ranges, captions=language or "")

    async def talk_multivariant(self, stage: str, session: str) -> str:
        talk = await self.talk(stage, session)
        return multivariant_playlist(variants(talk), self._languages(session))

    def _languages(self, session: str) -> list[str]:
        return languages_of_talk(self._sheet, self._event.state.captions, SessionId(session))

    def captions(self, stage: str, session: str, language: str, name: str) -> str:
        """Return a segment of captions, as they read now. Raises `NotFound`."""
        self._run_of(stage, session)
        stretch = stretch_of(name)
        if stretch is None or language not in self._languages(session):
            raise NotFound("there are no captions at this address")
        lines = self._event.state.captions.lines(SessionId(session), language)
        return segment_text(lines.values(), stretch)

    async def film(self, stage: str, session: str) -> str | None:
        """Return the film of a talk that has ended, in the store; None while it is made.

        Raises `NotFound`.
        """
        found = await self.talk(stage, session)
        every = [rendition.parts for rendition in found.values()]
        start_ms = min(parts[0].at_ms for parts in every)
        chapters = within(
            self._questions(SessionId(session)), start_ms, max(parts[-1].end_ms for parts in every)
        )
        plan = self._sheet.plan(SessionId(session))
        names = {speaker.id: speaker.name for speaker in self._sheet.schedule.speakers}
        artist = ", ".join(names.get(one, one) for one in plan.speakers)
        said = self._event.state.captions
        captions = {
            language: lines.values()
            for language in self._languages(session)
            if (lines := said.lines(SessionId(session), language))
        }
        film = film_plan(found, plan.title, artist, chapters, captions)
        return await self.films.find(self._folder(session), film)

    # Media ------------------------------------------------------------------------------------

    async def media(self, stage: str, session: str, take: str, first: int, last: int) -> bytes:
        """Return parts `first` to `last` of a take; one that is next is waited for. Raises `NotFound`."""
        folder = self._take_folder(stage, session, take)
        if last - first >= MAX_PARTS:
            raise BadInput(f"a segment has at most {MAX_PARTS} parts")
        if first == last:
            name = await self._live_object(stage, take, first)
            if name is not None:
                return await self._soon(name)
        names = self._live_objects(stage, take, first, last)
        if not names and self._is_elsewhere(stage):
            with contextlib.suppress(NotFound, Unavailable):
                wanted = Wanted(stage=stage, take=take, first=first, last=last)
                names = await self._elsewhere.ask(wanted)
        names = names or await self._index.names(folder, first, last)
        return b"".join(await asyncio.gather(*map(self._soon, names)))

    async def init_section(self, stage: str, session: str, take: str) -> bytes:
        return await self._soon(f"{self._take_folder(stage, session, take)}/init.mp4")

    async def _live_object(self, stage: str, take: str, number: int) -> str | None:
        found = self.live.get(stage)
        one = found.renditions.get(rendition_of(take) or "") if found else None
        if one is None:
            return None
        return await _within(BLOCKED_AT_MOST_S, one.has_part(take, number))

    def _live_objects(self, stage: str, take: str, first: int, last: int) -> list[str]:
        found = self.live.get(stage)
        one = found.renditions.get(rendition_of(take) or "") if found else None
        names = [one.objects.get((take, n), "") if one else "" for n in range(first, last + 1)]
        return names if all(names) else []

    async def _soon(self, name: str) -> bytes:
        """Return an object that is stored, or is on its way."""
        tries = round(STORED_WITHIN_S / LOOK_AGAIN_S)
        for left in range(tries, -1, -1):
            try:
                return await self._storage.get(name)
            except NotFound:
                if not left:
                    raise
                await asyncio.sleep(LOOK_AGAIN_S)
        raise AssertionError

    # Where --------------------------------------------------------------------------------------

    @property
    def _sheet(self) -> RunSheet:
        sheet = self._event.state.runsheet
        if sheet is None:
            raise Unavailable("the event has not begun to run")
        return sheet

    def stage_of(self, session: str) -> str:
        """Return the stage that a session is on. Raises `NotFound`."""
        if SessionId(session) not in self._sheet.sessions:
            raise NotFound(f"there is no session {session!r}")
        return self._sheet.plan(SessionId(session)).stage

    def _run_of(self, stage: str, session: str) -> SessionRun:
        if self.stage_of(session) != stage:
            raise NotFound(f"there is no session {session!r} on this stage")
        run = self._sheet.sessions[SessionId(session)]
        if EVERYBODY in run.deleted:
            raise NotFound("the recording of this session was deleted", code="no_recording")
        return run

    def _folder(self, session: str) -> str:
        return layout.session_folder(self._event.event_id, self._sheet.clock.run, session)

    def _take_folder(self, stage: str, session: str, take: str) -> str:
        self._run_of(stage, session)
        if rendition_of(take) is None or "/" in take:
            raise NotFound("there is no such take of a stage")
        return f"{self._folder(session)}/{take}"

    def _since_end_s(self, end_ms: int) -> float:
        clock = self._sheet.clock
        return (clock.show_at(self._event.wall_ms()) - end_ms) / clock.rate / 1000

    def _now_s(self) -> float:
        return self._event.wall_ms() / 1000


@contextlib.asynccontextmanager
async def _soon_enough() -> AsyncIterator[None]:
    """Do it within a moment. Raises `Unavailable`: whoever asks asks again."""
    try:
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            yield
    except TimeoutError:
        raise Unavailable("this has not been written yet", retry_after_s=1) from None


async def _within(seconds: float, coming: Coroutine[Any, Any, T]) -> T:
    """Wait for what comes. Raises `Unavailable` where it does not."""
    try:
        async with asyncio.timeout(seconds):
            return await coming
    except TimeoutError:
        raise Unavailable("this has not been written yet", retry_after_s=1) from None
