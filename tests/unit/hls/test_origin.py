"""The origin over HTTP: what live stages and ended talks answer, to whom, and how long it may be kept."""

import asyncio
import io
from types import SimpleNamespace

import av
import m3u8
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from showcaller.broker.sqlite import SqliteBroker
from showcaller.domain import facts
from showcaller.domain.people import Principal
from showcaller.domain.schedule import MINUTE_MS
from showcaller.errors import NotFound
from showcaller.hls import origin
from showcaller.hls.event_hls import EventHls
from showcaller.http.answers import errors_as_problems, loggable
from showcaller.http.asker import LOOKUP
from showcaller.recording.storage import FolderStorage
from showcaller.show.commands import Commands
from showcaller.show.live_event import LiveEvent
from showcaller.show.served import ServedEvent
from showcaller.testing.schedules import schedule, session
from showcaller.testing.serving import SECRET
from showcaller.testing.stage_talk import StageTalk
from showcaller.testing.until import until
from showcaller.tokens import Tokens

PLAN = schedule(
    session("talk", 540, 560, record="yes", captions=("de", "en")),
    session("other", 540, 560, stage="hall"),
)
API = "/api/v1/events/event"


class Origin:
    def __init__(self, event, hls, http, tokens, root):
        self.event, self.hls, self.http, self.tokens, self.root = event, hls, http, tokens, root

    def talk(self, **more):
        about = {"event": "event", "run": "r", "session": "talk", **more}
        return StageTalk(self.root, self.hls.live.add, at_ms=self.event.wall_ms(), **about)

    async def get(self, path, status=200, **headers):
        async with self.http.get(path, headers=headers) as answer:
            assert answer.status == status, (path, await answer.text())
            return SimpleNamespace(body=await answer.read(), headers=answer.headers)

    async def ask(self, path):
        now_ms = int(self.event.wall_ms())
        token = self.tokens.mint("event", "bob", ["attendee"], token="t", now_ms=now_ms, ttl_s=60)
        headers = {"Authorization": f"Bearer {token}"}
        async with self.http.get(f"{API}/{path}", headers=headers) as answer:
            return await answer.json(content_type=None)

    async def address(self, path="stages/main/live"):
        return (await self.ask(path))["address"]

    async def refusal(self, path):
        return (await self.ask(path)).get("code", "")

    async def playlist(self, path, status=200):
        return m3u8.loads((await self.get(path, status)).body.decode())

    async def control(self, command, session="talk", **more):
        roles = frozenset({"producer"})
        producer = Principal(person="pro", roles=roles, token="t", expires_at_ms=0)
        await Commands(self.event).run(producer, command, {"session": session, **more}, None)


@pytest.fixture(params=["signed", "open"])
def access(request):
    return request.param


@pytest.fixture
async def made(tmp_path, access):
    broker = SqliteBroker(":memory:")
    event = LiveEvent("event", await broker.open("event"))
    start = facts.RunStarted(
        run="r", salt="s", schedule=PLAN, mode="rehearsal", from_ms=541 * MINUTE_MS
    )
    await event.start(lambda: start)
    tokens = Tokens(SECRET)
    served = ServedEvent(event, Commands(event), tokens)
    keys = tokens.address_keys() if access == "signed" else ()
    hls = EventHls(event, FolderStorage(tmp_path), keys, str(tmp_path))
    app = web.Application(middlewares=[errors_as_problems])
    app[LOOKUP] = {"event": served}.get
    origin.register(app, {"event": hls}.get)
    async with TestClient(TestServer(app)) as http:
        made = Origin(event, hls, http, tokens, tmp_path)
        await made.control("session.start")
        yield made
    await event.stop()
    await broker.close()


