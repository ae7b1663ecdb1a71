"""The recorder at a real trunk and a real folder: what was sent is there, and nothing of what must not be."""

import io
import itertools
from pathlib import Path

import av
import msgspec
import pytest

from showcaller import system
from showcaller.errors import NotFound, Unavailable
from showcaller.media.contract.recording import Deletion, Plan, Room
from showcaller.media.egress import choose
from showcaller.media.recorder.outbox import Outbox
from showcaller.media.recorder.recorder import Recorder
from showcaller.media.sfu.trunk import Trunk
from showcaller.recording import layout
from showcaller.recording.part import Take
from showcaller.recording.storage import FolderStorage
from showcaller.testing.lent_talk import LentTalk
from showcaller.testing.until import until

OFFER = (Path(__file__).parents[1] / "sdp/offers/chromium-publisher.sdp").read_text()
AHEAD_MS = 1_800_000_000_000.0


class Studio:
    """A trunk, a store, and a recorder that follows plans."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "trunk")
        self.trunk = Trunk()
        self.storage = FolderStorage(folder / "recordings")
        self.recorder: Recorder | None = None
        self.rooms = (Room(session="talk", stage="main", record=True),)
        self.deleted: tuple[Deletion, ...] = ()
        self.ahead_ms = AHEAD_MS

    def plan(self) -> Plan:
        return Plan(
            event="conf",
            run="r1",
            ahead_ms=self.ahead_ms,
            trunks=(self.path,),
            rooms=self.rooms,
            deleted=self.deleted,
        )

    async def record(self, storage=None, **options) -> Recorder:
        storage = storage or self.storage
        self.recorder = Recorder(storage, choose("python"), Outbox(storage, **options))
        self.recorder.follow(self.plan())
        await until(lambda: self.trunk.branches)
        return self.recorder

    async def stop(self) -> None:
        if self.recorder is not None:
            await self.recorder.close()
            self.recorder = None

    async def takes(self) -> dict[str, list[tuple[Take, list]]]:
        objects = await self.storage.list_below("conf/r1/talk")
        found: dict[str, list] = {}
        for stored in objects:
            if stored.name.endswith("/take.json"):
                take = msgspec.json.decode(await self.storage.get(stored.name), type=Take)
                found.setdefault(take.kind, []).append((take, layout.read_parts(take, objects)))
        return found

    async def gaps(self):
        objects = await self.storage.list_below("conf/r1/talk")
        return [gap for stored in objects if (gap := layout.read_gap(stored.name))]

    async def file(self, take, parts) -> io.BytesIO:
        data = await self.storage.get(layout.init_name(take.folder, take.container))
        for part in parts:
            data += await self.storage.get(part.name)
        return io.BytesIO(data)


@pytest.fixture
async def studio(tmp_path):
    studio = Studio(tmp_path)
    await studio.trunk.listen(studio.path)
    yield studio
    await studio.stop()
    await studio.trunk.close()


async def taken_in(studio, *talks):
    """Return when the recorder has all that was sent."""
    sources = studio.recorder.sources
    for talk in talks:
        await until(lambda one=talk: sources[one.resource].ingest.packets == one.packets)


async def began(studio, **options):
    """A talk that is being recorded, before anything is sent."""
    recorder = await studio.record()
    talk = LentTalk(studio.trunk, OFFER, **options)
    await until(lambda: recorder.sources)
    return talk


async def frames_in(studio, take, parts):
    with av.open(await studio.file(take, parts)) as file:
        return sum(1 for _ in file.decode(video=0))


@pytest.mark.parametrize("codec", ["h264", "vp8", "vp9", "av1"])
async def test_what_was_sent_is_there_frame_by_frame(studio, codec):
    talk = await began(studio)
    talk.play(3.0, codec)
    await taken_in(studio, talk)
    await studio.stop()
    takes = await studio.takes()
    ((video, parts),), ((sound, sounds),) = takes["video"], takes["audio"]
    assert video.codec.startswith({"h264": "avc1", "av1": "av01", "vp9": "vp09"}.get(codec, "vp8"))
    assert await frames_in(studio, video, parts) == 75
    assert sum(part.duration for part in sounds) / sound.timescale == pytest.approx(3.0, abs=0.05)
    assert all(
        after.decode_time == part.decode_time + part.duration
        for part, after in itertools.pairwise(parts)
    )
    assert video.base_ms == sound.base_ms
    assert abs(video.base_ms - AHEAD_MS - system.monotonic_s() * 1000) < 30_000
    assert await studio.gaps() == []


async def test_nothing_of_a_room_that_is_not_recorded_or_of_a_person_who_did_not_agree(studio):
    studio.rooms = (
        Room(session="talk", stage="main", record=True, only=("ada", "eve"), but=("eve",)),
        Room(session="other", stage="main", record=False),
    )
    recorder = await studio.record()
    people = [("ada", "talk"), ("eve", "talk"), ("bob", "talk"), ("ada", "other"), ("ada", "else")]
    talks = [
        LentTalk(studio.trunk, OFFER, resource=f"w_1~{n}", person=person, session=session)
        for n, (person, session) in enumerate(people)
    ]
    await until(lambda: recorder.sources)
    for talk in talks:
        talk.play(2.5)
    await taken_in(studio, talks[0])
    await studio.stop()
    every = await studio.storage.list_below("conf")
    takes = [take for some in (await studio.takes()).values() for take, _ in some]
    assert {(take.person, take.session) for take in takes} == {("ada", "talk")}
    assert {stored.name.split("/")[2] for stored in every} == {"talk"}


async def test_who_takes_their_agreement_back_is_recorded_no_longer(studio):
    talk = await began(studio)
    talk.play(2.0)
    await taken_in(studio, talk)
    studio.rooms = (Room(session="talk", stage="main", record=True, but=("ada",)),)
    studio.recorder.follow(studio.plan())
    assert studio.recorder.status().takes == 0
    talk.play(2.0)
    await studio.stop()
    ((_, parts),) = (await studio.takes())["video"]
    assert sum(part.duration for part in parts) <= 2.1 * 90_000


async def test_another_codec_begins_another_take(studio):
    talk = await began(studio)
    talk.play(1.2, "h264")
    talk.play(1.2, "vp9")
    await taken_in(studio, talk)
    await studio.stop()
    takes = (await studio.takes())["video"]
    assert [take.codec[:4] for take, _ in takes] == ["avc1", "vp09"]
    for take, parts in takes:
        assert await frames_in(studio, take, parts) > 0
    assert len((await studio.takes())["audio"]) == 1


async def test_after_a_loss_it_goes_on_with_the_next_keyframe(studio):
    talk = await began(studio)
    talk.play(1.0)
    talk.picture()
    talk.picture(lose=True)
    talk.picture()

    def goes_on():
        talk.picture()
        talk.sound()
        return studio.recorder.status().parts > 10

    await until(goes_on)
    await studio.stop()
    ((take, parts),) = (await studio.takes())["video"]
    assert await frames_in(studio, take, parts) > 40


async def test_who_comes_in_the_middle_of_a_picture_asks_for_a_keyframe_and_begins_with_it(studio):
    talk = await began(studio)
    talk.skip(0.04)
    talk.picture()
    await until(lambda: talk.asked.keyframes)
    assert studio.recorder.status().takes == 0
    talk.play(2.0)
    await taken_in(studio, talk)
    await studio.stop()
    ((_, parts),) = (await studio.takes())["video"]
    assert parts[0].keyframe


async def test_a_recorder_that_was_replaced_names_the_gap(studio):
    talk = await began(studio)
    talk.play(2.0)
    await taken_in(studio, talk)
    await studio.stop()
    studio.ahead_ms += 5_000
    recorder = await studio.record()
    await until(lambda: recorder.sources)
    talk.play(2.0)
    await until(lambda: recorder.status().gaps >= 2)
    await studio.stop()
    gaps = await studio.gaps()
    assert {(gap.kind, gap.reason, gap.source) for gap in gaps} == {
        ("video", "recorder", "main"),
        ("audio", "recorder", "main"),
    }
    assert all(2_000 < gap.to_ms - gap.from_ms < 10_000 for gap in gaps)


@pytest.mark.parametrize("session", ["talk", ""])
async def test_what_is_deleted_is_gone_and_recorded_no_more(studio, session):
    talk = await began(studio)
    eve = LentTalk(studio.trunk, OFFER, resource="w_1~eve", person="eve")
    await until(lambda: len(studio.recorder.sources) == 2)
    talk.play(2.0)
    eve.play(2.0)
    await taken_in(studio, talk, eve)
    studio.deleted = (Deletion(session, "eve"),)
    studio.rooms = (Room(session="talk", stage="main", record=True, but=("eve",)),)
    studio.recorder.follow(studio.plan())

    async def persons():
        try:
            return {take.person for some in (await studio.takes()).values() for take, _ in some}
        except NotFound:  # deleted between two looks
            return None

    await until_async(persons, {"ada"})
    studio.deleted = (*studio.deleted, Deletion("talk"))
    studio.rooms = ()
    studio.recorder.follow(studio.plan())
    await until_async(lambda: studio.storage.list_below("conf/r1/talk"), [])


async def until_async(read, wanted):
    found = None
    deadline_s = system.monotonic_s() + 10
    while found != wanted and system.monotonic_s() < deadline_s:
        found = await read()
    assert found == wanted


class AwayStorage(FolderStorage):
    """A folder on a disk that can be full."""

    full = False

    async def put(self, name, data):
        if self.full and len(data) > 100:
            raise Unavailable("the disk is full")
        await super().put(name, data)


async def test_a_full_disk_is_waited_for_and_what_had_no_room_is_named(studio, tmp_path):
    storage = AwayStorage(tmp_path / "recordings")
    recorder = await studio.record(storage, max_bytes=100_000)
    talk = LentTalk(studio.trunk, OFFER)
    await until(lambda: recorder.sources)
    talk.play(1.0)
    await until(lambda: recorder.status().parts >= 2)
    storage.full = True
    talk.play(6.0)
    await until(lambda: recorder.status().parts_lost and recorder.status().failing_s > 0)
    assert recorder.status().waiting_bytes <= 110_000
    storage.full = False
    await until(lambda: not recorder.status().failing_s)

    def goes_on():
        talk.play(0.2)
        return recorder.status().gaps > 0

    await until(goes_on)
    await studio.stop()
    assert "storage" in {gap.reason for gap in await studio.gaps()}
