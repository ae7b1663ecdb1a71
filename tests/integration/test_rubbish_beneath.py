"""The ground that `serve` stands on is wrong, full or away: it says so, and goes on as soon as it can."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from showcaller.testing.redis_server import DURABLE, RedisServer
from showcaller.testing.serving import SECRET, ServeProcess
from showcaller.testing.until import until

SCHEDULE = Path(__file__).parents[2] / "schedules" / "systems-scale-winter-2023.yaml"
EVENT = "systems-scale-winter-2023"
API = f"/api/v1/events/{EVENT}"


@pytest.fixture
async def http():
    async with aiohttp.ClientSession() as session:
        yield session


TWENTY_ERRORS = """\
event: {id: Not A Slug, title: "", time_zone: Mars/Olympus, colour: red}
days: [{date: 2023-13-45, starts: "25:00", ends: nonsense}]
stages: [{id: main, title: Main}, {id: main, title: Again}]
themes: [{id: t1}]
speakers: [{id: ada, name: 5}, {id: ada, name: Ada}]
sessions:
  - {id: one, title: One, kind: party, starts: "09:00", minutes: 0}
  - {id: two, title: [1], stage: nowhere, starts: "99:99", minutes: 20}
  - {id: two, title: Two, theme: nothing, starts: "09:40"}
  - {id: "../x", minutes: many, qa: perhaps}
"""


def run_cli(*words):
    call = (sys.executable, "-m", "showcaller.cli", *map(str, words))
    env = os.environ | {"SHOWCALLER_SECRET": SECRET}
    return subprocess.run(call, capture_output=True, text=True, timeout=30, env=env, check=False)


async def test_a_schedule_with_twenty_errors_is_told_all_of_them(tmp_path):
    path = tmp_path / "twenty.yaml"
    path.write_text(TWENTY_ERRORS)
    done = await asyncio.to_thread(run_cli, "check", path)
    errors = re.findall(rf"^{re.escape(str(path))}:(\d+):\d+: error: (\S+):", done.stdout, re.M)
    assert done.returncode == 1
    assert len(set(errors)) >= 20, done.stdout
    assert {int(line) for line, _ in errors} == {1, 2, 3, 4, 5, 7, 8, 9, 10}


async def test_a_server_that_can_not_start_says_why_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    for options, says in (
        (("--data", tmp_path / "file" / "below"), "for the log"),
        (("--port", port), "can't listen"),
        (("--port", 99_999), "--port"),
        (("--broker", "nonsense:"), "the broker must be"),
        (("--broker", "redis://127.0.0.1:1"), "Redis"),
    ):
        done = await asyncio.to_thread(
            run_cli, "serve", SCHEDULE, "--port", 0, "--data", tmp_path / "data", *options
        )
        assert done.returncode in (1, 2), options
        assert f"{says}" in done.stderr.splitlines()[-1], done.stderr
        assert "Traceback" not in done.stderr
    taken.close()


def call(*words):
    subprocess.run(words, check=True)


if os.geteuid() == 0:  # to mount a small disk; the broker's own test of a full disk needs no root

    async def test_a_full_disk_refuses_writing_reads_on_and_recovers(tmp_path, http):
        disk = tmp_path / "disk"
        disk.mkdir()
        await asyncio.to_thread(call, "mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk)
        try:
            options = ("--rehearse-from", "-2m", "--media-workers", "0")
            async with ServeProcess(SCHEDULE, *options, data=disk / "data") as server:
                await fill_and_free(server, http, disk)
        finally:
            await asyncio.to_thread(call, "umount", "--lazy", disk)


async def fill_and_free(server, http, disk):
    assert (await post(server, http, "/commands/qa.open", session="opening"))[0] == 200
    ballast = os.open(disk / "ballast", os.O_WRONLY | os.O_CREAT)
    try:
        while free := shutil.disk_usage(disk).free:
            os.write(ballast, b"x" * min(4096, free))
    finally:
        os.close(ballast)
    for path, body in (
        ("/commands/announcement.make", {"text": "x" * 280}),
        ("/registrations", {"name": "Ada"}),
    ):
        assert await post(server, http, path, **body) == (507, "storage_full")
    async with http.get(server.url + API) as answer:
        assert (await answer.json())["items"]
    await ready(server, http, 503, "disk is full")
    (disk / "ballast").unlink()
    await ready(server, http, 200)
    assert (await post(server, http, "/commands/announcement.make", text="on"))[0] == 200
    assert server.complaints() == []


async def post(server, http, path, key="", **body):
    """The status and the error's code."""
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer', person='p_producer')}"}
    headers |= {"Idempotency-Key": key} if key else {}
    async with http.post(server.url + API + path, json=body, headers=headers) as answer:
        return answer.status, (await answer.json(content_type=None)).get("code")


async def ready(server, http, status, because=""):
    """Wait until `/readyz` answers so."""

    async def answers_so():
        async with http.get(f"{server.url}/readyz") as answer:
            return answer.status == status and because in await answer.text()

    await until(answers_so)


async def test_redis_away_or_stuck_makes_commands_unavailable_for_a_while(tmp_path, http):
    with RedisServer(DURABLE) as redis:
        options = ("--rehearse-from", "-4m", "--broker", redis.url)
        async with ServeProcess(SCHEDULE, *options, data=tmp_path / "data") as server:
            for leave, come_back in ((redis.kill, redis.start), (redis.pause, redis.resume)):
                command = ("/commands/announcement.make", leave.__name__)
                await asyncio.to_thread(leave)
                assert await post(server, http, *command, text="x") == (503, "unavailable")
                await ready(server, http, 503, "Redis")
                await export_is_refused(server, http)
                await asyncio.to_thread(come_back)
                await ready(server, http, 200)
                assert (await post(server, http, *command, text="x"))[0] == 200
            assert server.complaints() == []


async def export_is_refused(server, http):
    headers = {"Authorization": f"Bearer {server.token(EVENT, 'producer')}"}
    async with http.get(f"{server.url}{API}/export", headers=headers) as answer:
        assert answer.status == 503