async def test_a_player_finds_everything_from_one_address(made):
    made.talk().play(6)
    main = await made.address()
    folder = main.removesuffix("main.m3u8")
    variants = await made.playlist(main)
    assert [one.uri for one in variants.playlists] == ["high.m3u8", "audio.m3u8"]
    assert variants.playlists[0].stream_info.codecs.endswith(",opus")
    for name in ("high", "audio"):
        playlist = await made.playlist(f"{folder}{name}.m3u8")
        data = b""
        (init,) = {s.init_section.uri for s in playlist.segments if s.init_section}
        for address in (init, *(s.uri for s in playlist.segments if s.uri)):
            answer = await made.get(folder + address)
            assert "immutable" in answer.headers["Cache-Control"]
            assert answer.headers["Access-Control-Allow-Origin"] == "*"
            data += answer.body
        with av.open(io.BytesIO(data)) as file:
            told_s = sum(s.duration for s in playlist.segments if s.uri)
            packets = [packet for packet in file.demux(file.streams[0]) if packet.size]
            lasted = sum(p.duration * p.time_base for p in packets)
            assert float(lasted) == pytest.approx(told_s, abs=0.04)


async def test_a_reload_waits_for_the_part_that_it_asks_for(made):
    talk = made.talk()
    talk.play(3)
    folder = (await made.address()).removesuffix("main.m3u8")
    segment, part = made.hls.live.get("main").renditions["high"].written.end
    ask = f"{folder}high.m3u8?_HLS_msn={segment}&_HLS_part={part}&_HLS_skip=YES"
    asking = asyncio.create_task(made.get(ask))
    done, _ = await asyncio.wait({asking}, timeout=0.2)
    assert not done
    hinted = (await made.playlist(f"{folder}high.m3u8")).preload_hint.uri
    hinting = asyncio.create_task(made.get(folder + hinted))
    talk.play(0.4)
    answer = await asking
    assert hinted in answer.body.decode()
    assert (await hinting).body[4:8] == b"moof"


@pytest.fixture
async def other(made):
    """The same event on another node, which writes nothing of it."""
    other = EventHls(made.event, FolderStorage(made.root))
    for hls in (made.hls, other):
        hls.start()
    recorded = facts.SessionRecorded(session="talk", node="n", on=True)
    await made.event.append(recorded, "recorded")
    yield other
    for hls in (made.hls, other):
        await hls.stop()


@pytest.mark.parametrize("access", ["open"], indirect=True)
async def test_a_node_that_does_not_write_a_stage_asks_the_one_that_does(made, other):
    talk = made.talk()
    talk.play(3)
    written = made.hls.live.get("main").renditions["high"].written
    await other.require_live("main")
    assert await other.live_multivariant("main") == await made.hls.live_multivariant("main")
    asking = asyncio.create_task(other.live_playlist("main", "high", *written.end, skip=True))
    hinted = written.newest.take, written.next_number, written.next_number
    part = asyncio.create_task(other.media("main", "talk", *hinted))
    done, _ = await asyncio.wait({asking, part}, timeout=0.2)
    assert not done
    talk.play(0.4)
    assert f"/{hinted[1]}.m4s" in await asking
    assert (await part)[4:8] == b"moof"
    with pytest.raises(NotFound):
        await other.live_playlist("main", "low", None, None, skip=False)
    await made.control("session.end")
    with pytest.raises(NotFound):
        await other.require_live("main")


@pytest.mark.parametrize(
    ("query", "status"),
    [("_HLS_msn=999999999", 400), ("_HLS_msn=x", 400), ("_HLS_part=1", 400), ("_HLS_msn=-1", 400)],
)
async def test_what_no_player_would_ask_is_refused_at_once(made, query, status):
    made.talk().play(1)
    folder = (await made.address()).removesuffix("main.m3u8")
    await made.get(f"{folder}high.m3u8?{query}", status)


async def test_an_ended_talk_is_a_replay_at_once(made):
    talk = made.talk()
    talk.play(5)
    await made.get(f"{API}/sessions/talk/replay", 401)
    talk.end()
    await made.control("session.end")
    main = await made.address("sessions/talk/replay")
    folder = main.removesuffix("main.m3u8")
    playlist = await made.playlist(f"{folder}high.m3u8")
    assert playlist.is_endlist
    assert sum(s.duration for s in playlist.segments) == pytest.approx(5, abs=0.04)
    for segment in playlist.segments:
        await made.get(folder + segment.uri)
    began = playlist.segments[0].program_date_time.timestamp() * 1000
    assert began == pytest.approx(talk.now_ms - 5000, abs=1)


