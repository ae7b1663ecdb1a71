"""The recorder's writing of a stage: the publication that is on it, of those that may be recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from showcaller.hls.live_stages import LiveStages
from showcaller.hls.rendition import Part, Section, Told, Unwritten
from showcaller.media.contract.recording import Plan, Room
from showcaller.media.egress import choose
from showcaller.media.recorder.recorder import Recorder
from showcaller.media.recorder.stages import _Stage
from showcaller.media.sfu.trunk import Trunk
from showcaller.media.sfu.trunk_link import TrackLine
from showcaller.recording.storage import FolderStorage
from showcaller.testing.lent_talk import PAYLOAD_TYPES, PICTURE_SSRC, LentTalk
from showcaller.testing.until import until

OFFERS = Path(__file__).parents[1] / "sdp/offers"
OFFER = (OFFERS / "chromium-publisher.sdp").read_text()
SIMULCAST = (OFFERS / "chromium-simulcast-publisher.sdp").read_text()


class Studio:
    """A trunk, and a recorder of one stage that tells what it writes."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "trunk")
        self.trunk = Trunk()
        self.told: list[Told] = []
        self.talk_kind, self.offer = LentTalk, OFFER
        storage = FolderStorage(folder / "recordings")
        self.recorder = Recorder(storage, choose("python"), tell=self.told.append)

    def lead(self, session="talk", **more):
        room = Room(session=session, stage="main", record=True, on_stage=True, **more)
        about = {"event": "conf", "run": "r", "ahead_ms": 1_800_000_000_000.0}
        self.recorder.follow(Plan(**about, trunks=(self.path,), rooms=(room,)))

    async def talk(self, person="ada", **more):
        talk = self.talk_kind(
            self.trunk, self.offer, resource=f"w_1~{person}", person=person, **more
        )
        await until(lambda: talk.resource in self.recorder._ingests())
        return talk

    async def played(self, talk, seconds, codec="h264"):
        talk.play(seconds, codec)
        ingest = self.recorder._ingests()[talk.resource]
        await until(lambda: ingest.packets == talk.packets)

    def written(self, kind):
        return [one.written for one in self.told if isinstance(one.written, kind)]

    def lasted_s(self, rendition):
        parts = [t.written for t in self.told if t.rendition == rendition]
        return sum(part.duration_s for part in parts if isinstance(part, Part))


@pytest.fixture
async def studio(tmp_path):
    studio = Studio(tmp_path)
    await studio.trunk.listen(studio.path)
    studio.lead()
    await until(lambda: studio.trunk.branches)
    yield studio
    await studio.recorder.close()
    await studio.trunk.close()


async def test_picture_and_sound_of_who_is_on_the_stage_are_written_in_one_section(studio):
    talk = await studio.talk()
    await studio.played(talk, 0.2)
    await until(lambda: studio.recorder.sources)
    await studio.played(talk, 4.0)
    talk.end()
    await until(lambda: not studio.recorder.sources)
    assert {one.rendition for one in studio.told} == {"high", "audio"}
    assert {section.number for section in studio.written(Section)} == {0}
    for rendition in ("high", "audio"):
        assert studio.lasted_s(rendition) == pytest.approx(3.9, abs=0.5)


def test_a_keyframe_is_asked_for_every_two_seconds_once_each():
    stage = _Stage("main", writer=None)
    asked = [tenth / 10 for tenth in range(100) if stage.is_due("high", None, tenth / 10)]
    assert asked == [2.0, 4.0, 6.0, 8.0]
    assert not stage.is_due("high", keyframe_s=10.5, now_s=12.0)  # one came by itself
    assert stage.is_due("high", keyframe_s=10.5, now_s=12.5)


