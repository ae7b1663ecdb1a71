"""A talk that a real speaker sends in H.264, watched by HTTP Live Streaming while it runs and afterwards."""

from __future__ import annotations

import io
import itertools
from contextlib import asynccontextmanager

import aiohttp
import av
import m3u8
import pytest

from showcaller import system
from showcaller.testing.media_peers import FRAMES_PER_S, LoopTrack, Publisher, video_loop
from showcaller.testing.serving import ServeProcess
from showcaller.testing.until import until

SCHEDULE = """
event: {id: conf, title: Conf, time_zone: UTC}
days: [{date: 2026-06-11, starts: "09:00", ends: "21:00"}]
record: true
sessions:
  - {id: talk, title: A talk, starts: "09:00", minutes: 600, qa: off}
"""
API = "/api/v1/events/conf"
KEYFRAME_S = 2


class PunctualTrack(LoopTrack):
    """Begins when it is asked for its first packet, and so has none to catch up with."""

    async def recv(self):
        if not self._sent:
            self._began_s = system.monotonic_s()
        return await super().recv()


class H264Publisher(Publisher):
    """Sends a keyframe each two seconds, and none when one is asked for."""

    def _track(self, loop):
        return PunctualTrack(loop)

    def __init__(self):
        super().__init__(codec="H264", brightness=90)

    def _loop(self, codec, brightness):
        every = KEYFRAME_S * FRAMES_PER_S
        return video_loop(codec, brightness=brightness, frames=every, keyframe_every=every)


class Viewer:
    """Somebody who watches with nothing but HTTP; asked addresses are relative to the last playlist."""

    def __init__(self, server, http, token):
        self.url, self.http, self.token, self.folder = server.url, http, token, ""

    async def ask(self, path):
        headers = {"Authorization": f"Bearer {self.token}"}
        async with self.http.get(f"{self.url}{API}/{path}", headers=headers) as answer:
            return await answer.json(content_type=None)

    async def address(self, path):
        """The playlist at `path`, once there is one."""
        found = {}

        async def there():
            found.update(await self.ask(path))
            return "address" in found

        await until(there, 60)
        self.folder = found["address"].removesuffix("main.m3u8")
        return found

    async def get(self, name):
        async with self.http.get(f"{self.url}{self.folder}{name}") as answer:
            assert answer.status == 200, (name, await answer.text())
            return await answer.read()

    async def playlist(self, name):
        return m3u8.loads((await self.get(name)).decode())

    async def file(self, playlist):
        """All that a playlist has, put one behind the other."""
        (init,) = {s.init_section.uri for s in playlist.segments if s.init_section}
        addresses = [init, *(s.uri for s in playlist.segments if s.uri)]
        return io.BytesIO(b"".join([await self.get(address) for address in addresses]))


@pytest.fixture
async def server(tmp_path):
    schedule = tmp_path / "conf.yaml"
    schedule.write_text(SCHEDULE)
    options = ("--rehearse-from", "09:05", "--recordings", str(tmp_path / "recordings"))
    async with ServeProcess(schedule, *options, data=tmp_path / "data") as server:
        yield server


@asynccontextmanager
async def publishing(server, http, publisher):
    token = server.token("conf", "speaker", person="ada", sessions=("talk",))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
    offer, answers = await publisher.offer(), []

    async def taken():
        url = f"{server.url}{API}/sessions/talk/whip"
        async with http.post(url, data=offer, headers=headers) as answer:
            if answer.status == 201:
                answers.append(await answer.text())
            return answers

    await until(taken, 60)
    await publisher.accept(answers[0])
    try:
        yield
    finally:
        await publisher.close()


async def test_a_talk_is_watched_by_hls_and_is_a_replay_once_it_has_ended(server):
    async with aiohttp.ClientSession() as http:
        viewer = Viewer(server, http, server.token("conf", "attendee"))
        assert (await viewer.ask("stages/main/live"))["code"] == "not_live"
        async with publishing(server, http, H264Publisher()):
            await viewer.address("stages/main/live")
            assert [v.uri for v in (await viewer.playlist("main.m3u8")).playlists][:1] == [
                "high.m3u8"
            ]
            watched_s = await watch(viewer)
            await control(server, http, "session.end")
        replay = await viewer.address("sessions/talk/replay")
        playlist = await viewer.playlist("high.m3u8")
        assert playlist.is_endlist
        told_s = sum(s.duration for s in playlist.segments)
        assert told_s > watched_s
        began_ms = playlist.segments[0].program_date_time.timestamp() * 1000
        assert replay["starts_at_ms"] <= began_ms + 1
        assert replay["ends_at_ms"] >= began_ms + 1000 * told_s - 1
        assert frames_of(await viewer.file(playlist)) == pytest.approx(told_s * FRAMES_PER_S, abs=2)
        assert not server.complaints()


async def watch(viewer):
    """Follow the live playlist for some parts, each as soon as it is there; return how long they are."""
    playlist = await viewer.playlist("high.m3u8")
    for _ in range(8):
        hinted = playlist.preload_hint.uri
        segment, part = next_part(playlist)
        playlist = await viewer.playlist(f"high.m3u8?_HLS_msn={segment}&_HLS_part={part}")
        assert hinted in [p.uri for s in playlist.segments for p in s.parts]
        assert (await viewer.get(hinted))[4:8] == b"moof"
    durations = [p.duration for s in playlist.segments for p in s.parts]
    assert max(durations) <= playlist.part_inf.part_target
    whole = [s for s in playlist.segments if s.uri]
    for before, after in itertools.pairwise(whole):
        gap = after.program_date_time - before.program_date_time
        assert gap.total_seconds() == pytest.approx(before.duration, abs=0.01)
    seen_s = sum(s.duration for s in whole)
    assert frames_of(await viewer.file(playlist)) == pytest.approx(seen_s * FRAMES_PER_S, abs=1)
    return seen_s


def next_part(playlist):
    """The numbers of the part that comes next: of the segment that grows."""
    last = playlist.media_sequence + len(playlist.segments) - 1
    growing = playlist.segments[-1]
    return (last + 1, 0) if growing.uri else (last, len(growing.parts))


def frames_of(file):
    with av.open(file) as opened:
        return sum(1 for _ in opened.decode(video=0))


async def control(server, http, command):
    headers = {"Authorization": f"Bearer {server.token('conf', 'producer')}"}
    url = f"{server.url}{API}/commands/{command}"
    async with http.post(url, json={"session": "talk"}, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