async def test_a_talk_that_is_reopened_goes_on_live_and_its_replay_has_both_stretches(made):
    talk = made.talk()
    talk.play(5)
    talk.end()
    await made.control("session.end")
    assert (await made.ask("sessions/talk/replay"))["ends_at_ms"] == pytest.approx(
        talk.now_ms, abs=40
    )
    await made.control("session.reopen")
    assert await made.refusal("sessions/talk/replay") == "not_ended"
    talk.now_ms += 3_000
    talk.writer.choose(talk.shown, talk.shown, talk.now_ms)
    talk.play(5)
    live = (await made.address()).removesuffix("main.m3u8")
    now = (await made.playlist(f"{live}high.m3u8")).segments
    assert [s.discontinuity for s in now].count(True) == 1
    talk.end()
    await made.control("session.end")
    replay = await made.ask("sessions/talk/replay")
    assert replay["ends_at_ms"] == pytest.approx(talk.now_ms, abs=40)
    folder = replay["address"].removesuffix("main.m3u8")
    playlist = await made.playlist(f"{folder}high.m3u8")
    assert [s.discontinuity for s in playlist.segments].count(True) == 1
    # the second one begins with a keyframe, of which there is one each half second or so
    assert sum(s.duration for s in playlist.segments) == pytest.approx(10, abs=0.6)


async def test_a_talk_that_was_sent_in_vp8_is_said_to_have_no_replay_by_hls(made):
    await made.control("session.end")
    assert await made.refusal("sessions/talk/replay") == "no_recording"
    take = made.root / "event" / "r" / "talk" / "1-main-video-x"
    take.mkdir(parents=True)
    (take / "init.webm").write_bytes(b"")
    assert await made.refusal("sessions/talk/replay") == "no_hls"


async def said(made, at_ms, text, lasts_ms=1000):
    from_ms = round(at_ms)
    said = {"from_ms": from_ms, "to_ms": from_ms + lasts_ms, "text": text}
    await made.control("caption.say", language="de", **said)


def cues_of(data):
    """Return the texts of a segment, each with the time of its beginning since tick 0."""
    head, *cues = data.decode().split("\n\n")
    assert head.splitlines() == ["WEBVTT", "X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"]
    for cue in cues:
        times, text = cue.strip().split("\n")
        h, m, s = times.split(" ")[0].split(":")
        yield round(1000 * (int(h) * 3600 + int(m) * 60 + float(s))), text


async def captions_at(made, folder):
    """All cues of a playlist of captions with the server time that the media beside it has for them."""
    playlist = await made.playlist(f"{folder}captions-de.m3u8")
    pictures = await made.playlist(f"{folder}high.m3u8")
    assert [s.duration for s in playlist.segments] == [s.duration for s in pictures.segments]
    found = set()
    for one in playlist.segments:
        for address in [one.uri] if one.uri else [part.uri for part in one.parts]:
            base_ms = int(address.rpartition("/")[2].split("-")[0])
            answer = await made.get(folder + address)
            found |= {(base_ms + at_ms, text) for at_ms, text in cues_of(answer.body)}
    return sorted(found)


async def test_captions_are_a_rendition_live_and_in_the_replay(made):
    talk = made.talk()
    began_ms = talk.now_ms
    talk.play(5)
    for at_ms, text in ((900, "Grüße & <b>"), (4_700, "an alle")):
        await said(made, began_ms + at_ms, text)
    live = await made.address()
    languages = [m for m in (await made.playlist(live)).media if m.type == "SUBTITLES"]
    assert [(m.language, m.uri) for m in languages] == [
        ("de", "captions-de.m3u8"),
        ("en", "captions-en.m3u8"),
    ]
    expected = [
        (round(began_ms + 900), "Grüße &amp; &lt;b&gt;"),
        (round(began_ms + 4_700), "an alle"),
    ]
    assert await captions_at(made, live.removesuffix("main.m3u8")) == expected
    segment, part = made.hls.live.get("main").renditions["high"].written.end
    ask = f"captions-de.m3u8?_HLS_msn={segment}&_HLS_part={part}"
    asking = asyncio.create_task(made.get(live.replace("main.m3u8", ask)))
    talk.play(0.4)
    assert "INDEPENDENT=YES" in (await asking).body.decode()
    talk.end()
    await made.control("session.end")
    replay = await made.address("sessions/talk/replay")
    assert 'SUBTITLES="captions"' in (await made.get(replay)).body.decode()
    folder = replay.removesuffix("main.m3u8")
    assert await captions_at(made, folder) == expected
    await made.get(f"{folder}captions-fr.m3u8", 404)
    await made.get(f"{folder}captions-de/1-2-x.vtt", 404)


