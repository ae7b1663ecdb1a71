"""The recorder's process with its spare, killed at any instant: it loses one part at most."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import av
import pytest

from showcaller.recording.muxer import PART_MS
from showcaller.testing.recorded_show import RecordedShow
from showcaller.testing.serving import ServeProcess
from showcaller.testing.speaker import Speaker
from showcaller.testing.until import until

OFFER = Path(__file__).parents[1] / "unit/media/sdp/offers/chromium-publisher.sdp"
KILLS = 5
# on its way when the recorder was killed: one frame, one packet of sound, the part that is being stored
UNDERWAY_MS = 150
UNNAMED_MS = 260


@pytest.fixture
async def show(tmp_path):
    async with RecordedShow.running(tmp_path, OFFER.read_text()) as show:
        yield show


async def test_a_recorder_killed_at_any_instant_loses_a_part_at_most(show):
    """Its files open, and what lies between them is named."""
    kills = await show.killed(KILLS, seed=1)
    await show.recording.stop()
    late_ms = show.late_s * 1000
    assert max(kill.lost_ms for kill in kills) <= PART_MS + UNDERWAY_MS + late_ms
    takes = await show.takes()
    assert len(takes) >= 2 * KILLS
    for take, parts in takes:
        await check_file(show, take, parts)
    for kind in ("video", "audio"):
        await check_gaps(show, kind)


async def check_file(show, take, parts):
    """A take of which no part was written yet is none; all others have all their frames.

    Where sending was late, the last of them counts as long as the next one was awaited.
    """
    if parts:
        with av.open(await show.file(take, parts)) as file:
            frames = sum(1 for _ in file.decode(file.streams[0]))
        length_s = sum(part.duration for part in parts) / take.timescale
        per_s = 25 if take.kind == "video" else 50
        assert frames == pytest.approx(length_s * per_s, abs=2 + show.late_s * per_s)


async def check_gaps(show, kind):
    named = [(gap.from_ms, gap.to_ms) for gap in await show.gaps() if gap.kind == kind]
    spans = await show.spans(kind)
    assert len(spans) > KILLS
    for (_, end_ms), (begin_ms, _) in itertools.pairwise(spans):
        near = [abs(a - end_ms) < 60 and abs(b - begin_ms) < 60 for a, b in named]
        assert begin_ms - end_ms < UNNAMED_MS or any(near)


SCHEDULE = """
event: {id: conf, title: Conf, time_zone: UTC}
days: [{date: 2026-06-11, starts: "09:00", ends: "21:00"}]
record: true
sessions:
  - {id: talk, title: A talk, starts: "09:00", minutes: 600, qa: off}
"""


async def test_a_node_records_what_a_speaker_publishes_and_a_command_deletes_it(tmp_path):
    schedule, store = tmp_path / "conf.yaml", tmp_path / "recordings"
    schedule.write_text(SCHEDULE)
    options = ("--rehearse-from", "09:05", "--recordings", str(store))
    async with ServeProcess(schedule, *options, data=tmp_path / "data") as server:
        token = server.token("conf", "speaker", person="ada", sessions=("talk",))
        whip = f"{server.url}/api/v1/events/conf/sessions/talk/whip"
        async with connected(whip, token):
            await until(lambda: len(list(store.rglob("*.cluster"))) > 2, 60)
            await delete(server)
            await until(lambda: not any(path.is_file() for path in store.rglob("*")), 60)
        assert server.log_lines("recording.started")


@asynccontextmanager
async def connected(whip, token):
    """A speaker who came as soon as a media worker ran."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:

        async def is_served():
            async with http.post(
                whip, data="v=0", headers={"Content-Type": "application/sdp"}
            ) as answer:
                return answer.status != 503

        await until(is_served, 60)
    async with Speaker(whip, token, brightness=90) as speaker:
        yield speaker


async def delete(server):
    headers = {"Authorization": f"Bearer {server.token('conf', 'producer')}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        url = f"{server.url}/api/v1/events/conf/commands/recording.delete"
        async with http.post(url, json={"session": "talk"}) as answer:
            assert answer.status == 200, await answer.text()