class SimulcastTalk(LentTalk):
    """Sends its picture twice, as a sender of two sizes does."""

    LOW_SSRC = 33

    def __init__(self, trunk, offer, **more):
        self.low = True
        super().__init__(trunk, offer, **more)
        self._sequences[self.LOW_SSRC] = 900

    @staticmethod
    def lines():
        kind = PAYLOAD_TYPES["h264"]
        lines = ((PICTURE_SSRC, "h"), (SimulcastTalk.LOW_SSRC, "l"))
        return [TrackLine(ssrc, kind, rid, ()) for ssrc, rid in lines]

    def _packet(self, kind, ssrc, stamp, payload, *, marker):
        if ssrc == PICTURE_SSRC and self.low:
            self._send(super()._packet(kind, self.LOW_SSRC, stamp, payload, marker=marker))
        return super()._packet(kind, ssrc, stamp, payload, marker=marker)


async def test_the_lowest_of_several_sizes_is_a_rendition_of_its_own(studio):
    studio.talk_kind, studio.offer = SimulcastTalk, SIMULCAST
    talk = await studio.talk()
    await until(lambda: studio.recorder.sources)
    await studio.played(talk, 4.0)
    high, low = studio.lasted_s("high"), studio.lasted_s("low")
    assert high > 2.0
    assert low == pytest.approx(high, abs=1.1)
    sections = {one.written.number for one in studio.told if isinstance(one.written, Section)}
    assert sections == {0}


async def test_nothing_is_written_of_who_may_not_be_recorded(studio):
    studio.lead(only=("ada",))
    ada, eve = await studio.talk("ada"), await studio.talk("eve")
    await until(lambda: studio.recorder.sources)
    studio.lead(only=("ada",), chosen=eve.resource)
    await studio.played(eve, 3.0)
    await studio.played(ada, 3.0)
    assert studio.told == []


async def test_of_a_picture_in_vp8_it_is_told_that_there_is_no_hls(studio):
    talk = await studio.talk()
    await until(lambda: studio.recorder.sources)
    await studio.played(talk, 2.0, "vp8")
    await until(lambda: studio.told)
    assert studio.written(Unwritten) == [Unwritten("talk")]


def test_sections_of_a_recorder_that_takes_over_go_on_behind_those_before():
    stages = LiveStages()
    for _ in range(2):
        for number in range(2):
            about = {"session": "talk", "take": f"t{number}", "codecs": "avc1.64001f"}
            section = Section(number=number, **about)
            stages.add(Told(stage="main", rendition="high", written=section))
        stages.begin_anew()
    assert stages.get("main").sections == 4


def test_another_node_that_goes_on_later_counts_from_higher_numbers():
    """Its segments follow those that players have, whatever the node before has told."""
    ends = []
    for began_s in (1_800_000_000, 1_800_003_600):
        stages = LiveStages()
        about = {"session": "talk", "take": f"{began_s}000-stage.high-video-x", "codecs": "avc1"}
        stages.add(Told(stage="main", rendition="high", written=Section(number=0, **about)))
        at = {"section": 0, "at_ms": 1000.0 * began_s, "independent": True, "size_bytes": 1}
        for number in range(900):
            part = Part(number=number, duration_s=4.0, **at)
            stages.add(Told(stage="main", rendition="high", written=part))
        written = stages.get("main").renditions["high"].written
        ends.append((written.segments[0].number, written.end[0]))
    (_, last), (first, _) = ends
    assert first > last


def test_a_talk_before_is_forgotten_but_for_its_end():
    stages = LiveStages()
    for number, session in enumerate(("one", "two")):
        about = {"session": session, "take": f"{session}", "codecs": "avc1"}
        stages.add(Told(stage="main", rendition="high", written=Section(number=number, **about)))
        for n in range(100):
            at = {"at_ms": 400_000.0 * number + 4_000.0 * n, "independent": True, "size_bytes": 1}
            part = Part(section=number, number=n, duration_s=4.0, object=f"{session}{n}", **at)
            stages.add(Told(stage="main", rendition="high", written=part))
    one = stages.get("main").renditions["high"]
    assert [p.object for p in one.written.parts[:8]] == [f"one{n}" for n in range(92, 100)]
    assert len(one.objects) == len(one.written.parts) == 108
    assert [s.number for s in one.written.segments] == list(range(92, 200))