@pytest.mark.parametrize("access", ["signed"], indirect=True)
async def test_a_talk_is_downloaded_as_one_file_that_players_play(made):
    talk = made.talk()
    talk.play(3)
    talk.end()
    talk.now_ms += 2_000
    talk.writer.choose(talk.shown, talk.shown, talk.now_ms)
    talk.play(3)
    talk.end()
    assert await made.refusal("sessions/talk/film") == "not_ended"
    await made.control("session.end")
    answers = []

    async def is_made():
        answers.append(await made.ask("sessions/talk/film"))
        return "address" in answers[-1]

    await until(is_made, 60)
    assert answers[0] == {"state": "making"}
    whole = await made.get(answers[-1]["address"])
    assert len(whole.body) == answers[-1]["size_bytes"]
    some = await made.get(answers[-1]["address"], 206, Range="bytes=1000-1999")
    assert some.body == whole.body[1000:2000]
    with av.open(io.BytesIO(whole.body)) as file:
        assert {"video", "audio"} <= {stream.type for stream in file.streams}
        assert file.duration / 1e6 == pytest.approx(8, abs=0.1)
        assert sum(1 for _ in file.decode(video=0)) > 120


async def test_no_address_leads_to_what_is_not_a_stages(made):
    talk = made.talk()
    talk.play(1)
    camera = made.root / talk.folder / "1-main-video-x"
    camera.mkdir()
    (camera / "init.mp4").write_bytes(b"secret")
    at_stage = (await made.address()).removesuffix("live/main.m3u8")
    take = made.hls.live.get("main").renditions["high"].written.newest.take
    await made.get(f"{at_stage}talks/talk/{take}/init.mp4")
    for path in (
        "talks/talk/1-main-video-x/init.mp4",
        f"talks/other/{take}/init.mp4",
        f"talks/talk/{take}/take.json",
        f"talks/talk/{take}/1-0.m4s",
        "talks/talk/..%2Ftalk/init.mp4",
        "talks/talk/main.m3u8",  # it has not ended
    ):
        await made.get(at_stage + path, 404)


@pytest.mark.parametrize("access", ["signed"], indirect=True)
async def test_an_address_opens_one_stage_and_can_not_be_made_up(made):
    made.talk().play(1)
    main = await made.address()
    step = main.split("/")[3]
    made_up = (main.replace("/main/live", "/hall/live"), main.replace(step, f"9{step}"))
    for address in (*made_up, main.replace(step, "open"), main.replace(step, step[:-1] + "!")):
        await made.get(address, 403)
    assert step not in loggable(main)


@pytest.mark.parametrize("access", ["signed"], indirect=True)
async def test_who_may_not_watch_is_given_no_address(made):
    await made.get(f"{API}/stages/main/live", 401)


async def test_who_may_watch_is_told_why_there_is_nothing_to_watch(made):
    await made.control("session.start", "other")
    for path, code in (
        ("stages/main/live", "not_live"),
        ("stages/none/live", "not_found"),
        ("stages/hall/live", "not_recorded"),
        ("sessions/talk/replay", "not_ended"),
        ("sessions/none/replay", "not_found"),
    ):
        assert await made.refusal(path) == code
    made.talk().play(1)
    await made.control("session.end")
    assert await made.refusal("stages/main/live") == "not_live"
    assert await made.refusal("sessions/talk/replay") == ""
